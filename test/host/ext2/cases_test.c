/* Directed cases, each a sentence and what must hold; every one on each block size. The image is
 * checked by e2fsck after each.
 *
 *	cases_test FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim.h"

static const char *file;
static uint32_t block_size;

static int ask(uint32_t label, uint32_t w1, uint32_t w2, const char *path)
{
	return call(0, label, w1, w2, 0, path, (uint32_t)strlen(path));
}

static int open_file(const char *path, uint32_t flags)
{
	int status = ask(FS_OPEN, flags, 0644, path);

	return status < 0 ? status : last.handle;
}

static struct fs_stat stat_of(const char *path)
{
	struct fs_stat st;

	CHECK(ask(FS_STAT, 1, 0, path) == 0);
	memcpy(&st, last.data, sizeof(st));
	return st;
}

static uint64_t free_blocks(void)
{
	struct fs_statfs st;

	CHECK(call(0, FS_STATFS, 0, 0, 0, NULL, 0) == 0);
	memcpy(&st, last.data, sizeof(st));
	return st.free;
}

static void sync_and_check(void)
{
	sim_deliver(true);
	CHECK(call(0, FS_SYNC, 0, 0, 0, NULL, 0) == 0);
	CHECK(sim_fsck(file) == 0);
}

static int two(uint32_t label, const char *first, const char *second)
{
	int root = channel_create(2), status;
	char message[2048];

	snprintf(message, sizeof(message), "%s%s", first, second);
	status = call_handle(
		0, label, (uint32_t)strlen(first), message, (uint32_t)strlen(message), root);
	client_close(root);
	return status;
}

/* ------------------------------------------------------------------ aliasing */

static void fill(int handle, uint8_t value, uint32_t bytes)
{
	uint8_t *buffer = malloc(bytes);

	memset(buffer, value, bytes);
	CHECK(stream_write(handle, buffer, bytes, 0) == (long)bytes);
	free(buffer);
}

static void expect(int handle, uint8_t value, uint32_t bytes)
{
	uint8_t *buffer = malloc(bytes);

	CHECK(stream_read(handle, buffer, bytes, 0) == (long)bytes);
	for (uint32_t i = 0; i < bytes; i++)
		CHECK(buffer[i] == value);
	free(buffer);
}

/* Directories and files take turns with the same few blocks, so that blocks keep turning from metadata
 * into data and back, next to each other in one page. No data may be lost or come back to life. */
static void blocks_change_between_data_and_metadata(void)
{
	char path[64];

	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 12; i++) {
			sprintf(path, "/d%d", i);
			CHECK(ask(FS_MKDIR, 0755, 0, path) == 0);
		}
		if (round % 3 == 0)
			sync_and_check();
		for (int i = 0; i < 12; i += 2) {
			sprintf(path, "/d%d", i);
			CHECK(ask(FS_RMDIR, 0, 0, path) == 0);
		}
		if (round % 2)
			CHECK(call(0, FS_SYNC, 0, 0, 0, NULL, 0) == 0);
		for (int i = 0; i < 6; i++) {
			int h;

			sprintf(path, "/f%d", i);
			h = open_file(path, QUIRE_O_RDWR | FS_O_CREAT | FS_O_TRUNC);
			fill(h, (uint8_t)(round + i + 1), block_size + 100);
			CHECK(stream_sync(h) == 0);
			client_close(h);
		}
		for (int i = 1; i < 12; i += 2) {
			sprintf(path, "/d%d", i);
			CHECK(ask(FS_RMDIR, 0, 0, path) == 0);
		}
		CHECK(call(0, FS_SYNC, 0, 0, 0, NULL, 0) == 0);
		sim_evict(1);
		for (int i = 0; i < 6; i++) {
			int h;

			sprintf(path, "/f%d", i);
			h = open_file(path, QUIRE_O_RDONLY);
			expect(h, (uint8_t)(round + i + 1), block_size + 100);
			client_close(h);
			if (i % 2)
				CHECK(ask(FS_UNLINK, 0, 0, path) == 0);
		}
	}
	sync_and_check();
}

/* ------------------------------------------------------------------ sizes */

