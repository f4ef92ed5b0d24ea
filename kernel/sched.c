/* The scheduler: which thread runs on which hart.
 *
 * Each hart has a run queue of 32 fixed priorities, round robin within one by slices of 10 ms. A
 * thread made ready goes to the hart it ran on last if that is idle, else to another idle one, else
 * to its last again; a hart that runs out looks for work in the others' queues before it idles.
 *
 * States. WAITING and STOPPED threads are on no run queue, READY ones on exactly one, that of
 * last_hart; RUNNING ones are some hart's `current` (or its `next`).
 *
 *     RUNNING -> WAITING, STOPPED, DEAD   by the thread itself, in the kernel
 *     WAITING, STOPPED -> READY, RUNNING  by who wakes it, holding its sched_lock
 *     READY -> RUNNING, RUNNING -> READY  by its hart, holding that hart's queue_lock
 *     READY moved between queues          holding both (requeue), or the victim's queue_lock (steal)
 *
 * on_hart. A thread that goes to sleep is still `current` while its system call unwinds, and its
 * registers and address space are in use until trap_exit takes another. A wake that comes so early
 * must not give it to another hart. So sched_leave clears on_hart under sched_lock after the last
 * use, and a waker under the same lock finds either
 *     on_hart set:   it makes the thread RUNNING again where it is; sched_leave finds that and stays;
 *     on_hart clear: nobody uses it; it is put on a queue.
 *
 * Interrupting a hart. Enqueuing and going idle happen under the queue's lock. So a hart that idles
 * has seen its queue empty and shown `idle` before anyone enqueues, who then sees it and sends an IPI;
 * or it sees the thread. The first to enqueue clears `idle`, so there is one IPI per sleep. A hart
 * that runs is interrupted only for a higher priority; for an equal one its tick is enough, which is
 * armed whenever a thread runs.
 *
 * need_resched is cleared under queue_lock, or by an exchange followed by a look at ready_mask, which
 * is stored before need_resched by who sets it.
 */
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/system.h>
#include <mm/hart.h>
#include <mm/trace.h>

#define SLICE_NS 10000000ull

struct hart harts[MAX_HARTS];
static u32 idle_mask; /* harts that show `idle`; a hint, changed with atomics */
static u32 slice_ticks, fold_ticks;
static struct spinlock account_lock = SPINLOCK_INIT(RANK_TIMER);

static inline u32 highest_bit(u32 mask)
{
	u32 n = 0;

	if (mask >> 16)
		n = 16, mask >>= 16;
	if (mask >> 8)
		n += 8, mask >>= 8;
	if (mask >> 4)
		n += 4, mask >>= 4;
	if (mask >> 2)
		n += 2, mask >>= 2;
	return n + (mask >> 1);
}

static inline u32 lowest_hart(u32 mask)
{
	return highest_bit(mask & -mask);
}

static inline u32 online_mask(void)
{
	return arch_hart_count >= 32 ? ~0u : (1u << arch_hart_count) - 1;
}

void sched_init(void)
{
	for (u32 i = 0; i < MAX_HARTS; i++) {
		struct hart *h = &harts[i];

		h->index = i;
		h->running_priority = -1;
		h->programmed_ns = ~0ull;
		spin_init(&h->queue_lock, RANK_RUNQUEUE);
		spin_init(&h->timer_lock, RANK_TIMER);
		list_init(&h->timers);
		for (u32 p = 0; p < 32; p++)
			list_init(&h->queue[p]);
	}
	slice_ticks = time_ns_to_ticks((u32)SLICE_NS);
	fold_ticks = time_ns_to_ticks(1000000);
}

/* ------------------------------------------------------------------ processor time */

static void fold_time(struct thread *t)
{
	u64 ns = time_ticks_to_ns(t->cpu_ticks);

	t->cpu_ticks = 0;
	spin_lock(&account_lock);
	t->cpu_ns += ns;
	t->process->cpu_ns += ns;
	spin_unlock(&account_lock);
}

static inline void account(struct hart *h, struct thread *t)
{
	u32 now = arch_ticks_low();

	t->cpu_ticks += now - h->switch_ticks;
	h->switch_ticks = now;
	if (unlikely(t->cpu_ticks > fold_ticks))
		fold_time(t);
}

