/* The page heap under malloc: whole pages, and what each page of the heap is used for. */
#ifndef QUIRE_LIBC_PAGES_H
#define QUIRE_LIBC_PAGES_H

#include "../internal.h"

enum page_kind {
	PAGE_NONE, /* not ours, or not the first of its run */
	PAGE_SLAB, /* of a slab; value: size class */
	PAGE_RUN,  /* first of a large block from the heap; value: pages */
	PAGE_HUGE, /* first of a block with a mapping of its own; value: pages */
	PAGE_FREE, /* first or last of a free run; value: pages */
};

/* A word a page: the kind in the low three bits, the value above. */
static inline uint32_t page_word(enum page_kind kind, uint32_t value)
{
	return (uint32_t)kind | value << 3;
}

static inline enum page_kind page_kind(uint32_t word)
{
	return (enum page_kind)(word & 7);
}

static inline uint32_t page_value(uint32_t word)
{
	return word >> 3;
}

/* The map has two levels: a leaf for every 4 MiB in which the heap has something. */
#define LEAF_SHIFT 22
#define LEAF_PAGES (1u << (LEAF_SHIFT - QUIRE_PAGE_SHIFT))
extern uint32_t *volatile __libc_page_leaves[QUIRE_USER_MAX / (1u << LEAF_SHIFT) + 1];

/* No lock: the word of a page that the caller holds a block in does not change under it. */
static inline uint32_t page_lookup(uintptr_t address)
{
	uint32_t *leaf;

	if (address >= QUIRE_USER_MAX)
		return 0;
	leaf = __atomic_load_n(&__libc_page_leaves[address >> LEAF_SHIFT], __ATOMIC_ACQUIRE);
	return leaf ? leaf[address >> QUIRE_PAGE_SHIFT & (LEAF_PAGES - 1)] : 0;
}

/* Pages for a slab of that class; NULL when there is no memory. */
char *__libc_pages_slab(uint32_t pages, uint32_t class);
/* A block of whole pages, aligned to a power of two of pages. */
char *__libc_pages_alloc(uint32_t pages, uint32_t align_pages);
void __libc_pages_free(char *block, uint32_t word);
/* Changes the size of a block where it is. False: it can't be. */
bool __libc_pages_resize(char *block, uint32_t word, uint32_t pages);
/* The same for a huge one, which may move: its new address, or NULL. */
char *__libc_pages_remap(char *block, uint32_t word, uint32_t pages);

void __libc_pages_lock(void);
void __libc_pages_unlock(void);

#endif
