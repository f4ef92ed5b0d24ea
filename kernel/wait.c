/* Waiting: who sleeps on what, and how a sleep ends.
 *
 * A thread that has to wait is put on a queue (wait_block) or marked as waiting in a call
 * (wait_block_call), and its system call unwinds with -EBLOCKED. One lock, wait_lock, guards every
 * queue and the waiting fields of every thread, so that a wait has exactly one end, whichever comes
 * first: a wake, its deadline, a signal, or death. Each of these finds waiting_on set under the lock
 * and clears it, or finds it clear and does nothing.
 *
 *   lost wake         The sleeper calls wait_block while it holds the lock of its condition; the
 *                     waker changes the condition under that lock before it wakes. So the waker
 *                     either comes before the sleeper has looked, or finds it on the queue.
 *   lost signal       The sender sets the pending bit and ATTENTION_SIGNAL, then calls
 *                     wait_interrupt. If the thread is not on a queue yet, it gets there after
 *                     wait_interrupt released wait_lock, so its trap_exit, later still, sees the
 *                     attention bit and breaks the wait itself. Death works the same way.
 *   woken too early   A thread can be woken before it has left its hart: sched_wake knows
 *                     (on_hart) and leaves it there, running.
 *   stale deadline    Expiry looks at the deadline again under wait_lock: if the thread is in
 *                     another wait by then, that one ends only if its own deadline has passed.
 *   page request      Its reference cannot be dropped by the waker, who may hold the object's lock.
 *                     The thread drops it on its way out (ATTENTION_REQUEST).
 *   answered call     A reply and a signal race for a thread in a call. The signal only wakes the
 *                     thread (call_waits tells that it may); the thread itself then gives the call
 *                     up, on its way through trap_exit, with ipc_abandon_call, which decides under
 *                     the port's lock. A reply that comes in between finds the call and wins.
 */
#include <kernel/process.h>

static struct spinlock wait_lock = SPINLOCK_INIT(RANK_WAIT);

static void block(struct wait_queue *q, struct page_request *req, u64 deadline_ns)
{
	struct thread *t = current_thread();

	if (req != NULL)
		request_get(req);
	spin_lock(&wait_lock);
	debug_assert(t->waiting_on == NULL && t->waiting_request == NULL);
	t->waiting_on = q;
	list_push_back(&q->threads, &t->wait_link);
	t->waiting_request = req;
	if (req != NULL)
		t->interruptible = false;
	t->timed_out = false;
	t->deadline_ns = deadline_ns;
	if (deadline_ns != ~0ull)
		timer_arm(&t->timer, deadline_ns);
	t->state = THREAD_WAITING;
	spin_unlock(&wait_lock);
}

void wait_block(struct wait_queue *q, struct page_request *req)
{
	block(q, req, ~0ull);
}

void wait_block_until(struct wait_queue *q, u64 deadline_ns)
{
	block(q, NULL, deadline_ns);
}

void wait_block_call(void)
{
	struct thread *t = current_thread();

	t->call_waits = true;
	t->state = THREAD_WAITING;
	/* No lock orders this against break_wait: what it reads is stored before trap_exit looks at the
	 * attention bits, which it has set before it reads. */
	arch_fence();
}

/* Ends the wait of a thread that is on a queue; it is the caller's to wake. */
static void take_off_locked(struct thread *t)
{
	debug_assert(spin_is_locked(&wait_lock));
	list_remove(&t->wait_link);
	t->waiting_on = NULL;
	t->interruptible = false;
	if (unlikely(t->deadline_ns != ~0ull))
		timer_disarm(&t->timer);
	if (t->waiting_request != NULL)
		attention_set(t, ATTENTION_REQUEST);
}

const void *current_waiter(void)
{
	return current_thread();
}

void wait_wake_all(struct wait_queue *q)
{
	struct list *n;

	/* An empty queue needs no lock: who is about to sleep holds the condition's lock, and so
	 * does our caller or he has held it since he changed the condition. */
	if (list_empty(&q->threads))
		return;
	spin_lock(&wait_lock);
	while ((n = q->threads.next) != &q->threads) {
		struct thread *t = list_entry(n, struct thread, wait_link);

		take_off_locked(t);
		sched_wake(t);
	}
	spin_unlock(&wait_lock);
}

struct thread *wait_take_one(struct wait_queue *q)
{
	struct thread *t = NULL;

	if (list_empty(&q->threads))
		return NULL;
	spin_lock(&wait_lock);
	if (!list_empty(&q->threads)) {
		t = list_entry(q->threads.next, struct thread, wait_link);
		take_off_locked(t);
	}
	spin_unlock(&wait_lock);
	return t;
}

void wait_wake_one(struct wait_queue *q)
{
	struct thread *t = wait_take_one(q);

	if (t != NULL)
		sched_wake(t);
}

/* Breaks a wait on a queue. False: the thread is on none. */
static bool break_queue_wait(struct thread *t, bool dying)
{
	bool waits;

	spin_lock(&wait_lock);
	waits = t->waiting_on != NULL;
	if (waits && (dying || t->interruptible)) {
		t->interrupted = true;
		/* We may be late, the signal delivered already and the bit cleared: a parked call must be
		 * seen to all the same. */
		attention_set(t, ATTENTION_SIGNAL);
		take_off_locked(t);
		sched_wake(t);
	}
	spin_unlock(&wait_lock);
	return waits;
}

static void break_wait(struct thread *t, bool dying)
{
	if (break_queue_wait(t, dying))
		return;
	/* Without a lock: if the thread begins to wait in its call only now, its trap_exit sees the
	 * attention bit that our caller has set. */
	if (dying || t->interruptible)
		sched_break_call(t, dying);
}

void wait_interrupt(struct thread *t)
{
	break_wait(t, false);
}

void wait_break(struct thread *t)
{
	break_wait(t, true);
}

void wait_deadline_passed(struct thread *t, u64 now_ns)
{
	spin_lock(&wait_lock);
	if (t->waiting_on != NULL && t->deadline_ns <= now_ns) {
		t->timed_out = true;
		take_off_locked(t);
		sched_wake(t);
	}
	spin_unlock(&wait_lock);
}

bool wait_was_interrupted(void)
{
	struct thread *t = current_thread();

	if (t->interrupted || signal_is_pending(t)) {
		t->interrupted = false;
		return true;
	}
	t->interruptible = true;
	return false;
}
