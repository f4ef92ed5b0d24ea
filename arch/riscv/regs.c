/* A thread's registers as the rest of the kernel handles them. */
#include "riscv.h"

/* Not a hart: the next way to user mode loads every register, see trap.S. */
#define NO_HART (~0u)

void arch_regs_init(struct arch_regs *r, vaddr_t pc, vaddr_t sp, u32 arg, u32 tp)
{
	*r = (struct arch_regs){.kernel_hart = NO_HART};
	r->x[0] = pc & ~1u;
	r->x[2] = sp;
	r->x[4] = tp;
	r->x[10] = arg;
}

void arch_regs_copy(struct arch_regs *to, const struct arch_regs *from)
{
	*to = *from;
	/* `to` may lie where a thread was that has just ended here. */
	to->kernel_hart = NO_HART;
}

void arch_regs_export(const struct arch_regs *r, u32 regs[32])
{
	for (int i = 0; i < 32; i++)
		regs[i] = r->x[i];
}

void arch_regs_import(struct arch_regs *r, const u32 regs[32])
{
	/* Every value is one that user mode can give its registers; sstatus is not among them. */
	for (int i = 0; i < 32; i++)
		r->x[i] = regs[i];
	r->x[0] &= ~1u;
	r->kernel_hart = NO_HART;
}

void arch_regs_enter_handler(
	struct arch_regs *r, vaddr_t handler, vaddr_t sp, vaddr_t ra, u32 a0, u32 a1, u32 a2)
{
	r->x[0] = handler & ~1u;
	r->x[1] = ra;
	r->x[2] = sp;
	r->x[10] = a0;
	r->x[11] = a1;
	r->x[12] = a2;
}
