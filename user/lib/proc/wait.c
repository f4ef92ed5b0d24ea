/* Waiting for children, and the time that they and the process have used. */
#include <string.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <quire/info.h>
#include "../internal.h"

_Static_assert(WNOHANG == QUIRE_WNOHANG && WUNTRACED == QUIRE_WUNTRACED &&
		       WNOWAIT == QUIRE_WNOWAIT && WCONTINUED == QUIRE_WCONTINUED,
	"wait options are the kernel's");

#define TICKS_PER_SECOND 100

static struct quire_usage children; /* of those waited for; under the lock */
static __libc_lock_t children_lock;

static void add_usage(const struct quire_usage *usage)
{
	__libc_lock(&children_lock);
	children.user_ns += usage->user_ns;
	children.system_ns += usage->system_ns;
	children.faults += usage->faults;
	children.fetches += usage->fetches;
	if (usage->max_resident > children.max_resident)
		children.max_resident = usage->max_resident;
	__libc_unlock(&children_lock);
}

static struct timeval ns_timeval(uint64_t ns)
{
	return (struct timeval){(time_t)(ns / NS_PER_SECOND), (long)(ns % NS_PER_SECOND / 1000)};
}

static void fill_rusage(struct rusage *to, const struct quire_usage *from)
{
	memset(to, 0, sizeof(*to));
	to->ru_utime = ns_timeval(from->user_ns);
	to->ru_stime = ns_timeval(from->system_ns);
	to->ru_maxrss = (long)from->max_resident * (QUIRE_PAGE_SIZE / 1024);
	to->ru_minflt = (long)(from->faults - from->fetches);
	to->ru_majflt = (long)from->fetches;
}

static int wait_child(pid_t pid, int *status, int options, struct quire_usage *usage)
{
	int word = 0;
	int child;

	memset(usage, 0, sizeof(*usage));
	__libc_cancel_begin();
	child = sys_wait(pid, options & (WNOHANG | WUNTRACED | WCONTINUED | WNOWAIT), &word, usage);
	__libc_cancel_end();
	if (child <= 0)
		return child;
	if (!WIFSTOPPED(word) && !WIFCONTINUED(word) && !(options & WNOWAIT))
		add_usage(usage);
	if (status) {
		if (!__libc_writable(status, sizeof(*status)))
			return -EFAULT;
		*status = word;
	}
	return child;
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *rusage)
{
	struct quire_usage usage;
	int child = -EINVAL;

	if (!(options & ~(WNOHANG | WUNTRACED | WCONTINUED)))
		child = wait_child(pid, status, options, &usage);
	if (child > 0 && rusage)
		fill_rusage(rusage, &usage);
	return (pid_t)__libc_result(child);
}

pid_t wait3(int *status, int options, struct rusage *rusage)
{
	return wait4(-1, status, options, rusage);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	return wait4(pid, status, options, NULL);
}

pid_t wait(int *status)
{
	return wait4(-1, status, 0, NULL);
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	struct quire_usage usage;
	int word = 0;
	int child;
	pid_t pid;

	switch (type) {
	case P_ALL: pid = -1; break;
	case P_PID: pid = (pid_t)id; break;
	case P_PGID: pid = id ? -(pid_t)id : 0; break;
	default: return (int)__libc_result(-EINVAL);
	}
	if (!(options & (WEXITED | WSTOPPED | WCONTINUED)) ||
		options & ~(WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT))
		return (int)__libc_result(-EINVAL);
	child = wait_child(
		pid, &word, options & (WNOHANG | WUNTRACED | WCONTINUED | WNOWAIT), &usage);
	if (child < 0)
		return (int)__libc_result(child);
	if (!info)
		return 0;
	memset(info, 0, sizeof(*info));
	if (child == 0)
		return 0;
	info->si_signo = SIGCHLD;
	info->si_pid = child;
	if (WIFEXITED(word)) {
		info->si_code = CLD_EXITED;
		info->si_status = WEXITSTATUS(word);
	} else if (WIFCONTINUED(word)) {
		info->si_code = CLD_CONTINUED;
		info->si_status = SIGCONT;
	} else {
		info->si_code = WIFSTOPPED(word) ? CLD_STOPPED : CLD_KILLED;
		info->si_status = WIFSTOPPED(word) ? WSTOPSIG(word) : WTERMSIG(word);
	}
	return 0;
}

/* ------------------------------------------------------------------ usage */

static void own_usage(struct quire_usage *usage)
{
	struct quire_info_process record;
	int pid = sys_getpid();

	memset(usage, 0, sizeof(*usage));
	usage->user_ns = sys_clock(QUIRE_CLOCK_PROCESS);
	if (sys_info(QUIRE_INFO_PROCESS, (uint32_t)pid, &record, sizeof(record)) ==
			(int)sizeof(record) &&
		record.pid == pid) {
		usage->max_resident = record.resident;
		usage->faults = record.faults;
		usage->fetches = record.fetches;
	}
}

int getrusage(int who, struct rusage *rusage)
{
	struct quire_usage usage;

	if (who == RUSAGE_SELF) {
		own_usage(&usage);
	} else if (who == RUSAGE_CHILDREN) {
		__libc_lock(&children_lock);
		usage = children;
		__libc_unlock(&children_lock);
	} else {
		return (int)__libc_result(-EINVAL);
	}
	if (!__libc_writable(rusage, sizeof(*rusage)))
		return (int)__libc_result(-EFAULT);
	fill_rusage(rusage, &usage);
	return 0;
}

static clock_t ticks(uint64_t ns)
{
	return (clock_t)(ns / (NS_PER_SECOND / TICKS_PER_SECOND));
}

clock_t times(struct tms *buf)
{
	if (buf) {
		__libc_lock(&children_lock);
		buf->tms_cutime = ticks(children.user_ns);
		buf->tms_cstime = ticks(children.system_ns);
		__libc_unlock(&children_lock);
		buf->tms_utime = ticks(sys_clock(QUIRE_CLOCK_PROCESS));
		buf->tms_stime = 0;
	}
	return ticks(sys_clock(QUIRE_CLOCK_MONOTONIC));
}

clock_t clock(void)
{
	return (clock_t)(sys_clock(QUIRE_CLOCK_PROCESS) / 1000);
}
