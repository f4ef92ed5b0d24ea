/* Limits: getrlimit and setrlimit, sysconf, and the constants of the system. The kernel keeps the
 * resource limits and makes them bind (kernel/limit.c).
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <quire/info.h>
#include "../internal.h"

_Static_assert(RLIMIT_CPU == QUIRE_LIMIT_CPU && RLIMIT_FSIZE == QUIRE_LIMIT_FSIZE &&
		       RLIMIT_DATA == QUIRE_LIMIT_DATA && RLIMIT_STACK == QUIRE_LIMIT_STACK &&
		       RLIMIT_CORE == QUIRE_LIMIT_CORE && RLIMIT_RSS == QUIRE_LIMIT_RSS &&
		       RLIMIT_NPROC == QUIRE_LIMIT_NPROC && RLIMIT_NOFILE == QUIRE_LIMIT_NOFILE &&
		       RLIMIT_MEMLOCK == QUIRE_LIMIT_MEMLOCK && RLIMIT_AS == QUIRE_LIMIT_AS &&
		       RLIM_NLIMITS == QUIRE_LIMITS && RLIM_INFINITY == QUIRE_LIMIT_NONE,
	"resource limits are the kernel's");
_Static_assert(
	sizeof(struct rlimit) == sizeof(struct quire_limit), "struct rlimit is the kernel's");

int getrlimit(int resource, struct rlimit *limit)
{
	if (!limit)
		return (int)__libc_result(-EFAULT);
	return (int)__libc_result(sys_limit(resource, NULL, (struct quire_limit *)limit));
}

int setrlimit(int resource, const struct rlimit *limit)
{
	if (!limit)
		return (int)__libc_result(-EFAULT);
	return (int)__libc_result(sys_limit(resource, (const struct quire_limit *)limit, NULL));
}

int getdtablesize(void)
{
	struct quire_limit limit = {.soft = QUIRE_FD_MAX};

	sys_limit(QUIRE_LIMIT_NOFILE, NULL, &limit);
	return (int)limit.soft;
}

int getpagesize(void)
{
	return QUIRE_PAGE_SIZE;
}

/* ------------------------------------------------------------------ sysconf */

static long count_harts(void)
{
	struct quire_info_hart hart;
	uint32_t index = 0;
	long count = 0;

	while (sys_info(QUIRE_INFO_HART, index, &hart, sizeof(hart)) > 0) {
		index = hart.index + 1;
		count++;
	}
	return count ? count : 1;
}

static long memory_pages(bool free_only)
{
	struct quire_info_memory memory;

	if (sys_info(QUIRE_INFO_MEMORY, 0, &memory, sizeof(memory)) < 0)
		return -1;
	return (long)(free_only ? memory.frames_free : memory.frames_total);
}

