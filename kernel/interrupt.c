/* Interrupts for drivers in user mode.
 *
 *	IRQ_CREATE      one object a source, masked
 *	IRQ_BIND        names the port and the bits it notifies; still masked
 *	IRQ_ACK         unmasks
 *	interrupt       the port of the machine masks the source, then the bits are notified
 *	IRQ_ACK         the driver has served the device: unmasks
 *
 * So an interrupt is never delivered twice before it is served, a level that stays up is delivered
 * again at the acknowledgement, and a driver that dies leaves its source masked until the next one
 * binds it again. The object keeps its port alive, dead or not, until it is bound anew or freed.
 */
#include <kernel/interrupt.h>
#include <kernel/handle.h>
#include <kernel/port.h>
#include <kernel/syscall.h>
#include <mm/slab.h>
#include <arch/irq.h>

#define SOURCES_MAX 1024

struct interrupt {
	u32 refs;
	u32 source;
	struct port *port; /* counted reference; NULL: not bound; guarded by irq_lock */
	u32 bits;	   /* guarded by irq_lock */
};

static struct spinlock irq_lock = SPINLOCK_INIT(RANK_IRQ);
static struct interrupt *by_source[SOURCES_MAX]; /* guarded by irq_lock */

void interrupt_arrived(u32 source)
{
	struct interrupt *i;
	struct port *port = NULL;
	u32 bits = 0;

	/* The port's lock ranks below; the reference carries it from one lock to the other. */
	spin_lock(&irq_lock);
	i = source < SOURCES_MAX ? by_source[source] : NULL;
	if (i && i->port) {
		port = i->port;
		bits = i->bits;
		port_get(port);
	}
	spin_unlock(&irq_lock);
	if (!port)
		return;
	port_notify(port, bits);
	port_put(port);
}

void interrupt_get(void *interrupt, u32 rights)
{
	struct interrupt *i = interrupt;

	(void)rights;
	__atomic_fetch_add(&i->refs, 1, __ATOMIC_RELAXED);
}

void interrupt_put(void *interrupt, u32 rights)
{
	struct interrupt *i = interrupt;

	(void)rights;
	if (__atomic_fetch_sub(&i->refs, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	spin_lock(&irq_lock);
	arch_irq_mask(i->source);
	by_source[i->source] = NULL;
	spin_unlock(&irq_lock);
	if (i->port)
		port_put(i->port);
	kfree(i, sizeof(*i));
}

s32 sys_irq_create(struct arch_regs *r)
{
	u32 source = arch_regs_arg(r, 1);
	struct handle resource;
	struct interrupt *i;
	bool taken;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_RESOURCE, 0, &resource);

	if (error)
		return error;
	handle_release(&resource);
	if (source == 0 || source >= min_of(arch_irq_count(), (u32)SOURCES_MAX))
		return -EINVAL;
	i = kalloc_zeroed(sizeof(*i));
	if (!i)
		return -ENOMEM;
	i->refs = 1;
	i->source = source;
	spin_lock(&irq_lock);
	taken = by_source[source] != NULL;
	if (!taken)
		by_source[source] = i;
	spin_unlock(&irq_lock);
	if (taken) {
		kfree(i, sizeof(*i));
		return -EBUSY;
	}
	error = handle_install(HANDLE_IRQ, i, RIGHT_READ | RIGHT_WRITE | RIGHT_DUP | RIGHT_TRANSFER,
		0, QUIRE_HANDLE_BASE);
	if (error < 0)
		interrupt_put(i, 0);
	return error;
}

s32 sys_irq_bind(struct arch_regs *r)
{
	struct handle irq, port;
	struct interrupt *i;
	struct port *old;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_IRQ, RIGHT_WRITE, &irq);

	if (error)
		return error;
	error = handle_lookup(arch_regs_arg(r, 1), HANDLE_PORT, RIGHT_RECV, &port);
	if (error) {
		handle_release(&irq);
		return error;
	}
	i = irq.object;
	port_get(port.object);
	spin_lock(&irq_lock);
	arch_irq_mask(i->source);
	old = i->port;
	i->port = port.object;
	i->bits = arch_regs_arg(r, 2);
	spin_unlock(&irq_lock);
	if (old)
		port_put(old);
	handle_release(&port);
	handle_release(&irq);
	return 0;
}

s32 sys_irq_ack(struct arch_regs *r)
{
	struct handle irq;
	struct interrupt *i;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_IRQ, RIGHT_WRITE, &irq);

	if (error)
		return error;
	i = irq.object;
	spin_lock(&irq_lock);
	if (i->port)
		arch_irq_unmask(i->source);
	else
		error = -EINVAL;
	spin_unlock(&irq_lock);
	handle_release(&irq);
	return error;
}
