/* What memory objects ask of their pagers, and what mm/ asks of the kernel above it.
 *
 * mm/ knows no threads and no ports. A request is an object of the kernel's: it lives until its
 * last waiter has gone and its pager has answered or its object has died, whoever crashes meanwhile.
 *
 *     created by a fault, read, write, msync ... -> QUEUED on the pager's port
 *       -> DELIVERED as a message (its id is the token that an answer must name)
 *       -> DONE: answered, or failed; waiters are woken and run their call again
 *
 * If the pager dies, DELIVERED requests go back to QUEUED and are delivered again to the next one.
 */
#ifndef MM_PAGER_H
#define MM_PAGER_H

#include <base/list.h>
#include <base/spinlock.h>
#include <quire/abi.h>

struct memory_object;

/* Threads that wait for one thing. Implemented by kernel/wait.c, or by the host simulation. */
struct wait_queue {
	struct list threads;
};
static inline void wait_queue_init(struct wait_queue *q)
{
	list_init(&q->threads);
}

/* --- upcalls: what the kernel implements for mm/ --- */

/* Puts the current thread to sleep on q. The caller holds the lock that guards the condition, so
 * that no wake is lost, then unwinds with -EBLOCKED; the call is made again after the wake. `req`
 * (may be NULL) gets one more reference while the thread waits: dropped when the thread is woken or
 * torn away by a signal (request_put). */
struct page_request;
void wait_block(struct wait_queue *q, struct page_request *req);
void wait_wake_all(struct wait_queue *q);

/* A pager's port as mm/ sees it: embedded in the kernel's port, so its address identifies it. */
struct pager {
	struct spinlock lock;	   /* RANK_PAGER */
	struct list dirty_objects; /* memory_object.dirty_link; guarded by lock */
	struct list objects;	   /* memory_object.pager_link: all objects of this pager */
	u32 object_count;
};
void pager_init(struct pager *p);
/* References to the port behind it. */
void pager_get(struct pager *p);
void pager_put(struct pager *p);
/* Appends the request (one reference of the queue's own) to the port, wakes a receiver. */
void pager_post(struct pager *p, struct page_request *req);
/* Sets notification bits on the port. */
void pager_notify(struct pager *p, u32 bits);
/* True if the current thread belongs to a process that may receive from this port: then waiting for
 * this pager would be waiting for itself (EDEADLK). */
bool pager_is_self(struct pager *p);
/* Identifies the current thread, for things it holds between restarts of a call. */
const void *current_waiter(void);
/* True if the current process is a pager or driver, privileged to take the last frames. */
bool current_is_privileged(void);

enum request_state { REQUEST_QUEUED, REQUEST_DELIVERED, REQUEST_DONE };

struct page_request {
	u32 refs;
	u32 id;			      /* never 0, never reused while it matters */
	u16 label;		      /* QUIRE_K_FETCH, GROW, SYNC, RESERVE, IDLE */
	u8 state;		      /* enum request_state; guarded by the object's lock */
	u8 flags;		      /* QUIRE_FETCH_* or sync flags */
	int status;		      /* once DONE */
	struct memory_object *object; /* holds a reference */
	u64 first;		      /* page index; GROW: bytes */
	u32 count;		      /* pages; GROW: bytes of the write that ends at `first` */
	struct list port_link;	      /* kernel: on the port's queue; guarded by the port's lock */
	struct list object_link;      /* on object->requests; guarded by the object's lock */
	struct wait_queue waiters;
	pfn_t frames[QUIRE_RUN_MAX]; /* FETCH */
};

void request_get(struct page_request *r);
void request_put(struct page_request *r);
/* Called by the port when it hands the request to a receiver. The caller fills the message from the
 * fields. False: the request is DONE already (its object was truncated): drop it, take the next. */
bool request_delivered(struct page_request *r);
/* Called by the port for each DELIVERED, unanswered request of a pager that died: queued again. */
void pager_requeue(struct pager *p);
/* A QUEUED request that no pager will take fails with EIO. */
void request_abandon(struct page_request *r);

#endif
