/* What clients and the kernel on their behalf do: messages, reads and writes. See sim.h. */
#include <stdlib.h>
#include <string.h>
#include "sim_kernel.h"

_Thread_local struct reply last;

/* ------------------------------------------------------------------ messages */

static void send(struct request *request)
{
	static _Thread_local struct reply reply;

	serve(&sim.server, request, &reply);
	CHECK(sim.threads || !sim.fs->locked);
	if (request->label < QUIRE_K_NOTIFY) {
		KERNEL_LOCKED;

		last = reply;
		if (reply.handle >= 0) {
			last.handle = handle_copy(reply.handle);
			handles[last.handle].client = true;
			if (reply.close_handle)
				handle_close(reply.handle);
		}
	}
}

struct late {
	struct late *next;
	uint32_t token;
	struct reply reply;
};
static struct late *late_replies;

int reply_late(uint32_t token, const struct reply *reply)
{
	struct late *l = malloc(sizeof(*l));

	l->token = token;
	l->reply = *reply;
	if (reply->handle >= 0) {
		l->reply.handle = handle_copy(reply->handle);
		handles[l->reply.handle].client = true;
	}
	l->next = late_replies;
	late_replies = l;
	return 0;
}

bool sim_late(uint32_t token)
{
	for (struct late **l = &late_replies; *l; l = &(*l)->next)
		if ((*l)->token == token) {
			struct late *found = *l;

			*l = found->next;
			last = found->reply;
			free(found);
			return true;
		}
	return false;
}

static _Thread_local uint32_t next_token = 1;

static int client_call(uint32_t badge, uint32_t label, uint32_t w1, uint32_t w2, uint32_t w3,
	const void *data, uint32_t bytes, int handle)
{
	static _Thread_local struct request request;

	request = (struct request){.label = label,
		.w = {0, w1, w2, w3},
		.badge = badge,
		.token = next_token++,
		.bytes = bytes,
		.handles = {-1, -1, -1, -1}};
	if (handle >= 0)
		handles[request.handles[0] = handle_copy(handle)].client = false;
	CHECK(bytes <= sizeof(request.data));
	if (bytes)
		memcpy(request.data, data, bytes);
	send(&request);
	if (last.later)
		last.w1 = request.token;
	return last.status;
}

int call(uint32_t badge, uint32_t label, uint32_t w1, uint32_t w2, uint32_t w3, const void *data,
	uint32_t bytes)
{
	return client_call(badge, label, w1, w2, w3, data, bytes, -1);
}

int call_handle(
	uint32_t badge, uint32_t label, uint32_t w1, const void *data, uint32_t bytes, int handle)
{
	return client_call(badge, label, w1, 0, 0, data, bytes, handle);
}

/* Asks the server about the object and returns its answer. The kernel is locked before and after, but
 * not meanwhile. */
static int ask_pager(struct object *o, uint32_t label, uint32_t w0, uint32_t w1, uint32_t w3,
	const void *data, uint32_t bytes)
{
	static _Thread_local struct request request;
	static uint32_t last_id;
	struct ask ask = {.next = asks, .id = ++last_id, .first = w0};

	asks = &ask;
	request = (struct request){.label = label,
		.w = {w0, w1, ask.id, w3},
		.badge = o->key,
		.bytes = bytes,
		.handles = {-1, -1, -1, -1}};
	if (bytes)
		memcpy(request.data, data, bytes);
	kernel_unlock();
	send(&request);
	kernel_lock();
	CHECK(ask.answered);
	for (struct ask **a = &asks; *a; a = &(*a)->next)
		if (*a == &ask) {
			*a = ask.next;
			break;
		}
	return ask.status;
}

