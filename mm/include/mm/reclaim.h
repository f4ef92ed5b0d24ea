/* Commit accounting, and giving memory back before it is needed. */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include <base/types.h>

/* Charges pages against what can ever be touched. -ENOMEM. Lock-free. */
int must_check commit_charge(u32 pages);
void commit_uncharge(u32 pages);
u32 commit_used(void);
u32 commit_limit(void);

/* Called at kernel entry by what is about to allocate, with no lock held: evicts clean file pages
 * when free frames are low. 0; -EBLOCKED: the current thread waits until memory comes free (never
 * for privileged processes). */
int must_check reclaim_ensure(u32 frames);
/* Dirty pages are capped, so that memory can always be had by evicting. -EBLOCKED while over it. */
int must_check reclaim_throttle_dirty(void);
/* True while free frames are above the mark where eviction begins: what is only a hint may allocate. */
bool reclaim_plenty(u32 frames);
/* Wakes those who wait for memory or for fewer dirty pages: after writeback, unmapping, truncation, the end of
 * an object or a space. No lock held of a rank from an object's on. */
void reclaim_wake(void);
void reclaim_setup(void); /* once, at boot, after frames_init */

#endif
