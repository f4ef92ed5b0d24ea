/* The platform-level interrupt controller: one gateway a source, one context a hart and mode.
 *
 * A source is enabled in the supervisor context of every hart, so any hart that is idle or in user
 * mode may take it. Masking is by the source's priority, 0 being never: one store, valid for all
 * contexts, where enable bits are one store for each.
 */
#include "riscv.h"
#include <arch/irq.h>
#include <base/log.h>
#include <kernel/trap.h>

#define PLIC_PRIORITY(source)	(4 * (source))
#define PLIC_ENABLE(context)	(0x2000 + 0x80 * (context))
#define PLIC_THRESHOLD(context) (0x200000 + 0x1000 * (context))
#define PLIC_CLAIM(context)	(0x200004 + 0x1000 * (context))

#define PLIC_SOURCES_MAX 1024

static char *plic;

static u32 get(u32 offset)
{
	u32 value = *(volatile u32 *)(plic + offset);

	__asm__ volatile("fence i, rw" ::: "memory");
	return value;
}

static void put(u32 offset, u32 value)
{
	__asm__ volatile("fence rw, o" ::: "memory");
	*(volatile u32 *)(plic + offset) = value;
}

static bool has_context(u32 index)
{
	return riscv_machine.plic_context[index] != ~0u &&
	       PLIC_CLAIM(riscv_machine.plic_context[index]) + 4 <= riscv_machine.plic_size;
}

void riscv_plic_init(void)
{
	if (!riscv_machine.plic_phys)
		return;
	riscv_machine.plic_sources = min_of(riscv_machine.plic_sources, PLIC_SOURCES_MAX - 1u);
	plic = riscv_device_map(riscv_machine.plic_phys, riscv_machine.plic_size);
	for (u32 source = 1; source < arch_irq_count(); source++)
		put(PLIC_PRIORITY(source), 0);
}

void riscv_plic_hart_init(u32 index)
{
	u32 context = riscv_machine.plic_context[index];

	if (!plic || !has_context(index))
		return;
	for (u32 word = 0; word <= riscv_machine.plic_sources / 32; word++)
		put(PLIC_ENABLE(context) + 4 * word, word ? ~0u : ~1u);
	put(PLIC_THRESHOLD(context), 0);
}

u32 arch_irq_count(void)
{
	return riscv_machine.plic_phys ? riscv_machine.plic_sources + 1 : 0;
}

void arch_irq_mask(u32 source)
{
	assert(source && source < arch_irq_count());
	put(PLIC_PRIORITY(source), 0);
}

void arch_irq_unmask(u32 source)
{
	assert(source && source < arch_irq_count());
	put(PLIC_PRIORITY(source), 1);
}

void riscv_plic_handle(void)
{
	u32 index = arch_hart_index();
	u32 claim = PLIC_CLAIM(riscv_machine.plic_context[index]);
	u32 source;

	assert(plic && has_context(index));
	while ((source = get(claim)) != 0) {
		put(PLIC_PRIORITY(source), 0);
		put(claim, source);
		trap_irq(source);
	}
}
