/*
 * kill, and the names of signals, which trap uses too.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "commands.h"

static const struct {
	const char *name;
	int number;
} signals[] = {
	{"HUP", SIGHUP},
	{"INT", SIGINT},
	{"QUIT", SIGQUIT},
	{"ILL", SIGILL},
	{"TRAP", SIGTRAP},
	{"ABRT", SIGABRT},
	{"FPE", SIGFPE},
	{"KILL", SIGKILL},
	{"BUS", SIGBUS},
	{"SEGV", SIGSEGV},
	{"SYS", SIGSYS},
	{"PIPE", SIGPIPE},
	{"ALRM", SIGALRM},
	{"TERM", SIGTERM},
	{"USR1", SIGUSR1},
	{"USR2", SIGUSR2},
	{"CHLD", SIGCHLD},
	{"CONT", SIGCONT},
	{"STOP", SIGSTOP},
	{"TSTP", SIGTSTP},
	{"TTIN", SIGTTIN},
	{"TTOU", SIGTTOU},
};

#define N_SIGNALS (sizeof(signals) / sizeof(*signals))

const char *signal_name(int number)
{
	size_t i;

	for (i = 0; i < N_SIGNALS; i++)
		if (signals[i].number == number)
			return signals[i].name;
	return NULL;
}

int signal_number(const char *name)
{
	char *end;
	long n = strtol(name, &end, 10);
	size_t i;

	if (end != name && !*end)
		return n >= 0 && n < NSIG ? (int)n : -1;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (i = 0; i < N_SIGNALS; i++)
		if (strcasecmp(signals[i].name, name) == 0)
			return signals[i].number;
	return -1;
}

static void put_name(put_fn *put, const char *name)
{
	put(name, strlen(name));
	put("\n", 1);
}

static int list_signals(int argc, char **argv, put_fn *put, complain_fn *complain)
{
	size_t k;
	int i;

	for (k = 0; argc == 0 && k < N_SIGNALS; k++)
		put_name(put, signals[k].name);
	for (i = 0; i < argc; i++) {
		int n = atoi(argv[i]);
		const char *name = signal_name(n > 128 ? n - 128 : n);

		if (!name) {
			complain("kill: %s: bad signal", argv[i]);
			return 1;
		}
		put_name(put, name);
	}
	return 0;
}

static int kill_target(const char *target, int number, complain_fn *complain,
	int (*kill_job)(const char *spec, int number))
{
	char *end;
	long pid;

	if (*target == '%' && kill_job)
		return kill_job(target, number);
	pid = strtol(target, &end, 10);
	if (end == target || *end) {
		complain("kill: %s: bad process id", target);
		return 1;
	}
	if (kill((pid_t)pid, number) != 0) {
		complain("kill: %s: %s", target, strerror(errno));
		return 1;
	}
	return 0;
}

int kill_command(int argc, char **argv, put_fn *put, complain_fn *complain,
	int (*kill_job)(const char *spec, int number))
{
	const char *name = NULL;
	int number = SIGTERM;
	int status = 0;
	int i = 1;

	if (i < argc && strcmp(argv[i], "-l") == 0)
		return list_signals(argc - 2, argv + 2, put, complain);
	if (i + 1 < argc && strcmp(argv[i], "-s") == 0) {
		name = argv[i + 1];
		i += 2;
	} else if (i < argc && argv[i][0] == '-' && argv[i][1] && argv[i][1] != '-') {
		name = argv[i++] + 1;
	}
	if (name) {
		number = signal_number(name);
		if (number < 0) {
			complain("kill: %s: bad signal", name);
			return 1;
		}
	}
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (i >= argc) {
		complain("kill: usage: kill [-s SIGNAL | -SIGNAL] PID...");
		return 2;
	}
	for (; i < argc; i++)
		status |= kill_target(argv[i], number, complain, kill_job);
	return status;
}