u64 sched_cpu_ns(struct thread *t)
{
	account(this_hart(), t);
	fold_time(t);
	return t->cpu_ns;
}

u64 sched_process_ns(struct process *p)
{
	u64 ns;

	spin_lock(&account_lock);
	ns = p->cpu_ns;
	spin_unlock(&account_lock);
	return ns;
}

/* ------------------------------------------------------------------ queues */

static void enqueue_locked(struct hart *h, struct thread *t, bool front)
{
	u32 p = t->priority;

	debug_assert(spin_is_locked(&h->queue_lock));
	t->state = THREAD_READY;
	t->last_hart = h->index;
	if (front)
		list_push_front(&h->queue[p], &t->run_link);
	else
		list_push_back(&h->queue[p], &t->run_link);
	h->ready_mask |= 1u << p;
	h->ready_count++;
}

static void dequeue_locked(struct hart *h, struct thread *t)
{
	u32 p = t->priority;

	debug_assert(spin_is_locked(&h->queue_lock));
	list_remove(&t->run_link);
	if (list_empty(&h->queue[p]))
		h->ready_mask &= ~(1u << p);
	h->ready_count--;
}

/* The most important ready thread becomes h's to run, or NULL. */
static struct thread *pick_locked(struct hart *h)
{
	struct thread *t;

	if (h->ready_mask == 0)
		return NULL;
	t = list_entry(h->queue[highest_bit(h->ready_mask)].next, struct thread, run_link);
	dequeue_locked(h, t);
	t->state = THREAD_RUNNING;
	t->on_hart = true;
	h->running_priority = (s32)t->priority;
	return t;
}

/* Enqueues on h, and interrupts it if it has to know at once. */
static void enqueue_on(struct hart *h, struct thread *t)
{
	bool kick = false;

	spin_lock(&h->queue_lock);
	enqueue_locked(h, t, false);
	if (h->idle) {
		h->idle = false;
		__atomic_fetch_and(&idle_mask, ~(1u << h->index), __ATOMIC_RELAXED);
		kick = true;
	} else {
		arch_fence(); /* pairs with enter_next: one of us sees what the other stored */
		if (h->running_priority >= 0 && t->priority > h->running_priority)
			kick = !__atomic_exchange_n(&h->need_resched, 1, __ATOMIC_ACQ_REL);
	}
	spin_unlock(&h->queue_lock);
	if (kick && h != this_hart())
		arch_ipi_send(1u << h->index);
}

/* The thread is the caller's alone: sched_lock held, or RUNNING and taken off its hart. */
static void place(struct thread *t)
{
	u32 last = 1u << t->last_hart;
	u32 idle = __atomic_load_n(&idle_mask, __ATOMIC_RELAXED) & t->affinity;
	struct hart *h;

	if (idle & last || (idle == 0 && t->affinity & last))
		h = &harts[t->last_hart];
	else if (idle != 0)
		h = &harts[lowest_hart(idle)];
	else
		h = &harts[lowest_hart(t->affinity & online_mask())];
	enqueue_on(h, t);
}

static void make_ready(struct thread *t, u8 from)
{
	spin_lock(&t->sched_lock);
	if (t->state == from) {
		trace(QUIRE_EV_WAKE, t->tid, 0, 0);
		t->call_waits = false;
		if (t->on_hart)
			t->state = THREAD_RUNNING;
		else
			place(t);
	}
	spin_unlock(&t->sched_lock);
}

void sched_wake(struct thread *t)
{
	make_ready(t, THREAD_WAITING);
}

void sched_continue(struct thread *t)
{
	make_ready(t, THREAD_STOPPED);
}

void sched_break_call(struct thread *t, bool dying)
{
	spin_lock(&t->sched_lock);
	/* We may be late: the signal delivered already, or blocked since. The thread waits, so its mask
	 * stands still now. */
	if (t->state == THREAD_WAITING && t->call_waits && (dying || signal_is_pending(t))) {
		trace(QUIRE_EV_WAKE, t->tid, 0, 0);
		t->call_waits = false;
		t->interrupted = true;
		/* The thread may have cleared the bit; the broken call must be seen to all the same. */
		attention_set(t, ATTENTION_SIGNAL);
		/* Release: trap_exit on the thread's hart must see the attention bit with the state. */
		if (t->on_hart)
			__atomic_store_n(&t->state, THREAD_RUNNING, __ATOMIC_RELEASE);
		else
			place(t);
	}
	spin_unlock(&t->sched_lock);
}

