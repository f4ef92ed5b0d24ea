/* Memory objects: their slots, their life, and what each kind of object does with an empty slot.
 *
 * The slot protocol (mm/slot.h draws it) rests on three rules. Every transition is made under the
 * object's lock. A pager is asked once: the first access that finds a slot EMPTY makes it
 * BUSY(request), later ones join that request. Nobody who waited believes what he saw before: a
 * woken thread makes its whole call or fault again and looks at the slot afresh.
 *
 * References. Handles, streams, regions, requests and writebacks each hold one. So does the place on
 * the pager's list of dirty objects: a dirty object outlives its pager's crash and its last user,
 * until it is clean or truncated to nothing.
 */
#include <mm/slot.h>
#include <mm/aspace.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>
#include <mm/slab.h>
#include <mm/trace.h>

static struct slab_cache object_cache;
static struct list all_objects = LIST_INIT(all_objects);
static struct spinlock all_lock = SPINLOCK_INIT(RANK_LRU);
static u32 next_id;
static u32 object_total;

void object_setup(void)
{
	slab_cache_init(&object_cache, "object", sizeof(struct memory_object));
	radix_setup();
}

/* --- life --- */

static struct memory_object *object_new(const struct object_ops *ops, u64 size)
{
	struct memory_object *o = slab_alloc_zeroed(&object_cache);

	if (!o)
		return NULL;
	spin_init(&o->lock, RANK_OBJECT);
	o->refs = 1;
	o->ops = ops;
	o->size = o->capacity = size;
	radix_init(&o->slots);
	list_init(&o->regions);
	list_init(&o->requests);
	list_init(&o->writebacks);
	list_init(&o->dirty_link);
	list_init(&o->pager_link);
	wait_queue_init(&o->size_waiters);
	spin_lock(&all_lock);
	o->id = ++next_id;
	object_total++;
	list_push_back(&all_objects, &o->all_link);
	spin_unlock(&all_lock);
	return o;
}

int object_create_anon(u64 size, struct memory_object **out)
{
	if (size > OBJECT_SIZE_MAX)
		return -EFBIG;
	int error = commit_charge((u32)min_of(pages_of(size), (u64)~0u));

	if (error)
		return error;
	struct memory_object *o = object_new(&anon_ops, size);

	if (!o) {
		commit_uncharge((u32)pages_of(size));
		return -ENOMEM;
	}
	o->committed = (u32)pages_of(size);
	*out = o;
	return 0;
}

static void join_pager(struct memory_object *o, struct pager *p, u32 key)
{
	pager_get(p);
	o->key = key;
	spin_lock(&p->lock);
	list_push_back(&p->objects, &o->pager_link);
	p->object_count++;
	spin_unlock(&p->lock);
	/* Last: who finds a pager finds the key as well. */
	__atomic_store_n(&o->pager, p, __ATOMIC_RELEASE);
}

int object_create_paged(struct pager *p, u32 key, u64 size, struct memory_object **out)
{
	if (size > OBJECT_SIZE_MAX)
		return -EFBIG;
	struct memory_object *o = object_new(&paged_ops, size);

	if (!o)
		return -ENOMEM;
	join_pager(o, p, key);
	*out = o;
	return 0;
}

int object_serve(struct memory_object *o, struct pager *p, u32 key)
{
	int error = 0;

	if (o->ops != &anon_ops)
		return -EINVAL;
	spin_lock(&o->lock);
	if (o->pager)
		error = -EBUSY;
	else
		join_pager(o, p, key);
	spin_unlock(&o->lock);
	return error;
}

int object_create_phys(u64 phys, u32 bytes, struct memory_object **out)
{
	if ((phys & PAGE_MASK) || bytes == 0 || phys + bytes > (u64)1 << 34)
		return -EINVAL;
	struct memory_object *o = object_new(&phys_ops, bytes);

	if (!o)
		return -ENOMEM;
	o->phys_first = (pfn_t)(phys >> PAGE_SHIFT);
	*out = o;
	return 0;
}

