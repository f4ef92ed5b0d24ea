/* The calls that look at mappings or hint about them: msync, madvise, mincore, mlock, mremap. */
#include <mm/fault.h>
#include <mm/reclaim.h>
#include <kernel/trap.h>

static int range_end(vaddr_t addr, u32 len, vaddr_t *end)
{
	u32 rounded = (len + PAGE_MASK) & ~PAGE_MASK;

	if (addr & PAGE_MASK)
		return -EINVAL;
	if (len > QUIRE_USER_MAX || addr > QUIRE_USER_MAX - rounded)
		return -ENOMEM;
	*end = addr + rounded;
	return 0;
}

static bool covered_locked(struct aspace *a, vaddr_t start, vaddr_t end)
{
	struct region *r = region_find_locked(a, start);

	for (vaddr_t va = start; va < end; r = region_next_locked(a, r)) {
		if (!r || r->start > va)
			return false;
		va = r->end;
	}
	return true;
}

/* One region after another; *state is the request that is being waited for. */
int aspace_sync(struct aspace *a, vaddr_t *addr, u32 *len, u32 flags, u32 *state)
{
	vaddr_t end;
	int error = range_end(*addr, *len, &end);

	if (error)
		return error;
	while (*addr < end) {
		spin_lock(&a->lock);
		if (*state == 0 && !covered_locked(a, *addr, end)) {
			spin_unlock(&a->lock);
			return -ENOMEM;
		}
		struct region *r = region_find_locked(a, *addr);
		struct memory_object *o = r && region_is_shared(r) ? r->object : NULL;
		vaddr_t stop = r ? min_of(r->end, end) : end;
		u64 first = r ? region_page(r, *addr) : 0;

		if ((flags & QUIRE_MS_INVALIDATE) && r && (r->flags & QUIRE_MAP_LOCKED)) {
			spin_unlock(&a->lock);
			return -EBUSY;
		}
		if (o)
			object_get(o);
		spin_unlock(&a->lock);
		if (o) {
			error = 0;
			if (flags & QUIRE_MS_SYNC)
				error = object_sync(
					o, first, (stop - *addr) >> PAGE_SHIFT, 0, state);
			object_put(o);
			if (error)
				return error;
		} else {
			*state = 0;
		}
		*len -= min_of(*len, stop - *addr);
		*addr = stop;
	}
	return 0;
}

/* A hint: takes no frame that others may need, and no more than a hold of the locks has time for. */
#define PREFETCH_MAX 1024 /* pages of a region */

static void prefetch(struct region *r, vaddr_t start, vaddr_t end)
{
	struct memory_object *o = r->object;

	if (!o || o->ops != &paged_ops)
		return;
	spin_lock(&o->lock);
	u64 first = region_page(r, start);
	u32 pages = min_of((end - start) >> PAGE_SHIFT, (u32)PREFETCH_MAX);
	u64 last = min_of(first + pages, pages_of(o->size));

	for (u64 i = first; i < last && reclaim_plenty(QUIRE_RUN_MAX); i++) {
		uintptr_t *word = radix_find(&o->slots, i);

		if (word && *word)
			continue;
		if (request_fetch_locked(
			    o, i, WANT_READ, (u32)min_of(last - i, (u64)QUIRE_RUN_MAX), false))
			break;
	}
	spin_unlock(&o->lock);
}

#define DISCARD_BATCHES 16 /* of up to GATHER_MAX pages in one step */

/* DONTNEED: private copies and anonymous pages are gone (zeros or the file again at the next touch);
 * shared pages are only unmapped here, they stay in their object. */
static void discard_pages_locked(struct aspace *a, vaddr_t *va, vaddr_t end)
{
	struct gather g;

	for (u32 n = 0; *va < end && n < DISCARD_BATCHES; n++) {
		gather_start(&g, a);
		spin_lock(&a->table_lock);
		table_clear_locked(a, va, end, &g);
		gather_fence_locked(&g);
		spin_unlock(&a->table_lock);
		gather_release(&g);
	}
}