static void bytes_beyond_the_end_read_as_zero(void)
{
	int h = open_file("/tail", QUIRE_O_RDWR | FS_O_CREAT);
	uint8_t byte = 1;

	fill(h, 0xee, 3000);
	CHECK(stream_sync(h) == 0);
	sim_evict(1);
	CHECK(call(handle_badge(h), FS_FTRUNCATE, 100, 0, 0, NULL, 0) == 0);
	CHECK(call(handle_badge(h), FS_FTRUNCATE, 3000, 0, 0, NULL, 0) == 0);
	for (uint64_t at = 100; at < 3000; at += 37)
		CHECK(map_load(h, at, &byte) == 0 && byte == 0);
	/* The same with the page gone between, and grown by a write beyond. */
	fill(h, 0xee, 3000);
	CHECK(stream_sync(h) == 0);
	CHECK(call(handle_badge(h), FS_FTRUNCATE, 100, 0, 0, NULL, 0) == 0);
	CHECK(stream_sync(h) == 0);
	sim_evict(1);
	byte = 9;
	CHECK(stream_write(h, &byte, 1, 9000) == 1);
	for (uint64_t at = 100; at < 9000; at += 37)
		CHECK(map_load(h, at, &byte) == 0 && byte == 0);
	client_close(h);
	sync_and_check();
}

static void a_removed_file_lives_until_closed(void)
{
	uint64_t before, during;
	int h;

	sync_and_check();
	before = free_blocks();
	h = open_file("/gone", QUIRE_O_RDWR | FS_O_CREAT | FS_O_EXCL);
	fill(h, 0x42, 50000);
	CHECK(stream_sync(h) == 0);
	CHECK(ask(FS_UNLINK, 0, 0, "/gone") == 0);
	CHECK(ask(FS_STAT, 0, 0, "/gone") == -ENOENT);
	CHECK(call(0, FS_SYNC, 0, 0, 0, NULL, 0) == 0);
	sim_evict(1);
	expect(h, 0x42, 50000);
	during = free_blocks();
	CHECK(during < before);
	client_close(h);
	sync_and_check();
	CHECK(free_blocks() == before);
}

/* The power goes while a file without a name is open: the next mount frees it. */
static void orphans_are_recovered(void)
{
	uint64_t before;
	int h;

	sync_and_check();
	before = free_blocks();
	for (int i = 0; i < 3; i++) {
		h = open_file("/orphan", QUIRE_O_RDWR | FS_O_CREAT | FS_O_EXCL);
		fill(h, 0x42, 30000);
		CHECK(ask(FS_UNLINK, 0, 0, "/orphan") == 0);
	}
	CHECK(call(0, FS_SYNC, 0, 0, 0, NULL, 0) == 0);
	sim_drop();
	CHECK(sim_mount(false) == 0);
	sync_and_check();
	CHECK(free_blocks() == before);
}

/* An IDLE message that was posted before the last open must not free what that open gave out. */
static void a_late_idle_message_frees_nothing(void)
{
	int h = open_file("/late", QUIRE_O_RDWR | FS_O_CREAT), again;

	fill(h, 0x17, 5000);
	client_close(h);
	again = open_file("/late", QUIRE_O_RDWR);
	CHECK(ask(FS_UNLINK, 0, 0, "/late") == 0);
	sim_deliver(false);
	expect(again, 0x17, 5000);
	client_close(again);
	sync_and_check();
}

/* A disk that is full says so to the writer; what it took is never lost. */
static void a_full_disk_is_reported_at_the_write(void)
{
	int h = open_file("/big", QUIRE_O_RDWR | FS_O_CREAT);
	static uint8_t buffer[16384];
	uint64_t written = 0;
	long n;

	memset(buffer, 0x33, sizeof(buffer));
	while ((n = stream_write(h, buffer, sizeof(buffer), written)) > 0)
		written += (uint64_t)n;
	CHECK(n == -ENOSPC && written > 1024 * 1024);
	CHECK(stream_sync(h) == 0);
	sim_evict(1);
	for (uint64_t at = 0; at < written; at += 4096) {
		uint8_t byte;

		CHECK(stream_read(h, &byte, 1, at) == 1 && byte == 0x33);
	}
	client_close(h);
	sync_and_check();
	CHECK(ask(FS_UNLINK, 0, 0, "/big") == 0);
	/* Its blocks are frozen until the next flush, and yet can be had at once. */
	h = open_file("/big2", QUIRE_O_RDWR | FS_O_CREAT);
	for (uint64_t at = 0; at < written / 2; at += sizeof(buffer))
		CHECK(stream_write(h, buffer, sizeof(buffer), at) == (long)sizeof(buffer));
	CHECK(stream_sync(h) == 0);
	client_close(h);
	CHECK(ask(FS_UNLINK, 0, 0, "/big2") == 0);
	sync_and_check();
}

