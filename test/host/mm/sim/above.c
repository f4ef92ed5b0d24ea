/* What lies above mm/: waiting is a flag, the pager is a function, and the disk an array. */
#include "sim.h"
#include <arch/boot.h>
#include <string.h>

struct sim_file sim_files[SIM_FILES];
static struct pager pager;
static struct list queue;
extern bool sim_blocked;

void wait_block(struct wait_queue *q, struct page_request *req) { (void)q, (void)req, sim_blocked = true; }
void wait_wake_all(struct wait_queue *q) { (void)q; }
void pager_get(struct pager *p) { (void)p; }
void pager_put(struct pager *p) { (void)p; }
void pager_notify(struct pager *p, u32 bits) { (void)p, (void)bits; }
bool pager_is_self(struct pager *p) { (void)p; return false; }
bool current_is_privileged(void) { return true; }
const void *current_waiter(void) { return aspace_current(); }
void pager_post(struct pager *p, struct page_request *r)
{
	(void)p;
	request_get(r);
	list_push_back(&queue, &r->port_link);
}

void sim_write_back(u32 f)
{
	struct memory_object *o = sim_files[f].object;
	u64 first;
	u32 run;

	for (u64 at = 0; (run = object_query_dirty(o, at, &first)); at = first + run) {
		pfn_t pfns[QUIRE_RUN_MAX];
		u32 token;
		int n = object_writeback_begin(o, first, run, &token, pfns);

		assert(n > 0);
		for (int i = 0; i < n; i++)
			memcpy(sim_files[f].disk + (first + (u64)i) * PAGE_SIZE, frame_address(pfns[i]), PAGE_SIZE);
		assert(object_writeback_end(o, token, 0) == 0);
	}
}

static void serve(struct page_request *r)
{
	struct memory_object *o = r->object;
	u8 zero[QUIRE_RUN_MAX] = {0};

	switch (r->label) {
	case QUIRE_K_FETCH:
		for (u32 i = 0; i < r->count; i++)
			memcpy(frame_address(r->frames[i]), sim_files[o->key].disk + (r->first + i) * PAGE_SIZE, PAGE_SIZE);
		assert(object_supply(o, r->id, 0, zero) == 0);
		assert(object_supply(o, r->id, 0, zero) == -ESRCH); /* a second answer changes nothing */
		break;
	case QUIRE_K_GROW:
		assert(object_set_capacity(o, r->first + PAGE_SIZE) == 0);
		assert(object_complete(o, r->id, 0) == 0);
		break;
	case QUIRE_K_SYNC:
		sim_write_back(o->key);
		assert(object_complete(o, r->id, 0) == 0);
		break;
	case QUIRE_K_RESERVE:
		assert(object_complete(o, r->id, 0) == 0);
		break;
	}
}

bool sim_pager_serve(void)
{
	bool any = false;

	while (!list_empty(&queue)) {
		struct page_request *r = list_entry(list_pop_front(&queue), struct page_request, port_link);

		if (request_delivered(r))
			serve(r);
		request_put(r);
		any = true;
	}
	return any;
}

void sim_init(void)
{
	boot_facts.free[0] = (struct boot_range){SIM_FIRST, SIM_FRAMES};
	boot_facts.nfree = 1;
	list_init(&queue);
	frames_init();
	mm_init();
	pager_init(&pager);
	for (u32 f = 0; f < SIM_FILES; f++) {
		assert(object_create_paged(&pager, f, 5 * PAGE_SIZE + 100, &sim_files[f].object) == 0);
		for (u32 i = 0; i < sizeof(sim_files[f].disk); i++)
			sim_files[f].disk[i] = i < 5 * PAGE_SIZE + 100 ? (u8)(i * 7 + f) : 0;
	}
}
