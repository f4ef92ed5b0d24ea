/* Commit accounting, and giving memory back before it is needed.
 *
 * Promise P8: what a process was given can always be touched. Every page that can only live in memory
 * (private writable pages, anonymous objects, page tables) is charged against a limit when it is
 * promised, not when it is touched; the limit leaves room for the kernel and for a minimum of file
 * pages. File pages are not charged: clean ones can be evicted at any time, and dirty ones are capped
 * at a quarter of memory, so a frame can always be had by evicting.
 *
 * Nothing reclaims in the middle of an operation. Calls that are about to allocate say so first, with
 * no lock held; when free frames are low they evict a few clean pages, and below the minimum an
 * ordinary process waits until others have freed some. Pagers and drivers never wait: freeing memory
 * must never need memory.
 */
#include <mm/reclaim.h>
#include <mm/slot.h>

u32 lru_evict(u32 want, u32 look);

static u32 used;
static u32 limit;
static u32 low_water, minimum, dirty_cap;
static struct spinlock wait_lock = SPINLOCK_INIT(RANK_OBJECT);
static struct wait_queue memory_waiters;
static u32 waiting;

void reclaim_setup(void)
{
	struct frame_counts c;

	frames_count(&c);
	low_water = max_of(c.total / 64, 64u);
	minimum = max_of(c.total / 256, 24u);
	dirty_cap = c.total / 4;
	limit = c.free - max_of(c.total / 16, 256u);
	wait_queue_init(&memory_waiters);
}

int commit_charge(u32 pages)
{
	u32 now = __atomic_load_n(&used, __ATOMIC_RELAXED);

	do {
		if (pages > limit || now > limit - pages)
			return -ENOMEM;
	} while (!__atomic_compare_exchange_n(&used, &now, now + pages, false, __ATOMIC_RELAXED,
		__ATOMIC_RELAXED));
	return 0;
}

void commit_uncharge(u32 pages)
{
	u32 before = __atomic_fetch_sub(&used, pages, __ATOMIC_RELAXED);

	assert(before >= pages);
}

u32 commit_used(void) { return __atomic_load_n(&used, __ATOMIC_RELAXED); }
u32 commit_limit(void) { return limit; }

int reclaim_ensure(u32 frames)
{
	u32 free = frames_free_estimate();

	if (likely(free >= low_water + frames))
		return 0;
	lru_evict(32, 256);
	free = frames_free_estimate();
	if (free >= minimum + frames || current_is_privileged())
		return 0;
	if (lru_evict(frames + minimum, 4096))
		return 0;
	/* Nothing clean is left. Ask for writeback by waiting: pagers flush at least every second. */
	spin_lock(&wait_lock);
	wait_block(&memory_waiters, NULL);
	__atomic_store_n(&waiting, 1, __ATOMIC_RELAXED);
	spin_unlock(&wait_lock);
	return -EBLOCKED;
}

int reclaim_throttle_dirty(void)
{
	if (likely(__atomic_load_n(&dirty_total, __ATOMIC_RELAXED) < dirty_cap) ||
		current_is_privileged())
		return 0;
	spin_lock(&wait_lock);
	if (dirty_total < dirty_cap) {
		spin_unlock(&wait_lock);
		return 0;
	}
	wait_block(&memory_waiters, NULL);
	__atomic_store_n(&waiting, 1, __ATOMIC_RELAXED);
	spin_unlock(&wait_lock);
	return -EBLOCKED;
}

void reclaim_wake(void)
{
	if (likely(!__atomic_load_n(&waiting, __ATOMIC_RELAXED)))
		return;
	spin_lock(&wait_lock);
	__atomic_store_n(&waiting, 0, __ATOMIC_RELAXED);
	wait_wake_all(&memory_waiters);
	spin_unlock(&wait_lock);
}