int aspace_advise(struct aspace *a, vaddr_t *addr, u32 *len, u32 advice)
{
	struct region *spare[2] = {region_alloc(), region_alloc()};
	vaddr_t end;
	int error = advice > QUIRE_MADV_DONTNEED ? -EINVAL : range_end(*addr, *len, &end);

	if (!error && (!spare[0] || !spare[1]))
		error = -ENOMEM;
	if (error || !*len)
		goto out;
	spin_lock(&a->lock);
	if (!covered_locked(a, *addr, end)) {
		error = -ENOMEM;
	} else if (advice == QUIRE_MADV_DONTNEED) {
		for (struct region *r = region_find_locked(a, *addr); r && r->start < end && !error;
			r = region_next_locked(a, r))
			if (r->flags & QUIRE_MAP_LOCKED)
				error = -EINVAL;
		if (!error) {
			vaddr_t va = *addr;

			discard_pages_locked(a, &va, end);
			if (va < end)
				error = -EAGAIN_STEP;
			*addr = va;
			*len = end - va;
		}
	} else if (advice == QUIRE_MADV_WILLNEED) {
		for (struct region *r = region_find_locked(a, *addr); r && r->start < end;
			r = region_next_locked(a, r))
			prefetch(r, max_of(r->start, *addr), min_of(r->end, end));
	} else {
		region_carve_locked(a, *addr, end, spare);
		for (struct region *r = region_find_locked(a, *addr); r && r->start < end;) {
			vaddr_t next = r->end;

			r->advice = (u8)advice;
			region_merge_locked(a, r);
			r = region_at_or_after_locked(a, next);
		}
	}
	spin_unlock(&a->lock);
out:
	region_discard(spare[0]);
	region_discard(spare[1]);
	return error;
}

int aspace_mincore(struct aspace *a, vaddr_t addr, u32 pages, u8 *vec)
{
	vaddr_t end = addr + (pages << PAGE_SHIFT);

	spin_lock(&a->lock);
	if (!covered_locked(a, addr, end)) {
		spin_unlock(&a->lock);
		return -ENOMEM;
	}
	struct region *r = region_find_locked(a, addr);

	for (u32 i = 0; i < pages; i++, addr += PAGE_SIZE) {
		while (r->end <= addr)
			r = region_next_locked(a, r);
		pte_t *table = arch_table_find(&a->arch, addr);

		vec[i] = table && arch_pte_read(&table[arch_table_index(addr)]);
		if (!vec[i] && r->object && !r->object->ops->device) {
			spin_lock(&r->object->lock);
			uintptr_t *word = radix_find(&r->object->slots, region_page(r, addr));

			vec[i] = word && slot_tag(*word) == SLOT_FRAME;
			spin_unlock(&r->object->lock);
		}
	}
	spin_unlock(&a->lock);
	return 0;
}

/* Touches the pages of a region that is locked; stops where the thread has to wait. */
static int populate(struct aspace *a, vaddr_t *addr, vaddr_t end)
{
	while (*addr < end) {
		spin_lock(&a->lock);
		struct region *r = region_find_locked(a, *addr);
		u32 prot = r ? r->prot : 0;
		bool shared = r && region_is_shared(r);
		pte_t *table = arch_table_find(&a->arch, *addr);
		bool present = table && arch_pte_read(&table[arch_table_index(*addr)]);

		spin_unlock(&a->lock);
		if (!r)
			return -ENOMEM;
		if (prot && !present) {
			int signal, code;
			enum fault_access how = (prot & QUIRE_PROT_WRITE) && !shared ? ACCESS_WRITE
						: (prot & (QUIRE_PROT_READ | QUIRE_PROT_WRITE))
							? ACCESS_READ
							: ACCESS_EXEC;
			int error = aspace_fault(a, *addr, how, &signal, &code);

			if (error == -EBLOCKED)
				return error;
			if (error)
				return error == -EFAULT ? -ENOMEM : error;
		}
		*addr += PAGE_SIZE;
	}
	return 0;
}

static int charge_locking_locked(struct aspace *a, vaddr_t start, vaddr_t end)
{
	u32 pages = 0;

	for (struct region *r = region_at_or_after_locked(a, start); r && r->start < end;
		r = region_next_locked(a, r))
		if (lock_wants_charge(r->object, r->flags))
			pages += (min_of(r->end, end) - max_of(r->start, start)) >> PAGE_SHIFT;
	int error = commit_charge(pages);

	if (!error)
		a->commit += pages;
	return error;
}

/* Its pages are charged by now. */
static void set_locked(struct region *r, bool lock)
{
	if (lock)
		r->flags |= QUIRE_MAP_LOCKED |
			    (lock_wants_charge(r->object, r->flags) ? REGION_CHARGED : 0);
	else
		r->flags &= (u16)~QUIRE_MAP_LOCKED;
}

