/* From started servers to the running program: waits for the file system, then runs what the command
 * line says in a session of its own on the terminal. */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <quire/fs.h>
#include <quire/ipc.h>
#include <quire/server.h>
#include <quire/tty.h>

#define SHORT_NS  1000000000ull /* a shell that lived no longer than this has failed */
#define RETRY_NS  100000000ull
#define FAILS_MAX 5

struct command boot_command;
bool root_in_memory;
int program_pid;

static uint64_t program_started;
static int program_failures;

static const char *const environment[] = {"PATH=/bin", "HOME=/", "TERM=vt100", "USER=root", NULL};

/* Returns when the root file system answers. A server that dies meanwhile is started again by the
 * main thread, or the machine is shut down by it. */
static void wait_for_root(void)
{
	struct quire_msg msg;

	for (;;) {
		ipc_begin(&msg, FS_STATFS);
		if (ipc_call(QUIRE_H_ROOT, &msg) >= 0)
			return;
		sys_sleep(sys_clock(QUIRE_CLOCK_MONOTONIC) + RETRY_NS);
	}
}

/* Makes the caller's new session own the terminal. */
static void take_terminal(void)
{
	int32_t group = sys_setsid();
	struct quire_msg msg;

	if (group < 0)
		group = sys_getpid();
	ipc_begin(&msg, FS_IOCTL);
	msg.w[1] = TTY_SETPGRP;
	ipc_put(&msg, &group, sizeof(group));
	ipc_call(QUIRE_H_CONSOLE, &msg);
}

static void default_signals(void)
{
	struct quire_sigaction action = {.handler = QUIRE_SIG_DFL};

	for (int sig = 1; sig < 32; sig++)
		sys_sigaction(sig, &action, NULL);
	sys_sigprocmask(QUIRE_SIG_SETMASK, 0, NULL);
}

static _Noreturn void become_program(void)
{
	default_signals();
	take_terminal();
	execve(boot_command.argv[0], boot_command.argv, (char *const *)environment);
	announce("cannot run %s: error %d", boot_command.argv[0], errno);
	sys_exit(STATUS_NO_PROGRAM);
}

static void run_program(void)
{
	int pid;

	if (boot_command.scripted)
		begin_output();
	lock();
	pid = sys_fork();
	if (pid == 0)
		become_program();
	program_pid = pid;
	program_started = sys_clock(QUIRE_CLOCK_MONOTONIC);
	unlock();
	if (pid < 0)
		request_shutdown(STATUS_BROKEN, "no memory to run the program");
}

void *boot_thread(void *unused)
{
	(void)unused;
	wait_for_root();
	run_program();
	return NULL;
}

void program_ended(int status)
{
	int code = status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
	bool failed = sys_clock(QUIRE_CLOCK_MONOTONIC) - program_started < SHORT_NS;

	program_pid = 0;
	program_failures = failed ? program_failures + 1 : 0;
	if (boot_command.scripted || boot_command.once) {
		request_shutdown(code, NULL);
		return;
	}
	if (program_failures >= FAILS_MAX) {
		request_shutdown(STATUS_BROKEN, "the shell does not stay up");
		return;
	}
	report("%s ended with status %d, starting another", boot_command.argv[0], code);
	run_program();
}
