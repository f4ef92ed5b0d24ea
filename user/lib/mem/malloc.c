/* malloc and its kin.
 *
 * Small blocks (to 8 KiB) come in 32 size classes, four to a doubling, each carved from slabs of a few
 * pages; a block has no header, the page map tells its class. Larger ones are whole pages.
 *
 * Each thread keeps a short list of free blocks of each class, so most calls take no lock and no two
 * threads touch the same line. A list that runs empty or over exchanges a batch with the class's
 * central list, under that class's lock. Locks: class, then pages; never two classes but by fork.
 */
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include "pages.h"

#define CLASSES	    32u
#define SMALL_MAX   8192u
#define ALIGN	    16u
#define CACHE_BYTES 4096u /* of one class in one thread's list, at most */
#define CACHE_MAX   32u	  /* blocks */

struct block {
	struct block *next;
};

struct cache {
	struct block *first[CLASSES];
	uint16_t count[CLASSES];
};
static _Thread_local struct cache cache;

static struct central {
	__libc_lock_t lock;
	struct block *first;
} central[CLASSES];

/* 16, 32, 48, 64 | 80, 96, 112, 128 | 160, ... | ..., 8192 */
static uint32_t class_of(uint32_t size)
{
	uint32_t shift;

	if (size <= 64)
		return size ? (size - 1) / 16 : 0;
	shift = 29 - (uint32_t)__builtin_clz(size - 1); /* size - 1 in [4 << shift, 8 << shift) */
	return 4 * (shift - 4) + ((size - 1) >> shift);
}

static uint32_t class_size(uint32_t class)
{
	uint32_t group = class / 4;

	if (group == 0)
		return 16 * (class + 1);
	return (4 + class % 4 + 1) << (group + 3);
}

static uint32_t cache_limit(uint32_t class)
{
	uint32_t blocks = CACHE_BYTES / class_size(class);

	return blocks > CACHE_MAX ? CACHE_MAX : blocks < 2 ? 2 : blocks;
}

/* At least eight blocks to a slab, so that the last page is never mostly waste. */
static uint32_t slab_pages(uint32_t size)
{
	uint32_t pages = (size * 8 + QUIRE_PAGE_SIZE - 1) / QUIRE_PAGE_SIZE;

	return pages ? pages : 1;
}

static _Noreturn void corrupted(void)
{
	static const char message[] = "malloc: not a block of the heap, or freed twice\n";

	sys_write(2, message, sizeof(message) - 1);
	abort();
}

/* ------------------------------------------------------------------ small blocks */

static bool refill_central_locked(uint32_t class)
{
	uint32_t size = class_size(class);
	uint32_t pages = slab_pages(size);
	char *slab = __libc_pages_slab(pages, class);
	char *end = slab + (size_t)pages * QUIRE_PAGE_SIZE;
	struct block **last = &central[class].first;

	if (!slab)
		return false;
	for (char *at = slab; at + size <= end; at += size) {
		*last = (struct block *)at;
		last = &(*last)->next;
	}
	*last = NULL;
	return true;
}

static bool refill(uint32_t class)
{
	struct central *c = &central[class];
	uint32_t wanted = (cache_limit(class) + 1) / 2;

	__libc_lock(&c->lock);
	while (wanted > 0 && (c->first || refill_central_locked(class))) {
		struct block *block = c->first;

		c->first = block->next;
		block->next = cache.first[class];
		cache.first[class] = block;
		cache.count[class]++;
		wanted--;
	}
	__libc_unlock(&c->lock);
	return cache.first[class] != NULL;
}

static void flush(uint32_t class, uint32_t keep)
{
	struct central *c = &central[class];

	__libc_lock(&c->lock);
	while (cache.count[class] > keep) {
		struct block *block = cache.first[class];

		cache.first[class] = block->next;
		cache.count[class]--;
		block->next = c->first;
		c->first = block;
	}
	__libc_unlock(&c->lock);
}

static void *alloc_small(uint32_t class)
{
	struct block *block = cache.first[class];

	if (!block) {
		if (!refill(class))
			return NULL;
		block = cache.first[class];
	}
	cache.first[class] = block->next;
	cache.count[class]--;
	return block;
}

static void free_small(struct block *block, uint32_t class)
{
	if (block == cache.first[class])
		corrupted();
	block->next = cache.first[class];
	cache.first[class] = block;
	if (++cache.count[class] > cache_limit(class))
		flush(class, cache_limit(class) / 2);
}

/* ------------------------------------------------------------------ the public functions */

static uint32_t pages_for(size_t size)
{
	return (uint32_t)((size + QUIRE_PAGE_SIZE - 1) >> QUIRE_PAGE_SHIFT);
}

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

