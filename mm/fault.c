/* The page fault.
 *
 *     find the region, check its protection          else SIGSEGV
 *     entry already good                              spurious: fence here, go on
 *     shared page                                     the object's frame; a store marks it dirty first
 *     private, object's page, load                    the object's frame, read-only
 *     private, store                                  cow.c: take over, or copy, or zero-fill
 *     page not there                                  ask the pager once, wait, fault again from the start
 *
 * Locks: space, then object, then tables; all let go before waiting. The handler runs with interrupts
 * off, touches only kernel memory (which is always mapped), takes no log or console lock, and records
 * itself only in the trace ring: promise P7.
 *
 * Races, and why they are harmless. Two harts, one page: the second finds BUSY, or the entry good.
 * Fault against truncate: the size is looked at under the object's lock, under which truncation sets
 * it first and unmaps after; a private copy, made with no lock, is entered only if none came meanwhile.
 * Fault against munmap or mprotect: the space's lock. Fault against
 * eviction: the object's lock is held from finding the frame to entering it. A thread that waited
 * holds nothing and trusts nothing that it saw.
 */
#include <mm/fault.h>
#include <mm/hart.h>
#include <mm/reclaim.h>
#include <mm/trace.h>
#include <kernel/trap.h>

#define AROUND_PAGES 16 /* resident neighbours mapped along with a page that was read */

u32 fault_around_pages = AROUND_PAGES;

void fault_count(struct aspace *a, enum quire_fault_kind kind, vaddr_t va)
{
	mm_this_hart()->stats.faults[kind]++;
	a->faults++;
	trace(QUIRE_EV_FAULT, va, kind, 0);
}

static int refuse(int *signal, int *code, int which, int why)
{
	*signal = which;
	*code = why;
	mm_this_hart()->stats.faults[which == QSIGBUS ? QUIRE_FAULT_BUS : QUIRE_FAULT_SEGV]++;
	return -EFAULT;
}

static bool permits(u32 prot, enum fault_access access)
{
	switch (access) {
	case ACCESS_WRITE: return prot & QUIRE_PROT_WRITE;
	case ACCESS_EXEC: return prot & QUIRE_PROT_EXEC;
	case ACCESS_READ: return prot & (QUIRE_PROT_READ | QUIRE_PROT_WRITE);
	}
	return false;
}

bool entry_permits(pte_t e, enum fault_access access)
{
	return arch_pte_present(e) && permits(arch_pte_prot(e), access);
}

/* How many pages to fetch on a miss: by advice, and more when the misses come in sequence. */
static u32 read_ahead(struct region *r, u64 index)
{
	u32 window = r->advice == QUIRE_MADV_RANDOM ? 1
		     : r->advice == QUIRE_MADV_SEQUENTIAL || (u32)index == r->next_expected
			     ? QUIRE_RUN_MAX
			     : QUIRE_RUN_MAX / 4;

	r->next_expected = (u32)index + window;
	return window;
}

/* Maps resident neighbours of a page that was read, within the region, the table and the window. */
static void map_around_locked(
	struct aspace *a, struct region *r, vaddr_t va, pte_t *entry, struct frame *table, u32 prot)
{
	struct memory_object *o = r->object;
	u32 window = fault_around_pages << PAGE_SHIFT;

	if (window <= PAGE_SIZE || r->advice == QUIRE_MADV_RANDOM)
		return;
	vaddr_t start = max_of(va & ~(window - 1), r->start);
	vaddr_t end = min_of((va & ~(window - 1)) + window, r->end);
	u64 index = region_page(r, start), limit = pages_of(o->size);
	bool writable = region_is_shared(r) && (prot & QUIRE_PROT_WRITE);

	entry -= (va - start) >> PAGE_SHIFT;
	for (; start < end && index < limit; start += PAGE_SIZE, index++, entry++) {
		if (arch_pte_read(entry))
			continue;
		uintptr_t *word = radix_find(&o->slots, index);

		if (!word || slot_tag(*word) != SLOT_FRAME)
			continue;
		struct frame *f = slot_frame(*word);
		bool grant = writable && (!o->ops->tracks_dirty || f->state == PAGE_DIRTY);

		frame_get(f);
		entry_install(a, table, entry, f, grant ? prot : prot & ~(u32)QUIRE_PROT_WRITE);
	}
}

