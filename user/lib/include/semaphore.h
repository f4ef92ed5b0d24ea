/* POSIX semaphores, unnamed and named. A named one is a file of one page in /dev/shm. */
#ifndef _SEMAPHORE_H
#define _SEMAPHORE_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <fcntl.h>
#include <time.h>
#include <limits.h>

__BEGIN_DECLS

typedef struct {
	volatile __UINT32_TYPE__ __value;
	volatile __UINT32_TYPE__ __waiters;
} sem_t;

#define SEM_FAILED ((sem_t *)0)

int sem_init(sem_t *sem, int shared, unsigned int value);
int sem_destroy(sem_t *sem);
sem_t *sem_open(const char *name, int flags, ...);
int sem_close(sem_t *sem);
int sem_unlink(const char *name);
int sem_wait(sem_t *sem);
int sem_trywait(sem_t *sem);
int sem_timedwait(sem_t *__restrict sem, const struct timespec *__restrict until);
int sem_clockwait(sem_t *__restrict sem, clockid_t clock, const struct timespec *__restrict until);
int sem_post(sem_t *sem);
int sem_getvalue(sem_t *__restrict sem, int *__restrict value);

__END_DECLS

#endif
