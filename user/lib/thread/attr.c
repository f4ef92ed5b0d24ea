/* Thread attributes, names, affinity and scheduling parameters. */
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>
#include "thread.h"

#define STACK_DEFAULT (256u << 10)

/* The range that the real-time policies would have. An attribute may name them; no thread gets one. */
#define REALTIME_MIN 1
#define REALTIME_MAX 31

int pthread_attr_init(pthread_attr_t *attr)
{
	*attr = (pthread_attr_t){.__stack_size = STACK_DEFAULT, .__guard_size = QUIRE_PAGE_SIZE};
	return 0;
}

int pthread_attr_destroy(pthread_attr_t *attr)
{
	(void)attr;
	return 0;
}

static int set_flag(pthread_attr_t *attr, int flag, bool on)
{
	attr->__flags = on ? attr->__flags | flag : attr->__flags & ~flag;
	return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *state)
{
	*state = attr->__flags & ATTR_DETACHED ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE;
	return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
	if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED)
		return EINVAL;
	return set_flag(attr, ATTR_DETACHED, state == PTHREAD_CREATE_DETACHED);
}

int pthread_attr_getstack(
	const pthread_attr_t *restrict attr, void **restrict stack, size_t *restrict size)
{
	*stack = attr->__stack;
	*size = attr->__stack_size;
	return 0;
}

int pthread_attr_setstack(pthread_attr_t *attr, void *stack, size_t size)
{
	if (size < PTHREAD_STACK_MIN || ((uintptr_t)stack & 15) || (size & 15))
		return EINVAL;
	attr->__stack = stack;
	attr->__stack_size = size;
	return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *restrict attr, size_t *restrict size)
{
	*size = attr->__stack_size;
	return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t size)
{
	if (size < PTHREAD_STACK_MIN)
		return EINVAL;
	attr->__stack_size = size;
	return 0;
}

int pthread_attr_getstackaddr(const pthread_attr_t *restrict attr, void **restrict stack)
{
	*stack = (char *)attr->__stack + attr->__stack_size;
	return 0;
}

int pthread_attr_setstackaddr(pthread_attr_t *attr, void *stack)
{
	attr->__stack = (char *)stack - attr->__stack_size;
	return 0;
}

int pthread_attr_getguardsize(const pthread_attr_t *restrict attr, size_t *restrict size)
{
	*size = attr->__guard_size;
	return 0;
}

int pthread_attr_setguardsize(pthread_attr_t *attr, size_t size)
{
	attr->__guard_size = size;
	return 0;
}

int pthread_attr_getschedparam(
	const pthread_attr_t *restrict attr, struct sched_param *restrict param)
{
	param->sched_priority = attr->__priority;
	return 0;
}

int pthread_attr_setschedparam(
	pthread_attr_t *restrict attr, const struct sched_param *restrict param)
{
	if (param->sched_priority < 0 || param->sched_priority > REALTIME_MAX)
		return EINVAL;
	attr->__priority = param->sched_priority;
	return 0;
}

int pthread_attr_getschedpolicy(const pthread_attr_t *restrict attr, int *restrict policy)
{
	*policy = attr->__policy;
	return 0;
}

int pthread_attr_setschedpolicy(pthread_attr_t *attr, int policy)
{
	if (policy != SCHED_OTHER && policy != SCHED_FIFO && policy != SCHED_RR)
		return EINVAL;
	attr->__policy = policy;
	return 0;
}

int pthread_attr_getinheritsched(const pthread_attr_t *restrict attr, int *restrict inherit)
{
	*inherit = attr->__flags & ATTR_EXPLICIT ? PTHREAD_EXPLICIT_SCHED : PTHREAD_INHERIT_SCHED;
	return 0;
}

int pthread_attr_setinheritsched(pthread_attr_t *attr, int inherit)
{
	if (inherit != PTHREAD_INHERIT_SCHED && inherit != PTHREAD_EXPLICIT_SCHED)
		return EINVAL;
	return set_flag(attr, ATTR_EXPLICIT, inherit == PTHREAD_EXPLICIT_SCHED);
}

int pthread_attr_getscope(const pthread_attr_t *restrict attr, int *restrict scope)
{
	(void)attr;
	*scope = PTHREAD_SCOPE_SYSTEM;
	return 0;
}

int pthread_attr_setscope(pthread_attr_t *attr, int scope)
{
	(void)attr;
	if (scope == PTHREAD_SCOPE_SYSTEM)
		return 0;
	return scope == PTHREAD_SCOPE_PROCESS ? ENOTSUP : EINVAL;
}

int pthread_attr_setaffinity_np(pthread_attr_t *attr, size_t size, const cpu_set_t *set)
{
	if (size < sizeof(*set) || !set->__bits)
		return EINVAL;
	attr->__affinity = set->__bits;
	return 0;
}

/* ------------------------------------------------------------------ of a running thread */

/* What the call wants to know of a thread; 0 is none: ESRCH. */
static uint32_t tid_of(pthread_t thread)
{
	struct __libc_thread *t;
	uint32_t tid;

	if (thread == pthread_self())
		return __libc_gettid();
	__libc_threads_lock();
	t = __libc_thread_check_locked(thread);
	tid = t ? t->tid : 0;
	__libc_threads_unlock();
	return tid;
}

