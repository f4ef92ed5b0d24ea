/* Fifos: a queue of bytes in the server, read and written by messages.
 *
 * Not a kernel pipe: the server would have to keep both ends to give them to whoever opens the fifo
 * next, and while it holds the write end no reader would ever see the end of the data. So each open
 * gets a channel whose closing is reported, and readers and writers are counted here.
 *
 * Whoever has to wait (an open without its counterpart, a read of an empty fifo, a write to a full
 * one) has its reply token queued, and is answered by the request that ends its wait. A token whose
 * owner was interrupted is found out when the answer is refused; nothing is lost then, since bytes
 * leave the queue only after their reader has them.
 *
 * Who polls and hears that nothing is ready waits in the kernel (kernel/poll.c there): the next thing
 * that happens to the fifo is told, once.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include "server.h"

/* At least a message's payload (POSIX's PIPE_BUF is within it), so that a write fits whole. */
#define FIFO_BYTES 8192

struct waiter {
	TAILQ_ENTRY(waiter) link;
	uint32_t token;
	uint32_t label;	 /* FS_OPEN, FS_READ or FS_WRITE */
	bool wants_read; /* open: waits for a writer */
	int handle;	 /* open: what to answer with */
	uint32_t bytes;
	uint8_t data[];
};

struct fifo {
	uint32_t readers, writers;
	uint32_t head, count;
	bool polled; /* somebody was told that nothing is ready */
	TAILQ_HEAD(, waiter) waiters;
	struct reply reply; /* for late answers */
	uint8_t queue[FIFO_BYTES];
};

static struct fifo *fifo_get(struct inode *ip)
{
	if (!ip->fifo) {
		ip->fifo = calloc(1, sizeof(*ip->fifo));
		if (ip->fifo)
			TAILQ_INIT(&ip->fifo->waiters);
	}
	return ip->fifo;
}

static int wait_for(struct fifo *f, const struct request *request, uint32_t bytes, int handle,
	bool wants_read, struct reply *reply)
{
	uint32_t copy = request->label == FS_WRITE ? bytes : 0;
	struct waiter *w = malloc(sizeof(*w) + copy);

	if (!w)
		return -ENOMEM;
	*w = (struct waiter){.token = request->token,
		.label = request->label,
		.wants_read = wants_read,
		.handle = handle,
		.bytes = bytes};
	memcpy(w->data, request->data, copy);
	TAILQ_INSERT_TAIL(&f->waiters, w, link);
	reply->later = true;
	return 0;
}

/* ------------------------------------------------------------------ the queue of bytes */

static void put_bytes(struct fifo *f, const uint8_t *data, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		f->queue[(f->head + f->count++) % FIFO_BYTES] = data[i];
}

static uint32_t peek_bytes(const struct fifo *f, uint8_t *data, uint32_t most)
{
	uint32_t n = f->count < most ? f->count : most;

	for (uint32_t i = 0; i < n; i++)
		data[i] = f->queue[(f->head + i) % FIFO_BYTES];
	return n;
}

static void drop_bytes(struct fifo *f, uint32_t bytes)
{
	f->head = (f->head + bytes) % FIFO_BYTES;
	f->count -= bytes;
}

/* ------------------------------------------------------------------ ending waits */

/* Answers the waiter if what it waits for has come. True if it has been dealt with. */
static bool try_answer(struct inode *ip, struct fifo *f, const struct waiter *w)
{
	struct reply *r = &f->reply;

	r->handle = -1;
	r->w1 = r->bytes = 0;
	switch (w->label) {
	case FS_OPEN:
		if (w->wants_read ? !f->writers : !f->readers)
			return false;
		r->status = 0;
		r->w1 = ip->raw->mode & MODE_TYPE;
		r->handle = w->handle;
		reply_late(w->token, r);
		/* If the caller has gone, this was the last copy: its closing will be reported. */
		handle_close(w->handle);
		return true;
	case FS_READ:
		if (!f->count && f->writers)
			return false;
		r->bytes = peek_bytes(f, r->data, w->bytes);
		r->status = (int32_t)r->bytes;
		if (reply_late(w->token, r) == 0)
			drop_bytes(f, r->bytes);
		return true;
	default:
		if (f->readers && w->bytes > FIFO_BYTES - f->count)
			return false;
		r->status = f->readers ? (int32_t)w->bytes : -EPIPE;
		if (reply_late(w->token, r) == 0 && f->readers)
			put_bytes(f, w->data, w->bytes);
		return true;
	}
}

/* Something has changed: ends every wait that can end, until none can. */
static void settle(struct inode *ip, struct fifo *f)
{
	bool again = true;

	while (again) {
		struct waiter *w = TAILQ_FIRST(&f->waiters);

		again = false;
		while (w) {
			struct waiter *next = TAILQ_NEXT(w, link);

			if (try_answer(ip, f, w)) {
				TAILQ_REMOVE(&f->waiters, w, link);
				free(w);
				again = true;
			}
			w = next;
		}
	}
}

