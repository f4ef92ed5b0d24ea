/* The supervisor's calls to its firmware: console, timer, interrupts between harts, remote fences,
 * starting harts, and the way out.
 *
 * A hart mask of the SBI names up to 32 harts counted from a base, by the machine's hart ids, which
 * may be sparse. When every index is its hart's id, as on most machines, a mask passes unchanged.
 */
#include "riscv.h"
#include <base/log.h>

static bool has_time, has_srst, has_dbcn;
static bool ids_are_indexes;

struct sbi_result sbi_call(u32 extension, u32 function, u32 a0, u32 a1, u32 a2, u32 a3, u32 a4)
{
	register u32 r0 __asm__("a0") = a0;
	register u32 r1 __asm__("a1") = a1;
	register u32 r2 __asm__("a2") = a2;
	register u32 r3 __asm__("a3") = a3;
	register u32 r4 __asm__("a4") = a4;
	register u32 r6 __asm__("a6") = function;
	register u32 r7 __asm__("a7") = extension;

	__asm__ volatile("ecall"
			 : "+r"(r0), "+r"(r1)
			 : "r"(r2), "r"(r3), "r"(r4), "r"(r6), "r"(r7)
			 : "memory");
	return (struct sbi_result){(s32)r0, r1};
}

bool sbi_has(u32 extension)
{
	struct sbi_result r = sbi_call(SBI_BASE, 3, extension, 0, 0, 0, 0);

	return !r.error && r.value;
}

void riscv_sbi_init(void)
{
	has_time = sbi_has(SBI_TIME);
	has_srst = sbi_has(SBI_SRST);
	has_dbcn = sbi_has(SBI_DBCN);
	ids_are_indexes = true;
	for (u32 i = 0; i < arch_hart_count; i++)
		ids_are_indexes &= riscv_machine.hart_id[i] == i;
	if (arch_hart_count > 1 && !(sbi_has(SBI_IPI) && sbi_has(SBI_RFENCE) && sbi_has(SBI_HSM))) {
		log_printf("firmware lacks IPI, RFENCE or HSM: one hart only\n");
		arch_hart_count = 1;
	}
	if (!has_time)
		panic("firmware lacks the TIME extension");
}

void arch_console_write(const char *s, size_t n)
{
	if (!has_dbcn) {
		for (size_t i = 0; i < n; i++)
			sbi_call(SBI_LEGACY_PUTCHAR, 0, (u8)s[i], 0, 0, 0, 0);
		return;
	}
	while (n) {
		/* The text may be anywhere in the kernel, all of which is linear. */
		struct sbi_result r =
			sbi_call(SBI_DBCN, 0, n, (u32)s - riscv_physmap_offset, 0, 0, 0);

		if (r.error)
			return;
		s += r.value;
		n -= min_of(n, r.value);
	}
}

void riscv_for_hart_masks(u32 harts, riscv_mask_fn *fn, void *argument)
{
	if (likely(ids_are_indexes)) {
		fn(harts, 0, argument);
		return;
	}
	while (harts) {
		u32 base = riscv_machine.hart_id[__builtin_ctz(harts)] & ~31u;
		u32 mask = 0;

		for (u32 rest = harts; rest; rest &= rest - 1) {
			u32 index = (u32)__builtin_ctz(rest);
			u32 id = riscv_machine.hart_id[index];

			if ((id & ~31u) == base) {
				mask |= 1u << (id & 31);
				harts &= ~(1u << index);
			}
		}
		fn(mask, base, argument);
	}
}

static void send_ipi(u32 mask, u32 base, void *unused)
{
	(void)unused;
	sbi_call(SBI_IPI, 0, mask, base, 0, 0, 0);
}

void arch_ipi_send(u32 harts)
{
	/* What the others shall see must be in memory before the interrupt. */
	__asm__ volatile("fence rw, rw" ::: "memory");
	riscv_for_hart_masks(harts, send_ipi, NULL);
}

int riscv_sbi_hart_start(u32 hartid, u32 phys, u32 opaque)
{
	return sbi_call(SBI_HSM, 0, hartid, phys, opaque, 0, 0).error;
}

void riscv_sbi_set_timer(u64 ticks)
{
	sbi_call(SBI_TIME, 0, (u32)ticks, (u32)(ticks >> 32), 0, 0, 0);
}

_Noreturn void arch_halt(void)
{
	csr_write("sie", 0);
	for (;;)
		__asm__ volatile("wfi");
}

static u32 *test_device;

void riscv_device_init(void)
{
	if (riscv_machine.test_phys)
		test_device = riscv_device_map(riscv_machine.test_phys, 4);
}

_Noreturn void arch_poweroff(int status)
{
	/* QEMU's test device knows the exit status; the firmware only "all well" or not. */
	if (test_device)
		__atomic_store_n(test_device, status ? (u32)status << 16 | 0x3333 : 0x5555,
			__ATOMIC_SEQ_CST);
	if (has_srst)
		sbi_call(SBI_SRST, 0, 0, status ? 1 : 0, 0, 0, 0);
	sbi_call(SBI_LEGACY_SHUTDOWN, 0, 0, 0, 0, 0, 0);
	arch_halt();
}
