/* Read-write locks. The state counts readers, or is all ones for a writer; who can't get in sleeps on
 * a sequence number that every release changes. Waiting writers keep new readers out, so that a
 * stream of readers can't starve them. */
#include <limits.h>
#include <pthread.h>
#include <time.h>
#include "thread.h"

#define WRITER 0xffffffffu

static int try_read(pthread_rwlock_t *lock)
{
	uint32_t state = __atomic_load_n(&lock->__state, __ATOMIC_RELAXED);

	for (;;) {
		if (state == WRITER)
			return EBUSY;
		if (state == WRITER - 1)
			return EAGAIN;
		if (__atomic_load_n(&lock->__waiting_writers, __ATOMIC_RELAXED))
			return EBUSY;
		if (__atomic_compare_exchange_n(&lock->__state, &state, state + 1, false,
			    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return 0;
	}
}

static int try_write(pthread_rwlock_t *lock)
{
	uint32_t state = 0;

	if (!__atomic_compare_exchange_n(
		    &lock->__state, &state, WRITER, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return EBUSY;
	lock->__writer = __libc_gettid();
	return 0;
}

static int wait_for(pthread_rwlock_t *lock, int (*try)(pthread_rwlock_t *), uint64_t until)
{
	int result;

	__atomic_add_fetch(&lock->__waiters, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		uint32_t sequence = __atomic_load_n(&lock->__sequence, __ATOMIC_SEQ_CST);

		result = try(lock);
		if (result != EBUSY)
			break;
		if (sys_futex_wait(&lock->__sequence, sequence, until) == -ETIMEDOUT) {
			result = try(lock);
			if (result == EBUSY)
				result = ETIMEDOUT;
			break;
		}
	}
	__atomic_sub_fetch(&lock->__waiters, 1, __ATOMIC_SEQ_CST);
	return result;
}

static void wake_all(pthread_rwlock_t *lock)
{
	__atomic_add_fetch(&lock->__sequence, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&lock->__waiters, __ATOMIC_SEQ_CST))
		sys_futex_wake(&lock->__sequence, INT_MAX);
}

static int read_until(pthread_rwlock_t *lock, uint64_t until)
{
	int result = try_read(lock);

	if (result != EBUSY)
		return result;
	if (lock->__state == WRITER && lock->__writer == __libc_gettid())
		return EDEADLK;
	return wait_for(lock, try_read, until);
}

static int write_until(pthread_rwlock_t *lock, uint64_t until)
{
	int result = try_write(lock);

	if (result != EBUSY)
		return result;
	if (lock->__state == WRITER && lock->__writer == __libc_gettid())
		return EDEADLK;
	__atomic_add_fetch(&lock->__waiting_writers, 1, __ATOMIC_SEQ_CST);
	result = wait_for(lock, try_write, until);
	/* Readers that we kept out must look again if we give up. */
	if (__atomic_sub_fetch(&lock->__waiting_writers, 1, __ATOMIC_SEQ_CST) == 0 && result)
		wake_all(lock);
	return result;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *lock)
{
	return read_until(lock, QUIRE_FOREVER);
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock)
{
	return try_read(lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
	return write_until(lock, QUIRE_FOREVER);
}

int pthread_rwlock_trywrlock(pthread_rwlock_t *lock)
{
	return try_write(lock);
}

static bool good_time(const struct timespec *until)
{
	return until->tv_nsec >= 0 && until->tv_nsec < (long)NS_PER_SECOND;
}

int pthread_rwlock_timedrdlock(
	pthread_rwlock_t *restrict lock, const struct timespec *restrict until)
{
	int result = try_read(lock);

	if (result != EBUSY)
		return result;
	return good_time(until) ? read_until(lock, __libc_deadline(CLOCK_REALTIME, until)) : EINVAL;
}

int pthread_rwlock_timedwrlock(
	pthread_rwlock_t *restrict lock, const struct timespec *restrict until)
{
	int result = try_write(lock);

	if (result != EBUSY)
		return result;
	return good_time(until) ? write_until(lock, __libc_deadline(CLOCK_REALTIME, until))
				: EINVAL;
}

int pthread_rwlock_unlock(pthread_rwlock_t *lock)
{
	uint32_t state = __atomic_load_n(&lock->__state, __ATOMIC_RELAXED);

	if (state == 0)
		return EINVAL;
	if (state == WRITER) {
		lock->__writer = 0;
		__atomic_store_n(&lock->__state, 0, __ATOMIC_RELEASE);
	} else if (__atomic_sub_fetch(&lock->__state, 1, __ATOMIC_RELEASE) != 0) {
		return 0;
	}
	wake_all(lock);
	return 0;
}

int pthread_rwlock_init(pthread_rwlock_t *restrict lock, const pthread_rwlockattr_t *restrict attr)
{
	(void)attr;
	*lock = (pthread_rwlock_t){0};
	return 0;
}

/* As in Linux: a lock that a thread took and died with can still be destroyed. */
int pthread_rwlock_destroy(pthread_rwlock_t *lock)
{
	(void)lock;
	return 0;
}

int pthread_rwlockattr_init(pthread_rwlockattr_t *attr)
{
	attr->__shared = PTHREAD_PROCESS_PRIVATE;
	return 0;
}

int pthread_rwlockattr_destroy(pthread_rwlockattr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_rwlockattr_getpshared(const pthread_rwlockattr_t *restrict attr, int *restrict shared)
{
	*shared = attr->__shared;
	return 0;
}

int pthread_rwlockattr_setpshared(pthread_rwlockattr_t *attr, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	attr->__shared = shared;
	return 0;
}