/* Ends, after a change, what can end; who polls looks again. */
static void changed(struct inode *ip, struct fifo *f)
{
	settle(ip, f);
	if (f->polled)
		poll_changed();
	f->polled = false;
}

/* ------------------------------------------------------------------ requests */

void fifo_open(struct server *server, struct inode *ip, uint32_t flags,
	const struct request *request, struct reply *reply)
{
	uint32_t mode = flags & QUIRE_O_ACCMODE, badge = QUIRE_BADGE_FILE | ip->ino;
	bool reads = mode != QUIRE_O_WRONLY, writes = mode != QUIRE_O_RDONLY;
	struct fifo *f = fifo_get(ip);
	int handle;

	(void)server;
	if (!f) {
		reply->status = -ENOMEM;
		return;
	}
	if (writes && !reads && !f->readers && flags & QUIRE_O_NONBLOCK) {
		reply->status = -ENXIO;
		return;
	}
	badge |= (reads ? BADGE_FIFO_READ : 0) | (writes ? BADGE_FIFO_WRITE : 0);
	handle = channel_create(badge);
	if (handle < 0) {
		reply->status = handle;
		return;
	}
	ip->channels++;
	f->readers += reads;
	f->writers += writes;
	changed(ip, f);
	if (!(reads && writes) && !(flags & QUIRE_O_NONBLOCK) &&
		(reads ? !f->writers : !f->readers)) {
		reply->status = wait_for(f, request, 0, handle, reads, reply);
		if (reply->status)
			handle_close(handle);
		return;
	}
	reply->handle = handle;
	reply->close_handle = true;
}

static int fifo_read(struct fifo *f, const struct request *request, struct reply *reply)
{
	uint32_t most = request->w[1] < QUIRE_MSG_DATA ? request->w[1] : QUIRE_MSG_DATA;

	if (!(request->badge & BADGE_FIFO_READ))
		return -EBADF;
	if (!f->count && f->writers && most) {
		if (request->w[2] & QUIRE_O_NONBLOCK)
			return -EAGAIN;
		return wait_for(f, request, most, -1, true, reply);
	}
	reply->bytes = peek_bytes(f, reply->data, most);
	drop_bytes(f, reply->bytes);
	return (int)reply->bytes;
}

static int fifo_write(struct fifo *f, const struct request *request, struct reply *reply)
{
	if (!(request->badge & BADGE_FIFO_WRITE))
		return -EBADF;
	if (!f->readers)
		return -EPIPE;
	if (request->bytes > FIFO_BYTES - f->count) {
		if (request->w[2] & QUIRE_O_NONBLOCK)
			return -EAGAIN;
		return wait_for(f, request, request->bytes, -1, false, reply);
	}
	put_bytes(f, request->data, request->bytes);
	return (int)request->bytes;
}

static int fifo_poll(struct fifo *f, const struct request *request)
{
	int events = 0;

	if (request->badge & BADGE_FIFO_READ) {
		if (f->count)
			events |= QUIRE_POLLIN;
		if (!f->writers)
			events |= QUIRE_POLLHUP;
	}
	if (request->badge & BADGE_FIFO_WRITE) {
		if (f->count <= FIFO_BYTES - QUIRE_MSG_DATA)
			events |= QUIRE_POLLOUT;
		if (!f->readers)
			events |= QUIRE_POLLERR;
	}
	events &= (int)request->w[1] | QUIRE_POLLHUP | QUIRE_POLLERR;
	f->polled |= !events;
	return events;
}

void fifo_request(struct inode *ip, const struct request *request, struct reply *reply)
{
	struct fifo *f = fifo_get(ip);

	if (!f) {
		reply->status = -ENOMEM;
		return;
	}
	switch (request->label) {
	case FS_READ: reply->status = fifo_read(f, request, reply); break;
	case FS_WRITE: reply->status = fifo_write(f, request, reply); break;
	default: reply->status = fifo_poll(f, request); return;
	}
	changed(ip, f);
}

void fifo_reopen(struct inode *ip, uint32_t badge)
{
	struct fifo *f = fifo_get(ip);

	if (!f)
		return;
	f->readers += (badge & BADGE_FIFO_READ) != 0;
	f->writers += (badge & BADGE_FIFO_WRITE) != 0;
}

void fifo_closed(struct inode *ip, uint32_t badge)
{
	struct fifo *f = ip->fifo;

	if (!f)
		return;
	if (badge & BADGE_FIFO_READ && f->readers)
		f->readers--;
	if (badge & BADGE_FIFO_WRITE && f->writers)
		f->writers--;
	changed(ip, f);
	if (!f->readers && !f->writers && TAILQ_EMPTY(&f->waiters)) {
		free(f);
		ip->fifo = NULL;
	}
}
