/* Metadata blocks in the mapping of the disk: which are dirty, and how they get to the disk.
 *
 * The unit of writing is the block, not the page: a page of the mapping may also hold blocks of file
 * data, whose copy there is stale, and writing it would undo newer data on the disk. But the kernel
 * counts pages: one that has been stored to stays dirty, and in memory, until a writeback of it has
 * ended. So every page stored to is taken through a writeback, with its dirty blocks, if it still has
 * any.
 *
 * A flush goes in two passes: first the blocks that inodes own (indirect blocks, directories), then
 * the fixed ones that name them (inode tables, bitmaps, the superblock). So after a power failure no
 * inode names a block that was never initialised. What is changed while the first pass is on its way
 * has its turn in one more; the fixed blocks are written with the lock held, so that none of them can
 * come to name, even while the disk reads it, an owned block that is not on the disk yet.
 */
#include <stdlib.h>
#include <string.h>
#include <assert.h>
#include "core.h"

#define OWNED_ATTEMPTS 3 /* of writing owned blocks with the lock let go, before it is held */

enum meta_pass { META_OWNED, META_EVERYTHING };

static uint32_t page_count(const struct fs *fs)
{
	return (fs->blocks + fs->blocks_per_page - 1) / fs->blocks_per_page;
}

int meta_init(struct fs *fs)
{
	fs->stored = calloc((page_count(fs) + 31) / 32, 4);
	fs->stored_words = calloc((page_count(fs) + 1023) / 1024, 4);
	return fs->stored && fs->stored_words ? undo_init(fs) : -ENOMEM;
}

void meta_free(struct fs *fs)
{
	free(fs->stored);
	free(fs->stored_words);
}

void *meta_block(struct fs *fs, uint32_t block)
{
	assert(block < fs->blocks);
	return fs->backing->disk + ((uint64_t)block << fs->block_shift);
}

static void page_stored(struct fs *fs, uint32_t page)
{
	if (!bit_get(fs->stored, page)) {
		fs->stored[page / 32] |= 1u << page % 32;
		fs->stored_words[page / 1024] |= 1u << page / 32 % 32;
		fs->stored_count++;
	}
}

void meta_stored(struct fs *fs, uint32_t block)
{
	fs_assert_locked(fs);
	page_stored(fs, block / fs->blocks_per_page);
}

static void mark_dirty(struct fs *fs, uint32_t block)
{
	fs_assert_locked(fs);
	assert(block < fs->blocks);
	fs->changes++;
	page_stored(fs, block / fs->blocks_per_page);
	fs->dirty_count += bit_change(fs, fs->dirty, block, true);
}

void meta_dirty(struct fs *fs, uint32_t block)
{
	mark_dirty(fs, block);
	fs->pending = true;
}

void meta_change(struct fs *fs, const void *p, size_t bytes)
{
	meta_change_times(fs, p, bytes);
	fs->pending = true;
}

void meta_change_times(struct fs *fs, const void *p, size_t bytes)
{
	undo_save(fs, p, bytes);
	mark_dirty(fs,
		(uint32_t)((uint64_t)((const uint8_t *)p - fs->backing->disk) >> fs->block_shift));
}

void *meta_new(struct fs *fs, uint32_t block)
{
	void *p = meta_block(fs, block);

	/* What was there is nobody's, unless it was freed in this very hold. */
	if (bit_get(fs->frozen, block))
		undo_save(fs, p, fs->block_size);
	meta_dirty(fs, block);
	memset(p, 0, fs->block_size);
	return p;
}

void meta_forget(struct fs *fs, uint32_t block)
{
	fs_assert_locked(fs);
	fs->dirty_count -= bit_change(fs, fs->dirty, block, false);
}

/* The first page stored to in [page, limit), or limit. A flush of a large disk asks this about all of
 * it, so what has no bit is passed over a thousand pages at a time. */
static uint32_t next_stored(const struct fs *fs, uint32_t page, uint32_t limit)
{
	uint32_t word_end = (page | 31) + 1, word;

	if (word_end > limit)
		word_end = limit;
	page = bit_next(fs->stored, page, word_end);
	if (page < word_end || page >= limit)
		return page;
	word = bit_next(fs->stored_words, page / 32, (limit + 31) / 32);
	return word * 32 < limit ? bit_next(fs->stored, word * 32, limit) : limit;
}

/* What a pass of a flush writes of a page. */
static bool in_pass(const struct fs *fs, uint32_t block, enum meta_pass pass)
{
	return pass == META_EVERYTHING || block_valid(fs, block);
}

/* Turns the dirty marks in [from, end) of this pass into flying ones, and lists these blocks. */
static uint32_t take_runs(
	struct fs *fs, uint32_t from, uint32_t end, enum meta_pass pass, struct block_run *runs)
{
	uint32_t count = 0;

	for (uint32_t b = bit_next(fs->dirty, from, end); b < end;
		b = bit_next(fs->dirty, b + 1, end)) {
		if (!in_pass(fs, b, pass))
			continue;
		meta_forget(fs, b);
		bit_change(fs, fs->flying, b, true);
		if (count && runs[count - 1].block + runs[count - 1].count == b)
			runs[count - 1].count++;
		else
			runs[count++] = (struct block_run){b, 1};
	}
	return count;
}

/* After a writeback has begun: a page of which something is left for another pass is stored to, so
 * that it does not count as clean in between; the others are done with. */
