/* The console server: the terminal protocol (quire/tty.h, quire/fs.h) on SERVER_PORT in front of one
 * 16550. One thread, one loop: interrupts and requests arrive as messages; after each, pump() moves
 * whatever can move. A request that has to wait keeps its reply token in one of three short lists:
 * reads for input, writes for room in the ring, drains for the wire to fall silent.
 *
 * A caller that gave up waiting (a signal) leaves its token behind, which is only noticed when it is
 * answered. So a read takes its line out of the queue only after the answer has been accepted, and a
 * list that is full drops its oldest token, which is the likeliest to be dead.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <quire/fs.h>
#include <quire/ipc.h>
#include <quire/server.h>
#include <quire/sys.h>
#include <quire/tty.h>
#include "tty.h"
#include "uart.h"

#define INTERRUPT_BIT 1u
#define TIMER_BIT     2u

#define READERS	 32
#define WRITERS	 16
#define DRAINERS 16

#define FILE_BADGE	(QUIRE_BADGE_FILE | 1u)
#define REGISTERS_BYTES 4096u
#define PRIORITY	20
#define TICK_NS		1000000u   /* how often a busy wire is looked at */
#define VTIME_NS	100000000u /* the unit of VTIME */
#define TERMINAL_DEVICE 0x0501u
#define TERMINAL_MODE	(S_IFCHR | 0620)

struct reader {
	uint32_t token;
	uint32_t max;
	uint64_t deadline; /* QUIRE_FOREVER: none */
};

struct writer {
	uint32_t token;
	uint32_t len;
	char bytes[QUIRE_MSG_DATA];
};

static struct uart uart;
static struct tty tty;
static int32_t foreground; /* process group; 0: none yet */
static uint64_t started;   /* wall clock, for the device's times */

static struct reader readers[READERS]; /* in the order of arrival */
static uint32_t reader_count;
static struct writer writers[WRITERS];
static uint32_t writer_first, writer_count; /* a ring, so that the big entries stay in place */
static uint32_t drainers[DRAINERS];
static uint32_t drainer_count;
static uint32_t polled; /* events that somebody was told have not come */

static void log_text(const char *text)
{
	sys_log(text, (uint32_t)strlen(text));
}

static uint64_t now(void)
{
	return sys_clock(QUIRE_CLOCK_MONOTONIC);
}

/* Answers with a status alone; false when the caller has gone. */
static bool answer(uint32_t token, int32_t status)
{
	struct quire_msg msg;

	ipc_begin(&msg, 0);
	msg.w[0] = (uint32_t)status;
	msg.token = token;
	return sys_reply(&msg) == 0;
}

/* ------------------------------------------------------------------ the terminal's two ends */

static void tty_send(void *context, const char *bytes, size_t len)
{
	(void)context;
	/* Programs' output is held back in time; only echo can meet a full ring, and is dropped. */
	uart_put(&uart, bytes, len);
}

static void tty_signal(void *context, int sig)
{
	(void)context;
	if (foreground > 0)
		sys_kill(-foreground, sig);
}

/* A signal character works even when nobody reads and the queue behind it is full: what was typed
 * before it is dropped. */
static void find_signal(void)
{
	int c;

	for (uint32_t i = 0; (c = uart_peek(&uart, i)) >= 0; i++) {
		if (tty_is_signal(&tty, (uint8_t)c)) {
			uart_drop(&uart, i + 1);
			tty_input(&tty, (uint8_t)c);
			return;
		}
	}
}

static void take_input(void)
{
	int c;

	while (tty_has_room(&tty) && (c = uart_get(&uart)) >= 0)
		tty_input(&tty, (uint8_t)c);
	if (!tty_has_room(&tty))
		find_signal();
}

/* ------------------------------------------------------------------ reads */

static void drop_reader(uint32_t index)
{
	reader_count--;
	memmove(&readers[index], &readers[index + 1],
		(reader_count - index) * sizeof(struct reader));
}

static void answer_reader(uint32_t index)
{
	uint32_t max = readers[index].max;
	struct quire_msg msg;
	uint32_t len;

	ipc_begin(&msg, 0);
	len = tty_peek(&tty, ipc_buffer()->data, max);
	ipc_set_bytes(&msg, len);
	msg.w[0] = len;
	msg.token = readers[index].token;
	drop_reader(index);
	if (sys_reply(&msg) == 0)
		tty_consume(&tty, max);
}

static bool raw_without_minimum(void)
{
	return !(tty.attr.lflag & ICANON) && tty.attr.cc[VMIN] == 0;
}

