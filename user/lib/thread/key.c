/* Thread-specific values. A thread's array of them is allocated when it first sets one. */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include "thread.h"

struct key {
	bool used;
	uint32_t generation; /* changes when the key is deleted: old values are no longer seen */
	void (*destructor)(void *);
};
struct value {
	const void *pointer;
	uint32_t generation;
};

static struct key keys[PTHREAD_KEYS_MAX]; /* under the lock */
static __libc_lock_t keys_lock;

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
	int error = EAGAIN;

	__libc_lock(&keys_lock);
	for (pthread_key_t i = 0; i < PTHREAD_KEYS_MAX; i++) {
		if (!keys[i].used) {
			keys[i].used = true;
			keys[i].generation++;
			keys[i].destructor = destructor;
			*key = i;
			error = 0;
			break;
		}
	}
	__libc_unlock(&keys_lock);
	return error;
}

int pthread_key_delete(pthread_key_t key)
{
	int error = EINVAL;

	__libc_lock(&keys_lock);
	if (key < PTHREAD_KEYS_MAX && keys[key].used) {
		keys[key].used = false;
		keys[key].generation++;
		keys[key].destructor = NULL;
		error = 0;
	}
	__libc_unlock(&keys_lock);
	return error;
}

void *pthread_getspecific(pthread_key_t key)
{
	struct value *values = __libc_self.specific;

	if (!values || key >= PTHREAD_KEYS_MAX || values[key].generation != keys[key].generation)
		return NULL;
	return (void *)(uintptr_t)values[key].pointer;
}

int pthread_setspecific(pthread_key_t key, const void *pointer)
{
	struct value *values = __libc_self.specific;

	if (key >= PTHREAD_KEYS_MAX || !keys[key].used)
		return EINVAL;
	if (!values) {
		values = calloc(PTHREAD_KEYS_MAX, sizeof(*values));
		if (!values)
			return ENOMEM;
		__libc_self.specific = values;
	}
	values[key] = (struct value){pointer, keys[key].generation};
	return 0;
}

static bool take(pthread_key_t i, void (**destructor)(void *), void **pointer)
{
	struct value *value = &((struct value *)__libc_self.specific)[i];
	bool found = false;

	__libc_lock(&keys_lock);
	if (value->pointer && keys[i].used && keys[i].generation == value->generation &&
		keys[i].destructor) {
		*destructor = keys[i].destructor;
		*pointer = (void *)(uintptr_t)value->pointer;
		found = true;
	}
	value->pointer = NULL;
	__libc_unlock(&keys_lock);
	return found;
}

void __libc_keys_run_destructors(void)
{
	bool again = true;

	if (!__libc_self.specific)
		return;
	for (int round = 0; again && round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
		again = false;
		for (pthread_key_t i = 0; i < PTHREAD_KEYS_MAX; i++) {
			void (*destructor)(void *);
			void *pointer;

			if (take(i, &destructor, &pointer)) {
				destructor(pointer);
				again = true;
			}
		}
	}
	free(__libc_self.specific);
	__libc_self.specific = NULL;
}
