/* The page heap: runs of pages, taken from the break and given out to malloc's slabs and large blocks.
 *
 * Free runs are on one list; the first and the last page of each say so in the page map, so that a run
 * that becomes free is joined with its neighbours at once, by two lookups. A block of half a mebibyte
 * or more has a mapping of its own, and its memory goes back to the system when it is freed. One lock
 * guards all of it; malloc comes here for a slab or a large block only.
 */
#include <string.h>
#include <unistd.h>
#include "pages.h"

#define GROW_PAGES    16u  /* the least that is taken from the break */
#define HUGE_PAGES    128u /* from here on a block has its own mapping */
#define RELEASE_PAGES 64u  /* a free run this long gives its frames back */

struct free_run {
	struct free_run *next, *prev;
	uint32_t pages;
};

uint32_t *volatile __libc_page_leaves[QUIRE_USER_MAX / (1u << LEAF_SHIFT) + 1];

static __libc_lock_t pages_lock;
static struct free_run *free_runs;

void __libc_pages_lock(void)
{
	__libc_lock(&pages_lock);
}

void __libc_pages_unlock(void)
{
	__libc_unlock(&pages_lock);
}

static size_t bytes_of(uint32_t pages)
{
	return (size_t)pages << QUIRE_PAGE_SHIFT;
}

/* ------------------------------------------------------------------ the page map */

static uint32_t *map_slot(uintptr_t address)
{
	return &__libc_page_leaves[address >> LEAF_SHIFT]
				  [address >> QUIRE_PAGE_SHIFT & (LEAF_PAGES - 1)];
}

/* Makes the leaves of a range. */
static bool ensure_leaves_locked(uintptr_t start, uint32_t pages)
{
	uintptr_t last = start + bytes_of(pages) - 1;

	for (uintptr_t i = start >> LEAF_SHIFT; i <= last >> LEAF_SHIFT; i++) {
		long leaf;

		if (__libc_page_leaves[i])
			continue;
		leaf = sys_mmap(0, LEAF_PAGES * sizeof(uint32_t),
			QUIRE_PROT_READ | QUIRE_PROT_WRITE, QUIRE_MAP_PRIVATE | QUIRE_MAP_ANON, -1,
			0);
		if (quire_is_error(leaf))
			return false;
		__atomic_store_n(&__libc_page_leaves[i], (uint32_t *)leaf, __ATOMIC_RELEASE);
	}
	return true;
}

/* ------------------------------------------------------------------ free runs */

static void insert_locked(uintptr_t start, uint32_t pages)
{
	struct free_run *run = (struct free_run *)start;

	run->pages = pages;
	run->prev = NULL;
	run->next = free_runs;
	if (free_runs)
		free_runs->prev = run;
	free_runs = run;
	*map_slot(start) = page_word(PAGE_FREE, pages);
	*map_slot(start + bytes_of(pages - 1)) = page_word(PAGE_FREE, pages);
}

static void remove_locked(struct free_run *run)
{
	uintptr_t start = (uintptr_t)run;

	if (run->next)
		run->next->prev = run->prev;
	if (run->prev)
		run->prev->next = run->next;
	else
		free_runs = run->next;
	*map_slot(start + bytes_of(run->pages - 1)) = 0;
	*map_slot(start) = 0;
}

/* Joins the run with free neighbours. Its own words in the map are already zero. */
static void release_locked(uintptr_t start, uint32_t pages)
{
	uint32_t word = page_lookup(start + bytes_of(pages));

	if (page_kind(word) == PAGE_FREE) {
		remove_locked((struct free_run *)(start + bytes_of(pages)));
		pages += page_value(word);
	}
	word = page_lookup(start - QUIRE_PAGE_SIZE);
	if (page_kind(word) == PAGE_FREE) {
		start -= bytes_of(page_value(word));
		remove_locked((struct free_run *)start);
		pages += page_value(word);
	}
	insert_locked(start, pages);
	if (pages >= RELEASE_PAGES)
		sys_madvise((uint32_t)start + QUIRE_PAGE_SIZE, bytes_of(pages - 1),
			QUIRE_MADV_DONTNEED);
}

/* The smallest run that is long enough, so that long ones stay whole. */
static struct free_run *find_locked(uint32_t pages)
{
	struct free_run *best = NULL;

	for (struct free_run *run = free_runs; run; run = run->next) {
		if (run->pages >= pages && (!best || run->pages < best->pages)) {
			best = run;
			if (run->pages == pages)
				break;
		}
	}
	return best;
}

static struct free_run *grow_locked(uint32_t pages)
{
	uint32_t wanted = pages > GROW_PAGES ? pages : GROW_PAGES;
	uintptr_t start = (uintptr_t)sbrk(0);
	uintptr_t skip = -start & (QUIRE_PAGE_SIZE - 1);

	start = (uintptr_t)sbrk((ptrdiff_t)(bytes_of(wanted) + skip));
	if (start == (uintptr_t)-1)
		return NULL;
	start = (start + QUIRE_PAGE_SIZE - 1) & ~(uintptr_t)(QUIRE_PAGE_SIZE - 1);
	if (!ensure_leaves_locked(start, wanted))
		return NULL;
	release_locked(start, wanted);
	return find_locked(pages);
}

