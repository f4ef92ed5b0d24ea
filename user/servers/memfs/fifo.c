/* Fifos: a buffer, and those who wait for it.
 *
 * Each piece that is written goes in whole or not at all, so pieces of different writers never mix.
 * Opening one end waits for the other (POSIX open). A caller that was interrupted leaves its token
 * behind, which is found out when it is answered: an answer that fails changes nothing. Who polls and
 * hears that nothing is ready waits in the kernel: the next thing that happens is told, once.
 */
#include "memfs.h"

#include <stdlib.h>
#include <string.h>
#include <quire/server.h>
#include <quire/sys.h>

#define BUFFER_BYTES 16384u

/* Something to be answered later. */
struct waiter {
	struct waiter *next;
	uint32_t token;
	uint32_t access; /* openers: BADGE_READ or BADGE_WRITE */
	uint32_t len;	 /* readers: most bytes wanted; writers: bytes */
	uint8_t bytes[]; /* writers */
};

struct fifo {
	uint32_t readers, writers;		    /* open ends */
	uint32_t begin, used;			    /* in the buffer, which is a ring */
	bool polled;				    /* somebody was told that nothing is ready */
	struct waiter *opening, *reading, *writing; /* in the order of arrival */
	uint8_t buffer[BUFFER_BYTES];
};

static struct waiter *waiter_add(struct waiter **list, uint32_t token, uint32_t extra)
{
	struct waiter *w = malloc(sizeof(*w) + extra);

	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->token = token;
	while (*list)
		list = &(*list)->next;
	*list = w;
	return w;
}

static void waiter_drop(struct waiter **at)
{
	struct waiter *w = *at;

	*at = w->next;
	free(w);
}

static bool answer(uint32_t token, int32_t status)
{
	struct quire_msg msg;

	ipc_begin(&msg, 0);
	msg.w[0] = (uint32_t)status;
	msg.token = token;
	return sys_reply(&msg) == 0;
}

/* ------------------------------------------------------------------ the buffer */

static void copy_in(struct fifo *f, const uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		f->buffer[(f->begin + f->used + i) % BUFFER_BYTES] = bytes[i];
	f->used += len;
}

/* Answers a reader with what there is; takes it out if the reader was still there. */
static bool answer_reader(struct fifo *f, uint32_t token, uint32_t max)
{
	uint32_t len = f->used < max ? f->used : max;
	struct quire_msg msg;

	if (len > QUIRE_MSG_DATA)
		len = QUIRE_MSG_DATA;
	ipc_begin(&msg, 0);
	for (uint32_t i = 0; i < len; i++)
		ipc_buffer()->data[i] = f->buffer[(f->begin + i) % BUFFER_BYTES];
	ipc_set_bytes(&msg, len);
	msg.w[0] = len;
	msg.token = token;
	if (sys_reply(&msg) < 0)
		return false;
	f->begin = (f->begin + len) % BUFFER_BYTES;
	f->used -= len;
	return true;
}

static void tell_pollers(struct fifo *f)
{
	if (f->polled)
		sys_poll_changed(SERVER_PORT);
	f->polled = false;
}

/* After a change: lets everybody proceed who can. */
static void settle(struct fifo *f)
{
	bool moved;

	do {
		moved = false;
		while (f->writing && f->readers == 0) {
			answer(f->writing->token, -EPIPE);
			waiter_drop(&f->writing);
		}
		while (f->writing && f->writing->len <= BUFFER_BYTES - f->used) {
			/* Whether the writer is still there shows only in the answer. */
			if (answer(f->writing->token, (int32_t)f->writing->len))
				copy_in(f, f->writing->bytes, f->writing->len);
			waiter_drop(&f->writing);
		}
		while (f->reading && (f->used > 0 || f->writers == 0)) {
			answer_reader(f, f->reading->token, f->reading->len);
			waiter_drop(&f->reading);
			moved = true;
		}
	} while (moved && f->writing);
	tell_pollers(f);
}

/* ------------------------------------------------------------------ opening */

static bool answer_open(struct node *n, uint32_t token, uint32_t access)
{
	int channel = node_channel(n, QUIRE_BADGE_FILE | access);
	struct quire_msg msg;
	bool alive;

	if (channel < 0) {
		answer(token, channel);
		return false;
	}
	ipc_begin(&msg, 0);
	msg.w[1] = n->mode & 0170000;
	ipc_put_handle(&msg, channel);
	msg.token = token;
	if (access & BADGE_READ)
		n->fifo->readers++;
	if (access & BADGE_WRITE)
		n->fifo->writers++;
	tell_pollers(n->fifo);
	alive = sys_reply(&msg) == 0;
	/* If nobody took a copy the kernel reports the channel closed, and the counts go down. */
	sys_close(channel);
	return alive;
}

/* Those who wait for what the new opener brings. */
static bool open_waiting(struct node *n, uint32_t access)
{
	struct waiter **at = &n->fifo->opening;
	bool any = false;

	while (*at) {
		uint32_t other = (*at)->access == BADGE_READ ? BADGE_WRITE : BADGE_READ;

		if (!(access & other)) {
			at = &(*at)->next;
			continue;
		}
		any |= answer_open(n, (*at)->token, (*at)->access);
		waiter_drop(at);
	}
	return any;
}

