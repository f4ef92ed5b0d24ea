/* The objects of <pthread.h> and <semaphore.h>. Every one is valid when filled with zeros, so that
 * static initialisers and calloc both work, and none holds an address that another process could
 * not use, but for the links of a robust mutex, which belong to its owner while it is locked. */
#ifndef _QUIRE_SYS__PTHREADTYPES_H
#define _QUIRE_SYS__PTHREADTYPES_H

typedef unsigned long pthread_t;
typedef unsigned int pthread_key_t;

typedef struct {
	void *__stack; /* lowest address, or 0: allocate */
	__SIZE_TYPE__ __stack_size;
	__SIZE_TYPE__ __guard_size;
	int __flags;
	int __policy;
	int __priority;
	unsigned long __affinity; /* 0: any hart */
} pthread_attr_t;

typedef struct {
	volatile __UINT32_TYPE__ __word; /* owner's tid, and the bits of quire/robust.h */
	int __kind;
	__UINT32_TYPE__ __count; /* recursive: times locked beyond the first */
	void *__node[2];	 /* robust list: next and previous */
} pthread_mutex_t;

typedef struct {
	int __kind;
} pthread_mutexattr_t;

typedef struct {
	volatile __UINT32_TYPE__ __sequence;
	volatile __UINT32_TYPE__ __waiters;
	int __flags;
} pthread_cond_t;

typedef struct {
	int __flags;
} pthread_condattr_t;

typedef struct {
	volatile __UINT32_TYPE__ __state; /* readers, or all ones: a writer */
	volatile __UINT32_TYPE__ __waiting_writers;
	volatile __UINT32_TYPE__ __sequence; /* changes at every release that leaves it free */
	volatile __UINT32_TYPE__ __waiters;
	__UINT32_TYPE__ __writer; /* tid */
} pthread_rwlock_t;

typedef struct {
	int __shared;
} pthread_rwlockattr_t;

typedef struct {
	volatile __UINT32_TYPE__ __phase;
	volatile __UINT32_TYPE__ __arrived;
	volatile __UINT32_TYPE__ __inside; /* threads that have not left the last phase yet */
	__UINT32_TYPE__ __count;
} pthread_barrier_t;

typedef struct {
	int __shared;
} pthread_barrierattr_t;

typedef volatile __UINT32_TYPE__ pthread_spinlock_t;

typedef struct {
	volatile __UINT32_TYPE__ __state;
} pthread_once_t;

#endif