/* The kernel's message that nobody uses the file any more is on its way when the room is wanted. */
static void a_file_closed_just_now_leaves_its_room(void)
{
	static uint8_t buffer[16384];
	int h = open_file("/closed", QUIRE_O_RDWR | FS_O_CREAT);
	uint64_t written = 0;
	unsigned dirs = 0;
	char path[16];
	long n;

	while ((n = stream_write(h, buffer, sizeof(buffer), written)) > 0)
		written += (uint64_t)n;
	CHECK(n == -ENOSPC && stream_sync(h) == 0);
	do
		sprintf(path, "/dir%u", ++dirs);
	while ((n = ask(FS_MKDIR, 0755, 0, path)) == 0);
	CHECK(n == -ENOSPC && ask(FS_UNLINK, 0, 0, "/closed") == 0);
	CHECK(ask(FS_MKDIR, 0755, 0, path) == -ENOSPC);
	client_close(h);
	CHECK(ask(FS_MKDIR, 0755, 0, path) == 0);
	for (; dirs; dirs--) {
		sprintf(path, "/dir%u", dirs);
		CHECK(ask(FS_RMDIR, 0, 0, path) == 0);
	}
	h = open_file("/after", QUIRE_O_RDWR | FS_O_CREAT);
	for (uint64_t at = 0; at < written / 2; at += sizeof(buffer))
		CHECK(stream_write(h, buffer, sizeof(buffer), at) == (long)sizeof(buffer));
	CHECK(ask(FS_UNLINK, 0, 0, "/after") == 0 && stream_sync(h) == 0);
	client_close(h);
	h = open_file("/after", QUIRE_O_RDWR | FS_O_CREAT);
	for (uint64_t at = 0; at < written / 2; at += sizeof(buffer))
		CHECK(stream_write(h, buffer, sizeof(buffer), at) == (long)sizeof(buffer));
	CHECK(ask(FS_UNLINK, 0, 0, "/after") == 0);
	client_close(h);
	sync_and_check();
}

static int synced_by_others[5];
static unsigned questions;

/* Another worker makes one of the files durable between two of sync's questions. */
static void sync_one(void)
{
	unsigned n = questions++;

	if (n < 5)
		CHECK(stream_sync(synced_by_others[n]) == 0);
}

static void others_who_sync_hide_nothing_from_sync(void)
{
	uint8_t byte = 1;

	for (unsigned shift = 0; shift < 5; shift++) {
		int files[10];
		char path[16];

		for (unsigned i = 0; i < 10; i++) {
			sprintf(path, "/sync%u", i);
			files[i] = open_file(path, QUIRE_O_RDWR | FS_O_CREAT);
			CHECK(stream_write(files[i], &byte, 1, 0) == 1);
			if (i >= shift && i < shift + 5)
				synced_by_others[i - shift] = files[i];
		}
		questions = 0;
		sim_before_next_dirty = sync_one;
		CHECK(call(0, FS_SYNC, 0, 0, 0, NULL, 0) == 0);
		sim_before_next_dirty = NULL;
		for (unsigned i = 0; i < 10; i++) {
			CHECK(!stream_dirty(files[i]));
			client_close(files[i]);
		}
	}
	sync_and_check();
}

