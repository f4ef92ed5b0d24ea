/* Where a signal handler returns to: sp is at the frame again, and the kernel puts everything back. */
#include "../proc/numbers.h"

	.text
	.globl __libc_sigreturn
	.type __libc_sigreturn, @function
__libc_sigreturn:
	li	a7, QUIRE_SIGRETURN_NUMBER
	ecall
	unimp
	.size __libc_sigreturn, . - __libc_sigreturn
