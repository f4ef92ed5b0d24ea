/*
 * Traps. A signal only sets a flag; its command runs between two commands of the script. Index 0
 * stands for EXIT.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"
#include "../shared/commands.h"

#define N_TRAPS 32

static char *actions[N_TRAPS]; /* "" ignores the signal, NULL leaves it alone */
static volatile sig_atomic_t pending[N_TRAPS];
static volatile sig_atomic_t any_pending;
static bool shielding; /* this process is, or was forked from, an interactive shell */

/* What an interactive shell does not die of. */
static const int shielded[] = {
	SIGQUIT,
	SIGTERM,
#ifdef SIGTSTP
	SIGTSTP,
#endif
#ifdef SIGTTIN
	SIGTTIN,
#endif
#ifdef SIGTTOU
	SIGTTOU,
#endif
};

static sigjmp_buf read_ends;
static volatile sig_atomic_t reading;

static void on_signal(int number)
{
	if (number > 0 && number < N_TRAPS && actions[number]) {
		pending[number] = 1;
		any_pending = 1;
	} else if (number == SIGINT && sh.interactive) {
		sh.interrupted = 1;
	}
	if (number == SIGINT && reading) {
		reading = 0;
		siglongjmp(read_ends, 1);
	}
}

/*
 * A read that ^C always ends, with EINTR: also when it comes just before the read would block. So
 * the handler jumps out of it; nothing else in the shell does.
 */
ssize_t read_interruptibly(int fd, void *data, size_t n)
{
	ssize_t got = -1;

	if (sigsetjmp(read_ends, 1) != 0) {
		errno = EINTR;
		return -1;
	}
	reading = 1;
	if (sh.interrupted || (sh.interactive && traps_pending()))
		errno = EINTR;
	else
		got = read(fd, data, n);
	reading = 0;
	return got;
}

/* Without SA_RESTART: a read or a wait must end for the trap to run. */
static void set_handler(int number, void (*handler)(int))
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler;
	sigemptyset(&sa.sa_mask);
	sigaction(number, &sa, NULL);
}

static void set_default(int number)
{
	size_t i;

	if (sh.interactive && number == SIGINT) {
		set_handler(number, on_signal);
		return;
	}
	for (i = 0; i < sizeof(shielded) / sizeof(*shielded); i++) {
		if (sh.interactive && shielded[i] == number) {
			set_handler(number, SIG_IGN);
			return;
		}
	}
	set_handler(number, SIG_DFL);
}

void traps_init(void)
{
	size_t i;

	if (!sh.interactive)
		return;
	shielding = true;
	set_default(SIGINT);
	for (i = 0; i < sizeof(shielded) / sizeof(*shielded); i++)
		set_default(shielded[i]);
}

bool traps_pending(void)
{
	return any_pending;
}

/* Whether this process still has something to do when a command ends. */
bool traps_set(void)
{
	int i;

	for (i = 0; i < N_TRAPS; i++)
		if (actions[i] && *actions[i])
			return true;
	return false;
}

static void run_action(const char *action)
{
	char *copy = xstrdup(action); /* the action may change the trap */
	int status = sh.status;

	run_string(copy);
	free(copy);
	if (sh.flow == FLOW_NONE)
		sh.status = status;
}

void traps_run(void)
{
	int i;

	any_pending = 0;
	for (i = 1; i < N_TRAPS; i++) {
		if (!pending[i])
			continue;
		pending[i] = 0;
		if (actions[i] && *actions[i])
			run_action(actions[i]);
	}
}

/* Runs the EXIT trap, once. An `exit` inside it decides the status. */
void traps_run_exit(void)
{
	char *action = actions[0];

	actions[0] = NULL;
	if (action && *action) {
		sh.flow = FLOW_NONE;
		run_action(action);
	}
	free(action);
}

/* In a fresh child: traps do not pass to it, ignored signals do. */
void traps_reset_child(bool background)
{
	size_t k;
	int i;

	for (i = 0; i < N_TRAPS; i++) {
		pending[i] = 0;
		if (!actions[i] || (i > 0 && !*actions[i]))
			continue;
		free(actions[i]);
		actions[i] = NULL;
		if (i > 0)
			set_handler(i, SIG_DFL);
	}
	any_pending = 0;
	signals_default_for_exec();
	for (k = 0; background && k < 2; k++)
		set_handler(k ? SIGQUIT : SIGINT, SIG_IGN);
}

/* Gives back to a program the signals that only the interactive shell itself keeps away. */
void signals_default_for_exec(void)
{
	size_t i;

	if (!shielding)
		return;
	for (i = 0; i < sizeof(shielded) / sizeof(*shielded); i++)
		if (shielded[i] < N_TRAPS && !actions[shielded[i]])
			set_handler(shielded[i], SIG_DFL);
	if (!actions[SIGINT])
		set_handler(SIGINT, SIG_DFL);
}

static void print_traps(void)
{
	int i;

	for (i = 0; i < N_TRAPS; i++) {
		if (!actions[i])
			continue;
		out_str("trap -- ");
		out_quoted(actions[i]);
		out_fmt(" %s\n", i ? signal_name(i) : "EXIT");
	}
}

static int trap_number(const char *name)
{
	if (strcmp(name, "EXIT") == 0 || strcmp(name, "0") == 0)
		return 0;
	return signal_number(name);
}

static void set_trap(int number, const char *action)
{
	char *old = actions[number];

	actions[number] = action ? xstrdup(action) : NULL;
	free(old);
	pending[number] = 0;
	if (number == 0)
		return;
	if (!action)
		set_default(number);
	else
		set_handler(number, *action ? on_signal : SIG_IGN);
}

int builtin_trap(int argc, char **argv)
{
	const char *action = NULL;
	int first = 1;
	int status = 0;
	int i;

	if (first < argc && strcmp(argv[first], "--") == 0)
		first++;
	if (first == argc) {
		print_traps();
		return 0;
	}
	/* A first argument that is a number means: reset these signals. */
	if (argc - first > 1 && !(argv[first][0] >= '0' && argv[first][0] <= '9')) {
		if (strcmp(argv[first], "-") != 0)
			action = argv[first];
		first++;
	}
	for (i = first; i < argc; i++) {
		int number = trap_number(argv[i]);

		if (number < 0 || number >= N_TRAPS) {
			shell_error("trap: %s: bad signal", argv[i]);
			status = 1;
		} else {
			set_trap(number, action);
		}
	}
	return status;
}