void *malloc(size_t size)
{
	void *block;

	if (size <= SMALL_MAX)
		block = alloc_small(class_of(size));
	else if (size > PTRDIFF_MAX)
		block = NULL;
	else
		block = __libc_pages_alloc(pages_for(size), 1);
	return block ? block : no_memory();
}

void free(void *block)
{
	uint32_t word;

	if (!block)
		return;
	word = page_lookup((uintptr_t)block);
	switch (page_kind(word)) {
	case PAGE_SLAB: free_small(block, page_value(word)); break;
	case PAGE_RUN:
	case PAGE_HUGE:
		if ((uintptr_t)block & (QUIRE_PAGE_SIZE - 1))
			corrupted();
		int saved_errno = errno;
		__libc_pages_free(block, word);
		errno = saved_errno;
		break;
	default: corrupted();
	}
}

size_t malloc_usable_size(void *block)
{
	uint32_t word = block ? page_lookup((uintptr_t)block) : 0;

	switch (page_kind(word)) {
	case PAGE_SLAB: return class_size(page_value(word));
	case PAGE_RUN:
	case PAGE_HUGE: return (size_t)page_value(word) << QUIRE_PAGE_SHIFT;
	default: return 0;
	}
}

void *calloc(size_t count, size_t size)
{
	size_t bytes;
	void *block;

	if (__builtin_mul_overflow(count, size, &bytes))
		return no_memory();
	block = malloc(bytes);
	/* A fresh mapping is zero already. */
	if (block && page_kind(page_lookup((uintptr_t)block)) != PAGE_HUGE)
		memset(block, 0, bytes);
	return block;
}

void *realloc(void *block, size_t size)
{
	size_t have;
	uint32_t word;
	void *moved;

	if (!block)
		return malloc(size);
	if (size > PTRDIFF_MAX)
		return no_memory();
	word = page_lookup((uintptr_t)block);
	have = malloc_usable_size(block);
	if (have == 0)
		corrupted();
	if (page_kind(word) == PAGE_SLAB) {
		if (size <= have && (size > have / 2 || have <= ALIGN))
			return block;
	} else if (size > SMALL_MAX) {
		if (page_value(word) == pages_for(size))
			return block;
		if (page_kind(word) == PAGE_RUN &&
			__libc_pages_resize(block, word, pages_for(size)))
			return block;
		if (page_kind(word) == PAGE_HUGE) {
			moved = __libc_pages_remap(block, word, pages_for(size));
			if (moved)
				return moved;
		}
	}
	moved = malloc(size);
	if (!moved)
		return size <= have ? block : NULL;
	memcpy(moved, block, size < have ? size : have);
	free(block);
	return moved;
}

void *reallocf(void *block, size_t size)
{
	void *moved = realloc(block, size);

	if (!moved)
		free(block);
	return moved;
}

/* A class whose size is a power of two has blocks aligned to it, for slabs begin on pages. */
void *memalign(size_t align, size_t size)
{
	void *block;

	if (align == 0 || align & (align - 1)) {
		errno = EINVAL;
		return NULL;
	}
	if (align <= ALIGN)
		return malloc(size);
	if (size > PTRDIFF_MAX || align > PTRDIFF_MAX / 2)
		return no_memory();
	if (align <= QUIRE_PAGE_SIZE && size <= QUIRE_PAGE_SIZE) {
		size_t power = align;

		while (power < size)
			power *= 2;
		return malloc(power);
	}
	block = __libc_pages_alloc(size ? pages_for(size) : 1,
		align > QUIRE_PAGE_SIZE ? (uint32_t)(align >> QUIRE_PAGE_SHIFT) : 1);
	return block ? block : no_memory();
}

void *aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

int posix_memalign(void **result, size_t align, size_t size)
{
	int saved_errno = errno;
	void *block;

	if (align < sizeof(void *) || align & (align - 1))
		return EINVAL;
	block = memalign(align, size);
	errno = saved_errno;
	if (!block)
		return ENOMEM;
	*result = block;
	return 0;
}

void *valloc(size_t size)
{
	return memalign(QUIRE_PAGE_SIZE, size);
}

void *pvalloc(size_t size)
{
	return memalign(QUIRE_PAGE_SIZE, (size_t)pages_for(size) << QUIRE_PAGE_SHIFT);
}

void cfree(void *block)
{
	free(block);
}

/* ------------------------------------------------------------------ threads and fork */

void __libc_malloc_thread_exit(void)
{
	for (uint32_t class = 0; class < CLASSES; class ++)
		flush(class, 0);
}

void __libc_malloc_lock(void)
{
	for (uint32_t class = 0; class < CLASSES; class ++)
		__libc_lock(&central[class].lock);
	__libc_pages_lock();
}

void __libc_malloc_unlock(void)
{
	__libc_pages_unlock();
	for (uint32_t class = CLASSES; class > 0; class --)
		__libc_unlock(&central[class - 1].lock);
}
