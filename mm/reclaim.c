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
 * ordinary process waits for a writeback or for others to free some. The servers that init started never
 * wait: freeing memory must never need memory.
 *
 * NORESERVE pages are charged one by one when they are touched (mm/cow.c), the charge being the frame's
 * until it is freed; so what is touched without promise can't use up what was promised.
 */
#include <mm/reclaim.h>
#include <mm/slot.h>

u32 lru_evict(u32 want, u32 look, bool hard);

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
	} while (!__atomic_compare_exchange_n(
		&used, &now, now + pages, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return 0;
}

void commit_uncharge(u32 pages)
{
	u32 before = __atomic_fetch_sub(&used, pages, __ATOMIC_RELAXED);

	assert(before >= pages);
}

u32 commit_used(void)
{
	return __atomic_load_n(&used, __ATOMIC_RELAXED);
}
u32 commit_limit(void)
{
	return limit;
}

/* Puts the thread to sleep, unless what it waits for has come. Announced before the look, so that who makes it
 * true after the look sees that somebody waits. */
static int wait_for(bool (*come)(u32), u32 argument)
{
	int error = 0;

	spin_lock(&wait_lock);
	__atomic_store_n(&waiting, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!come(argument)) {
		wait_block(&memory_waiters, NULL);
		error = -EBLOCKED;
	}
	spin_unlock(&wait_lock);
	return error;
}

/* Enough is free; or nothing is on its way to the disk that could come free by itself: then what is left is
 * what commit promised, and waiting would be for ever. */
static bool frames_come(u32 frames)
{
	return frames_free_estimate() >= minimum + frames ||
	       (!__atomic_load_n(&dirty_total, __ATOMIC_RELAXED) && !writebacks_live());
}

static bool below_dirty_cap(u32 unused)
{
	(void)unused;
	return __atomic_load_n(&dirty_total, __ATOMIC_RELAXED) < dirty_cap;
}

bool reclaim_plenty(u32 frames)
{
	return frames_free_estimate() >= low_water + frames;
}

int reclaim_ensure(u32 frames)
{
	if (likely(reclaim_plenty(frames)))
		return 0;
	lru_evict(32, 256, false);
	if (frames_free_estimate() >= minimum + frames || current_is_privileged())
		return 0;
	lru_evict(frames + minimum, 4096, true);
	/* Too little was clean. Pagers flush at least every second. */
	return frames_free_estimate() >= minimum + frames ? 0 : wait_for(frames_come, frames);
}

int reclaim_throttle_dirty(void)
{
	if (likely(below_dirty_cap(0)) || current_is_privileged())
		return 0;
	return wait_for(below_dirty_cap, 0);
}

void reclaim_wake(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (likely(!__atomic_load_n(&waiting, __ATOMIC_RELAXED)))
		return;
	spin_lock(&wait_lock);
	__atomic_store_n(&waiting, 0, __ATOMIC_RELAXED);
	wait_wake_all(&memory_waiters);
	spin_unlock(&wait_lock);
}
