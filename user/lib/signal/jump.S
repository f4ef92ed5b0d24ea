/* sigsetjmp and siglongjmp.
 *
 * sigsetjmp saves the registers with picolibc's layout (ra, s0-s11, sp from the start of the buffer)
 * and then jumps into C to note the mask: that function returns to our caller, so no frame of ours
 * is alive when siglongjmp comes back.
 */
	.text
	.globl sigsetjmp
	.type sigsetjmp, @function
sigsetjmp:
	sw	ra, 0(a0)
	sw	s0, 4(a0)
	sw	s1, 8(a0)
	sw	s2, 12(a0)
	sw	s3, 16(a0)
	sw	s4, 20(a0)
	sw	s5, 24(a0)
	sw	s6, 28(a0)
	sw	s7, 32(a0)
	sw	s8, 36(a0)
	sw	s9, 40(a0)
	sw	s10, 44(a0)
	sw	s11, 48(a0)
	sw	sp, 52(a0)
	tail	__libc_sigsetjmp_mask
	.size sigsetjmp, . - sigsetjmp

	.globl _setjmp
	.type _setjmp, @function
_setjmp:
	tail	setjmp
	.size _setjmp, . - _setjmp

	.globl _longjmp
	.type _longjmp, @function
_longjmp:
	tail	longjmp
	.size _longjmp, . - _longjmp

	.globl __libc_jump
	.type __libc_jump, @function
__libc_jump:
	lw	ra, 0(a0)
	lw	s0, 4(a0)
	lw	s1, 8(a0)
	lw	s2, 12(a0)
	lw	s3, 16(a0)
	lw	s4, 20(a0)
	lw	s5, 24(a0)
	lw	s6, 28(a0)
	lw	s7, 32(a0)
	lw	s8, 36(a0)
	lw	s9, 40(a0)
	lw	s10, 44(a0)
	lw	s11, 48(a0)
	lw	sp, 52(a0)
	mv	a0, a1
	bnez	a0, 1f
	li	a0, 1
1:	ret
	.size __libc_jump, . - __libc_jump
