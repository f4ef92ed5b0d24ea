/* The simulated kernel: frames, memory objects, handles. See sim.h. */
#include <stdlib.h>
#include <string.h>
#include "sim_kernel.h"

struct handle handles[HANDLES];
struct object *objects;
uint8_t *frame_memory[FRAMES];
struct ask *asks;

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

void kernel_lock(void)
{
	pthread_mutex_lock(&lock);
}

void kernel_lock_anew(void)
{
	pthread_mutex_t fresh = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

	memcpy(&lock, &fresh, sizeof(lock));
}

void kernel_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

void kernel_wait(void)
{
	pthread_cond_wait(&changed, &lock);
}

void kernel_wake(void)
{
	pthread_cond_broadcast(&changed);
}

static struct message *queue_head, **queue_tail = &queue_head;
bool timer_set;

static void post(uint32_t label, uint32_t badge, uint32_t w0)
{
	struct message *m = calloc(1, sizeof(*m));

	*m = (struct message){NULL, label, badge, w0};
	*queue_tail = m;
	queue_tail = &m->next;
}

uint32_t frame_new(uint8_t **frame)
{
	for (uint32_t i = 1; i < FRAMES; i++)
		if (!frame_memory[i]) {
			frame_memory[i] = malloc(PAGE_BYTES);
			memset(frame_memory[i], 0xa5, PAGE_BYTES);
			*frame = frame_memory[i];
			return i;
		}
	sim_fail(__FILE__, __LINE__, "out of frames");
}

void page_drop(struct page *p)
{
	if (p->state == PAGE_ABSENT) {
		p->hole = false;
		return;
	}
	free(p->frame);
	frame_memory[p->pfn] = NULL;
	memset(p, 0, sizeof(*p));
}

struct page *page_slot(struct object *o, uint32_t index)
{
	if (index >= o->count) {
		uint32_t count = index + 64;

		o->pages = realloc(o->pages, count * sizeof(*o->pages));
		memset(o->pages + o->count, 0, (count - o->count) * sizeof(*o->pages));
		o->count = count; /* pointers to slots are good only while the lock is held */
	}
	return &o->pages[index];
}

static int handle_new(enum handle_kind kind)
{
	for (int i = 1; i < HANDLES; i++)
		if (handles[i].kind == HANDLE_FREE) {
			handles[i] = (struct handle){.kind = kind};
			return i;
		}
	return -EMFILE;
}

struct object *object_of(int handle)
{
	CHECK(handle > 0 && handle < HANDLES);
	if (handles[handle].kind == HANDLE_STREAM)
		return handles[handle].stream->object;
	CHECK(handles[handle].kind == HANDLE_OBJECT);
	return handles[handle].object;
}

int object_create(uint32_t key, uint64_t size)
{
	sim_point();
	KERNEL_LOCKED;
	struct object *o = calloc(1, sizeof(*o));
	int handle = handle_new(HANDLE_OBJECT);

	for (struct object *x = objects; x; x = x->link)
		CHECK(x->key != key); /* never two objects for one file */
	o->key = key;
	o->size = o->capacity = size;
	o->link = objects;
	objects = o;
	handles[handle].object = o;
	return handle;
}

static uint32_t count_pages(struct object *o, bool dirty)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->count; i++)
		n += o->pages[i].state >= (dirty ? PAGE_DIRTY : PAGE_CLEAN);
	return n;
}

void object_destroy(struct object *o)
{
	for (struct object **x = &objects; *x; x = &(*x)->link)
		if (*x == o) {
			*x = o->link;
			break;
		}
	CHECK(o->users == 0 && !o->token);
	for (uint32_t i = 0; i < o->count; i++)
		page_drop(&o->pages[i]);
	free(o->pages);
	free(o);
}

void handle_close(int handle)
{
	sim_point();
	KERNEL_LOCKED;
	struct handle *h = &handles[handle];
	struct stream *s = h->stream;
	enum handle_kind kind = h->kind;

	CHECK(handle > 0 && handle < HANDLES && kind != HANDLE_FREE);
	h->kind = HANDLE_FREE;
	if (kind == HANDLE_OBJECT) {
		CHECK(count_pages(h->object, true) == 0);
		object_destroy(h->object);
	} else if (kind == HANDLE_STREAM && --s->refs == 0) {
		if (--s->object->users == 0 && !s->object->idle_posted) {
			s->object->idle_posted = true;
			post(QUIRE_K_IDLE, s->object->key, 0);
		}
		free(s);
	} else if (kind == HANDLE_CHANNEL && --h->channel[1] == 0) {
		post(QUIRE_K_CLOSED, h->channel[0], 0);
		free(h->channel);
	}
}

