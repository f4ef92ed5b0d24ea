/* Condition variables, read-write locks, barriers, spin locks, semaphores. */
#include "../posix.h"

#include <pthread.h>
#include <semaphore.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static volatile int waiting, released, tokens;

static void *wait_token(void *unused)
{
	pthread_mutex_lock(&mutex);
	waiting++;
	while (tokens == 0)
		pthread_cond_wait(&cond, &mutex);
	tokens--;
	released++;
	pthread_mutex_unlock(&mutex);
	return unused;
}

/* Who has counted lets the mutex go before it goes on; then it waits, or has ended. */
static void await(volatile int *what, int value)
{
	until_reached(what, value);
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
}

static void check_cond(void)
{
	pthread_t threads[4];
	pthread_condattr_t attr;
	pthread_cond_t monotonic;
	struct timespec t = soon(30);

	pthread_mutex_lock(&mutex);
	EQUALS("pthread_cond_timedwait.ERRORS.ETIMEDOUT", pthread_cond_timedwait(&cond, &mutex, &t),
		ETIMEDOUT);
	CHECK("pthread_cond_timedwait.DESCRIPTION.time", has_come(&t));
	EQUALS("pthread_cond_timedwait.DESCRIPTION.mutex_held", pthread_mutex_trylock(&mutex),
		EBUSY);
	t.tv_nsec = -1;
	EQUALS("pthread_cond_timedwait.ERRORS.EINVAL", pthread_cond_timedwait(&cond, &mutex, &t),
		EINVAL);
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, wait_token, NULL);
	await(&waiting, 4);
	EQUALS("pthread_cond_wait.DESCRIPTION.waits", released, 0);
	pthread_mutex_lock(&mutex);
	tokens = 1;
	EQUALS("pthread_cond_signal.RETURN_VALUE", pthread_cond_signal(&cond), 0);
	pthread_mutex_unlock(&mutex);
	await(&released, 1);
	EQUALS("pthread_cond_signal.DESCRIPTION.one", released, 1);
	pthread_mutex_lock(&mutex);
	tokens = 3;
	EQUALS("pthread_cond_broadcast.RETURN_VALUE", pthread_cond_broadcast(&cond), 0);
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	EQUALS("pthread_cond_broadcast.DESCRIPTION.all", released, 4);
	EQUALS("pthread_cond_signal.DESCRIPTION.nobody", pthread_cond_signal(&cond), 0);
	pthread_condattr_init(&attr);
	EQUALS("pthread_condattr_setclock.RETURN_VALUE",
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC), 0);
	pthread_cond_init(&monotonic, &attr);
	clock_gettime(CLOCK_MONOTONIC, &t);
	pthread_mutex_lock(&mutex);
	EQUALS("pthread_condattr_setclock.DESCRIPTION",
		pthread_cond_timedwait(&monotonic, &mutex, &t), ETIMEDOUT);
	pthread_mutex_unlock(&mutex);
	EQUALS("pthread_cond_destroy.RETURN_VALUE", pthread_cond_destroy(&monotonic), 0);
}

static volatile int woken;

static void unlock(void *held)
{
	pthread_mutex_unlock(held);
}

static void *wait_once(void *unused)
{
	pthread_mutex_lock(&mutex);
	pthread_cleanup_push(unlock, &mutex);
	waiting++;
	pthread_cond_wait(&cond, &mutex);
	woken++;
	pthread_cleanup_pop(1);
	return unused;
}

/* One signal; the thread that it may have woken is cancelled before it has the mutex. Whichever ends
 * by its cancellation, a signal reaches a thread that goes on. */
