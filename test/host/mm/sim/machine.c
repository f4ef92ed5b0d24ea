/* Harts, page tables and the strict translation cache.
 *
 * A cache entry is tagged with ASID and address, and may hold the *absence* of a translation as well. It
 * leaves the cache only by a fence whose operands cover it, on this hart. Whatever the cache holds is
 * used; and then it must still be what the tables say, or at least no more than they allow: anything else is
 * a stale translation, and the end of the test. So a fence with a wrong address, a wrong ASID or a missing hart
 * shows here, where an emulator that flushes everything at every fence hides it.
 */
#include "sim.h"
#include <arch/boot.h>
#include <arch/uaccess.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

u8 sim_ram[SIM_FRAMES * PAGE_SIZE] __attribute__((aligned(4096)));
u32 sim_hart, arch_hart_count = SIM_HARTS, sim_remote_fences;
enum sim_mutant sim_mutant;
struct boot_facts boot_facts;
u32 trace_mask;
bool sim_blocked;

#define CACHE 256u
struct cached {
	u32 asid;
	vaddr_t va;
	pte_t entry;
	bool used;
};
static struct hart {
	const struct arch_space *active;
	struct cached cache[CACHE];
	u32 next;
} harts[SIM_HARTS];

void sim_fail(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	printf("FAILED on hart %u: ", sim_hart);
	vprintf(format, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
	_Exit(1);
}

void sim_spins(void) { sim_fail("a lock is spun for: it was left held"); }

/* --- base/log.h and mm/trace.h --- */

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

	printf("panic at %s:%d: ", file, line);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_Exit(1);
}
void trace_record(enum quire_trace_kind kind, u32 a, u32 b, u32 c) { (void)kind, (void)a, (void)b, (void)c; }

/* --- tables --- */

static pte_t *root_entry(const struct arch_space *s, vaddr_t va)
{
	return (pte_t *)arch_frame_address(s->root) + va / ARCH_TABLE_SPAN;
}
void arch_space_init(struct arch_space *s, pfn_t root, u32 asid)
{
	s->root = root;
	s->asid = asid;
}
u32 arch_asid_count(void) { return 16; } /* few, so that they are recycled */
void arch_space_activate(const struct arch_space *s) { harts[sim_hart].active = s; }
bool arch_space_is_active(const struct arch_space *s) { return harts[sim_hart].active == s; }
pte_t *arch_table_find(const struct arch_space *s, vaddr_t va)
{
	pte_t e = *root_entry(s, va);

	return e ? arch_frame_address(e >> 10) : NULL;
}
pte_t *arch_table_attach(struct arch_space *s, vaddr_t va, pfn_t table)
{
	*root_entry(s, va) = table << 10 | 1;
	return arch_frame_address(table);
}
pfn_t arch_table_detach(struct arch_space *s, vaddr_t va)
{
	pfn_t pfn = *root_entry(s, va) >> 10;

	*root_entry(s, va) = 0;
	return pfn;
}
void arch_page_zero(void *page) { memset(page, 0, PAGE_SIZE); }
void arch_page_copy(void *to, const void *from) { memcpy(to, from, PAGE_SIZE); }
void arch_icache_sync_local(void) {}
void arch_icache_sync_remote(u32 mask) { (void)mask; }

/* --- fences --- */

static void flush(u32 hart, u32 asid, vaddr_t va, u32 pages)
{
	if (sim_mutant == MUTANT_WRONG_VA && pages)
		va += PAGE_SIZE;
	if (sim_mutant == MUTANT_WRONG_ASID)
		asid++;
	for (u32 i = 0; i < CACHE; i++) {
		struct cached *c = &harts[hart].cache[i];

		if (c->used && c->asid == asid && (!pages || (c->va >= va && (c->va - va) >> PAGE_SHIFT < pages)))
			c->used = false;
	}
}
void arch_fence_local(u32 asid, vaddr_t va, u32 pages)
{
	if (sim_mutant != MUTANT_NO_LOCAL)
		flush(sim_hart, asid, va, pages);
}
void arch_fence_local_all(void)
{
	for (u32 i = 0; i < CACHE; i++)
		harts[sim_hart].cache[i].used = false;
}
void arch_fence_remote(u32 mask, u32 asid, vaddr_t va, u32 pages)
{
	assert(mask && !(mask & 1u << sim_hart));
	sim_remote_fences++;
	for (u32 h = 0; h < SIM_HARTS; h++)
		if (mask & 1u << h && sim_mutant != MUTANT_NO_REMOTE)
			flush(h, asid, va, pages);
}
void arch_fence_remote_all(u32 mask)
{
	for (u32 h = 0; h < SIM_HARTS; h++)
		if (mask & 1u << h)
			for (u32 i = 0; i < CACHE; i++)
				harts[h].cache[i].used = false;
}

