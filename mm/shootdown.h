/* Gathering cleared translations, and the fence that makes them unusable. Private to mm/; the
 * protocol is told at the top of mm/shootdown.c. */
#ifndef MM_SHOOTDOWN_H
#define MM_SHOOTDOWN_H

#include <mm/aspace.h>

#define GATHER_MAX    64
#define GATHER_TABLES 64 /* the tables that so many pages may be all of */

struct gather {
	struct aspace *space;
	vaddr_t low, high; /* all cleared or narrowed entries lie in [low, high) */
	bool whole;	   /* a table was unhooked: the whole ASID must go */
	u32 count;
	struct frame *frames[GATHER_MAX + GATHER_TABLES]; /* references to drop after the fence */
};

static inline void gather_start(struct gather *g, struct aspace *a)
{
	g->space = a;
	g->low = ~0u;
	g->high = 0;
	g->whole = false;
	g->count = 0;
}
/* Notes that the entry for va was narrowed or cleared. */
static inline void gather_page(struct gather *g, vaddr_t va)
{
	if (va < g->low)
		g->low = va;
	if (va + PAGE_SIZE > g->high)
		g->high = va + PAGE_SIZE;
}
static inline bool gather_full(const struct gather *g)
{
	return g->count >= GATHER_MAX;
}
/* The fence, if anything was gathered. The space's table lock is held since the first clearing. */
void gather_fence_locked(struct gather *g);
/* Drops the references. No table lock held. */
void gather_release(struct gather *g);

/* Does any hart's translation register name the space, or may it still? */
bool aspace_active_anywhere(struct aspace *a);

/* New code may be executed in this space: instruction fetch on every hart is made to see it. */
void shootdown_icache(struct aspace *a);

/* ASIDs. 0 when none is left: the space then shares the overflow ASID, flushed at every switch-in. */
u32 asid_take(void);
/* The ASID of a dead space: dirty until one fence of everything has made all dirty ones clean. */
void asid_return(u32 asid, u32 ran);
void asid_setup(void);
u32 asid_overflow(void);

#endif
