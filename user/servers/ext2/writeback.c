/* File data on its way to the disk: from the frames of the memory object to blocks that are placed
 * only now, so that what was written together lies together.
 *
 * A run of dirty pages: the kernel write-protects it and names its frames; missing blocks are taken
 * from the bitmap but not yet entered into the file; the driver writes; then the blocks are entered.
 * Between the last two steps the lock is free, and the inode's `writing` keeps a second writeback and
 * any truncation away. Only whole pages below the size are begun: a page beyond it is being appended
 * to at this moment, and its turn comes when the size covers it.
 */
#include <assert.h>
#include "server.h"

/* What one run writes: at most every block of QUIRE_RUN_MAX pages of the smallest blocks. */
#define PLAN_MAX (QUIRE_RUN_MAX * (PAGE_BYTES >> EXT2_MIN_BLOCK_SHIFT))

struct plan {
	struct blk_segment segment[PLAN_MAX];
	uint32_t segments;
	struct placed {
		uint32_t file_block, block;
	} placed[PLAN_MAX];
	uint32_t placements;
};

void add_block(struct blk_segment *segment, uint32_t *count, const struct fs *fs, uint32_t block,
	uint64_t phys)
{
	uint64_t sector = (uint64_t)block << (fs->block_shift - SECTOR_SHIFT);

	if (*count) {
		struct blk_segment *last = &segment[*count - 1];

		if (last->sector + (last->bytes >> SECTOR_SHIFT) == sector &&
			last->phys + last->bytes == phys) {
			last->bytes += fs->block_size;
			return;
		}
	}
	segment[(*count)++] =
		(struct blk_segment){.sector = sector, .phys = phys, .bytes = fs->block_size};
}

/* Where the block should go: after its predecessor in the file. */
static uint32_t placement_goal(struct inode *ip, uint32_t file_block)
{
	uint32_t before;

	if (file_block && map_lookup(ip, file_block - 1, &before) == 0 && before)
		return before + 1;
	if (ip->goal)
		return ip->goal;
	return ip->fs->first_data_block +
	       (ip->ino - 1) / ip->fs->inodes_per_group * ip->fs->blocks_per_group;
}

/* Takes a block for a hole. If only frozen ones are left, a metadata flush thaws them; somebody else may
 * take those and free others, so as often as it takes. */
static int place(struct inode *ip, uint32_t file_block, uint32_t goal, uint32_t *block)
{
	struct fs *fs = ip->fs;
	bool promised = reserve_promised(ip, file_block / fs->blocks_per_page) > 0;
	uint32_t count;
	int error;

	while ((error = block_alloc(fs, BLOCK_DATA, goal, promised, 1, block, &count)) == -EAGAIN) {
		fs_unlock(fs);
		error = fs_flush(fs, false);
		fs_lock(fs);
		if (error)
			return error;
	}
	if (!error) {
		block_placed(fs, *block, true);
		reserve_use(ip, file_block / fs->blocks_per_page, 1);
	}
	return error;
}

/* Plans the blocks [from, end) of the file, whose first page is in frame pfn[0]. */
static int plan_blocks(
	struct inode *ip, struct plan *plan, uint32_t from, uint32_t end, const uint32_t *pfn)
{
	struct fs *fs = ip->fs;
	uint32_t goal = placement_goal(ip, from);

	plan->segments = plan->placements = 0;
	for (uint32_t b = from; b < end; b++) {
		uint32_t page = (b - from) / fs->blocks_per_page;
		uint32_t within = b % fs->blocks_per_page, block;
		int error = map_lookup(ip, b, &block);

		if (!error && !block) {
			error = place(ip, b, goal, &block);
			if (!error)
				plan->placed[plan->placements++] = (struct placed){b, block};
		}
		if (error)
			return error;
		goal = block + 1;
		add_block(plan->segment, &plan->segments, fs, block,
			((uint64_t)pfn[page] << PAGE_SHIFT) +
				((uint64_t)within << fs->block_shift));
	}
	ip->goal = goal;
	return 0;
}

/* Enters the placed blocks into the file, or gives them back from the first that could not be. */
static int finish_placements(struct inode *ip, const struct plan *plan, int error)
{
	uint32_t i = 0;

	for (; i < plan->placements && !error; i++) {
		error = map_commit(ip, plan->placed[i].file_block, plan->placed[i].block);
		if (error)
			break;
		block_placed(ip->fs, plan->placed[i].block, false);
	}
	for (; i < plan->placements; i++) {
		block_free(ip->fs, plan->placed[i].block);
		/* The page is dirty again and will need its room. */
		reserve_pages(ip, plan->placed[i].file_block / ip->fs->blocks_per_page, 1);
	}
	return error;
}

