/* Condition variables: a sequence number that every signal changes.
 *
 * A waiter notes the number while it holds the mutex, lets the mutex go and sleeps until the number
 * is another. A signal between the two is not lost, for the number has changed by then. Waiters are
 * counted so that signalling nobody costs no system call.
 */
#include <limits.h>
#include <pthread.h>
#include <time.h>
#include "thread.h"

#define COND_MONOTONIC 1
#define COND_SHARED    2

static int wake(pthread_cond_t *cond, uint32_t count)
{
	if (__atomic_load_n(&cond->__waiters, __ATOMIC_SEQ_CST) == 0)
		return 0;
	__atomic_add_fetch(&cond->__sequence, 1, __ATOMIC_SEQ_CST);
	sys_futex_wake(&cond->__sequence, count);
	return 0;
}

/* 0 or ETIMEDOUT; the mutex is held again in any case, and its own result comes first. */
static int wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, uint64_t until)
{
	struct __libc_thread *self = &__libc_self;
	uint32_t sequence;
	int result = 0, locked, status;

	pthread_testcancel();
	sequence = __atomic_load_n(&cond->__sequence, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&cond->__waiters, 1, __ATOMIC_SEQ_CST);
	status = pthread_mutex_unlock(mutex);
	if (status) {
		__atomic_sub_fetch(&cond->__waiters, 1, __ATOMIC_SEQ_CST);
		return status;
	}
	self->wait_word = &cond->__sequence;
	/* A cancel that came before wait_word was set has not changed the word. */
	if (!(self->cancel && !self->cancel_disabled))
		result = -sys_futex_wait(&cond->__sequence, sequence, until);
	self->wait_word = NULL;
	__atomic_sub_fetch(&cond->__waiters, 1, __ATOMIC_SEQ_CST);
	locked = __libc_mutex_lock_until(mutex, QUIRE_FOREVER);
	/* Who ends here leaves the signal that woke it to the others. */
	if (result == 0 && self->cancel && !self->cancel_disabled)
		wake(cond, 1);
	pthread_testcancel();
	if (locked)
		return locked;
	return result == ETIMEDOUT ? ETIMEDOUT : 0;
}

int pthread_cond_wait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex)
{
	return wait_until(cond, mutex, QUIRE_FOREVER);
}

int pthread_cond_clockwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
	clockid_t clock, const struct timespec *restrict until)
{
	uint64_t deadline;

	if (__libc_clock(clock) < 0 || until->tv_nsec < 0 || until->tv_nsec >= (long)NS_PER_SECOND)
		return EINVAL;
	deadline = __libc_deadline(clock, until);
	return wait_until(cond, mutex, deadline);
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
	const struct timespec *restrict until)
{
	return pthread_cond_clockwait(cond, mutex,
		cond->__flags & COND_MONOTONIC ? CLOCK_MONOTONIC : CLOCK_REALTIME, until);
}

int pthread_cond_signal(pthread_cond_t *cond)
{
	return wake(cond, 1);
}

int pthread_cond_broadcast(pthread_cond_t *cond)
{
	return wake(cond, INT_MAX);
}

int pthread_cond_init(pthread_cond_t *restrict cond, const pthread_condattr_t *restrict attr)
{
	*cond = (pthread_cond_t){.__flags = attr ? attr->__flags : 0};
	return 0;
}

/* Those woken by a broadcast may still be on their way out. */
int pthread_cond_destroy(pthread_cond_t *cond)
{
	if (__atomic_load_n(&cond->__waiters, __ATOMIC_SEQ_CST) == 0)
		return 0;
	wake(cond, INT_MAX);
	while (__atomic_load_n(&cond->__waiters, __ATOMIC_SEQ_CST) != 0)
		sys_yield();
	return 0;
}

int pthread_condattr_init(pthread_condattr_t *attr)
{
	attr->__flags = 0;
	return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_condattr_getpshared(const pthread_condattr_t *restrict attr, int *restrict shared)
{
	*shared = attr->__flags & COND_SHARED ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
	return 0;
}

int pthread_condattr_setpshared(pthread_condattr_t *attr, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	attr->__flags = (attr->__flags & ~COND_SHARED) | (shared ? COND_SHARED : 0);
	return 0;
}

int pthread_condattr_getclock(const pthread_condattr_t *restrict attr, clockid_t *restrict clock)
{
	*clock = attr->__flags & COND_MONOTONIC ? CLOCK_MONOTONIC : CLOCK_REALTIME;
	return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
		return EINVAL;
	attr->__flags =
		(attr->__flags & ~COND_MONOTONIC) | (clock == CLOCK_MONOTONIC ? COND_MONOTONIC : 0);
	return 0;
}
