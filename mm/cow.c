/* Private memory: zero-fill and copy on write.
 *
 * A private page lives in page-table entries alone, counted by its frame. A store to a read-only one
 * copies exactly one page, or none when the storing process is the last holder: then refs is 1 and
 * there is nobody to take a reference behind our back (fork takes them under this space's lock), so
 * the frame is taken over where it is. A pinned frame is never taken over and never shared.
 *
 * Breaking a sharing is clear, fence, enter: while any hart still had the old translation and
 * another the new one, two threads of one process would see two pages at one address.
 *
 * The entry of a private mapping of a file may name the file's own frame; the reverse map can take
 * it away at any time (eviction, truncation) under the table lock alone. So after copying without
 * that lock the entry is looked at again, and if it changed, the fault is simply taken again.
 */
#include <mm/fault.h>
#include <mm/hart.h>
#include <mm/reclaim.h>
#include <kernel/trap.h>

static pte_t entry_read(struct aspace *a, vaddr_t va)
{
	pte_t *table = arch_table_find(&a->arch, va);

	return table ? arch_pte_read(&table[arch_table_index(va)]) : 0;
}

/* Enters a fresh private frame (its one reference becomes the entry's) where there is nothing. */
static int enter_fresh(struct aspace *a, struct region *r, vaddr_t va, pfn_t pfn)
{
	struct frame *f = frame_of(pfn), *table;

	spin_lock(&a->table_lock);
	pte_t *entry = table_entry_locked(a, va, &table);
	bool entered = entry && !arch_pte_read(entry);

	if (entered)
		entry_install(a, table, entry, f, r->prot);
	spin_unlock(&a->table_lock);
	arch_fence_local(a->arch.asid, va, 1);
	if (!entered)
		frame_put(f);
	return entry ? 0 : -ENOMEM;
}

/* Out of memory where it was not promised (NORESERVE) is the thread's own risk. */
static int no_frame(struct region *r, int *signal, int *code)
{
	if (r->flags & REGION_CHARGED)
		return -ENOMEM;
	*signal = QSIGBUS;
	*code = QUIRE_BUS_ADRERR;
	return -EFAULT;
}

/* A frame for a private page. In a mapping that was charged it is paid for; a NORESERVE one pays page by
 * page as it is touched, so that it can't take what was promised to others. Stacks are small and come
 * out of the kernel's share: a thread must not die of its next call. */
static pfn_t private_frame(const struct region *r, bool zeroed)
{
	u32 paid = r->flags & (REGION_CHARGED | QUIRE_MAP_STACK);
	bool pays = (r->flags & QUIRE_MAP_NORESERVE) && !paid;

	if (pays && commit_charge(1))
		return PFN_NONE;
	pfn_t pfn = zeroed ? frame_alloc_zeroed(FRAME_PRIVATE) : frame_alloc(FRAME_PRIVATE);

	if (pfn)
		frame_of(pfn)->hole = pays;
	else if (pays)
		commit_uncharge(1);
	return pfn;
}

static int zero_fill(struct aspace *a, struct region *r, vaddr_t va, int *signal, int *code)
{
	pfn_t pfn = private_frame(r, true);

	if (!pfn)
		return no_frame(r, signal, code);
	mm_this_hart()->stats.zero_fills++;
	fault_count(a, QUIRE_FAULT_ANON, va);
	return enter_fresh(a, r, va, pfn);
}

/* A load of private memory never stored to: everyone shares one frame of zeros. */
static int map_zeros(struct aspace *a, struct region *r, vaddr_t va)
{
	struct frame *f = frame_of(zero_frame), *table;

	spin_lock(&a->table_lock);
	pte_t *entry = table_entry_locked(a, va, &table);

	if (entry && !arch_pte_read(entry)) {
		frame_get(f);
		entry_install(a, table, entry, f, r->prot & ~(u32)QUIRE_PROT_WRITE);
	}
	spin_unlock(&a->table_lock);
	arch_fence_local(a->arch.asid, va, 1);
	fault_count(a, QUIRE_FAULT_ANON, va);
	return entry ? 0 : -ENOMEM;
}

/* The last holder of a private frame stores to it. The entry is looked at again under the lock, and the frame only
 * then: a truncation may have taken both away. True: done, or to be faulted again. */
static bool take_over(struct aspace *a, struct region *r, vaddr_t va, pte_t e, struct frame *f)
{
	spin_lock(&a->table_lock);
	pte_t *entry = &arch_table_find(&a->arch, va)[arch_table_index(va)];
	bool same = arch_pte_read(entry) == e;
	bool last = same && f->kind == FRAME_PRIVATE &&
		    __atomic_load_n(&f->refs, __ATOMIC_ACQUIRE) == 1;

	if (last)
		arch_pte_write(entry, arch_pte_make(arch_pte_pfn(e), r->prot));
	spin_unlock(&a->table_lock);
	if (!last)
		return !same;
	arch_fence_local(a->arch.asid, va, 1);
	a->cow_reuses++;
	mm_this_hart()->stats.cow_reuses++;
	fault_count(a, QUIRE_FAULT_COW, va);
	return true;
}

