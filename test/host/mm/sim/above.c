/* What lies above mm/: threads that wait. There is one thread a hart, and a pager on top of one of them. */
#include "sim.h"

struct sim_thread sim_threads[SIM_HARTS];
u32 sim_tear_chance;
u64 sim_blocks;
bool sim_memory_short;

struct sim_thread *sim_thread(void)
{
	return &sim_threads[sim_hart];
}
const void *current_waiter(void)
{
	return sim_thread();
}
bool current_is_privileged(void)
{
	return sim_thread()->privileged || sim_thread()->pager;
}
bool pager_is_self(struct pager *p)
{
	return p == &sim_pager && sim_thread()->pager;
}

void wait_block(struct wait_queue *q, struct page_request *req)
{
	struct sim_thread *t = sim_thread();

	if (t->on || t->pager)
		sim_fail("a thread waits that %s", t->pager ? "is the pager" : "waits already");
	t->on = q;
	list_push_back(&q->threads, &t->link);
	t->request = req;
	if (req)
		request_get(req);
	else
		/* or for room to extend: then a writeback too many does no harm */
		sim_memory_short = true;
	sim_blocks++;
}

void wait_wake_all(struct wait_queue *q)
{
	struct list *n;

	while ((n = list_pop_front(&q->threads)))
		list_entry(n, struct sim_thread, link)->on = NULL;
}

static void woken(struct sim_thread *t)
{
	struct page_request *r = t->request;

	t->request = NULL;
	if (r)
		request_put(r);
}

void sim_tear_away(struct sim_thread *t)
{
	if (t->on)
		list_remove(&t->link);
	t->on = NULL;
	woken(t);
}

/* Memory comes free by writing back. */
static bool write_something(void)
{
	for (u32 i = 0, f = sim_random(SIM_FILES); i < SIM_FILES; i++, f = (f + 1) % SIM_FILES)
		if (sim_files[f].object && sim_writeback_begin(&sim_files[f]))
			return true;
	return false;
}

/* The hart has nothing else to run: it idles, often enough in the kernel's own space. */
static void idle_in_no_space(struct aspace *a)
{
	if (sim_random(2))
		aspace_switch(NULL);
	fibers_idle("waits");
	aspace_switch(a);
}

bool sim_wait(void)
{
	struct sim_thread *t = sim_thread();
	struct aspace *a = aspace_current();

	lock_rank_assert_none();
	while (t->on) {
		if (sim_tear_chance && !sim_random(sim_tear_chance)) {
			sim_tear_away(t);
			return false;
		}
		if (fibers_on()) {
			idle_in_no_space(a);
		} else if (!sim_pager_step() && !(sim_memory_short && write_something())) {
			sim_fail("a thread waits for ever");
		}
	}
	woken(t);
	return true;
}
