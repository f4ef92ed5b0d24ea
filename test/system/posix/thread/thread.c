/* Threads: create, join, detach, exit, attributes, once, keys, errno, fork with threads. */
#include "../posix.h"

#include <pthread.h>
#include <sched.h>

static void *echo(void *arg)
{
	return arg;
}

static void *leave(void *arg)
{
	pthread_exit(arg);
}

static volatile int flag;

static void *wait_for_flag(void *arg)
{
	while (!flag)
		pause_ms(2);
	return arg;
}

static void *own_errno(void *unused)
{
	int bad;

	errno = 0;
	close(-1);
	bad = errno != EBADF;
	errno = 1234;
	return (void *)(intptr_t)bad;
	(void)unused;
}

static void check_create(void)
{
	pthread_t threads[8], self = pthread_self();
	void *result = NULL;
	int sum = 0;

	EQUALS("pthread_create.RETURN_VALUE", pthread_create(&threads[0], NULL, echo, (void *)17),
		0);
	EQUALS("pthread_join.RETURN_VALUE", pthread_join(threads[0], &result), 0);
	EQUALS("pthread_join.DESCRIPTION.value", (intptr_t)result, 17);
	pthread_create(&threads[0], NULL, leave, (void *)18);
	EQUALS("pthread_join.DESCRIPTION.null", pthread_join(threads[0], NULL), 0);
	pthread_create(&threads[0], NULL, leave, (void *)19);
	pthread_join(threads[0], &result);
	EQUALS("pthread_exit.DESCRIPTION.value", (intptr_t)result, 19);
	for (intptr_t i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, echo, (void *)i);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], &result);
		sum += (int)(intptr_t)result;
	}
	EQUALS("pthread_create.DESCRIPTION.eight", sum, 28);
	CHECK("pthread_equal.DESCRIPTION", pthread_equal(self, pthread_self()));
	EQUALS("pthread_join.ERRORS.EDEADLK", pthread_join(pthread_self(), NULL), EDEADLK);
	errno = 7;
	pthread_create(&threads[0], NULL, own_errno, NULL);
	pthread_join(threads[0], &result);
	EQUALS("errno.DESCRIPTION.of_thread", (intptr_t)result, 0);
	EQUALS("errno.DESCRIPTION.others_untouched", errno, 7);
	flag = 0;
	pthread_create(&threads[0], NULL, wait_for_flag, NULL);
	EQUALS("pthread_detach.RETURN_VALUE", pthread_detach(threads[0]), 0);
	flag = 1;
	for (int i = 0; i < 300; i++) {
		if (pthread_create(&threads[0], NULL, echo, NULL))
			sum = -1;
		else
			pthread_join(threads[0], NULL);
	}
	EQUALS("pthread_create.DESCRIPTION.again_and_again", sum, 28);
}

static void check_attributes(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	size_t size = 0;
	int state = 99;
	void *stack, *result, *where = NULL;

	EQUALS("pthread_attr_init.RETURN_VALUE", pthread_attr_init(&attr), 0);
	pthread_attr_getdetachstate(&attr, &state);
	EQUALS("pthread_attr_getdetachstate.DESCRIPTION.default", state, PTHREAD_CREATE_JOINABLE);
	EQUALS("pthread_attr_setdetachstate.ERRORS.EINVAL", pthread_attr_setdetachstate(&attr, 77),
		EINVAL);
	EQUALS("pthread_attr_setstacksize.RETURN_VALUE",
		pthread_attr_setstacksize(&attr, 256 * 1024), 0);
	pthread_attr_getstacksize(&attr, &size);
	EQUALS("pthread_attr_getstacksize.DESCRIPTION", size, 256 * 1024);
	EQUALS("pthread_attr_setstacksize.ERRORS.EINVAL", pthread_attr_setstacksize(&attr, 16),
		EINVAL);
	EQUALS("pthread_create.DESCRIPTION.stacksize", pthread_create(&thread, &attr, echo, NULL),
		0);
	pthread_join(thread, NULL);
	stack = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EQUALS("pthread_attr_setstack.RETURN_VALUE", pthread_attr_setstack(&attr, stack, 64 * PAGE),
		0);
	pthread_attr_getstack(&attr, &where, &size);
	CHECK("pthread_attr_getstack.DESCRIPTION", where == stack && size == 64 * PAGE);
	EQUALS("pthread_create.DESCRIPTION.own_stack",
		pthread_create(&thread, &attr, echo, (void *)5), 0);
	pthread_join(thread, &result);
	EQUALS("pthread_create.DESCRIPTION.own_stack_ran", (intptr_t)result, 5);
	EQUALS("pthread_attr_destroy.RETURN_VALUE", pthread_attr_destroy(&attr), 0);
	munmap(stack, 64 * PAGE);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	flag = 0;
	EQUALS("pthread_create.DESCRIPTION.detached",
		pthread_create(&thread, &attr, wait_for_flag, NULL), 0);
	flag = 1;
	pause_ms(10);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_runs;
static pthread_key_t key;
static int destroyed;

static void initialise(void)
{
	pause_ms(10);
	once_runs++;
}

static void *run_once(void *unused)
{
	pthread_once(&once, initialise);
	return (void *)(intptr_t)once_runs;
	(void)unused;
}

static void destroy(void *value)
{
	__atomic_fetch_add(&destroyed, (int)(intptr_t)value, __ATOMIC_SEQ_CST);
}

static void *use_key(void *value)
{
	if (pthread_getspecific(key))
		return (void *)1;
	pthread_setspecific(key, value);
	sched_yield();
	return pthread_getspecific(key) == value ? NULL : (void *)2;
}

static void check_once_and_keys(void)
{
	pthread_t threads[4];
	void *result;
	int good = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, run_once, NULL);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		good += (intptr_t)result == 1;
	}
	EQUALS("pthread_once.DESCRIPTION.once", once_runs, 1);
	EQUALS("pthread_once.DESCRIPTION.all_wait", good, 4);
	EQUALS("pthread_key_create.RETURN_VALUE", pthread_key_create(&key, destroy), 0);
	CHECK("pthread_key_create.DESCRIPTION.null", pthread_getspecific(key) == NULL);
	good = 0;
	for (intptr_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, use_key, (void *)(i + 1));
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		good += result == NULL;
	}
	EQUALS("pthread_setspecific.DESCRIPTION.of_thread", good, 4);
	EQUALS("pthread_key_create.DESCRIPTION.destructor", destroyed, 10);
	EQUALS("pthread_key_delete.RETURN_VALUE", pthread_key_delete(key), 0);
	EQUALS("pthread_setspecific.ERRORS.EINVAL", pthread_setspecific(key, &key), EINVAL);
}