void fifo_open(struct node *n, struct quire_msg *msg, uint32_t flags)
{
	uint32_t mode = flags & QUIRE_O_ACCMODE, token = msg->token;
	uint32_t access = mode == QUIRE_O_RDWR	   ? BADGE_READ | BADGE_WRITE
			  : mode == QUIRE_O_WRONLY ? BADGE_WRITE
						   : BADGE_READ;
	struct fifo *f = n->fifo;
	struct waiter *w;
	bool other;

	if (!f) {
		f = n->fifo = calloc(1, sizeof(*f));
		if (!f) {
			ipc_answer(msg, -ENOMEM);
			return;
		}
	}
	other = open_waiting(n, access);
	other |= access == BADGE_READ ? f->writers > 0 : f->readers > 0;
	if (other || mode == QUIRE_O_RDWR || ((flags & QUIRE_O_NONBLOCK) && access == BADGE_READ)) {
		msg->token = 0;
		answer_open(n, token, access);
		return;
	}
	if (flags & QUIRE_O_NONBLOCK) {
		ipc_answer(msg, -ENXIO);
		return;
	}
	w = waiter_add(&f->opening, token, 0);
	if (!w) {
		ipc_answer(msg, -ENOMEM);
		return;
	}
	w->access = access;
	msg->token = 0;
}

/* ------------------------------------------------------------------ reading, writing, closing */

void fifo_read(struct node *n, struct quire_msg *msg)
{
	struct fifo *f = n->fifo;
	uint32_t token = msg->token;
	struct waiter *w;

	if (!(msg->badge & BADGE_READ) || !f) {
		ipc_answer(msg, -EBADF);
		return;
	}
	if (msg->w[1] == 0 || (!f->used && f->writers == 0)) {
		ipc_answer(msg, 0);
		return;
	}
	if (!f->used && (msg->w[2] & QUIRE_O_NONBLOCK)) {
		ipc_answer(msg, -EAGAIN);
		return;
	}
	w = waiter_add(&f->reading, token, 0);
	if (!w) {
		ipc_answer(msg, -ENOMEM);
		return;
	}
	w->len = msg->w[1];
	msg->token = 0;
	settle(f);
}

void fifo_write(struct node *n, struct quire_msg *msg)
{
	struct fifo *f = n->fifo;
	uint32_t len = ipc_bytes(msg);
	struct waiter *w;

	if (!(msg->badge & BADGE_WRITE) || !f) {
		ipc_answer(msg, -EBADF);
		return;
	}
	if (f->readers == 0) {
		ipc_answer(msg, -EPIPE);
		return;
	}
	if (!f->writing && len <= BUFFER_BYTES - f->used) {
		ipc_answer(msg, (int32_t)len);
		/* A writer that has gone did not write, and may ask again. The answer has no
		 * payload, so the bytes are still in the buffer. */
		if (sys_reply(msg) == 0)
			copy_in(f, ipc_data(), len);
		msg->token = 0;
		settle(f);
		return;
	}
	if (msg->w[2] & QUIRE_O_NONBLOCK) {
		ipc_answer(msg, -EAGAIN);
		return;
	}
	w = waiter_add(&f->writing, msg->token, len);
	if (!w) {
		ipc_answer(msg, -ENOMEM);
		return;
	}
	w->len = len;
	memcpy(w->bytes, ipc_data(), len);
	msg->token = 0;
}

uint32_t fifo_poll(struct node *n, uint32_t badge, uint32_t events)
{
	struct fifo *f = n->fifo;
	uint32_t ready = 0;

	if (!f)
		return QUIRE_POLLERR;
	if (badge & BADGE_READ) {
		if (f->used)
			ready |= QUIRE_POLLIN & events;
		if (f->writers == 0)
			ready |= QUIRE_POLLHUP;
	}
	if (badge & BADGE_WRITE) {
		if (f->readers == 0)
			ready |= QUIRE_POLLERR;
		else if (!f->writing && BUFFER_BYTES - f->used >= QUIRE_MSG_DATA)
			ready |= QUIRE_POLLOUT & events;
	}
	f->polled |= !ready;
	return ready;
}

void fifo_closed(struct node *n, uint32_t badge)
{
	struct fifo *f = n->fifo;

	if (!f)
		return;
	if (badge & BADGE_READ)
		f->readers--;
	if (badge & BADGE_WRITE)
		f->writers--;
	settle(f);
	/* What was written and never read goes with the last end. */
	if (f->readers == 0 && f->writers == 0 && !f->opening) {
		free(f);
		n->fifo = NULL;
	}
}

/* The node goes. Nobody can come any more for those who still wait for the other end to be opened:
 * as anywhere, only a signal ends that. */
void fifo_destroy(struct node *n)
{
	if (!n->fifo)
		return;
	while (n->fifo->opening)
		waiter_drop(&n->fifo->opening);
	free(n->fifo);
}
