/* Pipes: a ring of bytes with two ends. */
#ifndef KERNEL_PIPE_H
#define KERNEL_PIPE_H

#include <kernel/handle.h>
#include <kernel/thread.h>

void pipes_init(void);
void pipe_handle_get(void *end, u32 rights);
void pipe_handle_put(void *end, u32 rights);
/* The current thread's read or write through one end; *done is the progress over restarts. */
s32 pipe_read(void *end, vaddr_t buf, u32 len, u32 *done);
s32 pipe_write(void *end, const struct quire_iovec *iov, u32 total, u32 *done);
/* QUIRE_POLL* that hold now, of those asked for and the ones always told. */
u32 pipe_poll(void *end, u32 events);
u32 pipe_buffered(void *end);
u32 pipe_flags(void *end);
void pipe_set_flags(void *end, u32 flags);
/* poll.c: something that a poll may wait for has happened. */
void poll_wake(void);
/* poll.c: what a server answers to polls may have changed. No lock held. */
void poll_changed(void);

#endif
