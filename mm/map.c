/* mmap, munmap, mprotect: regions and what is mapped of them.
 *
 * Decode, then perform: ranges, rights, commit and the region structures that a cut may need are all
 * got first; after that nothing can fail. A mapping that replaces another (FIXED) unmaps the old one
 * and enters the new in one hold of the space's lock: a thread that touches the range meanwhile
 * faults, waits for the lock, and finds the new one. Never a hole.
 */
#include <mm/region.h>
#include <mm/reclaim.h>
#include <mm/shootdown.h>

#define STEP_PAGES 1024 /* resident pages that one munmap step clears */

static bool range_ok(vaddr_t addr, u32 len)
{
	return !(addr & PAGE_MASK) && len && len <= QUIRE_USER_MAX && addr >= QUIRE_USER_MIN &&
	       addr <= QUIRE_USER_MAX - len;
}

static u32 round_up(u32 len)
{
	return (len + PAGE_MASK) & ~PAGE_MASK;
}

/* Undoes what the regions of [start, end) were charged, in pages. */
static u32 charge_of_range_locked(struct aspace *a, vaddr_t start, vaddr_t end)
{
	u32 pages = 0;

	for (struct region *r = region_at_or_after_locked(a, start); r && r->start < end;
		r = region_next_locked(a, r))
		if (r->flags & REGION_CHARGED)
			pages += (min_of(r->end, end) - max_of(r->start, start)) >> PAGE_SHIFT;
	return pages;
}

void aspace_clear_range_locked(struct aspace *a, vaddr_t *va, vaddr_t end, u32 budget)
{
	vaddr_t start = *va, trimmed = start;
	u32 cleared = 0;
	struct gather g;

	/* Tables go along with what was the last in them: they are no longer charged for after this. */
	while (trimmed < *va || (*va < end && cleared < budget)) {
		gather_start(&g, a);
		spin_lock(&a->table_lock);
		if (trimmed == *va)
			table_clear_locked(a, va, end, &g);
		cleared += g.count;
		table_trim_locked(a, &trimmed, start, *va, &g);
		gather_fence_locked(&g);
		spin_unlock(&a->table_lock);
		gather_release(&g);
	}
	/* The regions last: until the fence the reverse map had to find these translations. */
	u32 refund = charge_of_range_locked(a, start, *va);
	u32 tables = 0;
	struct region *r;

	while ((r = region_at_or_after_locked(a, start)) && r->start < *va) {
		vaddr_t from = r->start, to = min_of(r->end, *va);

		region_shrink_locked(a, r, from, to);
		tables += region_table_charge_locked(a, from, to);
	}
	a->commit -= refund + tables;
	commit_uncharge(refund + tables);
}

int aspace_unmap(struct aspace *a, vaddr_t *addr, u32 *len)
{
	struct region *spare[2] = {NULL, NULL};

	if (*len > QUIRE_USER_MAX)
		return -EINVAL;
	*len = round_up(*len);
	if (!range_ok(*addr, *len))
		return -EINVAL;
	vaddr_t va = *addr, end = va + *len;
	int error = 0;

	spin_lock(&a->lock);
	struct region *first = region_find_locked(a, va);
	struct region *last = region_find_locked(a, end - 1);

	if ((first && first->start < va && !(spare[0] = region_alloc())) ||
		(last && last->end > end && !(spare[1] = region_alloc()))) {
		error = -ENOMEM;
		goto out;
	}
	region_carve_locked(a, va, end, spare);
	aspace_clear_range_locked(a, &va, end, STEP_PAGES);
	if (va < end) {
		*addr = va;
		*len = end - va;
		error = -EAGAIN_STEP;
	}
out:
	spin_unlock(&a->lock);
	region_discard(spare[0]);
	region_discard(spare[1]);
	reclaim_wake();
	return error;
}

