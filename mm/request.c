/* Requests to pagers: made by whoever misses a page, needs room or wants durability; answered once.
 *
 * A request is on its object's list from its making to its answer and holds a reference to the
 * object; the port's queue and each waiting thread hold references to the request. An answer names
 * the request's id and is believed only while the request is DELIVERED: a late, repeated or invented
 * one finds nothing and changes nothing. Ids count up and so are not used again while anyone could
 * remember them.
 *
 * A FETCH owns the frames it asks to be filled until they move to their slots. Truncation takes the
 * slots away at once, but the frames stay with the request until its answer: a disk may still be
 * writing into them.
 */
#include <mm/slot.h>
#include <mm/slab.h>
#include <mm/trace.h>

static struct slab_cache request_cache;
static u32 next_request;

void request_setup(void)
{
	slab_cache_init(&request_cache, "request", sizeof(struct page_request));
}

u32 request_live(void)
{
	return request_cache.live;
}

/* One reference for the caller, one for the object's list. */
struct page_request *request_create(struct memory_object *o, u16 label)
{
	struct page_request *r = slab_alloc(&request_cache);

	debug_assert(spin_is_locked(&o->lock));
	if (!r)
		return NULL;
	r->refs = 2;
	do
		r->id = __atomic_add_fetch(&next_request, 1, __ATOMIC_RELAXED);
	while (!r->id);
	r->label = label;
	r->state = REQUEST_QUEUED;
	r->flags = 0;
	r->status = 0;
	r->object = o;
	r->first = 0;
	r->count = 0;
	object_get(o);
	list_init(&r->port_link);
	list_push_back(&o->requests, &r->object_link);
	wait_queue_init(&r->waiters);
	return r;
}

void request_get(struct page_request *r)
{
	__atomic_fetch_add(&r->refs, 1, __ATOMIC_RELAXED);
}

void request_put(struct page_request *r)
{
	u32 before = __atomic_fetch_sub(&r->refs, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before > 1)
		return;
	struct memory_object *o = r->object;

	slab_free(&request_cache, r);
	object_put(o);
}

/* Posts to the pager and puts the current thread to sleep on it. Consumes the caller's reference. */
static int post_and_wait_locked(struct memory_object *o, struct page_request *r)
{
	wait_block(&r->waiters, r);
	pager_post(o->pager, r);
	request_put(r);
	return -EBLOCKED;
}

static struct page_request *request_covering_locked(struct memory_object *o, u16 label, u64 index)
{
	list_for_each(r, &o->requests, struct page_request, object_link)
		if (r->label == label && index >= r->first && index - r->first < r->count)
			return r;
	return NULL;
}

int request_fetch_locked(
	struct memory_object *o, u64 index, enum page_want want, u32 ahead, bool wait)
{
	u64 end = min_of(pages_of(o->size), index + max_of(ahead, 1u));

	end = min_of(end, index + (o->fetch_single ? 1 : QUIRE_RUN_MAX));
	if (pager_is_self(o->pager))
		return -EDEADLK;
	struct page_request *r = request_create(o, QUIRE_K_FETCH);

	if (!r)
		return -ENOMEM;
	r->first = index;
	if (want == WANT_STORE)
		r->flags = QUIRE_FETCH_WRITE;
	for (u64 i = index; i < end; i++) {
		uintptr_t *word = radix_make(&o->slots, i);

		if (!word || *word)
			break;
		pfn_t pfn = frame_alloc(FRAME_OBJECT);

		if (!pfn)
			break;
		r->frames[r->count++] = pfn;
		radix_set(&o->slots, i, word, slot_of_request(r));
		if (want == WANT_STORE)
			break; /* reserve blocks for what is stored to, not for its neighbours */
	}
	if (!r->count) {
		list_remove(&r->object_link);
		request_put(r);
		request_put(r);
		return -ENOMEM;
	}
	trace(QUIRE_EV_FETCH, o->key, (u32)index, r->count);
	if (wait)
		return post_and_wait_locked(o, r);
	r->flags |= QUIRE_FETCH_AHEAD;
	pager_post(o->pager, r);
	request_put(r);
	return 0;
}

