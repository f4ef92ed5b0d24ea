/* What a trap means: the causes of user mode's become calls into kernel/trap.c, interrupts are told
 * apart and silenced, and the kernel's own faults are user access or the end. */
#include "riscv.h"
#include <base/log.h>
#include <kernel/trap.h>

void riscv_user_trap(struct arch_regs *r, u32 cause, u32 value);
void riscv_kernel_trap(struct riscv_frame *f);

struct exception_range {
	u32 first, last, fixup;
};
extern const struct exception_range exception_table[], exception_table_end[];

static void take_interrupt(u32 number)
{
	switch (1u << number) {
	case INTERRUPT_SOFT:
		csr_clear("sip", INTERRUPT_SOFT);
		/* Whatever the sender did before the interrupt is seen after it. */
		arch_fence();
		if (unlikely(riscv_stopping))
			riscv_stop_check();
		trap_ipi();
		break;
	case INTERRUPT_TIMER:
		riscv_timer_quiet();
		trap_timer();
		break;
	case INTERRUPT_EXTERNAL: riscv_plic_handle(); break;
	default: panic("interrupt %u", number);
	}
}

void arch_wait_for_interrupt(void)
{
	u32 pending;

	/* Interrupts are off, so one that comes before the wait is not lost: it ends the wait. */
	__asm__ volatile("wfi" ::: "memory");
	pending = csr_read("sip") & csr_read("sie");
	if (pending & INTERRUPT_SOFT)
		take_interrupt(1);
	if (pending & INTERRUPT_EXTERNAL)
		take_interrupt(9);
	if (pending & INTERRUPT_TIMER)
		take_interrupt(5);
}

void riscv_user_trap(struct arch_regs *r, u32 cause, u32 value)
{
	if (cause & CAUSE_INTERRUPT) {
		take_interrupt(cause & 31);
		return;
	}
	switch (cause) {
	case CAUSE_LOAD_PAGE: trap_page_fault(r, value, ACCESS_READ); break;
	case CAUSE_STORE_PAGE: trap_page_fault(r, value, ACCESS_WRITE); break;
	case CAUSE_FETCH_PAGE: trap_page_fault(r, value, ACCESS_EXEC); break;
	case CAUSE_ILLEGAL: trap_exception(r, QSIGILL, 1, arch_regs_pc(r)); break;
	case CAUSE_BREAKPOINT: trap_exception(r, QSIGTRAP, 1, arch_regs_pc(r)); break;
	case CAUSE_FETCH_MISALIGNED:
	case CAUSE_LOAD_MISALIGNED:
	case CAUSE_STORE_MISALIGNED: trap_exception(r, QSIGBUS, QUIRE_BUS_ADRALN, value); break;
	default:
		/* Access faults: a device that is not there, or memory that is the firmware's. */
		trap_exception(r, QSIGBUS, QUIRE_BUS_OBJERR, value);
		break;
	}
}

static const struct exception_range *find_range(u32 pc)
{
	for (const struct exception_range *e = exception_table; e < exception_table_end; e++)
		if (pc >= e->first && pc < e->last)
			return e;
	return NULL;
}

static const char *cause_name(u32 cause)
{
	static const char *const names[] = {"misaligned fetch", "fetch access fault",
		"illegal instruction", "breakpoint", "misaligned load", "load access fault",
		"misaligned store", "store access fault", "call from user mode",
		"call from supervisor mode", "?", "?", "fetch page fault", "load page fault", "?",
		"store page fault"};

	if (cause & CAUSE_INTERRUPT)
		return "interrupt";
	return cause < ARRAY_SIZE(names) ? names[cause] : "?";
}

static bool in_guard_page(u32 va)
{
	u32 base = (u32)stacks;

	return va >= base && va < base + (arch_hart_count << STACK_SHIFT) &&
	       (va & (STACK_SLOT - 1)) < PAGE_SIZE;
}

void riscv_kernel_trap(struct riscv_frame *f)
{
	const struct exception_range *e = find_range(f->x[0]);
	u32 hart = arch_hart_index();
	int error = -EFAULT;

	if (likely(e && !(f->cause & CAUSE_INTERRUPT))) {
		/* Other causes (no device there, misaligned, no such register) can't be made good. */
		if (f->cause == CAUSE_LOAD_PAGE)
			error = trap_uaccess_fault(f->value, ACCESS_READ);
		else if (f->cause == CAUSE_STORE_PAGE)
			error = trap_uaccess_fault(f->value, ACCESS_WRITE);
		if (error) {
			f->x[11] = (u32)error;
			f->x[0] = e->fixup;
		}
		return;
	}
	if (riscv_panic_frame[hart])
		arch_halt(); /* a fault while reporting one */
	riscv_panic_frame[hart] = f;
	if (in_guard_page(f->value) || in_guard_page(f->x[2] - FRAME_SIZE))
		panic("kernel stack overflow: %s at %#x, pc %#x", cause_name(f->cause), f->value,
			f->x[0]);
	panic("%s at %#x, pc %#x", cause_name(f->cause), f->value, f->x[0]);
}
