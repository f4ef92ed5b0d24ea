/* fork: a copy of a space that shares every private page until somebody stores to it.
 *
 * Entries of shared mappings, and of private mappings of files that were never stored to, are not
 * copied at all: a fault finds them again for less than copying them costs. For private pages the
 * child's entry is made read-only like the parent's, and the frame gets one more reference. Pinned
 * frames (a disk or the kernel is using them by address) are copied at once. The cost is the number of
 * regions plus the number of resident private pages.
 *
 * Until the one fence at the end another thread of the parent may store through an old translation to
 * a page that both now share; that store belongs to the moment before the fork, since the child does
 * not run yet. The parent's table lock is held from the first narrowing to the fence. The child's
 * table lock is taken inside it: both are of one rank, and nobody else takes two, so they can't cross.
 */
#include <mm/fault.h>
#include <mm/reclaim.h>

static int copy_entry(
	struct aspace *child, struct region *r, vaddr_t va, pte_t *entry, struct gather *g)
{
	pte_t e = arch_pte_read(entry);
	pfn_t pfn = arch_pte_pfn(e);
	struct frame *f = frame_of(pfn), *table;

	if (f->kind != FRAME_PRIVATE)
		return 0; /* the file's own page or the zero frame */
	pte_t *to = table_entry_locked(child, va, &table);

	if (!to)
		return -ENOMEM;
	if (f->pins) {
		pfn = frame_alloc(FRAME_PRIVATE);
		if (!pfn)
			return -ENOMEM;
		arch_page_copy(frame_address(pfn), frame_address(frame_number(f)));
		if (!arch_pte_present(e)) { /* parked stays parked */
			__atomic_fetch_add(&frame_of(pfn)->mapcount, 1, __ATOMIC_RELAXED);
			arch_pte_write(to, arch_pte_park(pfn));
			table_entry_added(table, arch_table_index(va));
			child->resident++;
			return 0;
		}
		entry_install(child, table, to, frame_of(pfn), r->prot);
		return 0;
	}
	if (arch_pte_writable(e)) {
		e = arch_pte_make(pfn, arch_pte_prot(e) & ~(u32)QUIRE_PROT_WRITE);
		arch_pte_write(entry, e);
		gather_page(g, va);
	}
	frame_get(f);
	__atomic_fetch_add(&f->mapcount, 1, __ATOMIC_RELAXED);
	arch_pte_write(to, e); /* parked stays parked */
	table_entry_added(table, arch_table_index(va));
	child->resident++;
	return 0;
}

static int copy_pages(
	struct aspace *parent, struct aspace *child, struct region *r, struct gather *g)
{
	for (vaddr_t va = r->start; va < r->end;) {
		pte_t *entries = arch_table_find(&parent->arch, va);
		vaddr_t stop = min_of(r->end - 1, (va | (ARCH_TABLE_SPAN - 1))) + 1;

		if (!entries || frame_of(arch_address_frame(entries))->index == 0) {
			va = stop;
			continue;
		}
		vaddr_t clipped = stop;

		va = table_clip(frame_of(arch_address_frame(entries)), va, &clipped);
		for (u32 at = arch_table_index(va); va < clipped; va += PAGE_SIZE, at++)
			if (arch_pte_read(&entries[at])) {
				int error = copy_entry(child, r, va, &entries[at], g);

				if (error)
					return error;
			}
		va = stop;
	}
	return 0;
}

/* The child's regions, still empty, known to the reverse map: a truncation that comes while pages are
 * copied finds the parent's entries first and the child's after, whichever way it interleaves. */
static int copy_regions_locked(struct aspace *parent, struct aspace *child)
{
	list_for_each(r, &parent->regions, struct region, order) {
		if (r->flags & REGION_KERNEL)
			continue; /* message buffers are each thread's own */
		struct region *copy = region_alloc();

		if (!copy)
			return -ENOMEM;
		copy->start = r->start;
		copy->end = r->end;
		copy->object = r->object;
		copy->page_offset = r->page_offset;
		copy->prot = r->prot;
		copy->max_prot = r->max_prot;
		copy->flags = r->flags & (u16)~QUIRE_MAP_LOCKED;
		copy->advice = r->advice;
		copy->wrote = r->wrote;
		region_insert_locked(child, copy);
	}
	return 0;
}

static int copy_all_pages_locked(struct aspace *parent, struct aspace *child)
{
	struct gather g;
	int error = 0;

	gather_start(&g, parent);
	spin_lock(&parent->table_lock);
	spin_lock_nested(&child->table_lock);
	list_for_each(r, &child->regions, struct region, order)
		if (!error && !region_is_shared(r) && (!r->object || r->wrote))
			error = copy_pages(parent, child, r, &g);
	spin_unlock(&child->table_lock);
	gather_fence_locked(&g);
	spin_unlock(&parent->table_lock);
	return error;
}

int aspace_fork(struct aspace *parent, struct aspace **out)
{
	struct aspace *child;
	int error = reclaim_ensure(64);

	if (!error)
		error = aspace_create(&child);
	if (error)
		return error;
	spin_lock(&parent->lock);
	u32 charge = parent->commit - child->commit;

	error = commit_charge(charge);
	if (!error) {
		child->commit += charge;
		child->hint = parent->hint;
		child->has_device = parent->has_device;
		child->size_limit = parent->size_limit;
		child->commit_limit = parent->commit_limit;
		child->own_pages = parent->own_pages;
		spin_lock_nested(&child->lock);
		error = copy_regions_locked(parent, child);
		if (!error)
			error = copy_all_pages_locked(parent, child);
		spin_unlock(&child->lock);
	}
	spin_unlock(&parent->lock);
	if (error) {
		aspace_put(child);
		return error;
	}
	*out = child;
	return 0;
}
