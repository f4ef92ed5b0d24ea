/* Metadata blocks in the mapping of the disk: which are dirty, and how they get to the disk.
 *
 * The unit of writing is the block, not the page: a page of the mapping may also hold blocks of file
 * data, whose copy there is stale, and writing it would undo newer data on the disk. But the kernel
 * counts pages: one that has been stored to stays dirty, and in memory, until a writeback of it has
 * ended. So every page stored to is taken through a writeback, with its dirty blocks, if it still has
 * any; and always with all of them, since the kernel then takes the page for clean.
 */
#include <stdlib.h>
#include <string.h>
#include <assert.h>
#include "core.h"

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
	fs->dirty = calloc(bitmap_words(fs), 4);
	fs->frozen = calloc(bitmap_words(fs), 4);
	fs->thawing = calloc(bitmap_words(fs), 4);
	return fs->stored && fs->dirty && fs->frozen && fs->thawing ? 0 : -ENOMEM;
}

void meta_free(struct fs *fs)
{
	free(fs->stored);
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
		fs->stored_count++;
	}
}

void meta_stored(struct fs *fs, uint32_t block)
{
	fs_assert_locked(fs);
	page_stored(fs, block / fs->blocks_per_page);
}

void meta_dirty(struct fs *fs, uint32_t block)
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

void meta_dirty_at(struct fs *fs, const void *p)
{
	meta_dirty(fs,
		(uint32_t)((uint64_t)((const uint8_t *)p - fs->backing->disk) >> fs->block_shift));
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

/* Clears the dirty marks in [from, end) and lists the blocks that had one. */
static uint32_t take_runs(struct fs *fs, uint32_t from, uint32_t end, struct block_run *runs)
{
	uint32_t count = 0;

	for (uint32_t b = next_bit(fs->dirty, from, end); b < end;
		b = next_bit(fs->dirty, b + 1, end)) {
		meta_forget(fs, b);
		if (count && runs[count - 1].block + runs[count - 1].count == b)
			runs[count - 1].count++;
		else
			runs[count++] = (struct block_run){b, 1};
	}
	return count;
}

static int write_pages(struct fs *fs, uint32_t page, uint32_t count)
{
	struct block_run runs[FLUSH_RUN_PAGES * (PAGE_BYTES >> EXT2_MIN_BLOCK_SHIFT)];
	struct backing *backing = fs->backing;
	uint32_t from = page * fs->blocks_per_page, end = from + count * fs->blocks_per_page;
	uint32_t n;
	int error = backing->begin(backing, page, count);

	if (error)
		return error;
	n = take_runs(fs, from, end < fs->blocks ? end : fs->blocks, runs);
	for (uint32_t p = page; p < page + count; p++)
		fs->stored[p / 32] &= ~(1u << p % 32);
	fs->stored_count -= count;
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

int meta_write(struct fs *fs, uint32_t only_page)
{
	uint32_t page = only_page == META_ALL ? 0 : only_page;
	uint32_t limit = only_page == META_ALL ? page_count(fs) : only_page + 1;

	fs_assert_locked(fs);
	while ((page = next_bit(fs->stored, page, limit)) < limit) {
		uint32_t count = 1;
		int error;

		while (count < FLUSH_RUN_PAGES && page + count < limit &&
			bit_get(fs->stored, page + count))
			count++;
		error = write_pages(fs, page, count);
		if (error)
			return error;
		page += count;
	}
	return 0;
}
