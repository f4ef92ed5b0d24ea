/* Inode numbers: the bitmaps and tables that say which exist.
 *
 * A file goes into its directory's group, so that what is listed together lies together; directories
 * are spread over the groups, so that each has room for its files.
 */
#include <string.h>
#include <assert.h>
#include "core.h"

bool inode_number_valid(const struct fs *fs, uint32_t ino)
{
	return ino == EXT2_ROOT_INO || (ino >= fs->first_ino && ino <= fs->inodes);
}

static uint32_t group_of_inode(const struct fs *fs, uint32_t ino)
{
	return (ino - 1) / fs->inodes_per_group;
}

struct disk_inode *inode_raw(struct fs *fs, uint32_t ino)
{
	uint32_t group = group_of_inode(fs, ino);
	uint32_t index = (ino - 1) % fs->inodes_per_group;

	assert(ino >= 1 && ino <= fs->inodes);
	return (struct disk_inode *)((uint8_t *)meta_block(fs, fs->groups[group].inode_table) +
				     (size_t)index * fs->inode_size);
}

static uint32_t *inode_bitmap(struct fs *fs, uint32_t group)
{
	return meta_block(fs, fs->groups[group].inode_bitmap);
}

bool inode_in_use(struct fs *fs, uint32_t ino)
{
	uint32_t bit = (ino - 1) % fs->inodes_per_group;

	return inode_bitmap(fs, group_of_inode(fs, ino))[bit / 32] >> bit % 32 & 1;
}

/* For a directory: of the groups with at least the average of free inodes, the one with most free
 * blocks. */
static uint32_t directory_group(const struct fs *fs)
{
	uint32_t average = fs->super->free_inodes_count / fs->group_count;
	uint32_t best = 0, best_free = 0;

	for (uint32_t g = 0; g < fs->group_count; g++) {
		const struct disk_group *d = &fs->groups[g];

		if (d->free_inodes_count && d->free_inodes_count >= average &&
			d->free_blocks_count > best_free) {
			best = g;
			best_free = d->free_blocks_count;
		}
	}
	return best;
}

static bool find_free(struct fs *fs, uint32_t group, uint32_t *ino)
{
	const uint32_t *bitmap = inode_bitmap(fs, group);

	for (uint32_t bit = 0; bit < fs->inodes_per_group; bit++) {
		uint32_t n = group * fs->inodes_per_group + bit + 1;

		if (bit % 32 == 0 && bitmap[bit / 32] == UINT32_MAX) {
			bit += 31;
			continue;
		}
		/* An inode still in memory is in use whatever a damaged bitmap says. */
		if (!(bitmap[bit / 32] >> bit % 32 & 1) && n >= fs->first_ino) {
			struct inode *ip = inode_peek(fs, n);

			if (!ip) {
				*ino = n;
				return true;
			}
			inode_put(ip);
		}
	}
	return false;
}

static int find_inode(struct fs *fs, uint32_t start, uint32_t *ino)
{
	for (uint32_t i = 0; i < fs->group_count; i++) {
		uint32_t group = (start + i) % fs->group_count;

		if (fs->groups[group].free_inodes_count && find_free(fs, group, ino))
			return 0;
	}
	return -ENOSPC;
}

static void count_inode(struct fs *fs, uint32_t ino, bool directory, bool taken)
{
	uint32_t group = group_of_inode(fs, ino), bit = (ino - 1) % fs->inodes_per_group;
	struct disk_group *d = &fs->groups[group];
	uint32_t *bitmap = inode_bitmap(fs, group);

	meta_change(fs, &bitmap[bit / 32], sizeof(uint32_t));
	meta_change(fs, d, sizeof(*d));
	meta_change(fs, &fs->super->free_inodes_count, sizeof(uint32_t));
	bitmap[bit / 32] ^= 1u << bit % 32;
	if (taken) {
		d->free_inodes_count--;
		if (fs->super->free_inodes_count)
			fs->super->free_inodes_count--;
		d->used_dirs_count = (uint16_t)(d->used_dirs_count + directory);
	} else {
		if (d->free_inodes_count < fs->inodes_per_group)
			d->free_inodes_count++;
		if (fs->super->free_inodes_count < fs->inodes)
			fs->super->free_inodes_count++;
		if (directory && d->used_dirs_count)
			d->used_dirs_count--;
	}
}

static void init_raw(struct fs *fs, uint32_t ino, uint16_t mode)
{
	struct disk_inode *raw = inode_raw(fs, ino);
	uint32_t generation = raw->generation + 1;

	meta_change(fs, raw, fs->inode_size);
	memset(raw, 0, fs->inode_size);
	raw->mode = mode;
	raw->generation = generation;
	if (fs->inode_size >= sizeof(*raw))
		raw->extra_isize = sizeof(*raw) - EXT2_GOOD_OLD_ISIZE;
}

int inode_alloc(struct fs *fs, struct inode *parent, uint16_t mode, struct inode **out)
{
	bool directory = (mode & MODE_TYPE) == MODE_DIR;
	uint32_t group = directory && parent->ino == EXT2_ROOT_INO
				 ? directory_group(fs)
				 : group_of_inode(fs, parent->ino);
	uint32_t ino;
	int error;

	fs_assert_locked(fs);
	if (fs->read_only)
		return -EROFS;
	error = find_inode(fs, group, &ino);
	if (error)
		return error;
	count_inode(fs, ino, directory, true);
	init_raw(fs, ino, mode);
	error = inode_load(fs, ino, out);
	if (error) {
		count_inode(fs, ino, directory, false);
		return error;
	}
	inode_touch(*out, TIME_ACCESS | TIME_MODIFY | TIME_CHANGE);
	return 0;
}

int inode_free_number(struct fs *fs, uint32_t ino, bool directory)
{
	fs_assert_locked(fs);
	if (!inode_in_use(fs, ino))
		return fs_corrupt(fs, "freeing a free inode", ino);
	count_inode(fs, ino, directory, false);
	return 0;
}
