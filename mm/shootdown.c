/* Shootdown and switch-in: the two halves of one protocol (model A, test/models/shootdown.pml).
 *
 * A hart may keep any translation of the space that its translation register names, and may fill its
 * cache at any moment, speculatively. So a frame may be reused only after every hart that could hold
 * a translation to it has fenced. But only harts where the space is active *now* need to be
 * disturbed: one that ran it before can't use entries of an ASID that is not current, and is marked
 * stale, to flush when it next switches to the space.
 *
 *     switch to A on hart h (aspace_switch)          shooter on A (gather_fence_locked)
 *     A1  cur[h] = A                                  B1  entries = 0 or narrowed (table lock held)
 *     A2  new = !(A.ran |= h had h)                   B2  A.stale |= A.ran & ~self
 *     A3  full fence                                  B3  full fence
 *     A4  st = A.stale & h; if so A.stale &= ~h       B4  T = { x != self : cur[x] == A }
 *     A5  load the translation register               B5  remote fence T, local fence
 *     A6  if new or st: flush the ASID here           B6  unlock tables; only now drop references
 *
 * Why no translation survives: A3 and B3 order each side's store before its look at the other's. If
 * the shooter's B4 misses h, then h's A1 came later than B4, so h's A4 sees the stale bit of B2 (h
 * was in ran) or h is new, and A6 flushes after B1. If B4 sees h, h is fenced remotely, whether or not
 * it has come to A5 yet; entries that it loads after that are the new ones. A2 is an atomic or, so a
 * hart is in `ran` before its register names the space. A4 clears the bit before the flush: a shooter
 * that sets it again in between is not lost, at worst the hart flushes once more. A plain fence does
 * not order the hardware's own reading of tables, only the translation fence does; hence "new" alone
 * demands A6. The table lock is held from B1 to B5, so that nobody reuses or reads the entries'
 * meaning in between; switch-in takes no lock at all.
 *
 * Widening (invalid to valid, read-only to writable) needs none of this: a hart that still holds the
 * narrower translation takes a fault, finds the entry good, fences locally and goes on.
 *
 * An empty ASID is recycled in bulk: dead spaces' ASIDs are dirty, and when no clean one is left one
 * fence of everything on every hart makes them all clean.
 */
#include <mm/shootdown.h>
#include <mm/hart.h>
#include <mm/trace.h>

/* More pages than this are fenced remotely as a whole ASID: firmware does a range page by page, and
 * some firmware turns two pages into everything anyhow. */
#define REMOTE_RANGE_MAX 1

void aspace_switch(struct aspace *a)
{
	struct mm_hart *h = mm_this_hart();
	u32 self = 1u << arch_hart_index();

	if (h->current == a)
		return;
	__atomic_store_n(&h->current, a, __ATOMIC_RELAXED); /* A1 */
	h->stats.switches++;
	if (!a) {
		arch_space_activate(NULL);
		return;
	}
	bool fresh = !(__atomic_fetch_or(&a->ran, self, __ATOMIC_RELAXED) & self); /* A2 */

	arch_fence();								   /* A3 */
	bool stale = __atomic_load_n(&a->stale, __ATOMIC_RELAXED) & self;

	if (stale)
		__atomic_fetch_and(&a->stale, ~self, __ATOMIC_RELAXED); /* A4 */
	arch_space_activate(&a->arch);					/* A5 */
	if (fresh || stale || a->asid_shared) {				/* A6 */
		arch_fence_local(a->arch.asid, 0, 0);
		h->stats.lazy_flushes++;
	}
	if (unlikely(__atomic_load_n(&a->icache_stale, __ATOMIC_RELAXED) & self)) {
		__atomic_fetch_and(&a->icache_stale, ~self, __ATOMIC_RELAXED);
		arch_icache_sync_local();
	}
}

struct aspace *aspace_current(void)
{
	return mm_this_hart()->current;
}

/* The harts other than this where the space is active at this moment. Only a hart in `ran` can be. */
static u32 active_elsewhere(struct aspace *a)
{
	u32 candidates = __atomic_load_n(&a->ran, __ATOMIC_RELAXED) & ~(1u << arch_hart_index());
	u32 targets = 0;

	while (candidates) {
		u32 h = (u32)__builtin_ctz(candidates);

		candidates &= candidates - 1;
		if (__atomic_load_n(&mm_harts[h].current, __ATOMIC_RELAXED) == a)
			targets |= 1u << h;
	}
	return targets;
}

