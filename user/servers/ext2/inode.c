/* Inodes in memory: the cache, their times and sizes, and their end.
 *
 * The inode itself stays in the mapping; what is kept here is what the disk does not know: who is
 * using it, its memory object, promises of space, a directory's index. An inode is `idle` when no
 * request, channel, stream or mapping has it; idle ones stay, least recently used first out. When the
 * last use of an inode without links ends, it is freed, blocks and all.
 */
#include <stdlib.h>
#include <string.h>
#include <assert.h>
#include "core.h"

static struct inode *find(struct fs *fs, uint32_t ino)
{
	struct inode *ip;

	LIST_FOREACH(ip, &fs->hash[ino % INODE_HASH], hash_link)
		if (ip->ino == ino)
			return ip;
	return NULL;
}

struct inode *inode_hold(struct inode *ip)
{
	fs_assert_locked(ip->fs);
	ip->refs++;
	if (ip->idle) {
		TAILQ_REMOVE(&ip->fs->idle, ip, idle_link);
		ip->fs->idle_count--;
		ip->idle = false;
	}
	return ip;
}

struct inode *inode_peek(struct fs *fs, uint32_t ino)
{
	struct inode *ip = find(fs, ino);

	return ip ? inode_hold(ip) : NULL;
}

static bool mode_known(uint16_t mode)
{
	switch (mode & MODE_TYPE) {
	case MODE_FIFO:
	case MODE_CHAR:
	case MODE_DIR:
	case MODE_BLOCK:
	case MODE_REGULAR:
	case MODE_SYMLINK:
	case MODE_SOCKET: return true;
	default: return false;
	}
}

static int check_raw(struct fs *fs, uint32_t ino, const struct disk_inode *raw)
{
	uint64_t size = raw->size;

	if (!mode_known(raw->mode))
		return fs_corrupt(fs, "unknown file type of inode", ino);
	if ((raw->mode & MODE_TYPE) == MODE_REGULAR && fs->super->rev > 0)
		size |= (uint64_t)raw->size_high << 32;
	if (size > fs->max_size)
		return fs_corrupt(fs, "impossible size of inode", ino);
	if ((raw->mode & MODE_TYPE) == MODE_DIR && (!size || size & (fs->block_size - 1)))
		return fs_corrupt(fs, "bad size of directory", ino);
	return 0;
}

int inode_get(struct fs *fs, uint32_t ino, struct inode **out)
{
	const struct disk_inode *raw;
	int error;

	fs_assert_locked(fs);
	if (!inode_number_valid(fs, ino))
		return fs_corrupt(fs, "bad inode number", ino);
	*out = inode_peek(fs, ino);
	if (*out)
		return 0;
	raw = inode_raw(fs, ino);
	if (!inode_in_use(fs, ino) || !raw->links)
		return fs_corrupt(fs, "a name for a free inode", ino);
	error = check_raw(fs, ino, raw);
	return error ? error : inode_load(fs, ino, out);
}

int inode_load(struct fs *fs, uint32_t ino, struct inode **out)
{
	struct disk_inode *raw = inode_raw(fs, ino);
	struct inode *ip;

	fs_assert_locked(fs);
	ip = calloc(1, sizeof(*ip));
	if (!ip)
		return -ENOMEM;
	ip->fs = fs;
	ip->ino = ino;
	ip->raw = raw;
	ip->object = -1;
	LIST_INSERT_HEAD(&fs->hash[ino % INODE_HASH], ip, hash_link);
	*out = inode_hold(ip);
	return 0;
}

static void forget(struct inode *ip)
{
	struct fs *fs = ip->fs;

	reserve_trim(ip, 0);
	dir_index_drop(ip);
	if (ip->object >= 0)
		fs->drop_object(ip, true);
	LIST_REMOVE(ip, hash_link);
	free(ip);
}

void inode_cache_trim(struct fs *fs, uint32_t keep)
{
	struct inode *ip;

	fs_assert_locked(fs);
	/* One whose object still has unwritten pages goes to the end of the queue. */
	for (uint32_t n = fs->idle_count; n > 0 && fs->idle_count > keep; n--) {
		ip = TAILQ_FIRST(&fs->idle);
		TAILQ_REMOVE(&fs->idle, ip, idle_link);
		if (ip->object >= 0 && !fs->drop_object(ip, false)) {
			TAILQ_INSERT_TAIL(&fs->idle, ip, idle_link);
			continue;
		}
		fs->idle_count--;
		forget(ip);
	}
}

