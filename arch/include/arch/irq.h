/* The arch interface, 5 of 5: external interrupts. Sources are the machine's numbers from 1 on. The
 * port claims, masks and completes a source, then calls kernel_irq(source); unmasking is the
 * acknowledgement. So a dead driver leaves its source masked, never a lost claim. */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include <base/types.h>

u32 arch_irq_count(void); /* sources are 1..count-1 */
void arch_irq_mask(u32 source);
void arch_irq_unmask(u32 source); /* delivered to any hart of the port's choice */

/* What the port's trap code calls (implemented by kernel/trap.c). Each is entered on the hart's own
 * kernel stack with interrupts off; those for a trap from user mode never return to their caller but
 * through kernel_exit_to_user, which the port's code calls last. See kernel/include/kernel/trap.h. */

#endif
