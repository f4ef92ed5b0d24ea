/* The list of lines entered before; the contract is in history.h. */
#include "history.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_blank(const char *line, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		if (line[i] != ' ' && line[i] != '\t')
			return false;
	}
	return true;
}

static void drop_oldest(struct history *h)
{
	uint32_t len = (uint32_t)strlen(h->bytes) + 1;

	h->used -= len;
	h->count--;
	memmove(h->bytes, h->bytes + len, h->used);
}

void history_add(struct history *h, const char *line, uint32_t len)
{
	const char *zero = memchr(line, 0, len);
	const char *newest = history_get(h, 0);

	if (zero)
		len = (uint32_t)(zero - line);
	if (is_blank(line, len) || len + 1 > HISTORY_BYTES)
		return;
	if (newest && strlen(newest) == len && memcmp(newest, line, len) == 0)
		return;
	while (h->count == HISTORY_LINES || len + 1 > HISTORY_BYTES - h->used)
		drop_oldest(h);
	memcpy(h->bytes + h->used, line, len);
	h->bytes[h->used + len] = '\0';
	h->used += len + 1;
	h->count++;
}

const char *history_get(const struct history *h, uint32_t back)
{
	uint32_t at = h->used;

	if (back >= h->count)
		return NULL;
	/* `at` is the byte after a line's zero; step over that zero, then back to the one before. */
	for (uint32_t i = 0; i <= back; i++) {
		at--;
		while (at > 0 && h->bytes[at - 1] != '\0')
			at--;
	}
	return h->bytes + at;
}
