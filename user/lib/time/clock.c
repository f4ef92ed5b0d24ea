/* Clocks, sleeping, and the interval timer. The kernel counts nanoseconds since boot and knows the
 * time of day; every absolute wait it does is in the former. */
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "../internal.h"

bool __libc_timespec_valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < (long)NS_PER_SECOND;
}

uint64_t __libc_timespec_ns(const struct timespec *ts)
{
	if (ts->tv_sec < 0)
		return 0;
	if ((uint64_t)ts->tv_sec >= (QUIRE_FOREVER - NS_PER_SECOND) / NS_PER_SECOND)
		return QUIRE_FOREVER - 1;
	return (uint64_t)ts->tv_sec * NS_PER_SECOND + (uint64_t)ts->tv_nsec;
}

void __libc_ns_timespec(uint64_t ns, struct timespec *ts)
{
	ts->tv_sec = (time_t)(ns / NS_PER_SECOND);
	ts->tv_nsec = (long)(ns % NS_PER_SECOND);
}

int __libc_clock(unsigned long clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE: return QUIRE_CLOCK_REALTIME;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME: return QUIRE_CLOCK_MONOTONIC;
	case CLOCK_PROCESS_CPUTIME_ID: return QUIRE_CLOCK_PROCESS;
	case CLOCK_THREAD_CPUTIME_ID: return QUIRE_CLOCK_THREAD;
	default: return -EINVAL;
	}
}

uint64_t __libc_deadline(unsigned long clock, const struct timespec *until)
{
	uint64_t ns = __libc_timespec_ns(until);
	uint64_t now, base;

	if (__libc_clock(clock) != QUIRE_CLOCK_REALTIME)
		return ns;
	/* In this order: a pause between the two makes the wait end later, never early. */
	now = sys_clock(QUIRE_CLOCK_REALTIME);
	base = sys_clock(QUIRE_CLOCK_MONOTONIC);
	if (ns <= now)
		return 0;
	return ns - now < QUIRE_FOREVER - 1 - base ? base + (ns - now) : QUIRE_FOREVER - 1;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int number = __libc_clock(clock);

	if (number < 0)
		return (int)__libc_result(number);
	if (!__libc_writable(ts, sizeof(*ts)))
		return (int)__libc_result(-EFAULT);
	__libc_ns_timespec(sys_clock(number), ts);
	return 0;
}

int clock_getres(clockid_t clock, struct timespec *ts)
{
	if (__libc_clock(clock) < 0)
		return (int)__libc_result(-EINVAL);
	if (ts)
		*ts = (struct timespec){0, 100}; /* the 10 MHz of QEMU's counter */
	return 0;
}

int clock_settime(clockid_t clock, const struct timespec *ts)
{
	if (__libc_clock(clock) != QUIRE_CLOCK_REALTIME || !__libc_timespec_valid(ts))
		return (int)__libc_result(-EINVAL);
	return (int)__libc_result(-EPERM);
}

int clock_getcpuclockid(pid_t pid, clockid_t *clock)
{
	if (pid != 0 && pid != getpid())
		return ESRCH;
	*clock = CLOCK_PROCESS_CPUTIME_ID;
	return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	uint64_t ns = sys_clock(QUIRE_CLOCK_REALTIME);

	(void)zone;
	if (!__libc_writable(tv, sizeof(*tv)))
		return (int)__libc_result(-EFAULT);
	tv->tv_sec = (time_t)(ns / NS_PER_SECOND);
	tv->tv_usec = (long)(ns % NS_PER_SECOND / 1000);
	return 0;
}

int settimeofday(const struct timeval *tv, const struct timezone *zone)
{
	(void)tv;
	(void)zone;
	return (int)__libc_result(-EPERM);
}

time_t time(time_t *result)
{
	time_t now = (time_t)(sys_clock(QUIRE_CLOCK_REALTIME) / NS_PER_SECOND);

	if (result)
		*result = now;
	return now;
}

int timespec_get(struct timespec *ts, int base)
{
	return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, ts) == 0 ? base : 0;
}

/* ------------------------------------------------------------------ sleeping */

static int sleep_until(uint64_t deadline)
{
	int status;

	__libc_cancel_begin();
	status = sys_sleep(deadline);
	__libc_cancel_end();
	return status == -ETIMEDOUT ? 0 : status;
}

