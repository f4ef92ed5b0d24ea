/* Time: the clock that all harts share, and each hart's next timer interrupt, by the hart's own
 * compare register where there is one (Sstc), else by the firmware. */
#include "riscv.h"
#include <base/log.h>

struct riscv_outcome riscv_probe_stimecmp(void);

struct riscv_clock riscv_clock;
static bool has_stimecmp;

void riscv_clock_init(void)
{
	u64 hz = boot_facts.timebase_hz;

	if (hz == 0 || hz > 1000000000)
		panic("time base of %llu Hz", hz);
	riscv_clock.ns_whole = (u32)(1000000000 / hz);
	riscv_clock.ns_fraction = (u32)((1000000000 % hz << 32) / hz);
	/* hz * 2^64 / 10^9 by long division, so that the error stays below one tick for centuries. */
	riscv_clock.ticks_per_ns = hz == 1000000000
					   ? ~0ull
					   : ((hz << 32) / 1000000000 << 32 |
						     ((hz << 32) % 1000000000 << 32) / 1000000000);
	riscv_clock.boot_ticks = riscv_ticks();
	has_stimecmp = riscv_machine.sstc_named && riscv_probe_stimecmp().error == 0;
}

void riscv_timer_hart_init(void)
{
	riscv_timer_quiet();
	csr_set("sie", INTERRUPT_SOFT | INTERRUPT_EXTERNAL | (has_stimecmp ? INTERRUPT_TIMER : 0));
	/* User mode may read the cycle, time and instruction counters. */
	csr_write("scounteren", 7);
}

static void set_stimecmp(u64 ticks)
{
	/* No value in between may be in the past. */
	csr_write("0x15d", ~0u);
	csr_write("0x14d", (u32)ticks);
	csr_write("0x15d", (u32)(ticks >> 32));
}

/* Takes the pending timer interrupt away until the next arch_timer_set. */
void riscv_timer_quiet(void)
{
	if (has_stimecmp)
		csr_write("0x15d", ~0u);
	else
		csr_clear("sie", INTERRUPT_TIMER);
}

/* The upper 64 bits of the product. */
static u64 multiply_high(u64 a, u64 b)
{
	u64 ll = (u64)(u32)a * (u32)b;
	u64 lh = (u64)(u32)a * (u32)(b >> 32);
	u64 hl = (u64)(u32)(a >> 32) * (u32)b;
	u64 hh = (u64)(u32)(a >> 32) * (u32)(b >> 32);
	u64 middle = (ll >> 32) + (u32)lh + (u32)hl;

	return hh + (lh >> 32) + (hl >> 32) + (middle >> 32);
}

void arch_timer_set(u64 when_ns)
{
	u64 ticks;

	if (when_ns == ~0ull) {
		riscv_timer_quiet();
		return;
	}
	/* The quotient is a little low at most; two more, and the interrupt is never early. */
	ticks = riscv_clock.boot_ticks + multiply_high(when_ns, riscv_clock.ticks_per_ns) + 2;
	if (has_stimecmp) {
		set_stimecmp(ticks);
		return;
	}
	riscv_sbi_set_timer(ticks);
	csr_set("sie", INTERRUPT_TIMER);
}
