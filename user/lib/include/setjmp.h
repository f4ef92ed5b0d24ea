/* picolibc's setjmp, and the forms that keep the signal mask. setjmp itself does not. */
#ifndef _QUIRE_SETJMP_H
#define _QUIRE_SETJMP_H

#include_next <setjmp.h>

_BEGIN_STD_C

typedef struct {
	jmp_buf __registers;
	int __saved;
	unsigned long __mask;
} sigjmp_buf[1];

int sigsetjmp(sigjmp_buf env, int save) __attribute__((__returns_twice__));
void siglongjmp(sigjmp_buf env, int value) __attribute__((__noreturn__));
int _setjmp(jmp_buf env) __attribute__((__returns_twice__));
void _longjmp(jmp_buf env, int value) __attribute__((__noreturn__));

_END_STD_C

#endif
