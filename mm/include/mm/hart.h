/* What mm/ keeps per hart: the space it runs, a cache of free frames, and counters. */
#ifndef MM_HART_H
#define MM_HART_H

#include <arch/cpu.h>
#include <quire/info.h>

#define FRAME_CACHE 16

struct aspace;
#define HART_SWITCHING 1u
struct mm_hart {
	/* "cur[h]" of model A: the space, with HART_SWITCHING while the translation register may still
	 * name the one before. Written by this hart alone, read by shooters. */
	uintptr_t current;
	u32 cached;
	pfn_t cache[FRAME_CACHE]; /* free frames, this hart's alone */
	u32 zeroed_count;
	pfn_t zeroed[FRAME_CACHE];    /* free frames that idle time has zeroed */
	struct quire_info_hart stats; /* the mm fields; this hart writes, others read */
} __attribute__((aligned(64)));

extern struct mm_hart mm_harts[MAX_HARTS];
static inline struct mm_hart *mm_this_hart(void)
{
	return &mm_harts[arch_hart_index()];
}

#endif
