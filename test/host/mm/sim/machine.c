/* The simulated machine: RAM, page tables, log and panic, random numbers. */
#include "sim.h"
#include <arch/boot.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

u8 sim_ram[SIM_FRAMES_MAX * PAGE_SIZE] __attribute__((aligned(4096)));
u32 sim_hart, arch_hart_count = SIM_HARTS, sim_seed = 1, sim_asids = 12;
u32 sim_generation[SIM_FRAMES_MAX];
struct boot_facts boot_facts;
u32 trace_mask = ~0u;
void (*sim_on_failure)(void);

/* Which table a frame is, if it is one: the way back from an entry to its address. */
static struct {
	struct arch_space *space;
	vaddr_t span;
} tables[SIM_FRAMES_MAX];

void sim_init(u32 frames, u32 seed)
{
	assert(frames <= SIM_FRAMES_MAX);
	sim_seed = seed ? seed : 1;
	boot_facts.free[0] = (struct boot_range){SIM_FIRST, frames};
	boot_facts.nfree = 1;
	frames_init();
	mm_init();
	pager_setup();
}

u32 sim_random(u32 below)
{
	sim_seed ^= sim_seed << 13;
	sim_seed ^= sim_seed >> 17;
	sim_seed ^= sim_seed << 5;
	return sim_seed % below;
}

/* --- the end --- */

static _Noreturn void end(void)
{
	static bool ending;

	if (!ending && sim_on_failure) {
		ending = true;
		sim_on_failure();
	}
	fflush(stdout);
	abort();
}

void sim_fail(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	printf("FAILED on hart %u: ", sim_hart);
	vprintf(format, ap);
	printf("\n");
	va_end(ap);
	end();
}

void log_printf(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
}

void panic_at(const char *file, int line, const char *format, ...)
{
	va_list ap;

	printf("FAILED on hart %u: panic at %s:%d: ", sim_hart, file, line);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
	end();
}

/* Nobody reads the events; recording one may not wait or switch. */
void trace_record(enum quire_trace_kind kind, u32 a, u32 b, u32 c)
{
	(void)kind, (void)a, (void)b, (void)c;
}

/* --- frames --- */

void sim_frame_reborn(pfn_t pfn)
{
	sim_generation[pfn - SIM_FIRST]++;
}

void arch_page_zero(void *page)
{
	sim_frame_reborn(arch_address_frame(page));
	memset(page, 0, PAGE_SIZE);
	sim_point();
}
/* In two halves: the source may change in between. */
void arch_page_copy(void *to, const void *from)
{
	sim_frame_reborn(arch_address_frame(to));
	memcpy(to, from, PAGE_SIZE / 2);
	sim_point();
	memcpy((char *)to + PAGE_SIZE / 2, (const char *)from + PAGE_SIZE / 2, PAGE_SIZE / 2);
}

void sim_check_free_frames(void)
{
	struct frame *f;

	for (u32 i = 0; (f = frame_walk(i)); i++) {
		const u32 *word = frame_address(frame_number(f));

		/* Not all free frames hold junk: those of boot, and those zeroed ahead. */
		if (f->kind != FRAME_FREE || (word[0] != 0x5a5a5a5a && word[0] != 0))
			continue;
		for (u32 k = 1; k < PAGE_SIZE / 4; k++)
			if (word[k] != word[0])
				sim_fail("the free frame %x was stored to, at %x", frame_number(f),
					k * 4);
	}
}

void sim_check(const char *when)
{
	u32 broken = mm_check();

	if (broken)
		sim_fail("%u invariants are broken %s", broken, when);
	sim_check_free_frames();
}

/* --- tables --- */

static pte_t *root_entry(const struct arch_space *s, vaddr_t va)
{
	return (pte_t *)arch_frame_address(s->root) + va / ARCH_TABLE_SPAN;
}
void arch_space_init(struct arch_space *s, pfn_t root, u32 asid)
{
	s->root = root;
	s->asid = asid;
	for (u32 i = 0; i < ARCH_TABLE_ENTRIES; i++)
		if (((pte_t *)arch_frame_address(root))[i])
			sim_fail("the root %x is not zeroed", root);
}
u32 arch_asid_count(void)
{
	return sim_asids;
}

pte_t *arch_table_find(const struct arch_space *s, vaddr_t va)
{
	pte_t e = *root_entry(s, va);

	return e ? arch_frame_address(e >> 10) : NULL;
}
pte_t *arch_table_attach(struct arch_space *s, vaddr_t va, pfn_t table)
{
	pte_t *entries = arch_frame_address(table);

	if (*root_entry(s, va))
		sim_fail("a table for %x is there already", va);
	for (u32 i = 0; i < ARCH_TABLE_ENTRIES; i++)
		if (entries[i])
			sim_fail("the table %x is not zeroed", table);
	sim_frame_reborn(table);
	tables[table - SIM_FIRST].space = s;
	tables[table - SIM_FIRST].span = va & ~(ARCH_TABLE_SPAN - 1);
	*root_entry(s, va) = table << 10 | 1;
	return entries;
}
pfn_t arch_table_detach(struct arch_space *s, vaddr_t va)
{
	pfn_t table = *root_entry(s, va) >> 10;

	*root_entry(s, va) = 0;
	tables[table - SIM_FIRST].space = NULL;
	tlb_table_detached(s, va, table);
	sim_point();
	return table;
}

bool sim_table_of(const pte_t *entry, struct arch_space **space, vaddr_t *va)
{
	pfn_t table = arch_address_frame(entry);

	*space = tables[table - SIM_FIRST].space;
	*va = tables[table - SIM_FIRST].span +
	      (vaddr_t)(((uintptr_t)entry & PAGE_MASK) / sizeof(pte_t)) * PAGE_SIZE;
	return *space != NULL;
}

void sim_tables_of(
	const struct arch_space *s, void (*each)(vaddr_t span, pfn_t table, void *arg), void *arg)
{
	const pte_t *root = arch_frame_address(s->root);

	for (u32 i = 0; i < ARCH_TABLE_ENTRIES; i++)
		if (root[i])
			each(i * ARCH_TABLE_SPAN, root[i] >> 10, arg);
}

pte_t sim_pte_exchange(pte_t *p, pte_t e)
{
	pte_t old = *p;

	*p = e;
	if (old != e) {
		fence_entry_changed(p, old);
		sim_point();
	}
	return old;
}

void arch_icache_sync_local(void) {}
void arch_icache_sync_remote(u32 mask)
{
	assert(mask && !(mask & 1u << sim_hart));
}