static int map_check(const struct map_request *m, u32 len)
{
	u32 sharing = m->flags & (QUIRE_MAP_SHARED | QUIRE_MAP_PRIVATE);

	if (len == 0 || (sharing != QUIRE_MAP_SHARED && sharing != QUIRE_MAP_PRIVATE))
		return -EINVAL;
	if (m->prot & ~(u32)(QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_PROT_EXEC))
		return -EINVAL;
	if (sharing == QUIRE_MAP_SHARED && !m->object)
		return -EINVAL;
	if (m->prot & ~m->max_prot)
		return -EACCES;
	if (m->object && m->page_offset + (len >> PAGE_SHIFT) > (u64)1 << 32)
		return -EOVERFLOW;
	if (m->object && m->object->ops->device &&
		(sharing == QUIRE_MAP_PRIVATE || (m->prot & QUIRE_PROT_EXEC)))
		return -EACCES;
	if ((m->flags & QUIRE_MAP_FIXED) && !range_ok(m->addr, len))
		return (m->addr & PAGE_MASK) ? -EINVAL : -ENOMEM;
	return 0;
}

int aspace_map(struct aspace *a, const struct map_request *m, vaddr_t *addr)
{
	u32 len = round_up(m->len);
	struct region *spare[2] = {NULL, NULL};
	int error = m->len > QUIRE_USER_MAX ? -ENOMEM : map_check(m, len);
	struct region *r = error ? NULL : region_alloc();

	if (error)
		return error;
	spare[0] = region_alloc();
	spare[1] = m->flags & QUIRE_MAP_FIXED ? region_alloc() : NULL;
	if (!r || !spare[0] || ((m->flags & QUIRE_MAP_FIXED) && !spare[1])) {
		error = -ENOMEM;
		goto discard;
	}
	spin_lock(&a->lock);
	vaddr_t va = m->addr;
	bool replace = false;

	if (m->flags & QUIRE_MAP_FIXED) {
		struct region *old = region_at_or_after_locked(a, va);

		replace = old && old->start < va + len;
		if (replace && (m->flags & QUIRE_MAP_NOREPLACE))
			error = -EEXIST;
	} else {
		va = region_gap_locked(a, m->addr & ~PAGE_MASK, len);
		if (!va)
			error = -ENOMEM;
	}
	u32 locked = m->flags & QUIRE_MAP_LOCKED || a->lock_future ? QUIRE_MAP_LOCKED : 0;
	bool charged = region_wants_charge(m->prot, m->flags) ||
		       (locked && lock_wants_charge(m->object, 0));
	u32 charge = 0;

	if (!error) {
		/* What a replaced range gives back is not counted on: charged in full, refunded after. */
		charge = (charged ? len >> PAGE_SHIFT : 0) +
			 (replace ? ((va + len - 1) / ARCH_TABLE_SPAN - va / ARCH_TABLE_SPAN + 1)
				  : region_table_charge_locked(a, va, va + len));
		if (!m->kernel)
			error = region_limits_locked(a, va, va + len, charge);
		if (!error)
			error = commit_charge(charge);
	}
	if (error)
		goto out;
	/* From here on nothing fails. */
	u32 tables = charge - (charged ? len >> PAGE_SHIFT : 0);

	if (replace) {
		vaddr_t from = va;

		region_carve_locked(a, va, va + len, spare);
		while (from < va + len)
			aspace_clear_range_locked(a, &from, va + len, ~0u);
		u32 needed = region_table_charge_locked(a, va, va + len);

		commit_uncharge(tables - needed);
		charge -= tables - needed;
	}
	a->commit += charge;
	r->start = va;
	r->end = va + len;
	r->object = m->object;
	r->page_offset = m->page_offset;
	r->prot = (u8)prot_readable(m->prot);
	r->max_prot = (u8)prot_readable(m->max_prot);
	r->flags = (u16)((m->flags & (QUIRE_MAP_SHARED | QUIRE_MAP_PRIVATE | QUIRE_MAP_ANON |
					     QUIRE_MAP_NORESERVE | QUIRE_MAP_STACK)) |
			 locked | (charged ? REGION_CHARGED : 0) | (m->kernel ? REGION_KERNEL : 0));
	if (m->object && m->object->ops->device)
		a->has_device = true;
	/* A new mapping finds zeros behind the end, whatever another has stored there. */
	if (m->object && (m->object->size & PAGE_MASK)) {
		spin_lock(&m->object->lock);
		object_zero_tail_locked(m->object);
		spin_unlock(&m->object->lock);
	}
	region_insert_locked(a, r);
	region_merge_locked(a, r);
	r = NULL;
	if (!m->kernel && va < a->hint && !(m->flags & QUIRE_MAP_FIXED))
		a->hint = va > QUIRE_USER_MIN + (64u << 20) ? ASPACE_USER_TOP : va;
	*addr = va;
out:
	spin_unlock(&a->lock);
discard:
	region_discard(r);
	region_discard(spare[0]);
	region_discard(spare[1]);
	return error;
}