/* frame->hole: 1 a hole, 2 a hole whose reservation has just failed. */
int request_reserve_locked(struct memory_object *o, u64 index, struct frame *f)
{
	if (f->hole == 2) {
		f->hole = 1;
		return -ENOSPC;
	}
	if (pager_is_self(o->pager))
		return -EDEADLK;
	struct page_request *r = request_covering_locked(o, QUIRE_K_RESERVE, index);

	if (r) {
		wait_block(&r->waiters, r);
		return -EBLOCKED;
	}
	r = request_create(o, QUIRE_K_RESERVE);
	if (!r)
		return -ENOMEM;
	r->first = index;
	r->count = 1;
	return post_and_wait_locked(o, r);
}

int request_grow_locked(struct memory_object *o, u64 bytes, u32 length)
{
	if (pager_is_self(o->pager))
		return -EDEADLK;
	struct page_request *r = request_create(o, QUIRE_K_GROW);

	if (!r)
		return -ENOMEM;
	r->first = bytes;
	r->count = length;
	return post_and_wait_locked(o, r);
}

bool request_delivered(struct page_request *r)
{
	struct memory_object *o = r->object;

	spin_lock(&o->lock);
	bool live = r->state == REQUEST_QUEUED;

	if (live)
		r->state = REQUEST_DELIVERED;
	if (live && r->label == QUIRE_K_IDLE) {
		/* Told, and that is all: it has no answer. */
		o->idle_posted = false;
		request_finish_locked(r, 0);
	}
	spin_unlock(&o->lock);
	return live;
}

/* DONE: off the object's list, waiters run again. The list's reference is dropped. */
void request_finish_locked(struct page_request *r, int status)
{
	debug_assert(spin_is_locked(&r->object->lock) && r->state != REQUEST_DONE);
	r->state = REQUEST_DONE;
	r->status = status;
	list_remove(&r->object_link);
	wait_wake_all(&r->waiters);
	request_put(r); /* never the last: the caller, a message or a waiter's wake holds one */
}

static struct page_request *request_find_locked(struct memory_object *o, u32 id)
{
	list_for_each(r, &o->requests, struct page_request, object_link)
		if (r->id == id && r->state == REQUEST_DELIVERED)
			return r;
	return NULL;
}

/* --- the pager's answers --- */

static void zero_sectors(pfn_t pfn, u8 mask)
{
	char *page = frame_address(pfn);

	if (mask == 0xff) {
		arch_page_zero(page);
		return;
	}
	for (u32 s = 0; s < 8; s++)
		if (mask & 1u << s)
			__builtin_memset(page + s * 512, 0, 512);
}

int object_supply(struct memory_object *o, u32 id, int status, const u8 *zero_mask)
{
	spin_lock(&o->lock);
	struct page_request *r = request_find_locked(o, id);

	if (!r || r->label != QUIRE_K_FETCH) {
		spin_unlock(&o->lock);
		return -ESRCH;
	}
	request_get(r);
	spin_unlock(&o->lock);

	/* The frames are the request's own until it is DONE: nobody sees them yet. */
	if (status >= 0)
		for (u32 i = 0; i < r->count; i++)
			if (zero_mask[i])
				zero_sectors(r->frames[i], zero_mask[i]);

	spin_lock(&o->lock);
	if (r->state != REQUEST_DELIVERED) { /* answered by another thread of the pager meanwhile */
		spin_unlock(&o->lock);
		request_put(r);
		return -ESRCH;
	}
	for (u32 i = 0; i < r->count; i++) {
		u64 index = r->first + i;
		uintptr_t *word = radix_find(&o->slots, index);
		struct frame *f = frame_of(r->frames[i]);

		if (!word || *word != slot_of_request(r)) {
			frame_put(f); /* truncated meanwhile */
			continue;
		}
		if (status < 0) {
			/* One page that can't be read must not fail its neighbours: of a run that failed
			 * each is asked for again, by itself. */
			radix_set(&o->slots, index, word, r->count > 1 ? 0 : slot_of_error(status));
			frame_put(f);
			continue;
		}
		object_fill_slot_locked(o, index, word, f);
		f->hole = status == QUIRE_SUPPLY_HOLES && zero_mask[i] == 0xff &&
			  !(r->flags & QUIRE_FETCH_WRITE);
		if (index == pages_of(o->size) - 1)
			object_zero_tail_locked(o);
	}
	if (status < 0 && r->count > 1)
		o->fetch_single = true;
	request_finish_locked(r, status);
	spin_unlock(&o->lock);
	request_put(r);
	return 0;
}