int handle_copy(int handle)
{
	KERNEL_LOCKED;
	int copy = handle_new(handles[handle].kind);

	handles[copy] = handles[handle];
	if (handles[copy].kind == HANDLE_STREAM)
		handles[copy].stream->refs++;
	if (handles[copy].kind == HANDLE_CHANNEL)
		handles[copy].channel[1]++;
	return copy;
}

void client_close(int handle)
{
	handle_close(handle);
}

int object_info(int object, struct quire_obj_info *info)
{
	KERNEL_LOCKED;
	struct object *o = object_of(object);

	*info = (struct quire_obj_info){.size = o->size,
		.capacity = o->capacity,
		.key = o->key,
		.resident = count_pages(o, false),
		.dirty = count_pages(o, true),
		.write_seq = o->write_seq,
		.users = o->users};
	o->write_seen = o->write_seq;
	return 0;
}

void zero_tail_in_memory(struct object *o)
{
	uint32_t used = (uint32_t)(o->size % PAGE_BYTES);
	uint32_t index = (uint32_t)(o->size / PAGE_BYTES);

	if (used && index < o->count && o->pages[index].state > PAGE_BUSY)
		memset(o->pages[index].frame + used, 0, PAGE_BYTES - used);
}

int object_set_size(int object, uint64_t size)
{
	sim_point();
	KERNEL_LOCKED;
	struct object *o = object_of(object);
	bool shrinks = size < o->size;

	CHECK(!o->token);
	if (!shrinks) {
		zero_tail_in_memory(o);
		o->size = size;
		if (o->capacity < size)
			o->capacity = size;
		return 0;
	}
	o->size = size;
	if (o->capacity > size)
		o->capacity = size;
	for (uint32_t i = (uint32_t)((size + PAGE_BYTES - 1) / PAGE_BYTES); i < o->count; i++)
		if (o->pages[i].state == PAGE_BUSY)
			o->pages[i].stale = true;
		else
			page_drop(&o->pages[i]);
	zero_tail_in_memory(o);
	return 0;
}

int object_set_capacity(int object, uint64_t bytes)
{
	sim_point();
	KERNEL_LOCKED;
	struct object *o = object_of(object);

	o->capacity = bytes > o->size ? bytes : o->size;
	return 0;
}

int object_query_dirty(int object, uint32_t from, uint32_t *first)
{
	KERNEL_LOCKED;
	struct object *o = object_of(object);
	int n = 0;

	for (uint32_t i = from; i < o->count && n < QUIRE_RUN_MAX; i++) {
		if (o->pages[i].state == PAGE_DIRTY) {
			if (!n)
				*first = i;
			n++;
		} else if (n) {
			break;
		}
	}
	return n;
}

int object_writeback_begin(
	int object, uint32_t first, uint32_t count, uint32_t *token, uint32_t *pfn)
{
	sim_point();
	KERNEL_LOCKED;
	struct object *o = object_of(object);
	static uint32_t tokens;
	uint32_t n = 0;

	CHECK(!o->token);
	for (; n < count && first + n < o->count && o->pages[first + n].state == PAGE_DIRTY; n++) {
		o->pages[first + n].state = PAGE_WRITEBACK;
		pfn[n] = o->pages[first + n].pfn;
	}
	if (n) {
		*token = o->token = ++tokens;
		o->token_first = first;
		o->token_count = n;
	}
	return (int)n;
}

int object_writeback_end(int object, uint32_t token, int status)
{
	sim_point();
	KERNEL_LOCKED;
	struct object *o = object_of(object);

	CHECK(o->token == token);
	o->token = 0;
	for (uint32_t i = o->token_first; i < o->token_first + o->token_count; i++)
		if (o->pages[i].state == PAGE_WRITEBACK)
			o->pages[i].state = status ? PAGE_DIRTY : PAGE_CLEAN;
	return 0;
}

int object_evict(int object, uint32_t first, uint32_t count)
{
	KERNEL_LOCKED;
	struct object *o = object_of(object);
	int n = 0;

	for (uint32_t i = first; i < first + count && i < o->count; i++)
		if (o->pages[i].state == PAGE_CLEAN || (o->pages[i].state == PAGE_ABSENT)) {
			n += o->pages[i].state == PAGE_CLEAN;
			page_drop(&o->pages[i]);
		}
	return n;
}

bool stream_dirty(int handle)
{
	KERNEL_LOCKED;
	return count_pages(object_of(handle), true) > 0;
}

void (*sim_before_next_dirty)(void);

