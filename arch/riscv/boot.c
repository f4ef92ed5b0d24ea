/* From the first C instruction to kernel_main, on the hart that boots and on those it starts. */
#include "riscv.h"
#include <arch/boot.h>
#include <base/log.h>
#include <kernel/trap.h>

u32 riscv_boot(u32 hartid, u32 tree_phys, u32 ram_base);
_Noreturn void riscv_main(void);
_Noreturn void riscv_hart_main(void);
extern char riscv_hart_entry[];

static u32 *rtc;

/* On the boot table, on a borrowed stack. Returns this hart's index; the kernel's root is ready. */
u32 riscv_boot(u32 hartid, u32 tree_phys, u32 ram_base)
{
	u32 index;

	riscv_physmap_offset = PHYSMAP_BASE - ram_base;
	riscv_machine.ram_base = ram_base;
	/* boot.S has mapped the 4 MiB page that the tree begins in at DEVICE_BASE, and two more. */
	index = riscv_read_facts(
		(char *)DEVICE_BASE + (tree_phys & (KERNEL_SPAN - 1)), tree_phys, hartid);
	riscv_mmu_init();
	return index;
}

static void init_hart(void)
{
	riscv_timer_hart_init();
	riscv_plic_hart_init(arch_hart_index());
}

_Noreturn void riscv_main(void)
{
	u32 self = arch_hart_index();

	riscv_sbi_init();
	/* One hart only is what a poor firmware leaves: then this is it, with its own stack. */
	if (self >= arch_hart_count)
		panic("hart %u boots, but the firmware can run only one", self);
	riscv_device_init();
	riscv_plic_init();
	if (boot_facts.rtc_phys)
		rtc = riscv_device_map(boot_facts.rtc_phys, 8);
	riscv_clock_init();
	riscv_asid_probe();
	init_hart();
	kernel_main();
}

_Noreturn void riscv_hart_main(void)
{
	init_hart();
	kernel_hart_main();
}

void arch_start_harts(void)
{
	for (u32 i = 0; i < arch_hart_count; i++) {
		int error;

		if (i == arch_hart_index())
			continue;
		error = riscv_sbi_hart_start(
			riscv_machine.hart_id[i], (u32)riscv_hart_entry - riscv_physmap_offset, i);
		if (error)
			panic("hart %u does not start: %d", riscv_machine.hart_id[i], error);
	}
}

u64 arch_wall_clock_ns(void)
{
	u32 low, high;

	if (!rtc)
		return 0;
	/* Reading the low word latches the high one. */
	low = *(volatile u32 *)rtc;
	high = *(volatile u32 *)(rtc + 1);
	return (u64)high << 32 | low;
}
