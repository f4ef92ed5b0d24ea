/* Clocks, sleeping, alarms and interval timers. */
#include "../posix.h"

#include <sys/time.h>
#include <sys/times.h>

static volatile sig_atomic_t alarms;

static void count_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* Linux counts time() and the times of files by a clock that is a tick behind. */
#ifdef HOST
#define SECONDS_CLOCK CLOCK_REALTIME_COARSE
#else
#define SECONDS_CLOCK CLOCK_REALTIME
#endif

static void check_clocks(void)
{
	struct timespec a, b, before, after;
	struct timeval tv;
	time_t now, stored = 0;
	struct tms t;
	bool forward = true;

	EQUALS("clock_gettime.RETURN_VALUE.MONOTONIC", clock_gettime(CLOCK_MONOTONIC, &a), 0);
	for (int i = 0; i < 200; i++) {
		clock_gettime(CLOCK_MONOTONIC, &b);
		forward &= b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec);
		forward &= b.tv_nsec >= 0 && b.tv_nsec < 1000000000;
		a = b;
	}
	CHECK("clock_gettime.DESCRIPTION.monotonic", forward);
	/* Each between two readings of the clock. */
	EQUALS("clock_gettime.RETURN_VALUE.REALTIME", clock_gettime(CLOCK_REALTIME, &before), 0);
	gettimeofday(&tv, NULL);
	clock_gettime(CLOCK_REALTIME, &after);
	CHECK("gettimeofday.DESCRIPTION.agrees",
		(tv.tv_sec > before.tv_sec ||
			(tv.tv_sec == before.tv_sec && tv.tv_usec >= before.tv_nsec / 1000)) &&
			(tv.tv_sec < after.tv_sec ||
				(tv.tv_sec == after.tv_sec && tv.tv_usec <= after.tv_nsec / 1000)));
	CHECK("gettimeofday.DESCRIPTION.microseconds", tv.tv_usec >= 0 && tv.tv_usec < 1000000);
	clock_gettime(SECONDS_CLOCK, &before);
	now = time(&stored);
	clock_gettime(SECONDS_CLOCK, &after);
	CHECK("time.DESCRIPTION.agrees", now >= before.tv_sec && now <= after.tv_sec);
	EQUALS("time.DESCRIPTION.stores", stored, now);
	FAILS("clock_gettime.ERRORS.EINVAL", clock_gettime((clockid_t)77777, &a), EINVAL);
	EQUALS("clock_getres.RETURN_VALUE", clock_getres(CLOCK_MONOTONIC, &a), 0);
	CHECK("clock_getres.DESCRIPTION", a.tv_sec == 0 && a.tv_nsec > 0 && a.tv_nsec <= 20000000);
	CHECK("times.RETURN_VALUE", times(&t) != (clock_t)-1);
}

static void check_sleep(void)
{
	struct timespec bad = {0, 1000000000}, t = {0, 30000000}, left = {0, 0};
	long long before = now_ms(), after;
	pid_t child, self = getpid();

	EQUALS("nanosleep.RETURN_VALUE", nanosleep(&t, NULL), 0);
	CHECK("nanosleep.DESCRIPTION.at_least", now_ms() - before >= 30);
	FAILS("nanosleep.ERRORS.EINVAL", nanosleep(&bad, NULL), EINVAL);
	before = now_ms();
	EQUALS("usleep.RETURN_VALUE", usleep(20000), 0);
	CHECK("usleep.DESCRIPTION", now_ms() - before >= 20);
	EQUALS("sleep.RETURN_VALUE", sleep(0), 0);
	signal(SIGALRM, count_alarm);
	child = fork();
	if (child == 0) {
		until_waiting(self);
		kill(self, SIGALRM);
		_exit(0);
	}
	t.tv_sec = 100, t.tv_nsec = 0;
	before = now_ms();
	FAILS("nanosleep.ERRORS.EINTR", nanosleep(&t, &left), EINTR);
	after = now_ms();
	/* Slept and left make the whole, but for the parts of a millisecond dropped thrice. */
	CHECK("nanosleep.DESCRIPTION.remaining",
		left.tv_sec < 100 &&
			left.tv_sec * 1000 + left.tv_nsec / 1000000 + (after - before) >=
				100000 - 2);
	ended(child);
	t.tv_sec = 0, t.tv_nsec = 20000000;
	before = now_ms();
	EQUALS("clock_nanosleep.RETURN_VALUE", clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL), 0);
	CHECK("clock_nanosleep.DESCRIPTION", now_ms() - before >= 20);
	t.tv_sec = 0, t.tv_nsec = 1;
	EQUALS("clock_nanosleep.DESCRIPTION.absolute_past",
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
}

static void check_alarms(void)
{
	struct itimerval timer = {{0, 10000}, {0, 10000}}, old;
	long long before = now_ms(), spent;
	unsigned int left;
	sigset_t set, open_mask;

	signal(SIGALRM, count_alarm);
	alarms = 0;
	EQUALS("alarm.RETURN_VALUE.none", alarm(1000), 0);
	left = alarm(2000);
	spent = now_ms() - before;
	CHECK("alarm.RETURN_VALUE.left", left <= 1000 && left >= 999 - spent / 1000);
	left = alarm(0);
	spent = now_ms() - before;
	CHECK("alarm.DESCRIPTION.0_cancels", left <= 2000 && left >= 1999 - spent / 1000);
	EQUALS("alarm.DESCRIPTION.cancelled", alarm(0), 0);
	/* Blocked until the process waits, or it could come before. */
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, &open_mask);
	before = now_ms();
	alarm(1);
	sigsuspend(&open_mask);
	CHECK("alarm.DESCRIPTION.time", now_ms() - before >= 1000);
	EQUALS("alarm.DESCRIPTION.delivered", alarms, 1);
	sigprocmask(SIG_SETMASK, &open_mask, NULL);
	alarms = 0;
	EQUALS("setitimer.RETURN_VALUE", setitimer(ITIMER_REAL, &timer, NULL), 0);
	while (alarms < 3)
		pause();
	EQUALS("getitimer.RETURN_VALUE", getitimer(ITIMER_REAL, &old), 0);
	EQUALS("getitimer.DESCRIPTION.interval", old.it_interval.tv_usec, 10000);
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, &old);
	EQUALS("setitimer.DESCRIPTION.old", old.it_interval.tv_usec, 10000);
	alarms = 0;
	pause_ms(40);
	EQUALS("setitimer.DESCRIPTION.0_disarms", alarms, 0);
	timer.it_value.tv_usec = 1000000;
	FAILS("setitimer.ERRORS.EINVAL.usec", setitimer(ITIMER_REAL, &timer, NULL), EINVAL);
	FAILS("setitimer.ERRORS.EINVAL.which", setitimer(99, &timer, NULL), EINVAL);
}

void case_clocks(void)
{
	check_clocks();
}

void case_sleep(void)
{
	check_sleep();
}

void case_alarm(void)
{
	check_alarms();
}
