/* See history.h. */
#include "history.h"
#include <base/log.h>
#include <stdlib.h>

static u64 now;

u64 history_tick(void)
{
	return ++now;
}

static u32 add(struct cell *c, struct write w)
{
	if (c->count == c->room) {
		c->room = c->room ? c->room * 2 : 4;
		c->writes = realloc(c->writes, c->room * sizeof(*c->writes));
	}
	c->writes[c->count] = w;
	return c->count++;
}

void cell_start(struct cell *c, u64 value)
{
	u64 at = history_tick();

	c->count = 0;
	c->under_way = 0;
	c->touched = at;
	add(c, (struct write){value, at, at, NEVER});
}

void cell_free(struct cell *c)
{
	free(c->writes);
	*c = (struct cell){0};
}

u32 cell_write_begin(struct cell *c, u64 value, u64 begin)
{
	c->under_way++;
	c->touched = history_tick();
	return add(c, (struct write){value, begin, NEVER, NEVER});
}

void cell_write_end(struct cell *c, u32 write, u64 end, bool certain)
{
	u64 begin = c->writes[write].begin;

	c->writes[write].end = end;
	c->under_way--;
	c->touched = end;
	for (u32 i = 0; certain && i < c->count; i++)
		if (c->writes[i].end < begin && c->writes[i].dead > end)
			c->writes[i].dead = end;
}

void cell_write_cancel(struct cell *c, u32 write)
{
	c->writes[write].end = c->writes[write].dead = 0;
	c->writes[write].begin = NEVER;
	c->under_way--;
	c->touched = history_tick();
}

void cell_at_least(struct cell *c, u64 value, u64 end)
{
	for (u32 i = 0; i < c->count; i++)
		if (c->writes[i].value < value && c->writes[i].dead > end)
			c->writes[i].dead = end;
}

bool cell_allows(const struct cell *c, u64 value, u64 begin, u64 end)
{
	for (u32 i = 0; i < c->count; i++)
		if (c->writes[i].value == value && cell_possible(&c->writes[i], begin, end))
			return true;
	return false;
}

void cell_seen(struct cell *c, u64 value, u64 begin, u64 end)
{
	if (c->under_way || c->touched >= begin)
		return;
	for (u32 i = 0; i < c->count; i++)
		if (c->writes[i].value != value && c->writes[i].dead > end)
			c->writes[i].dead = end;
}

void cell_range(const struct cell *c, u64 begin, u64 end, u64 *low, u64 *high)
{
	*low = NEVER;
	*high = 0;
	for (u32 i = 0; i < c->count; i++)
		if (cell_possible(&c->writes[i], begin, end)) {
			*low = min_of(*low, c->writes[i].value);
			*high = max_of(*high, c->writes[i].value);
		}
}

void cell_copy(struct cell *to, const struct cell *from, u64 begin, u64 end)
{
	to->touched = end;
	for (u32 i = 0; i < from->count; i++)
		if (cell_possible(&from->writes[i], begin, end))
			add(to, (struct write){from->writes[i].value, begin, end, NEVER});
}

void cell_print(const struct cell *c, u64 begin, u64 end)
{
	for (u32 i = 0; i < c->count; i++)
		log_printf("    %02llx written in [%llu, %llu], %s\n",
			(unsigned long long)c->writes[i].value,
			(unsigned long long)c->writes[i].begin,
			(unsigned long long)c->writes[i].end,
			cell_possible(&c->writes[i], begin, end) ? "possible" : "overwritten");
}
