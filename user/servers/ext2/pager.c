/* The kernel's requests: pages to fetch, room to promise, objects to make durable, last uses ended.
 *
 * A page is fetched by DMA straight into the frame that will be mapped; sectors without a block are
 * zeroed by the kernel. Promising room before a page may become dirty is what lets a full disk be
 * reported to the writer and not discovered at writeback.
 */
#include <string.h>
#include <assert.h>
#include "server.h"

/* When growth is told by its end alone, not by how much of it is being written (w3): more than this is
 * taken to begin with a hole, and only so much before the end, or a quarter of what is free, is
 * promised. */
#define SPARSE_GAP (1024u * 1024)
/* How far ahead of a growing file room is promised: an eighth of it, between these. */
#define AHEAD_MIN (64u * 1024)
#define AHEAD_MAX (1024u * 1024)

static uint32_t pages_for(uint64_t bytes)
{
	return (uint32_t)((bytes + PAGE_BYTES - 1) >> PAGE_SHIFT);
}

/* ------------------------------------------------------------------ fetch */

#define SEGMENTS_MAX (QUIRE_RUN_MAX * (PAGE_BYTES >> EXT2_MIN_BLOCK_SHIFT))

struct fetch {
	struct blk_segment segment[SEGMENTS_MAX];
	uint32_t segments;
	uint8_t zero
		[QUIRE_RUN_MAX]; /* by page, a bit for each 512 bytes that the disk does not have */
	bool holes;
};

/* One page: its segments, or its bits in zero[]. */
static int plan_page(struct inode *ip, struct fetch *f, uint32_t page, uint32_t index, uint32_t pfn)
{
	struct fs *fs = ip->fs;
	uint32_t sectors = fs->block_size >> SECTOR_SHIFT;

	f->zero[index] = 0;
	for (uint32_t i = 0; i < fs->blocks_per_page; i++) {
		uint64_t at = (uint64_t)page * fs->blocks_per_page + i;
		uint32_t block = 0;
		int error = 0;

		if (at << fs->block_shift < fs->max_size)
			error = map_lookup(ip, (uint32_t)at, &block);
		if (error)
			return error;
		if (block)
			add_block(f->segment, &f->segments, fs, block,
				((uint64_t)pfn << PAGE_SHIFT) + ((uint64_t)i << fs->block_shift));
		else
			f->zero[index] |= (uint8_t)(((1u << sectors) - 1) << i * sectors);
	}
	return 0;
}

static int plan_fetch(struct inode *ip, struct fetch *f, const struct request *request)
{
	uint32_t first = request->w[0], count = request->w[1];
	const uint32_t *pfn = (const uint32_t *)request->data;
	uint64_t size = file_size(ip);
	int error = 0;

	f->segments = 0;
	f->holes = false;
	if (request->w[3] & QUIRE_FETCH_WRITE) {
		error = reserve_pages(ip, first, count);
		if (error == -ENOSPC) {
			reclaim_room(ip->fs);
			error = reserve_pages(ip, first, count);
		}
	}
	for (uint32_t i = 0; i < count && !error; i++) {
		error = plan_page(ip, f, first + i, i, pfn[i]);
		if (f->zero[i] == 0xff)
			f->holes = true;
		else if (f->zero[i] && !ip->fs->read_only &&
			 (uint64_t)(first + i + 1) << PAGE_SHIFT <= size)
			/* Part of the page is a hole, which the kernel will not ask about when it is
			 * stored to: promise now. If there is no room, the store will find out. */
			(void)!reserve_pages(ip, first + i, 1);
	}
	return error;
}

static void pager_fetch(struct inode *ip, const struct request *request)
{
	struct fs *fs = ip->fs;
	struct fetch f;
	int status;

	inode_io_begin(ip);
	status = plan_fetch(ip, &f, request);
	fs_unlock(fs);
	if (!status && f.segments)
		status = disk_transfer(false, f.segment, f.segments);
	if (!status && f.holes && !(request->w[3] & QUIRE_FETCH_WRITE))
		status = QUIRE_SUPPLY_HOLES;
	object_supply(ip->object, request->w[2], status, f.zero, request->w[1]);
	fs_lock(fs);
	inode_io_end(ip);
}