static void check_cond_cancel(void)
{
	pthread_t threads[2];
	void *result;

	for (int first = 0; first < 2; first++) {
		waiting = woken = 0;
		for (int i = 0; i < 2; i++) {
			REQUIRE(pthread_create(&threads[i], NULL, wait_once, NULL) == 0);
			await(&waiting, i + 1);
		}
		pause_ms(10);
		pthread_mutex_lock(&mutex);
		pthread_cond_signal(&cond);
		pause_ms(10);
		pthread_cancel(threads[first]);
		pthread_mutex_unlock(&mutex);
		pthread_join(threads[first], &result);
		CHECK("pthread_cond_wait.cancellation_point", result == PTHREAD_CANCELED || woken);
		await(&woken, 1);
		CHECK("pthread_cond_wait.DESCRIPTION.cancelled_consumes_no_signal", woken >= 1);
		pthread_mutex_lock(&mutex);
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
		pthread_join(threads[1 - first], NULL);
	}
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static volatile int shared_value, torn;

static void *try_read(void *unused)
{
	int result = pthread_rwlock_tryrdlock(&rwlock);

	if (result == 0)
		pthread_rwlock_unlock(&rwlock);
	return (void *)(intptr_t)result;
	(void)unused;
}

static void *try_write(void *unused)
{
	int result = pthread_rwlock_trywrlock(&rwlock);

	if (result == 0)
		pthread_rwlock_unlock(&rwlock);
	return (void *)(intptr_t)result;
	(void)unused;
}

static int elsewhere(void *(*call)(void *))
{
	pthread_t thread;
	void *result = NULL;

	pthread_create(&thread, NULL, call, NULL);
	pthread_join(thread, &result);
	return (int)(intptr_t)result;
}

static void *write_pairs(void *unused)
{
	for (int i = 0; i < 300; i++) {
		pthread_rwlock_wrlock(&rwlock);
		shared_value++;
		sched_yield();
		shared_value++;
		pthread_rwlock_unlock(&rwlock);
	}
	return unused;
}

static void *read_pairs(void *unused)
{
	for (int i = 0; i < 300; i++) {
		pthread_rwlock_rdlock(&rwlock);
		torn += shared_value & 1;
		pthread_rwlock_unlock(&rwlock);
	}
	return unused;
}

static void check_rwlock(void)
{
	pthread_t threads[5];
	struct timespec t;

	EQUALS("pthread_rwlock_rdlock.RETURN_VALUE", pthread_rwlock_rdlock(&rwlock), 0);
	EQUALS("pthread_rwlock_tryrdlock.DESCRIPTION.shared", elsewhere(try_read), 0);
	EQUALS("pthread_rwlock_trywrlock.ERRORS.EBUSY.read", elsewhere(try_write), EBUSY);
	EQUALS("pthread_rwlock_rdlock.DESCRIPTION.twice", pthread_rwlock_rdlock(&rwlock), 0);
	pthread_rwlock_unlock(&rwlock);
	t = soon(20);
	EQUALS("pthread_rwlock_unlock.RETURN_VALUE", pthread_rwlock_unlock(&rwlock), 0);
	EQUALS("pthread_rwlock_wrlock.RETURN_VALUE", pthread_rwlock_wrlock(&rwlock), 0);
	EQUALS("pthread_rwlock_tryrdlock.ERRORS.EBUSY", elsewhere(try_read), EBUSY);
	EQUALS("pthread_rwlock_trywrlock.ERRORS.EBUSY", elsewhere(try_write), EBUSY);
	EQUALS("pthread_rwlock_wrlock.ERRORS.EDEADLK", pthread_rwlock_wrlock(&rwlock), EDEADLK);
	pthread_rwlock_unlock(&rwlock);
	t = soon(20);
	EQUALS("pthread_rwlock_timedwrlock.RETURN_VALUE", pthread_rwlock_timedwrlock(&rwlock, &t),
		0);
	pthread_rwlock_unlock(&rwlock);
	EQUALS("pthread_rwlock_timedrdlock.RETURN_VALUE", pthread_rwlock_timedrdlock(&rwlock, &t),
		0);
	pthread_rwlock_unlock(&rwlock);
	for (int i = 0; i < 5; i++)
		pthread_create(&threads[i], NULL, i < 2 ? write_pairs : read_pairs, NULL);
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	EQUALS("pthread_rwlock.DESCRIPTION.writers", shared_value, 1200);
	EQUALS("pthread_rwlock.DESCRIPTION.readers_see_whole", torn, 0);
}

static pthread_barrier_t barrier;
static volatile int serial, before_barrier, early;

static void *meet(void *unused)
{
	for (int round = 1; round <= 20; round++) {
		__atomic_fetch_add(&before_barrier, 1, __ATOMIC_SEQ_CST);
		if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_fetch_add(&serial, 1, __ATOMIC_SEQ_CST);
		if (before_barrier < round * 3)
			__atomic_fetch_add(&early, 1, __ATOMIC_SEQ_CST);
	}
	return unused;
}

static pthread_spinlock_t spin;
static volatile int spun;

static void *spin_count(void *unused)
{
	for (int i = 0; i < 500; i++) {
		pthread_spin_lock(&spin);
		spun++;
		pthread_spin_unlock(&spin);
	}
	return unused;
}

static void check_barrier_and_spin(void)
{
	pthread_t threads[3];

	EQUALS("pthread_barrier_init.ERRORS.EINVAL", pthread_barrier_init(&barrier, NULL, 0),
		EINVAL);
	EQUALS("pthread_barrier_init.RETURN_VALUE", pthread_barrier_init(&barrier, NULL, 3), 0);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, meet, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	EQUALS("pthread_barrier_wait.DESCRIPTION.one_serial_a_round", serial, 20);
	EQUALS("pthread_barrier_wait.DESCRIPTION.nobody_early", early, 0);
	EQUALS("pthread_barrier_destroy.RETURN_VALUE", pthread_barrier_destroy(&barrier), 0);
	EQUALS("pthread_spin_init.RETURN_VALUE", pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE),
		0);
	pthread_spin_lock(&spin);
	EQUALS("pthread_spin_trylock.ERRORS.EBUSY", pthread_spin_trylock(&spin), EBUSY);
	pthread_spin_unlock(&spin);
	EQUALS("pthread_spin_trylock.RETURN_VALUE", pthread_spin_trylock(&spin), 0);
	pthread_spin_unlock(&spin);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, spin_count, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	EQUALS("pthread_spin_lock.DESCRIPTION.exclusion", spun, 1500);
	EQUALS("pthread_spin_destroy.RETURN_VALUE", pthread_spin_destroy(&spin), 0);
}

