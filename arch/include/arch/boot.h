/* The arch interface, 4 of 5: what the machine is. Filled in by the port before kernel_main runs,
 * from the device tree (RISC-V) or its equal. */
#ifndef ARCH_BOOT_H
#define ARCH_BOOT_H

#include <base/types.h>

#define BOOT_RANGES  8
#define BOOT_DEVICES 16

struct boot_range {
	pfn_t first;
	u32 pages;
};
struct boot_device {
	u64 phys;
	u32 size;
	u32 irq;
	char compatible[32];
};
struct boot_facts {
	/* RAM less firmware, kernel image, initrd, device tree, reserved */
	struct boot_range free[BOOT_RANGES];
	u32 nfree;
	u64 memory_bytes;  /* all RAM */
	u64 initrd_phys;   /* page-aligned start of the initrd's first page */
	u32 initrd_offset; /* bytes into that page */
	u32 initrd_bytes;
	struct boot_device devices[BOOT_DEVICES];
	u32 ndevices;
	u64 timebase_hz;
	u64 rtc_phys; /* 0: none: a goldfish clock for the time of day */
	char cmdline[2048];
};
extern struct boot_facts boot_facts;

/* Wall-clock nanoseconds since 1970 at this moment, or 0 if the machine has no clock. */
u64 arch_wall_clock_ns(void);

/* Starts every other hart; each calls kernel_hart_main() on its own stack. Called once by
 * kernel_main on the boot hart, after the kernel's structures exist. */
void arch_start_harts(void);

#endif
