/* What the files of this folder share. */
#ifndef QUIRE_LIBC_THREAD_H
#define QUIRE_LIBC_THREAD_H

#include <pthread.h>
#include "../internal.h"

extern char __tls_size[];

/* Bits of pthread_attr_t's __flags. */
#define ATTR_DETACHED 1
#define ATTR_EXPLICIT 2 /* PTHREAD_EXPLICIT_SCHED */

/* Bits of a mutex's __kind above its type. */
#define MUTEX_TYPE   3
#define MUTEX_ROBUST 4
#define MUTEX_SHARED 8

/* A thread's record lies at the same place in its thread-local block as ours does in ours. */
static inline uintptr_t __libc_record_offset(void)
{
	uintptr_t block;

	__asm__("mv %0, tp" : "=r"(block));
	return (uintptr_t)&__libc_self - block;
}

static inline struct __libc_thread *__libc_thread_of_block(char *block)
{
	return (struct __libc_thread *)(block + __libc_record_offset());
}

static inline char *__libc_block_of_thread(struct __libc_thread *thread)
{
	return (char *)thread - __libc_record_offset();
}

void __libc_threads_lock(void);
void __libc_threads_unlock(void);
struct __libc_thread *__libc_thread_check_locked(pthread_t thread);
struct __libc_thread *__libc_first_thread(void);

int __libc_mutex_lock_until(pthread_mutex_t *mutex, uint64_t until);

#endif