/* ------------------------------------------------------------------ room */

void release_nameless(struct fs *fs, bool used_too)
{
	fs_assert_locked(fs);
	for (unsigned i = 0; i < INODE_HASH; i++) {
		struct inode *ip = LIST_FIRST(&fs->hash[i]);

		while (ip) {
			struct inode *next = LIST_NEXT(ip, hash_link);
			struct quire_obj_info info;

			if (ip->raw->links == 0 && ip->refs == 0) {
				if (used_too)
					ip->channels = 0;
				if (used_too ||
					(ip->object >= 0 && object_info(ip->object, &info) == 0 &&
						!info.users))
					ip->streams = false;
				inode_put(inode_hold(ip));
			}
			ip = next;
		}
	}
}

static void reclaim_promises(struct fs *fs)
{
	for (unsigned i = 0; i < INODE_HASH; i++) {
		struct inode *ip;

		LIST_FOREACH(ip, &fs->hash[i], hash_link) {
			struct quire_obj_info info;

			if (ip->object < 0 || !ip->reserved || object_info(ip->object, &info) < 0)
				continue;
			/* Afterwards the size cannot pass what it is without asking again. */
			object_set_capacity(ip->object, info.size);
			if (object_info(ip->object, &info) == 0)
				reserve_trim(
					ip, pages_for(info.size > info.capacity ? info.size
										: info.capacity));
		}
	}
}

void reclaim_room(struct fs *fs)
{
	if (fs->read_only)
		return;
	release_nameless(fs, false);
	reclaim_promises(fs);
}

static uint64_t room_ahead(const struct fs *fs, uint64_t needed)
{
	uint64_t ahead = needed / 8;
	uint64_t room = (uint64_t)blocks_available(fs) << fs->block_shift;

	if (ahead < AHEAD_MIN)
		ahead = AHEAD_MIN;
	if (ahead > AHEAD_MAX)
		ahead = AHEAD_MAX;
	return ahead <= room / 4 ? ahead : 0;
}

/* How many of the `growth` bytes up to the new end will be stored to, as far as can be told. */
static uint64_t bytes_stored(const struct fs *fs, uint64_t growth, uint32_t told)
{
	uint64_t quarter = (uint64_t)blocks_available(fs) << fs->block_shift >> 2;

	if (told)
		return told < growth ? told : growth;
	if (growth <= SPARSE_GAP)
		return growth;
	return quarter < SPARSE_GAP ? quarter : SPARSE_GAP;
}

/* Room for the file to grow to `needed` bytes, of which the last `told` (0: not told) are being
 * written. */
static int promise_growth(struct inode *ip, uint64_t needed, uint32_t told)
{
	struct fs *fs = ip->fs;
	struct quire_obj_info info;
	uint64_t from, ahead;
	uint32_t first, last = pages_for(needed);
	int error = object_info(ip->object, &info);

	if (error)
		return error;
	if (needed > fs->max_size)
		return -EFBIG;
	if (fs->read_only)
		return -EROFS;
	if (needed <= info.capacity)
		return 0;
	from = info.capacity > info.size ? info.capacity : info.size;
	if (from > needed)
		from = needed;
	from = needed - bytes_stored(fs, needed - from, told);
	/* The old last page may lack blocks even if the new bytes begin beyond it. */
	if (info.size & (PAGE_BYTES - 1)) {
		error = reserve_pages(ip, (uint32_t)(info.size >> PAGE_SHIFT), 1);
		if (error)
			return error;
	}
	first = (uint32_t)(from >> PAGE_SHIFT);
	error = reserve_pages(ip, first, last - first);
	if (error)
		return error;
	ahead = room_ahead(fs, needed);
	if (ahead && needed + ahead + PAGE_BYTES < fs->max_size &&
		reserve_pages(ip, last, pages_for(ahead)) == 0)
		last += pages_for(ahead);
	else
		reserve_trim(ip, last);
	needed = (uint64_t)last << PAGE_SHIFT;
	return object_set_capacity(ip->object, needed < fs->max_size ? needed : fs->max_size);
}

