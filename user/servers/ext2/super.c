/* Mounting: the superblock and group descriptors are checked here once, so that the rest may use
 * them; and the promises about them: the "clean" mark and the orphan list.
 *
 * The clean mark. While the disk says "clean", nothing on it may be half changed. So a flush that
 * has anything to write first writes the superblock alone with the mark removed; when all has been
 * written and nothing has changed since, the mark is set again. An image that was not clean when it
 * was mounted is never marked clean by us: only e2fsck can know.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <assert.h>
#include "core.h"

#define CORRUPTIONS_LOGGED 20

void fs_lock(struct fs *fs)
{
	pthread_mutex_lock(&fs->lock);
	fs->locked = true;
}

void fs_unlock(struct fs *fs)
{
	fs_assert_locked(fs);
	undo_commit(fs);
	fs->locked = false;
	pthread_mutex_unlock(&fs->lock);
}

void fs_wait(struct fs *fs)
{
	fs_assert_locked(fs);
	undo_commit(fs);
	fs->locked = false;
	pthread_cond_wait(&fs->changed, &fs->lock);
	fs->locked = true;
}

void fs_assert_locked(const struct fs *fs)
{
	assert(fs->locked);
	(void)fs;
}

void fs_log(struct fs *fs, const char *what, uint32_t number)
{
	char line[120];

	snprintf(line, sizeof(line), "ext2: %s (%lu)", what, (unsigned long)number);
	fs->backing->log(fs->backing, line);
}

int fs_corrupt(struct fs *fs, const char *what, uint32_t number)
{
	if (fs->corruptions++ < CORRUPTIONS_LOGGED)
		fs_log(fs, what, number);
	if (!fs->read_only && !(fs->super->state & EXT2_STATE_ERROR)) {
		meta_change(fs, &fs->super->state, sizeof(fs->super->state));
		fs->super->state |= EXT2_STATE_ERROR;
	}
	return -EIO;
}

uint64_t fs_now(struct fs *fs)
{
	return fs->backing->now(fs->backing);
}

static uint32_t now_seconds(struct fs *fs)
{
	return (uint32_t)(fs_now(fs) / 1000000000u);
}

/* ------------------------------------------------------------------ checks at mount */

static int refuse(struct fs *fs, int error, const char *what, uint32_t number)
{
	fs_log(fs, what, number);
	return error;
}

static int check_geometry(struct fs *fs)
{
	const struct disk_super *s = fs->super;
	uint32_t per_block;

	if (s->magic != EXT2_MAGIC)
		return refuse(fs, -EINVAL, "not an ext2 file system: magic number", s->magic);
	if (s->rev > 1)
		return refuse(fs, -ENOTSUP, "unknown revision", s->rev);
	if (s->log_block_size > EXT2_MAX_BLOCK_SHIFT - EXT2_MIN_BLOCK_SHIFT)
		return refuse(fs, -ENOTSUP, "unsupported block size: 1024 << n", s->log_block_size);
	fs->block_shift = EXT2_MIN_BLOCK_SHIFT + s->log_block_size;
	fs->block_size = 1u << fs->block_shift;
	fs->blocks_per_page = PAGE_BYTES >> fs->block_shift;
	fs->addr_shift = fs->block_shift - 2;
	fs->blocks = s->blocks_count;
	fs->first_data_block = s->first_data_block;
	fs->inodes = s->inodes_count;
	fs->blocks_per_group = s->blocks_per_group;
	fs->inodes_per_group = s->inodes_per_group;
	fs->first_ino = s->rev == 0 ? EXT2_GOOD_OLD_FIRST : s->first_ino;
	fs->inode_size = s->rev == 0 ? EXT2_GOOD_OLD_ISIZE : s->inode_size;

	if (fs->first_data_block != (fs->block_shift == EXT2_MIN_BLOCK_SHIFT ? 1 : 0))
		return refuse(fs, -EINVAL, "bad first data block", fs->first_data_block);
	if (fs->blocks > fs->backing->bytes >> fs->block_shift)
		return refuse(fs, -EINVAL, "file system larger than its disk: blocks", fs->blocks);
	if (fs->blocks <= fs->first_data_block + 1)
		return refuse(fs, -EINVAL, "bad block count", fs->blocks);
	if (fs->blocks_per_group < 256 || fs->blocks_per_group > 8 * fs->block_size ||
		fs->blocks_per_group % 8)
		return refuse(fs, -EINVAL, "bad blocks per group", fs->blocks_per_group);
	if (fs->inode_size < EXT2_GOOD_OLD_ISIZE || fs->inode_size > fs->block_size ||
		(fs->inode_size & (fs->inode_size - 1)))
		return refuse(fs, -EINVAL, "bad inode size", fs->inode_size);
	per_block = fs->block_size / fs->inode_size;
	if (fs->inodes_per_group < per_block || fs->inodes_per_group > 8 * fs->block_size ||
		fs->inodes_per_group % per_block)
		return refuse(fs, -EINVAL, "bad inodes per group", fs->inodes_per_group);
	fs->group_count = (fs->blocks - fs->first_data_block + fs->blocks_per_group - 1) /
			  fs->blocks_per_group;
	/* Channels' badges have flags above the inode number. */
	if ((uint64_t)fs->group_count * fs->inodes_per_group != fs->inodes ||
		fs->inodes > EXT2_INODES_MAX)
		return refuse(fs, -EINVAL, "bad inode count", fs->inodes);
	if (fs->first_ino < EXT2_GOOD_OLD_FIRST || fs->first_ino > fs->inodes)
		return refuse(fs, -EINVAL, "bad first inode", fs->first_ino);
	if (s->free_blocks_count > fs->blocks || s->free_inodes_count > fs->inodes)
		return refuse(fs, -EINVAL, "bad free counts", s->free_blocks_count);
	return 0;
}

