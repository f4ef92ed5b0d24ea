/* Interrupts as objects: a source that user mode may hold, bound to a port it notifies. */
#ifndef KERNEL_INTERRUPT_H
#define KERNEL_INTERRUPT_H

#include <base/types.h>

/* From trap_irq: the port has claimed, masked and completed the source. */
void interrupt_arrived(u32 source);
/* struct handle_ops of HANDLE_IRQ. The last put masks the source and frees it for a new handle. */
void interrupt_get(void *interrupt, u32 rights);
void interrupt_put(void *interrupt, u32 rights);

#endif