int object_complete(struct memory_object *o, u32 id, int status)
{
	spin_lock(&o->lock);
	struct page_request *r = request_find_locked(o, id);

	if (!r || r->label == QUIRE_K_FETCH) {
		spin_unlock(&o->lock);
		return -ESRCH;
	}
	request_get(r);
	switch (r->label) {
	case QUIRE_K_GROW: o->grow_error = status; break;
	case QUIRE_K_SYNC:
		o->sync_done[o->sync_next % ARRAY_SIZE(o->sync_done)].id = r->id;
		o->sync_done[o->sync_next++ % ARRAY_SIZE(o->sync_done)].status = status;
		break;
	case QUIRE_K_RESERVE:
		for (u32 i = 0; i < r->count; i++) {
			uintptr_t *word = radix_find(&o->slots, r->first + i);

			if (word && slot_tag(*word) == SLOT_FRAME && slot_frame(*word)->hole)
				slot_frame(*word)->hole = status < 0 ? 2 : 0;
		}
		break;
	}
	request_finish_locked(r, status);
	spin_unlock(&o->lock);
	request_put(r);
	return 0;
}

void request_abandon(struct page_request *r)
{
	struct memory_object *o = r->object;
	static const u8 nothing[QUIRE_RUN_MAX];

	/* As if a pager had taken it, and then given it up. */
	if (!request_delivered(r) || r->label == QUIRE_K_IDLE)
		return;
	if (r->label == QUIRE_K_FETCH)
		(void)!object_supply(o, r->id, -EIO, nothing);
	else
		(void)!object_complete(o, r->id, -EIO);
}

/* --- durability --- */

/* What became of the SYNC that a call waits for. False: it is not known here. */
static bool sync_outcome_locked(struct memory_object *o, u32 id, int *result)
{
	list_for_each(r, &o->requests, struct page_request, object_link)
		if (r->id == id) { /* woken by something else: wait on */
			wait_block(&r->waiters, r);
			*result = -EBLOCKED;
			return true;
		}
	for (u32 i = 0; i < ARRAY_SIZE(o->sync_done); i++)
		if (o->sync_done[i].id == id) {
			*result = o->sync_done[i].status;
			return true;
		}
	return false;
}

int object_sync(struct memory_object *o, u64 first, u32 count, u32 flags, u32 *state)
{
	int result = 0;

	if (o->ops != &paged_ops)
		return 0;
	spin_lock(&o->lock);
	if (*state && sync_outcome_locked(o, *state, &result)) {
		if (result != -EBLOCKED)
			*state = 0;
		goto out;
	}
	/* The first time; or the answer is not among the latest: so many came before this thread ran again, or
	 * the call is about another object than it was (msync of a range that was mapped anew). */
	*state = 0;
	result = -EDEADLK;
	if (pager_is_self(o->pager))
		goto out;
	struct page_request *r = request_create(o, QUIRE_K_SYNC);

	result = -ENOMEM;
	if (!r)
		goto out;
	r->first = first;
	r->count = count;
	r->flags = (u8)flags;
	*state = r->id;
	result = post_and_wait_locked(o, r);
out:
	spin_unlock(&o->lock);
	return result;
}

/* --- a pager's death --- */

/* Every object of a dead pager in turn, with a reference but not under the pager's lock. An object stays on
 * the list as long as somebody refers to it, so the one at hand keeps the place. */
static void for_each_object(struct pager *p, void (*act)(struct memory_object *))
{
	struct memory_object *at = NULL;

	for (;;) {
		struct memory_object *next = NULL;
		struct list *link;

		spin_lock(&p->lock);
		link = at ? at->pager_link.next : p->objects.next;
		for (; link != &p->objects && !next; link = link->next) {
			struct memory_object *o =
				list_entry(link, struct memory_object, pager_link);

			if (object_try_get(o))
				next = o;
		}
		spin_unlock(&p->lock);
		if (at)
			object_put(at);
		if (!next)
			return;
		act(next);
		at = next;
	}
}

static void requeue_object(struct memory_object *o)
{
	spin_lock(&o->lock);
	list_for_each_safe(r, &o->requests, struct page_request, object_link)
		if (r->state == REQUEST_DELIVERED) {
			r->state = REQUEST_QUEUED;
			pager_post(o->pager, r);
		}
	spin_unlock(&o->lock);
}

void pager_requeue(struct pager *p)
{
	for_each_object(p, requeue_object);
}

void pager_died(struct pager *p)
{
	for_each_object(p, writeback_void);
	pager_requeue(p);
}

void pager_init(struct pager *p)
{
	spin_init(&p->lock, RANK_PAGER);
	list_init(&p->dirty_objects);
	list_init(&p->objects);
	p->object_count = 0;
}