/* --- protection --- */

/* The entry that an existing translation may become under the region's new protection. */
static pte_t entry_for(const struct region *r, pte_t old, u32 prot)
{
	pfn_t pfn = arch_pte_pfn(old);
	struct frame *f = r->space->has_device && !frame_is_ram(pfn) ? NULL : frame_of(pfn);
	bool may_write = prot & QUIRE_PROT_WRITE;

	if (!f)
		return arch_pte_make(pfn, prot);
	if (region_is_shared(r)) {
		/* Clean pages get their write permission when a store has marked them dirty. */
		may_write = may_write && (!r->object->ops->tracks_dirty || f->state == PAGE_DIRTY);
	} else {
		may_write = may_write && f->kind == FRAME_PRIVATE && !f->pins &&
			    __atomic_load_n(&f->refs, __ATOMIC_ACQUIRE) == 1;
		if (prot == QUIRE_PROT_NONE && f->kind == FRAME_PRIVATE)
			return arch_pte_park(pfn);
	}
	return arch_pte_make(pfn, may_write ? prot : prot & ~(u32)QUIRE_PROT_WRITE);
}

/* Is some access that the old entry allowed not allowed by the new? Then it must be shot down. */
static bool narrows(pte_t old, pte_t new)
{
	return arch_pte_present(old) &&
	       (!arch_pte_present(new) || (arch_pte_prot(old) & ~arch_pte_prot(new)) ||
		       (arch_pte_writable(old) && !arch_pte_writable(new)));
}

/* Read-only protection of any kind asks nothing of the frames: the entries of [entry, entry + count)
 * lose what they have too much. This is the loop that garbage collectors and loaders live in. */
static void make_readonly(pte_t *entry, u32 count, vaddr_t va, u32 prot, struct gather *g)
{
	for (; count; count--, entry++, va += PAGE_SIZE) {
		pte_t old = arch_pte_read(entry);

		if (!old)
			continue;
		pte_t new = arch_pte_make(arch_pte_pfn(old), prot);

		if (new == old)
			continue;
		arch_pte_write(entry, new);
		if (narrows(old, new))
			gather_page(g, va);
	}
}

/* A shared mapping may be stored to again: at once where the page is dirty (or has no pager), at the
 * first store, which marks it dirty, where it is clean. Only widens. */
static void make_shared_writable(pte_t *entry, u32 count, bool tracks_dirty, u32 prot)
{
	for (; count; count--, entry++) {
		pte_t old = arch_pte_read(entry);

		if (!old)
			continue;
		pfn_t pfn = arch_pte_pfn(old);

		if (!tracks_dirty || frame_of(pfn)->state == PAGE_DIRTY)
			arch_pte_write(entry, arch_pte_make(pfn, prot));
	}
}