/* --- accesses --- */

static pte_t walk(const struct arch_space *s, vaddr_t va)
{
	pte_t *table = arch_table_find(s, va);

	return table ? table[arch_table_index(va)] : 0;
}

static struct cached *look_up(vaddr_t page)
{
	struct hart *h = &harts[sim_hart];

	for (u32 i = 0; i < CACHE; i++)
		if (h->cache[i].used && h->cache[i].asid == h->active->asid && h->cache[i].va == page)
			return &h->cache[i];
	struct cached *c = &h->cache[h->next++ % CACHE];

	*c = (struct cached){h->active->asid, page, walk(h->active, page), true};
	return c;
}

void sim_speculate(vaddr_t va)
{
	if (harts[sim_hart].active)
		look_up(va & ~PAGE_MASK);
}

static bool allows(pte_t e, bool store) { return (e & 1) && (store ? e & 4 : e & 6); }

/* Where va leads for this access, or NULL: a page fault. */
static u8 *translate(vaddr_t va, bool store)
{
	vaddr_t page = va & ~PAGE_MASK;
	struct cached *c = look_up(page);

	if (!allows(c->entry, store))
		return NULL;
	pte_t now = walk(harts[sim_hart].active, page);

	if (arch_pte_pfn(now) != arch_pte_pfn(c->entry) || !allows(now, store))
		sim_fail("a stale translation of %x is used: cached %x, the table says %x", va, c->entry, now);
	if (frame_of(arch_pte_pfn(now))->refs == 0)
		sim_fail("%x leads to the free frame %x", va, arch_pte_pfn(now));
	return (u8 *)arch_frame_address(arch_pte_pfn(now)) + (va & PAGE_MASK);
}

/* Faults until the access can be made; 0 and the place, or a signal. */
static int reach(vaddr_t va, bool store, u8 **place)
{
	for (int tries = 0; tries < 1000; tries++) {
		int signal = 0, code = 0, error;

		*place = translate(va, store);
		if (*place)
			return 0;
		sim_blocked = false;
		error = aspace_fault(aspace_current(), va, store ? ACCESS_WRITE : ACCESS_READ, &signal, &code);
		if (error == -EBLOCKED) {
			if (!sim_pager_serve())
				sim_fail("a fault at %x waits for nothing", va);
		} else if (error == -ENOMEM) {
			return QSIGBUS;
		} else if (error) {
			return signal;
		}
	}
	sim_fail("the fault at %x is never done", va);
}

int sim_load(vaddr_t va, u8 *value)
{
	u8 *p;
	int signal = reach(va, false, &p);

	if (!signal)
		*value = *p;
	return signal;
}

int sim_store(vaddr_t va, u8 value)
{
	u8 *p;
	int signal = reach(va, true, &p);

	if (!signal)
		*p = value;
	return signal;
}

/* User copies fault like anything else, but never wait inside: they unwind. */
static int copy_user(u8 *kernel, vaddr_t user, size_t n, bool to_user, size_t *done)
{
	for (*done = 0; *done < n; ++*done) {
		u8 *p;
		u32 tries = 0;

		while (!(p = translate(user + (u32)*done, to_user))) {
			if (++tries > 1000)
				sim_fail("the fault at %x in a user copy is never done", user + (u32)*done);
			int signal, code, error = aspace_fault(aspace_current(), user + (u32)*done,
						  to_user ? ACCESS_WRITE : ACCESS_READ, &signal, &code);

			if (error)
				return error == -EBLOCKED ? error : -EFAULT;
		}
		if (to_user)
			*p = kernel[*done];
		else
			kernel[*done] = *p;
	}
	return 0;
}
int arch_copy_from_user(void *to, vaddr_t from, size_t n)
{
	size_t done;

	return copy_user(to, from, n, false, &done);
}
int arch_copy_from_user_partial(void *to, vaddr_t from, size_t n, size_t *done)
{
	return copy_user(to, from, n, false, done);
}
int arch_copy_to_user_partial(vaddr_t to, const void *from, size_t n, size_t *done)
{
	return copy_user((u8 *)(uintptr_t)from, to, n, true, done);
}
