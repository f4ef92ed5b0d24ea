/* The log and the panic. Lines go straight to the machine's early console; the lock only keeps lines
 * of two harts apart. A panic takes no lock: it may come while this hart or a stopped one holds any. */
#include <base/log.h>
#include <base/spinlock.h>
#include <arch/cpu.h>

#define LINE_MAX 256

static struct spinlock log_lock = SPINLOCK_INIT(RANK_LOG);
static u32 panicking; /* index + 1 of the hart that is */

void log_printf(const char *format, ...)
{
	char line[LINE_MAX];
	va_list ap;
	int length;

	va_start(ap, format);
	length = log_vformat(line, sizeof(line), format, ap);
	va_end(ap);
	length = min_of(length, LINE_MAX - 1);
	if (unlikely(__atomic_load_n(&panicking, __ATOMIC_RELAXED) == arch_hart_index() + 1)) {
		arch_console_write(line, (size_t)length);
		return;
	}
	spin_lock(&log_lock);
	arch_console_write(line, (size_t)length);
	spin_unlock(&log_lock);
}

_Noreturn void panic_at(const char *file, int line, const char *format, ...)
{
	char text[LINE_MAX];
	u32 nobody = 0, self = arch_hart_index() + 1;
	va_list ap;

	if (!__atomic_compare_exchange_n(
		    &panicking, &nobody, self, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
		/* Another hart reports already; or this one broke down while it did. */
		if (nobody == self)
			arch_poweroff(255);
		arch_halt();
	}
	arch_stop_other_harts();
	va_start(ap, format);
	log_vformat(text, sizeof(text), format, ap);
	va_end(ap);
	log_printf("\nQUIRE PANIC: hart %u at %s:%d: %s\n", arch_hart_index(), file, line, text);
	arch_panic_report();
	arch_poweroff(255);
}
