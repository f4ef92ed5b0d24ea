/* Mutexes of every kind; shared between processes at two addresses; robust. */
#include "../posix.h"

#include <pthread.h>

static void make(pthread_mutex_t *m, int type, int shared, int robust)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, type);
	pthread_mutexattr_setpshared(&a, shared);
	pthread_mutexattr_setrobust(&a, robust);
	pthread_mutex_init(m, &a);
	pthread_mutexattr_destroy(&a);
}

static void *try_it(void *m)
{
	int result = pthread_mutex_trylock(m);

	if (result == 0)
		pthread_mutex_unlock(m);
	return (void *)(intptr_t)result;
}

static void *unlock_it(void *m)
{
	return (void *)(intptr_t)pthread_mutex_unlock(m);
}

/* What a call made by another thread returns. */
static int elsewhere(void *(*call)(void *), void *arg)
{
	pthread_t thread;
	void *result = NULL;

	pthread_create(&thread, NULL, call, arg);
	pthread_join(thread, &result);
	return (int)(intptr_t)result;
}

static void check_kinds(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutexattr_t a;
	struct timespec t;
	int value = 9;

	EQUALS("pthread_mutex_lock.RETURN_VALUE", pthread_mutex_lock(&m), 0);
	EQUALS("pthread_mutex_trylock.ERRORS.EBUSY", pthread_mutex_trylock(&m), EBUSY);
	EQUALS("pthread_mutex_trylock.ERRORS.EBUSY.other", elsewhere(try_it, &m), EBUSY);
	t = soon(30);
	EQUALS("pthread_mutex_timedlock.ERRORS.ETIMEDOUT", pthread_mutex_timedlock(&m, &t),
		ETIMEDOUT);
	CHECK("pthread_mutex_timedlock.DESCRIPTION.time", has_come(&t));
	t.tv_nsec = 2000000000;
	EQUALS("pthread_mutex_timedlock.ERRORS.EINVAL", pthread_mutex_timedlock(&m, &t), EINVAL);
	EQUALS("pthread_mutex_unlock.RETURN_VALUE", pthread_mutex_unlock(&m), 0);
	EQUALS("pthread_mutex_trylock.RETURN_VALUE", elsewhere(try_it, &m), 0);
	t = soon(30);
	EQUALS("pthread_mutex_timedlock.RETURN_VALUE", pthread_mutex_timedlock(&m, &t), 0);
	pthread_mutex_unlock(&m);
	EQUALS("pthread_mutex_destroy.RETURN_VALUE", pthread_mutex_destroy(&m), 0);
	make(&m, PTHREAD_MUTEX_RECURSIVE, PTHREAD_PROCESS_PRIVATE, PTHREAD_MUTEX_STALLED);
	pthread_mutex_lock(&m);
	EQUALS("pthread_mutex_lock.DESCRIPTION.recursive", pthread_mutex_lock(&m), 0);
	EQUALS("pthread_mutex_trylock.DESCRIPTION.recursive", pthread_mutex_trylock(&m), 0);
	pthread_mutex_unlock(&m), pthread_mutex_unlock(&m);
	EQUALS("pthread_mutex_unlock.DESCRIPTION.recursive_held", elsewhere(try_it, &m), EBUSY);
	EQUALS("pthread_mutex_unlock.ERRORS.EPERM.recursive", elsewhere(unlock_it, &m), EPERM);
	pthread_mutex_unlock(&m);
	EQUALS("pthread_mutex_unlock.DESCRIPTION.recursive_free", elsewhere(try_it, &m), 0);
	EQUALS("pthread_mutex_unlock.ERRORS.EPERM.unlocked", pthread_mutex_unlock(&m), EPERM);
	make(&m, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PROCESS_PRIVATE, PTHREAD_MUTEX_STALLED);
	pthread_mutex_lock(&m);
	EQUALS("pthread_mutex_lock.ERRORS.EDEADLK", pthread_mutex_lock(&m), EDEADLK);
	EQUALS("pthread_mutex_unlock.ERRORS.EPERM", elsewhere(unlock_it, &m), EPERM);
	pthread_mutex_unlock(&m);
	EQUALS("pthread_mutex_unlock.ERRORS.EPERM.errorcheck", pthread_mutex_unlock(&m), EPERM);
	pthread_mutexattr_init(&a);
	pthread_mutexattr_gettype(&a, &value);
	EQUALS("pthread_mutexattr_gettype.DESCRIPTION.default", value, PTHREAD_MUTEX_DEFAULT);
	pthread_mutexattr_getpshared(&a, &value);
	EQUALS("pthread_mutexattr_getpshared.DESCRIPTION.default", value, PTHREAD_PROCESS_PRIVATE);
	pthread_mutexattr_getrobust(&a, &value);
	EQUALS("pthread_mutexattr_getrobust.DESCRIPTION.default", value, PTHREAD_MUTEX_STALLED);
	EQUALS("pthread_mutexattr_settype.ERRORS.EINVAL", pthread_mutexattr_settype(&a, 99),
		EINVAL);
	EQUALS("pthread_mutexattr_setpshared.ERRORS.EINVAL", pthread_mutexattr_setpshared(&a, 99),
		EINVAL);
	EQUALS("pthread_mutexattr_setrobust.ERRORS.EINVAL", pthread_mutexattr_setrobust(&a, 99),
		EINVAL);
	pthread_mutexattr_destroy(&a);
}

static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static volatile int counter;

