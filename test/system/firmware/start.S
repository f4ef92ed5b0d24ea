/*
 * Entry of the boot hart and of started harts, the trap entry, and the check that an ecall
 * preserves registers.
 */
#define STACK_BYTES 4096

	.section .text.entry, "ax", @progbits
	.globl	start
start:
	la	t0, bss_start
	la	t1, bss_end
1:	sw	zero, 0(t0)
	addi	t0, t0, 4
	bltu	t0, t1, 1b
	la	sp, boot_stack_top
	tail	payload_main

	.text
	.globl	secondary_start
/* a0 = hart id, a1 = the struct worker */
secondary_start:
	li	t0, STACK_BYTES
	add	sp, a1, t0
	mv	s0, a1
	mv	a1, a0
	mv	a0, s0
	call	worker_main
1:	j	1b

	.balign	4
	.globl	trap_entry
/* sscratch = the struct worker */
trap_entry:
	addi	sp, sp, -64
	sw	ra, 0(sp)
	sw	t0, 4(sp)
	sw	t1, 8(sp)
	sw	t2, 12(sp)
	sw	t3, 16(sp)
	sw	t4, 20(sp)
	sw	t5, 24(sp)
	sw	t6, 28(sp)
	sw	a0, 32(sp)
	sw	a1, 36(sp)
	sw	a2, 40(sp)
	sw	a3, 44(sp)
	sw	a4, 48(sp)
	sw	a5, 52(sp)
	sw	a6, 56(sp)
	sw	a7, 60(sp)
	csrr	a0, sscratch
	call	trap
	lw	ra, 0(sp)
	lw	t0, 4(sp)
	lw	t1, 8(sp)
	lw	t2, 12(sp)
	lw	t3, 16(sp)
	lw	t4, 20(sp)
	lw	t5, 24(sp)
	lw	t6, 28(sp)
	lw	a0, 32(sp)
	lw	a1, 36(sp)
	lw	a2, 40(sp)
	lw	a3, 44(sp)
	lw	a4, 48(sp)
	lw	a5, 52(sp)
	lw	a6, 56(sp)
	lw	a7, 60(sp)
	addi	sp, sp, 64
	sret

	.globl	ecall_changes_registers
/*
 * uint32_t ecall_changes_registers(uint32_t eid, uint32_t fid, uint32_t a0, uint32_t a1,
 *	uint32_t a2, uint32_t a3): fills every register that an ecall must preserve with a pattern,
 * makes the call and returns the sum of the differences, 0 when all were preserved.
 */
ecall_changes_registers:
	addi	sp, sp, -64
	sw	ra, 0(sp)
	sw	s0, 4(sp)
	sw	s1, 8(sp)
	sw	s2, 12(sp)
	sw	s3, 16(sp)
	sw	s4, 20(sp)
	sw	s5, 24(sp)
	sw	s6, 28(sp)
	sw	s7, 32(sp)
	sw	s8, 36(sp)
	sw	s9, 40(sp)
	sw	s10, 44(sp)
	sw	s11, 48(sp)
	sw	gp, 52(sp)
	sw	tp, 56(sp)
	sw	sp, 60(sp)
	mv	a7, a0
	mv	a6, a1
	mv	a0, a2
	mv	a1, a3
	mv	a2, a4
	mv	a3, a5
	/* s0-s3 keep what a2, a3, a6 and a7 must be afterwards */
	mv	s0, a2
	mv	s1, a3
	mv	s2, a6
	mv	s3, a7
	li	ra, 0x5a5a0001
	li	gp, 0x5a5a0003
	li	tp, 0x5a5a0004
	li	t0, 0x5a5a0005
	li	t1, 0x5a5a0006
	li	t2, 0x5a5a0007
	li	a4, 0x5a5a000e
	li	a5, 0x5a5a000f
	li	s4, 0x5a5a0014
	li	s5, 0x5a5a0015
	li	s6, 0x5a5a0016
	li	s7, 0x5a5a0017
	li	s8, 0x5a5a0018
	li	s9, 0x5a5a0019
	li	s10, 0x5a5a001a
	li	s11, 0x5a5a001b
	li	t3, 0x5a5a001c
	li	t4, 0x5a5a001d
	li	t5, 0x5a5a001e
	li	t6, 0x5a5a001f
	ecall
	li	a0, 0
.macro differ reg, value
	li	a1, \value
	xor	a1, a1, \reg
	snez	a1, a1
	add	a0, a0, a1
.endm
	differ	ra, 0x5a5a0001
	differ	gp, 0x5a5a0003
	differ	tp, 0x5a5a0004
	differ	t0, 0x5a5a0005
	differ	t1, 0x5a5a0006
	differ	t2, 0x5a5a0007
	differ	a4, 0x5a5a000e
	differ	a5, 0x5a5a000f
	differ	s4, 0x5a5a0014
	differ	s5, 0x5a5a0015
	differ	s6, 0x5a5a0016
	differ	s7, 0x5a5a0017
	differ	s8, 0x5a5a0018
	differ	s9, 0x5a5a0019
	differ	s10, 0x5a5a001a
	differ	s11, 0x5a5a001b
	differ	t3, 0x5a5a001c
	differ	t4, 0x5a5a001d
	differ	t5, 0x5a5a001e
	differ	t6, 0x5a5a001f
.macro same reg, other
	xor	a1, \reg, \other
	snez	a1, a1
	add	a0, a0, a1
.endm
	same	a2, s0
	same	a3, s1
	same	a6, s2
	same	a7, s3
	lw	a1, 60(sp)
	same	sp, a1
	lw	ra, 0(sp)
	lw	s0, 4(sp)
	lw	s1, 8(sp)
	lw	s2, 12(sp)
	lw	s3, 16(sp)
	lw	s4, 20(sp)
	lw	s5, 24(sp)
	lw	s6, 28(sp)
	lw	s7, 32(sp)
	lw	s8, 36(sp)
	lw	s9, 40(sp)
	lw	s10, 44(sp)
	lw	s11, 48(sp)
	lw	gp, 52(sp)
	lw	tp, 56(sp)
	addi	sp, sp, 64
	ret

	.section .bss
	.balign	16
	.skip	STACK_BYTES
boot_stack_top:
