/* The invariant checker. Every other hart is stopped and holds no lock, so it walks without locks.
 *
 *  1 mapcount is the number of entries that name the frame    10 an entry lies in a region, within its rights
 *  2 refs = slot + entries + pins (+ roots, slabs)            11 a shared entry names its object's slot there
 *  3 a free frame has no references                           12 no slot and no shared entry beyond the size
 *  4 a slot's frame names that slot, and only it              13 BUSY names a live request that covers it
 *  5 no frame in two slots (follows from 4)                   14 dirty and writeback counts match the slots
 *  6 clean or under writeback: no writable entry              15 WRITEBACK implies a token that pins it
 *  7 dirty exactly when writable                              16 a region is on its object's list
 *  8 user rights sane                                         17 tables' counts match their entries
 *  9 a private frame with several holders is read-only        18 live spaces have distinct ASIDs
 * 25 commit adds up
 *
 * 19 and 20 (fences before reuse) can't be seen in a still picture: the host simulation's strict TLB and
 * model A check them. 21 (lock order) is checked by debug builds at every acquisition.
 *
 * It counts entries into a scratch array with one word a frame, made by kalloc; if memory is too short
 * for that the check reports so, as a violation.
 */
#include <mm/check.h>
#include <mm/hart.h>
#include <mm/reclaim.h>
#include <mm/region.h>
#include <mm/slab.h>

static u32 broken;
static u32 *entries_seen; /* by frame: how many entries name it */
static u32 frames_all;
static const struct frame *frame_zero;