int aspace_lock_range(struct aspace *a, vaddr_t *addr, u32 *len, bool lock)
{
	struct region *spare[2] = {region_alloc(), region_alloc()};
	vaddr_t end, va = *addr;
	int error = range_end(*addr & ~PAGE_MASK, *len + (*addr & PAGE_MASK), &end);

	va &= ~PAGE_MASK;
	if (!error && (!spare[0] || !spare[1]))
		error = -ENOMEM;
	if (!error && *len) {
		spin_lock(&a->lock);
		if (!covered_locked(a, va, end))
			error = -ENOMEM;
		else if (lock)
			error = charge_locking_locked(a, va, end);
		if (!error) {
			region_carve_locked(a, va, end, spare);
			for (struct region *r = region_find_locked(a, va); r && r->start < end;) {
				vaddr_t next = r->end;

				set_locked(r, lock);
				region_merge_locked(a, r);
				r = region_at_or_after_locked(a, next);
			}
		}
		spin_unlock(&a->lock);
	}
	region_discard(spare[0]);
	region_discard(spare[1]);
	return error || !lock ? error : populate(a, &va, end);
}

int aspace_lock_all(struct aspace *a, u32 flags)
{
	if (flags & ~(u32)(QUIRE_MCL_CURRENT | QUIRE_MCL_FUTURE))
		return -EINVAL;
	spin_lock(&a->lock);
	int error = flags & QUIRE_MCL_CURRENT ? charge_locking_locked(a, 0, QUIRE_USER_MAX) : 0;

	if (!error)
		a->lock_future = flags & QUIRE_MCL_FUTURE;
	if (!error && (!flags || (flags & QUIRE_MCL_CURRENT)))
		list_for_each(r, &a->regions, struct region, order)
			set_locked(r, flags != 0);
	spin_unlock(&a->lock);
	if (error)
		return error;
	if (!(flags & QUIRE_MCL_CURRENT))
		return 0;
	/* Region by region; each may have to wait, and the call is made again: what is there is skipped. */
	for (vaddr_t va = 0;;) {
		spin_lock(&a->lock);
		struct region *r = region_at_or_after_locked(a, va);
		vaddr_t start = r ? r->start : 0, end = r ? r->end : 0;
		/* What was never promised is not made either: it would be 8 MiB of stack a process. */
		bool skip = r && ((r->flags & (REGION_KERNEL | QUIRE_MAP_NORESERVE)) ||
					 (r->object && r->object->ops->device));

		spin_unlock(&a->lock);
		if (!r)
			return 0;
		error = skip ? 0 : populate(a, &start, end);
		if (error)
			return error;
		va = end;
	}
}

/* --- mremap --- */

/* Tables for the whole new place, so that nothing can fail once entries begin to move. */
static int make_tables_locked(struct aspace *a, vaddr_t start, u32 len)
{
	struct frame *table;

	for (vaddr_t va = start; va - start < len;) {
		if (!table_entry_locked(a, va, &table))
			return -ENOMEM;
		if ((va | (ARCH_TABLE_SPAN - 1)) == ~0u)
			break;
		va = (va | (ARCH_TABLE_SPAN - 1)) + 1;
	}
	return 0;
}

/* The object's lock is held, if there is one: a walk of the reverse map that came between could have
 * looked at the new place before an entry got there and at the old one after. */
static void move_entries_locked(
	struct aspace *a, vaddr_t from, vaddr_t to, u32 len, struct gather *g)
{
	for (u32 at = 0; at < len; at += PAGE_SIZE) {
		struct frame *table_from, *table_to;
		pte_t *src = arch_table_find(&a->arch, from + at);

		if (!src || !arch_pte_read(&src[arch_table_index(from + at)]))
			continue;
		table_from = frame_of(arch_address_frame(src));
		src += arch_table_index(from + at);
		pte_t *dst = table_entry_locked(a, to + at, &table_to);

		if (arch_pte_read(dst))
			continue; /* touched there already by another thread, which can't have meant it */
		arch_pte_write(dst, arch_pte_exchange(src, 0));
		table_from->index--;
		table_entry_added(table_to, arch_table_index(to + at));
		gather_page(g, from + at);
	}
}

