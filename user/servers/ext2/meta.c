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
 * inode names a block that was never initialised. What is changed while a flush is on its way may
 * reach the disk in part; nobody has been told yet that it is there.
 */
#include <stdlib.h>
#include <string.h>
#include <assert.h>
#include "core.h"

enum meta_pass { META_OWNED, META_EVERYTHING };

static bool bit_get(const uint32_t *bits, uint32_t n)
{
	return bits[n / 32] >> n % 32 & 1;
}

static uint32_t bitmap_words(const struct fs *fs)
{
	return (fs->blocks + 31) / 32;
}

static uint32_t page_count(const struct fs *fs)
{
	return (fs->blocks + fs->blocks_per_page - 1) / fs->blocks_per_page;
}

int meta_init(struct fs *fs)
{
	fs->stored = calloc((page_count(fs) + 31) / 32, 4);
	fs->stored_words = calloc((page_count(fs) + 1023) / 1024, 4);
	fs->dirty = calloc(bitmap_words(fs), 4);
	fs->frozen = calloc(bitmap_words(fs), 4);
	fs->thawing = calloc(bitmap_words(fs), 4);
	return fs->stored && fs->stored_words && fs->dirty && fs->frozen && fs->thawing ? 0 : -ENOMEM;
}

void meta_free(struct fs *fs)
{
	free(fs->stored);
	free(fs->stored_words);
	free(fs->dirty);
	free(fs->frozen);
	free(fs->thawing);
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
	if (!bit_get(fs->dirty, block)) {
		fs->dirty[block / 32] |= 1u << block % 32;
		fs->dirty_count++;
	}
}

void meta_dirty(struct fs *fs, uint32_t block)
{
	mark_dirty(fs, block);
	fs->pending = true;
}

static uint32_t block_at(const struct fs *fs, const void *p)
{
	return (uint32_t)((uint64_t)((const uint8_t *)p - fs->backing->disk) >> fs->block_shift);
}

void meta_dirty_at(struct fs *fs, const void *p)
{
	meta_dirty(fs, block_at(fs, p));
}

void meta_dirty_times(struct fs *fs, const void *p)
{
	mark_dirty(fs, block_at(fs, p));
}

void *meta_new(struct fs *fs, uint32_t block)
{
	void *p = meta_block(fs, block);

	memset(p, 0, fs->block_size);
	meta_dirty(fs, block);
	return p;
}

void meta_forget(struct fs *fs, uint32_t block)
{
	fs_assert_locked(fs);
	if (bit_get(fs->dirty, block)) {
		fs->dirty[block / 32] &= ~(1u << block % 32);
		fs->dirty_count--;
	}
}

/* The first bit set in [from, end), or end. */
static uint32_t next_bit(const uint32_t *bits, uint32_t from, uint32_t end)
{
	while (from < end) {
		uint32_t word = bits[from / 32] >> from % 32;

		if (word) {
			from += (uint32_t)__builtin_ctz(word);
			return from < end ? from : end;
		}
		from = (from | 31) + 1;
	}
	return end;
}

/* The first page stored to in [page, limit), or limit. A flush of a large disk asks this about all of
 * it, so what has no bit is passed over a thousand pages at a time. */
static uint32_t next_stored(const struct fs *fs, uint32_t page, uint32_t limit)
{
	uint32_t word_end = (page | 31) + 1, word;

	if (word_end > limit)
		word_end = limit;
	page = next_bit(fs->stored, page, word_end);
	if (page < word_end || page >= limit)
		return page;
	word = next_bit(fs->stored_words, page / 32, (limit + 31) / 32);
	return word * 32 < limit ? next_bit(fs->stored, word * 32, limit) : limit;
}

/* What a pass of a flush writes of a page. */
static bool in_pass(const struct fs *fs, uint32_t block, enum meta_pass pass)
{
	return pass == META_EVERYTHING || block_valid(fs, block);
}

/* Clears the dirty marks in [from, end) and lists the blocks that had one and are of this pass. */
static uint32_t take_runs(
	struct fs *fs, uint32_t from, uint32_t end, enum meta_pass pass, struct block_run *runs)
{
	uint32_t count = 0;

	for (uint32_t b = next_bit(fs->dirty, from, end); b < end;
		b = next_bit(fs->dirty, b + 1, end)) {
		if (!in_pass(fs, b, pass))
			continue;
		meta_forget(fs, b);
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
		uint32_t left = next_bit(fs->dirty, from, end < fs->blocks ? end : fs->blocks);

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

static int write_pages(struct fs *fs, uint32_t page, uint32_t count, enum meta_pass pass)
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
	fs_unlock(fs);
	error = n ? backing->write(backing, runs, n, fs->block_size) : 0;
	backing->end(backing, error);
	fs_lock(fs);
	if (error) {
		/* Still to be written, except what has been freed since: that may have a new owner. */
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t b = runs[i].block; b < runs[i].block + runs[i].count; b++)
				if (!bit_get(fs->frozen, b))
					meta_dirty(fs, b);
		for (uint32_t p = page; p < page + count; p++)
			page_stored(fs, p);
	}
	return error;
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
	for (uint32_t b = next_bit(fs->dirty, from, end); b < end;
		b = next_bit(fs->dirty, b + 1, end))
		if (in_pass(fs, b, pass))
			return true;
	return false;
}

/* One pass over the pages [page, limit). The lock is let go while writing; *written counts pages. */
static int write_pass(
	struct fs *fs, uint32_t page, uint32_t limit, enum meta_pass pass, uint32_t *written)
{
	while ((page = next_stored(fs, page, limit)) < limit) {
		uint32_t count = 0;
		int error;

		while (count < FLUSH_RUN_PAGES && page + count < limit &&
			page_in_pass(fs, page + count, pass))
			count++;
		error = count ? write_pages(fs, page, count, pass) : 0;
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
	return write_pass(fs, page, page + 1, META_EVERYTHING, &written);
}

int meta_write_all(struct fs *fs)
{
	uint32_t limit = page_count(fs), written = 0;
	int error;

	fs_assert_locked(fs);
	error = write_pass(fs, 0, limit, META_OWNED, &written);
	if (!error && written) {
		fs_unlock(fs);
		error = fs->backing->barrier(fs->backing);
		fs_lock(fs);
	}
	return error ? error : write_pass(fs, 0, limit, META_EVERYTHING, &written);
}