bool sched_claim_call(struct thread *t)
{
	bool claimed;

	spin_lock(&t->sched_lock);
	claimed = t->state == THREAD_WAITING && t->call_waits;
	if (claimed)
		t->call_waits = false;
	spin_unlock(&t->sched_lock);
	return claimed;
}

void sched_poke(struct thread *t)
{
	u32 hart = __atomic_load_n(&t->last_hart, __ATOMIC_RELAXED);

	/* If the thread moves meanwhile it passes trap_exit on its way and sees what it has to. */
	if (__atomic_load_n(&t->on_hart, __ATOMIC_RELAXED) && hart != arch_hart_index())
		arch_ipi_send(1u << hart);
}

/* ------------------------------------------------------------------ switching */

static void arm_tick(struct hart *h, u64 when_ns)
{
	h->tick_armed = true;
	h->tick_ns = when_ns;
	timer_program(h);
}

/* t, RUNNING and on_hart already, becomes this hart's current thread. */
static inline void enter(struct hart *h, struct thread *t)
{
	struct aspace *space = t->process->space;
	struct mm_hart *mh = mm_this_hart();

	h->current = t;
	h->running_priority = (s32)t->priority;
	t->last_hart = h->index;
	mh->stats.switches++;
	trace(QUIRE_EV_SWITCH, t->tid, (u32)t->process->pid, 0);
	if (mh->current != (uintptr_t)space)
		aspace_switch(space);
	if (unlikely(!h->tick_armed))
		arm_tick(h, time_now_ns() + SLICE_NS);
}

/* With the thread that sched_switch_to has chosen. */
static inline void enter_next(struct hart *h, struct thread *t)
{
	__atomic_exchange_n(&h->need_resched, 0, __ATOMIC_ACQ_REL);
	enter(h, t);
	arch_fence();
	if (unlikely(h->ready_mask >> t->priority >> 1))
		__atomic_store_n(&h->need_resched, 1, __ATOMIC_RELAXED);
}

/* sched_leave for the direct switch of a message, all in one: the current thread waits and nothing is
 * to be done for it. NULL: not this simple, take the long way. */
struct arch_regs *sched_leave_for_next(struct hart *h)
{
	struct thread *t = h->current, *next = h->next;

	account(h, t);
	spin_lock(&t->sched_lock);
	if (unlikely(t->state != THREAD_WAITING)) {
		spin_unlock(&t->sched_lock);
		return NULL;
	}
	__atomic_store_n(&t->on_hart, false, __ATOMIC_RELEASE);
	spin_unlock(&t->sched_lock);
	h->next = NULL;
	enter_next(h, next);
	return likely(!(next->attention | h->need_resched)) ? &next->regs : NULL;
}

void sched_leave(struct hart *h)
{
	struct thread *t = h->current, *next = h->next;
	bool dead;

	account(h, t);
	h->next = NULL;
	spin_lock(&t->sched_lock);
	if (t->state == THREAD_RUNNING) {
		/* Woken before it was gone. */
		spin_unlock(&t->sched_lock);
		if (next == NULL)
			return;
		spin_lock(&h->queue_lock);
		t->on_hart = false;
		enqueue_locked(h, t, false);
		spin_unlock(&h->queue_lock);
	} else {
		dead = t->state == THREAD_DEAD;
		__atomic_store_n(&t->on_hart, false, __ATOMIC_RELEASE); /* for sched_switch_to */
		spin_unlock(&t->sched_lock);
		/* From here on t may run elsewhere, and end. */
		if (dead)
			thread_put(t);
	}
	h->current = NULL;
	if (next != NULL) {
		enter_next(h, next);
		return;
	}
	spin_lock(&h->queue_lock);
	h->need_resched = 0;
	h->yielding = false;
	next = pick_locked(h);
	spin_unlock(&h->queue_lock);
	if (next != NULL) {
		h->slice_ticks = h->switch_ticks;
		enter(h, next);
	}
}

/* The current thread runs on unless something at least as important is ready (more important, if it
 * has not yielded or used up its slice), or it may not run here any more. */
