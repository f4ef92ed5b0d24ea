/* The invariant checker: walks everything and counts what is broken. */
#ifndef MM_CHECK_H
#define MM_CHECK_H

#include <base/types.h>

/* Every other hart must be stopped, holding no lock. Reports each violation by log_printf (the first
 * few dozen); returns how many. The invariants are listed at the top of mm/check.c. */
u32 mm_check(void);

/* Counters that must be back at their baseline after a process has gone (invariant 22). */
struct mm_counts {
	u32 frames_used, objects, spaces, regions, requests, commit, dirty;
};
void mm_counts(struct mm_counts *c);

#endif
