/* Spin locks with ranks.
 *
 * Test-and-set, not tickets: a lock that is handed on in strict order waits for the one hart whose turn
 * it is, and under an emulator with more harts than the host has cores that hart is often not running.
 * (docs/decisions/0003-spin-locks.md has the measurement.) Critical sections are short and harts few,
 * so nobody starves for long.
 *
 * The kernel runs with interrupts off and never sleeps, so a spin lock is all it needs, and holding
 * one can't be interrupted. The lock order of the whole kernel is the order of the ranks below, kept
 * in this one place: a lock may be taken only while every lock held has a lower rank (two of one
 * rank only with spin_lock_nested, and the caller says why). Debug builds keep the ranks held by
 * each hart and panic on a violation.
 */
#ifndef BASE_SPINLOCK_H
#define BASE_SPINLOCK_H

#include <base/log.h>
#include <arch/cpu.h>

enum lock_rank {
	RANK_PROCESS = 1, /* process tree, wait, groups (kernel/process.c) */
	RANK_HANDLES,	  /* a process's handle table */
	RANK_STREAM,	  /* a stream's offset, a pipe's buffer, file locks */
	RANK_ASPACE,	  /* an address space's regions */
	RANK_OBJECT,	  /* a memory object */
	RANK_TABLE,	  /* an address space's page tables: one at a time */
	RANK_PAGER,	  /* a pager's list of dirty objects */
	RANK_PORT,	  /* a port's queues */
	RANK_FUTEX,	  /* a chain of waiters for futex words (kernel/futex.c) */
	RANK_SIGNAL,	  /* a process's pending signals */
	RANK_WAIT,	  /* wait queues: who sleeps on what */
	RANK_THREAD,	  /* a thread's scheduling state */
	RANK_RUNQUEUE,	  /* a hart's run queue */
	RANK_TIMER,	  /* a hart's timer list */
	RANK_LRU,	  /* the lists of file frames */
	RANK_SLAB,
	RANK_FRAME, /* the frame allocator */
	RANK_IRQ,
	RANK_LOG,
};

struct spinlock {
	u32 held;
	u8 rank;
	u8 hart; /* debug: index of the holder + 1 */
};

/* clang-format off */
#define SPINLOCK_INIT(r) {0, (r), 0}
/* clang-format on */

#ifdef QUIRE_DEBUG
void lock_rank_acquire(struct spinlock *l, bool nested);
void lock_rank_release(struct spinlock *l);
/* Panics if this hart holds any lock: at every place where a thread leaves the kernel or waits. */
void lock_rank_assert_none(void);
#else
static inline void lock_rank_acquire(struct spinlock *l, bool nested)
{
	(void)l, (void)nested;
}
static inline void lock_rank_release(struct spinlock *l)
{
	(void)l;
}
static inline void lock_rank_assert_none(void) {}
#endif

static inline void spin_init(struct spinlock *l, enum lock_rank rank)
{
	l->held = 0;
	l->rank = (u8)rank;
	l->hart = 0;
}
static inline void spin_acquire(struct spinlock *l)
{
	while (unlikely(__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE)))
		while (__atomic_load_n(&l->held, __ATOMIC_RELAXED))
			arch_relax();
}
static inline void spin_lock(struct spinlock *l)
{
	lock_rank_acquire(l, false);
	spin_acquire(l);
}
static inline void spin_lock_nested(struct spinlock *l)
{
	lock_rank_acquire(l, true);
	spin_acquire(l);
}
static inline void spin_unlock(struct spinlock *l)
{
	lock_rank_release(l);
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}
static inline bool spin_is_locked(const struct spinlock *l)
{
	return __atomic_load_n(&l->held, __ATOMIC_RELAXED);
}

#endif
