/* The heap around fork and threads. picolibc's allocator is guarded by its one lock, which fork must
 * hold so that the child finds the free list whole. */
#include <sys/lock.h>
#include "../internal.h"

void __libc_malloc_lock(void)
{
	__LIBC_LOCK();
}

void __libc_malloc_unlock(void)
{
	__LIBC_UNLOCK();
}

void __libc_malloc_after_fork(void) {}

void __libc_malloc_thread_exit(void) {}
