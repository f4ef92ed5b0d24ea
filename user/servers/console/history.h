/* The lines entered before, oldest dropped first. Lines lie one after another in one buffer, each
 * ended by a zero byte. Pure: no system call, no allocation. */
#ifndef CONSOLE_HISTORY_H
#define CONSOLE_HISTORY_H

#include <stdint.h>

#define HISTORY_LINES 256
#define HISTORY_BYTES 32768u

struct history {
	char bytes[HISTORY_BYTES];
	uint32_t used;
	uint32_t count;
};

/* Remembers a line; blank ones, a repetition of the last, and what could never fit are left out.
 * A zero byte in the line ends it. */
void history_add(struct history *h, const char *line, uint32_t len);

/* The line `back` steps from the newest (0), zero-ended; NULL past the oldest. */
const char *history_get(const struct history *h, uint32_t back);

#endif
