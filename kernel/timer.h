/* One-shot timers, one sorted list per hart; the protocol is told at the top of kernel/time.c.
 *
 * An armed timer holds a counted reference to what it is embedded in, so that expiry, which drops
 * the list's lock before it acts, never meets freed memory.
 */
#ifndef KERNEL_TIMER_H
#define KERNEL_TIMER_H

#include <base/list.h>

enum timer_kind {
	TIMER_THREAD,	/* struct thread: the deadline of its wait */
	TIMER_PORT,	/* struct port: SYS_TIMER_SET */
	TIMER_ALARM,	/* struct process: SYS_ITIMER */
	TIMER_CPU,	/* struct process: its processor time may be used up */
	TIMER_DETACHED, /* struct port: its server died, and requests wait for the next */
};

struct timer {
	/* hart's list; guarded by that hart's timer_lock, as are the fields below */
	struct list link;
	u64 at_ns;
	u8 kind; /* enum timer_kind; never changes */
	u8 hart; /* whose list; written only by who arms it */
	bool armed;
};

static inline void timer_init(struct timer *t, enum timer_kind kind)
{
	list_init(&t->link);
	t->at_ns = 0;
	t->kind = (u8)kind;
	t->hart = 0;
	t->armed = false;
}

struct port;

/* Arms (again) for a time; 0 and ~0 disarm. The owner's reference is taken and dropped by these.
 * Arming and disarming one timer must be serialized by the caller; time.c does so for ports. */
void timer_arm(struct timer *t, u64 when_ns);
void timer_disarm(struct timer *t);

/* A port's one timer: at `when` its timer_bits are notified. 0 disarms. Call with 0 when the port's
 * last receiver goes, or the port lives until the time has come. May be called with the port's lock
 * held (port_put of a last reference never happens in it: the caller holds one). */
void timer_arm_port(struct port *p, u64 when_ns);
/* The same for the time until a dead server's requests are reported, then failed. */
void timer_arm_detached(struct port *p, u64 when_ns);

#endif
