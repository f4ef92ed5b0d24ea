/* The end of the world: registers, a backtrace with names, and stopping the other harts.
 *
 * The kernel is compiled without frame pointers, which would cost every call on the hot paths.
 * Instead symbols.py reads the finished image and notes for each function how large its frame is and
 * where in it the return address lies; with that the stack is walked exactly.
 */
#include "riscv.h"
#include <base/log.h>

#define DEPTH_MAX  32
#define NO_ADDRESS 0xffff

struct symbol {
	u32 address;
	u32 name;  /* offset into the names, which follow the table */
	u16 frame; /* bytes */
	u16 saved; /* offset of the return address in the frame, or NO_ADDRESS: not saved */
};
/* Made by symbols.py: a count, symbols in ascending order, names. Zeros when it has not run. */
extern const u32 riscv_symbols[];

const struct riscv_frame *riscv_panic_frame[MAX_HARTS];
u32 riscv_stopping; /* index + 1 of the hart that panicked */

static const struct symbol *find_symbol(u32 pc)
{
	const struct symbol *s = (const struct symbol *)(riscv_symbols + 1);
	u32 low = 0, high = riscv_symbols[0];

	if (pc < (u32)image_start || pc >= (u32)text_end)
		return NULL;
	while (low < high) {
		u32 middle = (low + high) / 2;

		if (s[middle].address <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &s[low - 1] : NULL;
}

static const char *symbol_name(const struct symbol *s)
{
	const struct symbol *all = (const struct symbol *)(riscv_symbols + 1);

	return (const char *)&all[riscv_symbols[0]] + s->name;
}

static void print_place(u32 depth, u32 pc, const struct symbol *s)
{
	if (s)
		log_printf("  #%-2u %08x %s+%#x\n", depth, pc, symbol_name(s), pc - s->address);
	else
		log_printf("  #%-2u %08x\n", depth, pc);
}

/* ra is the register's value, good only while the first function has not saved it. */
static void backtrace(u32 pc, u32 sp, u32 ra)
{
	for (u32 depth = 0; depth < DEPTH_MAX; depth++) {
		/* A return address may lie behind a function that ends in a call. */
		const struct symbol *s = find_symbol(depth ? pc - 1 : pc);
		u32 next = depth ? 0 : ra;

		print_place(depth, pc, s);
		if (!s) {
			/* A jump to nowhere: it came from where ra says. */
			if (depth || !find_symbol(ra - 1))
				return;
			pc = ra;
			ra = 0;
			continue;
		}
		if (s->saved != NO_ADDRESS) {
			const u32 *slot = (const u32 *)(sp + s->saved);

			if ((u32)slot & 3 || !arch_kernel_readable(slot))
				return;
			next = *slot;
		}
		sp += s->frame;
		pc = next;
		if (pc < (u32)image_start || pc >= (u32)text_end)
			return;
	}
}

static void print_frame(const struct riscv_frame *f)
{
	static const char names[32][4] = {"pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0",
		"s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6",
		"s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};

	for (u32 i = 0; i < 32; i++)
		log_printf("%4s %08x%s", names[i], f->x[i], i % 4 == 3 ? "\n" : "");
	log_printf(" cause %x value %08x status %08x satp %08x\n", f->cause, f->value, f->status,
		csr_read("satp"));
}

void __attribute__((noinline)) arch_panic_report(void)
{
	u32 index = arch_hart_index();
	const struct riscv_frame *f = riscv_panic_frame[index];
	u32 pc, sp;

	log_printf("hart %u (id %u), %u harts\n", index, riscv_machine.hart_id[index],
		arch_hart_count);
	if (f) {
		print_frame(f);
		backtrace(f->x[0], f->x[2], f->x[1]);
		return;
	}
	/* Not a trap: from here, where the frame is this function's. */
	__asm__ volatile("auipc %0, 0\n\tmv %1, sp" : "=r"(pc), "=r"(sp));
	log_printf("  sp %08x satp %08x sie %x sip %x\n", sp, csr_read("satp"), csr_read("sie"),
		csr_read("sip"));
	backtrace(pc, sp, 0);
}

void riscv_stop_check(void)
{
	if (riscv_stopping != arch_hart_index() + 1)
		arch_halt();
}

void arch_stop_other_harts(void)
{
	u32 others = (u32)((1ull << arch_hart_count) - 1) & ~(1u << arch_hart_index());

	/* Those in user mode or idle see it at the interrupt, those that spin for a lock while they do. */
	__atomic_store_n(&riscv_stopping, arch_hart_index() + 1, __ATOMIC_SEQ_CST);
	if (others)
		arch_ipi_send(others);
}
