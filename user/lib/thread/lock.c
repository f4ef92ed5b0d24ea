/* The library's own locks, and picolibc's, which it leaves to us to fill in.
 *
 * picolibc's lock functions guard its environment, time zone, random numbers and stdio buffers. One
 * recursive lock serves all of those that it does not allocate itself.
 */
#include <stdlib.h>
#include <sys/lock.h>
#include "../internal.h"

void __libc_lock_slow(__libc_lock_t *lock)
{
	while (__atomic_exchange_n(&lock->word, 2, __ATOMIC_ACQUIRE) != 0)
		sys_futex_wait(&lock->word, 2, QUIRE_FOREVER);
}

struct __lock {
	__libc_lock_t lock;
	volatile uint32_t owner; /* tid; only the owner sees its own */
	uint32_t depth;
};

struct __lock __lock___libc_recursive_mutex;

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
	*lock = calloc(1, sizeof(**lock));
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
	free(lock);
}

/* A lock that could not be allocated is one that nobody takes. */
void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
	uint32_t self = __libc_gettid();

	if (!lock)
		return;
	if (lock->owner == self) {
		lock->depth++;
		return;
	}
	__libc_lock(&lock->lock);
	lock->owner = self;
	lock->depth = 1;
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
	uint32_t self = __libc_gettid();

	if (!lock)
		return 1;
	if (lock->owner == self) {
		lock->depth++;
		return 1;
	}
	if (!__libc_trylock(&lock->lock))
		return 0;
	lock->owner = self;
	lock->depth = 1;
	return 1;
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
	if (!lock || --lock->depth > 0)
		return;
	lock->owner = 0;
	__libc_unlock(&lock->lock);
}

void __retarget_lock_init(_LOCK_T *lock)
{
	__retarget_lock_init_recursive(lock);
}

void __retarget_lock_close(_LOCK_T lock)
{
	__retarget_lock_close_recursive(lock);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
	__retarget_lock_acquire_recursive(lock);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
	return __retarget_lock_try_acquire_recursive(lock);
}

void __retarget_lock_release(_LOCK_T lock)
{
	__retarget_lock_release_recursive(lock);
}

/* In a forked child the thread that held the lock may not exist; the caller has a new id. */
void __libc_locks_after_fork(uint32_t parent_tid)
{
	struct __lock *lock = &__lock___libc_recursive_mutex;

	if (lock->owner == parent_tid && parent_tid)
		lock->owner = __libc_gettid();
	else
		*lock = (struct __lock){0};
}