/* ------------------------------------------------------------------ the end of an inode */

static void release_xattr(struct inode *ip)
{
	struct fs *fs = ip->fs;
	uint32_t block = ip->raw->file_acl;
	struct disk_xattr_header *header;

	if (!block)
		return;
	inode_change(ip);
	ip->raw->file_acl = 0;
	if (!block_valid(fs, block)) {
		fs_corrupt(fs, "bad attribute block of inode", ip->ino);
		return;
	}
	header = meta_block(fs, block);
	if (header->magic == EXT2_XATTR_MAGIC && header->refcount > 1) {
		meta_change(fs, header, sizeof(*header));
		header->refcount--;
	} else {
		block_free(fs, block);
	}
	ip->raw->sectors -= fs->block_size >> SECTOR_SHIFT;
}

static bool owns_blocks(const struct inode *ip)
{
	return inode_is(ip, MODE_REGULAR) || inode_is(ip, MODE_DIR) ||
	       (inode_is(ip, MODE_SYMLINK) && !symlink_is_fast(ip));
}

/* In steps: a successor that finds it without a name and unsettled does the rest. */
static void release(struct inode *ip)
{
	struct fs *fs = ip->fs;
	uint32_t now = (uint32_t)(fs_now(fs) / 1000000000u);
	bool orphaned = ip->raw->links == 0 && ip->orphan;

	bit_change(fs, fs->unsettled, ip->ino, true);
	if (orphaned)
		orphan_remove(ip);
	reserve_trim(ip, 0);
	if (owns_blocks(ip))
		map_truncate(ip, 0);
	release_xattr(ip);
	inode_set_size(ip, 0);
	/* A small number there would look like a link of the orphan list. */
	inode_change(ip);
	ip->raw->dtime = now > fs->inodes ? now : fs->inodes + 1;
	inode_free_number(fs, ip->ino, inode_is(ip, MODE_DIR));
	bit_change(fs, fs->unsettled, ip->ino, false);
}

void inode_put(struct inode *ip)
{
	struct fs *fs;

	if (!ip)
		return;
	fs = ip->fs;
	fs_assert_locked(fs);
	assert(ip->refs > 0);
	if (ip->refs == 1 && !ip->channels && !ip->streams) {
		if (ip->raw->links == 0 && !fs->read_only) {
			/* Nobody can find it any more; the reference keeps it while it goes. */
			if (!ip->bad)
				release(ip);
			/* The pages go for good: only now that nothing brings the inode back. */
			undo_commit(fs);
			ip->refs = 0;
			forget(ip);
			return;
		}
		ip->refs = 0;
		ip->idle = true;
		TAILQ_INSERT_TAIL(&fs->idle, ip, idle_link);
		if (++fs->idle_count > INODE_CACHE_IDLE)
			inode_cache_trim(fs, INODE_CACHE_IDLE);
		return;
	}
	ip->refs--;
}

/* ------------------------------------------------------------------ fields */

void inode_change(struct inode *ip)
{
	meta_change(ip->fs, ip->raw, ip->fs->inode_size);
}

uint64_t inode_size(const struct inode *ip)
{
	uint64_t size = ip->raw->size;

	if (inode_is(ip, MODE_REGULAR) && ip->fs->super->rev > 0)
		size |= (uint64_t)ip->raw->size_high << 32;
	return size;
}

void inode_set_size(struct inode *ip, uint64_t size)
{
	struct fs *fs = ip->fs;

	inode_change(ip);
	ip->raw->size = (uint32_t)size;
	if (inode_is(ip, MODE_REGULAR) && fs->super->rev > 0) {
		ip->raw->size_high = (uint32_t)(size >> 32);
		if (size > INT32_MAX &&
			!(fs->super->feature_ro_compat & EXT2_RO_COMPAT_LARGE_FILE)) {
			meta_change(fs, fs->super, sizeof(*fs->super));
			fs->super->feature_ro_compat |= EXT2_RO_COMPAT_LARGE_FILE;
		}
	}
}

