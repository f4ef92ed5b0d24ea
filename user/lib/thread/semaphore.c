/* Semaphores. The value is the futex word; waiters are counted so that posting with nobody waiting is
 * one atomic instruction. A named one is a small file in /dev/shm, mapped shared; opening the same
 * name twice gives the same address. */
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "thread.h"

int sem_init(sem_t *sem, int shared, unsigned int value)
{
	(void)shared;
	if (value > SEM_VALUE_MAX)
		return (int)__libc_result(-EINVAL);
	*sem = (sem_t){.__value = value};
	return 0;
}

int sem_destroy(sem_t *sem)
{
	return sem->__waiters ? (int)__libc_result(-EBUSY) : 0;
}

static int try_take(sem_t *sem)
{
	uint32_t value = __atomic_load_n(&sem->__value, __ATOMIC_RELAXED);

	while (value > 0) {
		if (__atomic_compare_exchange_n(&sem->__value, &value, value - 1, false,
			    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return 0;
	}
	return -EAGAIN;
}

static void stop_waiting(sem_t *sem)
{
	__atomic_sub_fetch(&sem->__waiters, 1, __ATOMIC_SEQ_CST);
}

/* A thread that is cancelled while it waits: a post may have woken it already, and that wake-up is
 * then somebody else's. */
static void cancelled(void *arg)
{
	sem_t *sem = arg;

	stop_waiting(sem);
	if (__atomic_load_n(&sem->__value, __ATOMIC_SEQ_CST) > 0 &&
		__atomic_load_n(&sem->__waiters, __ATOMIC_SEQ_CST) > 0)
		sys_futex_wake(&sem->__value, 1);
}

static int wait_once(sem_t *sem, uint64_t until)
{
	int status;

	__atomic_add_fetch(&sem->__waiters, 1, __ATOMIC_SEQ_CST);
	pthread_cleanup_push(cancelled, sem);
	__libc_cancel_begin();
	status = sys_futex_wait(&sem->__value, 0, until);
	__libc_cancel_end();
	pthread_cleanup_pop(0);
	stop_waiting(sem);
	return status;
}

static int take_until(sem_t *sem, uint64_t until)
{
	int status = try_take(sem);

	while (status == -EAGAIN) {
		status = wait_once(sem, until);
		if (status == -EINTR || status == -ETIMEDOUT)
			return try_take(sem) == 0 ? 0 : status;
		status = try_take(sem);
	}
	return status;
}

/* A cancellation point whether it has to wait or not. */
int sem_wait(sem_t *sem)
{
	pthread_testcancel();
	return (int)__libc_result(take_until(sem, QUIRE_FOREVER));
}

int sem_trywait(sem_t *sem)
{
	return (int)__libc_result(try_take(sem));
}

int sem_clockwait(sem_t *restrict sem, clockid_t clock, const struct timespec *restrict until)
{
	pthread_testcancel();
	if (try_take(sem) == 0)
		return 0;
	if (__libc_clock(clock) < 0 || until->tv_nsec < 0 || until->tv_nsec >= (long)NS_PER_SECOND)
		return (int)__libc_result(-EINVAL);
	return (int)__libc_result(take_until(sem, __libc_deadline(clock, until)));
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict until)
{
	return sem_clockwait(sem, CLOCK_REALTIME, until);
}

int sem_post(sem_t *sem)
{
	uint32_t value = __atomic_load_n(&sem->__value, __ATOMIC_RELAXED);

	do {
		if (value == SEM_VALUE_MAX)
			return (int)__libc_result(-EOVERFLOW);
	} while (!__atomic_compare_exchange_n(
		&sem->__value, &value, value + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	if (__atomic_load_n(&sem->__waiters, __ATOMIC_SEQ_CST))
		sys_futex_wake(&sem->__value, 1);
	return 0;
}

int sem_getvalue(sem_t *restrict sem, int *restrict value)
{
	*value = (int)__atomic_load_n(&sem->__value, __ATOMIC_RELAXED);
	return 0;
}

/* ------------------------------------------------------------------ named */

#define NAME_PREFIX "/sem."

struct named {
	struct named *next;
	sem_t *sem;
	dev_t dev;
	ino_t ino;
	unsigned int opened;
};
static struct named *named; /* under the lock */
static __libc_lock_t named_lock;

static int object_name(const char *name, char out[NAME_MAX + 8])
{
	while (*name == '/')
		name++;
	if (!*name || strchr(name, '/'))
		return -EINVAL;
	if (strlen(name) > NAME_MAX - strlen(NAME_PREFIX))
		return -ENAMETOOLONG;
	strcpy(out, NAME_PREFIX);
	strcat(out, name);
	return 0;
}

/* A new one is made under another name and linked into place when it is whole, so that nobody opens
 * half of it. */
static int create(const char *object, mode_t mode, unsigned int value)
{
	char path[NAME_MAX + 32], temporary[] = "/dev/shm/semXXXXXX";
	sem_t sem = {.__value = value};
	int fd = mkstemp(temporary);
	int status = 0;

	if (fd < 0)
		return -errno;
	fchmod(fd, mode & ~__libc_umask());
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	snprintf(path, sizeof(path), "/dev/shm%s", object);
	if (write(fd, &sem, sizeof(sem)) != (ssize_t)sizeof(sem) || link(temporary, path) < 0)
		status = -errno;
	unlink(temporary);
	if (status < 0) {
		close(fd);
		return status;
	}
	return fd;
}

static int open_object(const char *object, int flags, mode_t mode, unsigned int value)
{
	for (;;) {
		int fd;

		if (!(flags & O_CREAT) || !(flags & O_EXCL)) {
			fd = shm_open(object, O_RDWR, 0);
			if (fd >= 0)
				return fd;
			if (errno != ENOENT || !(flags & O_CREAT))
				return -errno;
		}
		if (value > SEM_VALUE_MAX)
			return -EINVAL;
		fd = create(object, mode, value);
		if (fd != -EEXIST || flags & O_EXCL)
			return fd;
	}
}

static sem_t *map_locked(int fd)
{
	struct named *entry;
	struct stat st;
	void *page;

	if (fstat(fd, &st) < 0)
		return SEM_FAILED;
	for (entry = named; entry; entry = entry->next) {
		if (entry->dev == st.st_dev && entry->ino == st.st_ino) {
			entry->opened++;
			return entry->sem;
		}
	}
	entry = malloc(sizeof(*entry));
	if (!entry)
		return SEM_FAILED;
	page = mmap(NULL, sizeof(sem_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED) {
		free(entry);
		return SEM_FAILED;
	}
	*entry = (struct named){named, page, st.st_dev, st.st_ino, 1};
	named = entry;
	return page;
}

sem_t *sem_open(const char *name, int flags, ...)
{
	char object[NAME_MAX + 8];
	unsigned int value = 0;
	mode_t mode = 0;
	va_list args;
	sem_t *sem;
	int fd;

	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		value = va_arg(args, unsigned int);
		va_end(args);
	}
	fd = object_name(name, object);
	if (fd == 0)
		fd = open_object(object, flags, mode, value);
	if (fd < 0) {
		errno = -fd;
		return SEM_FAILED;
	}
	__libc_lock(&named_lock);
	sem = map_locked(fd);
	__libc_unlock(&named_lock);
	close(fd);
	return sem;
}

int sem_close(sem_t *sem)
{
	struct named *gone = NULL;
	int status = -EINVAL;

	__libc_lock(&named_lock);
	for (struct named **link = &named; *link; link = &(*link)->next) {
		if ((*link)->sem != sem)
			continue;
		status = 0;
		if (--(*link)->opened == 0) {
			gone = *link;
			*link = gone->next;
		}
		break;
	}
	__libc_unlock(&named_lock);
	if (gone) {
		munmap(gone->sem, sizeof(sem_t));
		free(gone);
	}
	return (int)__libc_result(status);
}

int sem_unlink(const char *name)
{
	char object[NAME_MAX + 8];
	int status = object_name(name, object);

	if (status < 0)
		return (int)__libc_result(status == -EINVAL ? -ENOENT : status);
	return shm_unlink(object);
}
