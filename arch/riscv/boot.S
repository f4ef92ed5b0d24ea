/* Entry from the firmware, translation off, on the one hart that boots and later on each other one.
 *
 * Translation is turned on without an identity mapping: stvec is pointed at the next instruction's
 * address in the upper half, and when the fetch from the old address faults, the trap lands there.
 */
#include "layout.h"

	.section .text.boot, "ax"
	.global _start
	/* a0 = hart id, a1 = device tree */
_start:
	csrw	sie, zero
	csrc	sstatus, SSTATUS_SIE
	mv	s0, a0
	mv	s1, a1

	lla	t0, bss_start
	lla	t1, bss_end
1:	sw	zero, (t0)
	addi	t0, t0, 4
	bltu	t0, t1, 1b

	/* The boot table: all of the physical map, the image's part executable, and the device tree's
	 * three 4 MiB pages in the device window. riscv_boot replaces it. */
	lla	s2, image_start
	li	t0, KERNEL_OFFSET
	sub	s3, s2, t0		/* start of RAM */
	lla	s4, riscv_boot_root
	li	t0, PHYSMAP_BASE >> 22 << 2
	add	t0, s4, t0
	li	t1, PHYSMAP_SIZE >> 22
	srli	t2, s3, 2
	ori	t2, t2, PTE_V | PTE_R | PTE_W | PTE_A | PTE_D
	li	t3, 1 << 20		/* the next 4 MiB page, in an entry */
1:	sw	t2, (t0)
	add	t2, t2, t3
	addi	t0, t0, 4
	addi	t1, t1, -1
	bnez	t1, 1b

	li	t0, KERNEL_BASE >> 22 << 2
	add	t0, s4, t0
	lw	t1, (t0)
	ori	t1, t1, PTE_X
	sw	t1, (t0)

	li	t0, DEVICE_BASE >> 22 << 2
	add	t0, s4, t0
	srli	t1, s1, 22
	slli	t1, t1, 20
	ori	t1, t1, PTE_V | PTE_R | PTE_A
	sw	t1, 0(t0)
	add	t1, t1, t3
	sw	t1, 4(t0)
	add	t1, t1, t3
	sw	t1, 8(t0)

	li	t0, KERNEL_BASE
	sub	t0, t0, s2		/* from physical to virtual */
	lla	t1, 1f
	add	t1, t1, t0
	csrw	stvec, t1
	srli	t2, s4, 12
	li	t3, SATP_SV32
	or	t2, t2, t3
	sfence.vma
	csrw	satp, t2
	.balign	4
1:	/* The upper half. Until riscv_boot knows which hart this is, it runs on the last slot. */
	lla	t0, trap_entry
	csrw	stvec, t0
	csrw	sscratch, zero
	lla	sp, stacks
	li	t0, (STACK_COUNT - 1) * STACK_SLOT + STACK_TOP
	add	sp, sp, t0
	li	tp, STACK_COUNT - 1
	mv	a0, s0			/* hart id */
	mv	a1, s1			/* device tree, physical */
	mv	a2, s3			/* start of RAM */
	call	riscv_boot		/* this hart's index */
	mv	s0, a0
	lw	t0, riscv_kernel_satp
	csrw	satp, t0
	sfence.vma
	mv	tp, s0
	call	set_stack
	call	riscv_main

	/* A hart that riscv_start_harts starts: a0 = hart id, a1 = index. */
	.global riscv_hart_entry
riscv_hart_entry:
	csrw	sie, zero
	csrc	sstatus, SSTATUS_SIE
	mv	tp, a1
	lla	t0, image_start
	li	t1, KERNEL_BASE
	sub	t0, t1, t0
	lla	t1, 1f
	add	t1, t1, t0
	csrw	stvec, t1
	lw	t2, riscv_kernel_satp
	sfence.vma
	csrw	satp, t2
	.balign	4
1:	lla	t0, trap_entry
	csrw	stvec, t0
	csrw	sscratch, zero
	call	set_stack
	call	riscv_hart_main

	/* Puts sp at the top of the stack of hart tp. */
set_stack:
	lla	sp, stacks + STACK_TOP
	slli	t0, tp, STACK_SHIFT
	add	sp, sp, t0
	ret

	.section .stacks, "aw", @nobits
	.balign	STACK_SLOT
	.global stacks
stacks:
	.space	STACK_COUNT * STACK_SLOT
