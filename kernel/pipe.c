/* Pipes. A ring of PIPE_BYTES; each end is an object of its own so that handles to it can be counted.
 *
 * The lock guards the ring's indexes. Bytes are copied from and to user memory with no lock held, since
 * that may fault: meanwhile `reader` (or `writer`) is set, which keeps another hart from taking the same
 * bytes (or room). It is set only while the copying runs on some hart, never over a wait: if the copy
 * has to wait for a page, nothing has been consumed, and the call starts afresh.
 *
 * A write of up to PIPE_ATOMIC bytes, from however many vectors, goes in whole or waits. Larger ones go
 * in pieces.
 */
#include <kernel/pipe.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <arch/uaccess.h>
#include <mm/slab.h>

#define PIPE_BYTES  16384u
#define PIPE_ATOMIC 4096u

struct pipe_end {
	u32 refs; /* handles */
	bool write;
	u32 flags; /* QUIRE_O_NONBLOCK */
	struct pipe *pipe;
};

struct pipe {
	struct spinlock lock; /* RANK_STREAM */
	u32 head, tail;	      /* bytes ever written and read; the ring holds head - tail of them */
	bool reader, writer;  /* a copy is under way */
	struct wait_queue read_waiters, write_waiters;
	struct pipe_end ends[2]; /* 0 reads, 1 writes; refs of each guarded by atomics */
	u32 ends_open;
	char *bytes;
};

static struct slab_cache pipe_cache;

void pipes_init(void)
{
	slab_cache_init(&pipe_cache, "pipe", sizeof(struct pipe));
}

void pipe_handle_get(void *object, u32 rights)
{
	(void)rights;
	__atomic_fetch_add(&((struct pipe_end *)object)->refs, 1, __ATOMIC_RELAXED);
}

void pipe_handle_put(void *object, u32 rights)
{
	struct pipe_end *e = object;
	struct pipe *p = e->pipe;

	(void)rights;
	if (__atomic_fetch_sub(&e->refs, 1, __ATOMIC_ACQ_REL) > 1)
		return;
	/* The other side learns of it: end of file, or a broken pipe. */
	spin_lock(&p->lock);
	wait_wake_all(&p->read_waiters);
	wait_wake_all(&p->write_waiters);
	bool last = --p->ends_open == 0;

	spin_unlock(&p->lock);
	poll_wake();
	if (last) {
		kfree(p->bytes, PIPE_BYTES);
		slab_free(&pipe_cache, p);
	}
}

static bool other_end_open(const struct pipe_end *e)
{
	return __atomic_load_n(&e->pipe->ends[!e->write].refs, __ATOMIC_ACQUIRE) != 0;
}

/* Sleeps on q, for a call that signals may break. The lock is held, and let go. */
static s32 sleep_on(struct pipe *p, struct wait_queue *q)
{
	s32 result = -EINTR;

	if (!wait_was_interrupted()) {
		wait_block(q, NULL);
		result = -EBLOCKED;
	}
	spin_unlock(&p->lock);
	return result;
}

/* Copies n bytes between the ring at `at` and user memory; *moved tells how far it came. */
static int ring_copy(struct pipe *p, bool write, u32 at, vaddr_t buf, u32 n, u32 *moved)
{
	int error = 0;

	*moved = 0;
	while (*moved < n && !error) {
		u32 offset = (at + *moved) % PIPE_BYTES,
		    piece = min_of(n - *moved, PIPE_BYTES - offset);
		size_t done = piece;

		error = write ? arch_copy_from_user_partial(
					p->bytes + offset, buf + *moved, piece, &done)
			      : arch_copy_to_user_partial(
					buf + *moved, p->bytes + offset, piece, &done);
		*moved += (u32)done;
	}
	return error;
}

/* ring_copy into the ring, of what comes `skip` bytes after the beginning of the vectors. */
static int ring_gather(
	struct pipe *p, const struct quire_iovec *iov, u32 skip, u32 at, u32 n, u32 *moved)
{
	int error = 0;

	for (*moved = 0; *moved < n && !error;) {
		u32 copied;

		if (skip >= iov->len) {
			skip -= iov++->len;
			continue;
		}
		error = ring_copy(p, true, at + *moved, iov->base + skip,
			min_of(n - *moved, iov->len - skip), &copied);
		*moved += copied;
		skip += copied;
	}
	return error;
}

s32 pipe_read(void *end, vaddr_t buf, u32 len, u32 *done)
{
	struct pipe_end *e = end;
	struct pipe *p = e->pipe;
	u32 moved;

	if (len == 0)
		return 0;
	spin_lock(&p->lock);
	u32 used = p->head - p->tail;

	if (used == 0 || p->reader) {
		if (used == 0 && !other_end_open(e)) {
			spin_unlock(&p->lock);
			return 0;
		}
		if (e->flags & QUIRE_O_NONBLOCK && !p->reader) {
			spin_unlock(&p->lock);
			return -EAGAIN;
		}
		return sleep_on(p, &p->read_waiters);
	}
	p->reader = true;
	u32 at = p->tail;

	spin_unlock(&p->lock);
	int error = ring_copy(p, false, at, buf, min_of(len, used), &moved);

	spin_lock(&p->lock);
	p->reader = false;
	if (error == -EBLOCKED)
		moved = 0; /* the whole read is made again */
	p->tail += moved;
	if (moved)
		wait_wake_all(&p->write_waiters);
	wait_wake_all(&p->read_waiters); /* another reader may have waited for us */
	spin_unlock(&p->lock);
	if (moved)
		poll_wake();
	*done += moved;
	return moved ? 0 : error;
}

