/* The size of an object: growing, shrinking, and what becomes of the pages beyond.
 *
 * Shrinking publishes the new size first, so that from then on no access beyond it begins; then, in
 * bounded steps, unmaps and drops the pages beyond. While such steps are outstanding (`truncating`),
 * nothing may make the size larger: a page of the old content would come back to life. Whoever wants
 * to grow the object meanwhile does a step himself and tries again.
 *
 * Bytes of the last page beyond the size are zero whenever the size grows over them, whatever was
 * stored there through a mapping.
 */
#include <mm/slot.h>
#include <mm/reclaim.h>
#include <mm/rmap.h>

#define STEP_PAGES 64

void object_zero_tail_locked(struct memory_object *o)
{
	u32 used = (u32)(o->size & PAGE_MASK);

	/* Zeroed already when the extending write began; what has come there since is its own. */
	if (!used || o->tail_written)
		return;
	uintptr_t *word = radix_find(&o->slots, o->size >> PAGE_SHIFT);

	if (word && slot_tag(*word) == SLOT_FRAME)
		__builtin_memset((char *)frame_address(frame_number(slot_frame(*word))) + used, 0,
			PAGE_SIZE - used);
}

/* FETCHes that lie wholly or partly beyond: their slots there are EMPTY again, waiters look anew. */
static void detach_requests_locked(struct memory_object *o, u64 pages)
{
	list_for_each_safe(r, &o->requests, struct page_request, object_link) {
		if (r->label != QUIRE_K_FETCH || r->first + r->count <= pages)
			continue;
		for (u64 i = max_of(pages, r->first); i < r->first + r->count; i++) {
			uintptr_t *word = radix_find(&o->slots, i);

			if (word && *word == slot_of_request(r))
				radix_set(&o->slots, i, word, 0);
		}
		wait_wake_all(&r->waiters);
	}
}

bool object_truncate_step_locked(struct memory_object *o)
{
	u64 pages = pages_of(o->size);
	u64 index = pages;
	u32 dropped = 0;
	uintptr_t *word;

	debug_assert(spin_is_locked(&o->lock));
	if (!o->truncating)
		return false;
	/* Unmap only what this step drops: the first STEP_PAGES resident pages beyond the size. */
	u64 run_end = index;

	while (dropped < STEP_PAGES && (word = radix_next(&o->slots, &index))) {
		if (slot_tag(*word) == SLOT_FRAME)
			dropped++;
		run_end = ++index;
	}
	if (run_end == pages || dropped < STEP_PAGES)
		run_end = ~(u64)0; /* the last step: private copies beyond go too */
	rmap_apply_locked(o, pages, run_end - pages, RMAP_UNMAP_COPIES);
	index = pages;
	while ((word = radix_next(&o->slots, &index)) && index < run_end) {
		if (slot_tag(*word) == SLOT_FRAME)
			object_drop_slot_locked(o, index, word);
		else if (slot_tag(*word) == SLOT_FAILED)
			radix_set(&o->slots, index, word, 0);
		index++;
	}
	if (run_end != ~(u64)0)
		return true;
	o->truncating = false;
	radix_trim(&o->slots);
	if (o->ops == &anon_ops) {
		/* Only now: until here somebody who stops half-way has the pages still. */
		commit_uncharge(o->committed - (u32)pages);
		o->committed = (u32)pages;
	}
	return false;
}

/* An anonymous object's pages are charged up to its size. */
static int recharge_locked(struct memory_object *o, u64 size)
{
	u32 now = o->committed, want = (u32)pages_of(size);

	if (o->ops != &anon_ops)
		return 0;
	if (want > now) {
		int error = commit_charge(want - now);

		if (error)
			return error;
	} else {
		commit_uncharge(now - want);
	}
	o->committed = want;
	return 0;
}

int object_set_size(struct memory_object *o, u64 size)
{
	int error = 0;

	if (o->ops != &anon_ops && o->ops != &paged_ops)
		return -EINVAL;
	if (size > OBJECT_SIZE_MAX)
		return -EFBIG;
	spin_lock(&o->lock);
	if (o->truncating && object_truncate_step_locked(o)) {
		spin_unlock(&o->lock);
		return -EAGAIN_STEP;
	}
	if (size > o->size) {
		error = recharge_locked(o, size);
		if (!error) {
			object_zero_tail_locked(o);
			o->size = size;
			/* What is charged is what may be written; a write that had more room asks again. */
			if (o->capacity < size || o->ops == &anon_ops)
				o->capacity = size;
		}
	} else if (size < o->size) {
		o->size = size;
		if (o->capacity > size)
			o->capacity = size;
		o->inval_seq++;
		o->tail_written = false; /* an extending write sees inval_seq and copies again */
		o->truncating = true;
		detach_requests_locked(o, pages_of(size));
		object_zero_tail_locked(o);
		if (object_truncate_step_locked(o))
			error = -EAGAIN_STEP;
	}
	spin_unlock(&o->lock);
	reclaim_wake();
	return error;
}

int object_set_capacity(struct memory_object *o, u64 bytes)
{
	if (o->ops != &paged_ops)
		return -EINVAL;
	spin_lock(&o->lock);
	o->capacity = max_of(bytes, o->size);
	spin_unlock(&o->lock);
	return 0;
}
