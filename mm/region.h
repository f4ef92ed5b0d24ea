/* Regions of a space: ordered, found fast, split and merged. Private to mm/. All need the space's
 * lock; those that change a region's bounds take its object's lock too, for the reverse map's sake. */
#ifndef MM_REGION_H
#define MM_REGION_H

#include <mm/aspace.h>
#include <mm/slot.h>

#define REGION_CHARGED 0x4000 /* its pages are charged against commit */

static inline u32 region_pages(const struct region *r)
{
	return (r->end - r->start) >> PAGE_SHIFT;
}
static inline u64 region_page(const struct region *r, vaddr_t va)
{
	return r->page_offset + ((va - r->start) >> PAGE_SHIFT);
}
/* There is no write-only page. Said once, where a protection comes in: an entry of a clean page loses its write
 * permission, and with no other it would be no entry at all. */
static inline u32 prot_readable(u32 prot)
{
	return prot & QUIRE_PROT_WRITE ? prot | QUIRE_PROT_READ : prot;
}
static inline bool region_is_shared(const struct region *r)
{
	return r->flags & QUIRE_MAP_SHARED;
}

/* The region that holds va, or NULL. */
struct region *region_find_locked(struct aspace *a, vaddr_t va);
/* The first region that ends above va, or NULL. */
struct region *region_at_or_after_locked(struct aspace *a, vaddr_t va);
struct region *region_next_locked(struct aspace *a, struct region *r);
struct region *region_prev_locked(struct aspace *a, struct region *r);

struct region *must_check region_alloc(void);
void region_discard(struct region *r); /* one that was never inserted */
/* Into the space and onto its object's list (takes references). */
void region_insert_locked(struct aspace *a, struct region *r);
/* Out of both; its translations are gone already. Frees it. */
void region_remove_locked(struct aspace *a, struct region *r);
/* Cuts r at va; the upper part becomes `spare`, which must not be NULL. */
void region_split_locked(struct aspace *a, struct region *r, vaddr_t va, struct region *spare);
/* Joins r with its neighbours where they continue each other. */
void region_merge_locked(struct aspace *a, struct region *r);
/* Removes [start, end) from one region that holds it at one of its ends, or whole. */
void region_shrink_locked(struct aspace *a, struct region *r, vaddr_t start, vaddr_t end);
/* A free range of len bytes, near the hint if it is free, else the highest below a->hint. 0: none. */
vaddr_t region_gap_locked(struct aspace *a, vaddr_t hint, u32 len);
/* -ENOMEM if [start, end), as far as no region covers it yet, and so many pages more that are charged are beyond
 * the space's limits. */
int must_check region_limits_locked(struct aspace *a, vaddr_t start, vaddr_t end, u32 charge);
/* Page tables that spans [start, end) would add to those the regions cover already. */
u32 region_table_charge_locked(struct aspace *a, vaddr_t start, vaddr_t end);
void region_setup(void);
u32 region_live(void);

/* table.c: leaf tables and entries. Table lock held. */
/* va's entry, with a table made if there is none; NULL when memory is out. */
pte_t *must_check table_entry_locked(struct aspace *a, vaddr_t va, struct frame **table);
/* Unhooks the tables, from *from on, of spans that no region will touch once [start, end) is unmapped; its
 * entries are cleared already. *from moves on, to the end if the gather had room. */
struct gather;
void table_trim_locked(
	struct aspace *a, vaddr_t *from, vaddr_t start, vaddr_t end, struct gather *g);
/* Clears the entries of [*va, end) until the gather is full; *va moves on. */
void table_clear_locked(struct aspace *a, vaddr_t *va, vaddr_t end, struct gather *g);

/* An entry of the table becomes valid: its count, and the bounds within which scans look. */
static inline void table_entry_added(struct frame *table, u32 at)
{
	table->index++;
	if (at >= table->end)
		table->end = (u16)(at + 1);
	if (at < table->first)
		table->first = (u16)at;
}

static inline void entry_install(
	struct aspace *a, struct frame *table, pte_t *entry, struct frame *f, u32 prot)
{
	__atomic_fetch_add(&f->mapcount, 1, __ATOMIC_RELAXED);
	arch_pte_write(entry, arch_pte_make(frame_number(f), prot));
	table_entry_added(table, ((uintptr_t)entry & PAGE_MASK) / sizeof(pte_t));
	a->resident++;
}

/* Cuts regions so that [start, end) begins and ends between regions. Up to two spares are used up and set
 * to NULL. */
void region_carve_locked(struct aspace *a, vaddr_t start, vaddr_t end, struct region *spare[2]);
/* Unmaps [*va, end) and removes its regions; at most `budget` pages, *va moves on. Regions are carved. */
void aspace_clear_range_locked(struct aspace *a, vaddr_t *va, vaddr_t end, u32 budget);
/* A private mapping that may be stored to lives in memory alone, and is charged. */
static inline bool region_wants_charge(u32 prot, u32 flags)
{
	return (prot & QUIRE_PROT_WRITE) && !(flags & (QUIRE_MAP_SHARED | QUIRE_MAP_NORESERVE));
}

/* Pages of a file that mlock keeps in memory can't be had back by evicting, so they are charged, too; until
 * they are unmapped. Other pages that live in memory are charged anyway. */
static inline bool lock_wants_charge(const struct memory_object *o, u32 flags)
{
	return o && o->ops == &paged_ops && !(flags & REGION_CHARGED);
}

/* The part of [va, stop), which lies within one table's span, where entries may be: *stop is clipped,
 * and the first address returned (not below *stop: nothing there). */
static inline vaddr_t table_clip(const struct frame *table, vaddr_t va, vaddr_t *stop)
{
	vaddr_t span = va & ~(ARCH_TABLE_SPAN - 1);
	vaddr_t low = span + ((vaddr_t)table->first << PAGE_SHIFT);
	vaddr_t high = span + ((vaddr_t)table->end << PAGE_SHIFT);

	if (*stop - 1 > high - 1)
		*stop = high;
	return max_of(va, low);
}

extern pfn_t zero_frame; /* reads of untouched private memory */

#endif