static s32 broken_pipe(void)
{
	struct quire_siginfo info = {.signo = QSIGPIPE, .code = QUIRE_SI_KERNEL};

	signal_send_thread(current_thread(), QSIGPIPE, &info);
	return -EPIPE;
}

/* One piece: as much as there is room for, or all of a small write. */
static s32 write_piece(struct pipe_end *e, const struct quire_iovec *iov, u32 len, u32 *done)
{
	struct pipe *p = e->pipe;
	u32 moved;

	spin_lock(&p->lock);
	u32 room = PIPE_BYTES - (p->head - p->tail);

	if (!other_end_open(e)) {
		spin_unlock(&p->lock);
		return broken_pipe();
	}
	if (p->writer || room < min_of(len, PIPE_ATOMIC)) {
		if (!p->writer && (e->flags & QUIRE_O_NONBLOCK)) {
			if (room == 0 || len <= PIPE_ATOMIC) {
				spin_unlock(&p->lock);
				return -EAGAIN;
			}
		} else {
			return sleep_on(p, &p->write_waiters);
		}
	}
	p->writer = true;
	u32 at = p->head;

	spin_unlock(&p->lock);
	int error = ring_gather(p, iov, *done, at, min_of(len, room), &moved);

	spin_lock(&p->lock);
	p->writer = false;
	if (error == -EBLOCKED)
		moved = 0;
	p->head += moved;
	if (moved)
		wait_wake_all(&p->read_waiters);
	wait_wake_all(&p->write_waiters);
	spin_unlock(&p->lock);
	if (moved)
		poll_wake();
	*done += moved;
	return moved ? 0 : error;
}

s32 pipe_write(void *end, const struct quire_iovec *iov, u32 total, u32 *done)
{
	s32 result = 0;

	while (*done < total && result == 0)
		result = write_piece(end, iov, total - *done, done);
	return result;
}

u32 pipe_poll(void *end, u32 events)
{
	struct pipe_end *e = end;
	struct pipe *p = e->pipe;
	u32 result = 0;

	spin_lock(&p->lock);
	u32 used = p->head - p->tail;

	if (!e->write) {
		if (used)
			result |= events & QUIRE_POLLIN;
		if (!other_end_open(e))
			result |= QUIRE_POLLHUP;
	} else {
		if (!other_end_open(e))
			result |= QUIRE_POLLERR;
		else if (PIPE_BYTES - used >= PIPE_ATOMIC)
			result |= events & QUIRE_POLLOUT;
	}
	spin_unlock(&p->lock);
	return result;
}

u32 pipe_buffered(void *end)
{
	struct pipe *p = ((struct pipe_end *)end)->pipe;

	return p->head - p->tail;
}

u32 pipe_flags(void *end)
{
	return ((struct pipe_end *)end)->flags;
}
void pipe_set_flags(void *end, u32 flags)
{
	((struct pipe_end *)end)->flags = flags;
}

s32 sys_pipe(struct arch_regs *r)
{
	u32 flags = arch_regs_arg(r, 0);
	u32 handle_bits = flags & QUIRE_O_CLOEXEC ? QUIRE_HANDLE_CLOEXEC : 0;

	if (flags & ~(u32)(QUIRE_O_NONBLOCK | QUIRE_O_CLOEXEC))
		return -EINVAL;
	struct pipe *p = slab_alloc_zeroed(&pipe_cache);
	char *bytes = p ? kalloc(PIPE_BYTES) : NULL;

	if (!bytes) {
		if (p)
			slab_free(&pipe_cache, p);
		return -ENOMEM;
	}
	spin_init(&p->lock, RANK_STREAM);
	wait_queue_init(&p->read_waiters);
	wait_queue_init(&p->write_waiters);
	p->bytes = bytes;
	p->ends_open = 2;
	for (int i = 0; i < 2; i++)
		p->ends[i] = (struct pipe_end){
			.refs = 1, .write = i == 1, .flags = flags & QUIRE_O_NONBLOCK, .pipe = p};
	int in = handle_install(
		HANDLE_PIPE, &p->ends[0], RIGHT_READ | RIGHT_DUP | RIGHT_TRANSFER, handle_bits, 0);

	if (in < 0) {
		pipe_handle_put(&p->ends[1], 0);
		pipe_handle_put(&p->ends[0], 0);
		return in;
	}
	int out = handle_install(
		HANDLE_PIPE, &p->ends[1], RIGHT_WRITE | RIGHT_DUP | RIGHT_TRANSFER, handle_bits, 0);

	if (out < 0) {
		pipe_handle_put(&p->ends[1], 0);
		(void)!handle_close((u32)in);
		return out;
	}
	arch_regs_set(r, 1, (u32)out);
	return in;
}
