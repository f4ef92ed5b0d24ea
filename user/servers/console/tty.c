/* The line discipline; the contract is in tty.h. */
#include "tty.h"

#include <string.h>
#include <termios.h>
#include <quire/abi.h>

#define CONTROL(c) ((c)&0x1f)
#define TAB_STOP   8u

enum screen_escape { SCREEN_TEXT, SCREEN_ESC, SCREEN_CSI };

/* ------------------------------------------------------------------ output */

/* Follows the cursor's column through what goes to the wire. Escape sequences are skipped; of those
 * that move the cursor sideways only the editor's own matter, and it sets the column itself. */
static void follow(struct tty *tty, char c)
{
	if (tty->escape == SCREEN_ESC) {
		tty->escape = c == '[' ? SCREEN_CSI : SCREEN_TEXT;
		return;
	}
	if (tty->escape == SCREEN_CSI) {
		if ((uint8_t)c >= 0x40)
			tty->escape = SCREEN_TEXT;
		return;
	}
	if (c == '\033')
		tty->escape = SCREEN_ESC;
	else if (c == '\r')
		tty->column = 0;
	else if (c == '\b' && tty->column > 0)
		tty->column--;
	else if (c == '\t')
		tty->column = (tty->column / TAB_STOP + 1) * TAB_STOP;
	else if ((uint8_t)c >= 0x20 && ((uint8_t)c & 0xc0) != 0x80 && c != 0x7f)
		tty->column++;
	if (tty->column > tty->size.columns)
		tty->column = tty->column - tty->size.columns;
}

static void send(struct tty *tty, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		follow(tty, bytes[i]);
	tty->send(tty->context, bytes, len);
}

static void editor_put(void *context, const char *bytes, size_t len)
{
	send(context, bytes, len);
}

static bool maps_newline(const struct tty *tty)
{
	return (tty->attr.oflag & OPOST) && (tty->attr.oflag & ONLCR);
}

static void send_newline(struct tty *tty)
{
	if (maps_newline(tty))
		send(tty, "\r\n", 2);
	else
		send(tty, "\n", 1);
	tty->prompt_len = 0;
}

/* Translates and sends; remembers the beginning of an unfinished line for a redraw. */
static void send_program(struct tty *tty, const char *bytes, size_t len)
{
	size_t start = 0;

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n' && maps_newline(tty)) {
			send(tty, bytes + start, i - start);
			send_newline(tty);
			start = i + 1;
		} else if (bytes[i] == '\n' || bytes[i] == '\r') {
			tty->prompt_len = 0;
		} else if (tty->prompt_len < TTY_PROMPT) {
			tty->prompt[tty->prompt_len++] = bytes[i];
		}
	}
	send(tty, bytes + start, len - start);
}

static bool line_on_screen(const struct tty *tty)
{
	return (tty->attr.lflag & ICANON) && tty->editor.echo && tty->editor.len > 0;
}

void tty_output(struct tty *tty, const char *bytes, size_t len)
{
	if (!line_on_screen(tty)) {
		send_program(tty, bytes, len);
		return;
	}
	edit_hide(&tty->editor);
	tty->column = tty->editor.origin % tty->size.columns;
	send_program(tty, bytes, len);
	edit_show(&tty->editor, tty->column);
}

static void redraw_screen(struct tty *tty)
{
	send(tty, "\033[H\033[2J", 7);
	tty->column = 0;
	send(tty, tty->prompt, tty->prompt_len);
	edit_show(&tty->editor, tty->column);
}

/* ------------------------------------------------------------------ the input queue */

static void add_input(struct tty *tty, const void *bytes, uint32_t len)
{
	memcpy(tty->input + tty->input_len, bytes, len);
	tty->input_len += len;
}

static void add_line(struct tty *tty, uint32_t len)
{
	tty->line_bytes[tty->line_count++] = len;
}