void sched_preempt(struct hart *h)
{
	struct thread *t = h->current, *next = NULL;
	bool leaves = !(t->affinity & 1u << h->index);
	bool yields;
	u32 above;

	account(h, t); /* now: once on a queue, t is anyone's */
	spin_lock(&h->queue_lock);
	h->need_resched = 0;
	yields = h->yielding;
	h->yielding = false;
	above = h->ready_mask >> t->priority;
	if (!yields)
		above >>= 1;
	if (above == 0 && !leaves) {
		spin_unlock(&h->queue_lock);
		return;
	}
	next = pick_locked(h);
	h->current = NULL;
	if (!leaves) {
		t->on_hart = false;
		enqueue_locked(h, t, !yields);
	}
	spin_unlock(&h->queue_lock);
	if (leaves) {
		spin_lock(&t->sched_lock);
		t->on_hart = false;
		place(t);
		spin_unlock(&t->sched_lock);
	}
	if (next != NULL) {
		h->slice_ticks = h->switch_ticks;
		enter(h, next);
	}
}

bool sched_switch_to(struct thread *t)
{
	struct hart *h = this_hart();

	if (unlikely(h->need_resched || h->ready_mask >> t->priority >> 1 ||
		     !(t->affinity & 1u << h->index))) {
		sched_wake(t);
		return false;
	}
	/* No lock: nobody else may wake it, and once its hart has let go of it nobody else has it. */
	if (unlikely(__atomic_load_n(&t->on_hart, __ATOMIC_ACQUIRE))) {
		sched_wake(t);
		return false;
	}
	t->state = THREAD_RUNNING;
	t->on_hart = true;
	h->next = t;
	/* trap_exit shall look, even if current is woken before it gets there */
	h->need_resched = 1;
	return true;
}

void sched_yield_current(void)
{
	struct hart *h = this_hart();

	if (h->ready_mask >> h->current->priority) {
		h->yielding = true;
		__atomic_store_n(&h->need_resched, 1, __ATOMIC_RELAXED);
	}
}

/* The timer has fired: is the slice over? */
void sched_tick(void)
{
	struct hart *h = this_hart();
	struct thread *t = h->current;
	u64 now;
	u32 used;

	if (!h->tick_armed)
		return;
	now = time_now_ns();
	if (now < h->tick_ns)
		return;
	if (t == NULL) {
		h->tick_armed = false;
		return;
	}
	account(h, t);
	used = h->switch_ticks - h->slice_ticks;
	if (used >= slice_ticks) {
		h->slice_ticks = h->switch_ticks;
		used = 0;
		sched_yield_current();
	}
	h->tick_ns = now + SLICE_NS - time_ticks_to_ns(used);
}

/* ------------------------------------------------------------------ idling */

static struct thread *steal_from(struct hart *victim, u32 self)
{
	struct thread *found = NULL;
	u32 mask;

	spin_lock(&victim->queue_lock);
	for (mask = victim->ready_mask; mask != 0 && found == NULL;) {
		u32 p = highest_bit(mask);

		mask &= ~(1u << p);
		list_for_each(t, &victim->queue[p], struct thread, run_link)
			if (t->affinity & 1u << self) {
				found = t;
				break;
			}
	}
	if (found != NULL) {
		dequeue_locked(victim, found);
		found->state = THREAD_RUNNING;
		found->on_hart = true;
		found->last_hart = self;
	}
	spin_unlock(&victim->queue_lock);
	return found;
}

static struct thread *steal(struct hart *h)
{
	for (u32 n = 1; n < arch_hart_count; n++) {
		struct hart *victim = &harts[(h->index + n) % arch_hart_count];
		struct thread *t;

		if (__atomic_load_n(&victim->ready_count, __ATOMIC_RELAXED) == 0)
			continue;
		t = steal_from(victim, h->index);
		if (t != NULL) {
			mm_this_hart()->stats.steals++;
			return t;
		}
	}
	return NULL;
}

