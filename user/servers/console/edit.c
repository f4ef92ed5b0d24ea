/* The line editor; the contract is in edit.h.
 *
 * Everything drawn is computed in cells counted from the left end of the row that the line starts
 * in: cell / columns is the row below that one, cell % columns the column. A terminal that has just
 * filled the last column waits with wrapping until the next character; settle() makes it wrap, so
 * that the cell arithmetic is true whenever the editor rests.
 */
#include "edit.h"

#include <string.h>

#define CONTROL(c) ((c)&0x1f)
#define KEY_ESC	   0x1b
#define KEY_DEL	   0x7f

#define TAB_STOP 8u

/* States of struct editor.escape. */
enum escape_state {
	ESCAPE_NONE,
	ESCAPE_SEEN,	/* ESC */
	ESCAPE_CSI,	/* ESC [ and its parameters */
	ESCAPE_SS3,	/* ESC O */
	ESCAPE_LINUX_F, /* ESC [ [, one more byte: a function key of the Linux console */
};

void edit_init(struct editor *e, struct history *history,
	void (*put)(void *context, const char *bytes, size_t len), void *context)
{
	memset(e, 0, sizeof(*e));
	e->history = history;
	e->put = put;
	e->context = context;
	e->columns = 80;
	e->echo = true;
}

/* ------------------------------------------------------------------ drawing */

static bool is_continuation(char c)
{
	return ((uint8_t)c & 0xc0) == 0x80;
}

static void draw(struct editor *e, const char *bytes, size_t len)
{
	if (e->echo && len)
		e->put(e->context, bytes, len);
}

static void draw_string(struct editor *e, const char *s)
{
	draw(e, s, strlen(s));
}

/* The cell after character byte `c` that begins in `cell`. */
static uint32_t advance(const struct editor *e, uint32_t cell, char c)
{
	if (is_continuation(c))
		return cell;
	if (c == '\t') {
		uint32_t column = cell % e->columns;
		uint32_t next = (column / TAB_STOP + 1) * TAB_STOP;

		/* A terminal's tab stops at the last column. */
		return cell - column + (next < e->columns ? next : e->columns - 1);
	}
	return cell + ((uint8_t)c < 0x20 || c == KEY_DEL ? 2 : 1);
}

/* The cell of the character at byte index `at`. */
static uint32_t cell_of(const struct editor *e, uint32_t at)
{
	uint32_t cell = e->origin;

	for (uint32_t i = 0; i < at; i++)
		cell = advance(e, cell, e->line[i]);
	return cell;
}

static void draw_number(struct editor *e, uint32_t n, char command)
{
	char text[16];
	size_t at = sizeof(text);

	text[--at] = command;
	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	text[--at] = '[';
	text[--at] = KEY_ESC;
	draw(e, text + at, sizeof(text) - at);
}

/* Makes the terminal wrap when the cursor hangs behind the last column. */
static void settle(struct editor *e, uint32_t cell)
{
	if (cell > e->origin && cell % e->columns == 0)
		draw_string(e, " \r");
}

static void move(struct editor *e, uint32_t from, uint32_t to)
{
	uint32_t from_row = from / e->columns, to_row = to / e->columns;
	uint32_t column = to % e->columns;

	if (from == to)
		return;
	if (from_row == to_row && to < from && from - to <= 4) {
		draw(e, "\b\b\b\b", from - to);
		return;
	}
	if (from_row == to_row) {
		draw_number(e, to > from ? to - from : from - to, to > from ? 'C' : 'D');
		return;
	}
	draw_number(e, to_row > from_row ? to_row - from_row : from_row - to_row,
		to_row > from_row ? 'B' : 'A');
	draw_string(e, "\r");
	if (column)
		draw_number(e, column, 'C');
}

/* A tab is drawn as the spaces it stands for, since a terminal would leave what is there. */
static void draw_text(struct editor *e, uint32_t from, uint32_t to)
{
	uint32_t cell = cell_of(e, from), start = from;

	for (uint32_t i = from; i < to; i++) {
		char c = e->line[i], shown[2] = {'^', (char)(c ^ 0x40)};
		uint32_t next = advance(e, cell, c);

		if ((uint8_t)c < 0x20 || c == KEY_DEL) {
			draw(e, e->line + start, i - start);
			if (c == '\t')
				draw(e, "        ", next - cell);
			else
				draw(e, shown, 2);
			start = i + 1;
		}
		cell = next;
	}
	draw(e, e->line + start, to - start);
}