static void a_sparse_file_takes_only_what_is_written(void)
{
	uint64_t before = free_blocks(), huge = 1ull << 30;
	int h = open_file("/sparse", QUIRE_O_RDWR | FS_O_CREAT);
	struct fs_range range = {0, 0};
	uint8_t byte = 5;

	CHECK(stream_write(h, &byte, 1, huge) == 1);
	CHECK(stream_sync(h) == 0);
	CHECK(stat_of("/sparse").size == huge + 1);
	client_close(h);
	sync_and_check();
	CHECK(before - free_blocks() < 10);
	h = open_file("/sparse", QUIRE_O_RDWR);
	CHECK(call(handle_badge(h), FS_SEEK_DATA, 0, 0, 0, &range, sizeof(range)) == 0);
	memcpy(&range, last.data, sizeof(range));
	CHECK(range.offset == huge);
	range.offset = 0;
	CHECK(call(handle_badge(h), FS_SEEK_DATA, 1, 0, 0, &range, sizeof(range)) == 0);
	memcpy(&range, last.data, sizeof(range));
	CHECK(range.offset == 0);
	CHECK(map_load(h, 12345678, &byte) == 0 && byte == 0);
	CHECK(map_store(h, 12345678, 7) == 0);
	CHECK(stream_sync(h) == 0);
	range.offset = 0;
	CHECK(call(handle_badge(h), FS_SEEK_DATA, 0, 0, 0, &range, sizeof(range)) == 0);
	memcpy(&range, last.data, sizeof(range));
	CHECK(range.offset == 12345678 / 4096 * 4096);
	client_close(h);
	CHECK(ask(FS_UNLINK, 0, 0, "/sparse") == 0);
	sync_and_check();
	CHECK(free_blocks() == before);
}

static void a_failed_write_is_reported_and_repeated(void)
{
	int h = open_file("/bad", QUIRE_O_RDWR | FS_O_CREAT);

	fill(h, 0x61, 20000);
	sim.fail_writes = 0;
	CHECK(stream_sync(h) == -EIO);
	CHECK(call(0, FS_SYNC, 0, 0, 0, NULL, 0) == -EIO);
	sim.fail_writes = UINT64_MAX;
	CHECK(stream_sync(h) == 0);
	sim_evict(1);
	expect(h, 0x61, 20000);
	client_close(h);
	CHECK(ask(FS_UNLINK, 0, 0, "/bad") == 0);
	sync_and_check();
}

/* ------------------------------------------------------------------ names */

static void ten_thousand_names(void)
{
	char path[64];
	uint32_t cursor = 0, count = 0;
	int dir;

	CHECK(ask(FS_MKDIR, 0755, 0, "/many") == 0);
	for (int i = 0; i < 10000; i++) {
		sprintf(path, "/many/name-%d", i);
		if (i == 0) {
			int h = open_file(path, QUIRE_O_WRONLY | FS_O_CREAT);

			CHECK(h > 0);
			client_close(h);
		} else {
			CHECK(two(FS_LINK, "/many/name-0", path) == 0);
		}
	}
	CHECK(stat_of("/many/name-9999").nlink == 10000);
	CHECK(ask(FS_OPEN, FS_O_DIRECTORY, 0, "/many") == 0);
	dir = last.handle;
	/* Names removed while the directory is read: each other one is seen exactly once. */
	for (;;) {
		int bytes = call(handle_badge(dir), FS_READDIR, cursor, 0, 0, NULL, 0);
		char names[300][64];
		int n = 0;

		if (!bytes)
			break;
		cursor = last.w1;
		for (int at = 0; at < bytes;) {
			struct fs_dirent *d = (struct fs_dirent *)(last.data + at);

			snprintf(names[n++], 64, "/many/%.*s", d->namelen, d->name);
			at += d->reclen;
		}
		for (int i = 0; i < n; i++, count++)
			if (i % 2 && strstr(names[i], "name-"))
				CHECK(ask(FS_UNLINK, 0, 0, names[i]) == 0);
	}
	CHECK(count == 10002);
	client_close(dir);
	sync_and_check();
	for (int i = 0; i < 10000; i++) {
		sprintf(path, "/many/name-%d", i);
		ask(FS_UNLINK, 0, 0, path);
	}
	CHECK(ask(FS_RMDIR, 0, 0, "/many") == 0);
	sync_and_check();
}