/* Writes a run of at most *count dirty pages; *count is how many of them were. */
static int write_run(struct inode *ip, uint32_t first, uint32_t *count)
{
	struct fs *fs = ip->fs;
	struct plan plan;
	uint32_t pfn[QUIRE_RUN_MAX], token;
	uint64_t size, end;
	int begun, error;

	begun = object_writeback_begin(ip->object, first, *count, &token, pfn);
	if (begun <= 0) {
		*count = 0;
		return begun;
	}
	*count = (uint32_t)begun;
	size = file_size(ip);
	end = (uint64_t)(first + *count) << PAGE_SHIFT;
	if (end > size)
		end = size;
	error = plan_blocks(ip, &plan, first * fs->blocks_per_page,
		(uint32_t)((end + fs->block_size - 1) >> fs->block_shift), pfn);
	if (!error) {
		fs_unlock(fs);
		error = plan.segments ? disk_transfer(true, plan.segment, plan.segments) : 0;
		fs_lock(fs);
	}
	error = finish_placements(ip, &plan, error);
	/* A mapping may have stored beyond the end, on the last page: that is not the file's. */
	if (!error && ip->mapped && end == size)
		error = file_zero_tail(ip, size);
	if (!error && inode_size(ip) != size)
		inode_set_size(ip, size);
	/* The kernel forgets that the pages are dirty: their blocks must be theirs by then. */
	undo_commit(fs);
	object_writeback_end(ip->object, token, error);
	return error;
}

/* Pages that the size covers at least in part. */
static uint32_t whole_pages(uint64_t size, uint32_t end)
{
	uint64_t pages = (size + PAGE_BYTES - 1) >> PAGE_SHIFT;

	return pages < end ? (uint32_t)pages : end;
}

int write_back(struct inode *ip, uint32_t first, uint32_t end)
{
	struct fs *fs = ip->fs;
	uint32_t page = first;
	int error = 0;

	fs_assert_locked(fs);
	while (ip->object >= 0 && !error) {
		uint32_t run, limit, count;
		uint64_t size;
		int pages;

		inode_write_begin(ip);
		size = file_size(ip);
		limit = whole_pages(size, end);
		pages = object_query_dirty(ip->object, page, &run);
		if (pages <= 0 || run >= limit) {
			if (!fs->read_only && inode_size(ip) != size)
				inode_set_size(ip, size);
			inode_write_end(ip);
			return pages < 0 ? pages : 0;
		}
		count = (uint32_t)pages < limit - run ? (uint32_t)pages : limit - run;
		if (count > QUIRE_RUN_MAX)
			count = QUIRE_RUN_MAX;
		error = write_run(ip, run, &count);
		inode_write_end(ip);
		page = run + (count ? count : 1);
	}
	return error;
}

/* One object by key. */
static void write_back_key(struct fs *fs, uint32_t key, int *result)
{
	struct inode *ip;
	int error;

	fs_lock(fs);
	ip = inode_peek(fs, key);
	if (ip) {
		error = write_back(ip, 0, UINT32_MAX);
		if (error)
			*result = error;
	}
	inode_put(ip);
	fs_unlock(fs);
}

/* How long the kernel's list of objects with dirty pages is, at least. */
static uint32_t dirty_objects(void)
{
	uint32_t least = 0, more = 1, key;

	while (object_next_dirty(more - 1, &key) > 0) {
		least = more;
		more *= 2;
	}
	while (more - least > 1) {
		uint32_t middle = least + (more - least) / 2;

		if (object_next_dirty(middle - 1, &key) > 0)
			least = middle;
		else
			more = middle;
	}
	return least;
}

/* Writes back every object that has dirty pages now. All are tried; the result is the last failure.
 *
 * From the end of the list to its front: objects become dirty at the end, and those that others write back
 * meanwhile move what we have not seen yet only towards the front, where we still come by. */
static int write_back_all(struct fs *fs)
{
	uint32_t key;
	int result = 0;

	for (uint32_t n = dirty_objects(); n-- > 0;)
		if (object_next_dirty(n, &key) > 0)
			write_back_key(fs, key, &result);
	return result;
}

int sync_all(struct fs *fs, bool clean)
{
	int data = fs->read_only ? 0 : write_back_all(fs);
	int metadata = fs_flush(fs, clean && !data);

	return data ? data : metadata;
}