int object_next_dirty(uint32_t index, uint32_t *key)
{
	if (sim_before_next_dirty)
		sim_before_next_dirty();
	KERNEL_LOCKED;
	for (struct object *o = objects; o; o = o->link)
		if (count_pages(o, true) && index-- == 0) {
			*key = o->key;
			return 1;
		}
	return 0;
}

static struct ask *ask_find(uint32_t id)
{
	for (struct ask *a = asks; a; a = a->next)
		if (a->id == id)
			return a;
	return NULL;
}

int object_supply(int object, uint32_t request, int status, const uint8_t *zero, uint32_t pages)
{
	sim_point();
	KERNEL_LOCKED;
	struct object *o = object_of(object);
	struct ask *a = ask_find(request);

	CHECK(a && !a->answered);
	a->answered = true;
	a->status = status;
	for (uint32_t i = 0; i < pages; i++) {
		struct page *p = page_slot(o, a->first + i);

		CHECK(p->state == PAGE_BUSY);
		if (status < 0 || p->stale) {
			page_drop(p);
			continue;
		}
		for (unsigned s = 0; s < 8; s++)
			if (zero[i] >> s & 1)
				memset(p->frame + s * 512, 0, 512);
		p->hole = status == QUIRE_SUPPLY_HOLES && zero[i] == 0xff;
		p->state = PAGE_CLEAN;
	}
	zero_tail_in_memory(o);
	kernel_wake();
	return 0;
}

int object_complete(int object, uint32_t request, int status)
{
	sim_point();
	KERNEL_LOCKED;
	struct ask *a = ask_find(request);

	object_of(object);
	CHECK(a && !a->answered);
	a->answered = true;
	a->status = status;
	return 0;
}

int object_attach(uint32_t key)
{
	KERNEL_LOCKED;
	for (struct object *o = objects; o; o = o->link)
		if (o->key == key) {
			int handle = handle_new(HANDLE_OBJECT);

			handles[handle].object = o;
			return handle;
		}
	return -ENOENT;
}

int object_enumerate(uint32_t index, uint32_t *key)
{
	KERNEL_LOCKED;
	for (struct object *o = objects; o; o = o->link)
		if (index-- == 0) {
			*key = o->key;
			return 1;
		}
	return 0;
}

int channel_enumerate(uint32_t index, uint32_t *badge)
{
	KERNEL_LOCKED;
	for (int i = 1; i < HANDLES; i++) {
		bool first = handles[i].kind == HANDLE_CHANNEL;

		for (int k = 1; k < i && first; k++)
			first = handles[k].kind != HANDLE_CHANNEL ||
				handles[k].channel != handles[i].channel;
		if (first && index-- == 0) {
			*badge = handles[i].channel[0];
			return 1;
		}
	}
	return 0;
}

void rest(void) {}

int stream_create(int object, int flags)
{
	sim_point();
	KERNEL_LOCKED;
	struct object *o = object_of(object);
	int handle = handle_new(HANDLE_STREAM);
	struct stream *s = calloc(1, sizeof(*s));

	*s = (struct stream){o, 1, flags};
	o->users++;
	handles[handle].stream = s;
	return handle;
}

uint32_t sim_poll_changes;

void poll_changed(void)
{
	KERNEL_LOCKED;
	sim_poll_changes++;
}

int channel_create(uint32_t badge)
{
	sim_point();
	KERNEL_LOCKED;
	int handle = handle_new(HANDLE_CHANNEL);

	handles[handle].channel = calloc(2, sizeof(uint32_t));
	handles[handle].channel[0] = badge;
	handles[handle].channel[1] = 1;
	return handle;
}

int channel_badge(int handle, uint32_t *badge)
{
	KERNEL_LOCKED;
	if (handles[handle].kind != HANDLE_CHANNEL)
		return -EXDEV;
	*badge = handles[handle].channel[0];
	return 0;
}

uint32_t handle_badge(int handle)
{
	KERNEL_LOCKED;
	if (handles[handle].kind == HANDLE_STREAM)
		return handles[handle].stream->object->key;
	return handles[handle].channel[0];
}
void timer_after(unsigned ms)
{
	KERNEL_LOCKED;
	(void)ms;
	timer_set = true;
}

void forget_messages(void)
{
	while (queue_head)
		free(message_take());
	timer_set = false;
}

struct message *message_take(void)
{
	KERNEL_LOCKED;
	struct message *m = queue_head;

	if (!m)
		return NULL;
	queue_head = m->next;
	if (!queue_head)
		queue_tail = &queue_head;
	/* A late user posts another message once this one is on its way. */
	if (m->label == QUIRE_K_IDLE)
		for (struct object *o = objects; o; o = o->link)
			if (o->key == m->badge)
				o->idle_posted = false;
	return m;
}
