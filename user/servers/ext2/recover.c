/* Taking over from a server that died: what fs_mount has left to do once the metadata is whole again.
 *
 * When this runs the driver has finished with the dead server's transfers (disk.c), the log has been
 * put back (undo.c), and no message has been received yet; programs run on, with the pages that are
 * there, and may store to those. Three things are made to agree:
 *
 *	the kernel's	which objects live, their sizes, which pages are dirty, which channels are open
 *	the metadata	as it was when fs->lock was last free
 *	the marks	placed, unsettled: what lay between two holds of one operation
 *
 * The kernel is right about sizes and about who has a file open, the metadata about everything else.
 * Promises of room were the dead server's memory. They are made again for what needs them, which is
 * the dirty pages once every clean one has been dropped: a page that was promised room and not yet
 * stored to is asked for anew before it can be.
 */
#include <assert.h>
#include "server.h"

#define EVICT_ATTEMPTS 1000

static uint32_t blocks_for(const struct fs *fs, uint64_t bytes)
{
	return (uint32_t)((bytes + fs->block_size - 1) >> fs->block_shift);
}

/* The inode, held, in memory from now on: it may have no name. NULL: there is none. */
static struct inode *take(struct fs *fs, uint32_t ino)
{
	struct inode *ip;

	if (!inode_number_valid(fs, ino) || !inode_in_use(fs, ino))
		return NULL;
	ip = inode_peek(fs, ino);
	if (ip || inode_load(fs, ino, &ip) < 0)
		return ip;
	if (ip->raw->links == 0)
		ip->orphan = orphan_listed(fs, ino);
	return ip;
}

/* ------------------------------------------------------------------ files */

/* The disk's bytes and blocks beyond the size go. */
static void cut_down(struct inode *ip, uint64_t size)
{
	struct fs *fs = ip->fs;

	if (bit_get(fs->unsettled, ip->ino) || inode_size(ip) > size)
		file_zero_tail(ip, size);
	if (inode_size(ip) != size)
		inode_set_size(ip, size);
	bit_change(fs, fs->unsettled, ip->ino, true);
	map_truncate(ip, blocks_for(fs, size));
	if (ip->raw->links)
		bit_change(fs, fs->unsettled, ip->ino, false);
}

/* Afterwards no resident page is clean, so none can be stored to unasked that was not before. */
static void drop_clean(int object)
{
	struct quire_obj_info info;

	for (unsigned i = 0; i < EVICT_ATTEMPTS; i++) {
		object_evict(object, 0, UINT32_MAX);
		if (object_info(object, &info) < 0 || info.resident <= info.dirty)
			return;
		rest(); /* a read or write is at one of them this moment */
	}
}

static void promise_dirty(struct inode *ip)
{
	uint32_t page = 0, run;
	int pages;

	while ((pages = object_query_dirty(ip->object, page, &run)) > 0) {
		if (reserve_pages(ip, run, (uint32_t)pages) < 0)
			fs_log(ip->fs, "no room any more for stored pages of inode", ip->ino);
		page = run + (uint32_t)pages;
	}
}

/* The object of an inode that is gone: all of it that is still wanted is its end. */
static void drop_stale(int object)
{
	object_set_size(object, 0);
	handle_close(object);
}

static void take_object(struct fs *fs, uint32_t key)
{
	struct quire_obj_info info;
	struct inode *ip = take(fs, key);
	int object;

	if (ip && ip->object >= 0) {
		inode_put(ip);
		return; /* an older object of that number, about to go */
	}
	object = object_attach(key);
	if (object >= 0 && (!ip || !inode_is(ip, MODE_REGULAR))) {
		drop_stale(object);
	} else if (object >= 0) {
		ip->object = object;
		/* From here on the size does not grow without our being asked. */
		object_set_capacity(object, 0);
		object_info(object, &info);
		ip->streams = info.users > 0;
		ip->mapped = true;
		ip->write_seq = info.write_seq;
		if (info.dirty && !fs->read_only)
			inode_touch(ip, TIME_MODIFY | TIME_CHANGE);
		if (!fs->read_only) {
			cut_down(ip, info.size);
			drop_clean(object);
			promise_dirty(ip);
		}
	}
	inode_put(ip);
}

/* From the last to the first: objects that go meanwhile then hide none from us. */
static void take_objects(struct fs *fs)
{
	uint32_t n = 0, key;

	while (object_enumerate(n, &key) > 0)
		n++;
	while (n-- > 0)
		if (object_enumerate(n, &key) > 0)
			take_object(fs, key);
}

/* ------------------------------------------------------------------ channels */

static void take_channels(struct fs *fs)
{
	uint32_t badge;

	/* None goes before its closing has been received. */
	for (uint32_t i = 0; channel_enumerate(i, &badge) > 0; i++) {
		struct inode *ip = take(fs, badge & BADGE_INODE);

		if (!ip)
			continue;
		ip->channels++;
		if (badge & (BADGE_FIFO_READ | BADGE_FIFO_WRITE))
			fifo_reopen(ip, badge);
		inode_put(ip);
	}
}

/* ------------------------------------------------------------------ marks */

static void settle_blocks(struct fs *fs)
{
	for (uint32_t b = 0; (b = bit_next(fs->placed, b, fs->blocks)) < fs->blocks; b++) {
		block_free(fs, b);
		undo_breathe(fs);
	}
}

/* What was being cut down and has no object, and what lost its last name. */
static void settle_inodes(struct fs *fs)
{
	uint32_t end = fs->inodes + 1;

	for (uint32_t ino = 1; (ino = bit_next(fs->unsettled, ino, end)) < end; ino++) {
		struct inode *ip = take(fs, ino);

		if (!ip)
			bit_change(fs, fs->unsettled, ino, false);
		else if (ip->raw->links && inode_is(ip, MODE_REGULAR))
			cut_down(ip, file_size(ip));
		else if (ip->raw->links)
			bit_change(fs, fs->unsettled, ino, false);
		inode_put(ip); /* the last of one without a name, if nobody has it open */
	}
}

void recover(struct server *server)
{
	struct fs *fs = server->fs;

	fs_lock(fs);
	if (!fs->read_only)
		settle_blocks(fs);
	take_objects(fs);
	take_channels(fs);
	if (!fs->read_only) {
		settle_inodes(fs);
		orphans_release(fs);
	}
	fs_unlock(fs);
	/* So that nothing is frozen, and the disk knows of no block that has changed hands. */
	fs_flush(fs, false);
	fs_lock(fs);
	/* The kernel tells of an object's first dirty page, and has told. */
	server->timer_armed = true;
	timer_after(0);
	fs->recovering = false;
	fs_unlock(fs);
}
