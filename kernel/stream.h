/* Streams: a memory object and a shared offset; what a file descriptor of a file is. */
#ifndef KERNEL_STREAM_H
#define KERNEL_STREAM_H

#include <kernel/handle.h>
#include <kernel/thread.h>

struct memory_object;

struct stream {
	u32 refs;		      /* handles, and waiting threads */
	struct memory_object *object; /* a user's reference */
	struct spinlock lock;	      /* RANK_STREAM: the fields below */
	u64 offset;
	u32 flags;		    /* QUIRE_O_* */
	const struct thread *owner; /* whose read or write moves the offset; others wait */
	struct wait_queue waiters;
};

void streams_init(void);
void stream_handle_get(void *stream, u32 rights);
void stream_handle_put(void *stream, u32 rights);
static inline struct memory_object *stream_object(void *stream)
{
	return ((struct stream *)stream)->object;
}
/* A descriptor is being closed: the process's record locks on its file go. */
void stream_closing(const struct handle *h);
/* The thread ends in the middle of a read or write. */
void stream_thread_gone(struct thread *t);

/* filelock.c */
int must_check filelock_fcntl(struct memory_object *o, struct stream *s, u32 command, vaddr_t arg);
int must_check filelock_flock(struct memory_object *o, struct stream *s, u32 operation);
void filelock_process_closed(struct memory_object *o, s32 pid);
void filelock_stream_gone(struct memory_object *o, struct stream *s);

#endif