static void links_are_followed_and_loops_end(void)
{
	CHECK(ask(FS_MKDIR, 0755, 0, "/a") == 0 && ask(FS_MKDIR, 0755, 0, "/a/b") == 0);
	CHECK(call(0, FS_SYMLINK, 3, 0, 0, "a/b/link", 8) == 0);
	CHECK(ask(FS_STAT, 0, 0, "/link") == 0);
	CHECK((((struct fs_stat *)last.data)->mode & MODE_TYPE) == MODE_DIR);
	CHECK((stat_of("/link").mode & MODE_TYPE) == MODE_SYMLINK);
	CHECK(ask(FS_MKDIR, 0755, 0, "/link/c") == 0);
	CHECK(ask(FS_STAT, 0, 0, "/a/b/c/../../b//./c/") == 0);
	CHECK(call(0, FS_SYMLINK, 4, 0, 0, "loop/loop", 9) == 0);
	CHECK(ask(FS_STAT, 0, 0, "/loop") == -ELOOP);
	CHECK(call(0, FS_SYMLINK, 8, 0, 0, "/a/../b//abs", 12) == 0);
	CHECK(ask(FS_STAT, 0, 0, "/abs/x") == FS_RESTART);
	CHECK(last.bytes == 10 && !memcmp(last.data, "/a/../b//x", 10));
	CHECK(call(0, FS_SYMLINK, 7, 0, 0, "created/dangling", 16) == 0);
	CHECK(open_file("/dangling", QUIRE_O_RDWR | FS_O_CREAT | FS_O_EXCL) == -EEXIST);
	client_close(open_file("/dangling", QUIRE_O_RDWR | FS_O_CREAT));
	CHECK((stat_of("/created").mode & MODE_TYPE) == MODE_REGULAR);
	CHECK(ask(FS_STAT, 0, 0, "/created/") == -ENOTDIR);
	CHECK(ask(FS_STAT, 0, 0, "/created/x") == -ENOTDIR);
	CHECK(ask(FS_STAT, 0, 0, "") == -ENOENT);
	CHECK(ask(FS_UNLINK, 0, 0, "/created/") == -ENOTDIR);
	CHECK(open_file("/fresh/", QUIRE_O_RDWR | FS_O_CREAT) == -EISDIR);
	CHECK(ask(FS_MKDIR, 0755, 0, "/slash/") == 0 && ask(FS_RMDIR, 0, 0, "/slash//") == 0);
	CHECK(ask(FS_RMDIR, 0, 0, "/a/.") == -EINVAL &&
		ask(FS_RMDIR, 0, 0, "/a/b/..") == -ENOTEMPTY);
	CHECK(ask(FS_RMDIR, 0, 0, "/") == -EBUSY || last.status == -EINVAL);
	CHECK(two(FS_RENAME, "/a", "/a/b/c/inside") == -EINVAL);
	CHECK(two(FS_RENAME, "/a/b", "/moved") == 0 && ask(FS_STAT, 0, 0, "/moved/c/../../a") == 0);
	CHECK(stat_of("/a").nlink == 2 && stat_of("/moved").nlink == 3);
	sync_and_check();
}

static void mounts_and_parents_are_crossed(void)
{
	int dev = channel_create(77), up = channel_create(78);
	char path[300];

	CHECK(call_handle(0, FS_MOUNT, 0, "dev", 3, dev) == 0);
	CHECK(ask(FS_STAT, 0, 0, "/dev//null") == FS_CROSS);
	CHECK(last.bytes == 4 && !memcmp(last.data, "null", 4) && handle_badge(last.handle) == 77);
	client_close(last.handle);
	CHECK(ask(FS_STAT, 0, 0, "dev") == FS_CROSS && last.bytes == 1 && last.data[0] == '.');
	client_close(last.handle);
	CHECK(ask(FS_MKDIR, 0, 0, "dev") == -EEXIST && ask(FS_UNLINK, 0, 0, "dev") == -EBUSY);
	CHECK(two(FS_RENAME, "moved", "dev/x") == FS_CROSS && last.w1 == 2);
	client_close(last.handle);
	CHECK(ask(FS_LOOKUP, 0, 0, "/moved/c") == 0);
	strcpy(path, "/moved/c");
	CHECK(call(handle_badge(last.handle), FS_GETPATH, 0, 0, 0, NULL, 0) == 0 ||
		last.bytes == strlen(path));
	CHECK(last.bytes == 8 && !memcmp(last.data, path, 8));
	CHECK(ask(FS_STAT, 0, 0, "../..") == 0);
	CHECK(call_handle(0, FS_SETPARENT, 0, "mnt", 3, up) == 0);
	CHECK(ask(FS_STAT, 0, 0, "moved/../../x") == FS_CROSS && handle_badge(last.handle) == 78);
	client_close(last.handle);
	CHECK(ask(FS_LOOKUP, 0, 0, "moved") == 0);
	CHECK(call(handle_badge(last.handle), FS_GETPATH, 0, 0, 0, NULL, 0) == 0);
	CHECK(last.bytes == 10 && !memcmp(last.data, "/mnt/moved", 10));
	client_close(dev);
	client_close(up);
}

