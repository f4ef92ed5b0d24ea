/* The disk as the core's backing (core.h), over the block driver.
 *
 * The driver is the pager of the disk object and fetches its pages; we alone write them back, block by
 * block, and only metadata. At most one writeback of it is in flight (the core's flush_lock), so its
 * state is kept here once.
 */
#include <stdio.h>
#include <string.h>
#include <quire/blk.h>
#include <quire/ipc.h>
#include <quire/server.h>
#include <quire/sys.h>
#include "disk.h"
#include "server.h"

/* User space less room for the program, its heap and stacks. */
#define MAP_BYTES_MAX 0xa0000000u

struct disk {
	struct backing backing;
	int object;
	/* The writeback in flight: its pages' frames, and the tokens of the runs it fell into. */
	uint32_t first, count;
	uint32_t pfn[FLUSH_RUN_PAGES];
	uint32_t token[FLUSH_RUN_PAGES];
	uint32_t tokens;
};
static struct disk disk;

void log_line(const char *line)
{
	sys_log(line, (uint32_t)strlen(line));
}

/* ------------------------------------------------------------------ the driver */

/* A driver that dies with the call in its hands is started again by init; requests are idempotent. */
static int driver_call(uint32_t label, const void *data, uint32_t bytes, struct quire_msg *msg)
{
	int status;

	do {
		ipc_begin(msg, label);
		if (bytes)
			ipc_put(msg, data, bytes);
		status = ipc_call(SERVER_BLOCK, msg);
	} while (status == -ECONNRESET || status == -EINTR);
	return status;
}

int disk_transfer(bool write, const struct blk_segment *segments, uint32_t count)
{
	struct quire_msg msg;

	return driver_call(
		write ? BLK_WRITE : BLK_READ, segments, count * (uint32_t)sizeof(*segments), &msg);
}

static int barrier(struct backing *b)
{
	struct quire_msg msg;

	(void)b;
	return driver_call(BLK_FLUSH, NULL, 0, &msg);
}

/* ------------------------------------------------------------------ writeback of metadata */

static void end(struct backing *b, int status)
{
	(void)b;
	for (uint32_t i = 0; i < disk.tokens; i++)
		sys_obj_wb_end(disk.object, disk.token[i], status);
	disk.tokens = 0;
}

/* Makes the kernel count the page as dirty, whatever it thought. Nobody else may store to that byte. */
static void touch(uint64_t at)
{
	volatile uint8_t *p = disk.backing.disk + at;

	*p = *p;
}

static int begin(struct backing *b, uint32_t first, uint32_t count)
{
	uint32_t done = 0, touched = 0;

	disk.first = first;
	disk.count = count;
	disk.tokens = 0;
	while (done < count) {
		uint32_t token;
		int n = object_writeback_begin(
			disk.object, first + done, count - done, &token, &disk.pfn[done]);

		if (n == 0 && touched++ < 2 * count) {
			touch((uint64_t)(first + done) * PAGE_BYTES); /* under fs->lock */
			continue;
		}
		if (n <= 0) {
			end(b, n ? n : -EIO);
			return n ? n : -EIO;
		}
		disk.token[disk.tokens++] = token;
		done += (uint32_t)n;
	}
	return 0;
}

static int write_runs(
	struct backing *b, const struct block_run *runs, uint32_t count, uint32_t block_size)
{
	struct blk_segment segment[BLK_SEGMENTS_MAX];
	uint32_t n = 0;

	(void)b;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = (uint64_t)runs[i].block * block_size;
		uint32_t left = runs[i].count * block_size;

		while (left) {
			uint32_t page = (uint32_t)(at >> PAGE_SHIFT) - disk.first;
			uint32_t within = (uint32_t)(at & (PAGE_BYTES - 1));
			uint32_t bytes = PAGE_BYTES - within < left ? PAGE_BYTES - within : left;

			segment[n++] = (struct blk_segment){.sector = at >> SECTOR_SHIFT,
				.phys = ((uint64_t)disk.pfn[page] << PAGE_SHIFT) + within,
				.bytes = bytes};
			at += bytes;
			left -= bytes;
		}
	}
	return disk_transfer(true, segment, n);
}

