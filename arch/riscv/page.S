/* Zeroing and copying whole pages, close to one instruction a word and access. */

	.text
	/* a0 = page */
	.global arch_page_zero
arch_page_zero:
	li	t0, 4096
	add	t0, a0, t0
1:
	.set	offset, 0
	.rept	64
	sw	zero, offset(a0)
	.set	offset, offset + 4
	.endr
	addi	a0, a0, 256
	bltu	a0, t0, 1b
	ret

	/* a0 = to, a1 = from */
	.global arch_page_copy
arch_page_copy:
	li	t6, 4096
	add	t6, a0, t6
1:
	.set	offset, 0
	.rept	8
	lw	a2, offset(a1)
	lw	a3, offset + 4(a1)
	lw	a4, offset + 8(a1)
	lw	a5, offset + 12(a1)
	lw	a6, offset + 16(a1)
	lw	a7, offset + 20(a1)
	lw	t0, offset + 24(a1)
	lw	t1, offset + 28(a1)
	sw	a2, offset(a0)
	sw	a3, offset + 4(a0)
	sw	a4, offset + 8(a0)
	sw	a5, offset + 12(a0)
	sw	a6, offset + 16(a0)
	sw	a7, offset + 20(a0)
	sw	t0, offset + 24(a0)
	sw	t1, offset + 28(a0)
	.set	offset, offset + 32
	.endr
	addi	a1, a1, 256
	addi	a0, a0, 256
	bltu	a0, t6, 1b
	ret
