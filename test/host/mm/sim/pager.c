/* The simulated pager: a file server and its disk in one. Requests are taken in order, disk transfers run
 * a page at a time, in any order among each other, and are answered late. What it may rely on is what the real one
 * does (kernel/include/quire/abi.h): it writes only bytes below the size that it saw after the writeback began,
 * leaves zeros behind them on the disk, and answers no fetch with bytes read before a truncation. A crash drops
 * transfers half done, and the next pager begins with none of the old one's under way.
 */
#include "sim.h"
#include <stdlib.h>
#include <string.h>

struct sim_file sim_files[SIM_FILES];
struct pager sim_pager;
struct sim_odds sim_odds;
struct sim_pager_counts sim_pager_counts;

struct io {
	struct list link;
	enum { IO_FETCH, IO_WRITE, IO_SYNC } kind;
	struct sim_file *file;
	struct page_request *request; /* the message's reference */
	u32 token;
	/* size: bytes; as seen when a writeback began, less what was truncated since */
	u64 first, size;
	u32 count, moved; /* pages */
	u64 begun;
	pfn_t frames[QUIRE_RUN_MAX];
	u8 *buffer; /* of a write: in the disk's own memory, on its way to the medium */
};
static struct list posted = LIST_INIT(posted), ios = LIST_INIT(ios);
static u32 io_count;
static u64 now; /* counts what the pager begins */

static u64 pages(u64 bytes)
{
	return (bytes + PAGE_MASK) >> PAGE_SHIFT;
}
static bool chance(u32 one_in)
{
	return one_in && !sim_random(one_in);
}

void pager_get(struct pager *p)
{
	(void)p;
}
void pager_put(struct pager *p)
{
	(void)p;
}
void pager_notify(struct pager *p, u32 bits)
{
	assert(p == &sim_pager && bits == QUIRE_NOTIFY_DIRTY);
	sim_pager_counts.notices++;
}
void pager_post(struct pager *p, struct page_request *r)
{
	assert(p == &sim_pager && list_empty(&r->port_link));
	sim_pager_counts.posted++;
	request_get(r);
	list_push_back(&posted, &r->port_link);
}

void pager_setup(void)
{
	pager_init(&sim_pager);
}

void sim_file_create(u32 n, u64 size)
{
	struct sim_file *f = &sim_files[n];

	if (object_create_paged(&sim_pager, n, size, &f->object))
		sim_fail("the object of file %u", n);
	for (u32 i = 0; i < SIM_FILE_PAGES; i++) {
		f->hole[i] = i >= pages(size) || i % 5 == 4;
		f->promised[i] = f->failed[i] = false;
		f->written[i] = 0;
	}
	memset(f->disk, 0, sizeof(f->disk));
	for (u32 i = 0; i < size; i++)
		if (!f->hole[i / PAGE_SIZE])
			f->disk[i] = (u8)(i * 7 + i / PAGE_SIZE + n);
}

struct sim_file *sim_file_of(const struct memory_object *o)
{
	for (u32 f = 0; f < SIM_FILES; f++)
		if (sim_files[f].object == o)
			return &sim_files[f];
	return NULL;
}

static struct io *io_new(int kind, struct sim_file *f)
{
	struct io *io = calloc(1, sizeof(*io));

	io->kind = kind;
	io->file = f;
	io->begun = ++now;
	io_count++;
	list_push_back(&ios, &io->link);
	return io;
}

static void io_free(struct io *io)
{
	list_remove(&io->link);
	if (io->request)
		request_put(io->request);
	io_count--;
	free(io->buffer);
	free(io);
}

/* The pager's own calls: it is the pager's thread that makes them. */
static void enter(void)
{
	sim_thread()->pager = true;
}
static void leave(void)
{
	sim_thread()->pager = false;
}

/* --- transfers --- */

static void check_frame(pfn_t pfn)
{
	if (frame_of(pfn)->refs == 0)
		sim_fail("the disk has the free frame %x in hand", pfn);
}

