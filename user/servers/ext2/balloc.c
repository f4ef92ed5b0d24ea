/* Blocks: finding free ones near each other, giving them back, and which are not to be touched.
 *
 * Frozen blocks. A block that has been freed in memory is still named by its old owner on the disk
 * until the next metadata flush. If it were given to another file before and the power failed, the
 * old owner would show the new owner's bytes; and a metadata write still in flight could land on top
 * of new data. So a freed block is frozen until a flush that began after its freeing has ended.
 * Frozen blocks count as free; when only they are left, an allocation for data says -EAGAIN and its
 * caller flushes. Metadata, which cannot flush in the middle of a change, takes a frozen block then.
 */
#include <string.h>
#include <assert.h>
#include "core.h"

bool group_has_super(const struct fs *fs, uint32_t group)
{
	if (fs->super->rev == 0 || !(fs->super->feature_ro_compat & EXT2_RO_COMPAT_SPARSE))
		return true;
	if (group <= 1)
		return true;
	for (uint32_t base = 3; base <= 7; base += 2) {
		uint64_t power = base;

		while (power < group)
			power *= base;
		if (power == group)
			return true;
	}
	return false;
}

uint32_t group_of_block(const struct fs *fs, uint32_t block)
{
	return (block - fs->first_data_block) / fs->blocks_per_group;
}

static uint32_t group_first(const struct fs *fs, uint32_t group)
{
	return fs->first_data_block + group * fs->blocks_per_group;
}

static uint32_t group_size(const struct fs *fs, uint32_t group)
{
	uint32_t left = fs->blocks - group_first(fs, group);

	return left < fs->blocks_per_group ? left : fs->blocks_per_group;
}

bool block_valid(const struct fs *fs, uint32_t block)
{
	uint32_t group, table = fs->inodes_per_group * fs->inode_size >> fs->block_shift;
	const struct disk_group *d;

	if (block < fs->first_data_block || block >= fs->blocks)
		return false;
	group = group_of_block(fs, block);
	d = &fs->groups[group];
	if (block == d->block_bitmap || block == d->inode_bitmap)
		return false;
	if (block - d->inode_table < table)
		return false;
	return !(group_has_super(fs, group) &&
		 block - group_first(fs, group) < 1 + fs->group_blocks);
}

uint32_t blocks_available(const struct fs *fs)
{
	uint32_t free = fs->super->free_blocks_count;

	return free > fs->reserved ? free - fs->reserved : 0;
}

/* ------------------------------------------------------------------ freezing */

static bool is_frozen(const struct fs *fs, uint32_t block)
{
	return bit_get(fs->frozen, block) || bit_get(fs->thawing, block);
}

static void freeze(struct fs *fs, uint32_t block)
{
	fs->frozen_count += bit_change(fs, fs->frozen, block, true);
}

void frozen_begin(struct fs *fs)
{
	uint32_t *bits = fs->thawing;

	fs_assert_locked(fs);
	assert(fs->thawing_count == 0);
	fs->thawing = fs->frozen;
	fs->thawing_count = fs->frozen_count;
	fs->frozen = bits;
	fs->frozen_count = 0;
}

void frozen_end(struct fs *fs, bool flushed)
{
	fs_assert_locked(fs);
	if (!fs->thawing_count)
		return;
	for (uint32_t i = 0; i < (fs->blocks + 31) / 32; i++) {
		if (!flushed) {
			fs->frozen_count +=
				(uint32_t)__builtin_popcount(fs->thawing[i] & ~fs->frozen[i]);
			fs->frozen[i] |= fs->thawing[i];
		}
		fs->thawing[i] = 0;
	}
	fs->thawing_count = 0;
}

/* ------------------------------------------------------------------ searching */

/* What makes a block of this group unusable for the search at hand. */
static bool usable(struct fs *fs, const uint32_t *bitmap, uint32_t first, uint32_t bit, bool thaw)
{
	if (bit_get(bitmap, bit))
		return false;
	return thaw || !is_frozen(fs, first + bit);
}

/* The first usable bit in [from, end) of a group's bitmap, or end. */
static uint32_t find_bit(struct fs *fs, uint32_t group, uint32_t from, uint32_t end, bool thaw)
{
	const uint32_t *bitmap = meta_block(fs, fs->groups[group].block_bitmap);
	uint32_t first = group_first(fs, group);

	while (from < end) {
		if (from % 32 == 0 && bitmap[from / 32] == UINT32_MAX) {
			from += 32;
			continue;
		}
		if (usable(fs, bitmap, first, from, thaw)) {
			if (block_valid(fs, first + from))
				return from;
			fs_corrupt(fs, "bitmap says free: metadata block", first + from);
		}
		from++;
	}
	return end;
}

