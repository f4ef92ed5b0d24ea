/* The first instructions of a program.
 *
 * The kernel enters with a0 = argc, a1 = argv, a2 = envp, sp 16-aligned and tp = 0. Thread-local
 * storage (errno, and the library's own thread record) must exist before the first line of C that
 * might use it, so the main thread's block is cut from the top of the stack here; start.c fills it.
 * The frame pointer and return address are zero, where a backtrace ends.
 */
	.section .text._start, "ax"
	.globl _start
	.type _start, @function
_start:
	.option push
	.option norelax
	la	gp, __global_pointer$
	.option pop
	mv	fp, zero
	mv	ra, zero
	lui	t0, %hi(__tls_size)
	addi	t0, t0, %lo(__tls_size)
	sub	sp, sp, t0
	andi	sp, sp, -64
	mv	tp, sp
	call	__libc_start
	unimp
	.size _start, . - _start