/* Draws from byte `from`, where the screen's cursor is, to the end of the line, wipes what was
 * behind it, and goes back to the cursor. */
static void redraw_from(struct editor *e, uint32_t from, bool wipe)
{
	uint32_t end = cell_of(e, e->len);

	draw_text(e, from, e->len);
	settle(e, end);
	if (wipe)
		draw_string(e, "\033[J");
	move(e, end, cell_of(e, e->cursor));
}

void edit_to_end(struct editor *e)
{
	move(e, cell_of(e, e->cursor), cell_of(e, e->len));
	e->cursor = e->len;
}

void edit_hide(struct editor *e)
{
	move(e, cell_of(e, e->cursor), e->origin);
	draw_string(e, "\033[J");
}

void edit_show(struct editor *e, uint32_t origin)
{
	e->origin = origin;
	redraw_from(e, 0, false);
}

/* ------------------------------------------------------------------ changing the line */

static uint32_t previous_char(const struct editor *e, uint32_t at)
{
	if (at == 0)
		return 0;
	at--;
	while (at > 0 && is_continuation(e->line[at]))
		at--;
	return at;
}

static uint32_t next_char(const struct editor *e, uint32_t at)
{
	if (at < e->len)
		at++;
	while (at < e->len && is_continuation(e->line[at]))
		at++;
	return at;
}

static void go(struct editor *e, uint32_t to)
{
	move(e, cell_of(e, e->cursor), cell_of(e, to));
	e->cursor = to;
}

static void insert(struct editor *e, const char *bytes, uint32_t len)
{
	uint32_t from = e->cursor;

	if (e->len + len > EDIT_LINE_MAX) {
		draw_string(e, "\a");
		return;
	}
	memmove(e->line + from + len, e->line + from, e->len - from);
	memcpy(e->line + from, bytes, len);
	e->len += len;
	e->cursor += len;
	redraw_from(e, from, false);
}

/* Removes bytes [from, to); the cursor ends up at `from`. */
static void erase(struct editor *e, uint32_t from, uint32_t to)
{
	uint32_t before = cell_of(e, e->cursor), at_end = to == e->len;
	uint32_t end = cell_of(e, to), start = cell_of(e, from);

	if (from == to)
		return;
	memmove(e->line + from, e->line + to, e->len - to);
	e->len -= to - from;
	e->cursor = from;
	move(e, before, start);
	if (at_end && end - start == 1 && end / e->columns == start / e->columns)
		draw_string(e, " \b"); /* what every terminal understands */
	else
		redraw_from(e, from, true);
}

static uint32_t word_start(const struct editor *e)
{
	uint32_t at = e->cursor;

	while (at > 0 && (e->line[at - 1] == ' ' || e->line[at - 1] == '\t'))
		at--;
	while (at > 0 && e->line[at - 1] != ' ' && e->line[at - 1] != '\t')
		at--;
	return at;
}

static void replace(struct editor *e, const char *text, uint32_t len)
{
	move(e, cell_of(e, e->cursor), e->origin);
	memcpy(e->line, text, len);
	e->len = len;
	e->cursor = len;
	redraw_from(e, 0, true);
}

/* Shows the history's line `at` steps back; the line being typed is kept as step 0. */
static void show_history(struct editor *e, uint32_t at)
{
	const char *text;
	size_t len;

	if (at == 0) {
		replace(e, e->saved, e->saved_len);
		e->history_at = 0;
		return;
	}
	text = history_get(e->history, at - 1);
	if (!text)
		return;
	if (e->history_at == 0) {
		memcpy(e->saved, e->line, e->len);
		e->saved_len = e->len;
	}
	len = strlen(text);
	replace(e, text, (uint32_t)(len < EDIT_LINE_MAX ? len : EDIT_LINE_MAX));
	e->history_at = at;
}

void edit_reset(struct editor *e)
{
	e->len = 0;
	e->cursor = 0;
	e->history_at = 0;
	e->saved_len = 0;
	e->escape = ESCAPE_NONE;
	e->utf8_len = 0;
}

/* ------------------------------------------------------------------ keys */

static void older(struct editor *e)
{
	if (e->echo)
		show_history(e, e->history_at + 1);
}

static void newer(struct editor *e)
{
	if (e->echo && e->history_at > 0)
		show_history(e, e->history_at - 1);
}

static void tilde_key(struct editor *e, uint8_t parameter)
{
	switch (parameter) {
	case 1:
	case 7: go(e, 0); break;
	case 3: erase(e, e->cursor, next_char(e, e->cursor)); break;
	case 4:
	case 8: go(e, e->len); break;
	default: break;
	}
}