/* With VMIN 0 a read is over when there is a byte or its time is. */
static bool reader_ready(const struct reader *r, uint64_t at)
{
	if (raw_without_minimum())
		return tty.input_len > 0 || at >= r->deadline;
	return tty_readable(&tty, r->max);
}

static void serve_readers(void)
{
	uint64_t at = now();

	for (uint32_t i = 0; i < reader_count;) {
		if (reader_ready(&readers[i], at))
			answer_reader(i);
		else
			i++;
	}
}

static void start_read(const struct quire_msg *msg)
{
	uint32_t max = msg->w[1] < QUIRE_MSG_DATA ? msg->w[1] : QUIRE_MSG_DATA;
	struct reader r = {.token = msg->token, .max = max, .deadline = QUIRE_FOREVER};

	if (max == 0) {
		answer(r.token, 0);
		return;
	}
	if (raw_without_minimum())
		r.deadline = now() + (uint64_t)tty.attr.cc[VTIME] * VTIME_NS;
	if ((msg->w[2] & QUIRE_O_NONBLOCK) && (reader_count > 0 || !reader_ready(&r, now()))) {
		answer(r.token, -EAGAIN);
		return;
	}
	if (reader_count == READERS) {
		answer(readers[0].token, -EINTR);
		drop_reader(0);
	}
	readers[reader_count++] = r;
}

/* ------------------------------------------------------------------ writes */

/* Bytes of program output that the ring has room for, leaving room for echo and redrawing. */
static uint32_t output_room(void)
{
	size_t room = uart_room(&uart);

	return room > 2 * TTY_REDRAW ? (uint32_t)(room - 2 * TTY_REDRAW) / 2 : 0;
}

/* Who waits for room is given so much at once, or all that he has: not a byte now and then. */
#define WRITER_BATCH 1024u

/* Takes what fits and hands the device what it takes: what is in the ring dies with this process.
 * Returns how much. */
static uint32_t take_output(const char *bytes, uint32_t len)
{
	uint32_t room = output_room();

	if (len > room)
		len = room;
	if (len) {
		tty_output(&tty, bytes, len);
		uart_poll(&uart);
	}
	return len;
}

/* A writer that may be interrupted while he waits is answered first: if he has gone, nobody has written,
 * and he may come again with the same bytes. False: there is no room for him yet. */
static bool give_room(uint32_t token, const char *bytes, uint32_t len)
{
	uint32_t room = output_room();

	if (room < len && room < WRITER_BATCH)
		return false;
	if (len > room)
		len = room;
	if (answer(token, (int32_t)len))
		take_output(bytes, len);
	return true;
}

static void serve_writers(void)
{
	while (writer_count) {
		struct writer *w = &writers[writer_first];

		if (!give_room(w->token, w->bytes, w->len))
			return;
		writer_first = (writer_first + 1) % WRITERS;
		writer_count--;
	}
}

static void pump(void);

/* The wire is behind by every waiting writer's text and another is here: take nothing new until one
 * has been answered. */
static void wait_for_writer(void)
{
	while (writer_count == WRITERS) {
		sys_sleep(now() + TICK_NS);
		pump();
	}
}

/* Who does not wait is not interrupted either (user/lib), so his bytes are on their way before he hears. */
static void start_write(const struct quire_msg *msg)
{
	uint32_t len = ipc_bytes(msg), taken = 0;
	char bytes[QUIRE_MSG_DATA];
	struct writer *w;

	memcpy(bytes, ipc_data(), len); /* the answer goes through the same buffer */
	if (msg->w[2] & QUIRE_O_NONBLOCK) {
		if (writer_count == 0)
			taken = take_output(bytes, len);
		answer(msg->token, taken || !len ? (int32_t)taken : -EAGAIN);
		return;
	}
	if (writer_count == 0 && give_room(msg->token, bytes, len))
		return;
	w = &writers[(writer_first + writer_count++) % WRITERS];
	w->token = msg->token;
	w->len = len;
	memcpy(w->bytes, bytes, len);
	wait_for_writer();
}

/* ------------------------------------------------------------------ moving things along */

static bool drained(void)
{
	return writer_count == 0 && uart_drained(&uart);
}

static void serve_drainers(void)
{
	if (!drained())
		return;
	for (uint32_t i = 0; i < drainer_count; i++)
		answer(drainers[i], 0);
	drainer_count = 0;
}

static void start_drain(uint32_t token)
{
	if (drainer_count == DRAINERS) {
		answer(drainers[0], -EINTR);
		drainer_count--;
		memmove(drainers, drainers + 1, drainer_count * sizeof(drainers[0]));
	}
	drainers[drainer_count++] = token;
}

