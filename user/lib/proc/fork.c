/* fork, and what the child's copy of the library must put right.
 *
 * The kernel copies the address space and the calling thread alone. The library's locks are taken
 * before, so that the child's copies are in a known state; the child then forgets the other threads
 * and its cached thread id and message buffer, which are its own now.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include "../internal.h"

struct atfork {
	void (*prepare)(void);
	void (*parent)(void);
	void (*child)(void);
	struct atfork *older, *newer;
};

static struct atfork *newest, *oldest;
static __libc_lock_t atfork_lock; /* guards the list */

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
	struct atfork *entry = malloc(sizeof(*entry));

	if (!entry)
		return ENOMEM;
	*entry = (struct atfork){.prepare = prepare, .parent = parent, .child = child};
	__libc_lock(&atfork_lock);
	entry->older = newest;
	if (newest)
		newest->newer = entry;
	else
		oldest = entry;
	newest = entry;
	__libc_unlock(&atfork_lock);
	return 0;
}

static void before(void)
{
	for (struct atfork *entry = newest; entry; entry = entry->older) {
		if (entry->prepare)
			entry->prepare();
	}
	__libc_lock(&atfork_lock);
	__libc_stdio_lock();
	__libc_malloc_lock();
}

static void in_parent(void)
{
	__libc_malloc_unlock();
	__libc_stdio_unlock();
	__libc_unlock(&atfork_lock);
	for (struct atfork *entry = oldest; entry; entry = entry->newer) {
		if (entry->parent)
			entry->parent();
	}
}

static void in_child(void)
{
	__libc_thread_after_fork();
	__libc_malloc_unlock();
	__libc_stdio_unlock();
	__libc_unlock(&atfork_lock);
	for (struct atfork *entry = oldest; entry; entry = entry->newer) {
		if (entry->child)
			entry->child();
	}
}

pid_t fork(void)
{
	uint32_t mask;
	int pid;

	before();
	/* No handler may run in the child before its caches are right. */
	mask = __libc_block_signals();
	pid = sys_fork();
	if (pid == 0)
		in_child();
	__libc_restore_signals(mask);
	if (pid != 0)
		in_parent();
	return (pid_t)__libc_result(pid);
}

/* Both sides of vfork, from vfork.S: each has a thread of its own, and they share this record. */
void __libc_vfork_returned(void);
void __libc_vfork_returned(void)
{
	__libc_self.tid = 0;
	__libc_self.msgbuf = NULL;
}
