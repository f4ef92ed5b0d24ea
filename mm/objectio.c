/* read and write on memory objects: the same frames that are mapped, so coherence is no protocol.
 *
 * Each page is handled alone: under the object's lock it is found (or fetched: the thread waits and the
 * call is made again from where it stood) and given a transient reference; the copy from or to user
 * memory runs with no lock, since it may fault; the reference keeps the frame from being evicted or
 * reused, whatever happens to the slot meanwhile.
 *
 * A store is marked dirty before it is made (model B). It may be overtaken by a writeback that begins
 * between the marking and the copying and ends before it: so after the copy the page is marked again,
 * under the lock (B10).
 *
 * Writing beyond the size. One thread at a time extends an object: it is the `extender` until its call
 * ends, and others that would extend wait. So appends are whole, and nobody sees a size whose bytes are
 * not there: a new page is filled while still private, and then in one hold of the lock it enters its
 * slot and the size moves over it. Room is granted beforehand by the pager (capacity); its answer to
 * GROW is the extender's to read.
 */
#include <mm/slot.h>
#include <mm/reclaim.h>
#include <arch/uaccess.h>

/* A miss right behind a resident page, or a long call, is sequential: ask for more than one. */
static u32 read_ahead_locked(struct memory_object *o, u64 index, u32 bytes)
{
	uintptr_t *before = index ? radix_find(&o->slots, index - 1) : NULL;

	if (index == 0 || (before && slot_tag(*before) == SLOT_FRAME))
		return QUIRE_RUN_MAX;
	return (u32)pages_of(bytes);
}

int object_read(struct memory_object *o, u64 offset, vaddr_t buf, u32 len, u32 *done)
{
	int error = reclaim_ensure(QUIRE_RUN_MAX + 4);

	if (o->ops->device)
		return -EIO;
	while (!error && *done < len) {
		u64 at = offset + *done;
		u32 in_page = (u32)(at & PAGE_MASK);
		struct frame *f;

		spin_lock(&o->lock);
		if (at >= o->size) {
			spin_unlock(&o->lock);
			return 0;
		}
		u32 n = (u32)min_of((u64)min_of(len - *done, PAGE_SIZE - in_page), o->size - at);

		error = object_page_locked(o, at >> PAGE_SHIFT, WANT_READ,
			read_ahead_locked(o, at >> PAGE_SHIFT, len - *done), &f);
		if (!error)
			frame_get(f);
		spin_unlock(&o->lock);
		if (error)
			break;
		size_t moved = n;

		error = arch_copy_to_user_partial(
			buf + *done, (char *)frame_address(frame_number(f)) + in_page, n, &moved);
		frame_put(f);
		*done += (u32)moved;
	}
	return error == -ERANGE ? 0 : error;
}

/* Becomes the extender, or waits to. */
static int extend_begin_locked(struct memory_object *o, const void *me)
{
	if (o->extender && o->extender != me) {
		wait_block(&o->size_waiters, NULL);
		return -EBLOCKED;
	}
	o->extender = me;
	return 0;
}

static void extend_end_locked(struct memory_object *o, const void *me)
{
	if (o->extender != me)
		return;
	o->extender = NULL;
	o->tail_written = false;
	o->grow_error = 0;
	wait_wake_all(&o->size_waiters);
}

void object_write_abandon(struct memory_object *o, const void *who)
{
	spin_lock(&o->lock);
	extend_end_locked(o, who);
	spin_unlock(&o->lock);
}

/* Room for `length` bytes up to `end`: from the pager, or from commit. */
static int make_room_locked(struct memory_object *o, u64 end, u32 length)
{
	if (end <= o->capacity)
		return 0;
	if (o->ops == &paged_ops) {
		int error = o->grow_error;

		o->grow_error = 0;
		return error < 0 ? error : request_grow_locked(o, end, length);
	}
	if (o->ops != &anon_ops)
		return -EFBIG;
	u32 want = (u32)pages_of(end);

	if (want > o->committed) {
		int error = commit_charge(want - o->committed);

		if (error)
			return error == -ENOMEM ? -ENOSPC : error;
		o->committed = want;
	}
	o->capacity = (u64)want << PAGE_SHIFT;
	return 0;
}

/* A page wholly beyond the old size: filled while private, then published with the size. */
static int write_new_page(struct memory_object *o, u64 at, vaddr_t from, u32 n, u32 *done)
{
	u32 in_page = (u32)(at & PAGE_MASK);
	u64 index = at >> PAGE_SHIFT;
	pfn_t pfn = n == PAGE_SIZE ? frame_alloc(FRAME_OBJECT) : frame_alloc_zeroed(FRAME_OBJECT);
	int error;

	if (!pfn)
		return -ENOMEM;
	struct frame *f = frame_of(pfn);

	error = arch_copy_from_user((char *)frame_address(pfn) + in_page, from, n);
	if (error) {
		frame_put(f);
		return error;
	}
	spin_lock(&o->lock);
	uintptr_t *word = NULL;

	if (o->truncating || index < pages_of(o->size) || at + n > o->capacity)
		error = -EAGAIN_STEP; /* somebody set the size meanwhile: look again */
	else if (!(word = radix_make(&o->slots, index)))
		error = -ENOMEM;
	else if (*word)
		error = -EAGAIN_STEP;
	if (error) {
		spin_unlock(&o->lock);
		frame_put(f);
		return error;
	}
	object_zero_tail_locked(o);
	object_fill_slot_locked(o, index, word, f);
	o->size = at + n;
	o->write_seq++;
	object_mark_dirty_locked(o, f);
	spin_unlock(&o->lock);
	*done += n;
	return 0;
}