static int check_features(struct fs *fs)
{
	const struct disk_super *s = fs->super;

	if (s->rev == 0)
		return 0;
	if (s->feature_incompat & ~EXT2_INCOMPAT_KNOWN)
		return refuse(fs, -ENOTSUP, "unsupported incompatible features",
			s->feature_incompat & ~EXT2_INCOMPAT_KNOWN);
	fs->has_filetype = s->feature_incompat & EXT2_INCOMPAT_FILETYPE;
	if (!fs->read_only && s->feature_ro_compat & ~EXT2_RO_COMPAT_KNOWN) {
		fs_log(fs, "mounted read-only: unsupported features",
			s->feature_ro_compat & ~EXT2_RO_COMPAT_KNOWN);
		fs->read_only = true;
	}
	return 0;
}

static int check_groups(struct fs *fs)
{
	uint32_t table = fs->inodes_per_group * fs->inode_size >> fs->block_shift;
	uint32_t descriptors = (fs->group_count * sizeof(struct disk_group) + fs->block_size - 1) >>
			       fs->block_shift;

	if (fs->first_data_block + 1 + descriptors > fs->blocks)
		return refuse(fs, -EINVAL, "group descriptors beyond the end", descriptors);
	fs->group_blocks = descriptors;
	if (fs->super->rev > 0)
		fs->group_blocks += fs->super->reserved_gdt_blocks;
	if (fs->group_blocks >= fs->blocks_per_group)
		return refuse(fs, -EINVAL, "group descriptors fill their group", fs->group_blocks);

	for (uint32_t g = 0; g < fs->group_count; g++) {
		const struct disk_group *d = &fs->groups[g];
		uint32_t first = fs->first_data_block + g * fs->blocks_per_group;
		uint32_t end = fs->blocks - first < fs->blocks_per_group
				       ? fs->blocks
				       : first + fs->blocks_per_group;

		if (group_has_super(fs, g))
			first += 1 + fs->group_blocks;
		if (first >= end || d->block_bitmap < first || d->block_bitmap >= end ||
			d->inode_bitmap < first || d->inode_bitmap >= end ||
			d->inode_table < first || d->inode_table >= end ||
			end - d->inode_table < table || d->block_bitmap == d->inode_bitmap ||
			d->block_bitmap - d->inode_table < table ||
			d->inode_bitmap - d->inode_table < table)
			return refuse(fs, -EINVAL, "bad group descriptor", g);
	}
	return 0;
}

/* The largest file: what the map can address, what 32 bits of sectors can count, and page indexes
 * that fit 32 bits with room to spare. */
