/* Making, joining and ending threads.
 *
 * A thread's memory is one mapping: guard, stack, and at the top its thread-local block, which holds
 * its record too. The kernel clears the record's `running` word after the thread's last instruction and
 * wakes who waits for it; only then may the mapping go. The joiner unmaps it, or keeps it for the next
 * thread. A detached thread puts itself on the list of the dead, which the next pthread_create clears
 * of all whose word is zero.
 *
 * `all` holds every thread that has not been joined or died detached, so a pthread_t can be checked.
 */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "thread.h"

#define STACK_DEFAULT (256u << 10)
#define SPARE_MAX     4

volatile uint32_t __libc_threaded;

static __libc_lock_t threads_lock; /* guards everything below, and `detached` and `exiting` */
static struct __libc_thread *all;  /* but for the first */
static unsigned int others_alive;  /* threads besides the first that have not begun to exit */
static bool first_gone;
static struct __libc_thread *dead;
static struct {
	char *mapping;
	size_t size, guard;
} spares[SPARE_MAX];

void __libc_thread_entry(void);
_Noreturn void __libc_thread_main(struct __libc_thread *self);

struct __libc_thread *__libc_thread_check_locked(pthread_t thread)
{
	struct __libc_thread *wanted = (struct __libc_thread *)thread;

	if (wanted == &__libc_self)
		return wanted;
	for (struct __libc_thread *t = all; t; t = t->next) {
		if (t == wanted)
			return t;
	}
	return wanted && wanted == __libc_first_thread() && !first_gone ? wanted : NULL;
}

void __libc_threads_lock(void)
{
	__libc_lock(&threads_lock);
}

void __libc_threads_unlock(void)
{
	__libc_unlock(&threads_lock);
}

/* The first thread's record is where its thread-local block is: noted when a second one comes. */
static struct __libc_thread *first;

struct __libc_thread *__libc_first_thread(void)
{
	return first;
}

pthread_t pthread_self(void)
{
	return (pthread_t)&__libc_self;
}

int pthread_equal(pthread_t a, pthread_t b)
{
	return a == b;
}

/* ------------------------------------------------------------------ memory */

static void link_locked(struct __libc_thread *thread)
{
	thread->prev = NULL;
	thread->next = all;
	if (all)
		all->prev = thread;
	all = thread;
}

static void unlink_locked(struct __libc_thread *thread)
{
	if (thread->next)
		thread->next->prev = thread->prev;
	if (thread->prev)
		thread->prev->next = thread->next;
	else if (all == thread)
		all = thread->next;
}

/* The thread has run its last instruction. */
static void release_locked(struct __libc_thread *thread)
{
	char *mapping = thread->mapping;
	size_t size = thread->mapping_size, guard = thread->guard_size;

	if (!mapping)
		return;
	for (int i = 0; i < SPARE_MAX; i++) {
		if (!spares[i].mapping) {
			spares[i].mapping = mapping;
			spares[i].size = size;
			spares[i].guard = guard;
			return;
		}
	}
	munmap(mapping, size);
}

static void reap_locked(void)
{
	struct __libc_thread **link = &dead;

	while (*link) {
		struct __libc_thread *thread = *link;

		if (thread->running) {
			link = &thread->next;
		} else {
			*link = thread->next;
			release_locked(thread);
		}
	}
}

static char *take_spare_locked(size_t size, size_t guard)
{
	for (int i = 0; i < SPARE_MAX; i++) {
		if (spares[i].mapping && spares[i].size == size && spares[i].guard == guard) {
			char *mapping = spares[i].mapping;

			spares[i].mapping = NULL;
			return mapping;
		}
	}
	return NULL;
}

