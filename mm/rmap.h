/* The reverse map: from a run of an object's pages to every page-table entry that maps them. Private
 * to mm/. There is no per-page chain: an object lists the regions that map it, and a region's entry
 * for a page is found by arithmetic.
 */
#ifndef MM_RMAP_H
#define MM_RMAP_H

#include <mm/object.h>

enum rmap_action {
	RMAP_UNMAP,	    /* entries that map the object's own frame: eviction */
	RMAP_UNMAP_COPIES,  /* private copies as well: truncation */
	RMAP_WRITE_PROTECT, /* the object's own frame stays mapped, read-only: writeback */
};
/* Acts on [first, first + count) in every region of the object; when it returns, every hart that
 * could have used the old entries has fenced, and their references are dropped. Object's lock held. */
void rmap_apply_locked(struct memory_object *o, u64 first, u64 count, enum rmap_action action);
/* Has any entry of the page's been used since the last look? A hint: clears the accessed bits without a fence.
 * The same lock. */
bool rmap_test_accessed_locked(struct memory_object *o, u64 index);
/* Does a mapping that mlock holds in memory cover the page? */
bool rmap_is_locked_locked(struct memory_object *o, u64 index);

#endif
