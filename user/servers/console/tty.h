/* The terminal's line discipline: what lies between the bytes on the wire and what programs read and
 * write (POSIX, "General Terminal Interface"). Flags and control characters are termios.
 *
 *	wire -> tty_input -> editor (canonical) -> input queue -> tty_peek, tty_consume -> reader
 *	writer -> tty_output -> output translation -> `send` -> wire
 *
 * Pure: bytes for the wire and signals go out through the two functions given to tty_init. The
 * input queue never drops what was typed: the caller keeps bytes that do not fit, except a signal
 * character, which is always taken at once.
 *
 * Honoured: ICANON ISIG ECHO ECHONL NOFLSH, ICRNL INLCR IGNCR, OPOST ONLCR, VMIN and VTIME (the
 * timing is the caller's), and the control characters INTR QUIT SUSP ERASE KILL WERASE EOF EOL.
 */
#ifndef CONSOLE_TTY_H
#define CONSOLE_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <quire/tty.h>
#include "edit.h"
#include "history.h"

#define TTY_INPUT_BYTES 16384u
#define TTY_LINES	512u
#define TTY_PROMPT	256u

struct tty {
	struct tty_attr attr;
	struct tty_size size;
	struct editor editor;
	struct history history;

	/* Input that a reader may have. In canonical mode it is cut into lines: line_bytes holds the
	 * length of each, newline included; a line of length 0 is an end of file. */
	uint8_t input[TTY_INPUT_BYTES];
	uint32_t input_len;
	uint32_t line_bytes[TTY_LINES];
	uint32_t line_count;

	/* Where the wire's cursor is, and what a program has written since the line began. */
	uint32_t column;
	uint8_t escape;
	char prompt[TTY_PROMPT];
	uint32_t prompt_len;

	void (*send)(void *context, const char *bytes, size_t len);
	void (*signal)(void *context, int sig); /* to the foreground group; QSIG* numbers */
	void *context;
};

void tty_init(struct tty *tty, void (*send)(void *context, const char *bytes, size_t len),
	void (*signal)(void *context, int sig), void *context);

/* New attributes. Input waiting in one mode is not lost in the other. */
void tty_set_attr(struct tty *tty, const struct tty_attr *attr);

/* True when a byte from the wire fits. */
bool tty_has_room(const struct tty *tty);

/* True when the byte is a signal character now: it may be given to tty_input without room. */
bool tty_is_signal(const struct tty *tty, uint8_t c);

/* One byte from the wire. */
void tty_input(struct tty *tty, uint8_t c);

/* True when a read of `max` bytes has something to return, VTIME aside. */
bool tty_readable(const struct tty *tty, uint32_t max);

/* Copies what a read of `max` bytes would return: at most one line in canonical mode, 0 bytes for
 * an end of file. tty_consume takes what the last tty_peek with the same `max` copied. */
uint32_t tty_peek(const struct tty *tty, uint8_t *to, uint32_t max);
void tty_consume(struct tty *tty, uint32_t max);

/* Drops input that nobody has read. */
void tty_flush_input(struct tty *tty);

/* A program's output: at most 2 * len + TTY_REDRAW bytes go out. A line being edited is taken off
 * the screen before and drawn again behind. */
#define TTY_REDRAW (2u * (EDIT_LINE_MAX + 64u))
void tty_output(struct tty *tty, const char *bytes, size_t len);

#endif