static char *map_memory_locked(size_t size, size_t guard)
{
	char *mapping = take_spare_locked(size, guard);

	if (mapping)
		return mapping;
	mapping = mmap(
		NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (mapping == MAP_FAILED)
		return NULL;
	if (guard && mprotect(mapping, guard, PROT_NONE) < 0) {
		munmap(mapping, size);
		return NULL;
	}
	return mapping;
}

static size_t whole_pages(size_t bytes)
{
	return (bytes + QUIRE_PAGE_SIZE - 1) & ~(size_t)(QUIRE_PAGE_SIZE - 1);
}

/* Lays out the memory and returns the new thread's record, all of it but the start filled in. The
 * thread-local block is cut from the top of the stack, which so is no longer than was asked for. */
static struct __libc_thread *make_record_locked(const pthread_attr_t *attr)
{
	size_t guard = whole_pages(attr->__guard_size);
	size_t size = attr->__stack_size ? attr->__stack_size : STACK_DEFAULT;
	struct __libc_thread *thread;
	size_t tls_size = (size_t)__tls_size;
	char *mapping = NULL, *stack = attr->__stack;
	size_t mapping_size = 0;
	char *block;

	if (!stack) {
		mapping_size = guard + whole_pages(size);
		mapping = map_memory_locked(mapping_size, guard);
		if (!mapping)
			return NULL;
		stack = mapping + guard;
		size = mapping_size - guard;
	} else {
		guard = 0;
	}
	block = (char *)((uintptr_t)(stack + size - tls_size) & ~(uintptr_t)63);
	__libc_tls_init(block);
	thread = __libc_thread_of_block(block);
	thread->mapping = mapping;
	thread->mapping_size = mapping_size;
	thread->stack = stack;
	thread->stack_size = size;
	thread->guard_size = guard;
	thread->running = 1;
	return thread;
}

/* ------------------------------------------------------------------ start */

int pthread_create(pthread_t *restrict result, const pthread_attr_t *restrict attr,
	void *(*start)(void *), void *restrict arg)
{
	pthread_attr_t standard;
	struct __libc_thread *thread;
	uint32_t mask;
	char *block;
	int tid;

	if (!attr) {
		pthread_attr_init(&standard);
		attr = &standard;
	}
	if (attr->__flags & ATTR_EXPLICIT && attr->__policy != SCHED_OTHER)
		return EPERM;
	mask = __libc_block_signals();
	__libc_lock(&threads_lock);
	if (!__libc_threaded) {
		first = &__libc_self;
		__libc_gettid();
		__libc_threaded = 1;
	}
	reap_locked();
	thread = make_record_locked(attr);
	if (!thread) {
		__libc_unlock(&threads_lock);
		__libc_restore_signals(mask);
		return EAGAIN;
	}
	thread->start = start;
	thread->arg = arg;
	thread->start_mask = mask;
	thread->detached = attr->__flags & ATTR_DETACHED;
	block = __libc_block_of_thread(thread);
	link_locked(thread);
	others_alive++;
	tid = sys_thread_create((uint32_t)(uintptr_t)__libc_thread_entry,
		(uint32_t)(uintptr_t)block & ~15u, (uint32_t)(uintptr_t)thread,
		(uint32_t)(uintptr_t)block);
	if (tid < 0) {
		others_alive--;
		unlink_locked(thread);
		release_locked(thread);
	} else {
		thread->tid = (uint32_t)tid;
		if (attr->__affinity)
			sys_affinity(tid, attr->__affinity);
		*result = (pthread_t)thread;
	}
	__libc_unlock(&threads_lock);
	__libc_restore_signals(mask);
	return tid < 0 ? (tid == -ENOMEM ? EAGAIN : -tid) : 0;
}

_Noreturn void __libc_thread_main(struct __libc_thread *self)
{
	self->tid = (uint32_t)sys_thread_self(&self->msgbuf);
	__libc_restore_signals(self->start_mask);
	pthread_exit(self->start(self->arg));
}

/* ------------------------------------------------------------------ end */

void pthread_exit(void *result)
{
	struct __libc_thread *self = &__libc_self;
	bool last;

	self->cancel_disabled = 1;
	self->at_cancel_point = 0;
	while (self->cleanup)
		__pthread_cleanup_pop(self->cleanup, 1);
	__libc_keys_run_destructors();
	self->result = result;
	__libc_block_signals();
	__libc_malloc_thread_exit();
	__libc_lock(&threads_lock);
	if (self->mapping || self->start) {
		others_alive--;
		last = first_gone && others_alive == 0;
	} else {
		first_gone = true;
		last = others_alive == 0;
	}
	if (last) {
		__libc_unlock(&threads_lock);
		exit(0);
	}
	self->exiting = 1;
	if (self->detached) {
		unlink_locked(self);
		self->next = dead;
		dead = self;
	}
	__libc_unlock(&threads_lock);
	sys_thread_exit((uint32_t *)(uintptr_t)&self->running);
}

static int join_until(pthread_t thread, void **result, uint64_t until)
{
	struct __libc_thread *t;
	int error = 0;

	__libc_lock(&threads_lock);
	t = __libc_thread_check_locked(thread);
	if (!t)
		error = ESRCH;
	else if (t == &__libc_self)
		error = EDEADLK;
	else if (t->detached)
		error = EINVAL;
	__libc_unlock(&threads_lock);
	if (error)
		return error;
	__libc_cancel_begin();
	while (t->running && error != ETIMEDOUT)
		error = -sys_futex_wait(&t->running, 1, until);
	__libc_cancel_end();
	if (t->running)
		return error;
	if (result)
		*result = t->result;
	__libc_lock(&threads_lock);
	unlink_locked(t);
	release_locked(t);
	__libc_unlock(&threads_lock);
	return 0;
}

int pthread_join(pthread_t thread, void **result)
{
	return join_until(thread, result, QUIRE_FOREVER);
}

int pthread_tryjoin_np(pthread_t thread, void **result)
{
	int error = join_until(thread, result, 1);

	return error == ETIMEDOUT ? EBUSY : error;
}

int pthread_timedjoin_np(pthread_t thread, void **result, const struct timespec *until)
{
	if (!__libc_timespec_valid(until))
		return EINVAL;
	return join_until(thread, result, __libc_deadline(CLOCK_REALTIME, until));
}

int pthread_detach(pthread_t thread)
{
	struct __libc_thread *t;
	int error = 0;

	__libc_lock(&threads_lock);
	t = __libc_thread_check_locked(thread);
	if (!t) {
		error = ESRCH;
	} else if (t->detached) {
		error = EINVAL;
	} else {
		t->detached = 1;
		if (t->exiting) {
			unlink_locked(t);
			t->next = dead;
			dead = t;
		}
	}
	__libc_unlock(&threads_lock);
	return error;
}

int pthread_kill(pthread_t thread, int sig)
{
	struct __libc_thread *t;
	int error = ESRCH;

	if (sig < 0 || sig >= NSIG)
		return EINVAL;
	if (thread == (pthread_t)&__libc_self)
		return -sys_tkill((int)__libc_gettid(), sig);
	__libc_lock(&threads_lock);
	t = __libc_thread_check_locked(thread);
	if (t)
		error = t->exiting ? 0 : -sys_tkill((int)t->tid, sig);
	__libc_unlock(&threads_lock);
	return error;
}

/* ------------------------------------------------------------------ fork */

/* In the child. The records of threads that were not copied are memory like any other: what they
 * held on their stacks nobody can free, and their stacks go with the process. */
void __libc_thread_after_fork(void)
{
	struct __libc_thread *self = &__libc_self;
	uint32_t parent_tid = self->tid;

	self->former_tid = parent_tid;
	self->tid = 0;
	self->msgbuf = NULL;
	self->robust_known = 0;
	self->next = self->prev = NULL;
	threads_lock.word = 0;
	all = NULL;
	dead = NULL;
	others_alive = 0;
	first = self;
	first_gone = false;
	__libc_threaded = 0;
	if (self->mapping || self->start) {
		others_alive = 1;
		first_gone = true;
		link_locked(self);
	}
	__libc_locks_after_fork(parent_tid);
	__libc_stdio_after_fork(parent_tid);
}
