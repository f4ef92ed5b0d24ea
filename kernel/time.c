/* Time: clocks, timers, alarms.
 *
 * Each hart keeps its timers in a list by time, under its timer_lock, and asks the machine for the
 * earliest of them and of the scheduler's tick. The machine is asked only when that is earlier than
 * what it is set to already; an interrupt that comes too early finds nothing due and sets it anew.
 *
 * A timer stays on the list of the hart that armed it. Disarming from elsewhere takes that hart's
 * lock. Expiry takes the timer off under the lock, drops the lock, and acts; the reference that an
 * armed timer holds is passed on to it, so what it acts on is alive, and whether the expiry is still
 * wanted is decided there: under wait_lock for a thread (its deadline must have passed in the wait
 * it is in then), under alarm_lock for an alarm. A port timer that is set again while it expires may
 * notify once more than asked; its owner looks at the clock.
 */
#include <kernel/port.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <arch/boot.h>
#include <arch/uaccess.h>

#define ALARM_INTERVAL_MIN_NS 100000

static u64 wall_base_ns; /* wall clock = this + monotonic */
static u32 ns_whole, ns_fraction;
static struct spinlock arm_lock = SPINLOCK_INIT(RANK_THREAD);  /* who arms port timers */
static struct spinlock alarm_lock = SPINLOCK_INIT(RANK_FUTEX); /* alarms: before RANK_SIGNAL */
static struct wait_queue sleepers;

u64 time_now_ns(void)
{
	return arch_time_ns();
}

void time_init(void)
{
	u64 wall = arch_wall_clock_ns(), hz = boot_facts.timebase_hz;

	wait_queue_init(&sleepers);
	wall_base_ns = wall != 0 ? wall - time_now_ns() : 0;
	if (hz == 0 || hz > 0xffffffffu)
		hz = 10000000;
	ns_whole = (u32)(1000000000u / hz);
	ns_fraction = (u32)(((1000000000ull % hz) << 32) / hz);
}

u64 time_ticks_to_ns(u32 ticks)
{
	return (u64)ticks * ns_whole + ((u64)ticks * ns_fraction >> 32);
}

u32 time_ns_to_ticks(u32 ns)
{
	u64 hz = boot_facts.timebase_hz;

	return (u32)(ns * hz / 1000000000u);
}

/* ------------------------------------------------------------------ timers */

static struct thread *timer_thread(struct timer *t)
{
	return container_of(t, struct thread, timer);
}
static struct port *timer_port(struct timer *t)
{
	return container_of(t, struct port, timer);
}
static struct port *timer_detached_port(struct timer *t)
{
	return container_of(t, struct port, detached_timer);
}
static struct process *timer_process(struct timer *t)
{
	return t->kind == TIMER_CPU ? container_of(t, struct process, cpu_timer)
				    : container_of(t, struct process, alarm);
}

static void owner_get(struct timer *t)
{
	if (t->kind == TIMER_THREAD)
		thread_get(timer_thread(t));
	else if (t->kind == TIMER_PORT)
		port_get(timer_port(t));
	else if (t->kind == TIMER_DETACHED)
		port_get(timer_detached_port(t));
	else
		process_get(timer_process(t));
}

static void owner_put(struct timer *t)
{
	if (t->kind == TIMER_THREAD)
		thread_put(timer_thread(t));
	else if (t->kind == TIMER_PORT)
		port_put(timer_port(t));
	else if (t->kind == TIMER_DETACHED)
		port_put(timer_detached_port(t));
	else
		process_put(timer_process(t));
}

static void program_locked(struct hart *h)
{
	struct timer *first = list_first(&h->timers, struct timer, link);
	u64 want = h->tick_armed ? h->tick_ns : ~0ull;

	if (first != NULL && first->at_ns < want)
		want = first->at_ns;
	if (want < h->programmed_ns) {
		h->programmed_ns = want;
		arch_timer_set(want);
	}
}

void timer_program(struct hart *h)
{
	spin_lock(&h->timer_lock);
	program_locked(h);
	spin_unlock(&h->timer_lock);
}

void timer_disarm(struct timer *t)
{
	struct hart *h;
	bool was;

	if (!__atomic_load_n(&t->armed, __ATOMIC_ACQUIRE))
		return;
	h = &harts[t->hart];
	spin_lock(&h->timer_lock);
	was = t->armed;
	if (was) {
		list_remove(&t->link);
		t->armed = false;
	}
	spin_unlock(&h->timer_lock);
	if (was)
		owner_put(t);
}

void timer_arm(struct timer *t, u64 when_ns)
{
	struct hart *h = this_hart();
	struct list *at;

	timer_disarm(t);
	if (when_ns == 0 || when_ns == ~0ull)
		return;
	owner_get(t);
	spin_lock(&h->timer_lock);
	t->hart = (u8)h->index;
	t->at_ns = when_ns;
	/* From the end: later timers are mostly armed later. */
	for (at = h->timers.prev; at != &h->timers; at = at->prev)
		if (list_entry(at, struct timer, link)->at_ns <= when_ns)
			break;
	list_insert_between(&t->link, at, at->next);
	t->armed = true;
	program_locked(h);
	spin_unlock(&h->timer_lock);
}

/* 0: none. */
static void set_alarm_locked(struct process *p, u64 at_ns)
{
	p->alarm_at_ns = at_ns;
	timer_arm(&p->alarm, at_ns);
}