int object_create_dma(u32 pages, struct memory_object **out, u64 *phys)
{
	u32 order = 0;

	if (pages == 0 || pages > 1024)
		return -EINVAL;
	while (1u << order < pages)
		order++;
	int error = commit_charge(1u << order);

	if (error)
		return error;
	struct memory_object *o = object_new(&dma_ops, (u64)pages << PAGE_SHIFT);
	pfn_t first = o ? frame_alloc_run(FRAME_OBJECT, order) : PFN_NONE;

	if (!first) {
		commit_uncharge(1u << order);
		if (o)
			object_put(o);
		return -ENOMEM;
	}
	o->phys_first = first;
	o->committed = 1u << order;
	spin_lock(&o->lock);
	for (u32 i = 0; i < 1u << order; i++) {
		struct frame *f = frame_of(first + i);
		uintptr_t *word = i < pages ? radix_make(&o->slots, i) : NULL;

		arch_page_zero(frame_address(first + i));
		if (!word) {
			frame_put(f); /* beyond what was asked, or no memory for the slot */
			continue;
		}
		object_fill_slot_locked(o, i, word, f);
		frame_pin(f);
	}
	bool whole = o->resident == pages;

	spin_unlock(&o->lock);
	if (!whole) {
		object_put(o);
		return -ENOMEM;
	}
	*phys = (u64)first << PAGE_SHIFT;
	*out = o;
	return 0;
}

static void object_destroy(struct memory_object *o)
{
	u64 index = 0;
	uintptr_t *word;

	if (o->pager) {
		spin_lock(&o->pager->lock);
		list_remove(&o->pager_link);
		o->pager->object_count--;
		spin_unlock(&o->pager->lock);
	}
	assert(list_empty(&o->regions) && list_empty(&o->requests) && list_empty(&o->writebacks));
	spin_lock(&o->lock);
	while ((word = radix_next(&o->slots, &index))) {
		if (slot_tag(*word) == SLOT_FRAME) {
			struct frame *f = slot_frame(*word);

			if (o->ops == &dma_ops)
				frame_unpin(f);
			object_drop_slot_locked(o, index, word);
		} else {
			assert(slot_tag(*word) == SLOT_FAILED);
			radix_set(&o->slots, index, word, 0);
		}
		index++;
	}
	radix_trim(&o->slots);
	spin_unlock(&o->lock);
	commit_uncharge(o->committed);
	spin_lock(&all_lock);
	list_remove(&o->all_link);
	object_total--;
	spin_unlock(&all_lock);
	if (o->pager)
		pager_put(o->pager);
	slab_free(&object_cache, o);
	reclaim_wake();
}

void object_get(struct memory_object *o)
{
	__atomic_fetch_add(&o->refs, 1, __ATOMIC_RELAXED);
}

void object_put(struct memory_object *o)
{
	u32 before = __atomic_fetch_sub(&o->refs, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before == 1)
		object_destroy(o);
}

