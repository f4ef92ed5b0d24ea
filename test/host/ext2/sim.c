/* See sim.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim.h"

struct sim sim;
struct reply last;

_Noreturn void sim_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: failed: %s (last status %d)\n", file, line, what, last.status);
	abort();
}

int run(const char *format, ...)
{
	char command[1024];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	status = system(command);
	return status < 0 || status & 0x7f ? 255 : status >> 8;
}

static uint32_t random_state = 1;

void sim_seed(uint32_t seed)
{
	random_state = seed ? seed : 1;
}

uint32_t sim_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

/* ------------------------------------------------------------------ frames and objects */

enum page_state { PAGE_ABSENT, PAGE_CLEAN, PAGE_DIRTY, PAGE_WRITEBACK };

struct page {
	uint8_t *frame;
	uint32_t pfn;
	enum page_state state;
	bool hole; /* the pager said so: RESERVE before a store */
};

struct object {
	uint32_t key;
	uint64_t size, capacity;
	struct page *pages;
	uint32_t count; /* of pages[] */
	uint32_t users, write_seq, write_seen;
	bool idle_posted;
	uint32_t token, token_first, token_count; /* the writeback in flight, if token */
	uint32_t fetch_first;
	uint32_t next; /* request number */
	int answer;
	bool answered;
	struct object *link;
};

enum handle_kind { HANDLE_FREE, HANDLE_OBJECT, HANDLE_STREAM, HANDLE_CHANNEL };
struct stream {
	struct object *object;
	uint32_t refs;
	int flags;
};
struct handle {
	enum handle_kind kind;
	struct object *object;
	struct stream *stream;
	uint32_t *channel; /* badge and count of copies */
};

#define HANDLES 8192
#define FRAMES	16384
static struct handle handles[HANDLES];
static struct object *objects;
static uint8_t *frame_memory[FRAMES];

struct message {
	struct message *next;
	uint32_t label, badge, w0;
};
static struct message *queue_head, **queue_tail = &queue_head;
static bool timer_set;

static void post(uint32_t label, uint32_t badge, uint32_t w0)
{
	struct message *m = calloc(1, sizeof(*m));

	*m = (struct message){NULL, label, badge, w0};
	*queue_tail = m;
	queue_tail = &m->next;
}

static uint32_t frame_new(uint8_t **frame)
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

static void page_drop(struct page *p)
{
	if (p->state == PAGE_ABSENT) {
		p->hole = false;
		return;
	}
	free(p->frame);
	frame_memory[p->pfn] = NULL;
	memset(p, 0, sizeof(*p));
}