static void settle_pages(struct fs *fs, uint32_t page, uint32_t count)
{
	for (uint32_t p = page; p < page + count; p++) {
		uint32_t from = p * fs->blocks_per_page, end = from + fs->blocks_per_page;
		uint32_t left = bit_next(fs->dirty, from, end < fs->blocks ? end : fs->blocks);

		if (left < end && left < fs->blocks) {
			volatile uint8_t *byte = meta_block(fs, left);

			*byte = *byte;
		} else if (bit_get(fs->stored, p)) {
			fs->stored[p / 32] &= ~(1u << p % 32);
			if (!fs->stored[p / 32])
				fs->stored_words[p / 1024] &= ~(1u << p / 32 % 32);
			fs->stored_count--;
		}
	}
}

/* A block's write has ended. If badly, it is still to be done, unless the block has been freed since:
 * then it may have a new owner. */
static void landed(struct fs *fs, uint32_t block, int error)
{
	bit_change(fs, fs->flying, block, false);
	if (error && !bit_get(fs->frozen, block))
		meta_dirty(fs, block);
}

/* `held`: the lock is not let go while writing; for a successor it is as if it were. */
static int write_pages(struct fs *fs, uint32_t page, uint32_t count, enum meta_pass pass, bool held)
{
	struct block_run runs[FLUSH_RUN_PAGES * (PAGE_BYTES >> EXT2_MIN_BLOCK_SHIFT)];
	struct backing *backing = fs->backing;
	uint32_t from = page * fs->blocks_per_page, end = from + count * fs->blocks_per_page;
	uint32_t n;
	int error = backing->begin(backing, page, count);

	if (error)
		return error;
	n = take_runs(fs, from, end < fs->blocks ? end : fs->blocks, pass, runs);
	settle_pages(fs, page, count);
	if (held)
		undo_commit(fs);
	else
		fs_unlock(fs);
	error = n ? backing->write(backing, runs, n, fs->block_size) : 0;
	backing->end(backing, error);
	if (!held)
		fs_lock(fs);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t b = runs[i].block; b < runs[i].block + runs[i].count; b++)
			landed(fs, b, error);
	for (uint32_t p = page; error && p < page + count; p++)
		page_stored(fs, p);
	return error;
}

void meta_recover(struct fs *fs)
{
	uint32_t first, pages = page_count(fs), n;

	fs_assert_locked(fs);
	/* All that the disk may still name; the next flush thaws it. */
	for (uint32_t i = 0; i < (fs->blocks + 31) / 32; i++) {
		fs->frozen[i] |= fs->thawing[i];
		fs->thawing[i] = 0;
		fs->frozen_count += (uint32_t)__builtin_popcount(fs->frozen[i]);
		fs->dirty_count += (uint32_t)__builtin_popcount(fs->dirty[i]);
	}
	for (uint32_t b = 0; (b = bit_next(fs->flying, b, fs->blocks)) < fs->blocks; b++)
		landed(fs, b, -EIO);
	for (uint32_t b = 0; (b = bit_next(fs->dirty, b, fs->blocks)) < fs->blocks; b++)
		meta_stored(fs, b);
	for (uint32_t p = 0; (n = fs->backing->stored_run(fs->backing, p, &first)) > 0;
		p = first + n)
		for (uint32_t i = 0; i < n && first + i < pages; i++)
			page_stored(fs, first + i);
}

/* Whether a page has anything for the pass: a dirty block of it, or nothing dirty but stores that the
 * kernel must see written back, which the last pass takes. */
static bool page_in_pass(const struct fs *fs, uint32_t page, enum meta_pass pass)
{
	uint32_t from = page * fs->blocks_per_page, end = from + fs->blocks_per_page;

	if (!bit_get(fs->stored, page))
		return false;
	if (pass != META_OWNED)
		return true;
	if (end > fs->blocks)
		end = fs->blocks;
	for (uint32_t b = bit_next(fs->dirty, from, end); b < end;
		b = bit_next(fs->dirty, b + 1, end))
		if (in_pass(fs, b, pass))
			return true;
	return false;
}

/* One pass over the pages [page, limit); *written counts pages. */
static int write_pass(struct fs *fs, uint32_t page, uint32_t limit, enum meta_pass pass, bool held,
	uint32_t *written)
{
	while ((page = next_stored(fs, page, limit)) < limit) {
		uint32_t count = 0;
		int error;

		while (count < FLUSH_RUN_PAGES && page + count < limit &&
			page_in_pass(fs, page + count, pass))
			count++;
		error = count ? write_pages(fs, page, count, pass, held) : 0;
		if (error)
			return error;
		*written += count;
		page += count ? count : 1;
	}
	return 0;
}

int meta_write_page(struct fs *fs, uint32_t page)
{
	uint32_t written = 0;

	fs_assert_locked(fs);
	return write_pass(fs, page, page + 1, META_EVERYTHING, true, &written);
}

static bool owned_left(const struct fs *fs)
{
	uint32_t limit = page_count(fs);

	for (uint32_t p = bit_next(fs->stored, 0, limit); p < limit;
		p = bit_next(fs->stored, p + 1, limit))
		if (page_in_pass(fs, p, META_OWNED))
			return true;
	return false;
}

/* Writes what inodes own and waits until it is on the disk. */
static int write_owned(struct fs *fs, bool held)
{
	uint32_t written = 0;
	int error = write_pass(fs, 0, page_count(fs), META_OWNED, held, &written);

	if (error || !written)
		return error;
	if (!held)
		fs_unlock(fs);
	error = fs->backing->barrier(fs->backing);
	if (!held)
		fs_lock(fs);
	return error;
}

int meta_write_all(struct fs *fs)
{
	uint32_t written = 0;
	int error = 0;

	fs_assert_locked(fs);
	/* Others may dirty more meanwhile; at last they have to wait. */
	for (unsigned attempt = 0; !error && (attempt == 0 || owned_left(fs)); attempt++)
		error = write_owned(fs, attempt == OWNED_ATTEMPTS);
	return error ? error : write_pass(fs, 0, page_count(fs), META_EVERYTHING, true, &written);
}
