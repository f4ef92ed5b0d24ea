/* Frames: the physical pages, who refers to them, and where they come from.
 *
 * A buddy allocator over the RAM that boot found, with a small cache of single frames per hart. Each
 * frame has one struct frame. The reference count is the whole truth about a frame's life:
 *
 *     refs = 1 if a live slot of a memory object names it
 *          + the leaf page-table entries that name it   (counted apart in mapcount, for the checker)
 *          + pins                                        (writeback, DMA, message buffers)
 *          + transient references of kernel code between two locks
 *
 * and the frame is freed by the frame_put that takes it to zero, never before.
 */
#ifndef MM_FRAME_H
#define MM_FRAME_H

#include <base/list.h>
#include <base/spinlock.h>
#include <arch/mmu.h>

enum frame_kind {
	FRAME_FREE = 0,
	FRAME_RESERVED, /* never handed out: kernel image, firmware, holes */
	FRAME_PRIVATE,	/* private memory: lives in page-table entries alone */
	FRAME_OBJECT,	/* a page of a memory object */
	FRAME_TABLE,	/* a page table or a root */
	FRAME_KERNEL,	/* slabs, trace rings, message buffers */
};

/* What an object page's content is, compared with its pager's. Guarded by the object's lock. */
enum page_state {
	PAGE_CLEAN = 0, /* no writable entry anywhere */
	PAGE_DIRTY,
	PAGE_WRITEBACK, /* being written; no writable entry; pinned by the writeback's token */
};

#define LRU_LISTED 1
#define LRU_USED   2 /* found by a read, a write or a fault since the evictor last looked */

struct frame {
	u32 refs;
	u32 mapcount; /* leaf entries */
	u32 pins;
	u8 kind;  /* enum frame_kind */
	u8 state; /* enum page_state, for FRAME_OBJECT */
	u8 hole;  /* FRAME_OBJECT: no block is promised for it yet; reserve before the first store.
			 * FRAME_PRIVATE: of a NORESERVE mapping, charged by itself until it is freed */
	/* LRU_*; guarded by the object's lock. For a free frame: head of a block on a buddy list */
	u8 on_lru;
	union {
		struct memory_object *object; /* FRAME_OBJECT */
		struct {		      /* FRAME_TABLE: no entry outside was ever valid; */
			u16 first, end;	      /* first >= end: none was */
		};
	};
	u32 index;	  /* page index in the object; FRAME_TABLE: valid entries in it;
				       * FRAME_FREE: order of the free block that starts here */
	struct list link; /* free list or LRU */
};

_Static_assert(sizeof(void *) != 4 || sizeof(struct frame) == 32, "a frame descriptor is 32 bytes");

/* Boot: the ranges come from boot_facts. Done before anything allocates. */
void frames_init(void);
/* One descriptor for each page from frame_first on. Set at boot, read by the inline functions below. */
extern struct frame *frame_table;
extern pfn_t frame_first;
extern u32 frame_total; /* descriptors, holes included */

/* The frame's descriptor; pfn must be RAM. frame_is_ram tells. */
static inline struct frame *frame_of(pfn_t pfn)
{
	debug_assert(pfn - frame_first < frame_total);
	return &frame_table[pfn - frame_first];
}
static inline pfn_t frame_number(const struct frame *f)
{
	return frame_first + (pfn_t)(f - frame_table);
}
static inline bool frame_is_ram(pfn_t pfn)
{
	return pfn - frame_first < frame_total &&
	       frame_table[pfn - frame_first].kind != FRAME_RESERVED;
}

/* One frame with refs = 1, content undefined (junk in debug builds), or PFN_NONE. May be called with
 * any lock held but those ranked above RANK_FRAME. Never reclaims: see mm/reclaim.h. */
pfn_t must_check frame_alloc(enum frame_kind kind);
pfn_t must_check frame_alloc_zeroed(enum frame_kind kind);
/* 2^order contiguous frames, each with refs = 1; freed one by one. */
pfn_t must_check frame_alloc_run(enum frame_kind kind, u32 order);

static inline void *frame_address(pfn_t pfn)
{
	return arch_frame_address(pfn);
}

static inline void frame_get(struct frame *f)
{
	__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
}
void frame_put(struct frame *f);
/* A pin is a reference that also forbids eviction, takeover by copy on write, and sharing by fork. */
void frame_pin(struct frame *f);
void frame_unpin(struct frame *f);

/* Called by idle harts: zeroes a free frame ahead of need. False: nothing to do. */
bool frames_zero_ahead(void);

struct frame_counts {
	u32 total, free, table, kernel, object, private_;
};
void frames_count(struct frame_counts *c); /* exact only while the other harts are stopped */
u32 frames_free_estimate(void);
/* For the checker: every descriptor in turn, NULL at the end. */
struct frame *frame_walk(u32 i);

#endif