/* The block's own place in the mapping serves as the buffer: nobody reads file data there. */
static int zero_tail(struct backing *b, uint32_t block, uint32_t from, uint32_t block_size)
{
	uint64_t at = (uint64_t)block * block_size;
	uint32_t page = (uint32_t)(at >> PAGE_SHIFT);
	struct blk_segment segment = {.sector = at >> SECTOR_SHIFT, .bytes = block_size};
	int error;

	touch(at);
	error = begin(b, page, 1);
	if (error)
		return error;
	segment.phys = ((uint64_t)disk.pfn[0] << PAGE_SHIFT) + (at & (PAGE_BYTES - 1));
	error = disk_transfer(false, &segment, 1);
	if (!error) {
		memset(b->disk + at + from, 0, block_size - from);
		error = disk_transfer(true, &segment, 1);
	}
	end(b, error);
	return error;
}

/* ------------------------------------------------------------------ opening */

/* The memory that init keeps for us. */
static void *keep(struct backing *b, uint32_t bytes)
{
	struct quire_obj_info info;
	long address;

	(void)b;
	if (sys_obj_info(SERVER_KEPT, &info) < 0 ||
		(info.size < bytes && sys_obj_set_size(SERVER_KEPT, bytes) < 0))
		return NULL;
	address = sys_mmap(
		0, bytes, QUIRE_PROT_READ | QUIRE_PROT_WRITE, QUIRE_MAP_SHARED, SERVER_KEPT, 0);
	return quire_is_error(address) ? NULL : (void *)address;
}

static uint32_t stored_run(struct backing *b, uint32_t from, uint32_t *first)
{
	int pages = sys_obj_query_dirty(disk.object, from, first);

	(void)b;
	return pages > 0 ? (uint32_t)pages : 0;
}

static uint64_t now(struct backing *b)
{
	(void)b;
	return sys_clock(QUIRE_CLOCK_REALTIME);
}

static void log_from_core(struct backing *b, const char *line)
{
	(void)b;
	log_line(line);
}

static int fail(const char *what, int error)
{
	char line[80];

	snprintf(line, sizeof(line), "ext2: %s, error %d", what, -error);
	log_line(line);
	return error;
}

int disk_open(struct backing **out)
{
	struct quire_msg msg;
	struct blk_info info;
	/* A predecessor's transfers may still be under way, to and from frames that will be used for
	 * others; before they have ended nothing of his is touched. */
	int status = driver_call(BLK_DRAIN, NULL, 0, &msg);
	long address;

	if (status >= 0)
		status = driver_call(BLK_INFO, NULL, 0, &msg);
	if (status >= 0)
		status = ipc_get(&msg, &info, sizeof(info));
	if (status < 0)
		return fail("the disk does not answer", status);
	status = driver_call(BLK_OBJECT, NULL, 0, &msg);
	if (status < 0)
		return fail("the driver gives no disk object", status);
	disk.object = ipc_handle(&msg, 0);
	sys_obj_wb_end(disk.object, QUIRE_WB_ALL, -EIO); /* his writebacks end undone */
	if (info.sectors == 0 || info.sectors > MAP_BYTES_MAX >> SECTOR_SHIFT)
		return fail("the disk is too large to be mapped, or empty", -EFBIG);
	address = sys_mmap(0, (uint32_t)info.sectors << SECTOR_SHIFT,
		info.read_only ? QUIRE_PROT_READ : QUIRE_PROT_READ | QUIRE_PROT_WRITE,
		QUIRE_MAP_SHARED, disk.object, 0);
	if (quire_is_error(address))
		return fail("the disk cannot be mapped", (int)address);
	disk.backing = (struct backing){
		.disk = (uint8_t *)address,
		.bytes = info.sectors << SECTOR_SHIFT,
		.read_only = info.read_only,
		.now = now,
		.begin = begin,
		.write = write_runs,
		.end = end,
		.barrier = barrier,
		.zero_tail = zero_tail,
		.keep = keep,
		.stored_run = stored_run,
		.log = log_from_core,
	};
	*out = &disk.backing;
	return 0;
}
