/* The kernel's log, assertions and the end of the world.
 *
 * log_printf formats into a bounded line and hands it to arch_console_write. It takes the log lock
 * and so must not be used on the fault path (promise P7: tracing there goes to the trace ring).
 * Formats: %d %u %x %p %s %c %lld %llu %llx, with width, '-' and zero padding. A bad %s pointer
 * prints "(bad pointer)" instead of faulting.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <base/types.h>
#include <stdarg.h>

void log_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Formats into buf (always zero-ended when size > 0); returns the length that was wanted. */
int log_format(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int log_vformat(char *buf, size_t size, const char *format, va_list ap);

/* Prints what, where, which hart, registers and a backtrace, stops every hart. For broken
 * invariants only: nothing that user mode does may lead here. */
_Noreturn void panic_at(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
#define panic(...) panic_at(__FILE__, __LINE__, __VA_ARGS__)

/* Always compiled in: cheap checks of preconditions. */
#define assert(cond)                                          \
	do {                                                  \
		if (unlikely(!(cond)))                        \
			panic("assertion failed: %s", #cond); \
	} while (0)
/* Only in debug builds: checks that cost. */
#ifdef QUIRE_DEBUG
#define debug_assert(cond) assert(cond)
#else
#define debug_assert(cond) ((void)sizeof(!(cond)))
#endif

#endif
