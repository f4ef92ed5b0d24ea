/*
 * The first instructions of every hart, and the way into and out of machine mode.
 *
 * Register use at a trap: while a hart runs in S or U mode mscratch points to its struct hart,
 * which is also the top of its stack; in machine mode mscratch is 0. So a trap that finds 0 there
 * came out of the firmware itself and ends the run. The C code called here preserves the registers
 * that its calling convention says; the rest are saved on the stack. Machine mode never enables
 * its own interrupts, so mepc and mstatus survive untouched until mret.
 *
 * Traps are vectored, so an interrupt arrives knowing its cause.
 */
#include "layout.h"

#define FRAME 64

	.section .text.entry, "ax", @progbits
	.globl	firmware_start
/* a0 = hart id, a1 = device tree, a2 = the record about the next stage */
firmware_start:
	csrw	mie, zero
	csrw	mscratch, zero
	la	t0, trap_vectors
	ori	t0, t0, 1
	csrw	mtvec, t0
	csrr	a0, mhartid
	li	t0, HART_ID_LIMIT
	bgeu	a0, t0, halt

	/* The record may name the boot hart (-1: any). Else the first to draw wins. */
	lw	t0, 0(a2)
	li	t1, FW_DYNAMIC_MAGIC
	bne	t0, t1, draw
	lw	t0, FW_DYNAMIC_VERSION(a2)
	li	t1, 2
	bltu	t0, t1, draw
	lw	t0, FW_DYNAMIC_BOOT_HART(a2)
	li	t1, -1
	beq	t0, t1, draw
	bne	t0, a0, wait_for_boot
draw:
	la	t0, boot_drawn
	li	t1, 1
	amoswap.w t1, t1, (t0)
	bnez	t1, wait_for_boot

	la	t0, bss_start
	la	t1, bss_end
1:	sw	zero, 0(t0)
	addi	t0, t0, 4
	bltu	t0, t1, 1b
	call	use_own_stack
	mv	a0, a1
	mv	a1, a2
	tail	cold_boot

/* The boot hart kicks every hart of the device tree when it is done. */
wait_for_boot:
	csrsi	mie, 8
	la	t0, boot_done
1:	lw	t1, 0(t0)
	bnez	t1, 2f
	wfi
	j	1b
2:	fence	r, rw
	call	use_own_stack
	tail	warm_boot

halt:	wfi
	j	halt

/* sp = the struct hart of hart a0, which lies at the end of its block */
use_own_stack:
	la	sp, hart_blocks + HART_BLOCK - HART_STRUCT
	slli	t0, a0, HART_BLOCK_SHIFT
	add	sp, sp, t0
	ret

/* Drawn by the boot hart. Not in .bss, which that hart clears later; a reset loads it anew. */
	.section .data
	.balign	4
boot_drawn:
	.word	0

	.text
	.option	push
	.option	norvc
	.balign	128
	.globl	trap_vectors
trap_vectors:
	j	exception
	j	stray
	j	stray
	j	machine_software
	j	stray
	j	stray
	j	stray
	j	machine_timer
	j	stray
	j	stray
	j	stray
	j	stray
	.option	pop

/* Onto the hart's stack, with every register saved that C may change but a0 and a1. */
.macro enter_machine
	csrrw	sp, mscratch, sp
	beqz	sp, own_fault
	addi	sp, sp, -FRAME
	sw	t0, 0(sp)
	csrrw	t0, mscratch, zero
	sw	t0, 4(sp)
	sw	ra, 8(sp)
	sw	t1, 12(sp)
	sw	t2, 16(sp)
	sw	t3, 20(sp)
	sw	t4, 24(sp)
	sw	t5, 28(sp)
	sw	t6, 32(sp)
	sw	a2, 36(sp)
	sw	a3, 40(sp)
	sw	a4, 44(sp)
	sw	a5, 48(sp)
	sw	a6, 52(sp)
	sw	a7, 56(sp)
.endm

.macro leave_machine
	lw	ra, 8(sp)
	lw	t1, 12(sp)
	lw	t2, 16(sp)
	lw	t3, 20(sp)
	lw	t4, 24(sp)
	lw	t5, 28(sp)
	lw	t6, 32(sp)
	lw	a2, 36(sp)
	lw	a3, 40(sp)
	lw	a4, 44(sp)
	lw	a5, 48(sp)
	lw	a6, 52(sp)
	lw	a7, 56(sp)
	addi	t0, sp, FRAME
	csrw	mscratch, t0
	lw	t0, 0(sp)
	lw	sp, 4(sp)
	mret
.endm

exception:
	enter_machine
	csrr	t0, mcause
	li	t1, 9
	bne	t0, t1, stray
	csrr	t0, mepc
	addi	t0, t0, 4
	csrw	mepc, t0
	call	sbi_ecall
	leave_machine

machine_software:
	enter_machine
	addi	sp, sp, -16
	sw	a0, 0(sp)
	sw	a1, 4(sp)
	call	software_interrupt
	lw	a0, 0(sp)
	lw	a1, 4(sp)
	addi	sp, sp, 16
	leave_machine

/* Hand the interrupt on to S mode, and take no more until the timer is set again. */
machine_timer:
	csrrw	sp, mscratch, sp
	sw	t0, -4(sp)
	li	t0, 1 << 7
	csrc	mie, t0
	li	t0, 1 << 5
	csrs	mip, t0
	lw	t0, -4(sp)
	csrrw	sp, mscratch, sp
	mret

/* The stack may be what failed, so the last words are said from another; by one hart only. */
own_fault:
stray:
	la	t0, fault_drawn
	li	t1, 1
	amoswap.w t1, t1, (t0)
	bnez	t1, halt
	la	sp, fault_stack_top
	tail	machine_fault

	.section .bss
	.balign	16
	.skip	512
fault_stack_top:
fault_drawn:
	.skip	4