/* Bytes of a page within the old size, or on its last page. `seq` is inval_seq as of the look that
 * found the page: a truncation since then may have zeroed some of these bytes and not others, so they
 * are written again. */
static int write_old_page(
	struct memory_object *o, u64 at, vaddr_t from, u32 n, u32 *done, struct frame *f, u32 seq)
{
	u32 in_page = (u32)(at & PAGE_MASK);
	size_t moved = n;
	int error = arch_copy_from_user_partial(
		(char *)frame_address(frame_number(f)) + in_page, from, n, &moved);

	/* Under the lock even if the page looks dirty: an unlocked look could pass the copy's
	 * own stores (model B's mutant REMARK_UNLOCKED). */
	spin_lock(&o->lock);
	if (o->extender == current_waiter())
		o->tail_written = false;
	if (moved) {
		if (f->object == o) {
			object_mark_dirty_locked(o, f);
			o->write_seq++; /* the page may have been dirty before */
		}
		if (o->inval_seq != seq) {
			moved = 0;
			error = error == -EBLOCKED ? error : -EAGAIN_STEP;
		} else if (at + moved > o->size) {
			o->size = at + moved;
		}
	}
	spin_unlock(&o->lock);
	frame_put(f);
	*done += (u32)moved;
	return error;
}

static int write_step(
	struct memory_object *o, u64 *offset, bool append, vaddr_t buf, u32 len, u32 *done)
{
	const void *me = current_waiter();
	struct frame *f = NULL;
	u32 seq = 0;
	int error = 0;

	spin_lock(&o->lock);
	if (o->truncating) {
		object_truncate_step_locked(o);
		error = -EAGAIN_STEP;
		goto out;
	}
	if (append || *offset + len > o->size) {
		error = extend_begin_locked(o, me);
		if (error)
			goto out;
		if (append && *done == 0)
			*offset = o->size;
	}
	u64 at = *offset + *done;
	u64 index = at >> PAGE_SHIFT;
	u32 n = min_of(len - *done, PAGE_SIZE - (u32)(at & PAGE_MASK));

	if (at >= OBJECT_SIZE_MAX) {
		error = -EFBIG;
		goto out;
	}
	if (at + n > o->size) {
		error = make_room_locked(o, min_of(*offset + len, OBJECT_SIZE_MAX), len);
		if (error)
			goto out;
	}
	if (index >= pages_of(o->size)) {
		spin_unlock(&o->lock);
		return write_new_page(o, at, buf + *done, n, done);
	}
	error = object_page_locked(o, index, WANT_STORE, 1, &f);
	if (!error) {
		frame_get(f);
		seq = o->inval_seq;
		/* A gap between the size and this write, on one page, must read as zeros; and whoever
		 * moves the size while we copy must neither find junk there nor zero what we copied. */
		if (at + n > o->size) {
			object_zero_tail_locked(o);
			o->tail_written = true;
			o->size = max_of(o->size, at);
		}
	}
out:
	spin_unlock(&o->lock);
	return error ? error : write_old_page(o, at, buf + *done, n, done, f, seq);
}

int object_write(struct memory_object *o, u64 *offset, bool append, vaddr_t buf, u32 len, u32 *done)
{
	int error = reclaim_ensure(8);

	if (o->ops->device || o->ops == &dma_ops)
		return -EIO;
	if (!error && len && o->ops->tracks_dirty)
		error = reclaim_throttle_dirty();
	while (!error && *done < len) {
		error = write_step(o, offset, append, buf, len, done);
		if (error == -EAGAIN_STEP)
			error = 0;
	}
	/* Between restarts the extender stays what it is; at the end, or on an error, it lets go. */
	if (error != -EBLOCKED &&
		__atomic_load_n(&o->extender, __ATOMIC_RELAXED) == current_waiter())
		object_write_abandon(o, current_waiter());
	return error;
}

/* --- for the kernel's own use --- */

int object_read_kernel(struct memory_object *o, u64 offset, void *buf, u32 len)
{
	u32 done = 0;

	if (o->ops->device)
		return -EIO;
	while (done < len) {
		u64 at = offset + done;
		u32 in_page = (u32)(at & PAGE_MASK);
		u32 n = min_of(len - done, PAGE_SIZE - in_page);
		struct frame *f;

		spin_lock(&o->lock);
		int error =
			at + n > o->size
				? -ERANGE
				: object_page_locked(o, at >> PAGE_SHIFT, WANT_READ,
					  read_ahead_locked(o, at >> PAGE_SHIFT, len - done), &f);

		if (!error)
			frame_get(f);
		spin_unlock(&o->lock);
		if (error)
			return error;
		__builtin_memcpy(
			(char *)buf + done, (char *)frame_address(frame_number(f)) + in_page, n);
		frame_put(f);
		done += n;
	}
	return 0;
}

int object_write_kernel(struct memory_object *o, u64 offset, const void *buf, u32 len)
{
	u32 done = 0;

	while (done < len) {
		u64 at = offset + done;
		u32 in_page = (u32)(at & PAGE_MASK);
		u32 n = min_of(len - done, PAGE_SIZE - in_page);
		struct frame *f;

		spin_lock(&o->lock);
		int error = object_page_locked(o, at >> PAGE_SHIFT, WANT_STORE, 1, &f);

		if (!error)
			__builtin_memcpy((char *)frame_address(frame_number(f)) + in_page,
				(const char *)buf + done, n);
		spin_unlock(&o->lock);
		if (error)
			return error;
		done += n;
	}
	return 0;
}