/* fork while others run and fault. */
static volatile bool stop;
static unsigned char *busy_memory;

static void *busy(void *arg)
{
	size_t at = (size_t)(intptr_t)arg;

	while (!stop) {
		at = (at * 5 + 1) % (32 * PAGE);
		busy_memory[at]++;
		free(malloc(100 + at % 1000));
	}
	return NULL;
}

static int prepared, parents, children;

static void prepare(void)
{
	prepared++;
}

static void in_parent(void)
{
	parents++;
}

static void in_child(void)
{
	children++;
}

static void check_fork(void)
{
	pthread_t threads[3];
	int good = 0;

	busy_memory = pages(32);
	pthread_atfork(prepare, in_parent, in_child);
	for (intptr_t i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, busy, (void *)(i * 7));
	for (int i = 0; i < 12; i++) {
		pid_t child = fork();

		if (child == 0) {
			pthread_t thread;
			char *p = malloc(5000);

			if (!p || pthread_create(&thread, NULL, echo, p) ||
				pthread_join(thread, NULL))
				_exit(1);
			free(p);
			_exit(children == 1 ? 0 : 2);
		}
		good += ended(child) == 0;
	}
	stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	EQUALS("fork.DESCRIPTION.threaded", good, 12);
	CHECK("pthread_atfork.DESCRIPTION", prepared == 12 && parents == 12 && children == 0);
	munmap(busy_memory, 32 * PAGE);
}

static void *exit_process(void *unused)
{
	exit(9);
	return unused;
}

static void *last_thread(void *unused)
{
	pause_ms(30);
	return unused;
}

static void check_ends(void)
{
	pthread_t thread;
	pid_t child = fork();

	if (child == 0) {
		pthread_create(&thread, NULL, exit_process, NULL);
		for (;;)
			pause();
	}
	EQUALS("exit.DESCRIPTION.ends_all_threads", ended(child), 9);
	child = fork();
	if (child == 0) {
		pthread_create(&thread, NULL, last_thread, NULL);
		pthread_exit(NULL);
	}
	EQUALS("pthread_exit.DESCRIPTION.last_thread_exits_0", ended(child), 0);
	child = fork();
	if (child == 0) {
		pthread_create(&thread, NULL, wait_for_flag, NULL);
		flag = 0;
		return;
	}
	EQUALS("exit.DESCRIPTION.return_with_threads", ended(child), 0);
}

static void *cancelled(void *unused)
{
	for (;;)
		pause_ms(1000);
	return unused;
}

static void check_cancel(void)
{
	pthread_t thread;
	void *result = NULL;

	pthread_create(&thread, NULL, cancelled, NULL);
	pause_ms(10);
	EQUALS("pthread_cancel.RETURN_VALUE", pthread_cancel(thread), 0);
	EQUALS("pthread_cancel.DESCRIPTION.joined", pthread_join(thread, &result), 0);
	CHECK("pthread_cancel.DESCRIPTION.PTHREAD_CANCELED", result == PTHREAD_CANCELED);
}

void case_thread(void)
{
	check_create();
	check_attributes();
	check_once_and_keys();
	check_cancel();
}

void case_thread_fork(void)
{
	check_fork();
	check_ends();
}