static uintptr_t take_locked(uint32_t pages)
{
	struct free_run *run = find_locked(pages);
	uintptr_t start;
	uint32_t have;

	if (!run)
		run = grow_locked(pages);
	if (!run)
		return 0;
	start = (uintptr_t)run;
	have = run->pages;
	remove_locked(run);
	if (have > pages)
		insert_locked(start + bytes_of(pages), have - pages);
	return start;
}

/* ------------------------------------------------------------------ what malloc asks for */

char *__libc_pages_slab(uint32_t pages, uint32_t class)
{
	uintptr_t start;

	__libc_lock(&pages_lock);
	start = take_locked(pages);
	for (uint32_t i = 0; start && i < pages; i++)
		*map_slot(start + bytes_of(i)) = page_word(PAGE_SLAB, class);
	__libc_unlock(&pages_lock);
	return (char *)start;
}

static char *alloc_huge(uint32_t pages, uint32_t align_pages)
{
	uint32_t slack = align_pages > 1 ? align_pages - 1 : 0;
	long memory;
	uintptr_t start, end, block;

	if (pages > (QUIRE_USER_MAX >> QUIRE_PAGE_SHIFT) - slack)
		return NULL;
	memory = sys_mmap(0, bytes_of(pages + slack), QUIRE_PROT_READ | QUIRE_PROT_WRITE,
		QUIRE_MAP_PRIVATE | QUIRE_MAP_ANON, -1, 0);
	if (quire_is_error(memory))
		return NULL;
	start = (uintptr_t)memory;
	end = start + bytes_of(pages + slack);
	block = (start + bytes_of(align_pages) - 1) & ~(uintptr_t)(bytes_of(align_pages) - 1);
	if (block > start)
		sys_munmap((uint32_t)start, block - start);
	if (end > block + bytes_of(pages))
		sys_munmap((uint32_t)(block + bytes_of(pages)), end - block - bytes_of(pages));
	__libc_lock(&pages_lock);
	if (ensure_leaves_locked(block, 1)) {
		*map_slot(block) = page_word(PAGE_HUGE, pages);
	} else {
		sys_munmap((uint32_t)block, bytes_of(pages));
		block = 0;
	}
	__libc_unlock(&pages_lock);
	return (char *)block;
}

char *__libc_pages_alloc(uint32_t pages, uint32_t align_pages)
{
	uintptr_t start, block;
	uint32_t slack = align_pages > 1 ? align_pages - 1 : 0;

	if (pages + slack >= HUGE_PAGES)
		return alloc_huge(pages, align_pages);
	__libc_lock(&pages_lock);
	start = block = take_locked(pages + slack);
	if (start && slack) {
		block = (start + bytes_of(align_pages) - 1) &
			~(uintptr_t)(bytes_of(align_pages) - 1);
		uint32_t before = (uint32_t)((block - start) >> QUIRE_PAGE_SHIFT);

		if (before)
			insert_locked(start, before);
		if (slack > before)
			insert_locked(block + bytes_of(pages), slack - before);
	}
	if (block)
		*map_slot(block) = page_word(PAGE_RUN, pages);
	__libc_unlock(&pages_lock);
	return (char *)block;
}

void __libc_pages_free(char *block, uint32_t word)
{
	uintptr_t start = (uintptr_t)block;

	__libc_lock(&pages_lock);
	*map_slot(start) = 0;
	if (page_kind(word) == PAGE_RUN)
		release_locked(start, page_value(word));
	__libc_unlock(&pages_lock);
	if (page_kind(word) == PAGE_HUGE)
		sys_munmap((uint32_t)start, bytes_of(page_value(word)));
}

bool __libc_pages_resize(char *block, uint32_t word, uint32_t pages)
{
	uintptr_t start = (uintptr_t)block;
	uint32_t have = page_value(word), after;
	bool done = false;

	__libc_lock(&pages_lock);
	if (pages <= have) {
		*map_slot(start) = page_word(PAGE_RUN, pages);
		if (pages < have)
			release_locked(start + bytes_of(pages), have - pages);
		done = true;
	} else {
		after = page_lookup(start + bytes_of(have));
		if (page_kind(after) == PAGE_FREE && page_value(after) >= pages - have) {
			remove_locked((struct free_run *)(start + bytes_of(have)));
			if (page_value(after) > pages - have)
				insert_locked(start + bytes_of(pages),
					page_value(after) - (pages - have));
			*map_slot(start) = page_word(PAGE_RUN, pages);
			done = true;
		}
	}
	__libc_unlock(&pages_lock);
	return done;
}

char *__libc_pages_remap(char *block, uint32_t word, uint32_t pages)
{
	uintptr_t start = (uintptr_t)block;
	long moved;
	char *result = NULL;

	__libc_lock(&pages_lock);
	moved = sys_mremap((uint32_t)start, bytes_of(page_value(word)), bytes_of(pages),
		QUIRE_MREMAP_MAYMOVE, 0);
	if (!quire_is_error(moved)) {
		*map_slot(start) = 0;
		/* Without a leaf the block could never be freed; there is one where it was. */
		if (ensure_leaves_locked((uintptr_t)moved, 1)) {
			*map_slot((uintptr_t)moved) = page_word(PAGE_HUGE, pages);
			result = (char *)moved;
		}
	}
	__libc_unlock(&pages_lock);
	return result;
}
