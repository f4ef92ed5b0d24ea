/* Mutexes.
 *
 * The word is the owner's thread id, with a bit that says that somebody waits in the kernel: locking
 * and unlocking without contention are one atomic instruction each. A waiter takes the mutex with
 * the bit set, since it can't know whether it was the only one. Ids are unique in the system, so the
 * same works between processes.
 *
 * A robust mutex (quire/robust.h) is on its owner's list while it is held. If the owner dies the
 * kernel leaves the DIED bit in place of its id; the next locker keeps that bit beside its own id
 * until pthread_mutex_consistent takes it away. Unlocking with the bit still there makes the mutex
 * unusable: the word is then all ones in the id, which no thread has.
 */
#include <pthread.h>
#include <time.h>
#include "thread.h"

#define TID		QUIRE_ROBUST_TID
#define WAITERS		QUIRE_ROBUST_WAITERS
#define DIED		QUIRE_ROBUST_DIED
#define NOT_RECOVERABLE QUIRE_ROBUST_TID

/* The node as the kernel and the list see it: next, then previous. */
struct node {
	struct node *next, *prev;
};
_Static_assert(sizeof(struct node) == sizeof(((pthread_mutex_t *)0)->__node),
	"a mutex holds its list node");

static struct node *node_of(pthread_mutex_t *mutex)
{
	return (struct node *)mutex->__node;
}

static struct node *list_head(void)
{
	struct quire_robust_head *head = &__libc_self.robust;

	if (!__libc_self.robust_known) {
		head->list.next = (uint32_t)(uintptr_t)&head->list;
		head->futex_offset = (int32_t)offsetof(pthread_mutex_t, __word) -
				     (int32_t)offsetof(pthread_mutex_t, __node);
		head->pending = 0;
		sys_set_robust(head);
		__libc_self.robust_known = 1;
	}
	return (struct node *)(uintptr_t)&head->list;
}

/* The head is one pointer, without a previous one. */
static void list_add(pthread_mutex_t *mutex)
{
	struct node *head = list_head();
	struct node *node = node_of(mutex);

	node->next = head->next;
	node->prev = head;
	if (head->next != head)
		head->next->prev = node;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	head->next = node;
}

static void list_remove(pthread_mutex_t *mutex)
{
	struct node *head = list_head();
	struct node *node = node_of(mutex);

	node->prev->next = node->next;
	if (node->next != head)
		node->next->prev = node->prev;
}