static void fetch_page(struct io *io)
{
	u64 page = io->first + io->moved;
	pfn_t pfn = io->frames[io->moved++];

	check_frame(pfn);
	sim_frame_reborn(pfn);
	/* A hole's frame is the kernel's to zero. */
	if (io->file->hole[page])
		memset(frame_address(pfn), 0xee, PAGE_SIZE);
	else
		memcpy(frame_address(pfn), io->file->disk + page * PAGE_SIZE, PAGE_SIZE);
}

static void fetch_answer(struct io *io)
{
	struct memory_object *o = io->file->object;
	u32 id = io->request->id;
	u8 zero[QUIRE_RUN_MAX] = {0};
	int status = 0;

	if (chance(sim_odds.fetch_fails)) {
		status = -EIO;
		for (u32 i = 0; i < io->count; i++)
			io->file->failed[io->first + i] = true;
	}
	for (u32 i = 0; i < io->count && !status; i++) {
		check_frame(io->frames[i]);
		if (!io->file->hole[io->first + i])
			continue;
		zero[i] = 0xff;
		if (io->request->flags & QUIRE_FETCH_WRITE)
			io->file->promised[io->first + i] = true;
	}
	for (u32 i = 0; i < io->count && !status; i++)
		if (zero[i])
			status = io->request->flags & QUIRE_FETCH_WRITE ? 0 : QUIRE_SUPPLY_HOLES;
	if (object_complete(o, id, 0) != -ESRCH)
		sim_fail("a fetch was completed like another request");
	if (object_supply(o, id, status, zero))
		sim_fail("the answer to request %u was refused", id);
	if (object_supply(o, id, 0, zero) != -ESRCH)
		sim_fail("a second answer to request %u was taken", id);
	io_free(io);
}

/* Half a page by DMA: a store may come between the halves. */
static void write_half(struct io *io, u32 half)
{
	u32 at = half * (PAGE_SIZE / 2);

	check_frame(io->frames[io->moved]);
	memcpy(io->buffer + io->moved * PAGE_SIZE + at,
		(u8 *)frame_address(io->frames[io->moved]) + at, PAGE_SIZE / 2);
}

/* Onto the medium: two transfers under way may get there in any order. */
static void write_medium(struct io *io, u32 bytes)
{
	u64 at = io->first * PAGE_SIZE;
	u64 n = io->size > at ? min_of(io->size - at, (u64)bytes) : 0;

	memcpy(io->file->disk + at, io->buffer, n);
	memset(io->file->disk + at + n, 0, bytes - n);
}

static void write_answer(struct io *io)
{
	struct sim_file *f = io->file;
	int status = chance(sim_odds.write_fails) ? -EIO : 0;

	write_medium(io, status ? io->count * PAGE_SIZE / 2 : io->count * PAGE_SIZE);
	if (!status)
		for (u64 p = io->first; p < io->first + io->count; p++) {
			f->written[p] = io->begun;
			if (p < pages(io->size)) {
				f->hole[p] = false;
				f->promised[p] = false;
			}
		}
	if (object_writeback_end(f->object, io->token, status))
		sim_fail("the token %u is gone", io->token);
	if (object_writeback_end(f->object, io->token, 0) != -ESRCH)
		sim_fail("the token %u ended twice", io->token);
	reclaim_wake();
	io_free(io);
}

bool sim_writeback_begin(struct sim_file *f)
{
	u64 at = 0, first;
	u32 run;
	bool begun = false;

	enter();
	while (!begun && (run = object_query_dirty(f->object, at, &first))) {
		pfn_t frames[QUIRE_RUN_MAX];
		u32 token;
		int n = object_writeback_begin(f->object, first, run, &token, frames);

		if (n < 0)
			sim_fail("a writeback cannot begin: %d", n);
		at = first + 1;
		if (!n)
			continue; /* it is in a token already */
		struct io *io = io_new(IO_WRITE, f);

		io->token = token;
		io->first = first;
		io->count = (u32)n;
		memcpy(io->frames, frames, (u32)n * sizeof(pfn_t));
		io->size = object_size(f->object);
		io->buffer = malloc(io->count * PAGE_SIZE);
		for (u64 p = first; p < first + (u32)n; p++)
			if (f->hole[p] && !f->promised[p] && p < pages(io->size))
				sim_fail(
					"page %llu of file %u is dirty, and nobody promised a block",
					(unsigned long long)p, f->object->key);
		sim_pager_counts.writes++;
		begun = true;
	}
	leave();
	return begun;
}