/* The device tells when it wants bytes, but not when the last has left; and a read may have a time
 * limit. For both a timer. */
static void set_timer(void)
{
	uint64_t when = QUIRE_FOREVER;

	for (uint32_t i = 0; i < reader_count; i++) {
		if (raw_without_minimum() && readers[i].deadline < when)
			when = readers[i].deadline;
	}
	if (drainer_count) {
		uint64_t tick = now() + TICK_NS;

		when = tick < when ? tick : when;
	}
	if (when != QUIRE_FOREVER)
		sys_timer_set(SERVER_PORT, TIMER_BIT, when);
}

static uint32_t poll_events(uint32_t wanted)
{
	uint32_t ready = 0;

	if (reader_count == 0 && tty_readable(&tty, 1))
		ready |= QUIRE_POLLIN;
	if (writer_count == 0 && output_room() > 0)
		ready |= QUIRE_POLLOUT;
	return ready & wanted;
}

static int32_t start_poll(uint32_t wanted)
{
	uint32_t ready = poll_events(wanted);

	if (!ready)
		polled |= wanted;
	return (int32_t)ready;
}

/* Once: who finds that it was not for him asks again. */
static void tell_pollers(void)
{
	if (!poll_events(polled))
		return;
	polled = 0;
	sys_poll_changed(SERVER_PORT);
}

static void pump(void)
{
	uart_poll(&uart);
	take_input();
	serve_readers();
	serve_writers();
	/* Sends echo and output, and unmasks the receiver if there is room again. */
	uart_poll(&uart);
	serve_drainers();
	tell_pollers();
	set_timer();
}

/* ------------------------------------------------------------------ the file protocol */

static void tell_stat(struct quire_msg *msg)
{
	struct fs_stat st = {
		.dev = TERMINAL_DEVICE,
		.ino = 1,
		.mode = TERMINAL_MODE,
		.nlink = 1,
		.rdev = TERMINAL_DEVICE,
		.blksize = 1024,
		.atime = (int64_t)(started / 1000000000u),
		.mtime = (int64_t)(started / 1000000000u),
		.ctime = (int64_t)(started / 1000000000u),
	};

	ipc_answer(msg, 0);
	ipc_put(msg, &st, sizeof(st));
}

/* A path on the console's channel names the terminal itself, or nothing: it is no directory. */
static int32_t check_path(const struct quire_msg *msg)
{
	uint32_t len = ipc_bytes(msg);

	if (len == 0 || (len == 1 && (ipc_data()[0] == '.' || ipc_data()[0] == '/')))
		return 0;
	return -ENOTDIR;
}

static void open_terminal(struct quire_msg *msg)
{
	int32_t status = check_path(msg);
	int channel;

	if (status == 0 && (msg->w[1] & FS_O_DIRECTORY))
		status = -ENOTDIR;
	if (status == 0 && (msg->w[1] & FS_O_CREAT) && (msg->w[1] & FS_O_EXCL))
		status = -EEXIST;
	if (status < 0) {
		ipc_answer(msg, status);
		return;
	}
	channel = sys_channel_create(SERVER_PORT, FILE_BADGE, 0);
	ipc_answer(msg, channel < 0 ? channel : 0);
	if (channel < 0)
		return;
	msg->w[1] = S_IFCHR;
	ipc_put_handle(msg, channel);
	sys_reply(msg);
	msg->token = 0;
	sys_close(channel);
}

static void tell(struct quire_msg *msg, const void *data, size_t len)
{
	ipc_answer(msg, 0);
	ipc_put(msg, data, len);
}

/* A TTY_* request. A drain keeps the token. */
static void control(struct quire_msg *msg)
{
	struct tty_attr attr;
	int32_t number;

	switch (msg->w[1]) {
	case TTY_GETATTR: tell(msg, &tty.attr, sizeof(tty.attr)); break;
	case TTY_SETATTR:
		/* Output is translated when it enters the ring, so nothing has to be waited for. */
		if (ipc_get(msg, &attr, sizeof(attr)) < 0) {
			ipc_answer(msg, -EINVAL);
			break;
		}
		tty_set_attr(&tty, &attr);
		ipc_answer(msg, 0);
		break;
	case TTY_GETPGRP: tell(msg, &foreground, sizeof(foreground)); break;
	case TTY_SETPGRP:
		if (ipc_get(msg, &number, sizeof(number)) < 0 || number <= 0) {
			ipc_answer(msg, -EINVAL);
			break;
		}
		foreground = number;
		ipc_answer(msg, 0);
		break;
	case TTY_GETSIZE: tell(msg, &tty.size, sizeof(tty.size)); break;
	case TTY_DRAIN:
		start_drain(msg->token);
		msg->token = 0;
		break;
	case FIONREAD:
		number = (int32_t)tty_peek(&tty, ipc_buffer()->data, QUIRE_MSG_DATA);
		tell(msg, &number, sizeof(number));
		break;
	case TTY_FLUSH:
		uart_drop(&uart, UART_RX_BYTES);
		tty_flush_input(&tty);
		ipc_answer(msg, 0);
		break;
	default: ipc_answer(msg, -ENOTTY); break;
	}
}