/* May entries at `old` in one region stand at `where` in the other? */
static bool moves_to(const struct region *from, vaddr_t old, const struct region *to, vaddr_t where)
{
	return from->object == to->object && from->prot == to->prot &&
	       !((from->flags ^ to->flags) & (QUIRE_MAP_SHARED | REGION_KERNEL)) &&
	       (!from->object || region_page(from, old) == region_page(to, where));
}

int aspace_remap(struct aspace *a, vaddr_t old, u32 old_len, u32 new_len, u32 flags, vaddr_t *addr)
{
	u32 before = (old_len + PAGE_MASK) & ~PAGE_MASK, after = (new_len + PAGE_MASK) & ~PAGE_MASK;

	if ((old & PAGE_MASK) || !new_len || !old_len || new_len > QUIRE_USER_MAX ||
		old_len > QUIRE_USER_MAX || old > QUIRE_USER_MAX - before ||
		(flags & ~(u32)QUIRE_MREMAP_MAYMOVE))
		return -EINVAL;
	*addr = old;
	spin_lock(&a->lock);
	struct region *r = region_find_locked(a, old);

	/* What grows must be one region; what a shrinking gives up may be anything, as for munmap. */
	if (!r || (after > before && r->end < old + before)) {
		spin_unlock(&a->lock);
		return -EFAULT;
	}
	if (after <= before) {
		vaddr_t tail = old + after;
		u32 len = before - after;
		int error = 0;

		spin_unlock(&a->lock);
		while (len && (error = aspace_unmap(a, &tail, &len)) == -EAGAIN_STEP)
			;
		return error;
	}
	struct map_request m = {.len = after - before,
		.prot = r->prot,
		.max_prot = r->max_prot,
		.flags = (r->flags & (QUIRE_MAP_SHARED | QUIRE_MAP_PRIVATE | QUIRE_MAP_ANON |
					     QUIRE_MAP_NORESERVE | QUIRE_MAP_LOCKED)) |
			 QUIRE_MAP_FIXED | QUIRE_MAP_NOREPLACE,
		.addr = old + before,
		.object = r->object,
		.page_offset = r->object ? region_page(r, old) + (before >> PAGE_SHIFT) : 0};
	bool at_end = r->end == old + before && after <= ASPACE_USER_TOP - old;

	if (m.object)
		object_get(m.object);
	spin_unlock(&a->lock);

	vaddr_t where;
	int error = at_end ? aspace_map(a, &m, &where) : -EEXIST;

	if (error && error != -ENOMEM && (flags & QUIRE_MREMAP_MAYMOVE)) {
		/* A new place for the whole; then the entries move over, fenced, and the old range goes. */
		m.addr = 0;
		m.len = after;
		m.page_offset -= m.object ? before >> PAGE_SHIFT : 0;
		m.flags &= ~(u32)(QUIRE_MAP_FIXED | QUIRE_MAP_NOREPLACE);
		error = reclaim_ensure(before >> 22);
		if (!error)
			error = aspace_map(a, &m, &where);
		if (!error) {
			struct gather g;

			spin_lock(&a->lock);
			struct region *from = region_find_locked(a, old),
				      *to = region_find_locked(a, where);

			/* Another thread may have done what it liked to either place meanwhile. */
			if (!from || !to || from->end < old + before || to->end < where + after ||
				!moves_to(from, old, to, where)) {
				spin_unlock(&a->lock);
				if (m.object)
					object_put(m.object);
				return -EFAULT;
			}
			to->wrote |= from->wrote;
			gather_start(&g, a);
			if (m.object)
				spin_lock(&m.object->lock);
			spin_lock(&a->table_lock);
			error = make_tables_locked(a, where, before);
			if (!error)
				move_entries_locked(a, old, where, before, &g);
			gather_fence_locked(&g);
			spin_unlock(&a->table_lock);
			if (m.object)
				spin_unlock(&m.object->lock);
			spin_unlock(&a->lock);
			int failed = error;
			vaddr_t gone = failed ? where : old;
			u32 gone_len = failed ? after : before;

			*addr = failed ? old : where;
			while ((error = aspace_unmap(a, &gone, &gone_len)) == -EAGAIN_STEP)
				;
			if (failed)
				error = failed;
		}
	} else if (error == -EEXIST) {
		error = -ENOMEM;
	}
	if (m.object)
		object_put(m.object);
	return error;
}
