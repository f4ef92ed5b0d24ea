/* The reverse map. Walkers go object -> table lock and never take a space's lock: a region on the
 * object's list can't be moved or freed while the object's lock is held, and its space's tables can't
 * be unhooked while the table lock is.
 */
#include <mm/rmap.h>
#include <mm/shootdown.h>
#include <mm/slot.h>

/* The frame that the object holds for a page, or PFN_NONE. */
static pfn_t own_frame_locked(struct memory_object *o, u64 index)
{
	uintptr_t *word = radix_find(&o->slots, index);

	return word && slot_tag(*word) == SLOT_FRAME ? frame_number(slot_frame(*word)) : PFN_NONE;
}

static void act_on_entry(struct gather *g, struct frame *table, pte_t *entry, vaddr_t va, pfn_t own,
	enum rmap_action action)
{
	pte_t e = arch_pte_read(entry);

	if (!e)
		return;
	if (action != RMAP_UNMAP_COPIES && arch_pte_pfn(e) != own)
		return;
	if (action == RMAP_WRITE_PROTECT) {
		if (!arch_pte_writable(e))
			return;
		arch_pte_write(
			entry, arch_pte_make(own, arch_pte_prot(e) & ~(u32)QUIRE_PROT_WRITE));
		gather_page(g, va);
		return;
	}
	struct frame *f = frame_of(arch_pte_pfn(e));

	if (f->pins && f->kind == FRAME_PRIVATE)
		return; /* a pinned private copy belongs to the kernel's use of it */
	arch_pte_exchange(entry, 0);
	table->index--;
	g->space->resident--;
	__atomic_fetch_sub(&f->mapcount, 1, __ATOMIC_RELAXED);
	g->frames[g->count++] = f;
	gather_page(g, va);
}

static void apply_to_region(
	struct memory_object *o, struct region *r, u64 first, u64 end, enum rmap_action action)
{
	struct aspace *a = r->space;
	u64 region_end = r->page_offset + ((r->end - r->start) >> PAGE_SHIFT);
	u64 i = max_of(first, r->page_offset);
	struct gather g;

	end = min_of(end, region_end);
	gather_start(&g, a);
	while (i < end) {
		spin_lock(&a->table_lock);
		while (i < end && !gather_full(&g)) {
			vaddr_t va = r->start + ((vaddr_t)(i - r->page_offset) << PAGE_SHIFT);
			pte_t *table = arch_table_find(&a->arch, va);
			u32 at = arch_table_index(va);
			u64 stop = min_of(end, i + ARCH_TABLE_ENTRIES - at);

			if (!table) {
				i = stop;
				continue;
			}
			struct frame *tf = frame_of(arch_address_frame(table));

			for (; i < stop && !gather_full(&g); i++, at++, va += PAGE_SIZE)
				act_on_entry(&g, tf, &table[at], va,
					action == RMAP_UNMAP_COPIES ? PFN_NONE
								    : own_frame_locked(o, i),
					action);
		}
		gather_fence_locked(&g);
		spin_unlock(&a->table_lock);
		gather_release(&g);
	}
}

void rmap_apply_locked(struct memory_object *o, u64 first, u64 count, enum rmap_action action)
{
	u64 end = first + count < first ? ~(u64)0 : first + count;

	debug_assert(spin_is_locked(&o->lock));
	list_for_each(r, &o->regions, struct region, object_link)
		apply_to_region(o, r, first, end, action);
}

static bool covers(const struct region *r, u64 index)
{
	return index >= r->page_offset &&
	       index - r->page_offset < (r->end - r->start) >> PAGE_SHIFT;
}

bool rmap_test_accessed_locked(struct memory_object *o, u64 index)
{
	bool accessed = false;

	debug_assert(spin_is_locked(&o->lock));
	pfn_t own = own_frame_locked(o, index);

	list_for_each(r, &o->regions, struct region, object_link) {
		struct aspace *a = r->space;

		if (!covers(r, index))
			continue;
		vaddr_t va = r->start + ((vaddr_t)(index - r->page_offset) << PAGE_SHIFT);

		spin_lock(&a->table_lock);
		pte_t *table = arch_table_find(&a->arch, va);
		pte_t *entry = table ? &table[arch_table_index(va)] : NULL;
		pte_t e = entry ? arch_pte_read(entry) : 0;

		if (e && arch_pte_pfn(e) == own)
			accessed |= arch_pte_test_and_clear_accessed(entry);
		spin_unlock(&a->table_lock);
	}
	return accessed;
}

bool rmap_is_locked_locked(struct memory_object *o, u64 index)
{
	list_for_each(r, &o->regions, struct region, object_link)
		if ((r->flags & QUIRE_MAP_LOCKED) && covers(r, index))
			return true;
	return false;
}
