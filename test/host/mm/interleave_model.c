/* What each page may show: views, private copies, and the bytes behind them. */
#include "interleave.h"
#include <stdlib.h>

const u32 spot_offset[SPOTS] = {0, 2047, 2048, 4095};
struct object_model objects[OBJECTS];
struct process processes[PROCESSES];
struct pending pending[SIM_HARTS];
static struct copy *copies;
static struct view *views;

/* The last one lies across two tables. */
vaddr_t slot_address(u32 slot)
{
	return slot + 1 == SLOTS ? 0x30000000u - 3 * PAGE_SIZE : 0x20000000u + slot * 0x20000u;
}
vaddr_t buffer_address(u32 hart)
{
	return 0x40000000u + hart * 0x10000u;
}

struct copy *copy_new(bool zeros)
{
	struct copy *c = calloc(1, sizeof(*c));

	c->stored = NEVER;
	for (u32 i = 0; i < SPOTS; i++) {
		c->sure[i] = NEVER;
		if (zeros)
			cell_start(&c->bytes[i], 0);
	}
	c->next = copies;
	return copies = c;
}

struct view *view_new(
	bool mapped, bool shared, u8 prot, struct object_model *o, u32 index, struct copy *copy)
{
	struct view *v = malloc(sizeof(*v));

	*v = (struct view){views, false, mapped, shared, prot, o, index, copy};
	return views = v;
}

struct cell *view_cell(const struct view *v, u32 spot)
{
	return v->shared ? &v->object->bytes[v->index][spot] : &v->copy->bytes[spot];
}

bool view_value_known(const struct view *v)
{
	return v->shared || !v->object || !v->object->resizable;
}

/* May the page have lain within its object, and (beyond) may it have not? */
bool view_inside(const struct view *v, u64 begin, u64 end, bool *beyond)
{
	u64 low, high, at = (u64)v->index * PAGE_SIZE;

	*beyond = false;
	if (!v->object)
		return true;
	cell_range(&v->object->size, begin, end, &low, &high);
	*beyond = low <= at;
	return high > at;
}

bool view_allows(const struct view *v, u32 spot, u8 byte, u64 begin, u64 end)
{
	if (v->shared || !v->object)
		return cell_allows(view_cell(v, spot), byte, begin, end);
	const struct copy *c = v->copy;

	if (cell_allows(&c->bytes[spot], byte, begin, end))
		return true;
	if (c->sure[spot] < begin)
		return false;
	return cell_allows(&v->object->bytes[v->index][spot], byte,
		c->begun ? min_of(c->begun, begin) : begin,
		c->stored < end ? max_of(c->stored, begin) : end);
}

void pending_target(struct pending *p, const struct view *v)
{
	struct cell *c;

	if (!v->mapped || !(v->prot & QUIRE_PROT_WRITE))
		return;
	c = view_cell(v, p->spot);
	for (u32 i = 0; i < p->count; i++)
		if (p->targets[i].cell == c)
			return;
	if (p->count == TARGETS_MAX)
		sim_fail("a store that has too many places to go to");
	p->targets[p->count].cell = c;
	p->targets[p->count++].write = cell_write_begin(c, p->byte, p->begin);
	if (!v->shared && (!v->copy->begun || p->begin < v->copy->begun))
		v->copy->begun = p->begin;
}

u32 view_begin(u32 process, u32 slot, u32 page, struct view *v, u64 begin)
{
	for (u32 h = 0; h < SIM_HARTS; h++)
		if (pending[h].on && pending[h].process == process && pending[h].slot == slot &&
			pending[h].page == page)
			pending_target(&pending[h], v);
	return cell_write_begin(
		&processes[process].slots[slot].pages[page], (u64)(uintptr_t)v, begin);
}

struct view *view_now(u32 process, u32 slot, u32 page)
{
	const struct cell *c = &processes[process].slots[slot].pages[page];
	struct view *v = NULL;

	for (u32 i = 0; i < c->count; i++)
		if (c->writes[i].dead == NEVER && c->writes[i].begin != NEVER)
			v = (struct view *)(uintptr_t)c->writes[i].value;
	return v;
}

/* --- quiet --- */

static void mark(struct cell *page)
{
	struct view *v = NULL;
	u32 possible = 0;

	for (u32 i = 0; i < page->count; i++)
		if (page->writes[i].dead == NEVER) {
			v = (struct view *)(uintptr_t)page->writes[i].value;
			possible++;
		}
	if (possible != 1 || page->under_way)
		sim_fail("the model: a page has %u views while nothing is under way", possible);
	v->marked = true;
	if (v->copy)
		v->copy->marked = true;
	cell_start(page, (u64)(uintptr_t)v);
}

void model_collect(void)
{
	for (u32 p = 0; p < PROCESSES; p++)
		for (u32 s = 0; processes[p].space && s < SLOTS; s++)
			for (u32 i = 0; i < SLOT_PAGES; i++)
				mark(&processes[p].slots[s].pages[i]);
	for (struct view **at = &views; *at;) {
		struct view *v = *at;

		if (v->marked) {
			v->marked = false;
			at = &v->next;
		} else {
			*at = v->next;
			free(v);
		}
	}
	for (struct copy **at = &copies; *at;) {
		struct copy *c = *at;

		if (c->marked) {
			c->marked = false;
			at = &c->next;
			continue;
		}
		*at = c->next;
		for (u32 i = 0; i < SPOTS; i++)
			cell_free(&c->bytes[i]);
		free(c);
	}
}
