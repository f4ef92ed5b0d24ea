/* Barriers, spin locks, and once. */
#include <limits.h>
#include <pthread.h>
#include "thread.h"

/* ------------------------------------------------------------------ barriers */

/* The last to arrive starts the next phase, which is what the others wait for. `inside` counts those
 * who have not left yet, so that destroying a barrier right after the last wait is safe. */
int pthread_barrier_wait(pthread_barrier_t *barrier)
{
	uint32_t phase = __atomic_load_n(&barrier->__phase, __ATOMIC_ACQUIRE);
	int result = 0;

	__atomic_add_fetch(&barrier->__inside, 1, __ATOMIC_ACQ_REL);
	if (__atomic_add_fetch(&barrier->__arrived, 1, __ATOMIC_ACQ_REL) == barrier->__count) {
		__atomic_store_n(&barrier->__arrived, 0, __ATOMIC_RELAXED);
		__atomic_add_fetch(&barrier->__phase, 1, __ATOMIC_RELEASE);
		sys_futex_wake(&barrier->__phase, INT_MAX);
		result = PTHREAD_BARRIER_SERIAL_THREAD;
	} else {
		while (__atomic_load_n(&barrier->__phase, __ATOMIC_ACQUIRE) == phase)
			sys_futex_wait(&barrier->__phase, phase, QUIRE_FOREVER);
	}
	__atomic_sub_fetch(&barrier->__inside, 1, __ATOMIC_ACQ_REL);
	return result;
}

int pthread_barrier_init(pthread_barrier_t *restrict barrier,
	const pthread_barrierattr_t *restrict attr, unsigned int count)
{
	(void)attr;
	if (count == 0)
		return EINVAL;
	*barrier = (pthread_barrier_t){.__count = count};
	return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
	if (__atomic_load_n(&barrier->__arrived, __ATOMIC_ACQUIRE))
		return EBUSY;
	while (__atomic_load_n(&barrier->__inside, __ATOMIC_ACQUIRE))
		sys_yield();
	return 0;
}

int pthread_barrierattr_init(pthread_barrierattr_t *attr)
{
	attr->__shared = PTHREAD_PROCESS_PRIVATE;
	return 0;
}

int pthread_barrierattr_destroy(pthread_barrierattr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_barrierattr_getpshared(const pthread_barrierattr_t *restrict attr, int *restrict shared)
{
	*shared = attr->__shared;
	return 0;
}

int pthread_barrierattr_setpshared(pthread_barrierattr_t *attr, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	attr->__shared = shared;
	return 0;
}

/* ------------------------------------------------------------------ spin locks */

/* The owner may not be running: after a while its turn comes sooner if ours is given up. */
#define SPINS 100

int pthread_spin_lock(pthread_spinlock_t *lock)
{
	for (unsigned int spins = 0; __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE); spins++) {
		while (__atomic_load_n(lock, __ATOMIC_RELAXED)) {
			if (++spins >= SPINS) {
				sys_yield();
				spins = 0;
			}
		}
	}
	return 0;
}

int pthread_spin_trylock(pthread_spinlock_t *lock)
{
	return __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) ? EBUSY : 0;
}

int pthread_spin_unlock(pthread_spinlock_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
	return 0;
}

int pthread_spin_init(pthread_spinlock_t *lock, int shared)
{
	(void)shared;
	*lock = 0;
	return 0;
}

int pthread_spin_destroy(pthread_spinlock_t *lock)
{
	(void)lock;
	return 0;
}

/* ------------------------------------------------------------------ once */

enum { ONCE_NEVER, ONCE_RUNNING, ONCE_DONE };

/* A thread cancelled inside leaves it as if it had not been called. */
static void once_abandoned(void *once)
{
	pthread_once_t *o = once;

	__atomic_store_n(&o->__state, ONCE_NEVER, __ATOMIC_RELEASE);
	sys_futex_wake(&o->__state, INT_MAX);
}

int pthread_once(pthread_once_t *once, void (*init)(void))
{
	uint32_t state;

	while ((state = __atomic_load_n(&once->__state, __ATOMIC_ACQUIRE)) != ONCE_DONE) {
		uint32_t never = ONCE_NEVER;

		if (state == ONCE_RUNNING) {
			sys_futex_wait(&once->__state, ONCE_RUNNING, QUIRE_FOREVER);
			continue;
		}
		if (!__atomic_compare_exchange_n(&once->__state, &never, ONCE_RUNNING, false,
			    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		pthread_cleanup_push(once_abandoned, once);
		init();
		pthread_cleanup_pop(0);
		__atomic_store_n(&once->__state, ONCE_DONE, __ATOMIC_RELEASE);
		sys_futex_wake(&once->__state, INT_MAX);
	}
	return 0;
}
