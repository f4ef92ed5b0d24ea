/* Shootdown and switch-in: the two halves of one protocol, checked by model A
 * (test/models/shootdown.pml, whose step names stand here; why it is so and not simpler is told in
 * docs/decisions/0001-shootdown-protocol.md).
 *
 * A hart may keep any translation of the space that its translation register names, and may fill its
 * cache at any moment, speculatively. So a frame may be reused only after every hart that could hold
 * a translation to it has fenced. But only harts where the space is active *now* need to be
 * disturbed: one that ran it before can't use entries of an ASID that is not current, and is marked
 * stale, to flush when it next switches to the space.
 *
 *     switch to A on hart h (aspace_switch)          shooter on A (gather_fence_locked)
 *     A1  cur[h] = A | SWITCHING                      S1  table lock
 *     A2  new = !(A.ran |= h had h)                   S2  entries = 0 or narrowed
 *     A3  full fence                                  S3  full fence
 *     A4  st = A.stale & h                            S4  read A.ran
 *     A5  if st: A.stale &= ~h (acquire, release)     S5  A.stale |= A.ran & ~self
 *     A6  if new or st: flush the ASID here           S6  full fence
 *     A7  load the translation register               S7  T = { x != self : cur[x] is A, or SWITCHING }
 *     A8  cur[h] = A                                  S8  remote fence T, local fence
 *                                                     S9  table unlock    S10  only now drop references
 *
 * Why no translation survives. If S7 misses h, then h's A1 came later, so h's A4 sees the stale bit
 * of S5 or h is new, and A6 flushes after S2; or h had left A for good before S7, and is marked stale
 * since S4 found it in ran. If S7 sees h, h is fenced remotely. The tag covers the time between
 * saying "I run another space now" and the register's doing so, in which h still translates through
 * the old tables and its last user stores may be on their way. A6 comes before A7: while the register
 * names another space nothing of this one can be loaded. S3 keeps the look at ran behind the clearing;
 * A5 is ordered both ways, so that a clear that comes late can't wipe out a later shooter's mark. The
 * loads of S7 are acquired, all by one fence behind them: a hart seen to have left has made its last
 * stores by then. Switch-in takes no lock.
 *
 * Instruction fetch (shootdown_icache, icache_stale) goes by the same steps, with fence.i for the flush;
 * here, too, a hart that is new to the space has been marked by nobody and must flush.
 *
 * Widening (invalid to valid, read-only to writable) needs none of this: a hart that still holds the
 * narrower translation takes a fault, finds the entry good, fences locally and goes on.
 *
 * ASIDs of dead spaces are recycled in bulk after one fence of everything, before any new space gets
 * one of them.
 */
#include <mm/shootdown.h>
#include <mm/hart.h>
#include <mm/trace.h>

/* More pages than this are fenced remotely as a whole ASID: firmware does a range page by page, and
 * some firmware turns two pages into everything anyhow. */
#define REMOTE_RANGE_MAX 1

static void leave_to_kernel(struct mm_hart *h)
{
	__atomic_store_n(&h->current, HART_SWITCHING, __ATOMIC_RELAXED); /* A1 */
	arch_fence();							 /* A3 */
	arch_space_activate(NULL);					 /* A7 */
	__atomic_store_n(&h->current, 0, __ATOMIC_RELEASE);		 /* A8 */
}

void aspace_switch(struct aspace *a)
{
	struct mm_hart *h = mm_this_hart();
	u32 self = 1u << arch_hart_index();

	if (h->current == (uintptr_t)a)
		return;
	if (!a) {
		leave_to_kernel(h);
		return;
	}
	__atomic_store_n(&h->current, (uintptr_t)a | HART_SWITCHING, __ATOMIC_RELAXED); /* A1 */
	bool fresh = !(__atomic_load_n(&a->ran, __ATOMIC_RELAXED) & self);

	if (fresh)
		__atomic_fetch_or(&a->ran, self, __ATOMIC_RELAXED);	  /* A2 */
	arch_fence();							  /* A3 */
	bool stale = __atomic_load_n(&a->stale, __ATOMIC_RELAXED) & self; /* A4 */

	if (stale)
		__atomic_fetch_and(&a->stale, ~self, __ATOMIC_ACQ_REL); /* A5 */
	/* The space before may load under the same ASID until then. */
	if (unlikely(a->asid_shared))
		arch_space_activate(NULL);
	if (fresh || stale || a->asid_shared) { /* A6 */
		arch_fence_local(a->arch.asid, 0, 0);
		h->stats.lazy_flushes++;
	}
	arch_space_activate(&a->arch);				       /* A7 */
	__atomic_store_n(&h->current, (uintptr_t)a, __ATOMIC_RELEASE); /* A8 */
	if (unlikely(fresh || __atomic_load_n(&a->icache_stale, __ATOMIC_RELAXED) & self)) {
		__atomic_fetch_and(&a->icache_stale, ~self, __ATOMIC_ACQ_REL);
		arch_icache_sync_local();
	}
}

struct aspace *aspace_current(void)
{
	return (struct aspace *)(mm_this_hart()->current & ~(uintptr_t)HART_SWITCHING);
}

static inline bool names(uintptr_t current, struct aspace *a)
{
	return current == (uintptr_t)a || (current & HART_SWITCHING);
}

/* The harts other than this where the space is active at this moment (S7). Only a hart in `ran` can be. */
static u32 active_elsewhere(struct aspace *a)
{
	u32 candidates = __atomic_load_n(&a->ran, __ATOMIC_RELAXED) & ~(1u << arch_hart_index());
	u32 targets = 0;

	while (candidates) {
		u32 h = (u32)__builtin_ctz(candidates);

		candidates &= candidates - 1;
		if (names(__atomic_load_n(&mm_harts[h].current, __ATOMIC_RELAXED), a))
			targets |= 1u << h;
	}
	/* A hart seen to have left has made its last stores there; what is done next comes after them. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return targets;
}

bool aspace_active_anywhere(struct aspace *a)
{
	for (u32 h = 0; h < arch_hart_count; h++)
		if (names(__atomic_load_n(&mm_harts[h].current, __ATOMIC_ACQUIRE), a))
			return true;
	return false;
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

	arch_fence();						      /* S3 */
	u32 ran = __atomic_load_n(&a->ran, __ATOMIC_RELAXED) & ~self; /* S4 */

	if (ran)
		__atomic_fetch_or(&a->stale, ran, __ATOMIC_RELAXED); /* S5 */
	arch_fence();						     /* S6 */
	u32 targets = active_elsewhere(a);			     /* S7 */

	if (targets) { /* S8 */
		h->stats.fences_sent++;
		h->stats.fence_targets += (u32)__builtin_popcount(targets);
		trace(QUIRE_EV_FENCE, targets, pages, g->low);
		arch_fence_remote(
			targets, a->arch.asid, g->low, pages <= REMOTE_RANGE_MAX ? pages : 0);
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

	arch_fence();
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
