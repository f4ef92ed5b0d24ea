/* The strict translation caches.
 *
 * The privileged specification lets a hart use any translation that was valid at any time since its last
 * fence that covers it, and load one at any time, for any address of the space that its register names. So for
 * each hart, ASID and page the cache keeps the *set* of what the tables have said since: not only what an access
 * happened to load. When an entry changes, every hart on which the space is active gets the old value into its set;
 * when a hart leaves a space it takes along all that the space's tables say at that moment. Absence is a value
 * like any other. Tables (non-leaf entries) are remembered in the same way, and leave only by a fence of the whole
 * ASID.
 *
 * An access picks a member of the set or what the tables say now; a picked member is stuck to until it is fenced
 * away, as in a real cache. A translation that allows less than the tables is a spurious fault. One that allows
 * what the tables no longer do, or leads to another frame, is stale. While a shootdown of that space is under way,
 * that is while its table lock is held, stale translations may still be used, and their frames must not have gone
 * anywhere yet. After that any use ends the test.
 */
#include "sim.h"
#include <stdlib.h>

#define PAST_MAX  6u
#define BUCKETS	  1024u
#define SPANS_MAX 16u

/* What a frame was when the translation was valid: to notice that it went elsewhere. */
struct identity {
	u32 generation;
	u32 kind;
	const void *object;
	u32 index;
};
struct past {
	pte_t entry;
	struct identity frame;
};
struct page_cache {
	struct page_cache *next; /* in its bucket */
	u32 asid, count;
	vaddr_t va;
	int chosen; /* index into past[], or -1: none was picked */
	struct past past[PAST_MAX];
};
struct span_cache {
	u32 asid;
	vaddr_t span;
	pfn_t table;
	u32 generation;
};
static struct hart {
	const struct arch_space *active;
	struct page_cache *buckets[BUCKETS];
	struct span_cache spans[SPANS_MAX];
	u32 span_count;
} harts[SIM_HARTS];
u64 tlb_stale_uses;

static u32 bucket_of(u32 asid, vaddr_t va)
{
	return (va / PAGE_SIZE * 31 + asid * 7) % BUCKETS;
}

static struct page_cache *find(struct hart *h, u32 asid, vaddr_t va, bool make)
{
	struct page_cache **head = &h->buckets[bucket_of(asid, va)];

	for (struct page_cache *c = *head; c; c = c->next)
		if (c->asid == asid && c->va == va)
			return c;
	if (!make)
		return NULL;
	struct page_cache *c = calloc(1, sizeof(*c));

	c->asid = asid;
	c->va = va;
	c->chosen = -1;
	c->next = *head;
	*head = c;
	return c;
}

static struct identity identity_of(pte_t e)
{
	struct identity id = {0, 0, NULL, 0};
	pfn_t pfn = arch_pte_pfn(e);

	if (e && frame_is_ram(pfn)) {
		struct frame *f = frame_of(pfn);

		id.generation = sim_generation[pfn - SIM_FIRST];
		id.kind = f->kind;
		id.object = f->kind == FRAME_OBJECT ? f->object : NULL;
		id.index = f->kind == FRAME_OBJECT ? f->index : 0;
	}
	return id;
}

static void remember(struct hart *h, u32 asid, vaddr_t va, pte_t e)
{
	struct page_cache *c = find(h, asid, va, true);
	struct past new = {e, identity_of(e)};

	for (u32 i = 0; i < c->count; i++)
		if (c->past[i].entry == e && c->past[i].frame.generation == new.frame.generation)
			return;
	if (c->count < PAST_MAX) {
		c->past[c->count++] = new;
		return;
	}
	u32 victim = sim_random(PAST_MAX);

	if (c->chosen == (int)victim)
		c->chosen = -1;
	c->past[victim] = new;
}

static void remember_span(struct hart *h, u32 asid, vaddr_t span, pfn_t table)
{
	for (u32 i = 0; i < h->span_count; i++)
		if (h->spans[i].asid == asid && h->spans[i].span == span &&
			h->spans[i].table == table)
			return;
	u32 at = h->span_count < SPANS_MAX ? h->span_count++ : sim_random(SPANS_MAX);

	h->spans[at] = (struct span_cache){asid, span, table, sim_generation[table - SIM_FIRST]};
}

void tlb_entry_changed(const pte_t *entry, pte_t old)
{
	struct arch_space *space;
	vaddr_t va;

	if (!sim_table_of(entry, &space, &va))
		return;
	for (u32 i = 0; i < SIM_HARTS; i++)
		if (harts[i].active == space)
			remember(&harts[i], space->asid, va, old);
}

void tlb_table_detached(const struct arch_space *s, vaddr_t va, pfn_t table)
{
	for (u32 i = 0; i < SIM_HARTS; i++)
		if (harts[i].active == s)
			remember_span(&harts[i], s->asid, va & ~(ARCH_TABLE_SPAN - 1), table);
}

/* --- switching --- */

static void take_along(vaddr_t span, pfn_t table, void *arg)
{
	struct hart *h = arg;
	const pte_t *entries = arch_frame_address(table);

	remember_span(h, h->active->asid, span, table);
	for (u32 i = 0; i < ARCH_TABLE_ENTRIES; i++)
		if (entries[i])
			remember(h, h->active->asid, span + i * PAGE_SIZE, entries[i]);
}

void arch_space_activate(const struct arch_space *s)
{
	struct hart *h = &harts[sim_hart];

	sim_point();
	if (h->active && h->active != s)
		sim_tables_of(h->active, take_along, h);
	h->active = s;
	sim_point();
}
bool arch_space_is_active(const struct arch_space *s)
{
	return harts[sim_hart].active == s;
}
const struct arch_space *tlb_active(u32 hart)
{
	return harts[hart].active;
}

