/* Ports, channels, messages; see the top of kernel/ipc.c for the protocol. */
#ifndef KERNEL_PORT_H
#define KERNEL_PORT_H

#include <kernel/thread.h>

struct port {
	struct pager pager;   /* first in spirit: mm/ knows the port by this */
	struct spinlock lock; /* RANK_PORT: all below */
	u32 refs;
	u32 receivers;	      /* handles with RIGHT_RECV; 0: calls fail with EPIPE */
	struct list callers;  /* thread.call_link: CALL_QUEUED */
	struct list requests; /* page_request.port_link */
	struct list idle_servers; /* waiting receivers; wait queue of them */
	struct wait_queue server_waiters;
	u32 notify_bits;
	u32 timer_bits;
	struct timer timer; /* TIMER_PORT; time.c's, through timer_arm_port */
	struct list closed; /* watched channels that were closed, to be told */
};

struct channel {
	u32 refs;    /* handles */
	struct port *port; /* counted reference */
	u32 badge;
	bool watch;
	struct list closed_link;
};

void port_get(struct port *p);
void port_put(struct port *p);
/* Sets bits and wakes a receiver; from any context (interrupts, timers, mm/). */
void port_notify(struct port *p, u32 bits);
/* A process has died: calls it took and did not answer fail with ECONNRESET; pager requests
 * delivered to it are queued again when it was the port's last receiver's process. */
void ipc_process_died(struct process *p);
/* The thread leaves a call it waits in (signal or death): off the queue, or its reply token void. */
void ipc_abandon_call(struct thread *t);

#endif
