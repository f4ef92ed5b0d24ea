/* What a handler with SA_SIGINFO gets as third argument: the interrupted registers, which it may
 * change, and the signal mask that returning from it restores. */
#ifndef _SYS_UCONTEXT_H
#define _SYS_UCONTEXT_H

#include <sys/signal.h>

#define NGREG	  32
#define REG_PC	  0 /* the others are their number: 1 is ra, 2 is sp, 10 is a0 */
#define REG_RA	  1
#define REG_SP	  2
#define REG_TP	  4
#define REG_S0	  8
#define REG_A0	  10
#define REG_S2	  18
#define REG_NARGS 8

typedef unsigned long greg_t;
typedef greg_t gregset_t[NGREG];

typedef struct {
	gregset_t __gregs;
} mcontext_t;

typedef struct __ucontext {
	unsigned long uc_flags;
	struct __ucontext *uc_link;
	stack_t uc_stack;
	sigset_t uc_sigmask;
	mcontext_t uc_mcontext;
} ucontext_t;

#endif
