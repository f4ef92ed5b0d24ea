/* sigaction and its flags; the handler's information; signals of a fault. */
#include "../posix.h"

static volatile sig_atomic_t caught, depth, deepest, entered;
static volatile int code, from;
static volatile sig_atomic_t blocked_inside;

static void handler(int sig, siginfo_t *info, void *context)
{
	sigset_t now;

	(void)context;
	caught = sig;
	if (info) {
		code = info->si_code;
		from = info->si_pid;
	}
	sigprocmask(SIG_BLOCK, NULL, &now);
	blocked_inside = sigismember(&now, SIGUSR1) | sigismember(&now, SIGUSR2) << 1;
}

static void simple(int sig)
{
	caught = sig;
	errno = 77;
}

static void nest(int sig)
{
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (++entered < 3)
		raise(sig);
	depth--;
}

static void check_calls(void)
{
	struct sigaction action = {.sa_handler = simple}, old;

	FAILS("sigaction.ERRORS.EINVAL.SIGKILL", sigaction(SIGKILL, &action, NULL), EINVAL);
	FAILS("sigaction.ERRORS.EINVAL.SIGSTOP", sigaction(SIGSTOP, &action, NULL), EINVAL);
	FAILS("sigaction.ERRORS.EINVAL.number", sigaction(1000, &action, NULL), EINVAL);
	FAILS("sigaction.ERRORS.EINVAL.0", sigaction(0, &action, NULL), EINVAL);
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR2);
	action.sa_flags = SA_RESTART;
	EQUALS("sigaction.RETURN_VALUE", sigaction(SIGUSR1, &action, &old), 0);
	CHECK("sigaction.DESCRIPTION.old_default", old.sa_handler == SIG_DFL);
	EQUALS("sigaction.RETURN_VALUE.ask", sigaction(SIGUSR1, NULL, &old), 0);
	CHECK("sigaction.DESCRIPTION.asked", old.sa_handler == simple &&
						     (old.sa_flags & SA_RESTART) &&
						     sigismember(&old.sa_mask, SIGUSR2) == 1 &&
						     sigismember(&old.sa_mask, SIGHUP) == 0);
	errno = 5;
	raise(SIGUSR1);
	EQUALS("sigaction.DESCRIPTION.caught", caught, SIGUSR1);
	CHECK("signal.RETURN_VALUE.previous", signal(SIGUSR1, SIG_IGN) == simple);
	caught = 0;
	raise(SIGUSR1);
	EQUALS("sigaction.DESCRIPTION.ignored", caught, 0);
	CHECK("signal.RETURN_VALUE.ignored", signal(SIGUSR1, SIG_DFL) == SIG_IGN);
	errno = 0;
	CHECK("signal.ERRORS.EINVAL", signal(SIGKILL, simple) == SIG_ERR && errno == EINVAL);
}

static void check_flags(void)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	pid_t child;

	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	kill(getpid(), SIGUSR1);
	EQUALS("sigaction.DESCRIPTION.SA_SIGINFO.si_code", code, SI_USER);
	EQUALS("sigaction.DESCRIPTION.SA_SIGINFO.si_pid", from, getpid());
	EQUALS("sigaction.DESCRIPTION.own_signal_blocked", blocked_inside, 1);
	sigaddset(&action.sa_mask, SIGUSR2);
	action.sa_flags |= SA_NODEFER;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	EQUALS("sigaction.DESCRIPTION.SA_NODEFER_and_mask", blocked_inside, 2);
	{
		sigset_t now;

		sigprocmask(SIG_BLOCK, NULL, &now);
		CHECK("sigaction.DESCRIPTION.mask_restored",
			!sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
	}
	action.sa_handler = nest;
	action.sa_flags = SA_NODEFER;
	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	EQUALS("sigaction.DESCRIPTION.SA_NODEFER_nests", deepest, 3);
	depth = deepest = entered = 0;
	action.sa_flags = 0;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	EQUALS("sigaction.DESCRIPTION.deferred_not_lost", entered, 3);
	EQUALS("sigaction.DESCRIPTION.deferred_not_nested", deepest, 1);
	action.sa_handler = simple;
	action.sa_flags = SA_RESETHAND;
	sigaction(SIGUSR1, &action, NULL);
	caught = 0;
	raise(SIGUSR1);
	EQUALS("sigaction.DESCRIPTION.SA_RESETHAND_caught", caught, SIGUSR1);
	sigaction(SIGUSR1, NULL, &action);
	CHECK("sigaction.DESCRIPTION.SA_RESETHAND_reset", action.sa_handler == SIG_DFL);

	/* A child's end, and the flags that concern it. */
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = handler;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	sigaction(SIGCHLD, &action, NULL);
	caught = 0;
	child = fork();
	if (child == 0)
		_exit(4);
	EQUALS("sigaction.DESCRIPTION.SIGCHLD_wait", ended(child), 4);
	EQUALS("sigaction.DESCRIPTION.SIGCHLD", caught, SIGCHLD);
	EQUALS("sigaction.DESCRIPTION.SIGCHLD.si_code", code, CLD_EXITED);
	EQUALS("sigaction.DESCRIPTION.SIGCHLD.si_pid", from, child);
	action.sa_handler = SIG_DFL;
	action.sa_flags = SA_NOCLDWAIT;
	sigaction(SIGCHLD, &action, NULL);
	child = fork();
	if (child == 0)
		_exit(4);
	FAILS("sigaction.DESCRIPTION.SA_NOCLDWAIT", waitpid(child, NULL, 0), ECHILD);
	signal(SIGCHLD, SIG_IGN);
	child = fork();
	if (child == 0)
		_exit(4);
	FAILS("sigaction.DESCRIPTION.SIGCHLD_ignored", waitpid(child, NULL, 0), ECHILD);
	signal(SIGCHLD, SIG_DFL);
}

