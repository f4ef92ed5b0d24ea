/* Finding the devices that servers are started for, in what the kernel read from the device tree. */
#include "init.h"

#include <string.h>
#include <quire/server.h>
#include <quire/sys.h>

#define REGISTERS_BYTES QUIRE_PAGE_SIZE

/* virtio-mmio registers, as word indexes (virtio 1.2, section 4.2.2). */
#define VIRTIO_MAGIC	    0
#define VIRTIO_DEVICE_ID    2
#define VIRTIO_STATUS	    28
#define VIRTIO_MAGIC_VALUE  0x74726976u
#define VIRTIO_BLOCK	    2
#define VIRTIO_RESET_ROUNDS 1000

static bool matches(const struct quire_boot_device *found, const char *compatible)
{
	/* A device whose registers do not begin a page can't be given to a process alone. */
	return strncmp(found->compatible, compatible, sizeof(found->compatible)) == 0 &&
	       found->phys % QUIRE_PAGE_SIZE == 0;
}

static bool open_device(const struct quire_boot_device *found, struct device *device)
{
	device->phys = (uint32_t)found->phys;
	device->mapped = NULL;
	device->registers =
		keep(sys_obj_create_phys(QUIRE_H_RESOURCE, found->phys, REGISTERS_BYTES));
	return device->registers >= 0;
}

static bool open_interrupt(const struct quire_boot_device *found, struct device *device)
{
	device->interrupt = keep(sys_irq_create(QUIRE_H_RESOURCE, found->irq));
	if (device->interrupt < 0)
		report("no interrupt %u for the device at %#x: error %d", (unsigned)found->irq,
			(unsigned)device->phys, -device->interrupt);
	return device->interrupt >= 0;
}

bool find_console(const struct quire_boot_info *boot, struct device *device)
{
	for (uint32_t i = 0; i < boot->ndevices; i++) {
		const struct quire_boot_device *found = &boot->devices[i];

		if (matches(found, "ns16550a") && open_device(found, device))
			return open_interrupt(found, device);
	}
	return false;
}

/* Maps the slot's registers and looks what is in it. */
static bool holds_disk(struct device *device)
{
	long address = sys_mmap(0, REGISTERS_BYTES, QUIRE_PROT_READ | QUIRE_PROT_WRITE,
		QUIRE_MAP_SHARED, device->registers, 0);
	volatile uint32_t *registers;

	if (quire_is_error(address))
		return false;
	registers = (volatile uint32_t *)(uintptr_t)address;
	if (registers[VIRTIO_MAGIC] == VIRTIO_MAGIC_VALUE &&
		registers[VIRTIO_DEVICE_ID] == VIRTIO_BLOCK) {
		device->mapped = registers;
		return true;
	}
	sys_munmap((uint32_t)address, REGISTERS_BYTES);
	return false;
}

static bool make_dma(struct device *device)
{
	device->dma = keep(sys_obj_create_dma(SERVER_DMA_PAGES, &device->dma_phys));
	if (device->dma < 0)
		report("no memory for the disk's driver: error %d", -device->dma);
	return device->dma >= 0;
}

bool find_disk(const struct quire_boot_info *boot, struct device *device)
{
	for (uint32_t i = 0; i < boot->ndevices; i++) {
		const struct quire_boot_device *found = &boot->devices[i];

		if (!matches(found, "virtio,mmio") || !open_device(found, device))
			continue;
		if (holds_disk(device))
			return make_dma(device) && open_interrupt(found, device);
		sys_close(device->registers);
	}
	return false;
}

void stop_disk(const struct device *device)
{
	int rounds = VIRTIO_RESET_ROUNDS;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	device->mapped[VIRTIO_STATUS] = 0;
	while (device->mapped[VIRTIO_STATUS] != 0 && --rounds > 0)
		sys_yield();
	if (rounds == 0)
		report("the disk does not reset");
}
