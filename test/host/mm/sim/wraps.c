/* Put between mm/'s files by the linker (--wrap): points at every lock, allocations that fail on request, and
 * defects in the order of mm/'s own steps. mm/ itself is compiled unchanged. */
#include "sim.h"
#include <mm/shootdown.h>
#include <mm/slab.h>

static u32 countdown;
bool sim_allocation_failed;

void sim_fail_allocation(u32 n)
{
	countdown = n;
	sim_allocation_failed = false;
}

static bool fails(void)
{
	if (!countdown || sim_thread()->pager || --countdown)
		return false;
	sim_allocation_failed = true;
	return true;
}

#define WRAP(type, name, parameters, arguments, failure) \
	type __real_##name parameters;                   \
	type __wrap_##name parameters;                   \
	type __wrap_##name parameters                    \
	{                                                \
		if (fails())                             \
			return failure;                  \
		return __real_##name arguments;          \
	}
WRAP(pfn_t, frame_alloc, (enum frame_kind kind), (kind), PFN_NONE)
WRAP(pfn_t, frame_alloc_zeroed, (enum frame_kind kind), (kind), PFN_NONE)
WRAP(pfn_t, frame_alloc_run, (enum frame_kind kind, u32 order), (kind, order), PFN_NONE)
WRAP(void *, slab_alloc, (struct slab_cache * c), (c), NULL)
WRAP(void *, slab_alloc_zeroed, (struct slab_cache * c), (c), NULL)
WRAP(void *, kalloc, (size_t size), (size), NULL)
WRAP(int, commit_charge, (u32 pages), (pages), -ENOMEM)

void __real_lock_rank_acquire(struct spinlock *l, bool nested);
void __wrap_lock_rank_acquire(struct spinlock *l, bool nested);
void __wrap_lock_rank_acquire(struct spinlock *l, bool nested)
{
	sim_point();
	__real_lock_rank_acquire(l, nested);
}

void __real_gather_fence_locked(struct gather *g);
void __wrap_gather_fence_locked(struct gather *g);
void __wrap_gather_fence_locked(struct gather *g)
{
	struct aspace *a = g->space;

	if (g->low < g->high || g->whole) {
		if (sim_defect == DEFECT_FREE_EARLY)
			gather_release(g);
		if (sim_defect == DEFECT_UNLOCK_EARLY)
			spin_unlock(&a->table_lock);
		for (u32 i = 0; i < 16 && (sim_defect == DEFECT_FREE_EARLY ||
						  sim_defect == DEFECT_UNLOCK_EARLY);
			i++)
			sim_point();
		if (sim_defect == DEFECT_UNLOCK_EARLY)
			spin_lock(&a->table_lock);
		if (sim_defect == DEFECT_NO_UNMAP_FENCE && g->count) {
			g->low = ~0u;
			g->high = 0;
			g->whole = false;
		}
	}
	__real_gather_fence_locked(g);
	if (sim_defect == DEFECT_FORGET_STALE)
		a->stale = 0;
}
