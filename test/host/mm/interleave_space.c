/* What changes address spaces: mapping, unmapping, protection, advice, fork, the end of a process. One hart
 * at a time changes a slot; the others go on loading and storing there meanwhile. */
#include "interleave.h"

/* A slot of the process that nobody is changing, or NULL. */
static struct slot *take_slot(u32 process, u32 *which)
{
	*which = sim_random(SLOTS);
	struct slot *s = &processes[process].slots[*which];

	if (s->changing)
		return NULL;
	s->changing = true;
	return s;
}

/* The views that a run of pages will have: begun before the call, ended or never made after it. */
struct change {
	u32 process, slot, first, count, writes[SLOT_PAGES];
	u64 begin;
	struct slot *s;
};

static void change_begin(
	struct change *c, struct view *(*make)(const struct change *, u32 page, void *), void *arg)
{
	c->begin = history_tick();
	for (u32 i = 0; i < c->count; i++)
		c->writes[i] = view_begin(
			c->process, c->slot, c->first + i, make(c, c->first + i, arg), c->begin);
}

static void change_end(struct change *c, bool done)
{
	u64 end = history_tick();

	for (u32 i = 0; i < c->count; i++)
		if (done)
			cell_write_end(&c->s->pages[c->first + i], c->writes[i], end, true);
		else
			cell_write_cancel(&c->s->pages[c->first + i], c->writes[i]);
	c->s->changing = false;
}

static void choose_pages(struct change *c)
{
	c->first = sim_random(3) ? 0 : sim_random(SLOT_PAGES);
	c->count = sim_random(3) ? SLOT_PAGES - c->first : 1 + sim_random(SLOT_PAGES - c->first);
}

static bool may_lack_memory(int error)
{
	return error == -ENOMEM && scarce;
}

static struct view *make_mapped(const struct change *c, u32 page, void *arg)
{
	const struct map_request *m = arg;
	struct object_model *o = NULL;
	bool shared = m->flags & QUIRE_MAP_SHARED;

	for (u32 i = 0; i < OBJECTS; i++)
		if (objects[i].object == m->object)
			o = &objects[i];
	return view_new(true, shared, (u8)m->prot, o, o ? (u32)m->page_offset + page - c->first : 0,
		shared ? NULL : copy_new(!o));
}

void do_map(u32 process)
{
	struct map_request m = {
		.prot = sim_random(4) ? 3 : 1, .max_prot = 7, .flags = QUIRE_MAP_FIXED};
	struct change c = {.process = process};

	c.s = take_slot(process, &c.slot);
	if (!c.s)
		return;
	choose_pages(&c);
	if (sim_random(3)) {
		m.object =
			objects[resizing && sim_random(2) ? 3 * sim_random(2) : sim_random(OBJECTS)]
				.object;
		m.page_offset = sim_random(OBJECT_PAGES - SLOT_PAGES);
	}
	m.flags |= m.object && sim_random(3) ? QUIRE_MAP_SHARED : QUIRE_MAP_PRIVATE;
	m.addr = slot_address(c.slot) + c.first * PAGE_SIZE;
	m.len = c.count * PAGE_SIZE;
	change_begin(&c, make_mapped, &m);
	vaddr_t where;
	int error = aspace_map(processes[process].space, &m, &where);

	if (error && !may_lack_memory(error))
		sim_fail("map: error %d", error);
	change_end(&c, !error);
}

static struct view *make_unmapped(const struct change *c, u32 page, void *arg)
{
	(void)c, (void)page, (void)arg;
	return view_new(false, false, 0, NULL, 0, NULL);
}

void do_unmap(u32 process)
{
	struct change c = {.process = process};

	c.s = take_slot(process, &c.slot);
	if (!c.s)
		return;
	choose_pages(&c);
	vaddr_t va = slot_address(c.slot) + c.first * PAGE_SIZE;
	u32 len = c.count * PAGE_SIZE;
	int error;

	change_begin(&c, make_unmapped, NULL);
	while ((error = aspace_unmap(processes[process].space, &va, &len)) == -EAGAIN_STEP)
		;
	if (error && !may_lack_memory(error))
		sim_fail("unmap: error %d", error);
	change_end(&c, !error);
}

/* The same pages under another protection. */
static struct view *make_protected(const struct change *c, u32 page, void *arg)
{
	const struct view *v = view_now(c->process, c->slot, page);

	return view_new(true, v->shared, *(u8 *)arg, v->object, v->index, v->copy);
}

static bool all_mapped(const struct change *c)
{
	for (u32 i = 0; i < c->count; i++)
		if (!view_now(c->process, c->slot, c->first + i)->mapped)
			return false;
	return true;
}

void do_protect(u32 process)
{
	static const u8 prots[] = {QUIRE_PROT_NONE, 1, 1, 3, 3, 3};
	u8 prot = prots[sim_random(6)];
	struct change c = {.process = process};

	c.s = take_slot(process, &c.slot);
	if (!c.s)
		return;
	choose_pages(&c);
	vaddr_t va = slot_address(c.slot) + c.first * PAGE_SIZE;
	u32 len = c.count * PAGE_SIZE;

	if (!all_mapped(&c)) {
		if (aspace_protect(processes[process].space, &va, &len, prot) != -ENOMEM)
			sim_fail("protect passes over a hole");
		c.s->changing = false;
		return;
	}
	change_begin(&c, make_protected, &prot);
	int error = aspace_protect(processes[process].space, &va, &len, prot);

	if (error && !may_lack_memory(error))
		sim_fail("protect: error %d", error);
	change_end(&c, !error);
}

