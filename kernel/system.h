/* Stopping the other harts for the invariant checker. */
#ifndef KERNEL_SYSTEM_H
#define KERNEL_SYSTEM_H

#include <base/types.h>

/* Called by trap_ipi, that is with no lock held and nothing of a thread's half done. If a check is
 * going on, the hart stays in here until it is over. */
void kernel_stop_poll(void);

/* kernel/check.c: threads, run queues and processes; every other hart is stopped. Reports like
 * mm_check, and returns how many invariants are broken. */
u32 kernel_check(void);

#endif