static void set_pending(pthread_mutex_t *mutex)
{
	list_head();
	__libc_self.robust.pending = mutex ? (uint32_t)(uintptr_t)node_of(mutex) : 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static bool is_owner(const pthread_mutex_t *mutex, uint32_t word)
{
	uint32_t owner = word & TID;

	if (owner == __libc_gettid())
		return true;
	/* Locked by us before fork, as atfork handlers do. */
	return owner && owner == __libc_self.former_tid && !(mutex->__kind & MUTEX_SHARED);
}

/* ------------------------------------------------------------------ taking it */

/* 0, EOWNERDEAD, ENOTRECOVERABLE, EBUSY or ETIMEDOUT. until = 0: don't wait. */
static int acquire(pthread_mutex_t *mutex, uint64_t until)
{
	uint32_t self = __libc_gettid();
	uint32_t contended = 0;
	uint32_t word = 0;

	if (__atomic_compare_exchange_n(
		    &mutex->__word, &word, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return 0;
	for (;;) {
		int status;

		if ((word & TID) == NOT_RECOVERABLE)
			return ENOTRECOVERABLE;
		if ((word & TID) == 0) {
			uint32_t mine = self | (word & (DIED | WAITERS)) | contended;

			if (__atomic_compare_exchange_n(&mutex->__word, &word, mine, false,
				    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				return word & DIED ? EOWNERDEAD : 0;
			continue;
		}
		if (until == 0)
			return EBUSY;
		if (!(word & WAITERS)) {
			if (!__atomic_compare_exchange_n(&mutex->__word, &word, word | WAITERS,
				    false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
				continue;
			word |= WAITERS;
		}
		contended = WAITERS;
		status = sys_futex_wait(&mutex->__word, word, until);
		if (status == -ETIMEDOUT)
			return ETIMEDOUT;
		word = __atomic_load_n(&mutex->__word, __ATOMIC_RELAXED);
	}
}

int __libc_mutex_lock_until(pthread_mutex_t *mutex, uint64_t until)
{
	int type = mutex->__kind & MUTEX_TYPE;
	int result;

	if (type != PTHREAD_MUTEX_NORMAL && is_owner(mutex, mutex->__word)) {
		if (type == PTHREAD_MUTEX_ERRORCHECK)
			return until ? EDEADLK : EBUSY;
		if (mutex->__count == UINT32_MAX)
			return EAGAIN;
		mutex->__count++;
		return 0;
	}
	if (mutex->__kind & MUTEX_ROBUST)
		set_pending(mutex);
	result = acquire(mutex, until);
	if (mutex->__kind & MUTEX_ROBUST) {
		if (result == 0 || result == EOWNERDEAD)
			list_add(mutex);
		set_pending(NULL);
	}
	if (result == 0 || result == EOWNERDEAD)
		mutex->__count = 0;
	return result;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	uint32_t word = 0;

	if (mutex->__kind == PTHREAD_MUTEX_NORMAL && __libc_self.tid &&
		__atomic_compare_exchange_n(&mutex->__word, &word, __libc_self.tid, false,
			__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return 0;
	return __libc_mutex_lock_until(mutex, QUIRE_FOREVER);
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
	return __libc_mutex_lock_until(mutex, 0);
}

int pthread_mutex_clocklock(
	pthread_mutex_t *restrict mutex, clockid_t clock, const struct timespec *restrict until)
{
	uint64_t deadline;
	int result = __libc_mutex_lock_until(mutex, 0);

	if (result != EBUSY)
		return result;
	if (__libc_clock(clock) < 0 || until->tv_nsec < 0 || until->tv_nsec >= (long)NS_PER_SECOND)
		return EINVAL;
	deadline = __libc_deadline(clock, until);
	return __libc_mutex_lock_until(mutex, deadline ? deadline : 1);
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict until)
{
	return pthread_mutex_clocklock(mutex, CLOCK_REALTIME, until);
}

/* ------------------------------------------------------------------ letting it go */

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	uint32_t word, free_word = 0;
	int kind = mutex->__kind;

	if (kind != PTHREAD_MUTEX_NORMAL && kind != MUTEX_SHARED) {
		if (!is_owner(mutex, mutex->__word))
			return EPERM;
		if (mutex->__count > 0 && (kind & MUTEX_TYPE) == PTHREAD_MUTEX_RECURSIVE) {
			mutex->__count--;
			return 0;
		}
	}
	if (kind & MUTEX_ROBUST) {
		if (mutex->__word & DIED)
			free_word = NOT_RECOVERABLE;
		set_pending(mutex);
		list_remove(mutex);
	}
	word = __atomic_exchange_n(&mutex->__word, free_word, __ATOMIC_RELEASE);
	if (word & WAITERS)
		sys_futex_wake(&mutex->__word, free_word ? INT32_MAX : 1);
	if (kind & MUTEX_ROBUST)
		set_pending(NULL);
	return 0;
}

int pthread_mutex_consistent(pthread_mutex_t *mutex)
{
	if (!(mutex->__kind & MUTEX_ROBUST) || !(mutex->__word & DIED) ||
		!is_owner(mutex, mutex->__word))
		return EINVAL;
	__atomic_and_fetch(&mutex->__word, ~DIED, __ATOMIC_RELAXED);
	return 0;
}

int pthread_mutex_init(pthread_mutex_t *restrict mutex, const pthread_mutexattr_t *restrict attr)
{
	*mutex = (pthread_mutex_t){.__kind = attr ? attr->__kind : PTHREAD_MUTEX_NORMAL};
	return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
	uint32_t owner = mutex->__word & TID;

	return owner && owner != NOT_RECOVERABLE ? EBUSY : 0;
}

/* ------------------------------------------------------------------ attributes */

int pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
	attr->__kind = PTHREAD_MUTEX_DEFAULT;
	return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attr)
{
	(void)attr;
	return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *restrict attr, int *restrict type)
{
	*type = attr->__kind & MUTEX_TYPE;
	return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)
{
	if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ERRORCHECK)
		return EINVAL;
	attr->__kind = (attr->__kind & ~MUTEX_TYPE) | type;
	return 0;
}

int pthread_mutexattr_getpshared(const pthread_mutexattr_t *restrict attr, int *restrict shared)
{
	*shared = attr->__kind & MUTEX_SHARED ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
	return 0;
}

int pthread_mutexattr_setpshared(pthread_mutexattr_t *attr, int shared)
{
	if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
		return EINVAL;
	attr->__kind = (attr->__kind & ~MUTEX_SHARED) | (shared ? MUTEX_SHARED : 0);
	return 0;
}

int pthread_mutexattr_getrobust(const pthread_mutexattr_t *restrict attr, int *restrict robust)
{
	*robust = attr->__kind & MUTEX_ROBUST ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED;
	return 0;
}

int pthread_mutexattr_setrobust(pthread_mutexattr_t *attr, int robust)
{
	if (robust != PTHREAD_MUTEX_STALLED && robust != PTHREAD_MUTEX_ROBUST)
		return EINVAL;
	attr->__kind = (attr->__kind & ~MUTEX_ROBUST) | (robust ? MUTEX_ROBUST : 0);
	return 0;
}

int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *restrict attr, int *restrict protocol)
{
	(void)attr;
	*protocol = PTHREAD_PRIO_NONE;
	return 0;
}

int pthread_mutexattr_setprotocol(pthread_mutexattr_t *attr, int protocol)
{
	(void)attr;
	if (protocol == PTHREAD_PRIO_NONE)
		return 0;
	return protocol == PTHREAD_PRIO_INHERIT || protocol == PTHREAD_PRIO_PROTECT ? ENOTSUP
										    : EINVAL;
}
