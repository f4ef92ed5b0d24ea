/* Masks, pending signals, waiting for signals, sets. */
#include "../posix.h"

#include <pthread.h>

static volatile sig_atomic_t count, last;

static void handler(int sig)
{
	count++;
	last = sig;
}

static void check_sets(void)
{
	sigset_t set;

	EQUALS("sigemptyset.RETURN_VALUE", sigemptyset(&set), 0);
	EQUALS("sigismember.DESCRIPTION.empty", sigismember(&set, SIGINT), 0);
	EQUALS("sigaddset.RETURN_VALUE", sigaddset(&set, SIGINT), 0);
	EQUALS("sigismember.DESCRIPTION.added", sigismember(&set, SIGINT), 1);
	EQUALS("sigdelset.RETURN_VALUE", sigdelset(&set, SIGINT), 0);
	EQUALS("sigismember.DESCRIPTION.deleted", sigismember(&set, SIGINT), 0);
	EQUALS("sigfillset.RETURN_VALUE", sigfillset(&set), 0);
	EQUALS("sigismember.DESCRIPTION.full", sigismember(&set, SIGUSR2), 1);
	FAILS("sigaddset.ERRORS.EINVAL", sigaddset(&set, 1000), EINVAL);
	FAILS("sigdelset.ERRORS.EINVAL", sigdelset(&set, -1), EINVAL);
	FAILS("sigismember.ERRORS.EINVAL", sigismember(&set, 1000), EINVAL);
}

static void check_mask(void)
{
	sigset_t set, old, pending, none;

	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	signal(SIGUSR1, handler);
	EQUALS("sigprocmask.RETURN_VALUE", sigprocmask(SIG_BLOCK, &set, &old), 0);
	CHECK("sigprocmask.DESCRIPTION.old", !sigismember(&old, SIGUSR1));
	FAILS("sigprocmask.ERRORS.EINVAL", sigprocmask(77, &set, NULL), EINVAL);
	sigpending(&pending);
	CHECK("sigpending.DESCRIPTION.none", !sigismember(&pending, SIGUSR1));
	raise(SIGUSR1);
	raise(SIGUSR1);
	EQUALS("sigprocmask.DESCRIPTION.blocked", count, 0);
	EQUALS("sigpending.RETURN_VALUE", sigpending(&pending), 0);
	CHECK("sigpending.DESCRIPTION.pending", sigismember(&pending, SIGUSR1) == 1);
	CHECK("sigpending.DESCRIPTION.only_that", !sigismember(&pending, SIGUSR2));
	EQUALS("sigprocmask.RETURN_VALUE.unblock", sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
	EQUALS("sigprocmask.DESCRIPTION.delivered_before_return", count, 1);
	sigpending(&pending);
	CHECK("sigpending.DESCRIPTION.gone", !sigismember(&pending, SIGUSR1));
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_IGN);
	sigpending(&pending);
	CHECK("sigaction.DESCRIPTION.ignoring_discards_pending", !sigismember(&pending, SIGUSR1));
	sigprocmask(SIG_SETMASK, &none, NULL);
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, &old);
	sigprocmask(SIG_SETMASK, &old, &set);
	CHECK("sigprocmask.DESCRIPTION.KILL_and_STOP_unblockable",
		!sigismember(&set, SIGKILL) && !sigismember(&set, SIGSTOP));
	CHECK("sigprocmask.DESCRIPTION.others_blocked", sigismember(&set, SIGTERM) == 1);
}

static void check_suspend(void)
{
	sigset_t set, old, during, after;
	pid_t child, self = getpid();

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	signal(SIGUSR1, handler);
	signal(SIGUSR2, handler);
	count = 0;
	raise(SIGUSR1);
	sigemptyset(&during);
	FAILS("sigsuspend.RETURN_VALUE.EINTR", sigsuspend(&during), EINTR);
	EQUALS("sigsuspend.DESCRIPTION.pending_delivered", count, 1);
	sigprocmask(SIG_BLOCK, NULL, &after);
	CHECK("sigsuspend.DESCRIPTION.mask_restored", sigismember(&after, SIGUSR1) == 1);
	child = fork();
	if (child == 0) {
		until_waiting(self);
		kill(self, SIGUSR2);
		_exit(0);
	}
	FAILS("sigsuspend.DESCRIPTION.waits", sigsuspend(&old), EINTR);
	EQUALS("sigsuspend.DESCRIPTION.which", last, SIGUSR2);
	ended(child);
	sigprocmask(SIG_SETMASK, &old, NULL);
	child = fork();
	if (child == 0) {
		until_waiting(self);
		kill(self, SIGUSR1);
		_exit(0);
	}
	FAILS("pause.RETURN_VALUE", pause(), EINTR);
	EQUALS("pause.DESCRIPTION.handled_first", last, SIGUSR1);
	ended(child);
}