void sim_deliver(bool timer)
{
	static _Thread_local struct request request;
	struct message *m;
	bool expired;

	while ((m = message_take())) {
		request = (struct request){.label = m->label,
			.badge = m->badge,
			.w = {m->w0},
			.handles = {-1, -1, -1, -1}};
		free(m);
		send(&request);
	}
	kernel_lock();
	expired = timer && timer_set;
	if (expired)
		timer_set = false;
	kernel_unlock();
	if (expired) {
		request = (struct request){
			.label = QUIRE_K_NOTIFY, .w = {1}, .handles = {-1, -1, -1, -1}};
		send(&request);
	}
}

/* ------------------------------------------------------------------ the kernel's side of a stream */

static int fetch(struct object *o, uint32_t first, uint32_t most, uint32_t flags)
{
	uint32_t pfn[QUIRE_RUN_MAX], n = 0;
	uint64_t limit = (o->size + PAGE_BYTES - 1) / PAGE_BYTES;
	int status;

	for (; n < most && n < QUIRE_RUN_MAX && first + n < limit; n++) {
		struct page *p = page_slot(o, first + n);

		if (p->state != PAGE_ABSENT)
			break;
		p->pfn = frame_new(&p->frame);
		p->state = PAGE_BUSY;
		pfn[n] = p->pfn;
	}
	CHECK(n);
	status = ask_pager(o, QUIRE_K_FETCH, first, n, flags, pfn, n * sizeof(*pfn));
	return status < 0 ? status : 0;
}

/* The page, present; with the lock held, which may have been let go. -ERANGE: beyond the end. */
static int page_want(struct object *o, uint32_t index, bool store, struct page **out)
{
	for (;;) {
		struct page *p = page_slot(o, index);
		int error = 0;

		if (index >= (o->size + PAGE_BYTES - 1) / PAGE_BYTES)
			return -ERANGE;
		if (p->state == PAGE_BUSY) {
			kernel_wait();
		} else if (p->state == PAGE_ABSENT) {
			error = fetch(o, index, store ? 1 : 1 + sim_random() % 32,
				store ? QUIRE_FETCH_WRITE : 0);
		} else if (store && p->hole) {
			error = ask_pager(o, QUIRE_K_RESERVE, index, 1, 0, NULL, 0);
			if (!error)
				page_slot(o, index)->hole = false;
		} else {
			*out = p;
			return 0;
		}
		if (error)
			return error;
	}
}

static void mark_dirty(struct object *o, struct page *p)
{
	if (p->state != PAGE_DIRTY && o->write_seen == o->write_seq)
		o->write_seq++;
	p->state = PAGE_DIRTY;
	p->hole = false;
}

long stream_read(int handle, void *buffer, uint32_t bytes, uint64_t offset)
{
	KERNEL_LOCKED;
	struct object *o = object_of(handle);
	uint32_t done = 0;

	while (done < bytes && offset + done < o->size) {
		uint64_t at = offset + done;
		uint32_t in = (uint32_t)(at % PAGE_BYTES), n = PAGE_BYTES - in;
		struct page *p;
		int error;

		if (n > bytes - done)
			n = bytes - done;
		if (n > o->size - at)
			n = (uint32_t)(o->size - at);
		error = page_want(o, (uint32_t)(at / PAGE_BYTES), false, &p);
		if (error)
			return error;
		memcpy((uint8_t *)buffer + done, p->frame + in, n);
		done += n;
	}
	return done;
}

/* A page wholly beyond the size: filled, then published with the size. */
static struct page *new_page(struct object *o, uint32_t index)
{
	struct page *p;

	zero_tail_in_memory(o);
	p = page_slot(o, index);
	CHECK(p->state == PAGE_ABSENT);
	p->pfn = frame_new(&p->frame);
	memset(p->frame, 0, PAGE_BYTES);
	p->state = PAGE_CLEAN;
	return p;
}

