/* Where a file's blocks are: twelve direct numbers in the inode, then trees of indirect blocks one,
 * two and three deep. Every number read from the disk is checked before it is followed.
 */
#include <assert.h>
#include <string.h>
#include "core.h"

/* The way to a file block: a slot of i_block, then one slot in each indirect block. */
struct map_path {
	unsigned depth; /* indirect blocks on the way */
	uint32_t slot[4];
};

static int map_find_path(const struct fs *fs, uint32_t file_block, struct map_path *path)
{
	uint64_t left = file_block, span = 1;

	if (left < EXT2_DIRECT) {
		*path = (struct map_path){0, {file_block}};
		return 0;
	}
	left -= EXT2_DIRECT;
	for (unsigned depth = 1; depth <= 3; depth++) {
		span <<= fs->addr_shift;
		if (left < span) {
			path->depth = depth;
			path->slot[0] = EXT2_DIRECT + depth - 1;
			for (unsigned i = 1; i <= depth; i++) {
				span >>= fs->addr_shift;
				path->slot[i] = (uint32_t)(left / span);
				left %= span;
			}
			return 0;
		}
		left -= span;
	}
	return -EFBIG;
}

/* The block named by a slot: 0, or one that may be owned. */
static int follow(struct inode *ip, uint32_t block)
{
	if (block && !block_valid(ip->fs, block)) {
		ip->bad = true;
		return fs_corrupt(ip->fs, "bad block number in inode", ip->ino);
	}
	return 0;
}

/* As map_lookup; in *span how many file blocks from this one on are surely holes too, if it is one. */
static int lookup_span(struct inode *ip, uint32_t file_block, uint32_t *block, uint64_t *span)
{
	struct fs *fs = ip->fs;
	struct map_path path;
	uint32_t b;
	int error = map_find_path(fs, file_block, &path);

	fs_assert_locked(fs);
	if (error)
		return error;
	b = ip->raw->block[path.slot[0]];
	for (unsigned i = 1;; i++) {
		error = follow(ip, b);
		if (error)
			return error;
		if (!b || i > path.depth)
			break;
		b = ((const uint32_t *)meta_block(fs, b))[path.slot[i]];
	}
	*block = b;
	*span = 1;
	if (!b && path.depth) {
		/* The rest of the lowest subtree that is missing. */
		uint64_t at = 0, size = 1;
		uint32_t parent = ip->raw->block[path.slot[0]];
		unsigned level = 1;

		while (parent && level <= path.depth)
			parent = ((const uint32_t *)meta_block(fs, parent))[path.slot[level++]];
		for (unsigned i = level; i <= path.depth; i++) {
			at = (at << fs->addr_shift) + path.slot[i];
			size <<= fs->addr_shift;
		}
		*span = size - at;
	}
	return 0;
}

int map_lookup(struct inode *ip, uint32_t file_block, uint32_t *block)
{
	uint64_t span;

	return lookup_span(ip, file_block, block, &span);
}

static void count_sectors(struct inode *ip, int blocks)
{
	inode_change(ip);
	ip->raw->sectors += (uint32_t)(blocks * (int)(ip->fs->block_size >> SECTOR_SHIFT));
}

static uint32_t allocation_goal(struct inode *ip)
{
	struct fs *fs = ip->fs;

	if (ip->goal)
		return ip->goal;
	return fs->first_data_block + (ip->ino - 1) / fs->inodes_per_group * fs->blocks_per_group;
}

/* The slot of a file block in memory; indirect blocks on the way are made. *slot stays valid. */
static int make_path(struct inode *ip, uint32_t file_block, uint32_t **slot)
{
	struct fs *fs = ip->fs;
	struct map_path path;
	int error = map_find_path(fs, file_block, &path);

	if (error)
		return error;
	*slot = &ip->raw->block[path.slot[0]];
	for (unsigned i = 1; i <= path.depth; i++) {
		uint32_t count;

		error = follow(ip, **slot);
		if (!error && !**slot) {
			uint32_t block;

			error = block_alloc(
				fs, BLOCK_META, allocation_goal(ip), false, 1, &block, &count);
			if (!error) {
				meta_new(fs, block);
				meta_change(fs, *slot, sizeof(**slot));
				**slot = block;
				count_sectors(ip, 1);
				ip->goal = block + 1;
			}
		}
		if (error)
			return error;
		*slot = (uint32_t *)meta_block(fs, **slot) + path.slot[i];
	}
	return 0;
}