static void final_key(struct editor *e, uint8_t c)
{
	switch (c) {
	case 'A': older(e); break;
	case 'B': newer(e); break;
	case 'C': go(e, next_char(e, e->cursor)); break;
	case 'D': go(e, previous_char(e, e->cursor)); break;
	case 'H': go(e, 0); break;
	case 'F': go(e, e->len); break;
	case '~': tilde_key(e, e->parameter); break;
	default: break;
	}
}

/* A byte of an escape sequence. The first parameter counts, modifiers are ignored. */
static void escape_byte(struct editor *e, uint8_t c)
{
	switch (e->escape) {
	case ESCAPE_SEEN:
		e->parameter = 0;
		e->escape = c == '[' ? ESCAPE_CSI : c == 'O' ? ESCAPE_SS3 : ESCAPE_NONE;
		break;
	case ESCAPE_CSI:
		if (c == '[') {
			e->escape = ESCAPE_LINUX_F;
		} else if (c >= '0' && c <= '9') {
			/* Saturates; parameters that matter have one digit. */
			e->parameter =
				(uint8_t)(e->parameter > 9 ? 99 : e->parameter * 10 + c - '0');
		} else if (c < 0x20 || c >= 0x40) {
			e->escape = ESCAPE_NONE;
			final_key(e, c);
		}
		break;
	case ESCAPE_SS3:
		e->escape = ESCAPE_NONE;
		final_key(e, c);
		break;
	default: e->escape = ESCAPE_NONE; break;
	}
}

static uint8_t utf8_length(uint8_t lead)
{
	if (lead >= 0xf0 && lead < 0xf8)
		return 4;
	if (lead >= 0xe0)
		return lead < 0xf0 ? 3 : 1;
	return lead >= 0xc0 ? 2 : 1;
}

static void flush_utf8(struct editor *e)
{
	uint32_t len = e->utf8_len;

	e->utf8_len = 0;
	if (len)
		insert(e, e->utf8, len);
}

/* A byte that is text: collects a UTF-8 sequence, so that half a character is never drawn. */
static void text_byte(struct editor *e, uint8_t c)
{
	if (!is_continuation((char)c) || e->utf8_len == 0) {
		flush_utf8(e);
		e->utf8_need = utf8_length(c);
	}
	e->utf8[e->utf8_len++] = (char)c;
	if (e->utf8_len == e->utf8_need)
		flush_utf8(e);
}

static enum edit_result control_key(struct editor *e, uint8_t c)
{
	switch (c) {
	case CONTROL('A'): go(e, 0); break;
	case CONTROL('B'): go(e, previous_char(e, e->cursor)); break;
	case CONTROL('E'): go(e, e->len); break;
	case CONTROL('F'): go(e, next_char(e, e->cursor)); break;
	case CONTROL('H'):
	case KEY_DEL: erase(e, previous_char(e, e->cursor), e->cursor); break;
	case CONTROL('K'): erase(e, e->cursor, e->len); break;
	case CONTROL('L'): return EDIT_REDRAW;
	case CONTROL('N'): newer(e); break;
	case CONTROL('P'): older(e); break;
	case CONTROL('U'): erase(e, 0, e->cursor); break;
	case CONTROL('W'): erase(e, word_start(e), e->cursor); break;
	case KEY_ESC: e->escape = ESCAPE_SEEN; break;
	default: text_byte(e, c); break;
	}
	return EDIT_MORE;
}

enum edit_result edit_key(struct editor *e, uint8_t c, const struct edit_keys *keys)
{
	if (e->escape != ESCAPE_NONE && c >= 0x20) {
		escape_byte(e, c);
		return EDIT_MORE;
	}
	e->escape = ESCAPE_NONE;
	if (c == '\n' || (c && c == keys->eof)) {
		flush_utf8(e);
		edit_to_end(e);
		if (c == '\n' && e->echo)
			history_add(e->history, e->line, e->len);
		return c == '\n' ? EDIT_LINE : EDIT_EOF;
	}
	if (c && c == keys->erase)
		c = KEY_DEL;
	else if (c && c == keys->kill)
		c = CONTROL('U');
	else if (c && c == keys->word_erase)
		c = CONTROL('W');
	if (c >= 0x20 && c != KEY_DEL) {
		text_byte(e, c);
		return EDIT_MORE;
	}
	flush_utf8(e);
	return control_key(e, c);
}