static uint64_t largest_file(const struct fs *fs)
{
	uint64_t a = 1ull << fs->addr_shift;
	uint64_t bytes = (EXT2_DIRECT + a + a * a + a * a * a) << fs->block_shift;
	uint64_t by_sectors = (uint64_t)(UINT32_MAX - 1024 * 1024 * 8) << SECTOR_SHIFT;

	return bytes < by_sectors ? bytes : by_sectors;
}

/* ------------------------------------------------------------------ mount and unmount */

static void fs_destroy(struct fs *fs)
{
	meta_free(fs);
	pthread_cond_destroy(&fs->changed);
	pthread_mutex_destroy(&fs->lock);
	pthread_mutex_destroy(&fs->flush_lock);
	free(fs);
}

int fs_mount(struct backing *backing, bool read_only, struct fs **out)
{
	struct fs *fs = calloc(1, sizeof(*fs));
	int error;

	if (!fs)
		return -ENOMEM;
	fs->backing = backing;
	fs->read_only = read_only || backing->read_only;
	pthread_mutex_init(&fs->flush_lock, NULL);
	pthread_mutex_init(&fs->lock, NULL);
	pthread_cond_init(&fs->changed, NULL);
	TAILQ_INIT(&fs->idle);
	if (backing->bytes < EXT2_SUPER_OFFSET + sizeof(struct disk_super)) {
		error = refuse(fs, -EINVAL, "the disk is too small for ext2: bytes",
			(uint32_t)backing->bytes);
		fs_destroy(fs);
		return error;
	}
	fs->super = (struct disk_super *)(backing->disk + EXT2_SUPER_OFFSET);
	error = check_geometry(fs);
	if (!error)
		error = check_features(fs);
	if (!error) {
		fs->groups =
			(struct disk_group *)(backing->disk + ((uint64_t)(fs->first_data_block + 1)
								      << fs->block_shift));
		error = check_groups(fs);
	}
	if (!error)
		error = meta_init(fs);
	if (error) {
		fs_destroy(fs);
		return error;
	}
	fs->max_size = largest_file(fs);
	fs_lock(fs);
	if (fs->recovering) {
		meta_recover(fs);
		fs->pending = true;
	}
	if (fs->super->state & EXT2_STATE_CLEAN)
		fs->kept->written =
			false; /* perhaps not on the disk, but then once more does no harm */
	if (fs->recovering)
		fs_log(fs, "takes over from a server that died: dirty blocks", fs->dirty_count);
	else if (!fs->kept->was_clean)
		fs_log(fs, "not cleanly unmounted; e2fsck is recommended: mounts",
			fs->super->mnt_count);
	if (!fs->read_only && !fs->recovering)
		orphans_release(fs);
	fs_unlock(fs);
	*out = fs;
	return 0;
}

void fs_unmount(struct fs *fs)
{
	fs_lock(fs);
	for (unsigned i = 0; i < INODE_HASH; i++) {
		struct inode *ip;

		LIST_FOREACH(ip, &fs->hash[i], hash_link)
			assert(ip->refs == 0);
	}
	inode_cache_trim(fs, 0);
	fs_unlock(fs);
	fs_destroy(fs);
}

/* ------------------------------------------------------------------ flushing */

/* With flush_lock and lock; the lock is let go while writing. */
static int write_super(struct fs *fs, bool clean)
{
	int error;

	meta_change(fs, fs->super, sizeof(*fs->super));
	if (clean)
		fs->super->state |= EXT2_STATE_CLEAN;
	else
		fs->super->state &= (uint16_t)~EXT2_STATE_CLEAN;
	fs->super->wtime = now_seconds(fs);
	error = meta_write_page(fs, EXT2_SUPER_OFFSET / PAGE_BYTES);
	if (!error) {
		fs_unlock(fs);
		error = fs->backing->barrier(fs->backing);
		fs_lock(fs);
	}
	fs->kept->written = !clean || error;
	return error;
}

static int flush_with_lock(struct fs *fs, bool clean)
{
	uint64_t changes;
	int error;

	if (fs->dirty_count && !fs->kept->written) {
		if (!fs->kept->counted) {
			meta_change(fs, fs->super, sizeof(*fs->super));
			fs->super->mnt_count++;
			fs->super->mtime = now_seconds(fs);
			fs->kept->counted = true;
		}
		error = write_super(fs, false);
		if (error)
			return error;
	}
	changes = fs->changes;
	fs->pending = false;
	frozen_begin(fs);
	error = meta_write_all(fs);
	if (!error) {
		fs_unlock(fs);
		error = fs->backing->barrier(fs->backing);
		fs_lock(fs);
	}
	frozen_end(fs, !error);
	if (error)
		fs->pending = true;
	if (!error && clean && fs->kept->written && fs->kept->was_clean && changes == fs->changes &&
		!fs->dirty_count)
		error = write_super(fs, true);
	return error;
}

