/* What a thread has to itself: __thread variables, its mask, its stack and the page below it, what it
 * does when it is cancelled. */
#include "../posix.h"

#include <pthread.h>

static __thread int counter = 5;
static __thread char block[3000];

static void *use_tls(void *arg)
{
	int start = counter;
	bool zero = true;

	for (size_t i = 0; i < sizeof(block); i++)
		zero &= block[i] == 0;
	for (int i = 0; i < 1000; i++)
		counter += (int)(intptr_t)arg;
	memset(block, (int)(intptr_t)arg, sizeof(block));
	sched_yield();
	return (void *)(intptr_t)(start == 5 && zero && counter == 5 + 1000 * (int)(intptr_t)arg &&
				  block[2999] == (char)(intptr_t)arg);
}

static void check_tls(void)
{
	pthread_t threads[4];
	void *result;
	int good = 0;
	pid_t child;

	counter = 77;
	for (intptr_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, use_tls, (void *)(i + 1));
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		good += (int)(intptr_t)result;
	}
	EQUALS("pthread_create.DECIDED.thread_local", good, 4);
	EQUALS("pthread_create.DECIDED.thread_local_of_main", counter, 77);
	child = fork();
	if (child == 0)
		_exit(counter);
	EQUALS("fork.DECIDED.thread_local", ended(child), 77);
}

static void *tell_mask(void *unused)
{
	sigset_t now, pending;

	sigprocmask(SIG_BLOCK, NULL, &now);
	sigpending(&pending);
	return (void *)(intptr_t)(sigismember(&now, SIGUSR2) | sigismember(&pending, SIGUSR2) << 1);
	(void)unused;
}

static void check_mask(void)
{
	sigset_t set, old;
	pthread_t thread;
	void *result;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	pthread_kill(pthread_self(), SIGUSR2);
	pthread_create(&thread, NULL, tell_mask, NULL);
	pthread_join(thread, &result);
	EQUALS("pthread_create.DESCRIPTION.mask_inherited_pending_empty", (intptr_t)result, 1);
	EQUALS("pthread_kill.DESCRIPTION.pending_on_thread", (sigwait(&set, &sig), sig), SIGUSR2);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static int descend(int n)
{
	volatile char room[4096];

	room[0] = (char)n;
	return n == 0 ? 0 : descend(n - 1) + room[0];
}

static void *deep(void *pages_deep)
{
	return (void *)(intptr_t)(descend((int)(intptr_t)pages_deep) != -1);
}

static void check_stack(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	void *result = NULL;
	pid_t child;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 512 * 1024);
	pthread_create(&thread, &attr, deep, (void *)100);
	pthread_join(thread, &result);
	EQUALS("pthread_attr_setstacksize.DESCRIPTION.usable", (intptr_t)result, 1);
	child = fork();
	if (child == 0) {
		pthread_create(&thread, &attr, deep, (void *)100000);
		pthread_join(thread, &result);
		_exit(0);
	}
	EQUALS("pthread_attr_setguardsize.DESCRIPTION.overflow_faults", ended(child),
		256 + SIGSEGV);
	pthread_attr_destroy(&attr);
}

static volatile int cleaned, reached;

static void clean(void *arg)
{
	cleaned = cleaned * 10 + (int)(intptr_t)arg;
}

static void cancel_inside(void)
{
	int old;

	pthread_cleanup_push(clean, (void *)2);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	reached = 1;
	pause_ms(60);
	reached = 2;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	for (;;)
		pthread_testcancel();
	pthread_cleanup_pop(0);
}

static void *cancel_me(void *unused)
{
	pthread_cleanup_push(clean, (void *)1);
	cancel_inside();
	pthread_cleanup_pop(0);
	return unused;
}

static int ends[2];

static void *read_for_ever(void *unused)
{
	char byte;

	read(ends[0], &byte, 1);
	return unused;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void unlock(void *m)
{
	cleaned = pthread_mutex_unlock(m) == 0;
}

static void *wait_for_ever(void *unused)
{
	pthread_mutex_lock(&mutex);
	pthread_cleanup_push(unlock, &mutex);
	reached = 3;
	for (;;)
		pthread_cond_wait(&cond, &mutex);
	pthread_cleanup_pop(0);
	return unused;
}

static void *clean_at_exit(void *unused)
{
	pthread_cleanup_push(clean, (void *)4);
	pthread_exit(unused);
	pthread_cleanup_pop(0);
	return NULL;
}

static void check_cancel(void)
{
	pthread_t thread;
	void *result = NULL;

	pthread_create(&thread, NULL, cancel_me, NULL);
	while (!reached)
		pause_ms(1);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	EQUALS("pthread_setcancelstate.DESCRIPTION.disabled", reached, 2);
	CHECK("pthread_testcancel.DESCRIPTION", result == PTHREAD_CANCELED);
	EQUALS("pthread_cleanup_push.DESCRIPTION.last_first", cleaned, 21);
	REQUIRE(pipe(ends) == 0);
	pthread_create(&thread, NULL, read_for_ever, NULL);
	pause_ms(30);
	pthread_cancel(thread);
	result = NULL;
	EQUALS("pthread_cancel.DESCRIPTION.in_read", pthread_join(thread, &result), 0);
	CHECK("pthread_cancel.DESCRIPTION.in_read.result", result == PTHREAD_CANCELED);
	reached = cleaned = 0;
	pthread_create(&thread, NULL, wait_for_ever, NULL);
	while (!reached)
		pause_ms(1);
	pause_ms(20);
	pthread_cancel(thread);
	EQUALS("pthread_cancel.DESCRIPTION.in_cond_wait", pthread_join(thread, NULL), 0);
	EQUALS("pthread_cond_wait.DESCRIPTION.cancelled_with_mutex", cleaned, 1);
	cleaned = 0;
	pthread_create(&thread, NULL, clean_at_exit, NULL);
	pthread_join(thread, NULL);
	EQUALS("pthread_exit.DESCRIPTION.cleanup", cleaned, 4);
	close(ends[0]), close(ends[1]);
}

/* exec ends the other threads. */
static void *stay(void *unused)
{
	for (;;)
		pause_ms(5);
	return unused;
}

extern const char *program_path;

static void *do_exec(void *unused)
{
	execl(program_path, "x", "status", "29", NULL);
	return unused;
}

static void check_exec(void)
{
	pthread_t thread;
	pid_t child = fork();

	setenv("POSIX_CHILD", "1", 1);
	if (child == 0) {
		for (int i = 0; i < 3; i++)
			pthread_create(&thread, NULL, stay, NULL);
		execl(program_path, "x", "status", "28", NULL);
		_exit(200);
	}
	EQUALS("exec.DESCRIPTION.ends_threads", ended(child), 28);
	child = fork();
	if (child == 0) {
		pthread_create(&thread, NULL, stay, NULL);
		pthread_create(&thread, NULL, do_exec, NULL);
		for (;;)
			pause_ms(5);
	}
	EQUALS("exec.DESCRIPTION.from_another_thread", ended(child), 29);
}

void case_thread_local(void)
{
	check_tls();
	check_mask();
	check_stack();
}

void case_cancel(void)
{
	check_cancel();
}

void case_exec_threads(void)
{
	check_exec();
}
