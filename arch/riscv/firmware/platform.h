/*
 * The machine as its device tree describes it: memory, console, power control. The harts and their
 * interrupt registers go into the hart blocks.
 */
#ifndef FIRMWARE_PLATFORM_H
#define FIRMWARE_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

/* Learn the machine from its device tree. False when it cannot run the firmware's services. */
bool platform_discover(const void *fdt);

/* Whether [start, start + size) is RAM that the caller of SBI may name: not the firmware's own. */
bool platform_memory_allows(uint32_t start, uint32_t size);

bool platform_has_power(void);

/* Does not return unless platform_has_power() is false. */
void platform_power_off(bool failed);
void platform_reboot(void);

/* Send one byte, waiting for room. */
void console_put(uint8_t byte);
/* The next byte that was received, or -1. */
int console_get(void);
bool console_present(void);
/* Held around a message so that those of different harts do not mix. Serves fences meanwhile. */
void console_lock(void);
void console_unlock(void);
/* Print as printf's %s and %08x do; the caller holds the lock or is past caring. */
void console_puts(const char *text);
void console_puthex(uint32_t value);

/* Report a failure of the firmware itself and end the machine's run with a failure. */
_Noreturn void firmware_fail(const char *what);

#endif