/* The best place for the search: the goal, then its group, then all others in order. */
static bool find_block(struct fs *fs, uint32_t goal, bool thaw, uint32_t *group, uint32_t *bit)
{
	uint32_t start = group_of_block(fs, goal);
	uint32_t offset = goal - group_first(fs, start);

	for (uint32_t i = 0; i <= fs->group_count; i++) {
		uint32_t g = (start + i) % fs->group_count;
		uint32_t from = i == 0 ? offset : 0;
		uint32_t end = i == fs->group_count ? offset : group_size(fs, g);

		if (fs->groups[g].free_blocks_count == 0)
			continue;
		*bit = find_bit(fs, g, from, end, thaw);
		if (*bit < end) {
			*group = g;
			return true;
		}
	}
	return false;
}

static void change_counts(struct fs *fs, uint32_t group, uint32_t bit)
{
	struct disk_group *d = &fs->groups[group];
	uint32_t *bitmap = meta_block(fs, d->block_bitmap);

	meta_change(fs, &bitmap[bit / 32], sizeof(uint32_t));
	meta_change(fs, d, sizeof(*d));
	meta_change(fs, &fs->super->free_blocks_count, sizeof(uint32_t));
}

static void take(struct fs *fs, uint32_t group, uint32_t bit)
{
	struct disk_group *d = &fs->groups[group];
	uint32_t *bitmap = meta_block(fs, d->block_bitmap);

	change_counts(fs, group, bit);
	bitmap[bit / 32] |= 1u << bit % 32;
	if (d->free_blocks_count)
		d->free_blocks_count--;
	if (fs->super->free_blocks_count)
		fs->super->free_blocks_count--;
}

int block_alloc(struct fs *fs, enum block_use use, uint32_t goal, bool promised, uint32_t want,
	uint32_t *block, uint32_t *count)
{
	uint32_t group, bit, n;

	fs_assert_locked(fs);
	if (fs->read_only)
		return -EROFS;
	if (!promised) {
		uint32_t available = blocks_available(fs);

		if (available == 0)
			return -ENOSPC;
		if (want > available)
			want = available;
	}
	if (goal < fs->first_data_block || goal >= fs->blocks)
		goal = fs->first_data_block;
	if (!find_block(fs, goal, false, &group, &bit)) {
		if (use == BLOCK_DATA)
			return fs->frozen_count || fs->thawing_count ? -EAGAIN : -ENOSPC;
		if (!find_block(fs, goal, true, &group, &bit))
			return -ENOSPC;
	}
	*block = group_first(fs, group) + bit;
	take(fs, group, bit);
	for (n = 1; n < want && bit + n < group_size(fs, group); n++) {
		const uint32_t *bitmap = meta_block(fs, fs->groups[group].block_bitmap);

		if (!usable(fs, bitmap, group_first(fs, group), bit + n, false) ||
			!block_valid(fs, *block + n))
			break;
		take(fs, group, bit + n);
	}
	*count = n;
	return 0;
}

int block_free(struct fs *fs, uint32_t block)
{
	struct disk_group *d;
	uint32_t *bitmap;
	uint32_t group, bit;

	fs_assert_locked(fs);
	if (!block_valid(fs, block))
		return fs_corrupt(fs, "freeing a block that nobody may own", block);
	group = group_of_block(fs, block);
	bit = block - group_first(fs, group);
	d = &fs->groups[group];
	bitmap = meta_block(fs, d->block_bitmap);
	if (!bit_get(bitmap, bit))
		return fs_corrupt(fs, "freeing a free block", block);
	change_counts(fs, group, bit);
	bitmap[bit / 32] &= ~(1u << bit % 32);
	if (d->free_blocks_count < group_size(fs, group))
		d->free_blocks_count++;
	if (fs->super->free_blocks_count < fs->blocks)
		fs->super->free_blocks_count++;
	meta_forget(fs, block);
	freeze(fs, block);
	block_placed(fs, block, false);
	return 0;
}

void block_placed(struct fs *fs, uint32_t block, bool underway)
{
	bit_change(fs, fs->placed, block, underway);
}
