/* The simulated disk, mounting, and small things. See sim.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sim_kernel.h"

struct sim sim;

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

static _Thread_local uint32_t random_state = 1;

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

/* ------------------------------------------------------------------ the disk */

/* The device reads memory while others store to it: that is its nature, not a race to report. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:backing_write\n";
}

/* The device takes its time when there is anybody to use it. */
static void dawdle(void)
{
	if (sim.threads)
		usleep(sim_random() % 300);
}

/* One more write: false when the power is off. */
static bool may_write(void)
{
	KERNEL_LOCKED;

	sim.writes++;
	if (sim.fail_writes == 0)
		return false;
	if (sim.fail_writes != UINT64_MAX)
		sim.fail_writes--;
	return true;
}

static void move_segment(bool write, const struct blk_segment *s)
{
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

int disk_transfer(bool write, const struct blk_segment *segments, uint32_t count)
{
	CHECK(count && count <= BLK_SEGMENTS_MAX);
	sim_point();
	CHECK(sim.threads || !sim.fs->locked);
	if (write && !may_write())
		return -EIO;
	for (uint32_t i = 0; i < count; i++) {
		dawdle();
		KERNEL_LOCKED;
		move_segment(write, &segments[i]);
	}
	dawdle();
	return 0;
}

static uint64_t backing_now(struct backing *b)
{
	(void)b;
	return __atomic_add_fetch(&sim.clock, 1000000, __ATOMIC_RELAXED);
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
	/* With the lock held too: fixed blocks are written so (user/servers/ext2/meta.c). */
	sim_point();
	if (!may_write())
		return -EIO;
	for (uint32_t i = 0; i < count; i++) {
		dawdle();
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
	CHECK(sim.threads || !sim.fs->locked);
	return 0;
}

static int backing_zero_tail(struct backing *b, uint32_t block, uint32_t from, uint32_t size)
{
	(void)b;
	CHECK((sim.threads || !sim.fs->locked) && from && from < size);
	memset(sim.image + (uint64_t)block * size + from, 0, size - from);
	/* The real one reads and changes the block in the mapping, where it is no one's data. */
	memset(sim.mapping + (uint64_t)block * size, 0x5a, size);
	if (sim.shadow)
		memset(sim.shadow + (uint64_t)block * size, 0x5a, size);
	return 0;
}

static void *backing_keep(struct backing *b, uint32_t bytes)
{
	(void)b;
	if (sim.kept_bytes != bytes) {
		free(sim.kept);
		sim.kept = aligned_alloc(
			PAGE_BYTES, (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
		sim.kept_bytes = bytes;
		memset(sim.kept, 0, bytes);
	}
	return sim.kept;
}

/* The mapping knows what it is told only, so a successor is told that all of it was stored to. */
static uint32_t backing_stored_run(struct backing *b, uint32_t from, uint32_t *first)
{
	uint32_t pages = (uint32_t)(sim.bytes / PAGE_BYTES);

	(void)b;
	*first = from;
	return from < pages ? pages - from : 0;
}

static bool saved(const struct kept *kept, uint32_t chunk)
{
	for (uint32_t i = 0; i < kept->records; i++)
		if (kept->log[i].chunk == chunk)
			return true;
	return false;
}

/* Every chunk that this hold has changed must have been saved, unless its block was nobody's before. */
static void check_saved(struct fs *fs)
{
	for (uint64_t at = 0; at < sim.bytes; at += UNDO_CHUNK) {
		uint32_t block = (uint32_t)(at >> fs->block_shift);

		/* What is changed at all is declared so: that is tested by what reaches the disk. */
		if (at % PAGE_BYTES == 0 && !bit_get(fs->stored, (uint32_t)(at / PAGE_BYTES))) {
			at += PAGE_BYTES - UNDO_CHUNK;
			continue;
		}
		if (!memcmp(sim.shadow + at, sim.mapping + at, UNDO_CHUNK))
			continue;
		if (!saved(fs->kept, (uint32_t)(at / UNDO_CHUNK)) && block_valid(fs, block)) {
			uint32_t group = group_of_block(fs, block);
			uint32_t bit = block - fs->first_data_block - group * fs->blocks_per_group;
			const uint32_t *bitmap =
				(const uint32_t *)(sim.shadow +
						   ((uint64_t)fs->groups[group].block_bitmap
							   << fs->block_shift));

			CHECK(!(bitmap[bit / 32] >> bit % 32 & 1));
		} else {
			CHECK(saved(fs->kept, (uint32_t)(at / UNDO_CHUNK)));
		}
	}
	/* Stored to and given to a flush in one hold. */
	for (uint32_t i = 0; i < fs->kept->records; i++) {
		uint64_t at = (uint64_t)fs->kept->log[i].chunk * UNDO_CHUNK;

		if (at < sim.bytes)
			memcpy(sim.shadow + at, sim.mapping + at, UNDO_CHUNK);
	}
	for (uint32_t p = 0; (uint64_t)p * PAGE_BYTES < sim.bytes; p++)
		if (bit_get(fs->stored, p))
			memcpy(sim.shadow + (uint64_t)p * PAGE_BYTES,
				sim.mapping + (uint64_t)p * PAGE_BYTES, PAGE_BYTES);
}

static void backing_committing(struct backing *b, struct fs *fs)
{
	(void)b;
	if (sim.shadow)
		check_saved(fs);
	sim_point();
}

static void backing_changing(struct backing *b)
{
	(void)b;
	sim_point();
}

void sim_watch_saves(void)
{
	free(sim.shadow);
	sim.shadow = malloc(sim.bytes);
	memcpy(sim.shadow, sim.mapping, sim.bytes);
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
	sim.kept_bytes = 0;
	free(sim.shadow);
	sim.shadow = NULL;
	sim_attach_disk();
	error = fs_mount(&sim.backing, read_only, &sim.fs);
	if (!error)
		server_init(&sim.server, sim.fs);
	else
		sim.fs = NULL;
	return error;
}

void sim_attach_disk(void)
{
	sim.backing = (struct backing){.disk = sim.mapping,
		.bytes = sim.bytes,
		.now = backing_now,
		.begin = backing_begin,
		.write = backing_write,
		.end = backing_end,
		.barrier = backing_barrier,
		.zero_tail = backing_zero_tail,
		.keep = backing_keep,
		.stored_run = backing_stored_run,
		.changing = backing_changing,
		.committing = backing_committing,
		.log = backing_log};
}

static void free_server(void)
{
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

void sim_close_all(void)
{
	for (int i = 1; i < HANDLES; i++)
		if (handles[i].kind == HANDLE_STREAM || handles[i].kind == HANDLE_CHANNEL)
			client_close(i);
}

void sim_point(void)
{
	if (sim.point)
		sim.point();
}

void sim_succeed(bool free_memory)
{
	if (!free_memory)
		kernel_lock_anew();
	/* What the kernel does with a dead pager's objects. */
	for (struct object *o = objects, *next; o; o = next) {
		next = o->link;
		o->token = 0;
		o->extending = false;
		for (uint32_t i = 0; i < o->count; i++) {
			if (o->pages[i].state == PAGE_WRITEBACK)
				o->pages[i].state = PAGE_DIRTY;
			if (o->pages[i].state == PAGE_BUSY)
				page_drop(&o->pages[i]);
		}
	}
	for (int i = 1; i < HANDLES; i++)
		if (handles[i].kind == HANDLE_OBJECT)
			handles[i].kind = HANDLE_FREE;
		else if (handles[i].kind != HANDLE_FREE && !handles[i].client)
			handle_close(i); /* made for a reply that has not been sent */
	for (struct object *o = objects, *next; o; o = next) {
		bool dirty = false;

		next = o->link;
		for (uint32_t i = 0; i < o->count; i++)
			dirty = dirty || o->pages[i].state == PAGE_DIRTY;
		if (!dirty && !o->users && !o->idle_posted)
			object_destroy(o);
	}
	asks = NULL;
	timer_set = false;
	if (free_memory)
		free_server();
	sim_attach_disk();
	CHECK(fs_mount(&sim.backing, false, &sim.fs) == 0);
	CHECK(sim.fs->recovering);
	server_init(&sim.server, sim.fs);
	recover(&sim.server);
}

void sim_drop(void)
{
	forget_messages();
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
	free_server();
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
