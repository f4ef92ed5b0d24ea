/* Ports, channels, messages; see the top of kernel/ipc.c for the protocol. */
#ifndef KERNEL_PORT_H
#define KERNEL_PORT_H

#include <kernel/thread.h>

struct port {
	struct pager pager;   /* first in spirit: mm/ knows the port by this */
	struct spinlock lock; /* RANK_PORT: all below */
	u32 refs;
	u32 receivers;			  /* handles with RIGHT_RECV; 0: calls fail with EPIPE */
	struct list callers;		  /* thread.call_link: CALL_QUEUED */
	struct list requests;		  /* page_request.port_link */
	struct list taken;		  /* thread.call_link: CALL_TAKEN, whose replies are owed */
	struct wait_queue server_waiters; /* parked receivers */
	struct process *server; /* whose thread received last; only compared, never followed */
	u32 notify_bits;
	u32 timer_bits;
	struct timer timer; /* TIMER_PORT; time.c's, through timer_arm_port */
	struct list closed; /* watched channels that were closed, to be told */
	/* While no server has followed a dead one (port.c): when it died, and what has been done about it. */
	u64 detached_ns;
	u32 detached;		     /* enum port_detached; written under the lock */
	struct timer detached_timer; /* TIMER_DETACHED */
	struct list watched;	     /* channel.watched_link: all of these, told ones excepted */
};

struct channel {
	u32 refs;	   /* handles */
	struct port *port; /* counted reference */
	u32 badge;
	bool watch;
	struct list closed_link;
	struct list watched_link; /* guarded by the port's lock */
};

/* One more handle, one less; rights tell receivers from others. */
void port_handle_get(void *port, u32 rights);
void port_handle_put(void *port, u32 rights);
void channel_handle_get(void *channel, u32 rights);
void channel_handle_put(void *channel, u32 rights);
void ports_init(void);
/* For the counts of SYS_INFO. */
extern u32 ports_live, channels_live;

enum port_detached { PORT_ATTACHED, PORT_DETACHED, PORT_WARNED, PORT_GIVEN_UP };
/* The server has died; another receives. */
void port_detach(struct port *p);
void port_attach(struct port *p);
void port_detached_timer(struct port *p, u64 now);
/* How long page requests wait for a dead server's successor (QUIRE_TUNE_DETACHED). */
extern u32 port_detached_ms;

/* Makes a waiting receiver look at the port again. The port's lock is held. */
void port_wake_server_locked(struct port *p);

void port_get(struct port *p);
void port_put(struct port *p);
/* Sets bits and wakes a receiver; from any context (interrupts, timers, mm/). */
void port_notify(struct port *p, u32 bits);
void channel_free(struct channel *c);
/* Takes the calls on the list out of their wait with this result; then, with no lock held, lets them run. */
void ipc_fail_calls_locked(struct port *p, struct list *calls, int error);
void ipc_wake_failed(struct list *calls);
/* The thread's own references to ports go, at its end. */
void ipc_thread_gone(struct thread *t);
/* A process has died: calls it took and did not answer fail with ECONNRESET; pager requests
 * delivered to it are queued again when it was the port's last receiver's process. */
void ipc_process_died(struct process *p);
/* The thread leaves a call it waits in (signal or death): off the queue, or its reply token void. */
void ipc_abandon_call(struct thread *t);

#endif
