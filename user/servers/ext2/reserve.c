/* Promises of room on the disk for file pages that have no blocks yet.
 *
 * A page may only become dirty if its blocks can be placed later, so whoever lets a page be stored to
 * promises its missing blocks first. Indirect blocks are not promised but made at once: an indirect
 * block full of holes is a legal thing to have, and it leaves exactly the data blocks to count.
 */
#include <stdlib.h>
#include <string.h>
#include <assert.h>
#include "core.h"

/* Position of the chunk in ip->reserve, or where it would be. */
static uint32_t chunk_position(const struct inode *ip, uint32_t index)
{
	uint32_t low = 0, high = ip->reserve_chunks;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (ip->reserve[middle]->index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct reserve_chunk *chunk_find(const struct inode *ip, uint32_t page)
{
	uint32_t at = chunk_position(ip, page / RESERVE_CHUNK);

	if (at == ip->reserve_chunks || ip->reserve[at]->index != page / RESERVE_CHUNK)
		return NULL;
	return ip->reserve[at];
}

static struct reserve_chunk *chunk_make(struct inode *ip, uint32_t page)
{
	uint32_t at = chunk_position(ip, page / RESERVE_CHUNK);
	struct reserve_chunk **grown, *chunk = chunk_find(ip, page);

	if (chunk)
		return chunk;
	grown = realloc(ip->reserve, (ip->reserve_chunks + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	ip->reserve = grown;
	chunk = calloc(1, sizeof(*chunk));
	if (!chunk)
		return NULL;
	chunk->index = page / RESERVE_CHUNK;
	memmove(grown + at + 1, grown + at, (ip->reserve_chunks - at) * sizeof(*grown));
	grown[at] = chunk;
	ip->reserve_chunks++;
	return chunk;
}

static void chunk_drop(struct inode *ip, uint32_t at)
{
	free(ip->reserve[at]);
	ip->reserve_chunks--;
	memmove(ip->reserve + at, ip->reserve + at + 1,
		(ip->reserve_chunks - at) * sizeof(*ip->reserve));
	if (!ip->reserve_chunks) {
		free(ip->reserve);
		ip->reserve = NULL;
	}
}

static void account(struct inode *ip, struct reserve_chunk *chunk, uint32_t page, int change)
{
	uint8_t *blocks = &chunk->blocks[page % RESERVE_CHUNK];

	*blocks = (uint8_t)(*blocks + change);
	chunk->sum += (uint32_t)change;
	ip->reserved += (uint32_t)change;
	ip->fs->reserved += (uint32_t)change;
}

/* How many blocks of the page are holes; the indirect blocks of those exist afterwards. */
static int missing_blocks(struct inode *ip, uint32_t page, uint32_t *missing)
{
	struct fs *fs = ip->fs;
	uint64_t first = (uint64_t)page * fs->blocks_per_page;

	*missing = 0;
	if ((first + fs->blocks_per_page) << fs->block_shift > fs->max_size + PAGE_BYTES)
		return -EFBIG;
	for (uint32_t i = 0; i < fs->blocks_per_page; i++) {
		uint32_t block;
		int error = map_lookup(ip, (uint32_t)first + i, &block);

		if (!error && !block) {
			error = map_prepare(ip, (uint32_t)first + i);
			++*missing;
		}
		if (error)
			return error;
	}
	return 0;
}

int reserve_pages(struct inode *ip, uint32_t first, uint32_t count)
{
	struct fs *fs = ip->fs;

	fs_assert_locked(fs);
	if (fs->read_only)
		return -EROFS;
	for (uint32_t page = first; page - first < count; page++) {
		struct reserve_chunk *chunk;
		uint32_t missing, have;
		int error;

		undo_breathe(fs); /* empty indirect blocks are whole by themselves */
		error = missing_blocks(ip, page, &missing);

		if (error)
			return error;
		have = reserve_promised(ip, page);
		if (missing <= have)
			continue;
		if (missing - have > blocks_available(fs))
			return -ENOSPC;
		chunk = chunk_make(ip, page);
		if (!chunk)
			return -ENOMEM;
		account(ip, chunk, page, (int)(missing - have));
	}
	return 0;
}

uint32_t reserve_promised(const struct inode *ip, uint32_t page)
{
	const struct reserve_chunk *chunk = chunk_find(ip, page);

	return chunk ? chunk->blocks[page % RESERVE_CHUNK] : 0;
}

void reserve_use(struct inode *ip, uint32_t page, uint32_t blocks)
{
	struct reserve_chunk *chunk = chunk_find(ip, page);
	uint32_t have = reserve_promised(ip, page);

	if (!chunk)
		return;
	account(ip, chunk, page, -(int)(blocks < have ? blocks : have));
	if (!chunk->sum)
		chunk_drop(ip, chunk_position(ip, page / RESERVE_CHUNK));
}

void reserve_trim(struct inode *ip, uint32_t first)
{
	fs_assert_locked(ip->fs);
	for (uint32_t at = ip->reserve_chunks; at-- > 0;) {
		struct reserve_chunk *chunk = ip->reserve[at];
		uint32_t base = chunk->index * RESERVE_CHUNK;

		if (chunk->index < first / RESERVE_CHUNK)
			break;
		for (uint32_t i = 0; i < RESERVE_CHUNK; i++)
			if (chunk->blocks[i] && base + i >= first)
				account(ip, chunk, base + i, -(int)chunk->blocks[i]);
		if (!chunk->sum)
			chunk_drop(ip, at);
	}
}

uint32_t reserve_next(const struct inode *ip, uint32_t from)
{
	for (uint32_t at = chunk_position(ip, from / RESERVE_CHUNK); at < ip->reserve_chunks;
		at++) {
		const struct reserve_chunk *chunk = ip->reserve[at];
		uint32_t base = chunk->index * RESERVE_CHUNK;

		for (uint32_t i = 0; i < RESERVE_CHUNK; i++)
			if (chunk->blocks[i] && base + i >= from)
				return base + i;
	}
	return UINT32_MAX;
}

uint32_t reserve_below(const struct inode *ip, uint64_t bytes)
{
	uint64_t pages = (bytes + PAGE_BYTES - 1) >> PAGE_SHIFT;
	uint32_t sum = 0;

	for (uint32_t at = 0; at < ip->reserve_chunks; at++) {
		const struct reserve_chunk *chunk = ip->reserve[at];
		uint64_t base = (uint64_t)chunk->index * RESERVE_CHUNK;

		for (uint32_t i = 0; i < RESERVE_CHUNK && base + i < pages; i++)
			sum += chunk->blocks[i];
	}
	return sum;
}