/* SA_RESTART, and EINTR without it. */
static void check_restart(void)
{
	struct sigaction action = {.sa_handler = simple};
	pid_t child, self = getpid();
	int ends[2];
	char byte = 0;

	REQUIRE(pipe(ends) == 0);
	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	caught = 0;
	child = fork();
	if (child == 0) {
		until_waiting(self);
		kill(self, SIGUSR1);
		_exit(0);
	}
	FAILS("read.ERRORS.EINTR", read(ends[0], &byte, 1), EINTR);
	EQUALS("read.ERRORS.EINTR.caught", caught, SIGUSR1);
	ended(child);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	caught = 0;
	child = fork();
	if (child == 0) {
		until_waiting(self);
		kill(self, SIGUSR1);
		pause_ms(40);
		if (write(ends[1], "R", 1) != 1)
			_exit(1);
		_exit(0);
	}
	EQUALS("sigaction.DESCRIPTION.SA_RESTART_read", read(ends[0], &byte, 1), 1);
	CHECK("sigaction.DESCRIPTION.SA_RESTART_after", caught == SIGUSR1 && byte == 'R');
	ended(child);
	child = fork();
	if (child == 0) {
		until_waiting(self);
		kill(self, SIGUSR1);
		pause_ms(40);
		_exit(6);
	}
	{
		int status = 0;

		EQUALS("sigaction.DESCRIPTION.SA_RESTART_waitpid", waitpid(child, &status, 0),
			child);
		EQUALS("sigaction.DESCRIPTION.SA_RESTART_waitpid.status", WEXITSTATUS(status), 6);
	}
	action.sa_flags = 0;
	sigaction(SIGUSR1, &action, NULL);
	child = fork();
	if (child == 0) {
		/* Stays until the call has returned: a child that can be reaped comes first. */
		until_waiting(self);
		kill(self, SIGUSR1);
		for (;;)
			pause();
	}
	FAILS("waitpid.ERRORS.EINTR", waitpid(child, NULL, 0), EINTR);
	kill(child, SIGKILL);
	ended(child);
	close(ends[0]), close(ends[1]);
}

static void check_pipe_signal(void)
{
	int ends[2];
	pid_t child = fork();

	if (child == 0) {
		REQUIRE(pipe(ends) == 0);
		close(ends[0]);
		if (write(ends[1], "x", 1) < 0)
			_exit(1);
		_exit(0);
	}
	EQUALS("write.ERRORS.EPIPE.SIGPIPE", ended(child), 256 + SIGPIPE);
	signal(SIGPIPE, SIG_IGN);
	REQUIRE(pipe(ends) == 0);
	close(ends[0]);
	FAILS("write.ERRORS.EPIPE", write(ends[1], "x", 1), EPIPE);
	close(ends[1]);
	signal(SIGPIPE, SIG_DFL);
}

/* What a fault does to a process that does not catch it. */
static void check_default_faults(void)
{
	unsigned char *p = pages(1);
	pid_t child = fork();

	if (child == 0) {
		munmap(p, PAGE);
		*(volatile unsigned char *)p = 1;
		_exit(0);
	}
	EQUALS("sigaction.DESCRIPTION.SIGSEGV_default", ended(child), 256 + SIGSEGV);
	child = fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_IGN);
		munmap(p, PAGE);
		*(volatile unsigned char *)p = 1;
		_exit(0);
	}
	EQUALS("sigaction.DECIDED.SIGSEGV_ignored_kills", ended(child), 256 + SIGSEGV);
	child = fork();
	if (child == 0) {
		sigset_t set;

		sigfillset(&set);
		sigprocmask(SIG_BLOCK, &set, NULL);
		munmap(p, PAGE);
		*(volatile unsigned char *)p = 1;
		_exit(0);
	}
	EQUALS("sigprocmask.DECIDED.SIGSEGV_blocked_kills", ended(child), 256 + SIGSEGV);
	munmap(p, PAGE);
}

void case_sigaction(void)
{
	check_calls();
	check_flags();
	check_restart();
	check_pipe_signal();
	check_default_faults();
}
