/* Messages for people: the thread's message buffer, calls with a payload, and a server's loop.
 *
 * A message is four words, a payload and up to four handles (quire/abi.h). The payload and the
 * handles travel in the calling thread's message buffer, one page that the kernel maps for every
 * thread. The buffer is only the caller's between filling it and the call, and between the call and
 * the next one: read an answer before calling again. The POSIX layer uses the same buffer, so a
 * server copies what it needs out of it before it calls anything in libc that may send a message
 * (files, stdio; not malloc, string functions or locks).
 *
 * Client:				Server:
 *	struct quire_msg m;			static enum ipc_answer serve(void *ctx, struct quire_msg *m)
 *	ipc_begin(&m, FS_STAT);		{
 *	ipc_put(&m, path, strlen(path));	switch (QUIRE_MSG_LABEL(m->header)) {
 *	m.w[1] = 0;				case FS_STAT:
 *	status = ipc_call(channel, &m);		ipc_answer(m, status);
 *	if (status >= 0)			ipc_put(m, &st, sizeof(st));
 *		ipc_get(&m, &st, sizeof(st));	return IPC_REPLY;
 *					...
 *					ipc_serve(SERVER_PORT, serve, NULL);
 */
#ifndef QUIRE_IPC_H
#define QUIRE_IPC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <quire/sys.h>

/* The calling thread's message buffer. Cached per thread, right again after fork. */
struct quire_msgbuf *ipc_buffer(void);

/* ------------------------------------------------------------------ building a message */

static inline void ipc_begin(struct quire_msg *msg, uint32_t label)
{
	memset(msg, 0, sizeof(*msg));
	msg->header = QUIRE_MSG(label, 0, 0);
}

/* Turns a request into its answer: no payload, no handles, w0 = status; token and badge stay. */
static inline void ipc_answer(struct quire_msg *msg, int32_t status)
{
	msg->header = 0;
	memset(msg->w, 0, sizeof(msg->w));
	msg->w[0] = (uint32_t)status;
}

/* Says that the first `bytes` bytes of the buffer, already filled, are the payload. */
static inline void ipc_set_bytes(struct quire_msg *msg, uint32_t bytes)
{
	msg->header =
		QUIRE_MSG(QUIRE_MSG_LABEL(msg->header), bytes, QUIRE_MSG_HANDLES(msg->header));
}

/* Appends to the payload. 0, or -EMSGSIZE with the message unchanged. */
static inline int ipc_put(struct quire_msg *msg, const void *data, size_t bytes)
{
	uint32_t at = QUIRE_MSG_BYTES(msg->header);

	if (bytes > QUIRE_MSG_DATA - at)
		return -EMSGSIZE;
	memcpy(ipc_buffer()->data + at, data, bytes);
	ipc_set_bytes(msg, at + (uint32_t)bytes);
	return 0;
}

/* Adds a handle (of the sender's table). 0, or -EMSGSIZE when there are four already. The receiver
 * gets a copy; the sender closes its own when it needs it no longer. */
static inline int ipc_put_handle(struct quire_msg *msg, int handle)
{
	uint32_t n = QUIRE_MSG_HANDLES(msg->header);

	if (n >= QUIRE_MSG_HANDLES_MAX)
		return -EMSGSIZE;
	ipc_buffer()->handles[n] = (uint32_t)handle;
	msg->header = QUIRE_MSG(QUIRE_MSG_LABEL(msg->header), QUIRE_MSG_BYTES(msg->header), n + 1);
	return 0;
}

/* ------------------------------------------------------------------ reading a message */

static inline uint32_t ipc_label(const struct quire_msg *msg)
{
	return QUIRE_MSG_LABEL(msg->header);
}

static inline uint32_t ipc_bytes(const struct quire_msg *msg)
{
	return QUIRE_MSG_BYTES(msg->header);
}

static inline const uint8_t *ipc_data(void)
{
	return ipc_buffer()->data;
}

/* Copies the first `bytes` bytes of the payload. 0, or -EMSGSIZE when it is shorter. */
static inline int ipc_get(const struct quire_msg *msg, void *to, size_t bytes)
{
	if (ipc_bytes(msg) < bytes)
		return -EMSGSIZE;
	memcpy(to, ipc_data(), bytes);
	return 0;
}

/* The n-th handle that came, now in the caller's table and the caller's to close; or -1. */
static inline int ipc_handle(const struct quire_msg *msg, uint32_t n)
{
	return n < QUIRE_MSG_HANDLES(msg->header) ? (int)ipc_buffer()->handles[n] : -1;
}

/* Closes every handle that came with a message whose receiver has no use for them. */
void ipc_drop_handles(const struct quire_msg *msg);

/* ------------------------------------------------------------------ calling and serving */

/* Calls, and folds the kernel's word and the server's into one: a negated error of either, or w0 of
 * the answer. Does not retry: EINTR and ECONNRESET are the caller's to judge. */
static inline int ipc_call(int channel, struct quire_msg *msg)
{
	int status = sys_call(channel, msg);

	return status < 0 ? status : (int)msg->w[0];
}

/* What a server's handler did with a message. */
enum ipc_answer {
	IPC_REPLY, /* *msg (and the buffer) is the answer; token kept as it came */
	/* the handler keeps the token, or there was none: reply with sys_reply some time */
	IPC_LATER,
	IPC_STOP, /* as IPC_REPLY, and leave the loop */
};

/* Receives from `port` and hands each message to `handler`, for ever, or until IPC_STOP (0) or an
 * error of the port (negated). Several threads may serve one port. A message of the kernel has
 * token 0: whatever the handler returns then, nothing is sent. */
int ipc_serve(
	int port, enum ipc_answer (*handler)(void *context, struct quire_msg *msg), void *context);

#endif