/* Private pages are fresh again; shared ones only lose their entries. */
static struct view *make_fresh(const struct change *c, u32 page, void *arg)
{
	const struct view *v = view_now(c->process, c->slot, page);

	(void)arg;
	return view_new(true, v->shared, v->prot, v->object, v->index,
		v->shared ? NULL : copy_new(!v->object));
}

void do_advise(u32 process)
{
	u32 advice = sim_random(2) ? QUIRE_MADV_DONTNEED : sim_random(QUIRE_MADV_DONTNEED);
	struct change c = {.process = process};
	int error;

	c.s = take_slot(process, &c.slot);
	if (!c.s)
		return;
	choose_pages(&c);
	vaddr_t va = slot_address(c.slot) + c.first * PAGE_SIZE;
	u32 len = c.count * PAGE_SIZE;
	bool discards = advice == QUIRE_MADV_DONTNEED && all_mapped(&c);

	if (discards)
		change_begin(&c, make_fresh, NULL);
	while ((error = aspace_advise(processes[process].space, &va, &len, advice)) == -EAGAIN_STEP)
		;
	if (error && error != -ENOMEM)
		sim_fail("advise: error %d", error);
	if (error && discards && !scarce)
		sim_fail("advise: no memory");
	if (discards)
		change_end(&c, !error);
	c.s->changing = false;
}

/* --- processes --- */

static void start_slots(struct process *p)
{
	for (u32 s = 0; s < SLOTS; s++) {
		p->slots[s].changing = false;
		for (u32 i = 0; i < SLOT_PAGES; i++)
			cell_start(&p->slots[s].pages[i],
				(u64)(uintptr_t)view_new(false, false, 0, NULL, 0, NULL));
	}
}

bool process_create(u32 process)
{
	struct process *p = &processes[process];
	struct aspace *a;

	p->dying = true; /* until it is whole */
	if (aspace_create(&a)) {
		if (!scarce)
			sim_fail("create");
		p->dying = false;
		return false;
	}
	for (u32 h = 0; h < WORKERS; h++) {
		struct map_request m = {.prot = 3,
			.max_prot = 3,
			.len = BUFFER_PAGES * PAGE_SIZE,
			.addr = buffer_address(h),
			.flags = QUIRE_MAP_PRIVATE | QUIRE_MAP_FIXED};
		vaddr_t where;

		if (aspace_map(a, &m, &where)) {
			if (!scarce)
				sim_fail("map of a buffer");
			aspace_put(a);
			p->dying = false;
			return false;
		}
	}
	start_slots(p);
	p->space = a;
	p->dying = false;
	return true;
}

/* What the child's page is: the parent's, as it was at some moment of the fork. */
static struct view *inherit(const struct view *v, u64 begin, u64 end)
{
	struct copy *from = v->copy, *c;

	if (!v->mapped || v->shared)
		return view_new(v->mapped, v->shared, v->prot, v->object, v->index, NULL);
	c = copy_new(false);
	c->begun = from->begun;
	c->stored = from->stored <= begin ? from->stored : NEVER;
	for (u32 i = 0; i < SPOTS; i++) {
		cell_copy(&c->bytes[i], &from->bytes[i], begin, end);
		c->sure[i] = from->sure[i] <= begin ? end : NEVER;
	}
	return view_new(true, false, v->prot, v->object, v->index, c);
}

void do_fork(u32 process)
{
	struct process *parent = &processes[process], *child = NULL;
	struct aspace *a;

	for (u32 i = 0; i < PROCESSES && !child; i++)
		if (!processes[i].space && !processes[i].dying)
			child = &processes[i];
	for (u32 s = 0; s < SLOTS; s++)
		if (!child || parent->slots[s].changing)
			return;
	child->dying = true;
	for (u32 s = 0; s < SLOTS; s++)
		parent->slots[s].changing = true;
	u64 begin = history_tick();
	u32 fences = sim_remote_fences;
	int error;

	while ((error = aspace_fork(parent->space, &a)) == -EBLOCKED)
		if (!sim_wait()) {
			error = -ENOMEM;
			break;
		}
	u64 end = history_tick();

	if (error && !may_lack_memory(error) && !sim_tear_chance)
		sim_fail("fork: error %d", error);
	(void)fences;
	if (!error) {
		start_slots(child);
		for (u32 s = 0; s < SLOTS; s++)
			for (u32 i = 0; i < SLOT_PAGES; i++)
				cell_start(&child->slots[s].pages[i],
					(u64)(uintptr_t)inherit(
						view_now(process, s, i), begin, end));
		child->space = a;
	}
	for (u32 s = 0; s < SLOTS; s++)
		parent->slots[s].changing = false;
	child->dying = false;
}

/* Nobody is in the midst of an operation there, and nobody will begin one. */
void process_exit(u32 process)
{
	struct process *p = &processes[process];

	p->dying = true;
	/* another hart may be waiting for the space that ran here to be left */
	aspace_switch(NULL);
	while (aspace_destroy_step(p->space))
		if (fibers_on())
			fibers_idle("waits for a space to be left");
	aspace_put(p->space);
	reclaim_wake();
	p->space = NULL;
	p->dying = false;
}