/* Turns the request into its answer; a token of 0 afterwards: answered already, or later. */
static void serve(struct quire_msg *msg)
{
	ipc_drop_handles(msg);
	switch (ipc_label(msg)) {
	case FS_READ:
		start_read(msg);
		msg->token = 0;
		break;
	case FS_WRITE:
		start_write(msg);
		msg->token = 0;
		break;
	case FS_POLL: ipc_answer(msg, start_poll(msg->w[1])); break;
	case FS_IOCTL: control(msg); break;
	case FS_OPEN: open_terminal(msg); break;
	case FS_STAT:
		if (check_path(msg) < 0)
			ipc_answer(msg, check_path(msg));
		else
			tell_stat(msg);
		break;
	case FS_FSTAT: tell_stat(msg); break;
	case FS_ACCESS:
		ipc_answer(msg, check_path(msg) < 0  ? check_path(msg)
				: (msg->w[1] & X_OK) ? -EACCES
						     : 0);
		break;
	case FS_SYNC: ipc_answer(msg, 0); break;
	case FS_FTRUNCATE:
	case FS_READLINK: ipc_answer(msg, -EINVAL); break;
	case FS_ALLOCATE: ipc_answer(msg, -ENODEV); break;
	case FS_SEEK_DATA: ipc_answer(msg, -ESPIPE); break;
	case FS_LOOKUP:
	case FS_READDIR:
	case FS_DIRCHANNEL:
	case FS_GETPATH: ipc_answer(msg, -ENOTDIR); break;
	case FS_CHMOD:
	case FS_CHOWN:
	case FS_UTIMES:
	case FS_FCHMOD:
	case FS_FCHOWN:
	case FS_FUTIMES:
	case FS_UNLINK:
	case FS_RENAME:
	case FS_LINK: ipc_answer(msg, -EPERM); break;
	default: ipc_answer(msg, -ENOSYS); break;
	}
}

/* ------------------------------------------------------------------ start */

/* The terminal of a script: bytes pass unchanged in both directions. */
static void make_raw(void)
{
	struct tty_attr attr = tty.attr;

	attr.iflag = 0;
	attr.oflag = 0;
	attr.lflag = 0;
	tty_set_attr(&tty, &attr);
}

static void start(void)
{
	long registers = sys_mmap(0, REGISTERS_BYTES, QUIRE_PROT_READ | QUIRE_PROT_WRITE,
		QUIRE_MAP_SHARED, SERVER_DEVICE, 0);

	if (quire_is_error(registers)) {
		log_text("console: cannot map the serial port");
		sys_exit(1);
	}
	if (sys_irq_bind(SERVER_IRQ, SERVER_PORT, INTERRUPT_BIT) < 0) {
		log_text("console: no interrupt");
		sys_exit(1);
	}
	sys_priority(0, PRIORITY);
	started = sys_clock(QUIRE_CLOCK_REALTIME);
	uart_start(&uart, (volatile void *)(uintptr_t)registers);
	tty_init(&tty, tty_send, tty_signal, NULL);
	sys_irq_ack(SERVER_IRQ);
}

int main(int argc, char **argv)
{
	struct quire_msg msg;

	start();
	if (argc > 1 && strcmp(argv[1], "raw") == 0)
		make_raw();
	ipc_begin(&msg, 0);
	for (;;) {
		int status = sys_reply_recv(SERVER_PORT, &msg);

		if (status < 0 && status != -EINTR) {
			log_text("console: cannot receive");
			return 1;
		}
		if (status == 0 && ipc_label(&msg) < QUIRE_K_NOTIFY)
			serve(&msg);
		/* pump() sends messages of its own, and so would overwrite an answer's payload. */
		if (msg.token) {
			sys_reply(&msg);
			msg.token = 0;
		}
		pump();
		if (status == 0 && ipc_label(&msg) == QUIRE_K_NOTIFY && (msg.w[0] & INTERRUPT_BIT))
			sys_irq_ack(SERVER_IRQ);
	}
}