/* All that is dirty or being written when the sync begins has to be written from then on. */
static bool sync_step(struct io *io)
{
	struct memory_object *o = io->file->object;
	u64 end = io->count ? min_of(io->first + io->count, (u64)SIM_FILE_PAGES) : SIM_FILE_PAGES;
	u64 first;

	for (u64 p = io->first; p < end; p++) {
		pfn_t pfn = object_page_get(o, p);
		bool clean = !pfn || frame_of(pfn)->state == PAGE_CLEAN;

		if (pfn)
			frame_put(frame_of(pfn));
		if (clean || io->file->written[p] >= io->begun)
			continue;
		leave();
		bool begun = object_query_dirty(o, p, &first) && first < end &&
			     sim_writeback_begin(io->file);

		enter();
		return begun; /* else some other transfer has to end first */
	}
	if (object_complete(o, io->request->id, 0))
		sim_fail("the sync %u is gone", io->request->id);
	io_free(io);
	return true;
}

static bool advance(struct io *io)
{
	if (io->kind == IO_SYNC)
		return sync_step(io);
	do {
		if (io->moved < io->count && io->kind == IO_FETCH) {
			fetch_page(io);
		} else if (io->moved < io->count) {
			write_half(io, 0);
			sim_point();
			write_half(io, 1);
			io->moved++;
		} else if (io->kind == IO_FETCH) {
			fetch_answer(io);
			return true;
		} else {
			write_answer(io);
			return true;
		}
	} while (chance(sim_odds.whole_runs) || io->moved % 4);
	return true;
}

/* --- requests --- */

static void grow(struct sim_file *f, struct page_request *r)
{
	u64 have = pages(object_size(f->object)), want = pages(r->first);
	int status = 0;

	sim_pager_counts.grows++;
	if (r->first > SIM_FILE_BYTES || chance(sim_odds.no_space)) {
		status = -ENOSPC;
	} else {
		for (u64 p = have; p < want; p++)
			f->promised[p] = true;
		if (object_set_capacity(f->object, want * PAGE_SIZE))
			sim_fail("set_capacity");
	}
	if (object_complete(f->object, r->id, status))
		sim_fail("a grow request is gone");
}

static void take(struct page_request *r)
{
	struct sim_file *f = sim_file_of(r->object);
	bool live = request_delivered(r);

	if (r->label == QUIRE_K_IDLE)
		sim_pager_counts.idles++;
	if (!live || r->label == QUIRE_K_IDLE || !f) {
		request_put(r);
		return;
	}
	switch (r->label) {
	case QUIRE_K_FETCH: {
		struct io *io = io_new(IO_FETCH, f);

		sim_pager_counts.fetches++;
		io->request = r;
		io->first = r->first;
		io->count = r->count;
		memcpy(io->frames, r->frames, r->count * sizeof(pfn_t));
		if (r->count == 0 || r->count > QUIRE_RUN_MAX ||
			r->first + r->count > SIM_FILE_PAGES)
			sim_fail("a fetch of %u pages from %llu on", r->count,
				(unsigned long long)r->first);
		return;
	}
	case QUIRE_K_SYNC: {
		struct io *io = io_new(IO_SYNC, f);

		sim_pager_counts.syncs++;
		io->request = r;
		io->first = r->first;
		io->count = r->count;
		return;
	}
	case QUIRE_K_GROW: grow(f, r); break;
	case QUIRE_K_RESERVE: {
		int status = chance(sim_odds.no_space) ? -ENOSPC : 0;

		sim_pager_counts.reserves++;
		for (u64 p = r->first; p < r->first + r->count && p < SIM_FILE_PAGES; p++) {
			f->promised[p] |= !status;
			f->failed[p] |= status != 0;
		}
		if (object_complete(f->object, r->id, status))
			sim_fail("a reserve request is gone");
		break;
	}
	default: sim_fail("a request with the label %x", r->label);
	}
	request_put(r);
}