static void *count(void *unused)
{
	for (int i = 0; i < 3000; i++) {
		pthread_mutex_lock(&counting);
		counter++;
		pthread_mutex_unlock(&counting);
	}
	return unused;
}

static void check_exclusion(void)
{
	pthread_t threads[6];

	for (int i = 0; i < 6; i++)
		pthread_create(&threads[i], NULL, count, NULL);
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	EQUALS("pthread_mutex_lock.DESCRIPTION.exclusion", counter, 18000);
}

struct shared {
	pthread_mutex_t mutex;
	int value;
};

/* One page of a file at two addresses, and in two processes. */
static void check_shared(void)
{
	int fd = make_file("m", PAGE);
	struct shared *a, *b;
	pid_t child;

	ftruncate(fd, 0);
	ftruncate(fd, PAGE);
	a = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(fd >= 0 && a != MAP_FAILED && b != MAP_FAILED && a != b);
	make(&a->mutex, PTHREAD_MUTEX_NORMAL, PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_STALLED);
	pthread_mutex_lock(&a->mutex);
	EQUALS("pthread_mutex.DECIDED.two_addresses", elsewhere(try_it, &b->mutex), EBUSY);
	pthread_mutex_unlock(&a->mutex);
	EQUALS("pthread_mutex.DECIDED.two_addresses_free", elsewhere(try_it, &b->mutex), 0);
	child = fork();
	if (child == 0) {
		/* Let go of the parent's address; map the page elsewhere. */
		struct shared *mine;

		munmap(a, PAGE);
		mine = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		for (int i = 0; i < 2000; i++) {
			pthread_mutex_lock(&mine->mutex);
			mine->value++;
			pthread_mutex_unlock(&mine->mutex);
		}
		_exit(0);
	}
	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&a->mutex);
		b->value++;
		pthread_mutex_unlock(&a->mutex);
	}
	EQUALS("pthread_mutexattr_setpshared.DESCRIPTION.child", ended(child), 0);
	EQUALS("pthread_mutexattr_setpshared.DESCRIPTION.exclusion", a->value, 4000);
	munmap(a, PAGE), munmap(b, PAGE);
	close(fd);
}

static void *lock_and_leave(void *m)
{
	return (void *)(intptr_t)pthread_mutex_lock(m);
}

static void check_robust(void)
{
	struct shared *a =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutex_t *m = &a->mutex;
	int locked[2];
	char byte;
	pid_t child;

	REQUIRE(a != MAP_FAILED && pipe(locked) == 0);
	make(m, PTHREAD_MUTEX_NORMAL, PTHREAD_PROCESS_SHARED, PTHREAD_MUTEX_ROBUST);
	EQUALS("pthread_mutex_lock.DESCRIPTION.robust", pthread_mutex_lock(m), 0);
	EQUALS("pthread_mutex_unlock.DESCRIPTION.robust", pthread_mutex_unlock(m), 0);
	EQUALS("pthread_mutex_consistent.ERRORS.EINVAL", pthread_mutex_consistent(m), EINVAL);
	child = fork();
	if (child == 0) {
		pthread_mutex_lock(m);
		_exit(0);
	}
	ended(child);
	EQUALS("pthread_mutex_lock.ERRORS.EOWNERDEAD.exit", pthread_mutex_lock(m), EOWNERDEAD);
	EQUALS("pthread_mutex_consistent.RETURN_VALUE", pthread_mutex_consistent(m), 0);
	EQUALS("pthread_mutex_unlock.DESCRIPTION.consistent", pthread_mutex_unlock(m), 0);
	EQUALS("pthread_mutex_lock.DESCRIPTION.usable_again", pthread_mutex_lock(m), 0);
	pthread_mutex_unlock(m);
	child = fork();
	if (child == 0) {
		pthread_mutex_lock(m);
		if (write(locked[1], "l", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	read(locked[0], &byte, 1);
	EQUALS("pthread_mutex_trylock.DESCRIPTION.owner_lives", pthread_mutex_trylock(m), EBUSY);
	{
		pid_t killer = fork();

		if (killer == 0) {
			until_waiting(getppid());
			kill(child, SIGKILL);
			_exit(0);
		}
		/* Waiting already when the owner is killed. */
		EQUALS("pthread_mutex_lock.ERRORS.EOWNERDEAD.killed", pthread_mutex_lock(m),
			EOWNERDEAD);
		ended(killer), ended(child);
	}
	pthread_mutex_unlock(m);
	EQUALS("pthread_mutex_lock.ERRORS.ENOTRECOVERABLE", pthread_mutex_lock(m), ENOTRECOVERABLE);
	EQUALS("pthread_mutex_trylock.ERRORS.ENOTRECOVERABLE", pthread_mutex_trylock(m),
		ENOTRECOVERABLE);
	pthread_mutex_destroy(m);
	make(m, PTHREAD_MUTEX_NORMAL, PTHREAD_PROCESS_PRIVATE, PTHREAD_MUTEX_ROBUST);
	EQUALS("pthread_mutex_lock.DESCRIPTION.robust_thread", elsewhere(lock_and_leave, m), 0);
	EQUALS("pthread_mutex_trylock.ERRORS.EOWNERDEAD.thread", pthread_mutex_trylock(m),
		EOWNERDEAD);
	pthread_mutex_consistent(m);
	pthread_mutex_unlock(m);
	munmap(a, PAGE);
	close(locked[0]), close(locked[1]);
}

void case_mutex(void)
{
	check_kinds();
	check_exclusion();
}

void case_mutex_shared(void)
{
	check_shared();
}

void case_mutex_robust(void)
{
	check_robust();
}
