/* Init's own port, and the way down: the file system comes to rest, the terminal's last byte leaves,
 * the machine powers off with a status.
 *
 * Under a script the terminal is raw and its output lies between two markers, so that whoever started
 * the machine can tell it from everything else on the wire:
 *	\x01 QUIRE-BEGIN \x02 output \x01 QUIRE-END status \x02	(without the spaces around them)
 */
#include "init.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <quire/fs.h>
#include <quire/ipc.h>
#include <quire/server.h>
#include <quire/tty.h>

#define SHUTDOWN_BIT 1u
#define ATTEMPTS     5
#define RETRY_NS     200000000ull
#define WATCHDOG_NS  60000000000ull
#define MARKER_BEGIN "\001QUIRE-BEGIN\002"
#define MARKER_END   "\001QUIRE-END %d\002"

static int port;
static uint32_t shutdown_asked;
static int shutdown_status;
static const char *shutdown_why;
static bool output_begun;

int control_prepare(void)
{
	int channel, status;

	port = keep(sys_port_create());
	if (port < 0)
		return port;
	channel = keep(sys_channel_create(port, 0, 0));
	if (channel < 0)
		return channel;
	status = sys_dup2(channel, QUIRE_H_INIT, 0);
	sys_close(channel);
	return status < 0 ? status : 0;
}

void request_shutdown(int status, const char *why)
{
	if (__atomic_exchange_n(&shutdown_asked, 1, __ATOMIC_ACQ_REL))
		return;
	shutdown_status = status;
	shutdown_why = why;
	sys_notify(port, SHUTDOWN_BIT);
}

/* A request that is made again when its server dies with it. */
static int ask(int channel, uint32_t label, uint32_t w1, const void *data, size_t len)
{
	int status = -ECONNRESET;

	for (int i = 0; i < ATTEMPTS && (status == -ECONNRESET || status == -EINTR); i++) {
		struct quire_msg msg;

		if (i > 0)
			sys_sleep(sys_clock(QUIRE_CLOCK_MONOTONIC) + RETRY_NS);
		ipc_begin(&msg, label);
		msg.w[1] = w1;
		ipc_put(&msg, data, len);
		status = ipc_call(channel, &msg);
	}
	return status;
}

static void print(const char *text)
{
	ask(QUIRE_H_CONSOLE, FS_WRITE, 0, text, strlen(text));
}

void begin_output(void)
{
	print(MARKER_BEGIN);
	output_begun = true;
}

static bool files_are_served(void)
{
	if (root_in_memory)
		return services[SERVICE_MEMFS].wanted;
	return services[SERVICE_EXT2].wanted && services[SERVICE_DISK].wanted;
}

/* A server that hangs must not keep the machine up for ever. */
static void *watchdog(void *unused)
{
	(void)unused;
	sys_sleep(sys_clock(QUIRE_CLOCK_MONOTONIC) + WATCHDOG_NS);
	report("a server hangs: powering off without it");
	sys_poweroff(QUIRE_H_RESOURCE, shutdown_status ? shutdown_status : STATUS_BROKEN);
	return NULL;
}

static _Noreturn void shut_down(void)
{
	char marker[32];
	pthread_t thread;

	pthread_create(&thread, NULL, watchdog, NULL);
	if (output_begun) {
		snprintf(marker, sizeof(marker), MARKER_END, shutdown_status);
		print(marker);
	}
	if (shutdown_why)
		announce("%s", shutdown_why);
	if (files_are_served()) {
		int status = ask(QUIRE_H_ROOT, FS_SHUTDOWN, 0, NULL, 0);

		if (status < 0)
			announce("the file system did not come to rest: error %d", -status);
	}
	ask(QUIRE_H_CONSOLE, FS_IOCTL, TTY_DRAIN, NULL, 0);
	sys_poweroff(QUIRE_H_RESOURCE, shutdown_status);
	for (;;)
		sys_sleep(QUIRE_FOREVER);
}

void *control_thread(void *unused)
{
	struct quire_msg msg;

	(void)unused;
	ipc_begin(&msg, 0);
	for (;;) {
		int status = sys_reply_recv(port, &msg);

		if (status < 0)
			continue;
		if (ipc_label(&msg) == QUIRE_K_NOTIFY) {
			if (msg.w[0] & SHUTDOWN_BIT)
				shut_down();
			continue;
		}
		ipc_drop_handles(&msg);
		if (ipc_label(&msg) == INIT_POWEROFF && msg.w[1] <= 255) {
			request_shutdown((int)msg.w[1], NULL);
			ipc_answer(&msg, 0);
		} else {
			ipc_answer(&msg, ipc_label(&msg) == INIT_POWEROFF ? -EINVAL : -ENOSYS);
		}
	}
}