int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr)
{
	struct __libc_thread *t = (struct __libc_thread *)thread;

	if (!tid_of(thread))
		return ESRCH;
	pthread_attr_init(attr);
	attr->__stack = t->stack;
	attr->__stack_size = t->stack_size;
	attr->__guard_size = t->guard_size;
	return set_flag(attr, ATTR_DETACHED, t->detached);
}

int pthread_setname_np(pthread_t thread, const char *name)
{
	struct __libc_thread *t = (struct __libc_thread *)thread;

	if (strlen(name) >= sizeof(t->name))
		return ERANGE;
	if (!tid_of(thread))
		return ESRCH;
	strcpy(t->name, name);
	return 0;
}

int pthread_getname_np(pthread_t thread, char *name, size_t len)
{
	struct __libc_thread *t = (struct __libc_thread *)thread;

	if (!tid_of(thread))
		return ESRCH;
	if (len <= strlen(t->name))
		return ERANGE;
	strcpy(name, t->name);
	return 0;
}

int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set)
{
	uint32_t tid = tid_of(thread);
	long mask;

	if (size < sizeof(*set) || !set->__bits)
		return EINVAL;
	if (!tid)
		return ESRCH;
	mask = sys_affinity((int)tid, set->__bits);
	return quire_is_error(mask) ? (int)-mask : 0;
}

int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set)
{
	uint32_t tid = tid_of(thread);

	if (size < sizeof(*set))
		return EINVAL;
	if (!tid)
		return ESRCH;
	memset(set, 0, size);
	set->__bits = (unsigned long)sys_affinity((int)tid, 0);
	return 0;
}

int pthread_getcpuclockid(pthread_t thread, clockid_t *clock)
{
	if (thread != pthread_self())
		return ENOENT;
	*clock = CLOCK_THREAD_CPUTIME_ID;
	return 0;
}

int pthread_getschedparam(pthread_t thread, int *policy, struct sched_param *param)
{
	if (!tid_of(thread))
		return ESRCH;
	*policy = SCHED_OTHER;
	param->sched_priority = 0;
	return 0;
}

int pthread_setschedparam(pthread_t thread, int policy, const struct sched_param *param)
{
	if (!tid_of(thread))
		return ESRCH;
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return EPERM;
	return policy == SCHED_OTHER && param->sched_priority == 0 ? 0 : EINVAL;
}

int pthread_setschedprio(pthread_t thread, int priority)
{
	if (!tid_of(thread))
		return ESRCH;
	return priority == 0 ? 0 : EINVAL;
}

int pthread_yield(void)
{
	sys_yield();
	return 0;
}

static int concurrency;

int pthread_getconcurrency(void)
{
	return concurrency;
}

int pthread_setconcurrency(int level)
{
	if (level < 0)
		return EINVAL;
	concurrency = level;
	return 0;
}

/* ------------------------------------------------------------------ <sched.h> */

int sched_yield(void)
{
	sys_yield();
	return 0;
}

int sched_getcpu(void)
{
	return (int)__libc_result(sys_getcpu());
}

static bool is_self(pid_t pid)
{
	return pid == 0 || pid == getpid() || pid == (pid_t)__libc_gettid();
}

int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	long mask;

	if (size < sizeof(*set) || !set->__bits)
		return (int)__libc_result(-EINVAL);
	mask = sys_affinity(is_self(pid) ? 0 : pid, set->__bits);
	return quire_is_error(mask) ? (int)__libc_result(mask) : 0;
}

int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	long mask;

	if (size < sizeof(*set))
		return (int)__libc_result(-EINVAL);
	mask = sys_affinity(is_self(pid) ? 0 : pid, 0);
	if (quire_is_error(mask))
		return (int)__libc_result(mask);
	memset(set, 0, size);
	set->__bits = (unsigned long)mask;
	return 0;
}

static bool is_policy(int policy)
{
	return policy == SCHED_OTHER || policy == SCHED_FIFO || policy == SCHED_RR;
}

int sched_get_priority_max(int policy)
{
	if (!is_policy(policy))
		return (int)__libc_result(-EINVAL);
	return policy == SCHED_OTHER ? 0 : REALTIME_MAX;
}

int sched_get_priority_min(int policy)
{
	if (!is_policy(policy))
		return (int)__libc_result(-EINVAL);
	return policy == SCHED_OTHER ? 0 : REALTIME_MIN;
}

int sched_getparam(pid_t pid, struct sched_param *param)
{
	if (pid < 0)
		return (int)__libc_result(-EINVAL);
	if (!is_self(pid) && sys_getpgid(pid) < 0)
		return (int)__libc_result(-ESRCH);
	param->sched_priority = 0;
	return 0;
}

int sched_getscheduler(pid_t pid)
{
	struct sched_param param;

	return sched_getparam(pid, &param) < 0 ? -1 : SCHED_OTHER;
}

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
	struct sched_param now;

	if (sched_getparam(pid, &now) < 0)
		return -1;
	if (policy == SCHED_FIFO || policy == SCHED_RR)
		return (int)__libc_result(-EPERM);
	if (policy != SCHED_OTHER || param->sched_priority != 0)
		return (int)__libc_result(-EINVAL);
	return SCHED_OTHER;
}

int sched_setparam(pid_t pid, const struct sched_param *param)
{
	return sched_setscheduler(pid, SCHED_OTHER, param) < 0 ? -1 : 0;
}

int sched_rr_get_interval(pid_t pid, struct timespec *interval)
{
	struct sched_param param;

	if (sched_getparam(pid, &param) < 0)
		return -1;
	*interval = (struct timespec){0, 10000000};
	return 0;
}
