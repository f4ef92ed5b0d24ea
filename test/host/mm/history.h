/* What a place may hold while several harts use it at once.
 *
 * A cell is anything that is read and written: a byte of a file, a byte of a private page, the size of a file, what
 * is mapped at a page. Each write is an interval: from its beginning it may be seen; after its end the writes
 * that had ended before it began may be seen no more. A read is an interval as well, and right if the value it gave may
 * be seen at some moment of it. If no write is under way, what one read saw all later ones must see.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <base/types.h>

#define NEVER (~(u64)0)

struct write {
	u64 value;
	u64 begin, end; /* end: NEVER while it is under way */
	u64 dead;	/* reads that begin later can't see it */
};
struct cell {
	struct write *writes;
	u32 count, room, under_way;
	u64 touched; /* when a write last began or ended */
};

u64 history_tick(void); /* the next moment */

void cell_start(struct cell *c, u64 value); /* holds just this, from now on */
void cell_free(struct cell *c);
/* The number of the write, for the others. */
u32 cell_write_begin(struct cell *c, u64 value, u64 begin);
/* certain: it has been made, here; else it may have been. */
void cell_write_end(struct cell *c, u32 write, u64 end, bool certain);
void cell_write_cancel(struct cell *c, u32 write); /* it was never made */
/* For what only ever grows: smaller values that were begun are no longer possible. */
void cell_at_least(struct cell *c, u64 value, u64 end);
static inline bool cell_possible(const struct write *w, u64 begin, u64 end)
{
	return w->begin <= end && w->dead >= begin;
}
bool cell_allows(const struct cell *c, u64 value, u64 begin, u64 end);
/* A read in this interval gave the value. */
void cell_seen(struct cell *c, u64 value, u64 begin, u64 end);
void cell_range(const struct cell *c, u64 begin, u64 end, u64 *low, u64 *high);
/* All that may have been seen between begin and end goes into another cell, as if written in that time. */
void cell_copy(struct cell *to, const struct cell *from, u64 begin, u64 end);
void cell_print(const struct cell *c, u64 begin, u64 end);

#endif
