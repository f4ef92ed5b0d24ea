/* Futexes: a thread sleeps while a word of user memory has a value, until somebody wakes the word.
 *
 * Waiters are kept in chains, hashed by what the word is (aspace_futex_key: object and offset if it
 * is shared, space and address if private). Lost wakes:
 *
 *     waiter                              waker
 *     lock chain                          store to the word (user mode)
 *     load the word: unchanged?           FUTEX_WAKE: lock chain
 *     onto the chain's queue              take waiters off
 *     unlock                              unlock
 *
 * The load is made under the chain's lock. So either it sees the store, or the waker finds the
 * waiter on the queue. The word's frame is pinned meanwhile and read through the kernel's own view:
 * user access could fault, and a page that moved could be read where the store did not go.
 *
 * A chain may hold waiters of several words. A wake takes threads off from the front until it has
 * found enough of its own; the others it met are woken as well, find that futex_woken is not set,
 * and wait again: rare, since there are many chains, and harmless.
 */
#include <kernel/futex.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <arch/uaccess.h>

#define CHAINS 256

/* The layout of a robust list: user/lib/include/quire/robust.h. */
#define ROBUST_WAITERS 0x80000000u
#define ROBUST_DIED    0x40000000u
#define ROBUST_TID     0x3fffffffu
#define ROBUST_LIMIT   1024

static struct chain {
	struct spinlock lock; /* RANK_FUTEX */
	struct wait_queue waiters;
} chains[CHAINS];

static struct chain *chain_of(const struct futex_key *key)
{
	u32 hash = ((u32)key->owner >> 4) * 0x9e3779b1u ^ (u32)key->offset * 0x85ebca6bu;
	struct chain *c = &chains[(hash ^ hash >> 16) % CHAINS];

	return c;
}

/* Chains are set up by their first use; zeroed memory is an unlocked lock. */
static void lock_chain(struct chain *c)
{
	if (unlikely(c->lock.rank == 0))
		c->lock.rank = RANK_FUTEX;
	spin_lock(&c->lock);
	if (unlikely(c->waiters.threads.next == NULL))
		wait_queue_init(&c->waiters);
}

static bool waits_for(const struct thread *t, const struct futex_key *key)
{
	return t->futex_owner == key->owner && t->futex_offset == key->offset;
}

static int check_word(vaddr_t word)
{
	if (word & 3)
		return -EINVAL;
	return word < QUIRE_USER_MIN || word > QUIRE_USER_MAX - 4 ? -EFAULT : 0;
}

s32 sys_futex_wait(struct arch_regs *r)
{
	struct thread *t = thread_of(r);
	vaddr_t word = arch_regs_arg(r, 0);
	u32 expected = arch_regs_arg(r, 1), value;
	u64 until = (u64)arch_regs_arg(r, 3) << 32 | arch_regs_arg(r, 2);
	struct futex_key key;
	struct chain *c;
	pfn_t pfn;
	int error;

	if (t->in_call && t->futex_woken) {
		t->futex_woken = false;
		return 0;
	}
	t->futex_woken = false;
	if (t->in_call && t->timed_out)
		return -ETIMEDOUT;
	error = check_word(word);
	if (!error)
		error = arch_load_user_u32(&value, word);
	if (error)
		return error;
	if (value != expected)
		return t->in_call && t->progress ? 0 : -EAGAIN;
	error = aspace_futex_key(t->process->space, word, &key);
	if (!error)
		error = aspace_pin_user(t->process->space, word, &pfn);
	if (error)
		return error;

	c = chain_of(&key);
	lock_chain(c);
	value = __atomic_load_n(
		(u32 *)((char *)arch_frame_address(pfn) + (word & PAGE_MASK)), __ATOMIC_ACQUIRE);
	if (value != expected) {
		error = t->progress ? 0 : -EAGAIN;
	} else if (until != ~0ull && time_now_ns() >= until) {
		error = -ETIMEDOUT;
	} else if (wait_was_interrupted()) {
		error = -EINTR;
	} else {
		t->futex_owner = key.owner;
		t->futex_offset = key.offset;
		t->progress = 1; /* it has waited: a changed word is then a wake, not EAGAIN */
		wait_block_until(&c->waiters, until);
		error = -EBLOCKED;
	}
	spin_unlock(&c->lock);
	frame_unpin(frame_of(pfn));
	return error;
}

int futex_wake_address(vaddr_t word, u32 count)
{
	struct futex_key key;
	struct thread *t;
	struct chain *c;
	u32 woken = 0;
	int error = check_word(word);

	if (!error)
		error = aspace_futex_key(current_process()->space, word, &key);
	if (error)
		return error;
	c = chain_of(&key);
	lock_chain(c);
	/* Nobody joins the queue meanwhile: that needs the chain's lock. */
	while (woken < count && (t = wait_take_one(&c->waiters)) != NULL) {
		if (waits_for(t, &key)) {
			t->futex_woken = true;
			woken++;
		}
		sched_wake(t);
	}
	spin_unlock(&c->lock);
	return (int)woken;
}

s32 sys_futex_wake(struct arch_regs *r)
{
	return futex_wake_address(arch_regs_arg(r, 0), arch_regs_arg(r, 1));
}

s32 sys_set_robust(struct arch_regs *r)
{
	vaddr_t head = arch_regs_arg(r, 0);

	if (head & 3)
		return -EINVAL;
	thread_of(r)->robust_list = head;
	return 0;
}

/* 0 also when the word is not this thread's or is not there. */
static int mark_word(const struct thread *t, vaddr_t word)
{
	u32 value, old;
	int error;

	if (check_word(word))
		return 0;
	error = arch_load_user_u32(&value, word);
	while (!error && (value & ROBUST_TID) == t->tid) {
		error = arch_cmpxchg_user_u32(
			word, value, (value & ROBUST_WAITERS) | ROBUST_DIED, &old);
		if (error)
			break;
		if (old == value) {
			if (value & ROBUST_WAITERS)
				futex_wake_address(word, 1);
			return 0;
		}
		value = old;
	}
	return error == -EBLOCKED ? error : 0;
}

/* A walk that is made again finds the words it has marked no longer the thread's, and goes on. */
int futex_thread_died(struct thread *t)
{
	vaddr_t head = t->robust_list;
	u32 words[3], node; /* struct quire_robust_head */
	int error;

	if (likely(head == 0))
		return 0;
	error = arch_copy_from_user(words, head, sizeof(words));
	if (error == -EBLOCKED)
		return error;
	if (!error) {
		node = words[0];
		for (u32 n = 0; n < ROBUST_LIMIT && node != head && node != 0; n++) {
			u32 next;

			error = arch_load_user_u32(&next, node);
			if (!error && node != words[2])
				error = mark_word(t, node + words[1]);
			if (error == -EBLOCKED)
				return error;
			if (error)
				break;
			node = next;
		}
		if (words[2] != 0 && mark_word(t, words[2] + words[1]) == -EBLOCKED)
			return -EBLOCKED;
	}
	t->robust_list = 0;
	return 0;
}