/* Waits, with the kernel's own root loaded, until there is a thread for this hart. */
void sched_idle(struct hart *h)
{
	u64 since = time_now_ns(), now;
	struct thread *t;

	aspace_switch(NULL);
	for (;;) {
		spin_lock(&h->queue_lock);
		h->running_priority = -1;
		h->need_resched = 0;
		t = pick_locked(h);
		h->idle = t == NULL;
		if (t == NULL)
			__atomic_fetch_or(&idle_mask, 1u << h->index, __ATOMIC_RELAXED);
		else
			__atomic_fetch_and(&idle_mask, ~(1u << h->index), __ATOMIC_RELAXED);
		spin_unlock(&h->queue_lock);
		if (t != NULL)
			break;
		t = steal(h);
		if (t != NULL) {
			spin_lock(&h->queue_lock);
			h->idle = false;
			h->running_priority = (s32)t->priority;
			/* What was sent here meanwhile may be more important. */
			h->need_resched = h->ready_mask >> t->priority >> 1 ? 1 : 0;
			spin_unlock(&h->queue_lock);
			__atomic_fetch_and(&idle_mask, ~(1u << h->index), __ATOMIC_RELAXED);
			break;
		}
		/* The checker may have sent its interrupt before this hart had started to take any. */
		kernel_stop_poll();
		if (!frames_zero_ahead())
			arch_wait_for_interrupt();
	}
	now = time_now_ns();
	mm_this_hart()->stats.idle_ns += now - since;
	h->switch_ticks = arch_ticks_low();
	h->slice_ticks = h->switch_ticks;
	enter(h, t);
}

/* ------------------------------------------------------------------ system calls */

/* Changes a READY thread's place by what `change` does to it; any other state needs no place. */
static void requeue(struct thread *t, u32 affinity, int priority)
{
	struct hart *h;

	spin_lock(&t->sched_lock);
	for (;;) {
		h = &harts[__atomic_load_n(&t->last_hart, __ATOMIC_RELAXED)];
		spin_lock(&h->queue_lock);
		if (t->last_hart == h->index)
			break;
		spin_unlock(&h->queue_lock);
	}
	if (t->state == THREAD_READY) {
		dequeue_locked(h, t);
		t->affinity = affinity;
		t->priority = (u8)priority;
		t->state = THREAD_WAITING; /* nobody's, but ours under sched_lock */
		spin_unlock(&h->queue_lock);
		place(t);
	} else {
		t->affinity = affinity;
		t->priority = (u8)priority;
		if (t->state == THREAD_RUNNING && h->current == t) {
			h->running_priority = (s32)priority;
			__atomic_store_n(&h->need_resched, 1, __ATOMIC_RELEASE);
		}
		spin_unlock(&h->queue_lock);
	}
	spin_unlock(&t->sched_lock);
	sched_poke(t);
}

s32 sys_yield(struct arch_regs *r)
{
	(void)r;
	sched_yield_current();
	return 0;
}

s32 sys_getcpu(struct arch_regs *r)
{
	(void)r;
	return (s32)arch_hart_index();
}

/* The thread that a tid argument means, with a reference; 0 is the caller. */
static struct thread *thread_argument(struct arch_regs *r, u32 tid)
{
	if (tid == 0) {
		thread_get(thread_of(r));
		return thread_of(r);
	}
	return thread_find(tid);
}

s32 sys_affinity(struct arch_regs *r)
{
	struct thread *t = thread_argument(r, arch_regs_arg(r, 0));
	u32 mask = arch_regs_arg(r, 1);
	s32 result = 0;

	if (t == NULL)
		return -ESRCH;
	if (mask != 0) {
		mask &= online_mask();
		if (mask == 0)
			result = -EINVAL;
		else
			requeue(t, mask, t->priority);
	}
	/* The mask is a result with all 32 bits: it goes out past the error test. */
	if (result == 0) {
		arch_regs_set(r, 0, t->affinity & online_mask());
		result = -ENORESULT;
	}
	thread_put(t);
	return result;
}

s32 sys_priority(struct arch_regs *r)
{
	struct thread *t = thread_argument(r, arch_regs_arg(r, 0));
	s32 priority = (s32)arch_regs_arg(r, 1);
	s32 result;

	if (t == NULL)
		return -ESRCH;
	if (priority < -1 || priority > 31) {
		result = -EINVAL;
	} else if (priority > PRIORITY_USER && priority > t->priority && !current_is_privileged()) {
		result = -EPERM;
	} else {
		if (priority >= 0)
			requeue(t, t->affinity, priority);
		result = t->priority;
	}
	thread_put(t);
	return result;
}