static void *take(void *sem)
{
	sem_wait(sem);
	return NULL;
}

static void *cancel_then_take(void *sem)
{
	pthread_cancel(pthread_self());
	sem_wait(sem);
	return NULL;
}

static void check_semaphore_cancel(void)
{
	pthread_t thread;
	void *result;
	sem_t s;

	sem_init(&s, 0, 1);
	REQUIRE(pthread_create(&thread, NULL, cancel_then_take, &s) == 0);
	pthread_join(thread, &result);
	CHECK("sem_wait.cancellation_point.not_waiting", result == PTHREAD_CANCELED);
	sem_trywait(&s);
	REQUIRE(pthread_create(&thread, NULL, take, &s) == 0);
	pause_ms(30);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	CHECK("sem_wait.cancellation_point", result == PTHREAD_CANCELED);
	EQUALS("sem_destroy.RETURN_VALUE.after_cancel", sem_destroy(&s), 0);
}

static void check_semaphores(void)
{
	sem_t s, *named, *again, *shared;
	struct timespec t;
	int value = 9;
	pid_t child;
	char name[32];

	snprintf(name, sizeof(name), "/t-posix.%d", (int)getpid());
	EQUALS("sem_init.RETURN_VALUE", sem_init(&s, 0, 2), 0);
	EQUALS("sem_getvalue.RETURN_VALUE", sem_getvalue(&s, &value), 0);
	EQUALS("sem_getvalue.DESCRIPTION", value, 2);
	EQUALS("sem_wait.RETURN_VALUE", sem_wait(&s), 0);
	EQUALS("sem_trywait.RETURN_VALUE", sem_trywait(&s), 0);
	FAILS("sem_trywait.ERRORS.EAGAIN", sem_trywait(&s), EAGAIN);
	t = soon(30);
	FAILS("sem_timedwait.ERRORS.ETIMEDOUT", sem_timedwait(&s, &t), ETIMEDOUT);
	CHECK("sem_timedwait.DESCRIPTION.time", has_come(&t));
	t.tv_nsec = 1000000000;
	FAILS("sem_timedwait.ERRORS.EINVAL", sem_timedwait(&s, &t), EINVAL);
	EQUALS("sem_post.RETURN_VALUE", sem_post(&s), 0);
	sem_getvalue(&s, &value);
	EQUALS("sem_post.DESCRIPTION", value, 1);
	EQUALS("sem_destroy.RETURN_VALUE", sem_destroy(&s), 0);
	FAILS("sem_init.ERRORS.EINVAL", sem_init(&s, 0, 0x80000000u), EINVAL);
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sem_init(shared, 1, 0);
	child = fork();
	if (child == 0) {
		until_waiting(getppid());
		sem_post(shared);
		_exit(0);
	}
	EQUALS("sem_wait.DESCRIPTION.between_processes", sem_wait(shared), 0);
	ended(child);
	munmap(shared, PAGE);

	sem_unlink(name);
	CHECK("sem_open.ERRORS.ENOENT", sem_open(name, 0) == SEM_FAILED && errno == ENOENT);
	named = sem_open(name, O_CREAT | O_EXCL, 0600, 1);
	CHECK("sem_open.RETURN_VALUE", named != SEM_FAILED);
	REQUIRE(named != SEM_FAILED);
	CHECK("sem_open.ERRORS.EEXIST",
		sem_open(name, O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST);
	again = sem_open(name, 0);
	CHECK("sem_open.DESCRIPTION.again", again != SEM_FAILED);
	sem_wait(named);
	sem_getvalue(again, &value);
	EQUALS("sem_open.DESCRIPTION.same", value, 0);
	child = fork();
	if (child == 0) {
		sem_t *mine = sem_open(name, 0);

		until_waiting(getppid());
		_exit(mine != SEM_FAILED && sem_post(mine) == 0 ? 0 : 1);
	}
	EQUALS("sem_wait.DESCRIPTION.named", sem_wait(again), 0);
	EQUALS("sem_open.DESCRIPTION.other_process", ended(child), 0);
	EQUALS("sem_close.RETURN_VALUE", sem_close(again), 0);
	EQUALS("sem_unlink.RETURN_VALUE", sem_unlink(name), 0);
	FAILS("sem_unlink.ERRORS.ENOENT", sem_unlink(name), ENOENT);
	EQUALS("sem_unlink.DESCRIPTION.lives_on", sem_post(named), 0);
	sem_close(named);
}

void case_cond(void)
{
	check_cond();
	check_cond_cancel();
}

void case_rwlock(void)
{
	check_rwlock();
}

void case_barrier(void)
{
	check_barrier_and_spin();
}

void case_semaphore(void)
{
	check_semaphores();
	check_semaphore_cancel();
}