/* Whoever hears that nothing is ready is told of the next change, and only of that. */
static void polls_are_told_once(int reader, int writer)
{
	uint32_t before = sim_poll_changes;

	CHECK(call(handle_badge(reader), FS_POLL, QUIRE_POLLIN, 0, 0, NULL, 0) == 0);
	CHECK(sim_poll_changes == before);
	CHECK(call(handle_badge(writer), FS_WRITE, 0, 0, 0, "x", 1) == 1);
	CHECK(sim_poll_changes == before + 1);
	CHECK(call(handle_badge(reader), FS_POLL, QUIRE_POLLIN, 0, 0, NULL, 0) == QUIRE_POLLIN);
	CHECK(call(handle_badge(writer), FS_WRITE, 0, 0, 0, "x", 1) == 1);
	CHECK(call(handle_badge(reader), FS_READ, 100, 0, 0, NULL, 0) == 2);
	CHECK(sim_poll_changes == before + 1);
}

static void fifos_end_when_their_writers_do(void)
{
	uint32_t waiting, before;
	int reader, writer;

	CHECK(ask(FS_MKNOD, MODE_FIFO | 0600, 0, "/fifo") == 0);
	CHECK(open_file("/fifo", QUIRE_O_WRONLY | QUIRE_O_NONBLOCK) == -ENXIO);
	CHECK(ask(FS_OPEN, QUIRE_O_RDONLY, 0, "/fifo") == 0 && last.later);
	waiting = last.w1;
	writer = open_file("/fifo", QUIRE_O_WRONLY);
	CHECK(writer > 0 && sim_late(waiting));
	reader = last.handle;
	CHECK(call(handle_badge(reader), FS_READ, 100, 0, 0, NULL, 0) == 0 && last.later);
	waiting = last.w1;
	CHECK(call(handle_badge(writer), FS_WRITE, 0, 0, 0, "hello", 5) == 5);
	CHECK(sim_late(waiting) && last.status == 5 && !memcmp(last.data, "hello", 5));
	polls_are_told_once(reader, writer);
	CHECK(call(handle_badge(reader), FS_POLL, QUIRE_POLLIN, 0, 0, NULL, 0) == 0);
	before = sim_poll_changes;
	CHECK(call(handle_badge(reader), FS_READ, 100, 0, 0, NULL, 0) == 0 && last.later);
	waiting = last.w1;
	client_close(writer);
	sim_deliver(false);
	CHECK(sim_late(waiting) && last.status == 0);
	CHECK(sim_poll_changes > before);
	writer = open_file("/fifo", QUIRE_O_WRONLY);
	client_close(reader);
	sim_deliver(false);
	CHECK(call(handle_badge(writer), FS_WRITE, 0, 0, 0, "x", 1) == -EPIPE);
	client_close(writer);
	CHECK(ask(FS_UNLINK, 0, 0, "/fifo") == 0);
	sync_and_check();
}

/* Wherever the power goes, fsynced bytes are there, and e2fsck's repair leaves a clean file system. */
static void the_power_may_go_at_any_write(void)
{
	uint8_t *start = malloc(sim.bytes);

	sync_and_check();
	memcpy(start, sim.image, sim.bytes);
	for (uint64_t cut = 0; cut < 40; cut++) {
		bool synced = false;
		int h;

		sim_drop();
		memcpy(sim.image, start, sim.bytes);
		CHECK(sim_mount(false) == 0);
		sim.fail_writes = cut;
		h = open_file("/precious", QUIRE_O_RDWR | FS_O_CREAT);
		if (h > 0) {
			fill(h, 0x99, 15 * 1024);
			synced = stream_sync(h) == 0;
		}
		ask(FS_MKDIR, 0755, 0, "/made");
		call(0, FS_SYNC, 0, 0, 0, NULL, 0);
		ask(FS_UNLINK, 0, 0, "/created");
		h = open_file("/other", QUIRE_O_RDWR | FS_O_CREAT);
		if (h > 0)
			fill(h, 0x11, 9000);
		call(0, FS_SYNC, 0, 0, 0, NULL, 0);
		sim_save(file);
		CHECK(run("e2fsck -fy %s >/dev/null 2>&1", file) <= 1);
		sim_drop();
		CHECK(sim_load(file) == 0);
		CHECK(sim_fsck(file) == 0);
		if (synced) {
			h = open_file("/precious", QUIRE_O_RDONLY);
			CHECK(h > 0);
			expect(h, 0x99, 15 * 1024);
			client_close(h);
			sim_deliver(false);
		}
	}
	free(start);
}