/* One region, whole. The object's lock keeps pages from changing between clean and dirty. */
static void protect_region_locked(struct aspace *a, struct region *r, u32 prot, struct gather *g)
{
	struct memory_object *o = region_is_shared(r) ? r->object : NULL;

	if (o)
		spin_lock(&o->lock);
	u32 before = r->prot;

	r->prot = (u8)prot;
	spin_lock(&a->table_lock);
	for (vaddr_t va = r->start; va < r->end;) {
		pte_t *entries = arch_table_find(&a->arch, va);
		vaddr_t span_end = (va & ~(ARCH_TABLE_SPAN - 1)) + ARCH_TABLE_SPAN;
		vaddr_t stop = min_of(r->end - 1, span_end - 1) + 1;

		if (!entries || frame_of(arch_address_frame(entries))->index == 0) {
			va = stop;
			continue;
		}
		if (prot != QUIRE_PROT_NONE && !(prot & QUIRE_PROT_WRITE)) {
			make_readonly(&entries[arch_table_index(va)], (stop - va) >> PAGE_SHIFT, va,
				prot, g);
			va = stop;
			continue;
		}
		if (o && !o->ops->device && !(before & ~prot)) {
			make_shared_writable(&entries[arch_table_index(va)],
				(stop - va) >> PAGE_SHIFT, o->ops->tracks_dirty, prot);
			va = stop;
			continue;
		}
		for (u32 at = arch_table_index(va); va < stop; va += PAGE_SIZE, at++) {
			pte_t old = arch_pte_read(&entries[at]);

			if (!old)
				continue;
			pte_t new = entry_for(r, old, prot);

			if (new == old)
				continue;
			if (!new) {
				/* Not private, under PROT_NONE: a fault will find it again. */
				bool device = a->has_device && !frame_is_ram(arch_pte_pfn(old));

				if (gather_full(g)) {
					gather_fence_locked(g);
					for (u32 i = 0; i < g->count; i++)
						frame_put(g->frames[i]);
					g->count = 0;
				}
				arch_pte_exchange(&entries[at], 0);
				frame_of(arch_address_frame(entries))->index--;
				a->resident--;
				gather_page(g, va);
				if (!device) {
					struct frame *f = frame_of(arch_pte_pfn(old));

					__atomic_fetch_sub(&f->mapcount, 1, __ATOMIC_RELAXED);
					g->frames[g->count++] = f;
				}
				continue;
			}
			arch_pte_write(&entries[at], new);
			if (narrows(old, new))
				gather_page(g, va);
		}
	}
	gather_fence_locked(g);
	spin_unlock(&a->table_lock);
	if (o)
		spin_unlock(&o->lock);
	gather_release(g);
}

static int protect_check_locked(struct aspace *a, vaddr_t start, vaddr_t end, u32 prot, u32 *charge)
{
	vaddr_t va = start;

	*charge = 0;
	for (struct region *r = region_at_or_after_locked(a, start); va < end;
		r = region_next_locked(a, r)) {
		if (!r || r->start > va)
			return -ENOMEM; /* a hole */
		if (prot & ~(u32)r->max_prot)
			return -EACCES;
		va = min_of(r->end, end);
		if (region_wants_charge(prot, r->flags) && !(r->flags & REGION_CHARGED))
			*charge += (va - max_of(r->start, start)) >> PAGE_SHIFT;
	}
	return 0;
}

int aspace_protect(struct aspace *a, vaddr_t *addr, u32 *len, u32 prot)
{
	struct region *spare[2] = {NULL, NULL};
	struct gather g;
	u32 charge = 0;

	if ((*addr & PAGE_MASK) ||
		(prot & ~(u32)(QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_PROT_EXEC)))
		return -EINVAL;
	if (*len == 0)
		return 0;
	if (*len > QUIRE_USER_MAX || !range_ok(*addr, round_up(*len)))
		return -ENOMEM;
	prot = prot_readable(prot);
	vaddr_t start = *addr, end = start + round_up(*len);

	spin_lock(&a->lock);
	int error = protect_check_locked(a, start, end, prot, &charge);
	struct region *first = region_find_locked(a, start), *last = region_find_locked(a, end - 1);

	if (!error && ((first && first->start < start && !(spare[0] = region_alloc())) ||
			      (last && last->end > end && !(spare[1] = region_alloc()))))
		error = -ENOMEM;
	if (!error && charge)
		error = region_limits_locked(a, start, end, charge);
	if (!error)
		error = commit_charge(charge);
	if (error)
		goto out;
	a->commit += charge;
	region_carve_locked(a, start, end, spare);
	bool executable = false;

	gather_start(&g, a);
	for (struct region *r = region_at_or_after_locked(a, start); r && r->start < end;) {
		vaddr_t next = r->end;

		executable |= (prot & QUIRE_PROT_EXEC) && !(r->prot & QUIRE_PROT_EXEC);
		if (region_wants_charge(prot, r->flags))
			r->flags |= REGION_CHARGED;
		if (r->prot != prot)
			protect_region_locked(a, r, prot, &g);
		region_merge_locked(a, r);
		r = region_at_or_after_locked(a, next);
	}
	if (executable)
		shootdown_icache(a);
out:
	spin_unlock(&a->lock);
	region_discard(spare[0]);
	region_discard(spare[1]);
	return error;
}