/* Copies what lies in one page; the bytes, or an error. */
static long write_piece(struct object *o, const uint8_t *from, uint32_t bytes, uint64_t at)
{
	uint32_t in = (uint32_t)(at % PAGE_BYTES), n = PAGE_BYTES - in;
	uint32_t index = (uint32_t)(at / PAGE_BYTES);
	struct page *p;

	if (n > bytes)
		n = bytes;
	if (index >= (o->size + PAGE_BYTES - 1) / PAGE_BYTES) {
		p = new_page(o, index);
	} else {
		int error = page_want(o, index, true, &p);

		if (error)
			return error;
	}
	if (at > o->size)
		zero_tail_in_memory(o);
	memcpy(p->frame + in, from, n);
	mark_dirty(o, p);
	if (at + n > o->size)
		o->size = at + n;
	return n;
}

static int make_room(struct object *o, uint64_t end, uint32_t bytes)
{
	int error = 0;

	while (!error && end > o->capacity)
		error = ask_pager(o, QUIRE_K_GROW, (uint32_t)end, (uint32_t)(end >> 32),
			sim.tell_growth ? bytes : 0, NULL, 0);
	return error;
}

long stream_write(int handle, const void *buffer, uint32_t bytes, uint64_t offset)
{
	KERNEL_LOCKED;
	struct object *o = object_of(handle);
	uint64_t end = offset + bytes;
	bool extends = end > o->size;
	uint32_t done = 0;
	long n = 0;

	while (extends && o->extending)
		kernel_wait();
	if (extends)
		o->extending = true;
	n = make_room(o, end, bytes);
	while (n >= 0 && done < bytes) {
		n = write_piece(o, (const uint8_t *)buffer + done, bytes - done, offset + done);
		if (n > 0)
			done += (uint32_t)n;
	}
	if (extends) {
		o->extending = false;
		kernel_wake();
	}
	return done ? (long)done : n;
}

int map_store(int handle, uint64_t offset, uint8_t value)
{
	KERNEL_LOCKED;
	struct object *o = object_of(handle);
	struct page *p;
	int error;

	CHECK(offset / PAGE_BYTES < (o->size + PAGE_BYTES - 1) / PAGE_BYTES);
	error = page_want(o, (uint32_t)(offset / PAGE_BYTES), true, &p);
	if (error)
		return error;
	mark_dirty(o, p);
	p->frame[offset % PAGE_BYTES] = value;
	return 0;
}

int map_load(int handle, uint64_t offset, uint8_t *value)
{
	KERNEL_LOCKED;
	struct object *o = object_of(handle);
	struct page *p;
	int error = page_want(o, (uint32_t)(offset / PAGE_BYTES), false, &p);

	if (!error)
		*value = p->frame[offset % PAGE_BYTES];
	return error;
}

int stream_sync(int handle)
{
	KERNEL_LOCKED;
	return ask_pager(object_of(handle), QUIRE_K_SYNC, 0, 0, 1, NULL, 0);
}

static void evict_mapping(unsigned n)
{
	/* No page is under writeback while we hold this. */
	pthread_mutex_lock(&sim.fs->flush_lock);
	fs_lock(sim.fs);
	for (uint32_t page = 0; (uint64_t)(page + 1) * PAGE_BYTES <= sim.bytes; page++)
		if (!(sim.fs->stored[page / 32] >> page % 32 & 1) && sim_random() % n == 0)
			memcpy(sim.mapping + (uint64_t)page * PAGE_BYTES,
				sim.image + (uint64_t)page * PAGE_BYTES, PAGE_BYTES);
	if (sim.shadow)
		memcpy(sim.shadow, sim.mapping, sim.bytes);
	fs_unlock(sim.fs);
	pthread_mutex_unlock(&sim.fs->flush_lock);
}

void sim_evict(unsigned n)
{
	kernel_lock();
	for (struct object *o = objects; o; o = o->link)
		for (uint32_t i = 0; i < o->count; i++)
			if (o->pages[i].state == PAGE_CLEAN && sim_random() % n == 0)
				page_drop(&o->pages[i]);
	kernel_unlock();
	evict_mapping(n);
}