static void violation(u32 number, const char *what, u32 a, u32 b)
{
	if (++broken <= 32)
		log_printf("check: invariant %u broken: %s (%x, %x)\n", number, what, a, b);
}
#define EXPECT(number, cond, a, b)                                    \
	do {                                                          \
		if (!(cond))                                          \
			violation(number, #cond, (u32)(a), (u32)(b)); \
	} while (0)

static u32 frame_at(const struct frame *f)
{
	return (u32)(f - frame_zero);
}

/* --- spaces --- */

static void check_entry(struct aspace *a, struct region *r, vaddr_t va, pte_t e)
{
	pfn_t pfn = arch_pte_pfn(e);

	if (!r) {
		violation(10, "entry outside every region", va, e);
		return;
	}
	EXPECT(10,
		!(arch_pte_prot(e) & ~((u32)r->prot | (r->prot & QUIRE_PROT_WRITE ? 1 : 0))) ||
			!arch_pte_present(e),
		va, e);
	if (a->has_device && !frame_is_ram(pfn))
		return;
	struct frame *f = frame_of(pfn);

	entries_seen[frame_at(f)]++;
	EXPECT(3, f->kind != FRAME_FREE, va, pfn);
	if (f->kind == FRAME_OBJECT && f->object) {
		EXPECT(11, r->object == f->object && region_page(r, va) == f->index, va, pfn);
		EXPECT(12, f->index < pages_of(f->object->size) || f->object->truncating, va,
			f->index);
		if (f->object->ops->tracks_dirty)
			EXPECT(6, !arch_pte_writable(e) || f->state == PAGE_DIRTY, va, pfn);
		if (!region_is_shared(r))
			EXPECT(11, !arch_pte_writable(e), va, pfn);
	} else if (f->kind == FRAME_PRIVATE) {
		EXPECT(11, !region_is_shared(r), va, pfn);
		EXPECT(9, !arch_pte_writable(e) || f->mapcount == 1, va, pfn);
	} else {
		EXPECT(11, pfn == zero_frame && !arch_pte_writable(e), va, pfn);
	}
}

static void check_tables(struct aspace *a)
{
	u32 resident = 0, tables = 0;

	for (vaddr_t span = 0; span < QUIRE_USER_MAX; span += ARCH_TABLE_SPAN) {
		pte_t *table = arch_table_find(&a->arch, span);
		u32 used = 0;

		if (!table)
			continue;
		struct frame *tf = frame_of(arch_address_frame(table));

		tables++;
		EXPECT(17, tf->kind == FRAME_TABLE && tf->refs == 1, span, tf->refs);
		struct region *r = region_at_or_after_locked(a, span);

		for (u32 i = 0; i < ARCH_TABLE_ENTRIES; i++) {
			pte_t e = arch_pte_read(&table[i]);
			vaddr_t va = span + (i << PAGE_SHIFT);

			if (!e)
				continue;
			used++;
			while (r && r->end <= va)
				r = region_next_locked(a, r);
			check_entry(a, r && r->start <= va ? r : NULL, va, e);
		}
		EXPECT(17, tf->index == used, tf->index, used);
		resident += used;
	}
	EXPECT(17, a->table_count == tables, a->table_count, tables);
	EXPECT(17, a->resident == resident, a->resident, resident);
}

static bool listed(const struct memory_object *o, const struct region *wanted)
{
	list_for_each(r, &o->regions, struct region, object_link)
		if (r == wanted)
			return true;
	return false;
}

static void check_regions(struct aspace *a)
{
	vaddr_t previous_end = 0;
	u32 pages = 0, count = 0, charged = 0, tables = 0;
	vaddr_t last_span = ~0u;

	list_for_each(r, &a->regions, struct region, order) {
		EXPECT(10, r->start < r->end && r->start >= previous_end && r->space == a, r->start,
			r->end);
		EXPECT(10, region_at_or_after_locked(a, r->start) == r, r->start, r->end);
		EXPECT(8, !(r->prot & ~r->max_prot), r->prot, r->max_prot);
		if (r->object)
			EXPECT(16, listed(r->object, r), r->start, r->end);
		previous_end = r->end;
		pages += region_pages(r);
		count++;
		if (r->flags & REGION_CHARGED)
			charged += region_pages(r);
		for (vaddr_t s = r->start / ARCH_TABLE_SPAN; s <= (r->end - 1) / ARCH_TABLE_SPAN;
			s++)
			if (s != last_span) {
				tables++;
				last_span = s;
			}
	}
	EXPECT(16, count == a->region_count, count, a->region_count);
	EXPECT(16, pages == a->size_pages, pages, a->size_pages);
	EXPECT(25, a->dying ? a->commit >= charged + tables + 1 : a->commit == charged + tables + 1,
		a->commit, charged + tables + 1);
}

/* --- objects --- */

static bool token_pins(const struct memory_object *o, const struct frame *f)
{
	list_for_each(w, &o->writebacks, struct writeback, link)
		for (u32 i = 0; i < w->count; i++)
			if (w->frames[i] == f)
				return true;
	return false;
}

static bool live_request(
	const struct memory_object *o, const struct page_request *wanted, u64 index)
{
	list_for_each(r, &o->requests, struct page_request, object_link)
		if (r == wanted)
			return r->label == QUIRE_K_FETCH && index >= r->first &&
			       index - r->first < r->count;
	return false;
}

static void check_object(struct memory_object *o)
{
	u64 index = 0;
	u32 resident = 0, dirty = 0, writeback = 0, regions = 0;
	uintptr_t *word;

	for (; (word = radix_next(&o->slots, &index)); index++) {
		if (slot_tag(*word) == SLOT_BUSY) {
			EXPECT(13, live_request(o, slot_request(*word), index), o->id, index);
			continue;
		}
		if (slot_tag(*word) != SLOT_FRAME)
			continue;
		struct frame *f = slot_frame(*word);

		resident++;
		dirty += f->state == PAGE_DIRTY;
		writeback += f->state == PAGE_WRITEBACK;
		EXPECT(14, f->state != PAGE_DIRTY || radix_marked(&o->slots, index), o->id, index);
		EXPECT(4, f->kind == FRAME_OBJECT && f->object == o && f->index == (u32)index,
			o->id, index);
		EXPECT(12, index < pages_of(o->size) || o->truncating || o->ops == &dma_ops, o->id,
			index);
		EXPECT(15, f->state != PAGE_WRITEBACK || token_pins(o, f), o->id, index);
	}
	EXPECT(14, resident == o->resident, resident, o->resident);
	EXPECT(14, dirty == o->dirty, dirty, o->dirty);
	EXPECT(14, writeback == o->writeback, writeback, o->writeback);
	EXPECT(14, (dirty + writeback > 0) == !list_empty(&o->dirty_link), o->id, dirty);
	list_for_each(r, &o->regions, struct region, object_link) {
		regions++;
		EXPECT(16, r->object == o, o->id, r->start);
	}
	EXPECT(16, regions == o->region_count, regions, o->region_count);
	if (o->ops == &anon_ops)
		EXPECT(25, o->committed >= pages_of(o->size), o->committed, o->size);
}

/* --- frames --- */

static void check_frame(struct frame *f, u32 i)
{
	pfn_t pfn = frame_number(f);

	EXPECT(1, f->mapcount == entries_seen[i], pfn, entries_seen[i]);
	switch (f->kind) {
	case FRAME_FREE: EXPECT(3, f->refs == 0 && f->pins == 0, pfn, f->refs); break;
	case FRAME_PRIVATE:
		EXPECT(2, f->refs == f->mapcount + f->pins, pfn, f->refs);
		EXPECT(3, f->refs > 0, pfn, 0);
		break;
	case FRAME_OBJECT:
		/* Without an object: in an unanswered request or a token, after a truncation. */
		if (f->object)
			EXPECT(2, f->refs == 1 + f->mapcount + f->pins, pfn, f->refs);
		EXPECT(3, f->refs > 0, pfn, 0);
		break;
	case FRAME_KERNEL: EXPECT(2, f->refs == 1 + f->mapcount + f->pins, pfn, f->refs); break;
	default: break;
	}
}

struct aspace *aspace_walk(struct aspace *previous);

u32 mm_check(void)
{
	u32 asids_seen[512 / 32] = {0};
	u32 charged = 0;

	broken = 0;
	frame_zero = frame_walk(0);
	for (frames_all = 0; frame_walk(frames_all); frames_all++)
		;
	entries_seen = kalloc_zeroed(frames_all * sizeof(u32));
	if (!entries_seen) {
		violation(0, "no memory to check with", frames_all, 0);
		return broken;
	}
	for (struct aspace *a = aspace_walk(NULL); a; a = aspace_walk(a)) {
		u32 asid = a->arch.asid;

		EXPECT(18, a->asid_shared || !(asids_seen[asid / 32] & 1u << asid % 32), asid, 0);
		asids_seen[asid / 32] |= 1u << asid % 32;
		check_regions(a);
		check_tables(a);
		charged += a->commit;
	}
	for (u32 h = 0; h < arch_hart_count; h++) {
		struct aspace *a =
			(struct aspace *)(mm_harts[h].current & ~(uintptr_t)HART_SWITCHING);

		EXPECT(18, !a || (a->ran & 1u << h), h, a ? a->ran : 0);
	}
	for (u32 id = 0;;) {
		struct memory_object *o = object_from_id(id);

		if (!o)
			break;
		check_object(o);
		charged += o->committed;
		id = o->id + 1;
		object_put(o);
	}
	for (u32 i = 0; i < frames_all; i++) {
		check_frame(frame_walk(i), i);
		charged += frame_walk(i)->kind == FRAME_PRIVATE && frame_walk(i)->hole;
	}
	EXPECT(25, charged == commit_used(), charged, commit_used());
	kfree(entries_seen, frames_all * sizeof(u32));
	return broken;
}

u32 aspace_count(void);

void mm_counts(struct mm_counts *c)
{
	struct frame_counts f;

	frames_count(&f);
	c->frames_used = f.table + f.object + f.private_;
	c->objects = object_count();
	c->spaces = aspace_count();
	c->regions = region_live();
	c->requests = request_live();
	c->commit = commit_used();
	c->dirty = dirty_total;
}