bool sim_pager_step(void)
{
	bool done = false;

	enter();
	if (!list_empty(&posted) && (!io_count || sim_random(2))) {
		take(list_entry(list_pop_front(&posted), struct page_request, port_link));
		done = true;
	} else if (io_count) {
		/* Any of them; a sync that has to wait is no progress, and another is tried. */
		u32 skip = sim_random(io_count);

		for (u32 tries = 0; !done && tries < io_count; tries++) {
			struct list *n = ios.next;

			for (u32 i = (skip + tries) % io_count; i; i--)
				n = n->next;
			done = advance(list_entry(n, struct io, link));
		}
	}
	if (!done && !list_empty(&posted)) {
		take(list_entry(list_pop_front(&posted), struct page_request, port_link));
		done = true;
	}
	leave();
	return done;
}

bool sim_pager_busy(void)
{
	return io_count || !list_empty(&posted);
}

void sim_pager_drain(void)
{
	while (sim_pager_busy())
		if (!sim_pager_step())
			sim_fail("the pager is stuck");
}

void sim_write_back(struct sim_file *f)
{
	sim_pager_drain();
	while (sim_writeback_begin(f))
		sim_pager_drain();
}

void sim_pager_crash(void)
{
	struct page_request *old[64];
	struct {
		struct memory_object *object;
		u32 token;
	} tokens[64];
	u32 requests = 0, writes = 0;

	sim_pager_counts.crashes++;
	enter();
	list_for_each_safe(io, &ios, struct io, link) {
		if (io->kind == IO_WRITE && writes < 64) {
			tokens[writes].object = io->file->object;
			tokens[writes++].token = io->token;
		}
		if (io->kind == IO_WRITE)
			write_medium(
				io, sim_random(io->moved * 2 + 1) * (PAGE_SIZE / 2)); /* torn */
		if (io->request && requests < 64) {
			request_get(io->request);
			old[requests++] = io->request;
		}
		io_free(io);
	}
	pager_died(&sim_pager);
	/* What the dead one still says changes nothing. */
	for (u32 i = 0; i < writes; i++)
		if (object_writeback_end(tokens[i].object, tokens[i].token, 0) != -ESRCH)
			sim_fail("a dead pager's token still counts");
	for (u32 i = 0; i < requests; i++) {
		u8 zero[QUIRE_RUN_MAX] = {0};
		struct memory_object *o = old[i]->object;

		if (!fibers_on() && (object_supply(o, old[i]->id, 0, zero) != -ESRCH ||
					    object_complete(o, old[i]->id, 0) != -ESRCH))
			sim_fail("a dead pager's answer still counts");
		request_put(old[i]);
	}
	/* The successor: the disk is quiet by now. */
	for (u32 f = 0; f < SIM_FILES; f++)
		while (sim_files[f].object && object_attach(sim_files[f].object) == -EAGAIN_STEP)
			sim_point();
	leave();
}

int sim_set_size(struct sim_file *f, u64 size)
{
	int error;

	enter();
	while ((error = object_set_size(f->object, size)) == -EAGAIN_STEP)
		sim_point();
	if (!error) {
		memset(f->disk + size, 0, SIM_FILE_BYTES - size);
		for (u64 p = pages(size); p < SIM_FILE_PAGES; p++) {
			f->hole[p] = true;
			f->promised[p] = f->failed[p] = false;
		}
		list_for_each(io, &ios, struct io, link)
			if (io->file == f) {
				io->size = min_of(io->size, size);
				if (io->kind == IO_FETCH)
					io->moved = 0; /* read again */
			}
		if (object_set_capacity(f->object, size))
			sim_fail("set_capacity");
	}
	leave();
	return error;
}