u32 aspace_active_harts(struct aspace *a)
{
	u32 self = 1u << arch_hart_index();

	return active_elsewhere(a) | (aspace_current() == a ? self : 0);
}

void gather_fence_locked(struct gather *g)
{
	struct aspace *a = g->space;
	struct mm_hart *h = mm_this_hart();

	if (g->low >= g->high && !g->whole)
		return;
	debug_assert(spin_is_locked(&a->table_lock));
	u32 self = 1u << arch_hart_index();
	u32 pages = g->whole ? 0 : (g->high - g->low) >> PAGE_SHIFT;
	u32 ran = __atomic_load_n(&a->ran, __ATOMIC_RELAXED) & ~self;

	if (ran)
		__atomic_fetch_or(&a->stale, ran, __ATOMIC_RELAXED); /* B2 */
	arch_fence();						     /* B3 */
	u32 targets = active_elsewhere(a);			     /* B4 */

	if (targets) { /* B5 */
		h->stats.fences_sent++;
		h->stats.fence_targets += (u32)__builtin_popcount(targets);
		trace(QUIRE_EV_FENCE, targets, pages, g->low);
		arch_fence_remote(targets, a->arch.asid, g->low, pages <= REMOTE_RANGE_MAX ? pages : 0);
	} else {
		h->stats.fences_avoided++;
	}
	if (aspace_current() == a) {
		arch_fence_local(a->arch.asid, g->low, pages <= ARCH_FENCE_LOCAL_MAX ? pages : 0);
		h->stats.local_flushes++;
	} else {
		/* This hart may hold old entries of a space that it ran before. */
		__atomic_fetch_or(&a->stale, __atomic_load_n(&a->ran, __ATOMIC_RELAXED) & self,
			__ATOMIC_RELAXED);
	}
	g->low = ~0u;
	g->high = 0;
	g->whole = false;
}

void gather_release(struct gather *g)
{
	for (u32 i = 0; i < g->count; i++)
		frame_put(g->frames[i]);
	g->count = 0;
}

void shootdown_icache(struct aspace *a)
{
	u32 self = 1u << arch_hart_index();

	__atomic_fetch_or(&a->icache_stale, __atomic_load_n(&a->ran, __ATOMIC_RELAXED) & ~self,
		__ATOMIC_RELAXED);
	arch_fence();
	u32 targets = active_elsewhere(a);

	arch_icache_sync_local();
	if (targets)
		arch_icache_sync_remote(targets);
	if (aspace_current() != a)
		__atomic_fetch_or(&a->icache_stale, self, __ATOMIC_RELAXED);
}

/* --- ASIDs --- */

#define ASID_MAX 512
static struct {
	struct spinlock lock;
	u32 count; /* usable: 1..count-2; 0 is the kernel's, the last is the overflow ASID */
	u32 clean[ASID_MAX / 32], dirty[ASID_MAX / 32];
	u32 ran; /* harts that ran any of the dirty ones */
} asids = {.lock = SPINLOCK_INIT(RANK_FRAME)};

void asid_setup(void)
{
	asids.count = min_of(arch_asid_count(), (u32)ASID_MAX);
	for (u32 i = 1; i + 1 < asids.count; i++)
		asids.clean[i / 32] |= 1u << i % 32;
}

u32 asid_overflow(void)
{
	return asids.count > 1 ? asids.count - 1 : 0;
}

static u32 take_clean_locked(void)
{
	for (u32 i = 0; i < ASID_MAX / 32; i++)
		if (asids.clean[i]) {
			u32 bit = (u32)__builtin_ctz(asids.clean[i]);

			asids.clean[i] &= asids.clean[i] - 1;
			return i * 32 + bit;
		}
	return 0;
}

u32 asid_take(void)
{
	spin_lock(&asids.lock);
	u32 asid = take_clean_locked();

	if (!asid) {
		u32 others = asids.ran & ~(1u << arch_hart_index());

		if (others)
			arch_fence_remote_all(others);
		arch_fence_local_all();
		asids.ran = 0;
		for (u32 i = 0; i < ASID_MAX / 32; i++) {
			asids.clean[i] |= asids.dirty[i];
			asids.dirty[i] = 0;
		}
		asid = take_clean_locked();
	}
	spin_unlock(&asids.lock);
	return asid;
}

void asid_return(u32 asid, u32 ran)
{
	if (!asid || asid == asid_overflow())
		return;
	spin_lock(&asids.lock);
	asids.dirty[asid / 32] |= 1u << asid % 32;
	asids.ran |= ran;
	spin_unlock(&asids.lock);
}
