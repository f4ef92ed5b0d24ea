/* The line editor of the terminal's canonical mode: keys in, a line and the bytes that show it out.
 *
 * Pure: it knows no device and no system call, and what it draws goes to `put`. The screen is taken
 * to be a VT100 of `columns` columns that wraps at the right edge; the line starts in column
 * `origin`, behind whatever a program wrote there (its prompt). Every character takes one cell, a
 * tab goes to the next multiple of eight, and a control character shows as ^X. Bytes above 0x7f are
 * taken as UTF-8, and a sequence is inserted and erased as a whole.
 *
 * Keys: left, right, home, end (also ^A ^E), backspace and delete, ^W word, ^U to the start of the
 * line, ^K to its end, up and down through the history (also ^P ^N), ^L redraw; ^B ^F as left and
 * right. Erase, kill and end-of-file may be moved by the caller.
 */
#ifndef CONSOLE_EDIT_H
#define CONSOLE_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "history.h"

#define EDIT_LINE_MAX 4095u

enum edit_result {
	EDIT_MORE,   /* nothing to deliver yet */
	EDIT_LINE,   /* the line is complete; the newline is not part of it */
	EDIT_EOF,    /* end-of-file key: deliver what there is, maybe nothing */
	EDIT_REDRAW, /* ^L: the caller clears the screen, prints the prompt and calls edit_show */
};

/* The keys that termios lets a program choose; 0: none. */
struct edit_keys {
	uint8_t erase;
	uint8_t kill;
	uint8_t word_erase;
	uint8_t eof;
};

struct editor {
	char line[EDIT_LINE_MAX + 1];
	uint32_t len;
	uint32_t cursor; /* byte index, always at the start of a character */
	bool echo;	 /* false: draw nothing */
	uint32_t columns;
	uint32_t origin;

	void (*put)(void *context, const char *bytes, size_t len);
	void *context;

	struct history *history;
	uint32_t history_at; /* 0: the line being typed; n: the n-th newest, being shown */
	char saved[EDIT_LINE_MAX + 1];
	uint32_t saved_len;

	uint8_t escape; /* bytes of an escape sequence seen so far; see edit.c */
	uint8_t parameter;
	char utf8[4]; /* an unfinished character */
	uint8_t utf8_len, utf8_need;
};

void edit_init(struct editor *e, struct history *history,
	void (*put)(void *context, const char *bytes, size_t len), void *context);

/* One byte typed. The cursor is at the end of the line on the screen when a line is complete. */
enum edit_result edit_key(struct editor *e, uint8_t c, const struct edit_keys *keys);

/* Forgets the line, after it has been taken or broken off. Draws nothing. */
void edit_reset(struct editor *e);

/* Moves the screen's cursor behind the line. */
void edit_to_end(struct editor *e);

/* Takes the line off the screen, leaving the cursor at its origin; and draws it again, from column
 * `origin` on. In between a program may write. */
void edit_hide(struct editor *e);
void edit_show(struct editor *e, uint32_t origin);

#endif
