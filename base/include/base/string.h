/* The few functions of <string.h> that the kernel uses. Its own in the machine, the host's libc's in
 * the simulation. Small constant sizes are expanded by the compiler. */
#ifndef BASE_STRING_H
#define BASE_STRING_H

#if __STDC_HOSTED__
#include <string.h>
#else
#include <base/types.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int byte, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

#define memcpy(to, from, n) __builtin_memcpy(to, from, n)
#define memset(to, byte, n) __builtin_memset(to, byte, n)
#define memcmp(a, b, n)	    __builtin_memcmp(a, b, n)
#endif

#endif