static void pager_grow(struct inode *ip, const struct request *request)
{
	uint64_t needed = (uint64_t)request->w[1] << 32 | request->w[0];
	int status;

	inode_io_begin(ip);
	status = promise_growth(ip, needed, request->w[3]);
	if (status == -ENOSPC) {
		reclaim_room(ip->fs);
		status = promise_growth(ip, needed, request->w[3]);
	}
	undo_commit(ip->fs);
	object_complete(ip->object, request->w[2], status);
	inode_io_end(ip);
}

static void pager_reserve(struct inode *ip, const struct request *request)
{
	int status;

	inode_io_begin(ip);
	status = reserve_pages(ip, request->w[0], request->w[1]);
	if (status == -ENOSPC) {
		reclaim_room(ip->fs);
		status = reserve_pages(ip, request->w[0], request->w[1]);
	}
	undo_commit(ip->fs);
	object_complete(ip->object, request->w[2], status);
	inode_io_end(ip);
}

/* ------------------------------------------------------------------ durability and the end */

static void pager_sync(struct inode *ip, const struct request *request)
{
	struct fs *fs = ip->fs;
	uint32_t first = request->w[0], end = UINT32_MAX;
	int status, flushed;

	if (request->w[1] && request->w[1] < UINT32_MAX - first)
		end = first + request->w[1];
	status = write_back(ip, first, end);
	fs_unlock(fs);
	flushed = request->w[3] & QUIRE_SYNC_METADATA ? fs_flush(fs, false) : fs_flush_for_data(fs);
	object_complete(ip->object, request->w[2], status ? status : flushed);
	fs_lock(fs);
}

/* Promises that nobody will use are given back, pages that were promised room but never stored to are
 * dropped so that the kernel asks again, and indirect blocks made for nothing are freed. */
static void trim_idle(struct inode *ip)
{
	struct quire_obj_info info;

	inode_exclude(ip);
	if (!ip->streams && object_info(ip->object, &info) == 0 && !info.dirty && ip->reserved) {
		uint32_t page = 0;

		object_set_capacity(ip->object, info.size);
		while ((page = reserve_next(ip, page)) != UINT32_MAX)
			object_evict(ip->object, page++, 1);
		reserve_trim(ip, 0);
		map_prune(ip);
	}
	inode_admit(ip);
}

static void pager_idle(struct inode *ip)
{
	struct quire_obj_info info;

	/* The message may be older than the stream that an open has just made. */
	if (object_info(ip->object, &info) == 0 && info.users)
		return;
	ip->streams = false;
	if (ip->fs->read_only || ip->raw->links == 0)
		return;
	if (write_back(ip, 0, UINT32_MAX) == 0)
		trim_idle(ip);
}

void pager_request(struct server *server, const struct request *request)
{
	struct fs *fs = server->fs;
	struct inode *ip;

	fs_lock(fs);
	ip = inode_peek(fs, request->badge);
	if (ip && ip->object >= 0) {
		switch (request->label) {
		case QUIRE_K_FETCH:
			if (request->w[1] <= QUIRE_RUN_MAX &&
				request->bytes >= request->w[1] * sizeof(uint32_t))
				pager_fetch(ip, request);
			break;
		case QUIRE_K_GROW: pager_grow(ip, request); break;
		case QUIRE_K_RESERVE: pager_reserve(ip, request); break;
		case QUIRE_K_SYNC: pager_sync(ip, request); break;
		case QUIRE_K_IDLE: pager_idle(ip); break;
		}
	}
	inode_put(ip);
	flush_soon(server);
	fs_unlock(fs);
}