/* A new file gets no block that the disk still knows as an old one's: whenever the power goes, a file
 * that is still there shows its own bytes. */
static void old_files_never_show_new_bytes(void)
{
	uint8_t *start = malloc(sim.bytes);
	int h = open_file("/old", QUIRE_O_RDWR | FS_O_CREAT);

	fill(h, 0xaa, 50000);
	client_close(h);
	sync_and_check();
	memcpy(start, sim.image, sim.bytes);
	for (uint64_t cut = 0; cut < 20; cut++) {
		sim_drop();
		memcpy(sim.image, start, sim.bytes);
		CHECK(sim_mount(false) == 0);
		sim.fail_writes = cut;
		CHECK(ask(FS_UNLINK, 0, 0, "/old") == 0);
		h = open_file("/new", QUIRE_O_RDWR | FS_O_CREAT);
		CHECK(h > 0);
		fill(h, 0xbb, 50000);
		stream_sync(h);
		sim_drop();
		CHECK(sim_mount(false) == 0);
		h = open_file("/old", QUIRE_O_RDONLY);
		if (h > 0) {
			expect(h, 0xaa, 50000);
			client_close(h);
		}
	}
	sim_drop();
	memcpy(sim.image, start, sim.bytes);
	CHECK(sim_mount(false) == 0);
	free(start);
}

static void read_only_stays_as_it_is(void)
{
	uint8_t *before = malloc(sim.bytes);
	int h;

	CHECK(call(0, FS_SHUTDOWN, 0, 0, 0, NULL, 0) == 0);
	sim_drop();
	memcpy(before, sim.image, sim.bytes);
	CHECK(sim_mount(true) == 0);
	CHECK(ask(FS_MKDIR, 0755, 0, "/no") == -EROFS);
	CHECK(open_file("/no", QUIRE_O_RDWR | FS_O_CREAT) == -EROFS);
	CHECK(ask(FS_CHMOD, 0600, 0, "/a") == -EROFS && ask(FS_RMDIR, 0, 0, "/a") == -EROFS);
	h = open_file("/a", 0);
	CHECK(h > 0);
	client_close(h);
	sim_deliver(true);
	CHECK(call(0, FS_SYNC, 0, 0, 0, NULL, 0) == 0);
	CHECK(call(0, FS_SHUTDOWN, 0, 0, 0, NULL, 0) == 0);
	CHECK(!memcmp(before, sim.image, sim.bytes));
	free(before);
}

static void all_cases(const char *arguments)
{
	printf("mke2fs %s\n", arguments);
	CHECK(run("rm -f %s && mke2fs -q -F -t ext2 %s %s 16m >/dev/null", file, arguments, file) ==
		0);
	CHECK(sim_load(file) == 0);
	block_size = sim.fs->block_size;
#define CASE(name) (printf("  %s\n", #name), fflush(stdout), name())
	CASE(blocks_change_between_data_and_metadata);
	CASE(bytes_beyond_the_end_read_as_zero);
	CASE(a_removed_file_lives_until_closed);
	CASE(orphans_are_recovered);
	CASE(a_late_idle_message_frees_nothing);
	CASE(a_full_disk_is_reported_at_the_write);
	CASE(a_file_closed_just_now_leaves_its_room);
	CASE(others_who_sync_hide_nothing_from_sync);
	CASE(a_sparse_file_takes_only_what_is_written);
	CASE(a_failed_write_is_reported_and_repeated);
	CASE(ten_thousand_names);
	CASE(links_are_followed_and_loops_end);
	CASE(mounts_and_parents_are_crossed);
	CASE(fifos_end_when_their_writers_do);
	CASE(the_power_may_go_at_any_write);
	CASE(old_files_never_show_new_bytes);
	CASE(read_only_stays_as_it_is);
	sim_drop();
}

int main(int argc, char **argv)
{
	CHECK(argc == 2);
	file = argv[1];
	all_cases("-b 1024");
	all_cases("-b 2048");
	all_cases("-b 4096");
	free(sim.image);
	free(sim.mapping);
	return 0;
}