static void check_wait(void)
{
	sigset_t set, old, pending;
	struct timespec short_time = {0, 20000000};
	siginfo_t info;
	pid_t child, self = getpid();
	int sig = 0;
	long long before;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &old);
	count = 0;
	raise(SIGUSR2);
	EQUALS("sigwait.RETURN_VALUE", sigwait(&set, &sig), 0);
	EQUALS("sigwait.DESCRIPTION.number", sig, SIGUSR2);
	EQUALS("sigwait.DESCRIPTION.no_handler", count, 0);
	sigpending(&pending);
	CHECK("sigwait.DESCRIPTION.taken", !sigismember(&pending, SIGUSR2));
	child = fork();
	if (child == 0) {
		until_waiting(self);
		kill(self, SIGUSR1);
		_exit(0);
	}
	sigwait(&set, &sig);
	EQUALS("sigwait.DESCRIPTION.waits", sig, SIGUSR1);
	ended(child);
	raise(SIGUSR1);
	EQUALS("sigwaitinfo.RETURN_VALUE", sigwaitinfo(&set, &info), SIGUSR1);
	EQUALS("sigwaitinfo.DESCRIPTION.si_signo", info.si_signo, SIGUSR1);
	before = now_ms();
	FAILS("sigtimedwait.ERRORS.EAGAIN", sigtimedwait(&set, &info, &short_time), EAGAIN);
	CHECK("sigtimedwait.DESCRIPTION.time", now_ms() - before >= 19);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Masks are a thread's; a signal of the process goes to a thread that takes it. */
static volatile pthread_t ran_on;

static void which_thread(int sig)
{
	(void)sig;
	ran_on = pthread_self();
	count++;
}

static volatile bool done;

static void *stay(void *unused)
{
	while (!done)
		pause_ms(5);
	return unused;
}

static void check_threads(void)
{
	sigset_t set, old;
	pthread_t thread;

	signal(SIGUSR1, which_thread);
	REQUIRE(pthread_create(&thread, NULL, stay, NULL) == 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	EQUALS("pthread_sigmask.RETURN_VALUE", pthread_sigmask(SIG_BLOCK, &set, &old), 0);
	EQUALS("pthread_sigmask.ERRORS.EINVAL", pthread_sigmask(99, &set, NULL), EINVAL);
	count = 0;
	kill(getpid(), SIGUSR1);
	until_reached(&count, 1);
	CHECK("kill.DESCRIPTION.thread_that_does_not_block", count == 1 && ran_on == thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	EQUALS("pthread_kill.RETURN_VALUE", pthread_kill(thread, SIGUSR1), 0);
	until_reached(&count, 2);
	CHECK("pthread_kill.DESCRIPTION.that_thread", count == 2 && ran_on == thread);
	pthread_kill(pthread_self(), SIGUSR1);
	CHECK("pthread_kill.DESCRIPTION.self", count == 3 && ran_on == pthread_self());
	EQUALS("pthread_kill.ERRORS.EINVAL", pthread_kill(thread, 1000), EINVAL);
	EQUALS("pthread_kill.DESCRIPTION.0", pthread_kill(thread, 0), 0);
	done = true;
	pthread_join(thread, NULL);
	signal(SIGUSR1, SIG_DFL);
}

void case_sigset(void)
{
	check_sets();
}

void case_sigmask(void)
{
	check_mask();
	check_threads();
}

void case_sigsuspend(void)
{
	check_suspend();
}

void case_sigwait(void)
{
	check_wait();
}
