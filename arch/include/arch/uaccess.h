/* The arch interface, 3 of 5: reading and writing user memory from the kernel.
 *
 * Each call checks that the range lies in user space (else -EFAULT) and then just touches it. A page
 * fault on the way goes to mm_fault like one from user mode, and ends in one of three: the access is
 * made good and goes on; -EFAULT: no such memory; -EBLOCKED: the page has to come from a pager, the
 * current thread has been queued, and the caller must unwind without side effects it can't repeat.
 * Must not be called with any lock held.
 */
#ifndef ARCH_UACCESS_H
#define ARCH_UACCESS_H

#include <base/types.h>

int must_check arch_copy_from_user(void *to, vaddr_t from, size_t n);
int must_check arch_copy_to_user(vaddr_t to, const void *from, size_t n);
/* As the two above, but *done receives how many bytes were moved even on an error (a lower bound
 * accurate to the faulting word; the bytes after it in the destination are untouched). */
int must_check arch_copy_from_user_partial(void *to, vaddr_t from, size_t n, size_t *done);
int must_check arch_copy_to_user_partial(vaddr_t to, const void *from, size_t n, size_t *done);
int must_check arch_load_user_u32(u32 *value, vaddr_t from);
int must_check arch_store_user_u32(vaddr_t to, u32 value);
/* Atomically replaces *address by desired if it is expected; *old receives what was there. */
int must_check arch_cmpxchg_user_u32(vaddr_t address, u32 expected, u32 desired, u32 *old);

#endif
