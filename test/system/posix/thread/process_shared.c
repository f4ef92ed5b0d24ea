/* Condition variables, read-write locks and barriers in memory that processes share. */
#include "../posix.h"

#include <pthread.h>

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_rwlock_t rwlock;
	pthread_barrier_t barrier;
	volatile int turn, value, torn, serial;
};

static void make(struct shared *s)
{
	pthread_mutexattr_t m;
	pthread_condattr_t c;
	pthread_rwlockattr_t r;
	pthread_barrierattr_t b;

	pthread_mutexattr_init(&m), pthread_condattr_init(&c);
	pthread_rwlockattr_init(&r), pthread_barrierattr_init(&b);
	pthread_mutexattr_setpshared(&m, PTHREAD_PROCESS_SHARED);
	EQUALS("pthread_condattr_setpshared.RETURN_VALUE",
		pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED), 0);
	EQUALS("pthread_rwlockattr_setpshared.RETURN_VALUE",
		pthread_rwlockattr_setpshared(&r, PTHREAD_PROCESS_SHARED), 0);
	EQUALS("pthread_barrierattr_setpshared.RETURN_VALUE",
		pthread_barrierattr_setpshared(&b, PTHREAD_PROCESS_SHARED), 0);
	pthread_mutex_init(&s->mutex, &m);
	pthread_cond_init(&s->cond, &c);
	pthread_rwlock_init(&s->rwlock, &r);
	pthread_barrier_init(&s->barrier, &b, 2);
}

/* Two processes in turn. */
static void play(struct shared *s, int me)
{
	for (int i = 0; i < 50; i++) {
		pthread_mutex_lock(&s->mutex);
		while (s->turn != me)
			pthread_cond_wait(&s->cond, &s->mutex);
		s->turn = !me;
		pthread_cond_broadcast(&s->cond);
		pthread_mutex_unlock(&s->mutex);
	}
	for (int i = 0; i < 200; i++) {
		pthread_rwlock_wrlock(&s->rwlock);
		s->value++;
		s->value++;
		pthread_rwlock_unlock(&s->rwlock);
		pthread_rwlock_rdlock(&s->rwlock);
		s->torn += s->value & 1;
		pthread_rwlock_unlock(&s->rwlock);
	}
	for (int i = 0; i < 50; i++)
		if (pthread_barrier_wait(&s->barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_fetch_add(&s->serial, 1, __ATOMIC_SEQ_CST);
}

void case_process_shared(void)
{
	int fd = make_file("f", PAGE);
	struct shared *s, *other;
	pid_t child;

	ftruncate(fd, 0), ftruncate(fd, PAGE);
	s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(fd >= 0 && s != MAP_FAILED);
	make(s);
	child = fork();
	if (child == 0) {
		other = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		munmap(s, PAGE);
		play(other, 1);
		_exit(0);
	}
	play(s, 0);
	EQUALS("pthread_condattr_setpshared.DESCRIPTION", ended(child), 0);
	EQUALS("pthread_rwlockattr_setpshared.DESCRIPTION.exclusion", s->value, 800);
	EQUALS("pthread_rwlockattr_setpshared.DESCRIPTION.whole", s->torn, 0);
	EQUALS("pthread_barrierattr_setpshared.DESCRIPTION.one_serial", s->serial, 50);
	munmap(s, PAGE);
	close(fd);
}