/* True if the inode on the disk reaches as far as `end`, the end of one of its later members. */
static bool has_extra(const struct inode *ip, uint32_t end)
{
	uint32_t size = ip->fs->inode_size;

	if (size <= EXT2_GOOD_OLD_ISIZE || ip->raw->extra_isize > size - EXT2_GOOD_OLD_ISIZE)
		return false;
	return EXT2_GOOD_OLD_ISIZE + (uint32_t)ip->raw->extra_isize >= end;
}
#define HAS_EXTRA(ip, member) has_extra(ip, offsetof(struct disk_inode, member) + sizeof(uint32_t))

void inode_set_time(struct inode *ip, unsigned which, uint64_t seconds, uint32_t ns)
{
	/* Two bits of epoch count from 1901; seconds are signed in the low word. */
	uint32_t low = (uint32_t)seconds;
	uint32_t epoch = (uint32_t)((int64_t)(seconds - (uint64_t)(int64_t)(int32_t)low) >> 32) & 3;
	uint32_t extra = epoch | ns << 2;

	meta_change_times(ip->fs, ip->raw, ip->fs->inode_size);
	if (which & TIME_ACCESS) {
		ip->raw->atime = low;
		if (HAS_EXTRA(ip, atime_extra))
			ip->raw->atime_extra = extra;
	}
	if (which & TIME_MODIFY) {
		ip->raw->mtime = low;
		if (HAS_EXTRA(ip, mtime_extra))
			ip->raw->mtime_extra = extra;
	}
	if (which & TIME_CHANGE) {
		ip->raw->ctime = low;
		if (HAS_EXTRA(ip, ctime_extra))
			ip->raw->ctime_extra = extra;
	}
}

void inode_touch(struct inode *ip, unsigned which)
{
	uint64_t now = fs_now(ip->fs);

	inode_set_time(ip, which, now / 1000000000u, (uint32_t)(now % 1000000000u));
}

void inode_time(const struct inode *ip, unsigned which, int64_t *seconds, uint32_t *ns)
{
	const struct disk_inode *raw = ip->raw;
	uint32_t low = raw->atime, extra = HAS_EXTRA(ip, atime_extra) ? raw->atime_extra : 0;

	if (which == TIME_MODIFY) {
		low = raw->mtime;
		extra = HAS_EXTRA(ip, mtime_extra) ? raw->mtime_extra : 0;
	} else if (which == TIME_CHANGE) {
		low = raw->ctime;
		extra = HAS_EXTRA(ip, ctime_extra) ? raw->ctime_extra : 0;
	}
	*seconds = (int64_t)(int32_t)low + ((int64_t)(extra & 3) << 32);
	*ns = extra >> 2;
}

uint32_t inode_uid(const struct inode *ip)
{
	return ip->raw->uid | (uint32_t)ip->raw->uid_high << 16;
}

uint32_t inode_gid(const struct inode *ip)
{
	return ip->raw->gid | (uint32_t)ip->raw->gid_high << 16;
}

void inode_set_owner(struct inode *ip, uint32_t uid, uint32_t gid)
{
	inode_change(ip);
	ip->raw->uid = (uint16_t)uid;
	ip->raw->uid_high = (uint16_t)(uid >> 16);
	ip->raw->gid = (uint16_t)gid;
	ip->raw->gid_high = (uint16_t)(gid >> 16);
}

/* ------------------------------------------------------------------ I/O against changes of the map */

void inode_io_begin(struct inode *ip)
{
	while (ip->excluded)
		fs_wait(ip->fs);
	ip->io++;
}

void inode_io_end(struct inode *ip)
{
	assert(ip->io > 0);
	if (!--ip->io)
		pthread_cond_broadcast(&ip->fs->changed);
}

void inode_exclude(struct inode *ip)
{
	while (ip->excluded)
		fs_wait(ip->fs);
	ip->excluded = true;
	while (ip->io)
		fs_wait(ip->fs);
	bit_change(ip->fs, ip->fs->unsettled, ip->ino, true);
}

void inode_admit(struct inode *ip)
{
	ip->excluded = false;
	if (ip->raw->links)
		bit_change(ip->fs, ip->fs->unsettled, ip->ino, false);
	pthread_cond_broadcast(&ip->fs->changed);
}

void inode_write_begin(struct inode *ip)
{
	while (ip->excluded || ip->writing)
		fs_wait(ip->fs);
	ip->writing = true;
	ip->io++;
}

void inode_write_end(struct inode *ip)
{
	ip->writing = false;
	inode_io_end(ip);
	pthread_cond_broadcast(&ip->fs->changed);
}