int fs_flush(struct fs *fs, bool clean)
{
	int error;

	if (fs->read_only && !fs->stored_count)
		return 0;
	pthread_mutex_lock(&fs->flush_lock);
	fs_lock(fs);
	error = flush_with_lock(fs, clean);
	fs_unlock(fs);
	pthread_mutex_unlock(&fs->flush_lock);
	return error;
}

int fs_flush_for_data(struct fs *fs)
{
	int error;

	/* The lock of flushes, so that a flush on its way counts as done only when it is. */
	pthread_mutex_lock(&fs->flush_lock);
	fs_lock(fs);
	if (fs->pending) {
		error = flush_with_lock(fs, false);
		fs_unlock(fs);
	} else {
		fs_unlock(fs);
		error = fs->read_only ? 0 : fs->backing->barrier(fs->backing);
	}
	pthread_mutex_unlock(&fs->flush_lock);
	return error;
}

/* ------------------------------------------------------------------ orphans */

void orphan_add(struct inode *ip)
{
	struct fs *fs = ip->fs;

	fs_assert_locked(fs);
	if (fs->super->rev == 0)
		return;
	inode_change(ip);
	ip->raw->dtime = fs->super->last_orphan;
	meta_change(fs, &fs->super->last_orphan, sizeof(uint32_t));
	fs->super->last_orphan = ip->ino;
	ip->orphan = true;
}

int orphan_remove(struct inode *ip)
{
	struct fs *fs = ip->fs;
	uint32_t *link = &fs->super->last_orphan;
	uint32_t limit = fs->inodes;

	fs_assert_locked(fs);
	if (fs->super->rev == 0)
		return 0;
	while (*link && *link != ip->ino && limit--) {
		if (!inode_number_valid(fs, *link))
			return fs_corrupt(fs, "orphan list broken at inode", *link);
		link = &inode_raw(fs, *link)->dtime;
	}
	if (*link != ip->ino)
		return fs_corrupt(fs, "not on the orphan list: inode", ip->ino);
	ip->orphan = false;
	meta_change(fs, link, sizeof(*link));
	*link = ip->raw->dtime;
	inode_change(ip);
	ip->raw->dtime = 0;
	return 0;
}

bool orphan_listed(struct fs *fs, uint32_t ino)
{
	uint32_t at = fs->super->last_orphan, limit = fs->inodes;

	if (fs->super->rev == 0)
		return false;
	while (at != ino && inode_number_valid(fs, at) && limit--)
		at = inode_raw(fs, at)->dtime;
	return at == ino;
}

static void forget_orphans(struct fs *fs, uint32_t broken)
{
	fs_corrupt(fs, "orphan list broken at inode", broken);
	meta_change(fs, &fs->super->last_orphan, sizeof(uint32_t));
	fs->super->last_orphan = 0;
}

/* Inodes whose last name went while they were in use, when the power failed or the server died. */
void orphans_release(struct fs *fs)
{
	uint32_t ino = fs->super->last_orphan, limit = fs->inodes, next;

	if (fs->super->rev == 0)
		return;
	for (; ino && limit--; ino = next) {
		struct inode *ip;

		if (!inode_number_valid(fs, ino) || !inode_in_use(fs, ino)) {
			forget_orphans(fs, ino);
			return;
		}
		next = inode_raw(fs, ino)->dtime;
		ip = inode_peek(fs, ino);
		if (!ip && inode_load(fs, ino, &ip) < 0) {
			forget_orphans(fs, ino);
			return;
		}
		ip->orphan = true;
		if (ip->raw->links) {
			/* It was to be truncated only; its size says to what. */
			orphan_remove(ip);
			bit_change(fs, fs->unsettled, ino, true);
			map_truncate(ip, (uint32_t)((inode_size(ip) + fs->block_size - 1) >>
						    fs->block_shift));
			bit_change(fs, fs->unsettled, ino, false);
		}
		inode_put(ip);
	}
}
