/* Traps, and the way to user mode.
 *
 * In user mode sscratch holds the address of the running thread's struct arch_regs; in the kernel it
 * is zero. So the first instruction of a trap both finds the place to save to and tells where the
 * trap came from. All registers are saved there, and the stack of the hart is empty: whatever thread
 * trap_exit() chooses is entered from the same place. Interrupts are never enabled in the kernel:
 * a trap from kernel mode is a fault.
 *
 * The number of instructions here is half of what a system call costs.
 */
#include "layout.h"

	.macro save_all_but_sp_t0 base
	sw	x1, 4(\base)
	sw	x3, 12(\base)
	sw	x4, 16(\base)
	sw	x6, 24(\base)
	sw	x7, 28(\base)
	sw	x8, 32(\base)
	sw	x9, 36(\base)
	sw	x10, 40(\base)
	sw	x11, 44(\base)
	sw	x12, 48(\base)
	sw	x13, 52(\base)
	sw	x14, 56(\base)
	sw	x15, 60(\base)
	sw	x16, 64(\base)
	sw	x17, 68(\base)
	sw	x18, 72(\base)
	sw	x19, 76(\base)
	sw	x20, 80(\base)
	sw	x21, 84(\base)
	sw	x22, 88(\base)
	sw	x23, 92(\base)
	sw	x24, 96(\base)
	sw	x25, 100(\base)
	sw	x26, 104(\base)
	sw	x27, 108(\base)
	sw	x28, 112(\base)
	sw	x29, 116(\base)
	sw	x30, 120(\base)
	sw	x31, 124(\base)
	.endm

	/* All that a C function does not preserve, but for a0; and sp, gp, tp. */
	.macro load_clobbered base
	lw	x1, 4(\base)
	lw	x2, 8(\base)
	lw	x3, 12(\base)
	lw	x4, 16(\base)
	lw	x5, 20(\base)
	lw	x6, 24(\base)
	lw	x7, 28(\base)
	lw	x11, 44(\base)
	lw	x12, 48(\base)
	lw	x13, 52(\base)
	lw	x14, 56(\base)
	lw	x15, 60(\base)
	lw	x16, 64(\base)
	lw	x17, 68(\base)
	lw	x28, 112(\base)
	lw	x29, 116(\base)
	lw	x30, 120(\base)
	lw	x31, 124(\base)
	.endm

	.text
	.global trap_entry
	.balign	4
trap_entry:
	csrrw	sp, sscratch, sp
	beqz	sp, kernel_trap
	save_all_but_sp_t0 sp
	sw	t0, 20(sp)
	csrrw	t0, sscratch, zero
	sw	t0, 8(sp)
	csrr	t0, sepc
	csrr	a1, scause
	li	t1, 8			/* a call from user mode */
	bne	a1, t1, user_fault
	addi	t0, t0, 4
	sw	t0, 0(sp)
	mv	a0, sp
	mv	s0, sp
	lw	tp, REGS_HART(sp)
	lw	sp, REGS_KERNEL_SP(sp)
	call	trap_syscall
	call	trap_exit

	/* The usual case: the thread that made the call goes on, and what C preserves is still its
	 * own in s1 to s11. Not so if it has run on another hart while this one was idle in trap_exit
	 * (then it left that hart's index), or if its registers were made anew (then an index that
	 * is no hart's). */
	bne	a0, s0, enter_user
	lw	t0, REGS_HART(a0)
	bne	t0, tp, enter_user
	lw	t0, 0(a0)
	csrw	sepc, t0
	csrw	sscratch, a0
	load_clobbered a0
	lw	x8, 32(a0)
	lw	x10, 40(a0)
	sret

user_return:
	call	trap_exit
	/* The stack is empty: sp is its top. */
enter_user:
	sw	sp, REGS_KERNEL_SP(a0)
	sw	tp, REGS_HART(a0)
	lw	t0, 0(a0)
	csrw	sepc, t0
	csrw	sscratch, a0
	load_clobbered a0
	lw	x8, 32(a0)
	lw	x9, 36(a0)
	lw	x18, 72(a0)
	lw	x19, 76(a0)
	lw	x20, 80(a0)
	lw	x21, 84(a0)
	lw	x22, 88(a0)
	lw	x23, 92(a0)
	lw	x24, 96(a0)
	lw	x25, 100(a0)
	lw	x26, 104(a0)
	lw	x27, 108(a0)
	lw	x10, 40(a0)
	sret

user_fault:
	sw	t0, 0(sp)
	csrr	a2, stval
	mv	a0, sp
	lw	tp, REGS_HART(sp)
	lw	sp, REGS_KERNEL_SP(sp)
	call	riscv_user_trap
	j	user_return

	.global arch_enter_user
arch_enter_user:
	/* From boot, where the last trap may have been one of the kernel's own. */
	li	t0, SSTATUS_SPP
	csrc	sstatus, t0
	lla	sp, stacks + STACK_TOP
	slli	t0, tp, STACK_SHIFT
	add	sp, sp, t0
	j	enter_user

	/* A fault of the kernel. A frame that would lie in the guard page goes to the emergency stack. */
kernel_trap:
	csrrw	sp, sscratch, sp	/* sscratch is zero again */
	csrw	sscratch, t0
	addi	t0, sp, -FRAME_SIZE
	srli	t0, t0, 12
	andi	t0, t0, (STACK_SLOT >> 12) - 1
	beqz	t0, stack_overflow
	addi	t0, sp, -FRAME_SIZE
save_frame:
	sw	sp, 8(t0)
	mv	sp, t0
	csrrw	t0, sscratch, zero
	sw	t0, 20(sp)
	save_all_but_sp_t0 sp
	csrr	t0, sepc
	sw	t0, 0(sp)
	csrr	t0, scause
	sw	t0, FRAME_CAUSE(sp)
	csrr	t0, stval
	sw	t0, FRAME_VALUE(sp)
	csrr	t0, sstatus
	sw	t0, FRAME_STATUS(sp)
	li	t1, SSTATUS_SUM
	csrc	sstatus, t1
	mv	a0, sp
	call	riscv_kernel_trap
	lw	t0, FRAME_STATUS(sp)
	csrw	sstatus, t0
	lw	t0, 0(sp)
	csrw	sepc, t0
	lw	x1, 4(sp)
	lw	x6, 24(sp)
	lw	x7, 28(sp)
	lw	x10, 40(sp)
	lw	x11, 44(sp)
	lw	x12, 48(sp)
	lw	x13, 52(sp)
	lw	x14, 56(sp)
	lw	x15, 60(sp)
	lw	x16, 64(sp)
	lw	x17, 68(sp)
	lw	x28, 112(sp)
	lw	x29, 116(sp)
	lw	x30, 120(sp)
	lw	x31, 124(sp)
	lw	x5, 20(sp)
	addi	sp, sp, FRAME_SIZE
	sret

stack_overflow:
	lla	t0, stacks + STACK_SLOT - FRAME_SIZE
	slli	tp, tp, STACK_SHIFT
	add	t0, t0, tp
	srli	tp, tp, STACK_SHIFT
	j	save_frame