void timer_arm_port(struct port *p, u64 when_ns)
{
	spin_lock(&arm_lock);
	timer_arm(&p->timer, when_ns);
	spin_unlock(&arm_lock);
}

void timer_arm_detached(struct port *p, u64 when_ns)
{
	spin_lock(&arm_lock);
	timer_arm(&p->detached_timer, when_ns);
	spin_unlock(&arm_lock);
}

/* The signal is sent in the same hold: once SYS_ITIMER has changed the alarm, no signal of the old one
 * comes any more. An alarm that was changed between its timer's end and here has another time by now. */
static void alarm_fired(struct process *p, u64 at_ns, u64 now)
{
	struct quire_siginfo info = {.signo = QSIGALRM, .code = QUIRE_SI_KERNEL};
	u64 next = 0;

	spin_lock(&alarm_lock);
	if (p->alarm_at_ns == at_ns) {
		if (p->alarm_interval_ns != 0) {
			next = at_ns + p->alarm_interval_ns;
			if (next <= now)
				next = now + p->alarm_interval_ns;
		}
		set_alarm_locked(p, next);
		signal_send_process(p, QSIGALRM, &info);
	}
	spin_unlock(&alarm_lock);
}

static void fire(struct timer *t, u64 at_ns, u64 now)
{
	if (t->kind == TIMER_THREAD)
		wait_deadline_passed(timer_thread(t), now);
	else if (t->kind == TIMER_PORT)
		port_notify(timer_port(t), timer_port(t)->timer_bits);
	else if (t->kind == TIMER_DETACHED)
		port_detached_timer(timer_detached_port(t), now);
	else if (t->kind == TIMER_CPU)
		limit_cpu_timer(timer_process(t));
	else
		alarm_fired(timer_process(t), at_ns, now);
}

void timers_run(void)
{
	struct hart *h = this_hart();
	u64 now = time_now_ns();

	h->programmed_ns = ~0ull;
	for (;;) {
		struct timer *t;
		u64 at_ns;

		spin_lock(&h->timer_lock);
		t = list_first(&h->timers, struct timer, link);
		if (t == NULL || t->at_ns > now) {
			spin_unlock(&h->timer_lock);
			return;
		}
		at_ns = t->at_ns;
		list_remove(&t->link);
		t->armed = false;
		spin_unlock(&h->timer_lock);
		fire(t, at_ns, now);
		owner_put(t);
	}
}

/* ------------------------------------------------------------------ system calls */

s32 sys_clock(struct arch_regs *r)
{
	struct thread *t = thread_of(r);
	u64 ns;

	switch (arch_regs_arg(r, 0)) {
	case QUIRE_CLOCK_MONOTONIC: ns = time_now_ns(); break;
	case QUIRE_CLOCK_REALTIME: ns = wall_base_ns + time_now_ns(); break;
	case QUIRE_CLOCK_THREAD: ns = sched_cpu_ns(t); break;
	case QUIRE_CLOCK_PROCESS:
		sched_cpu_ns(t);
		ns = sched_process_ns(t->process);
		break;
	default: arch_regs_set(r, 1, ~0u); return -EINVAL;
	}
	arch_regs_set(r, 0, (u32)ns);
	arch_regs_set(r, 1, (u32)(ns >> 32));
	return -ENORESULT;
}

s32 sys_sleep(struct arch_regs *r)
{
	u64 until = (u64)arch_regs_arg(r, 1) << 32 | arch_regs_arg(r, 0);

	if (until <= time_now_ns())
		return 0;
	if (wait_was_interrupted())
		return -EINTR;
	wait_block_until(&sleepers, until);
	return -EBLOCKED;
}

s32 sys_itimer(struct arch_regs *r)
{
	struct process *p = thread_of(r)->process;
	vaddr_t new_at = arch_regs_arg(r, 0), old_at = arch_regs_arg(r, 1);
	struct quire_itimer new, old;
	u64 now = time_now_ns();
	int error;

	if (new_at != 0) {
		error = arch_copy_from_user(&new, new_at, sizeof(new));
		if (error)
			return error;
	}
	if (old_at != 0) {
		spin_lock(&alarm_lock);
		old.interval_ns = p->alarm_interval_ns;
		old.value_ns = 0;
		if (p->alarm_at_ns != 0)
			old.value_ns = p->alarm_at_ns > now ? p->alarm_at_ns - now : 1;
		spin_unlock(&alarm_lock);
		error = arch_copy_to_user(old_at, &old, sizeof(old));
		if (error)
			return error;
	}
	if (new_at != 0) {
		spin_lock(&alarm_lock);
		/* An interval shorter than the work it makes would leave no time for anything else. */
		if (new.interval_ns != 0 && new.interval_ns < ALARM_INTERVAL_MIN_NS)
			new.interval_ns = ALARM_INTERVAL_MIN_NS;
		p->alarm_interval_ns = new.value_ns != 0 ? new.interval_ns : 0;
		/* A time too far to represent is never. */
		if (new.value_ns > ~0ull - now)
			new.value_ns = ~0ull - now;
		set_alarm_locked(p, new.value_ns != 0 ? now + new.value_ns : 0);
		spin_unlock(&alarm_lock);
	}
	return 0;
}

/* The process ends: no more alarms. */
void alarm_cancel(struct process *p)
{
	spin_lock(&alarm_lock);
	p->alarm_interval_ns = 0;
	set_alarm_locked(p, 0);
	spin_unlock(&alarm_lock);
}
