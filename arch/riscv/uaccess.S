/* Access to user memory. The only code that sets SUM, and the only code that may fault.
 *
 * A fault at an address inside one of the ranges of the exception table goes to mm/ and is made good
 * or not; if not, a1 is set to the error and execution goes on at the range's fix-up.
 *
 * Copying aligns the user's address first. A group of loads and stores then never straddles a page
 * of the user's, so it faults at its first access or not at all, and the count of what was moved is
 * exact however the loop is unrolled.
 */
#include "layout.h"

	/* from, to (exclusive), fix-up */
	.macro faults_from first, last, fixup
	.section .exceptions, "a"
	.word	\first, \last, \fixup
	.text
	.endm

	/* a0 = to, a1 = from, a2 = bytes; returns a0 = bytes not moved, a1 = error.
	 * \user is the register of the two that holds the user's address. */
	.macro copy name, user
	.global \name
\name:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
	mv	a4, a1
	add	a3, a0, a2		/* end of the destination */
	li	t0, 64
	bltu	a2, t0, \name\()_bytes
\name\()_first:
	/* Bytes, until the user's address is at a word. */
	.ifc	\user, a1
	andi	t0, a4, 3
	.else
	andi	t0, a0, 3
	.endif
	beqz	t0, 2f
	lbu	t1, (a4)
	sb	t1, (a0)
	addi	a4, a4, 1
	addi	a0, a0, 1
	j	\name\()_first
2:	xor	t0, a0, a4
	andi	t0, t0, 3
	bnez	t0, \name\()_shifted
	/* Words, until it is at a group of eight. */
3:
	.ifc	\user, a1
	andi	t0, a4, 31
	.else
	andi	t0, a0, 31
	.endif
	beqz	t0, 4f
	lw	t1, (a4)
	sw	t1, (a0)
	addi	a4, a4, 4
	addi	a0, a0, 4
	j	3b
4:	addi	a5, a3, -31		/* a group fits while a0 is below */
	bgeu	a0, a5, \name\()_words
5:	lw	t0, 0(a4)
	lw	t1, 4(a4)
	lw	t2, 8(a4)
	lw	t3, 12(a4)
	lw	t4, 16(a4)
	lw	t5, 20(a4)
	lw	a6, 24(a4)
	lw	a7, 28(a4)
	sw	t0, 0(a0)
	sw	t1, 4(a0)
	sw	t2, 8(a0)
	sw	t3, 12(a0)
	sw	t4, 16(a0)
	sw	t5, 20(a0)
	sw	a6, 24(a0)
	sw	a7, 28(a0)
	addi	a4, a4, 32
	addi	a0, a0, 32
	bltu	a0, a5, 5b
\name\()_words:
	addi	a5, a3, -3
	bgeu	a0, a5, 7f
6:	lw	t1, (a4)
	sw	t1, (a0)
	addi	a4, a4, 4
	addi	a0, a0, 4
	bltu	a0, a5, 6b
7:	bgeu	a0, a3, 9f
8:	lbu	t1, (a4)
	sb	t1, (a0)
	addi	a4, a4, 1
	addi	a0, a0, 1
	bltu	a0, a3, 8b
9:	li	a1, 0
\name\()_end:
	sub	a0, a3, a0
	csrc	sstatus, t6
	ret

\name\()_bytes:
	/* Short: whole words if both are at one. */
	or	t0, a0, a4
	andi	t0, t0, 3
	beqz	t0, \name\()_words
	j	7b

\name\()_shifted:
	/* The kernel's address is between words: four bytes at a time. */
	addi	a5, a3, -3
1:	bgeu	a0, a5, 7b
	.ifc	\user, a1
	lw	t0, (a4)
	srli	t1, t0, 8
	srli	t2, t0, 16
	srli	t3, t0, 24
	sb	t0, 0(a0)
	sb	t1, 1(a0)
	sb	t2, 2(a0)
	sb	t3, 3(a0)
	.else
	lbu	t0, 0(a4)
	lbu	t1, 1(a4)
	lbu	t2, 2(a4)
	lbu	t3, 3(a4)
	slli	t1, t1, 8
	or	t0, t0, t1
	slli	t2, t2, 16
	or	t0, t0, t2
	slli	t3, t3, 24
	or	t0, t0, t3
	sw	t0, (a0)
	.endif
	addi	a4, a4, 4
	addi	a0, a0, 4
	j	1b
\name\()_last:
	faults_from \name\()_first, \name\()_last, \name\()_end
	.endm

	.text
	copy	riscv_copy_from_user, a1
	copy	riscv_copy_to_user, a0

	/* a0 = user address; returns a0 = value, a1 = error */
	.global riscv_load_user
riscv_load_user:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
1:	lw	a0, (a0)
	li	a1, 0
2:	csrc	sstatus, t6
	ret
	faults_from 1b, 2b, 2b

	/* a0 = user address, a1 = value; returns a0 = 0, a1 = error */
	.global riscv_store_user
riscv_store_user:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
1:	sw	a1, (a0)
	li	a1, 0
2:	csrc	sstatus, t6
	ret
	faults_from 1b, 2b, 2b

	/* a0 = user address, a1 = expected, a2 = desired; returns a0 = what was there, a1 = error */
	.global riscv_cmpxchg_user
riscv_cmpxchg_user:
	li	t6, SSTATUS_SUM
	csrs	sstatus, t6
	mv	a3, a0
1:	lr.w.aqrl a0, (a3)
	bne	a0, a1, 3f
	sc.w.rl	t0, a2, (a3)
	bnez	t0, 1b
3:	li	a1, 0
2:	csrc	sstatus, t6
	ret
	faults_from 1b, 2b, 2b

	/* Reads a register that the machine may lack: a0 = value, a1 = 0, or an error. Not about user
	 * memory, but the same mechanism. */
	.global riscv_probe_stimecmp
riscv_probe_stimecmp:
1:	csrr	a0, 0x14d
	li	a1, 0
2:	ret
	faults_from 1b, 2b, 2b