int map_prepare(struct inode *ip, uint32_t file_block)
{
	uint32_t *slot;

	fs_assert_locked(ip->fs);
	return make_path(ip, file_block, &slot);
}

int map_commit(struct inode *ip, uint32_t file_block, uint32_t block)
{
	uint32_t *slot;
	int error = make_path(ip, file_block, &slot);

	fs_assert_locked(ip->fs);
	if (error)
		return error;
	if (*slot) {
		ip->bad = true;
		return fs_corrupt(ip->fs, "a block is in the way in inode", ip->ino);
	}
	meta_change(ip->fs, slot, sizeof(*slot));
	*slot = block;
	count_sectors(ip, 1);
	return 0;
}

/* Frees what hangs on a slot from file block `keep` of its subtree on; the slot is zero afterwards if
 * nothing was to be kept. */
static int free_branch(struct inode *ip, uint32_t *slot, unsigned depth, uint64_t keep)
{
	struct fs *fs = ip->fs;
	uint32_t block = *slot;
	int error = follow(ip, block);

	if (error || !block)
		return error;
	if (depth) {
		unsigned shift = fs->addr_shift * (depth - 1);
		uint32_t *slots = meta_block(fs, block);
		uint32_t first = (uint32_t)(keep >> shift);

		for (uint32_t i = first; i < 1u << fs->addr_shift; i++) {
			uint64_t inner = i == first ? keep & ((1ull << shift) - 1) : 0;

			if (!slots[i])
				continue;
			error = free_branch(ip, &slots[i], depth - 1, inner);
			if (error)
				return error;
		}
	}
	if (keep)
		return 0;
	meta_change(fs, slot, sizeof(*slot));
	*slot = 0;
	count_sectors(ip, -1);
	error = block_free(fs, block);
	/* Whoever cuts down an inode has it unsettled, and what is left can be cut down later. */
	undo_breathe(fs);
	return error;
}

int map_truncate(struct inode *ip, uint32_t file_block)
{
	struct fs *fs = ip->fs;
	uint64_t start = EXT2_DIRECT, span = 1;
	int error;

	fs_assert_locked(fs);
	for (uint32_t i = file_block; i < EXT2_DIRECT; i++) {
		error = free_branch(ip, &ip->raw->block[i], 0, 0);
		if (error)
			return error;
	}
	for (unsigned depth = 1; depth <= 3; depth++) {
		span <<= fs->addr_shift;
		if (file_block < start + span) {
			error = free_branch(ip, &ip->raw->block[EXT2_DIRECT + depth - 1], depth,
				file_block > start ? file_block - start : 0);
			if (error)
				return error;
		}
		start += span;
	}
	ip->goal = 0;
	return 0;
}

/* Frees indirect blocks that name nothing, below the slot and the one in it. */
static int prune_branch(struct inode *ip, uint32_t *slot, unsigned depth)
{
	struct fs *fs = ip->fs;
	uint32_t block = *slot;
	bool empty = true;
	uint32_t *slots;
	int error = follow(ip, block);

	if (error || !block)
		return error;
	slots = meta_block(fs, block);
	for (uint32_t i = 0; i < 1u << fs->addr_shift; i++) {
		if (slots[i] && depth > 1)
			error = prune_branch(ip, &slots[i], depth - 1);
		if (error)
			return error;
		empty = empty && !slots[i];
	}
	if (!empty)
		return 0;
	meta_change(fs, slot, sizeof(*slot));
	*slot = 0;
	count_sectors(ip, -1);
	error = block_free(fs, block);
	undo_breathe(fs);
	return error;
}

int map_prune(struct inode *ip)
{
	int error = 0;

	fs_assert_locked(ip->fs);
	for (unsigned depth = 1; depth <= 3 && !error; depth++)
		error = prune_branch(ip, &ip->raw->block[EXT2_DIRECT + depth - 1], depth);
	return error;
}

int map_seek(struct inode *ip, uint32_t file_block, uint32_t limit, bool hole, uint32_t *found)
{
	uint64_t at = file_block;

	while (at < limit) {
		uint32_t block;
		uint64_t span;
		int error = lookup_span(ip, (uint32_t)at, &block, &span);

		if (error)
			return error;
		if (!block == hole)
			break;
		at += span;
	}
	*found = at < limit ? (uint32_t)at : limit;
	return 0;
}