/* A reference, unless the last has gone already: for those who find an object on a list. */
bool object_try_get(struct memory_object *o)
{
	u32 refs = __atomic_load_n(&o->refs, __ATOMIC_RELAXED);

	while (refs)
		if (__atomic_compare_exchange_n(
			    &o->refs, &refs, refs + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

void object_user_get(struct memory_object *o)
{
	__atomic_fetch_add(&o->users, 1, __ATOMIC_RELAXED);
	object_get(o);
}

/* The last user's going is told to the pager once; the pager looks at the count again, since a new
 * user may have come meanwhile. */
void object_user_put(struct memory_object *o)
{
	u32 before = __atomic_fetch_sub(&o->users, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before == 1 && o->pager) {
		struct page_request *r = NULL;

		spin_lock(&o->lock);
		if (!o->idle_posted && (r = request_create(o, QUIRE_K_IDLE)))
			o->idle_posted = true;
		spin_unlock(&o->lock);
		if (r) {
			pager_post(o->pager, r);
			request_put(r);
		}
	}
	object_put(o);
}

struct memory_object *object_find(struct pager *p, u32 key)
{
	struct memory_object *found = NULL;

	/* A key is used again once its object has no user; messages may keep the old one a little. */
	spin_lock(&p->lock);
	for (struct list *at = p->objects.prev; at != &p->objects && !found; at = at->prev) {
		struct memory_object *o = list_entry(at, struct memory_object, pager_link);

		if (o->key == key && object_try_get(o))
			found = o;
	}
	spin_unlock(&p->lock);
	return found;
}

int object_attach(struct memory_object *o)
{
	bool more;

	spin_lock(&o->lock);
	more = o->truncating && object_truncate_step_locked(o);
	spin_unlock(&o->lock);
	if (more)
		return -EAGAIN_STEP;
	writeback_release_void(o);
	return 0;
}

bool object_enumerate(struct pager *p, u32 index, bool only_dirty, u32 *key)
{
	bool found = false;

	spin_lock(&p->lock);
	if (only_dirty) {
		list_for_each(o, &p->dirty_objects, struct memory_object, dirty_link)
			if (index-- == 0) {
				*key = o->key;
				found = true;
				break;
			}
	} else {
		list_for_each(o, &p->objects, struct memory_object, pager_link)
			if (index-- == 0) {
				*key = o->key;
				found = true;
				break;
			}
	}
	spin_unlock(&p->lock);
	return found;
}

/* The object with the smallest id at or above `id`, with a reference; for memobj and the checker. */
struct memory_object *object_from_id(u32 id)
{
	struct memory_object *best = NULL;

	spin_lock(&all_lock);
	list_for_each(o, &all_objects, struct memory_object, all_link)
		if (o->id >= id && (!best || o->id < best->id) && o->refs)
			best = o;
	if (best && !object_try_get(best))
		best = NULL;
	spin_unlock(&all_lock);
	return best;
}

u32 object_count(void)
{
	return object_total;
}

/* --- what an object says of itself --- */

u32 object_kind(const struct memory_object *o)
{
	return o->ops->kind;
}

u64 object_size(struct memory_object *o)
{
	spin_lock(&o->lock);
	u64 size = o->size;

	spin_unlock(&o->lock);
	return size;
}

void object_info(struct memory_object *o, bool by_pager, struct quire_obj_info *info)
{
	*info = (struct quire_obj_info){.kind = o->ops->kind, .id = o->id};
	spin_lock(&o->lock);
	info->size = o->size;
	info->capacity = o->capacity;
	info->key = o->key;
	info->resident = o->resident;
	info->dirty = o->dirty + o->writeback;
	info->regions = o->region_count;
	info->users = __atomic_load_n(&o->users, __ATOMIC_RELAXED);
	info->write_seq = o->write_seq;
	if (by_pager)
		o->write_seen = o->write_seq;
	spin_unlock(&o->lock);
}

/* --- slots --- */

void object_fill_slot_locked(struct memory_object *o, u64 index, uintptr_t *word, struct frame *f)
{
	debug_assert(spin_is_locked(&o->lock) && slot_tag(*word) != SLOT_FRAME);
	f->kind = FRAME_OBJECT;
	f->object = o;
	f->index = (u32)index;
	f->state = PAGE_CLEAN;
	radix_set(&o->slots, index, word, slot_of_frame(f));
	o->resident++;
	if (o->ops->tracks_dirty)
		lru_add(f);
}

void object_drop_slot_locked(struct memory_object *o, u64 index, uintptr_t *word)
{
	struct frame *f = slot_frame(*word);

	debug_assert(slot_tag(*word) == SLOT_FRAME && f->object == o);
	if (o->ops->tracks_dirty) {
		lru_remove(f);
		object_mark_clean_locked(o, f);
	}
	radix_set(&o->slots, index, word, 0);
	o->resident--;
	f->object = NULL;
	frame_put(f);
}

void object_mark_dirty_locked(struct memory_object *o, struct frame *f)
{
	if (f->state == PAGE_DIRTY || !o->ops->tracks_dirty)
		return;
	if (f->state == PAGE_WRITEBACK)
		o->writeback--;
	f->state = PAGE_DIRTY;
	radix_mark(&o->slots, f->index);
	o->dirty++;
	__atomic_fetch_add(&dirty_total, 1, __ATOMIC_RELAXED);
	if (o->write_seen == o->write_seq)
		o->write_seq++;
	if (!list_empty(&o->dirty_link))
		return;
	object_get(o);
	spin_lock(&o->pager->lock);
	list_push_back(&o->pager->dirty_objects, &o->dirty_link);
	spin_unlock(&o->pager->lock);
	pager_notify(o->pager, QUIRE_NOTIFY_DIRTY);
}

void object_mark_clean_locked(struct memory_object *o, struct frame *f)
{
	if (f->state == PAGE_CLEAN)
		return;
	if (f->state == PAGE_WRITEBACK) {
		o->writeback--;
	} else {
		o->dirty--;
		__atomic_fetch_sub(&dirty_total, 1, __ATOMIC_RELAXED);
	}
	f->state = PAGE_CLEAN;
	if (o->dirty + o->writeback || list_empty(&o->dirty_link))
		return;
	spin_lock(&o->pager->lock);
	list_remove(&o->dirty_link);
	spin_unlock(&o->pager->lock);
	assert(o->refs > 1 || o->refs == 0); /* the caller's own, or we are in object_destroy */
	__atomic_fetch_sub(&o->refs, 1, __ATOMIC_RELEASE);
}

int object_page_locked(
	struct memory_object *o, u64 index, enum page_want want, u32 ahead, struct frame **out)
{
	debug_assert(spin_is_locked(&o->lock));
	if (index >= pages_of(o->size))
		return -ERANGE;
	for (;;) {
		uintptr_t *word = radix_find(&o->slots, index);
		uintptr_t w = word ? *word : 0;

		switch (slot_tag(w)) {
		case SLOT_FRAME: {
			struct frame *f = slot_frame(w);

			if (f->on_lru)
				f->on_lru = LRU_LISTED | LRU_USED;
			if (want == WANT_STORE) {
				if (unlikely(f->hole)) {
					int error = request_reserve_locked(o, index, f);

					if (error)
						return error;
				}
				object_mark_dirty_locked(o, f);
			}
			*out = f;
			return 0;
		}
		case SLOT_BUSY:
			if (pager_is_self(o->pager))
				return -EDEADLK;
			wait_block(&slot_request(w)->waiters, slot_request(w));
			return -EBLOCKED;
		case SLOT_FAILED: radix_set(&o->slots, index, word, 0); return slot_error(w);
		case SLOT_EMPTY: {
			int error = o->ops->provide_locked(o, index, want, ahead);

			if (error)
				return error;
		}
		}
	}
}

pfn_t object_page_get(struct memory_object *o, u64 index)
{
	pfn_t pfn = PFN_NONE;

	spin_lock(&o->lock);
	uintptr_t *word = radix_find(&o->slots, index);

	if (word && slot_tag(*word) == SLOT_FRAME) {
		frame_get(slot_frame(*word));
		pfn = frame_number(slot_frame(*word));
	}
	spin_unlock(&o->lock);
	return pfn;
}

/* --- the kinds --- */

static int provide_zeroed_locked(struct memory_object *o, u64 index, enum page_want want, u32 ahead)
{
	uintptr_t *word = radix_make(&o->slots, index);
	pfn_t pfn = word ? frame_alloc_zeroed(FRAME_OBJECT) : PFN_NONE;

	(void)want, (void)ahead;
	if (!pfn)
		return -ENOMEM;
	object_fill_slot_locked(o, index, word, frame_of(pfn));
	return 0;
}

static int provide_by_pager_locked(
	struct memory_object *o, u64 index, enum page_want want, u32 ahead)
{
	return request_fetch_locked(o, index, want, ahead, true);
}

static int provide_never_locked(struct memory_object *o, u64 index, enum page_want want, u32 ahead)
{
	(void)o, (void)index, (void)want, (void)ahead;
	return -EIO;
}

const struct object_ops anon_ops = {
	.kind = QUIRE_OBJ_ANON, .provide_locked = provide_zeroed_locked};
const struct object_ops paged_ops = {
	.kind = QUIRE_OBJ_PAGED, .tracks_dirty = true, .provide_locked = provide_by_pager_locked};
const struct object_ops phys_ops = {
	.kind = QUIRE_OBJ_PHYS, .device = true, .provide_locked = provide_never_locked};
const struct object_ops dma_ops = {.kind = QUIRE_OBJ_DMA, .provide_locked = provide_never_locked};