/* What a pager's or object's refusal means to the thread that touched the page. */
int object_error(int error, int *signal, int *code)
{
	switch (error) {
	case -EBLOCKED: return -EBLOCKED;
	case -ENOMEM: return -ENOMEM;
	case -ERANGE: return refuse(signal, code, QSIGBUS, QUIRE_BUS_ADRERR);
	default: return refuse(signal, code, QSIGBUS, QUIRE_BUS_OBJERR);
	}
}

static int device_fault(struct aspace *a, struct region *r, vaddr_t va, int *signal, int *code)
{
	u64 index = region_page(r, va);
	struct frame *table;

	if (index >= pages_of(r->object->size))
		return refuse(signal, code, QSIGBUS, QUIRE_BUS_ADRERR);
	spin_lock(&a->table_lock);
	pte_t *entry = table_entry_locked(a, va, &table);

	if (entry && !arch_pte_read(entry)) {
		arch_pte_write(entry, arch_pte_make(r->object->phys_first + (pfn_t)index, r->prot));
		table_entry_added(table, arch_table_index(va));
		a->resident++;
	}
	spin_unlock(&a->table_lock);
	arch_fence_local(a->arch.asid, va, 1);
	return entry ? 0 : -ENOMEM;
}

/* Enters the object's frame at va: shared, or private and only for reading. */
int fault_map_object(struct aspace *a, struct region *r, vaddr_t va, enum fault_access access,
	int *signal, int *code)
{
	struct memory_object *o = r->object;
	bool store = access == ACCESS_WRITE;
	u64 index = region_page(r, va);
	u32 prot = r->prot;
	struct frame *f, *table;

	spin_lock(&o->lock);
	uintptr_t *word = radix_find(&o->slots, index);
	u32 ahead = word && slot_tag(*word) == SLOT_FRAME ? 1 : read_ahead(r, index);
	int error = object_page_locked(o, index, store ? WANT_STORE : WANT_READ, ahead, &f);

	if (error) {
		spin_unlock(&o->lock);
		if (error == -EBLOCKED) {
			fault_count(a, QUIRE_FAULT_FETCH, va);
			a->fetches++;
		}
		return object_error(error, signal, code);
	}
	if (!region_is_shared(r) || (o->ops->tracks_dirty && f->state != PAGE_DIRTY))
		prot &= ~(u32)QUIRE_PROT_WRITE;
	spin_lock(&a->table_lock);
	pte_t *entry = table_entry_locked(a, va, &table);

	if (entry) {
		pte_t e = arch_pte_read(entry);

		if (!e) {
			frame_get(f);
			entry_install(a, table, entry, f, prot);
			if (!store)
				map_around_locked(a, r, va, entry, table, r->prot);
		} else if (arch_pte_pfn(e) == frame_number(f)) {
			/* only widens */
			arch_pte_write(entry, arch_pte_make(frame_number(f), prot));
		}
	}
	spin_unlock(&a->table_lock);
	spin_unlock(&o->lock);
	arch_fence_local(a->arch.asid, va, 1);
	if (!entry)
		return -ENOMEM;
	fault_count(a, store ? QUIRE_FAULT_FILE_WRITE : QUIRE_FAULT_FILE_READ, va);
	return 0;
}

int aspace_fault(struct aspace *a, vaddr_t va, enum fault_access access, int *signal, int *code)
{
	int error = reclaim_ensure(QUIRE_RUN_MAX + 4);

	if (error)
		return error;
	va &= ~PAGE_MASK;
	spin_lock(&a->lock);
	struct region *r = region_find_locked(a, va);

	if (!r) {
		error = refuse(signal, code, QSIGSEGV, QUIRE_SEGV_MAPERR);
	} else if (!permits(r->prot, access)) {
		error = refuse(signal, code, QSIGSEGV, QUIRE_SEGV_ACCERR);
	} else if (!region_is_shared(r)) {
		error = fault_private(a, r, va, access, signal, code);
	} else if (unlikely(r->object->ops->device)) {
		error = device_fault(a, r, va, signal, code);
	} else {
		if (access == ACCESS_WRITE && r->object->ops->tracks_dirty)
			error = reclaim_throttle_dirty();
		if (!error)
			error = fault_map_object(a, r, va, access, signal, code);
	}
	/* Not only for a fetch: what a load or a store enters may be fetched from without another fault. */
	if (!error && (r->prot & QUIRE_PROT_EXEC))
		shootdown_icache(a);
	if (a->resident > a->max_resident)
		a->max_resident = a->resident;
	spin_unlock(&a->lock);
	return error;
}
