/* Memory objects: the one place where a page of a file or of shared memory lives.
 *
 * The slot protocol is told at the top of mm/object.c, writeback at the top of mm/writeback.c.
 * References: a memory_object is kept by handles, streams, regions and requests, each through
 * object_get/object_put. User-visible use (streams, regions, handles other than the pager's own) is
 * counted apart in `users`, so that the pager hears when the last one goes (QUIRE_K_IDLE).
 */
#ifndef MM_OBJECT_H
#define MM_OBJECT_H

#include <mm/frame.h>
#include <mm/pager.h>
#include <mm/radix.h>

struct object_ops;

struct memory_object {
	struct spinlock lock; /* RANK_OBJECT: guards all below but refs */
	u32 refs;
	u32 users;
	u32 id;
	const struct object_ops *ops;
	u64 size;     /* bytes; the file's authoritative size */
	u64 capacity; /* bytes the pager promised room for; anonymous: no limit but commit */
	struct radix slots;
	u32 resident, dirty, writeback; /* pages */
	u32 committed;			/* pages charged */
	struct list regions;		/* region.object_link: the reverse map */
	u32 region_count;
	struct list requests;	/* outstanding page_request.object_link */
	struct list writebacks; /* struct writeback tokens */
	struct pager *pager;	/* paged and served objects; counted reference */
	u32 key;
	u32 write_seq;	/* counts batches of change, for mtime */
	u32 write_seen; /* write_seq when the pager last asked */
	u32 inval_seq;	/* counts truncations */
	int error;	/* last writeback failure, reported once by the next sync */
	int grow_error; /* answer to the extender's GROW */
	struct {
		u32 id;
		int status;
	} sync_done[8]; /* the latest answers to SYNC */
	u32 sync_next;
	bool truncating;   /* pages at or beyond the size are still to be dropped */
	bool fetch_single; /* a run of it could not be read: from now on page by page */
	bool idle_posted;  /* QUIRE_K_IDLE is under way */
	/* thread that is writing beyond the size; others wait on size_waiters */
	const void *extender;
	/* it is copying to the last page, behind the size, which was zeros there */
	bool tail_written;
	pfn_t phys_first;	/* physical and DMA objects */
	struct list dirty_link; /* pager->dirty_objects; guarded by pager->lock */
	struct list pager_link; /* pager->objects; guarded by pager->lock */
	struct list all_link;	/* every object, for the checker and memobj */
	struct wait_queue size_waiters;
};

/* New objects have refs = 1 for the caller. Each: 0 or -ENOMEM, -EINVAL. */
int must_check object_create_anon(u64 size, struct memory_object **out);
int must_check object_create_paged(struct pager *p, u32 key, u64 size, struct memory_object **out);
/* An anonymous object's names and times are a server's: calls through its streams go to that port. Once:
 * -EBUSY; -EINVAL for other kinds. */
int must_check object_serve(struct memory_object *o, struct pager *p, u32 key);
int must_check object_create_phys(u64 phys, u32 bytes, struct memory_object **out);
int must_check object_create_dma(u32 pages, struct memory_object **out, u64 *phys);
/* The newest object of this pager with this key, with a reference, or NULL. index-th key of the pager. */
struct memory_object *object_find(struct pager *p, u32 key);
bool object_enumerate(struct pager *p, u32 index, bool only_dirty, u32 *key);

void object_get(struct memory_object *o);
void object_put(struct memory_object *o);
/* Users: streams and non-pager handles call these; regions are counted by mm/ itself. */
void object_user_get(struct memory_object *o);
void object_user_put(struct memory_object *o);

/* The object with the smallest id at or above `id`, with a reference, or NULL: the walk of SYS_INFO. */
struct memory_object *object_from_id(u32 id);
u32 object_kind(const struct memory_object *o); /* enum quire_obj_kind */
u64 object_size(struct memory_object *o);
void object_info(struct memory_object *o, bool by_pager, struct quire_obj_info *info);

/* Truncates or grows. Growing is instant; shrinking drops whole pages beyond, zeroes the tail of the
 * last one, fails requests beyond, unmaps through the reverse map. 0, -EAGAIN_STEP, -EINVAL, -EFBIG, -ENOMEM. */
int must_check object_set_size(struct memory_object *o, u64 size);
int must_check object_set_capacity(struct memory_object *o, u64 bytes);

/* The pager's answers. 0, -ESRCH (no such outstanding request), -EINVAL. zero_mask has one byte a page. */
int must_check object_supply(struct memory_object *o, u32 request, int status, const u8 *zero_mask);
int must_check object_complete(struct memory_object *o, u32 request, int status);

/* Writeback. */
u32 object_query_dirty(struct memory_object *o, u64 first, u64 *run_first);
/* Pages begun (0: the first is not dirty), token in *token, their frames in pfns[]. */
int must_check object_writeback_begin(
	struct memory_object *o, u64 first, u32 count, u32 *token, pfn_t *pfns);
int must_check object_writeback_end(struct memory_object *o, u32 token, int status);
void object_writeback_end_all(struct memory_object *o, int status);
/* All pages durable: blocks on a SYNC request. count = 0: all. 0, -EBLOCKED, -EIO ... `*state` is the
 * caller's progress word, 0 at first, kept in the saved registers between restarts. */
int must_check object_sync(struct memory_object *o, u64 first, u32 count, u32 flags, u32 *state);
/* Drops clean, unpinned pages; how many. */
u32 object_evict(struct memory_object *o, u64 first, u64 count);
/* Page states of the pager that died: WRITEBACK -> DIRTY, tokens void, requests queued again. */
void pager_died(struct pager *p);
/* A new pager takes the object over: frames of void tokens are let go, a truncation that was cut short is
 * finished. The dead one's disk requests are over, which the caller answers for. 0 or -EAGAIN_STEP. */
int must_check object_attach(struct memory_object *o);

/* read and write on the same frames that are mapped. *done counts the bytes moved so far and must be
 * kept by the caller over -EBLOCKED; the call then goes on from there. Reading stops at the size.
 * Writing beyond the capacity asks the pager to grow (-EBLOCKED meanwhile). The size is published
 * after the bytes are in the pages. append: *offset is set to the size under the same lock hold that
 * reserves it; appends of two threads never overlap.
 * 0 when finished (or stopped by the end), else -EBLOCKED, -EAGAIN_STEP, -EFAULT, -EIO, -ENOSPC, -EFBIG, -EDEADLK. */
int must_check object_read(struct memory_object *o, u64 offset, vaddr_t buf, u32 len, u32 *done);
int must_check object_write(
	struct memory_object *o, u64 *offset, bool append, vaddr_t buf, u32 len, u32 *done);
/* The thread `who` (as current_waiter tells) will not go on with a write it began. */
void object_write_abandon(struct memory_object *o, const void *who);
/* The same into or out of kernel memory, for exec. */
int must_check object_read_kernel(struct memory_object *o, u64 offset, void *buf, u32 len);
/* Fills an anonymous object before anyone else sees it, for boot. */
int must_check object_write_kernel(struct memory_object *o, u64 offset, const void *buf, u32 len);

/* The pfn of a resident page or PFN_NONE, with a transient reference to its frame. */
pfn_t object_page_get(struct memory_object *o, u64 index);

#endif
