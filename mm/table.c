/* Leaf tables: made when first needed, unhooked when no region touches their span any more. The
 * frame of a table counts its valid entries in `index`. */
#include <mm/region.h>
#include <mm/shootdown.h>

pte_t *table_entry_locked(struct aspace *a, vaddr_t va, struct frame **table)
{
	pte_t *entries = arch_table_find(&a->arch, va);

	debug_assert(spin_is_locked(&a->table_lock));
	if (unlikely(!entries)) {
		pfn_t pfn = frame_alloc_zeroed(FRAME_TABLE);

		if (!pfn)
			return NULL;
		entries = arch_table_attach(&a->arch, va, pfn);
		frame_of(pfn)->first = ARCH_TABLE_ENTRIES;
		a->table_count++;
	}
	*table = frame_of(arch_address_frame(entries));
	return &entries[arch_table_index(va)];
}

void table_clear_locked(struct aspace *a, vaddr_t *va, vaddr_t end, struct gather *g)
{
	while (*va < end && !gather_full(g)) {
		pte_t *entries = arch_table_find(&a->arch, *va);
		vaddr_t span_end = (*va & ~(ARCH_TABLE_SPAN - 1)) + ARCH_TABLE_SPAN;
		vaddr_t stop = min_of(end - 1, span_end - 1) + 1; /* span_end may wrap to 0 */
		struct frame *tf = entries ? frame_of(arch_address_frame(entries)) : NULL;
		vaddr_t clipped = stop, first;

		if (!tf || tf->index == 0 || (first = table_clip(tf, *va, &clipped)) >= clipped) {
			*va = stop;
			continue;
		}
		u32 cleared = 0, at = arch_table_index(first);

		for (*va = first; *va < clipped && !gather_full(g); *va += PAGE_SIZE, at++) {
			if (!arch_pte_read(&entries[at]))
				continue;
			pfn_t pfn = arch_pte_pfn(arch_pte_exchange(&entries[at], 0));

			cleared++;
			gather_page(g, *va);
			if (unlikely(a->has_device) && !frame_is_ram(pfn))
				continue;
			struct frame *f = frame_of(pfn);

			__atomic_fetch_sub(&f->mapcount, 1, __ATOMIC_RELAXED);
			g->frames[g->count++] = f;
		}
		tf->index -= cleared;
		a->resident -= cleared;
		if (*va == clipped)
			*va = stop;
	}
}

/* Does any region, less what of it lies in [start, end), touch [span, last]? */
static bool span_in_use(struct aspace *a, vaddr_t span, vaddr_t last, vaddr_t start, vaddr_t end)
{
	struct region *r = region_at_or_after_locked(a, span);

	for (; r && r->start <= last; r = region_next_locked(a, r)) {
		if (r->start < start && min_of(r->end, start) > span)
			return true;
		if (r->end > end && max_of(r->start, end) <= last)
			return true;
	}
	return false;
}

void table_trim_locked(
	struct aspace *a, vaddr_t *from, vaddr_t start, vaddr_t end, struct gather *g)
{
	vaddr_t span = *from & ~(ARCH_TABLE_SPAN - 1);

	for (; *from < end; span += ARCH_TABLE_SPAN) {
		vaddr_t last = span + (ARCH_TABLE_SPAN - 1);

		if (g->count == GATHER_MAX + GATHER_TABLES)
			return;
		if (arch_table_find(&a->arch, span) && !span_in_use(a, span, last, start, end)) {
			struct frame *f = frame_of(arch_table_detach(&a->arch, span));

			assert(f->index == 0);
			a->table_count--;
			g->whole = true;
			g->frames[g->count++] = f;
		}
		*from = min_of(last, end - 1) + 1;
	}
}