long sysconf(int name)
{
	switch (name) {
	case _SC_ARG_MAX: return ARG_MAX;
	case _SC_CHILD_MAX: return CHILD_MAX;
	case _SC_CLK_TCK: return 100;
	case _SC_NGROUPS_MAX: return NGROUPS_MAX;
	case _SC_OPEN_MAX: return getdtablesize();
	case _SC_PAGESIZE: return QUIRE_PAGE_SIZE;
	case _SC_NPROCESSORS_CONF:
	case _SC_NPROCESSORS_ONLN: return count_harts();
	case _SC_PHYS_PAGES: return memory_pages(false);
	case _SC_AVPHYS_PAGES: return memory_pages(true);
	case _SC_SEM_NSEMS_MAX: return -1; /* no limit but memory */
	case _SC_SEM_VALUE_MAX: return SEM_VALUE_MAX;
	case _SC_THREAD_KEYS_MAX: return PTHREAD_KEYS_MAX;
	case _SC_THREAD_STACK_MIN: return PTHREAD_STACK_MIN;
	case _SC_THREAD_THREADS_MAX: return PTHREAD_THREADS_MAX;
	case _SC_THREAD_DESTRUCTOR_ITERATIONS: return PTHREAD_DESTRUCTOR_ITERATIONS;
	case _SC_TTY_NAME_MAX: return TTY_NAME_MAX;
	case _SC_LOGIN_NAME_MAX: return LOGIN_NAME_MAX;
	case _SC_HOST_NAME_MAX: return HOST_NAME_MAX;
	case _SC_IOV_MAX: return IOV_MAX;
	case _SC_LINE_MAX: return LINE_MAX;
	case _SC_STREAM_MAX: return STREAM_MAX;
	case _SC_SYMLOOP_MAX: return SYMLOOP_MAX;
	case _SC_ATEXIT_MAX: return ATEXIT_MAX;
	case _SC_TZNAME_MAX: return TZNAME_MAX;
	case _SC_RE_DUP_MAX: return RE_DUP_MAX;
	case _SC_GETPW_R_SIZE_MAX:
	case _SC_GETGR_R_SIZE_MAX: return 256;
	case _SC_VERSION:
	case _SC_FSYNC:
	case _SC_MAPPED_FILES:
	case _SC_MEMLOCK:
	case _SC_MEMLOCK_RANGE:
	case _SC_MEMORY_PROTECTION:
	case _SC_SEMAPHORES:
	case _SC_SHARED_MEMORY_OBJECTS:
	case _SC_SYNCHRONIZED_IO:
	case _SC_TIMERS:
	case _SC_THREADS:
	case _SC_THREAD_ATTR_STACKADDR:
	case _SC_THREAD_ATTR_STACKSIZE:
	case _SC_THREAD_PROCESS_SHARED:
	case _SC_THREAD_SAFE_FUNCTIONS:
	case _SC_ADVISORY_INFO:
	case _SC_BARRIERS:
	case _SC_CLOCK_SELECTION:
	case _SC_CPUTIME:
	case _SC_MONOTONIC_CLOCK:
	case _SC_READER_WRITER_LOCKS:
	case _SC_SPAWN:
	case _SC_SPIN_LOCKS:
	case _SC_THREAD_CPUTIME:
	case _SC_TIMEOUTS: return _POSIX_VERSION;
	case _SC_JOB_CONTROL:
	case _SC_SAVED_IDS:
	case _SC_REGEXP:
	case _SC_SHELL: return 1;
	default:
		if (name < 0 || name > _SC_POSIX_26_VERSION)
			return __libc_result(-EINVAL);
		return -1;
	}
}

size_t confstr(int name, char *buf, size_t len)
{
	static const char path[] = "/bin:/usr/bin";

	if (name != _CS_PATH) {
		errno = EINVAL;
		return 0;
	}
	if (len > 0) {
		strncpy(buf, path, len - 1);
		buf[len - 1] = '\0';
	}
	return sizeof(path);
}

int getloadavg(double averages[], int count)
{
	(void)averages;
	(void)count;
	return -1;
}

/* ------------------------------------------------------------------ priorities */

/* Nice values -20..19 are the kernel's priorities around 16, of which a user's are 1..16. */
#define USER_PRIORITY 16

int getpriority(int which, id_t who)
{
	int priority;

	if (which != PRIO_PROCESS || (who != 0 && (pid_t)who != getpid()))
		return (int)__libc_result(which < 0 || which > PRIO_USER ? -EINVAL : -ESRCH);
	priority = sys_priority(0, -1);
	return priority < 0 ? (int)__libc_result(priority) : USER_PRIORITY - priority;
}

int setpriority(int which, id_t who, int nice_value)
{
	int priority = USER_PRIORITY - nice_value;

	if (which != PRIO_PROCESS || (who != 0 && (pid_t)who != getpid()))
		return (int)__libc_result(which < 0 || which > PRIO_USER ? -EINVAL : -ESRCH);
	if (priority < 1)
		priority = 1;
	if (priority > USER_PRIORITY)
		priority = USER_PRIORITY;
	return __libc_result(sys_priority(0, priority)) < 0 ? -1 : 0;
}

int nice(int increment)
{
	int value = getpriority(PRIO_PROCESS, 0) + increment;

	if (value < 0 && increment < 0)
		return (int)__libc_result(-EPERM);
	return setpriority(PRIO_PROCESS, 0, value) < 0 ? -1 : getpriority(PRIO_PROCESS, 0);
}
