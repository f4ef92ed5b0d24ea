/* Where a new thread starts, with a0 = its record, sp and tp set. Linker relaxation wants gp. */
	.text
	.globl __libc_thread_entry
	.type __libc_thread_entry, @function
__libc_thread_entry:
	.option push
	.option norelax
	la	gp, __global_pointer$
	.option pop
	mv	fp, zero
	mv	ra, zero
	tail	__libc_thread_main
	.size __libc_thread_entry, . - __libc_thread_entry
