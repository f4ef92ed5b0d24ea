/* Calls that a caught signal ends with EINTR, and those it does not with SA_RESTART. */
#include "../posix.h"

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/file.h>
#include <sys/select.h>

static volatile sig_atomic_t caught;

static void handler(int sig)
{
	(void)sig;
	caught++;
}

static void handle(int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	caught = 0;
}

/* A child that sends the signal when this process waits. */
static pid_t sender(void)
{
	pid_t self = getpid(), child = fork();

	if (child == 0) {
		until_waiting(self);
		kill(self, SIGUSR1);
		_exit(0);
	}
	return child;
}

static void check_eintr(void)
{
	int ends[2], file = make_file("f", 10);
	struct pollfd p;
	struct timeval tv = {100, 0};
	fd_set set;
	sem_t sem;
	struct timespec far;
	pid_t child;
	static char big[300000];
	ssize_t n;
	unsigned int unslept;
	long long before;

	REQUIRE(pipe(ends) == 0 && file >= 0);
	handle(0);
	p.fd = ends[0], p.events = POLLIN;
	child = sender();
	FAILS("poll.ERRORS.EINTR", poll(&p, 1, 100000), EINTR);
	ended(child);
	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	child = sender();
	FAILS("select.ERRORS.EINTR", select(ends[0] + 1, &set, NULL, NULL, &tv), EINTR);
	ended(child);
	sem_init(&sem, 0, 0);
	child = sender();
	FAILS("sem_wait.ERRORS.EINTR", sem_wait(&sem), EINTR);
	ended(child);
	clock_gettime(CLOCK_REALTIME, &far);
	far.tv_sec += 100;
	child = sender();
	FAILS("sem_timedwait.ERRORS.EINTR", sem_timedwait(&sem, &far), EINTR);
	ended(child);
	child = sender();
	before = now_ms();
	unslept = sleep(100);
	/* In whole seconds, rounded or cut off. */
	CHECK("sleep.RETURN_VALUE.unslept",
		unslept > 0 && unslept <= 100 &&
			unslept * 1000 + (now_ms() - before) > 100000 - 1002);
	ended(child);
	child = sender();
	n = write(ends[1], big, sizeof(big));
	CHECK("write.DESCRIPTION.interrupted_after_some", n > 0 && n < (ssize_t)sizeof(big));
	ended(child);
	child = sender();
	FAILS("write.ERRORS.EINTR", write(ends[1], big, 4096), EINTR);
	ended(child);
	CHECK("sigaction.DESCRIPTION.all_caught", caught == 7);

	/* Locks that somebody else holds. */
	{
		int ready[2];
		char byte;
		pid_t holder;
		struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

		REQUIRE(pipe(ready) == 0);
		holder = fork();
		if (holder == 0) {
			int mine = open("f", O_RDWR);

			fcntl(mine, F_SETLK, &l);
			flock(mine, LOCK_EX);
			if (write(ready[1], "r", 1) != 1)
				_exit(1);
			for (;;)
				pause();
		}
		read(ready[0], &byte, 1);
		child = sender();
		FAILS("fcntl.ERRORS.EINTR", fcntl(file, F_SETLKW, &l), EINTR);
		ended(child);
		child = sender();
		FAILS("flock.DECIDED.EINTR", flock(file, LOCK_EX), EINTR);
		ended(child);
		handle(SA_RESTART);
		child = fork();
		if (child == 0) {
			until_waiting(getppid());
			kill(getppid(), SIGUSR1);
			pause_ms(60);
			kill(holder, SIGKILL);
			_exit(0);
		}
		EQUALS("sigaction.DESCRIPTION.SA_RESTART_fcntl", fcntl(file, F_SETLKW, &l), 0);
		EQUALS("sigaction.DESCRIPTION.SA_RESTART_caught", caught, 1);
		ended(child), ended(holder);
		close(ready[0]), close(ready[1]);
	}
	close(ends[0]), close(ends[1]), close(file);
}

static void check_restart(void)
{
	int ends[2];
	pid_t child, reader;
	static char big[200000];
	struct pollfd p;
	sem_t *sem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	REQUIRE(pipe(ends) == 0 && sem != MAP_FAILED);
	handle(SA_RESTART);
	child = sender();
	p.fd = ends[0], p.events = POLLIN;
	FAILS("poll.DECIDED.never_restarted", poll(&p, 1, 100000), EINTR);
	ended(child);
	sem_init(sem, 1, 0);
	child = fork();
	if (child == 0) {
		until_waiting(getppid());
		kill(getppid(), SIGUSR1);
		pause_ms(40);
		sem_post(sem);
		_exit(0);
	}
	EQUALS("sigaction.DESCRIPTION.SA_RESTART_sem_wait", sem_wait(sem), 0);
	ended(child);
	reader = fork();
	if (reader == 0) {
		ssize_t total = 0, n;

		/* Some has been written when the signal comes: that much is returned, or all. */
		close(ends[1]);
		until_waiting(getppid());
		kill(getppid(), SIGUSR1);
		pause_ms(40);
		while ((n = read(ends[0], big, 5000)) > 0)
			total += n;
		_exit(total == (ssize_t)sizeof(big) ? 0 : 1);
	}
	{
		ssize_t done = 0;

		while (done < (ssize_t)sizeof(big)) {
			ssize_t n = write(ends[1], big + done, sizeof(big) - (size_t)done);

			if (n <= 0)
				break;
			done += n;
		}
		EQUALS("sigaction.DESCRIPTION.SA_RESTART_write", done, sizeof(big));
	}
	close(ends[1]);
	EQUALS("sigaction.DESCRIPTION.SA_RESTART_write_all_read", ended(reader), 0);
	EQUALS("sigaction.DESCRIPTION.SA_RESTART_all_caught", caught, 3);
	close(ends[0]);
	munmap(sem, PAGE);
	signal(SIGUSR1, SIG_DFL);
}

/* A mutex is not given up by a signal. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int held;
static int release[2];

static void *hold(void *unused)
{
	char byte;

	pthread_mutex_lock(&mutex);
	held = 1;
	read(release[0], &byte, 1);
	held = 0;
	pthread_mutex_unlock(&mutex);
	return unused;
}

static void check_mutex(void)
{
	sigset_t set, old;
	pthread_t thread;
	pid_t child, self = getpid();

	REQUIRE(pipe(release) == 0);
	handle(0);
	/* The signal is for the thread that waits for the mutex. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	REQUIRE(pthread_create(&thread, NULL, hold, NULL) == 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	REQUIRE(until_reached(&held, 1));
	child = fork();
	if (child == 0) {
		until_waiting(self);
		kill(self, SIGUSR1);
		until_waiting(self);
		_exit(write(release[1], "r", 1) == 1 ? 0 : 1);
	}
	EQUALS("pthread_mutex_lock.DESCRIPTION.no_EINTR", pthread_mutex_lock(&mutex), 0);
	EQUALS("pthread_mutex_lock.DESCRIPTION.handler_ran", caught, 1);
	EQUALS("pthread_mutex_lock.DESCRIPTION.not_given_up", held, 0);
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	ended(child);
	close(release[0]), close(release[1]);
	signal(SIGUSR1, SIG_DFL);
}

void case_interrupt(void)
{
	check_eintr();
	check_restart();
	check_mutex();
}