static struct page *page_slot(struct object *o, uint32_t index)
{
	if (index >= o->count) {
		uint32_t count = index + 64;

		o->pages = realloc(o->pages, count * sizeof(*o->pages));
		memset(o->pages + o->count, 0, (count - o->count) * sizeof(*o->pages));
		o->count = count;
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

static struct object *object_of(int handle)
{
	CHECK(handle > 0 && handle < HANDLES);
	if (handles[handle].kind == HANDLE_STREAM)
		return handles[handle].stream->object;
	CHECK(handles[handle].kind == HANDLE_OBJECT);
	return handles[handle].object;
}

int object_create(uint32_t key, uint64_t size)
{
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
		n += dirty ? o->pages[i].state >= PAGE_DIRTY : o->pages[i].state != PAGE_ABSENT;
	return n;
}

static void object_destroy(struct object *o)
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

static int handle_copy(int handle)
{
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

static void zero_tail_in_memory(struct object *o)
{
	uint32_t used = (uint32_t)(o->size % PAGE_BYTES);
	uint32_t index = (uint32_t)(o->size / PAGE_BYTES);

	if (used && index < o->count && o->pages[index].state != PAGE_ABSENT)
		memset(o->pages[index].frame + used, 0, PAGE_BYTES - used);
}

int object_set_size(int object, uint64_t size)
{
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
		page_drop(&o->pages[i]);
	zero_tail_in_memory(o);
	return 0;
}

int object_set_capacity(int object, uint64_t bytes)
{
	struct object *o = object_of(object);

	o->capacity = bytes > o->size ? bytes : o->size;
	return 0;
}

int object_query_dirty(int object, uint32_t from, uint32_t *first)
{
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
	struct object *o = object_of(object);
	int n = 0;

	for (uint32_t i = first; i < first + count && i < o->count; i++)
		if (o->pages[i].state == PAGE_CLEAN || (o->pages[i].state == PAGE_ABSENT)) {
			n += o->pages[i].state == PAGE_CLEAN;
			page_drop(&o->pages[i]);
		}
	return n;
}

int object_next_dirty(uint32_t index, uint32_t *key)
{
	for (struct object *o = objects; o; o = o->link)
		if (count_pages(o, true) && index-- == 0) {
			*key = o->key;
			return 1;
		}
	return 0;
}

int object_supply(int object, uint32_t request, int status, const uint8_t *zero, uint32_t pages)
{
	struct object *o = object_of(object);

	CHECK(request >> 8 == o->next);
	o->answered = true;
	o->answer = status;
	for (uint32_t i = 0; i < pages && status >= 0; i++) {
		struct page *p = page_slot(o, o->fetch_first + i);

		CHECK(p->frame);
		for (unsigned s = 0; s < 8; s++)
			if (zero[i] >> s & 1)
				memset(p->frame + s * 512, 0, 512);
		p->hole = status == QUIRE_SUPPLY_HOLES && zero[i] == 0xff;
		p->state = PAGE_CLEAN;
	}
	zero_tail_in_memory(o);
	return 0;
}

int object_complete(int object, uint32_t request, int status)
{
	struct object *o = object_of(object);

	CHECK(request >> 8 == o->next);
	o->answered = true;
	o->answer = status;
	return 0;
}

int stream_create(int object, int flags)
{
	struct object *o = object_of(object);
	int handle = handle_new(HANDLE_STREAM);
	struct stream *s = calloc(1, sizeof(*s));

	*s = (struct stream){o, 1, flags};
	o->users++;
	handles[handle].stream = s;
	return handle;
}

int channel_create(uint32_t badge)
{
	int handle = handle_new(HANDLE_CHANNEL);

	handles[handle].channel = calloc(2, sizeof(uint32_t));
	handles[handle].channel[0] = badge;
	handles[handle].channel[1] = 1;
	return handle;
}

int channel_badge(int handle, uint32_t *badge)
{
	if (handles[handle].kind != HANDLE_CHANNEL)
		return -EXDEV;
	*badge = handles[handle].channel[0];
	return 0;
}

uint32_t handle_badge(int handle)
{
	if (handles[handle].kind == HANDLE_STREAM)
		return handles[handle].stream->object->key;
	return handles[handle].channel[0];
}

void timer_after(unsigned ms)
{
	(void)ms;
	timer_set = true;
}

/* ------------------------------------------------------------------ the disk */

int disk_transfer(bool write, const struct blk_segment *segments, uint32_t count)
{
	CHECK(count && count <= BLK_SEGMENTS_MAX);
	CHECK(!sim.fs->locked);
	if (write) {
		sim.writes++;
		if (sim.fail_writes == 0)
			return -EIO;
		if (sim.fail_writes != UINT64_MAX)
			sim.fail_writes--;
	} else {
		sim.reads++;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct blk_segment *s = &segments[i];
		uint64_t at = s->sector * 512, phys = s->phys;

		CHECK(s->bytes && s->bytes % 512 == 0 && s->bytes <= 128 * 1024);
		CHECK(at + s->bytes <= sim.bytes);
		for (uint32_t n = 0; n < s->bytes; n += 512, phys += 512, at += 512) {
			uint8_t *frame = frame_memory[phys >> PAGE_SHIFT];

			CHECK(frame);
			if (write)
				memcpy(sim.image + at, frame + phys % PAGE_BYTES, 512);
			else
				memcpy(frame + phys % PAGE_BYTES, sim.image + at, 512);
		}
	}
	return 0;
}

static uint64_t backing_now(struct backing *b)
{
	(void)b;
	return sim.clock += 1000000;
}

static int backing_begin(struct backing *b, uint32_t first, uint32_t count)
{
	(void)b;
	CHECK(sim.fs->locked && count && count <= FLUSH_RUN_PAGES);
	CHECK((uint64_t)first * PAGE_BYTES < sim.bytes);
	return 0;
}

static int backing_write(
	struct backing *b, const struct block_run *runs, uint32_t count, uint32_t size)
{
	(void)b;
	CHECK(!sim.fs->locked);
	sim.writes++;
	if (sim.fail_writes == 0)
		return -EIO;
	if (sim.fail_writes != UINT64_MAX)
		sim.fail_writes--;
	for (uint32_t i = 0; i < count; i++) {
		CHECK((uint64_t)(runs[i].block + runs[i].count) * size <= sim.bytes);
		memcpy(sim.image + (uint64_t)runs[i].block * size,
			sim.mapping + (uint64_t)runs[i].block * size, (size_t)runs[i].count * size);
	}
	return 0;
}

static void backing_end(struct backing *b, int status)
{
	(void)b;
	(void)status;
}

static int backing_barrier(struct backing *b)
{
	(void)b;
	CHECK(!sim.fs->locked);
	return 0;
}

static int backing_zero_tail(struct backing *b, uint32_t block, uint32_t from, uint32_t size)
{
	(void)b;
	CHECK(!sim.fs->locked && from && from < size);
	memset(sim.image + (uint64_t)block * size + from, 0, size - from);
	/* The real one reads and changes the block in the mapping, where it is no one's data. */
	memset(sim.mapping + (uint64_t)block * size, 0x5a, size);
	return 0;
}

static void backing_log(struct backing *b, const char *line)
{
	(void)b;
	if (!sim.quiet)
		fprintf(stderr, "%s\n", line);
}

/* ------------------------------------------------------------------ mounting */

int sim_load(const char *path)
{
	FILE *f = fopen(path, "rb");
	long bytes;

	CHECK(f);
	fseek(f, 0, SEEK_END);
	bytes = ftell(f);
	rewind(f);
	free(sim.image);
	sim.bytes = (uint64_t)bytes;
	sim.image = malloc((size_t)bytes);
	CHECK(fread(sim.image, 1, (size_t)bytes, f) == (size_t)bytes);
	fclose(f);
	return sim_mount(false);
}

int sim_mount(bool read_only)
{
	int error;

	if (!sim.clock)
		sim.clock = 1700000000ull * 1000000000u;
	sim.fail_writes = UINT64_MAX;
	free(sim.mapping);
	sim.mapping =
		aligned_alloc(PAGE_BYTES, (sim.bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
	memcpy(sim.mapping, sim.image, sim.bytes);
	sim.backing = (struct backing){.disk = sim.mapping,
		.bytes = sim.bytes,
		.now = backing_now,
		.begin = backing_begin,
		.write = backing_write,
		.end = backing_end,
		.barrier = backing_barrier,
		.zero_tail = backing_zero_tail,
		.log = backing_log};
	error = fs_mount(&sim.backing, read_only, &sim.fs);
	if (!error)
		server_init(&sim.server, sim.fs);
	else
		sim.fs = NULL;
	return error;
}

void sim_drop(void)
{
	while (queue_head) {
		struct message *m = queue_head;

		queue_head = m->next;
		free(m);
	}
	queue_tail = &queue_head;
	timer_set = false;
	while (objects) {
		for (uint32_t i = 0; i < objects->count; i++)
			page_drop(&objects->pages[i]);
		objects->users = 0;
		objects->token = 0;
		object_destroy(objects);
	}
	for (int i = 1; i < HANDLES; i++) {
		if (handles[i].kind == HANDLE_STREAM && --handles[i].stream->refs == 0)
			free(handles[i].stream);
		if (handles[i].kind == HANDLE_CHANNEL && --handles[i].channel[1] == 0)
			free(handles[i].channel);
		handles[i].kind = HANDLE_FREE;
	}
	if (!sim.fs)
		return;
	/* The server's memory goes with it: free its inodes without their ends. */
	for (unsigned i = 0; i < INODE_HASH; i++) {
		struct inode *ip;

		while ((ip = LIST_FIRST(&sim.fs->hash[i]))) {
			fs_lock(sim.fs);
			reserve_trim(ip, 0);
			dir_index_drop(ip);
			fs_unlock(sim.fs);
			LIST_REMOVE(ip, hash_link);
			free(ip->fifo);
			free(ip);
		}
	}
	TAILQ_INIT(&sim.fs->idle);
	sim.fs->idle_count = 0;
	while (!LIST_EMPTY(&sim.server.mounts)) {
		struct mount *m = LIST_FIRST(&sim.server.mounts);

		LIST_REMOVE(m, link);
		free(m);
	}
	fs_unmount(sim.fs);
	sim.fs = NULL;
}

void sim_save(const char *path)
{
	FILE *f = fopen(path, "wb");

	CHECK(f && fwrite(sim.image, 1, sim.bytes, f) == sim.bytes);
	fclose(f);
}

int sim_fsck(const char *path)
{
	int status;

	sim_save(path);
	status = run("e2fsck -fn %s > %s.log 2>&1", path, path);
	if (status)
		run("cat %s.log >&2", path);
	return status;
}

/* ------------------------------------------------------------------ messages */

static void send(struct request *request)
{
	static struct reply reply;

	serve(&sim.server, request, &reply);
	CHECK(!sim.fs->locked);
	if (request->label < QUIRE_K_NOTIFY) {
		last = reply;
		if (reply.handle >= 0) {
			last.handle = handle_copy(reply.handle);
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
	if (reply->handle >= 0)
		l->reply.handle = handle_copy(reply->handle);
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

static uint32_t next_token = 1;

static int client_call(uint32_t badge, uint32_t label, uint32_t w1, uint32_t w2, uint32_t w3,
	const void *data, uint32_t bytes, int handle)
{
	static struct request request;

	request = (struct request){.label = label,
		.w = {0, w1, w2, w3},
		.badge = badge,
		.token = next_token++,
		.bytes = bytes,
		.handles = {-1, -1, -1, -1}};
	if (handle >= 0)
		request.handles[0] = handle_copy(handle);
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

static int ask_pager(struct object *o, uint32_t label, uint32_t w0, uint32_t w1, uint32_t w3,
	const void *data, uint32_t bytes)
{
	static struct request request;

	o->next = (o->next + 1) & 0xffffff;
	o->answered = false;
	request = (struct request){.label = label,
		.w = {w0, w1, o->next << 8, w3},
		.badge = o->key,
		.bytes = bytes,
		.handles = {-1, -1, -1, -1}};
	if (bytes)
		memcpy(request.data, data, bytes);
	send(&request);
	CHECK(o->answered);
	return o->answer;
}

void sim_deliver(bool timer)
{
	while (queue_head) {
		struct message *m = queue_head;
		static struct request request;

		queue_head = m->next;
		if (!queue_head)
			queue_tail = &queue_head;
		if (m->label == QUIRE_K_IDLE)
			for (struct object *o = objects; o; o = o->link)
				if (o->key == m->badge)
					o->idle_posted = false;
		request = (struct request){.label = m->label,
			.badge = m->badge,
			.w = {m->w0},
			.handles = {-1, -1, -1, -1}};
		free(m);
		send(&request);
	}
	if (timer && timer_set) {
		static struct request request;

		timer_set = false;
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
		pfn[n] = p->pfn;
	}
	CHECK(n);
	o->fetch_first = first;
	status = ask_pager(o, QUIRE_K_FETCH, first, n, flags, pfn, n * sizeof(*pfn));
	if (status < 0)
		for (uint32_t i = 0; i < n; i++) {
			struct page *p = &o->pages[first + i];

			free(p->frame);
			frame_memory[p->pfn] = NULL;
			memset(p, 0, sizeof(*p));
		}
	return status < 0 ? status : 0;
}

static int page_want(struct object *o, uint32_t index, bool store, struct page **out)
{
	struct page *p = page_slot(o, index);
	int error;

	if (p->state == PAGE_ABSENT) {
		error = fetch(
			o, index, store ? 1 : 1 + sim_random() % 32, store ? QUIRE_FETCH_WRITE : 0);
		if (error)
			return error;
	}
	p = page_slot(o, index);
	if (store && p->hole) {
		error = ask_pager(o, QUIRE_K_RESERVE, index, 1, 0, NULL, 0);
		if (error)
			return error;
		p->hole = false;
	}
	*out = p;
	return 0;
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

long stream_write(int handle, const void *buffer, uint32_t bytes, uint64_t offset)
{
	struct object *o = object_of(handle);
	uint32_t done = 0;

	if (offset + bytes > o->capacity) {
		uint64_t end = offset + bytes;
		int error = ask_pager(o, QUIRE_K_GROW, (uint32_t)end, (uint32_t)(end >> 32),
			sim.tell_growth ? bytes : 0, NULL, 0);

		if (error)
			return error;
		CHECK(o->capacity >= end);
	}
	while (done < bytes) {
		uint64_t at = offset + done;
		uint32_t in = (uint32_t)(at % PAGE_BYTES), n = PAGE_BYTES - in;
		uint32_t index = (uint32_t)(at / PAGE_BYTES);
		struct page *p;
		int error;

		if (n > bytes - done)
			n = bytes - done;
		if (index >= (o->size + PAGE_BYTES - 1) / PAGE_BYTES) {
			zero_tail_in_memory(o);
			p = page_slot(o, index);
			CHECK(p->state == PAGE_ABSENT);
			p->pfn = frame_new(&p->frame);
			memset(p->frame, 0, PAGE_BYTES);
			p->state = PAGE_CLEAN;
		} else {
			error = page_want(o, index, true, &p);
			if (error)
				return done ? (long)done : error;
			if (at > o->size)
				zero_tail_in_memory(o);
		}
		memcpy(p->frame + in, (const uint8_t *)buffer + done, n);
		mark_dirty(o, p);
		if (at + n > o->size)
			o->size = at + n;
		done += n;
	}
	return done;
}

int map_store(int handle, uint64_t offset, uint8_t value)
{
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
	struct object *o = object_of(handle);
	struct page *p;
	int error = page_want(o, (uint32_t)(offset / PAGE_BYTES), false, &p);

	if (!error)
		*value = p->frame[offset % PAGE_BYTES];
	return error;
}

int stream_sync(int handle)
{
	return ask_pager(object_of(handle), QUIRE_K_SYNC, 0, 0, 1, NULL, 0);
}

void sim_evict(unsigned n)
{
	for (struct object *o = objects; o; o = o->link)
		for (uint32_t i = 0; i < o->count; i++)
			if (o->pages[i].state == PAGE_CLEAN && sim_random() % n == 0)
				page_drop(&o->pages[i]);
	for (uint32_t page = 0; (uint64_t)(page + 1) * PAGE_BYTES <= sim.bytes; page++)
		if (!(sim.fs->stored[page / 32] >> page % 32 & 1) && sim_random() % n == 0)
			memcpy(sim.mapping + (uint64_t)page * PAGE_BYTES,
				sim.image + (uint64_t)page * PAGE_BYTES, PAGE_BYTES);
}