static int copy_page(
	struct aspace *a, struct region *r, vaddr_t va, pte_t e, int *signal, int *code)
{
	bool zeros = arch_pte_pfn(e) == zero_frame;
	pfn_t pfn = private_frame(r, zeros);

	if (!pfn)
		return no_frame(r, signal, code);
	struct frame *old = frame_of(arch_pte_pfn(e)), *new = frame_of(pfn);
	struct gather g;

	spin_lock(&a->table_lock);
	pte_t *table = arch_table_find(&a->arch, va);
	pte_t *entry = table ? &table[arch_table_index(va)] : NULL;

	if (!entry || arch_pte_read(entry) != e) {
		spin_unlock(&a->table_lock);
		frame_put(new);
		return 0; /* evicted or truncated meanwhile: fault again */
	}
	frame_get(old); /* ours while we copy with no lock */
	spin_unlock(&a->table_lock);
	if (!zeros)
		arch_page_copy(frame_address(pfn), frame_address(arch_pte_pfn(e)));

	gather_start(&g, a);
	spin_lock(&a->table_lock);
	table = arch_table_find(&a->arch, va);
	entry = table ? &table[arch_table_index(va)] : NULL;
	if (!entry || arch_pte_read(entry) != e) {
		spin_unlock(&a->table_lock);
		frame_put(old);
		frame_put(new);
		return 0;
	}
	arch_pte_exchange(entry, 0);
	gather_page(&g, va);
	gather_fence_locked(&g);
	__atomic_fetch_add(&new->mapcount, 1, __ATOMIC_RELAXED);
	arch_pte_write(entry, arch_pte_make(pfn, r->prot));
	spin_unlock(&a->table_lock);
	__atomic_fetch_sub(&old->mapcount, 1, __ATOMIC_RELAXED);
	frame_put(old); /* the entry's */
	frame_put(old); /* ours */
	r->wrote = true;
	a->cow_copies++;
	mm_this_hart()->stats.cow_copies++;
	fault_count(a, QUIRE_FAULT_COW, va);
	return 0;
}

/* A store to an untouched page of a private file mapping: copied without entering the file's own. */
static int copy_from_object(struct aspace *a, struct region *r, vaddr_t va, int *signal, int *code)
{
	struct memory_object *o = r->object;
	struct frame *f;

	spin_lock(&o->lock);
	u32 seq = o->inval_seq;
	int error = object_page_locked(o, region_page(r, va), WANT_READ, QUIRE_RUN_MAX / 4, &f);

	if (!error)
		frame_get(f);
	spin_unlock(&o->lock);
	if (error) {
		if (error == -EBLOCKED) {
			fault_count(a, QUIRE_FAULT_FETCH, va);
			a->fetches++;
		}
		return object_error(error, signal, code);
	}
	pfn_t pfn = private_frame(r, false);

	if (!pfn) {
		frame_put(f);
		return no_frame(r, signal, code);
	}
	arch_page_copy(frame_address(pfn), frame_address(frame_number(f)));
	frame_put(f);
	/* A truncation drops private copies as well, but only those that it finds: if one came while we
	 * copied, the page may lie beyond the end by now, and is faulted again. */
	spin_lock(&o->lock);
	if (o->inval_seq != seq) {
		spin_unlock(&o->lock);
		frame_put(frame_of(pfn));
		return 0;
	}
	r->wrote = true;
	error = enter_fresh(a, r, va, pfn);
	spin_unlock(&o->lock);
	a->cow_copies++;
	mm_this_hart()->stats.cow_copies++;
	fault_count(a, QUIRE_FAULT_COW, va);
	return error;
}

/* The evictor clears the bit; a machine that leaves setting it to us faults then. */
static void set_accessed(struct aspace *a, vaddr_t va, pte_t e)
{
	spin_lock(&a->table_lock);
	pte_t *entry = &arch_table_find(&a->arch, va)[arch_table_index(va)];

	if (arch_pte_read(entry) == e)
		arch_pte_write(entry, arch_pte_make(arch_pte_pfn(e), arch_pte_prot(e)));
	spin_unlock(&a->table_lock);
}

int fault_private(struct aspace *a, struct region *r, vaddr_t va, enum fault_access access,
	int *signal, int *code)
{
	/* Read without the table lock: only the reverse map changes entries without the space's lock,
	 * and each path below copes with that. */
	pte_t e = entry_read(a, va);
	bool store = access == ACCESS_WRITE;

	if (!e) {
		if (!r->object)
			return store ? zero_fill(a, r, va, signal, code) : map_zeros(a, r, va);
		return store ? copy_from_object(a, r, va, signal, code)
			     : fault_map_object(a, r, va, access, signal, code);
	}
	if (entry_permits(e, access)) {
		set_accessed(a, va, e);
		arch_fence_local(a->arch.asid, va, 1);
		fault_count(a, QUIRE_FAULT_SPURIOUS, va);
		return 0;
	}
	assert(arch_pte_present(e)); /* parked entries are made usable by mprotect */
	if (!store)
		return 0;
	struct frame *f = frame_of(arch_pte_pfn(e));

	if (take_over(a, r, va, e, f))
		return 0;
	return copy_page(a, r, va, e, signal, code);
}
