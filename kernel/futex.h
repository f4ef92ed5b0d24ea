/* Futexes: waiting on a word of user memory. */
#ifndef KERNEL_FUTEX_H
#define KERNEL_FUTEX_H

#include <kernel/thread.h>

/* Wakes up to count waiters of the word at va in the current space. How many, or -EFAULT, -EINVAL. */
int futex_wake_address(vaddr_t va, u32 count);
/* The current thread dies, or leaves its image: marks the robust mutexes that it holds and wakes
 * their waiters (user/lib/include/quire/robust.h has the protocol). Its space is active. 0, or
 * -EBLOCKED: a page has to be fetched, call again when woken. */
int must_check futex_thread_died(struct thread *t);

#endif
