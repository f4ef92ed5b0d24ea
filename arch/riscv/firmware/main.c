/*
 * Boot. One hart, chosen in entry.S, learns the machine, reserves the firmware's memory in the
 * device tree and enters the next stage. The others wait in entry.S until it is done with the
 * former, then park until they are started.
 *
 * The reservation is an entry in the tree's memory reservation block rather than a node under
 * /reserved-memory: it is one record of fixed size, and every reader of device trees must honour
 * it. It is made in place. The blob grows by FDT_RESERVE_ROOM bytes when it has no slack of its
 * own; QEMU puts it alone near the top of RAM, with the rest of an aligned block behind it free.
 */
#include "fdt.h"
#include "hart.h"
#include "platform.h"

#define NEXT_MODE_SUPERVISOR 1

/* What a previous stage says about the next one (fw_dynamic, version 2). */
struct next_stage {
	uint32_t magic, version, address, mode, options, boot_hart;
};
_Static_assert(__builtin_offsetof(struct next_stage, version) == FW_DYNAMIC_VERSION, "entry.S");
_Static_assert(__builtin_offsetof(struct next_stage, boot_hart) == FW_DYNAMIC_BOOT_HART, "entry.S");

/* Set for the other harts, which look at it before they have a stack. Not in .bss: see entry.S. */
uint32_t boot_done __attribute__((section(".data"))) = 0;

_Noreturn void cold_boot(void *fdt, const struct next_stage *next)
{
	struct hart *self = hart_self();

	if (!platform_discover(fdt))
		firmware_fail("the device tree lacks harts, memory or a CLINT");
	if (!hart_set_has(&harts_present, csr_read(mhartid)))
		firmware_fail("the boot hart is not in the device tree");
	if (!platform_memory_allows((uintptr_t)fdt, fdt_total_size(fdt) + FDT_RESERVE_ROOM) ||
		!fdt_reserve(fdt, FIRMWARE_BASE, FIRMWARE_SIZE))
		firmware_fail("no room for a reservation in the device tree");
	if (next->magic != FW_DYNAMIC_MAGIC || next->mode != NEXT_MODE_SUPERVISOR ||
		!platform_memory_allows(next->address, 2))
		firmware_fail("no supervisor to enter");

	uint32_t address = next->address;
	hart_init(self);
	__atomic_store_n(&boot_done, 1, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < HART_COUNT_LIMIT && hart_of_index[i]; i++)
		if (hart_of_index[i] != self)
			hart_kick(hart_of_index[i]);
	hart_enter_supervisor(self, address, (uintptr_t)fdt);
}

_Noreturn void warm_boot(void)
{
	struct hart *self = hart_self();

	hart_init(self);
	hart_park(self);
}

/* A trap out of machine mode itself, or one that should have been delegated. */
_Noreturn void machine_fault(void)
{
	firmware_fail("unexpected trap");
}
