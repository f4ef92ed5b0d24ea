/* Descriptors that are channels: devices, terminals, fifos, directories. Reading and writing them are
 * messages. What open flags such a descriptor has is remembered here, per process: a program that
 * inherits one over exec starts with it readable, writable and blocking.
 */
#include <fcntl.h>
#include <string.h>
#include <poll.h>
#include <signal.h>
#include <quire/fs.h>
#include "../internal.h"
#include "channel.h"

#define FLAG_KNOWN 0x80000000u

static uint32_t channel_flags[QUIRE_FD_MAX];

uint32_t __libc_channel_flags(int fd)
{
	uint32_t flags = channel_flags[fd];

	return flags & FLAG_KNOWN ? flags & ~FLAG_KNOWN : QUIRE_O_RDWR;
}

void __libc_channel_set_flags(int fd, uint32_t flags)
{
	channel_flags[fd] = flags | FLAG_KNOWN;
}

void __libc_channel_dup(int from, int to)
{
	channel_flags[to] = channel_flags[from];
}

static bool ready(int fd, uint32_t events)
{
	struct __libc_request poll_request = {.label = FS_POLL, .w1 = events};

	return (__libc_ask(fd, &poll_request) & (int)events) != 0;
}

static int call_channel(int fd, struct quire_msg *msg)
{
	int status = sys_call(fd, msg);

	if (status == -ECONNRESET)
		return -EIO;
	return status < 0 ? status : (int)msg->w[0];
}

static long read_piece(int fd, char *buf, size_t len, uint32_t nonblock)
{
	struct quire_msg msg;
	uint32_t was_busy = __libc_self.msgbuf_busy;
	uint32_t bytes;
	int status;

	__libc_self.msgbuf_busy = 1;
	ipc_begin(&msg, FS_READ);
	msg.w[1] = len < QUIRE_MSG_DATA ? (uint32_t)len : QUIRE_MSG_DATA;
	msg.w[2] = nonblock;
	status = call_channel(fd, &msg);
	if (status >= 0) {
		bytes = ipc_bytes(&msg) < len ? ipc_bytes(&msg) : (uint32_t)len;
		memcpy(buf, ipc_data(), bytes);
		status = (int)bytes;
	}
	__libc_self.msgbuf_busy = was_busy;
	return status;
}

static long write_piece(int fd, const char *buf, size_t len, uint32_t nonblock)
{
	struct quire_msg msg;
	uint32_t was_busy = __libc_self.msgbuf_busy;
	int status;

	__libc_self.msgbuf_busy = 1;
	ipc_begin(&msg, FS_WRITE);
	msg.w[2] = nonblock;
	ipc_put(&msg, buf, len < QUIRE_MSG_DATA ? len : QUIRE_MSG_DATA);
	status = call_channel(fd, &msg);
	__libc_self.msgbuf_busy = was_busy;
	return status;
}

/* A terminal gives a line at a time; only what more is there already is added to a full piece. */
long __libc_channel_read(int fd, void *buf, size_t len)
{
	uint32_t flags = __libc_channel_flags(fd);
	size_t done = 0;

	if ((flags & QUIRE_O_ACCMODE) == QUIRE_O_WRONLY)
		return -EBADF;
	if (!__libc_writable(buf, len))
		return -EFAULT;
	do {
		long got = read_piece(fd, (char *)buf + done, len - done, flags & QUIRE_O_NONBLOCK);

		if (got < 0)
			return done ? (long)done : got;
		done += (size_t)got;
		if (got < QUIRE_MSG_DATA)
			break;
	} while (done < len && ready(fd, POLLIN));
	return (long)done;
}

/* A call that a signal breaks off is made again, or fails, although the server may have taken the bytes. So
 * no signal comes in between while the server has room, and answers at once; only who has to wait for room
 * can be interrupted. */
static long write_once(int fd, const char *buf, size_t len)
{
	uint32_t mask = __libc_block_signals();
	long put = write_piece(fd, buf, len, QUIRE_O_NONBLOCK);

	__libc_restore_signals(mask);
	return put == -EAGAIN ? write_piece(fd, buf, len, 0) : put;
}

long __libc_channel_write(int fd, const void *buf, size_t len)
{
	uint32_t flags = __libc_channel_flags(fd);
	size_t done = 0;

	if ((flags & QUIRE_O_ACCMODE) == QUIRE_O_RDONLY)
		return -EBADF;
	if (!__libc_readable(buf, len))
		return -EFAULT;
	do {
		const char *piece = (const char *)buf + done;
		long put = flags & QUIRE_O_NONBLOCK
				   ? write_piece(fd, piece, len - done, QUIRE_O_NONBLOCK)
				   : write_once(fd, piece, len - done);

		if (put == -EPIPE)
			raise(SIGPIPE);
		if (put < 0)
			return done ? (long)done : put;
		if (put == 0)
			break;
		done += (size_t)put;
	} while (done < len);
	return (long)done;
}