/* Returns an error number. */
int clock_nanosleep(
	clockid_t clock, int flags, const struct timespec *request, struct timespec *remain)
{
	uint64_t deadline, now;
	int status;

	if (__libc_clock(clock) != QUIRE_CLOCK_REALTIME &&
		__libc_clock(clock) != QUIRE_CLOCK_MONOTONIC)
		return EINVAL;
	if (!__libc_readable(request, sizeof(*request)))
		return EFAULT;
	if (!__libc_timespec_valid(request))
		return EINVAL;
	if (flags & TIMER_ABSTIME) {
		return -sleep_until(__libc_deadline(clock, request));
	}
	now = sys_clock(QUIRE_CLOCK_MONOTONIC);
	deadline = __libc_timespec_ns(request);
	deadline = deadline < QUIRE_FOREVER - 1 - now ? now + deadline : QUIRE_FOREVER - 1;
	status = sleep_until(deadline);
	if (status == -EINTR && remain) {
		now = sys_clock(QUIRE_CLOCK_MONOTONIC);
		__libc_ns_timespec(deadline > now ? deadline - now : 0, remain);
	}
	return -status;
}

int nanosleep(const struct timespec *request, struct timespec *remain)
{
	return (int)__libc_result(-clock_nanosleep(CLOCK_MONOTONIC, 0, request, remain));
}

unsigned int sleep(unsigned int seconds)
{
	struct timespec request = {(time_t)seconds, 0}, remain = {0, 0};

	if (clock_nanosleep(CLOCK_MONOTONIC, 0, &request, &remain) == 0)
		return 0;
	return (unsigned int)remain.tv_sec + (remain.tv_nsec >= (long)NS_PER_SECOND / 2);
}

int usleep(useconds_t microseconds)
{
	struct timespec request = {
		(time_t)(microseconds / 1000000), (long)(microseconds % 1000000) * 1000};

	return nanosleep(&request, NULL);
}

/* ------------------------------------------------------------------ the interval timer */

static uint64_t timeval_ns(const struct timeval *tv)
{
	struct timespec ts = {tv->tv_sec, tv->tv_usec * 1000};

	return __libc_timespec_ns(&ts);
}

static struct timeval ns_timeval(uint64_t ns)
{
	ns += 999;
	return (struct timeval){(time_t)(ns / NS_PER_SECOND), (long)(ns % NS_PER_SECOND / 1000)};
}

static bool valid_timeval(const struct timeval *tv)
{
	return tv->tv_sec >= 0 && tv->tv_usec >= 0 && tv->tv_usec < 1000000;
}

int setitimer(int which, const struct itimerval *restrict value, struct itimerval *restrict old)
{
	struct quire_itimer timer, before;
	int status;

	if (which != ITIMER_REAL)
		return (int)__libc_result(
			which == ITIMER_VIRTUAL || which == ITIMER_PROF ? -ENOSYS : -EINVAL);
	if (!__libc_readable(value, sizeof(*value)) || (old && !__libc_writable(old, sizeof(*old))))
		return (int)__libc_result(-EFAULT);
	if (!valid_timeval(&value->it_value) || !valid_timeval(&value->it_interval))
		return (int)__libc_result(-EINVAL);
	timer.value_ns = timeval_ns(&value->it_value);
	timer.interval_ns = timeval_ns(&value->it_interval);
	status = sys_itimer(&timer, &before);
	if (status >= 0 && old) {
		old->it_value = ns_timeval(before.value_ns);
		old->it_interval = ns_timeval(before.interval_ns);
	}
	return (int)__libc_result(status);
}

int getitimer(int which, struct itimerval *value)
{
	struct quire_itimer now;
	int status;

	if (which != ITIMER_REAL)
		return (int)__libc_result(
			which == ITIMER_VIRTUAL || which == ITIMER_PROF ? -ENOSYS : -EINVAL);
	if (!__libc_writable(value, sizeof(*value)))
		return (int)__libc_result(-EFAULT);
	status = sys_itimer(NULL, &now);
	if (status >= 0) {
		value->it_value = ns_timeval(now.value_ns);
		value->it_interval = ns_timeval(now.interval_ns);
	}
	return (int)__libc_result(status);
}

unsigned int alarm(unsigned int seconds)
{
	struct quire_itimer timer = {.value_ns = seconds * NS_PER_SECOND}, old = {0};

	sys_itimer(&timer, &old);
	return (unsigned int)((old.value_ns + NS_PER_SECOND - 1) / NS_PER_SECOND);
}

useconds_t ualarm(useconds_t first, useconds_t interval)
{
	struct quire_itimer timer = {
		.value_ns = first * 1000ull, .interval_ns = interval * 1000ull};
	struct quire_itimer old = {0};

	sys_itimer(&timer, &old);
	return (useconds_t)(old.value_ns / 1000);
}
