/* A slot word of a memory object: where one page of it stands. Private to mm/.
 *
 *                     fetch                    supply
 *     EMPTY ------------------> BUSY(request) --------> FRAME
 *       ^                        | failed                 | evict, truncate
 *       |      one access hears  v                        |
 *       +--------------------- FAILED(errno)              |
 *       +-------------------------------------------------+
 *
 * FRAME carries the frame; its state CLEAN, DIRTY or WRITEBACK is in the frame's descriptor. The
 * object's lock guards every transition. Model B calls these by the same names.
 */
#ifndef MM_SLOT_H
#define MM_SLOT_H

#include <mm/object.h>

enum slot_tag { SLOT_EMPTY = 0, SLOT_FRAME = 1, SLOT_BUSY = 2, SLOT_FAILED = 3 };

static inline enum slot_tag slot_tag(uintptr_t w)
{
	return (enum slot_tag)(w & 3);
}
static inline struct frame *slot_frame(uintptr_t w)
{
	return (struct frame *)(w & ~(uintptr_t)3);
}
static inline struct page_request *slot_request(uintptr_t w)
{
	return (struct page_request *)(w & ~(uintptr_t)3);
}
static inline int slot_error(uintptr_t w)
{
	return -(int)(w >> 2);
}
static inline uintptr_t slot_of_frame(struct frame *f)
{
	return (uintptr_t)f | SLOT_FRAME;
}
static inline uintptr_t slot_of_request(struct page_request *r)
{
	return (uintptr_t)r | SLOT_BUSY;
}
static inline uintptr_t slot_of_error(int error)
{
	return (uintptr_t)-error << 2 | SLOT_FAILED;
}

/* Bytes: a count of pages fits 32 bits. */
#define OBJECT_SIZE_MAX (((u64)1 << (32 + PAGE_SHIFT)) - PAGE_SIZE)

static inline u64 pages_of(u64 bytes)
{
	return (bytes + PAGE_MASK) >> PAGE_SHIFT;
}

/* What an access wants of a page. */
enum page_want {
	WANT_READ,
	WANT_STORE, /* the page is marked dirty before this returns */
};

/* One table of operations per kind of object. */
struct object_ops {
	u32 kind;	   /* enum quire_obj_kind */
	bool tracks_dirty; /* has a pager: clean pages are mapped read-only */
	bool device;	   /* its frames have no descriptors: no counts, no reverse map */
	/* Makes the EMPTY slot at index begin to be filled. 0: it is a FRAME now; -EBLOCKED: the
	 * current thread waits; or an error. `ahead`: how many pages would be welcome. */
	int (*provide_locked)(struct memory_object *o, u64 index, enum page_want want, u32 ahead);
};
extern const struct object_ops anon_ops, paged_ops, phys_ops, dma_ops;

/* The resident frame at index, made so if need be (no reference taken: hold the lock). Errors:
 * -EBLOCKED; -ERANGE: at or beyond the size; -EIO and other pager's errors; -ENOMEM; -EDEADLK. */
int must_check object_page_locked(
	struct memory_object *o, u64 index, enum page_want want, u32 ahead, struct frame **out);
/* CLEAN or WRITEBACK -> DIRTY. Model B's step "mark dirty": before any store can happen. */
void object_mark_dirty_locked(struct memory_object *o, struct frame *f);
/* Takes the slot's frame out (unmapped already) and drops the slot's reference. */
void object_drop_slot_locked(struct memory_object *o, u64 index, uintptr_t *word);
/* Puts a frame (its one reference becomes the slot's) into an EMPTY or BUSY slot. */
void object_fill_slot_locked(struct memory_object *o, u64 index, uintptr_t *word, struct frame *f);
/* Pages beyond the size that a truncation has still to drop: one bounded step. True: more is left. */
bool object_truncate_step_locked(struct memory_object *o);
/* Zeroes the resident last page from the size to its end. */
void object_zero_tail_locked(struct memory_object *o);

void object_mark_clean_locked(struct memory_object *o, struct frame *f);
bool must_check object_try_get(struct memory_object *o);
/* The object with the smallest id at or above `id`, with a reference, or NULL. */
struct memory_object *object_from_id(u32 id);
u32 object_count(void);
void object_setup(void);

/* request.c. Those that return int return -EBLOCKED when all is well: the current thread waits. */
struct page_request *request_create(struct memory_object *o, u16 label);
void request_finish_locked(struct page_request *r, int status);
int must_check request_fetch_locked(struct memory_object *o, u64 index, enum page_want want,
	u32 ahead, bool wait); /* not waiting returns 0 */
int must_check request_reserve_locked(struct memory_object *o, u64 index, struct frame *f);
int must_check request_grow_locked(struct memory_object *o, u64 bytes, u32 length);
u32 request_live(void);
void request_setup(void);

/* writeback.c */
struct writeback {
	struct list link; /* object->writebacks */
	u32 token;	  /* 0: void, its pager died; pins only */
	bool by_pager;	  /* begun by the process that serves the object's port: dies with it */
	u32 count;
	u64 first;
	struct frame *frames[QUIRE_RUN_MAX];
};
void writeback_void(struct memory_object *o);
void writeback_release_void(struct memory_object *o);
void writeback_setup(void);
u32 writebacks_live(void);

/* lru.c: frames of paged objects, by how recently they were used. */
void lru_add(struct frame *f);
void lru_remove(struct frame *f);
extern u32 dirty_total; /* dirty pages of all objects */

#endif