void tty_flush_input(struct tty *tty)
{
	tty->input_len = 0;
	tty->line_count = 0;
	edit_reset(&tty->editor);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static bool canonical(const struct tty *tty)
{
	return tty->attr.lflag & ICANON;
}

/* One byte can make the line being edited longer by many: the last of a character brings the others
 * with it, a key fetches a line of the history. So room for the longest line and its end is kept. */
bool tty_has_room(const struct tty *tty)
{
	uint32_t room = TTY_INPUT_BYTES - tty->input_len;

	if (!canonical(tty))
		return room > 0;
	return tty->line_count + 1 < TTY_LINES && room > EDIT_LINE_MAX;
}

bool tty_readable(const struct tty *tty, uint32_t max)
{
	if (canonical(tty))
		return tty->line_count > 0;
	return tty->input_len >= smaller(tty->attr.cc[VMIN], max);
}

static uint32_t available(const struct tty *tty, uint32_t max)
{
	if (canonical(tty))
		return tty->line_count ? smaller(max, tty->line_bytes[0]) : 0;
	return smaller(max, tty->input_len);
}

uint32_t tty_peek(const struct tty *tty, uint8_t *to, uint32_t max)
{
	uint32_t len = available(tty, max);

	memcpy(to, tty->input, len);
	return len;
}

void tty_consume(struct tty *tty, uint32_t max)
{
	uint32_t len = available(tty, max);

	tty->input_len -= len;
	memmove(tty->input, tty->input + len, tty->input_len);
	if (!canonical(tty) || tty->line_count == 0)
		return;
	tty->line_bytes[0] -= len;
	if (tty->line_bytes[0] > 0)
		return;
	tty->line_count--;
	memmove(tty->line_bytes, tty->line_bytes + 1, tty->line_count * sizeof(uint32_t));
}

/* ------------------------------------------------------------------ attributes */

void tty_init(struct tty *tty, void (*send_bytes)(void *context, const char *bytes, size_t len),
	void (*signal)(void *context, int sig), void *context)
{
	memset(tty, 0, sizeof(*tty));
	tty->size = (struct tty_size){.rows = 24, .columns = 80};
	tty->send = send_bytes;
	tty->signal = signal;
	tty->context = context;
	edit_init(&tty->editor, &tty->history, editor_put, tty);
	tty->attr.iflag = ICRNL;
	tty->attr.oflag = OPOST | ONLCR;
	tty->attr.cflag = CS8 | CREAD | CLOCAL;
	tty->attr.lflag = ICANON | ISIG | IEXTEN | ECHO | ECHOE | ECHOK;
	tty->attr.cc[VINTR] = CONTROL('C');
	tty->attr.cc[VQUIT] = CONTROL('\\');
	tty->attr.cc[VERASE] = 0x7f;
	tty->attr.cc[VKILL] = CONTROL('U');
	tty->attr.cc[VEOF] = CONTROL('D');
	tty->attr.cc[VMIN] = 1;
	tty->attr.cc[VSUSP] = CONTROL('Z');
	tty->attr.cc[VWERASE] = CONTROL('W');
	tty->attr.cc[VSTART] = CONTROL('Q');
	tty->attr.cc[VSTOP] = CONTROL('S');
}

void tty_set_attr(struct tty *tty, const struct tty_attr *attr)
{
	bool was_canonical = canonical(tty);

	tty->attr = *attr;
	tty->editor.echo = attr->lflag & ECHO;
	if (was_canonical && !canonical(tty)) {
		/* The line being edited becomes readable as it is; line ends mean nothing now. */
		add_input(tty, tty->editor.line, tty->editor.len);
		edit_reset(&tty->editor);
		tty->line_count = 0;
	} else if (!was_canonical && canonical(tty) && tty->input_len > 0) {
		add_line(tty, tty->input_len);
	}
}

/* ------------------------------------------------------------------ input */

static bool is_cc(const struct tty *tty, int index, uint8_t c)
{
	return tty->attr.cc[index] != 0 && tty->attr.cc[index] == c;
}

static int signal_of(const struct tty *tty, uint8_t c)
{
	if (!(tty->attr.lflag & ISIG))
		return 0;
	if (is_cc(tty, VINTR, c))
		return QSIGINT;
	if (is_cc(tty, VQUIT, c))
		return QSIGQUIT;
	if (is_cc(tty, VSUSP, c))
		return QSIGTSTP;
	return 0;
}

bool tty_is_signal(const struct tty *tty, uint8_t c)
{
	return signal_of(tty, c) != 0;
}

/* The broken-off line stays on the screen with the character behind it, as ^C and the like. */
static void take_signal(struct tty *tty, uint8_t c, int sig)
{
	if (tty->attr.lflag & ECHO) {
		char shown[2] = {'^', (char)(c ^ 0x40)};

		if (canonical(tty))
			edit_to_end(&tty->editor);
		send(tty, shown, 2);
		send_newline(tty);
	}
	if (!(tty->attr.lflag & NOFLSH))
		tty_flush_input(tty);
	else
		edit_reset(&tty->editor);
	tty->signal(tty->context, sig);
}

/* A complete line, or what there is of one: into the queue. */
static void deliver(struct tty *tty, const char *end, uint32_t end_len)
{
	struct editor *e = &tty->editor;

	add_input(tty, e->line, e->len);
	add_input(tty, end, end_len);
	add_line(tty, e->len + end_len);
	edit_reset(e);
}

static void canonical_input(struct tty *tty, uint8_t c)
{
	struct editor *e = &tty->editor;
	struct edit_keys keys = {
		.erase = tty->attr.cc[VERASE],
		.kill = tty->attr.cc[VKILL],
		.word_erase = tty->attr.cc[VWERASE],
		.eof = tty->attr.cc[VEOF],
	};

	if (e->len == 0)
		e->origin = tty->column;
	e->columns = tty->size.columns;
	if (is_cc(tty, VEOL, c)) {
		char end = (char)c;

		edit_to_end(e);
		if (tty->attr.lflag & ECHO)
			send(tty, &end, 1);
		deliver(tty, &end, 1);
		return;
	}
	switch (edit_key(e, c, &keys)) {
	case EDIT_MORE: break;
	case EDIT_LINE:
		if (tty->attr.lflag & (ECHO | ECHONL))
			send_newline(tty);
		deliver(tty, "\n", 1);
		break;
	case EDIT_EOF: deliver(tty, "", 0); break;
	case EDIT_REDRAW:
		if (tty->attr.lflag & ECHO)
			redraw_screen(tty);
		break;
	}
}

static void raw_input(struct tty *tty, uint8_t c)
{
	char shown = (char)c;

	if (c == '\n' && (tty->attr.lflag & ECHO))
		send_newline(tty);
	else if (tty->attr.lflag & ECHO)
		send(tty, &shown, 1);
	add_input(tty, &c, 1);
}

void tty_input(struct tty *tty, uint8_t c)
{
	int sig = signal_of(tty, c);

	if (sig) {
		take_signal(tty, c, sig);
		return;
	}
	if (c == '\r') {
		if (tty->attr.iflag & IGNCR)
			return;
		if (tty->attr.iflag & ICRNL)
			c = '\n';
	} else if (c == '\n' && (tty->attr.iflag & INLCR)) {
		c = '\r';
	}
	if (canonical(tty))
		canonical_input(tty, c);
	else
		raw_input(tty, c);
}
