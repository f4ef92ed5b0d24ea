/* Inside the simulated kernel (sim.h): what its three files share. */
#ifndef SIM_KERNEL_H
#define SIM_KERNEL_H

#include "sim.h"

enum page_state { PAGE_ABSENT, PAGE_BUSY, PAGE_CLEAN, PAGE_DIRTY, PAGE_WRITEBACK };

struct page {
	uint8_t *frame;
	uint32_t pfn;
	enum page_state state;
	bool hole;  /* the pager said so: RESERVE before a store */
	bool stale; /* truncated away while being fetched */
};

struct object {
	uint32_t key;
	uint64_t size, capacity;
	struct page *pages;
	uint32_t count; /* of pages[] */
	uint32_t users, write_seq, write_seen;
	bool idle_posted;
	bool extending;				  /* somebody is writing beyond the size */
	uint32_t token, token_first, token_count; /* the writeback in flight, if token */
	struct object *link;
};

enum handle_kind { HANDLE_FREE, HANDLE_OBJECT, HANDLE_STREAM, HANDLE_CHANNEL };
struct stream {
	struct object *object;
	uint32_t refs;
	int flags;
};
struct handle {
	enum handle_kind kind;
	struct object *object;
	struct stream *stream;
	uint32_t *channel; /* badge and count of copies */
	bool client;	   /* a client's; the server's others go when it dies */
};

/* A request to the pager that has not been answered yet. */
struct ask {
	struct ask *next;
	uint32_t id, first;
	bool answered;
	int status;
};

#define HANDLES 8192
#define FRAMES	16384
extern struct handle handles[HANDLES];
extern struct object *objects;
extern uint8_t *frame_memory[FRAMES];
extern struct ask *asks;

/* One lock for the whole kernel; waiting for a change lets go of it. */
void kernel_lock(void);
void kernel_unlock(void);
/* In a child made by fork, whose thread is another than the one that may hold it. */
void kernel_lock_anew(void);
/* The same from here to the end of the block. */
static inline void kernel_unguard(int *guard)
{
	(void)guard;
	kernel_unlock();
}
#define KERNEL_LOCKED                                                   \
	int guard __attribute__((cleanup(kernel_unguard), unused)) = 0; \
	kernel_lock()
void kernel_wait(void);
void kernel_wake(void);

uint32_t frame_new(uint8_t **frame);
void page_drop(struct page *p);
struct page *page_slot(struct object *o, uint32_t index);
struct object *object_of(int handle);
void object_destroy(struct object *o);
int handle_copy(int handle);
void zero_tail_in_memory(struct object *o);
void forget_messages(void);

struct message {
	struct message *next;
	uint32_t label, badge, w0;
};
struct message *message_take(void);
extern bool timer_set;

#endif