/* --- fences --- */

static void flush_pages(struct hart *h, bool all, u32 asid, vaddr_t va, u32 pages)
{
	for (u32 b = 0; b < BUCKETS; b++)
		for (struct page_cache **at = &h->buckets[b]; *at;) {
			struct page_cache *c = *at;

			if (all || (c->asid == asid &&
					   (!pages || (c->va >= va &&
							      (c->va - va) / PAGE_SIZE < pages)))) {
				*at = c->next;
				free(c);
			} else {
				at = &c->next;
			}
		}
}

void tlb_flush_leaves(u32 hart, u32 asid)
{
	flush_pages(&harts[hart], false, asid, 0, 0);
}

void tlb_flush(u32 hart, u32 asid, vaddr_t va, u32 pages)
{
	struct hart *h = &harts[hart];
	u32 kept = 0;

	va &= ~PAGE_MASK;
	if (pages && pages <= 4) {
		/* The common case, without a look at every bucket. */
		for (u32 i = 0; i < pages; i++)
			for (struct page_cache **at =
					&h->buckets[bucket_of(asid, va + i * PAGE_SIZE)];
				*at;) {
				struct page_cache *c = *at;

				if (c->asid != asid || c->va != va + i * PAGE_SIZE) {
					at = &c->next;
					continue;
				}
				*at = c->next;
				free(c);
			}
		return;
	}
	flush_pages(h, false, asid, va, pages);
	for (u32 i = 0; !pages && i < h->span_count; i++)
		if (h->spans[i].asid != asid)
			h->spans[kept++] = h->spans[i];
	if (!pages)
		h->span_count = kept;
}

void tlb_flush_all(u32 hart)
{
	flush_pages(&harts[hart], true, 0, 0, 0);
	harts[hart].span_count = 0;
}

/* --- use --- */

/* A shootdown of the active space is under way on some hart. */
static bool under_way(const struct arch_space *s)
{
	const struct aspace *a = container_of(s, struct aspace, arch);

	return fibers_on() && spin_is_locked(&a->table_lock);
}

/* What the tables say, found through the table that the hart may still take for va's. */
static pte_t walk(struct hart *h, vaddr_t va)
{
	const struct arch_space *s = h->active;
	vaddr_t span = va & ~(ARCH_TABLE_SPAN - 1);
	const pte_t *now = arch_table_find(s, va), *used = now;

	for (u32 i = 0; i < h->span_count; i++) {
		const struct span_cache *c = &h->spans[i];
		const pte_t *then = arch_frame_address(c->table);

		if (c->asid != s->asid || c->span != span || then == now || sim_random(2))
			continue;
		if (frame_of(c->table)->refs == 0 || frame_of(c->table)->kind != FRAME_TABLE ||
			sim_generation[c->table - SIM_FIRST] != c->generation)
			sim_fail(
				"strict TLB: the walk for %x goes through %x, which is no table any more",
				va, c->table);
		if (!under_way(s))
			sim_fail("strict TLB: the walk for %x goes through %x, which was unhooked",
				va, c->table);
		used = then;
	}
	return used ? used[arch_table_index(va)] : 0;
}

static bool allows(pte_t e, enum fault_access access)
{
	u32 prot = arch_pte_prot(e);

	if (!arch_pte_present(e))
		return false;
	return access == ACCESS_WRITE  ? prot & QUIRE_PROT_WRITE
	       : access == ACCESS_EXEC ? prot & QUIRE_PROT_EXEC
				       : prot & (QUIRE_PROT_READ | QUIRE_PROT_WRITE);
}

static void stale_use(vaddr_t va, const struct past *p, pte_t now, enum fault_access access)
{
	struct identity id = identity_of(p->entry);
	pfn_t pfn = arch_pte_pfn(p->entry);

	if (frame_is_ram(pfn) &&
		(frame_of(pfn)->refs == 0 || id.generation != p->frame.generation ||
			id.kind != p->frame.kind ||
			(id.object &&
				(id.object != p->frame.object || id.index != p->frame.index))))
		sim_fail(
			"strict TLB: a stale translation of %x is used: frame %x is free or another's by now",
			va, pfn);
	if (!under_way(harts[sim_hart].active))
		sim_fail(
			"strict TLB: a stale translation of %x is used (access %d): cached %x, the table says %x",
			va, access, p->entry, now);
	tlb_stale_uses++;
}

u8 *tlb_translate(vaddr_t va, enum fault_access access)
{
	struct hart *h = &harts[sim_hart];
	vaddr_t page = va & ~PAGE_MASK;

	fence_tick();
	if (!h->active)
		sim_fail("an access to %x in no space", va);
	struct page_cache *c = find(h, h->active->asid, page, false);
	pte_t now = walk(h, page), used = now;

	if (c && c->count) {
		if (c->chosen < 0 && sim_random(2))
			c->chosen = (int)sim_random(c->count);
		if (c->chosen >= 0)
			used = c->past[c->chosen].entry;
	}
	if (!allows(used, access))
		return NULL;
	if (used != now &&
		(arch_pte_pfn(used) != arch_pte_pfn(now) || !allows(now, access) ||
			c->past[c->chosen].frame.generation != identity_of(now).generation))
		stale_use(va, &c->past[c->chosen], now, access);
	pfn_t pfn = arch_pte_pfn(used);

	if (!frame_is_ram(pfn))
		return NULL; /* a device's: no test looks into one */
	if (frame_of(pfn)->refs == 0)
		sim_fail("%x leads to the free frame %x", va, pfn);
	return (u8 *)arch_frame_address(pfn) + (va & PAGE_MASK);
}
