/* The frames of paged objects in the order in which they may be evicted, and eviction itself.
 *
 * Second chance: the list is a clock. The evictor takes its oldest frame; if it was used since (some
 * entry's accessed bit, or a read or a fault, noted in the descriptor) it goes to the young end, else it
 * is unmapped and freed. Only clean, unpinned pages that no mapping has locked go; dirty ones are their
 * pager's to write back first. When memory is very short, use does not save a page.
 *
 * Lock order is object before LRU, and the evictor comes the other way: it takes a reference to the
 * frame's object under the LRU lock (the object may be dying: then the frame is passed over), lets
 * the LRU lock go, takes the object's, and looks at everything again.
 */
#include <mm/slot.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>

static struct spinlock lru_lock = SPINLOCK_INIT(RANK_LRU);
static struct list lru = LIST_INIT(lru);
u32 dirty_total;

void lru_add(struct frame *f)
{
	spin_lock(&lru_lock);
	f->on_lru = LRU_LISTED;
	list_push_back(&lru, &f->link);
	spin_unlock(&lru_lock);
}

void lru_remove(struct frame *f)
{
	spin_lock(&lru_lock);
	if (f->on_lru) {
		f->on_lru = 0;
		list_remove(&f->link);
	}
	spin_unlock(&lru_lock);
}

/* Was it used since the last look? Forgets so. */
static bool used_since_locked(struct memory_object *o, u64 index, struct frame *f)
{
	bool used = f->on_lru & LRU_USED;

	f->on_lru &= (u8)~LRU_USED;
	return rmap_test_accessed_locked(o, index) || used;
}

/* Evicts the page if it is still there, clean, locked by nobody, and used by nobody but its mappers; nor by
 * these lately, unless memory is so short that this does not count. */
static bool evict_locked(struct memory_object *o, u64 index, bool hard)
{
	uintptr_t *word = radix_find(&o->slots, index);

	if (!word || slot_tag(*word) != SLOT_FRAME)
		return false;
	struct frame *f = slot_frame(*word);

	if (f->state != PAGE_CLEAN || f->pins)
		return false;
	if (rmap_is_locked_locked(o, index))
		return false;
	if (!hard && used_since_locked(o, index, f))
		return false;
	rmap_apply_locked(o, index, 1, RMAP_UNMAP);
	/* A transient reference: somebody is copying from or to it at this moment. */
	if (__atomic_load_n(&f->refs, __ATOMIC_ACQUIRE) != 1)
		return false;
	object_drop_slot_locked(o, index, word);
	return true;
}

u32 object_evict(struct memory_object *o, u64 first, u64 count)
{
	u64 index = first;
	u64 end = first + count < first ? ~(u64)0 : first + count;
	u32 evicted = 0;
	uintptr_t *word;

	if (o->ops != &paged_ops)
		return 0;
	spin_lock(&o->lock);
	while ((word = radix_next(&o->slots, &index)) && index < end) {
		evicted += evict_locked(o, index, true);
		index++;
	}
	radix_trim(&o->slots);
	spin_unlock(&o->lock);
	return evicted;
}

/* Looks at up to `look` frames, evicts up to `want` of them; hard: also what was used lately. */
u32 lru_evict(u32 want, u32 look, bool hard)
{
	u32 evicted = 0;

	while (want > evicted && look--) {
		struct memory_object *o = NULL;
		u64 index = 0;

		spin_lock(&lru_lock);
		struct frame *f = list_first(&lru, struct frame, link);

		if (f) {
			list_remove(&f->link);
			list_push_back(&lru, &f->link);
			if (f->state == PAGE_CLEAN && !f->pins && object_try_get(f->object)) {
				o = f->object;
				index = f->index;
			}
		}
		spin_unlock(&lru_lock);
		if (!f)
			break;
		if (!o)
			continue;
		spin_lock(&o->lock);
		evicted += evict_locked(o, index, hard);
		spin_unlock(&o->lock);
		object_put(o);
	}
	return evicted;
}
