/* The virtio-mmio transport (virtio 1.2, section 4.2): a block of little-endian registers.
 *
 * Only the modern layout (version 2) is spoken. Every function touches the device; the order is the
 * specification's initialisation sequence (3.1.1): virtio_mmio_attach, virtio_mmio_negotiate,
 * virtio_mmio_queue_ready for each queue, virtio_mmio_start.
 */
#ifndef VIRTIO_MMIO_H
#define VIRTIO_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#define VIRTIO_ID_BLOCK 2

/* Device status bits (2.1). */
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01u
#define VIRTIO_STATUS_DRIVER	  0x02u
#define VIRTIO_STATUS_DRIVER_OK	  0x04u
#define VIRTIO_STATUS_FEATURES_OK 0x08u
#define VIRTIO_STATUS_NEEDS_RESET 0x40u
#define VIRTIO_STATUS_FAILED	  0x80u

/* Feature bits that belong to no device kind (6). */
#define VIRTIO_F_INDIRECT_DESC (1ull << 28)
#define VIRTIO_F_VERSION_1     (1ull << 32)

/* Reasons in the interrupt status register. */
#define VIRTIO_INTERRUPT_USED	1u
#define VIRTIO_INTERRUPT_CONFIG 2u

struct virtio_mmio {
	volatile uint8_t *base; /* the registers */
};

/* Physical addresses of a queue's three parts. */
struct virtio_queue_phys {
	uint64_t desc;
	uint64_t avail;
	uint64_t used;
};

/* Checks that a modern device of kind `id` is there, resets it and announces a driver.
 * 0; ENODEV: another kind or none; ENOTSUP: legacy layout; EIO: the reset does not finish. */
int virtio_mmio_attach(struct virtio_mmio *device, volatile void *base, uint32_t id);

/* Accepts those of `wanted` that are offered; `*accepted` tells which. EIO when the device refuses
 * the choice or is not a version 1 device. */
int virtio_mmio_negotiate(struct virtio_mmio *device, uint64_t wanted, uint64_t *accepted);

/* Most entries that queue `index` may have; 0: there is no such queue. */
uint32_t virtio_mmio_queue_max(struct virtio_mmio *device, uint32_t index);

/* Hands queue `index` of `size` entries to the device. EBUSY: it is in use already. */
int virtio_mmio_queue_ready(struct virtio_mmio *device, uint32_t index, uint32_t size,
	const struct virtio_queue_phys *phys);

/* Lets the device run. */
void virtio_mmio_start(struct virtio_mmio *device);

/* Tells the device that it is given up, after an error. */
void virtio_mmio_fail(struct virtio_mmio *device);

/* Says that queue `index` has new entries. */
void virtio_mmio_kick(struct virtio_mmio *device, uint32_t index);

/* Reads and acknowledges the interrupt reasons. */
uint32_t virtio_mmio_interrupts(struct virtio_mmio *device);

/* True when the device asks for a reset: nothing in flight will complete. */
bool virtio_mmio_broken(struct virtio_mmio *device);

/* Device configuration space; offsets in bytes. A 64-bit field is read until it holds still. */
uint32_t virtio_mmio_config32(struct virtio_mmio *device, uint32_t offset);
uint64_t virtio_mmio_config64(struct virtio_mmio *device, uint32_t offset);

#endif
