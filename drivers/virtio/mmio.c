/* Register access and the initialisation sequence of virtio-mmio; the contract is in mmio.h.
 *
 * Registers are little-endian as this machine is. A full fence surrounds every access: the rings in
 * memory and the registers are two kinds of memory that the hart may otherwise reorder.
 */
#include "mmio.h"

#include <quire/errno.h>

enum virtio_register {
	REG_MAGIC = 0x000,
	REG_VERSION = 0x004,
	REG_DEVICE_ID = 0x008,
	REG_DEVICE_FEATURES = 0x010,
	REG_DEVICE_FEATURES_SEL = 0x014,
	REG_DRIVER_FEATURES = 0x020,
	REG_DRIVER_FEATURES_SEL = 0x024,
	REG_QUEUE_SEL = 0x030,
	REG_QUEUE_NUM_MAX = 0x034,
	REG_QUEUE_NUM = 0x038,
	REG_QUEUE_READY = 0x044,
	REG_QUEUE_NOTIFY = 0x050,
	REG_INTERRUPT_STATUS = 0x060,
	REG_INTERRUPT_ACK = 0x064,
	REG_STATUS = 0x070,
	REG_QUEUE_DESC = 0x080,
	REG_QUEUE_AVAIL = 0x090,
	REG_QUEUE_USED = 0x0a0,
	REG_CONFIG_GENERATION = 0x0fc,
	REG_CONFIG = 0x100,
};

#define VIRTIO_MAGIC   0x74726976u /* "virt" */
#define VIRTIO_MODERN  2u
#define VIRTIO_LEGACY  1u
#define RESET_ATTEMPTS 100000u

static inline void device_fence(void)
{
#ifdef __riscv
	__asm__ volatile("fence iorw, iorw" : : : "memory");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

static uint32_t read_register(const struct virtio_mmio *device, uint32_t offset)
{
	uint32_t value;

	device_fence();
	value = *(volatile uint32_t *)(device->base + offset);
	device_fence();
	return value;
}

static void write_register(const struct virtio_mmio *device, uint32_t offset, uint32_t value)
{
	device_fence();
	*(volatile uint32_t *)(device->base + offset) = value;
	device_fence();
}

static void write_register64(const struct virtio_mmio *device, uint32_t offset, uint64_t value)
{
	write_register(device, offset, (uint32_t)value);
	write_register(device, offset + 4, (uint32_t)(value >> 32));
}

static void add_status(const struct virtio_mmio *device, uint32_t bits)
{
	write_register(device, REG_STATUS, read_register(device, REG_STATUS) | bits);
}

int virtio_mmio_attach(struct virtio_mmio *device, volatile void *base, uint32_t id)
{
	uint32_t attempts = RESET_ATTEMPTS;

	device->base = base;
	if (read_register(device, REG_MAGIC) != VIRTIO_MAGIC)
		return -ENODEV;
	if (read_register(device, REG_VERSION) != VIRTIO_MODERN)
		return read_register(device, REG_VERSION) == VIRTIO_LEGACY ? -ENOTSUP : -ENODEV;
	if (read_register(device, REG_DEVICE_ID) != id)
		return -ENODEV;
	write_register(device, REG_STATUS, 0);
	while (read_register(device, REG_STATUS) != 0) {
		if (attempts-- == 0)
			return -EIO;
	}
	add_status(device, VIRTIO_STATUS_ACKNOWLEDGE);
	add_status(device, VIRTIO_STATUS_DRIVER);
	return 0;
}

static uint64_t offered_features(const struct virtio_mmio *device)
{
	uint64_t offered;

	write_register(device, REG_DEVICE_FEATURES_SEL, 0);
	offered = read_register(device, REG_DEVICE_FEATURES);
	write_register(device, REG_DEVICE_FEATURES_SEL, 1);
	return offered | (uint64_t)read_register(device, REG_DEVICE_FEATURES) << 32;
}

int virtio_mmio_negotiate(struct virtio_mmio *device, uint64_t wanted, uint64_t *accepted)
{
	uint64_t features = offered_features(device) & (wanted | VIRTIO_F_VERSION_1);

	if (!(features & VIRTIO_F_VERSION_1))
		return -EIO;
	write_register(device, REG_DRIVER_FEATURES_SEL, 0);
	write_register(device, REG_DRIVER_FEATURES, (uint32_t)features);
	write_register(device, REG_DRIVER_FEATURES_SEL, 1);
	write_register(device, REG_DRIVER_FEATURES, (uint32_t)(features >> 32));
	add_status(device, VIRTIO_STATUS_FEATURES_OK);
	if (!(read_register(device, REG_STATUS) & VIRTIO_STATUS_FEATURES_OK))
		return -EIO;
	*accepted = features;
	return 0;
}

uint32_t virtio_mmio_queue_max(struct virtio_mmio *device, uint32_t index)
{
	write_register(device, REG_QUEUE_SEL, index);
	return read_register(device, REG_QUEUE_NUM_MAX);
}

int virtio_mmio_queue_ready(struct virtio_mmio *device, uint32_t index, uint32_t size,
	const struct virtio_queue_phys *phys)
{
	write_register(device, REG_QUEUE_SEL, index);
	if (read_register(device, REG_QUEUE_READY) != 0)
		return -EBUSY;
	write_register(device, REG_QUEUE_NUM, size);
	write_register64(device, REG_QUEUE_DESC, phys->desc);
	write_register64(device, REG_QUEUE_AVAIL, phys->avail);
	write_register64(device, REG_QUEUE_USED, phys->used);
	write_register(device, REG_QUEUE_READY, 1);
	return 0;
}

void virtio_mmio_start(struct virtio_mmio *device)
{
	add_status(device, VIRTIO_STATUS_DRIVER_OK);
}

void virtio_mmio_fail(struct virtio_mmio *device)
{
	add_status(device, VIRTIO_STATUS_FAILED);
}

void virtio_mmio_kick(struct virtio_mmio *device, uint32_t index)
{
	write_register(device, REG_QUEUE_NOTIFY, index);
}

uint32_t virtio_mmio_interrupts(struct virtio_mmio *device)
{
	uint32_t reasons = read_register(device, REG_INTERRUPT_STATUS);

	if (reasons)
		write_register(device, REG_INTERRUPT_ACK, reasons);
	return reasons;
}

bool virtio_mmio_broken(struct virtio_mmio *device)
{
	return read_register(device, REG_STATUS) &
	       (VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED);
}

uint32_t virtio_mmio_config32(struct virtio_mmio *device, uint32_t offset)
{
	return read_register(device, REG_CONFIG + offset);
}

uint64_t virtio_mmio_config64(struct virtio_mmio *device, uint32_t offset)
{
	uint32_t generation, low, high;

	do {
		generation = read_register(device, REG_CONFIG_GENERATION);
		low = virtio_mmio_config32(device, offset);
		high = virtio_mmio_config32(device, offset + 4);
	} while (read_register(device, REG_CONFIG_GENERATION) != generation);
	return (uint64_t)high << 32 | low;
}
