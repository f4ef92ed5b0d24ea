/* Host test of the terminal's line editor and line discipline (user/servers/console/).
 *
 * What the editor draws goes to a simulated VT100 screen, so a test states what was typed, and
 * checks the line delivered and what a person would then see. A random run types anything, and
 * compares the screen after every key with the line drawn afresh.
 */
#include "../expect.h"
#include "tty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <quire/abi.h>

/* ------------------------------------------------------------------ the screen */

#define ROWS	200
#define COLUMNS 20

struct screen {
	char cells[ROWS][COLUMNS];
	int row, column;
	int wrap; /* the last column was just filled */
	int state, parameter;
	int bells;
};

static void screen_clear(struct screen *s)
{
	memset(s, 0, sizeof(*s));
	memset(s->cells, ' ', sizeof(s->cells));
}

static void screen_down(struct screen *s)
{
	s->wrap = 0;
	if (++s->row < ROWS)
		return;
	s->row = ROWS - 1;
	memmove(s->cells[0], s->cells[1], sizeof(s->cells) - COLUMNS);
	memset(s->cells[ROWS - 1], ' ', COLUMNS);
}

static void screen_glyph(struct screen *s, char c)
{
	if (s->wrap) {
		screen_down(s);
		s->column = 0;
	}
	s->cells[s->row][s->column] = c;
	if (s->column == COLUMNS - 1)
		s->wrap = 1;
	else
		s->column++;
}

static void screen_command(struct screen *s, char c)
{
	int n = s->parameter ? s->parameter : 1;

	s->wrap = 0;
	switch (c) {
	case 'A': s->row = s->row >= n ? s->row - n : 0; break;
	case 'B': s->row = s->row + n < ROWS ? s->row + n : ROWS - 1; break;
	case 'C': s->column = s->column + n < COLUMNS ? s->column + n : COLUMNS - 1; break;
	case 'D': s->column = s->column >= n ? s->column - n : 0; break;
	case 'H': s->row = s->column = 0; break;
	case 'J':
		if (s->parameter == 2) {
			memset(s->cells, ' ', sizeof(s->cells));
			break;
		}
		memset(&s->cells[s->row][s->column], ' ', (size_t)(COLUMNS - s->column));
		for (int row = s->row + 1; row < ROWS; row++)
			memset(s->cells[row], ' ', COLUMNS);
		break;
	default: EXPECT(!"a command that the screen knows");
	}
}

static void screen_byte(struct screen *s, char c)
{
	if (s->state == 1) {
		EXPECT(c == '[');
		s->state = 2;
		s->parameter = 0;
	} else if (s->state == 2 && c >= '0' && c <= '9') {
		s->parameter = s->parameter * 10 + c - '0';
	} else if (s->state == 2) {
		s->state = 0;
		screen_command(s, c);
	} else if (c == '\033') {
		s->state = 1;
	} else if (c == '\r') {
		s->column = s->wrap = 0;
	} else if (c == '\n') {
		screen_down(s);
	} else if (c == '\b') {
		s->wrap = 0;
		if (s->column > 0)
			s->column--;
	} else if (c == '\a') {
		s->bells++;
	} else if (c == '\t') {
		int next = (s->column / 8 + 1) * 8;

		s->column = next < COLUMNS ? next : COLUMNS - 1;
	} else if (((unsigned char)c & 0xc0) != 0x80) {
		EXPECT((unsigned char)c >= 0x20 && c != 0x7f);
		screen_glyph(s, c);
	}
}

static void screen_put(void *context, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		screen_byte(context, bytes[i]);
}

/* The text of the screen's first `rows` rows, spaces at the ends of rows left out. */
static const char *screen_text(const struct screen *s, int rows)
{
	static char text[ROWS * (COLUMNS + 1) + 1];
	size_t at = 0;

	for (int row = 0; row < rows; row++) {
		int len = COLUMNS;

		while (len > 0 && s->cells[row][len - 1] == ' ')
			len--;
		memcpy(text + at, s->cells[row], (size_t)len);
		at += (size_t)len;
		if (row + 1 < rows)
			text[at++] = '|';
	}
	text[at] = '\0';
	return text;
}

/* ------------------------------------------------------------------ the terminal under test */

static struct screen screen;
static struct tty tty;
static int last_signal;

static void on_signal(void *context, int sig)
{
	(void)context;
	last_signal = sig;
}

static void reset(void)
{
	screen_clear(&screen);
	tty_init(&tty, screen_put, on_signal, &screen);
	tty.size.columns = COLUMNS;
	last_signal = 0;
}

static void type(const char *keys)
{
	for (; *keys; keys++)
		tty_input(&tty, (uint8_t)*keys);
}

static void print(const char *text)
{
	tty_output(&tty, text, strlen(text));
}

/* One read; "-" stands for: it would wait. */
static const char *take(uint32_t max)
{
	static char text[TTY_INPUT_BYTES + 1];
	uint32_t len;

	if (!tty_readable(&tty, max))
		return "-";
	len = tty_peek(&tty, (uint8_t *)text, max);
	tty_consume(&tty, max);
	text[len] = '\0';
	return text;
}

#define EXPECT_TEXT(got, wanted)                                                              \
	do {                                                                                  \
		const char *got_ = (got);                                                     \
		if (strcmp(got_, wanted)) {                                                   \
			printf("%s:%d: \"%s\" instead of \"%s\"\n", __FILE__, __LINE__, got_, \
				wanted);                                                      \
			failures++;                                                           \
		}                                                                             \
	} while (0)

#define LEFT   "\033[D"
#define RIGHT  "\033[C"
#define UP     "\033[A"
#define DOWN   "\033[B"
#define HOME   "\033[H"
#define END    "\033OF"
#define DELETE "\033[3~"
#define CTRL_A "\001"
#define CTRL_C "\003"
#define CTRL_D "\004"
#define CTRL_E "\005"
#define CTRL_H "\b"
#define CTRL_K "\013"
#define CTRL_L "\014"
#define CTRL_U "\025"
#define CTRL_W "\027"
#define CTRL_Z "\032"
#define RUBOUT "\177"

/* ------------------------------------------------------------------ tests */

struct edit_case {
	const char *keys;
	const char *line;   /* delivered after Return */
	const char *screen; /* behind the prompt "$ ", before Return */
};

static const struct edit_case edit_cases[] = {
	{"hello", "hello", "$ hello"},
	{"helo" LEFT "l", "hello", "$ hello"},
	{"ello" HOME "h" END "!", "hello!", "$ hello!"},
	{"ello" CTRL_A "h" CTRL_E "!", "hello!", "$ hello!"},
	{"hellox" RUBOUT, "hello", "$ hello"},
	{"hexllo" LEFT LEFT LEFT CTRL_H, "hello", "$ hello"},
	{"hexllo" LEFT LEFT LEFT LEFT DELETE, "hello", "$ hello"},
	{RUBOUT RUBOUT LEFT DELETE "a" RIGHT RIGHT "b", "ab", "$ ab"},
	{"one two  three" CTRL_W "3", "one two  3", "$ one two  3"},
	{"one two  " CTRL_W, "one ", "$ one"},
	{"one two" LEFT LEFT CTRL_U, "wo", "$ wo"},
	{"one two" LEFT LEFT LEFT CTRL_K, "one ", "$ one"},
	{"junk" CTRL_U "x", "x", "$ x"},
	{"a\033[5~b\033[1;5Cc\033OPd\033[[Ae", "abcde", "$ abcde"},
	{"a\tb", "a\tb", "$ a     b"},
	{"a\001\016b", "ba", "$ ba"},
	/* Wrapping: 18 cells are left in the first row. */
	{"123456789012345678", "123456789012345678", "$ 123456789012345678"},
	{"1234567890123456789", "1234567890123456789", "$ 123456789012345678|9"},
	{"123456789012345678" RUBOUT, "12345678901234567", "$ 12345678901234567"},
	{"1234567890123456789" HOME "x", "x1234567890123456789", "$ x12345678901234567|89"},
	{"1234567890123456789" HOME DELETE, "234567890123456789", "$ 234567890123456789"},
	{"12345678901234567890" CTRL_W "ab", "ab", "$ ab"},
	/* UTF-8: two-byte and three-byte characters move and go as one. */
	{"na\303\257ve" LEFT LEFT RUBOUT "i", "naive", "$ naive"},
	{"\342\202\254" LEFT "5" RIGHT "!", "5\342\202\254!", "$ 5\342!"},
	{"\342\202x", "\342\202x", "$ \342x"},
};

static void test_editing(void)
{
	for (size_t i = 0; i < sizeof(edit_cases) / sizeof(edit_cases[0]); i++) {
		const struct edit_case *c = &edit_cases[i];
		char line[64];
		int before = failures;

		reset();
		print("$ ");
		type(c->keys);
		EXPECT_TEXT(screen_text(&screen, strchr(c->screen, '|') ? 2 : 1), c->screen);
		EXPECT_TEXT(take(100), "-");
		type("\r");
		snprintf(line, sizeof(line), "%s\n", c->line);
		EXPECT_TEXT(take(100), line);
		EXPECT(screen.column == 0);
		if (failures != before)
			printf("  in case %zu\n", i);
	}
}

static void test_history(void)
{
	char line[32];

	reset();
	type("one\rtwo\rtwo\r  \rthree\r");
	while (strcmp(take(100), "-"))
		;
	screen_clear(&screen);
	tty.column = 0;
	type("new" UP);
	EXPECT_TEXT(screen_text(&screen, 1), "three");
	type(UP);
	EXPECT_TEXT(screen_text(&screen, 1), "two");
	type(UP UP UP);
	EXPECT_TEXT(screen_text(&screen, 1), "one");
	type(DOWN DOWN);
	EXPECT_TEXT(screen_text(&screen, 1), "three");
	type(DOWN);
	EXPECT_TEXT(screen_text(&screen, 1), "new");
	type(DOWN UP UP "!\r");
	EXPECT_TEXT(take(100), "two!\n");
	/* At least a hundred lines, the oldest go first. */
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "command %d\r", i);
		type(line);
		take(100);
	}
	EXPECT(tty.history.count >= 100);
	EXPECT_TEXT(history_get(&tty.history, 99), "command 900");
	EXPECT(history_get(&tty.history, tty.history.count) == NULL);
	/* Long lines push several out, and all stays well formed. */
	for (int i = 0; i < 100; i++) {
		for (int n = 0; n < 1000 + i; n++)
			tty_input(&tty, 'x');
		type("\r");
		take(2000);
	}
	EXPECT(strlen(history_get(&tty.history, 0)) == 1099);
	EXPECT(strlen(history_get(&tty.history, 1)) == 1098);
}

static void test_no_echo(void)
{
	struct tty_attr attr;

	reset();
	attr = tty.attr;
	attr.lflag &= ~(uint32_t)ECHO;
	tty_set_attr(&tty, &attr);
	type("secrex" RUBOUT "t\r");
	EXPECT_TEXT(screen_text(&screen, 1), "");
	EXPECT_TEXT(take(100), "secret\n");
	EXPECT(tty.history.count == 0);
}

static void test_lines(void)
{
	reset();
	type("one\rtwo\r");
	/* A read gives at most one line, and the rest of a long one to the next read. */
	EXPECT_TEXT(take(2), "on");
	EXPECT_TEXT(take(100), "e\n");
	EXPECT_TEXT(take(100), "two\n");
	EXPECT_TEXT(take(100), "-");
	/* ^D: end of file on an empty line, what there is otherwise. */
	type("par" CTRL_D);
	EXPECT_TEXT(take(100), "par");
	EXPECT_TEXT(take(100), "-");
	type(CTRL_D "x\r");
	EXPECT_TEXT(take(100), "");
	EXPECT_TEXT(take(100), "x\n");
	/* Peeking takes nothing. */
	type("again\r");
	tty_peek(&tty, (uint8_t[100]){0}, 100);
	EXPECT_TEXT(take(100), "again\n");
}

static void test_signals(void)
{
	struct tty_attr attr;

	reset();
	print("$ ");
	type("rm -rf" LEFT LEFT CTRL_C);
	EXPECT(last_signal == QSIGINT);
	EXPECT_TEXT(screen_text(&screen, 2), "$ rm -rf^C|");
	EXPECT(screen.column == 0);
	type("ok\r");
	EXPECT_TEXT(take(100), "ok\n");
	type("\034");
	EXPECT(last_signal == QSIGQUIT);
	type("typed ahead\r" CTRL_Z);
	EXPECT(last_signal == QSIGTSTP);
	EXPECT_TEXT(take(100), "-");
	attr = tty.attr;
	attr.lflag &= ~(uint32_t)ISIG;
	tty_set_attr(&tty, &attr);
	last_signal = 0;
	EXPECT(!tty_is_signal(&tty, 3));
	type(CTRL_C "\r");
	EXPECT(last_signal == 0);
	EXPECT_TEXT(take(100), "\003\n");
}

static void test_raw(void)
{
	struct tty_attr attr;

	reset();
	type("half");
	attr = tty.attr;
	attr.lflag = 0;
	attr.iflag = 0;
	attr.oflag = 0;
	attr.cc[VMIN] = 3;
	tty_set_attr(&tty, &attr);
	EXPECT_TEXT(take(100), "half");
	screen_clear(&screen);
	type("\r\003");
	EXPECT_TEXT(take(100), "-");
	EXPECT_TEXT(take(2), "\r\003");
	type("a\nb");
	EXPECT_TEXT(take(100), "a\nb");
	EXPECT_TEXT(screen_text(&screen, 1), "");
	print("x\ny");
	EXPECT(screen.row == 1 && screen.column == 2);
	attr.lflag = ICANON;
	type("left");
	tty_set_attr(&tty, &attr);
	EXPECT_TEXT(take(100), "left");
}

static void test_output(void)
{
	reset();
	print("$ ");
	type("half a line" LEFT LEFT);
	print("job done\n");
	EXPECT_TEXT(screen_text(&screen, 2), "$ job done|half a line");
	print("$ ");
	EXPECT_TEXT(screen_text(&screen, 2), "$ job done|$ half a line");
	EXPECT(screen.row == 1 && screen.column == 11);
	type("\r");
	EXPECT_TEXT(take(100), "half a line\n");
	/* ^L clears, and shows the prompt and the line again. */
	print("\r\n# ");
	type("abc" LEFT CTRL_L);
	EXPECT_TEXT(screen_text(&screen, 2), "# abc|");
	EXPECT(screen.row == 0 && screen.column == 4);
	/* Output over several rows under a line of several rows. */
	reset();
	type("123456789012345678901234567890" HOME);
	print("out\n");
	EXPECT_TEXT(screen_text(&screen, 3), "out|12345678901234567890|1234567890");
	EXPECT(screen.row == 1 && screen.column == 0);
}

/* Fills the queue without reading: the caller is told to stop before anything is lost. */
static void test_full(void)
{
	uint32_t typed = 0, read = 0;

	reset();
	tty.editor.echo = false;
	tty.attr.lflag &= ~(uint32_t)ECHO;
	while (tty_has_room(&tty)) {
		tty_input(&tty, typed % 50 == 49 ? '\n' : 'x');
		typed++;
	}
	EXPECT(typed > TTY_INPUT_BYTES / 2);
	tty_input(&tty, 3);
	EXPECT(last_signal == QSIGINT);
	for (typed = 0; tty_has_room(&tty); typed++)
		tty_input(&tty, '\n');
	while (strcmp(take(100), "-"))
		read++;
	EXPECT(typed == read);
	/* A line longer than the editor's keeps its beginning. */
	for (uint32_t i = 0; i < EDIT_LINE_MAX + 100; i++)
		tty_input(&tty, 'y');
	type("\r");
	EXPECT(strlen(take(TTY_INPUT_BYTES)) == EDIT_LINE_MAX + 1);
}

/* Keys as the server gives them: only while there is room. */
static bool offer(const char *keys)
{
	for (; *keys; keys++) {
		if (!tty_has_room(&tty))
			return false;
		tty_input(&tty, (uint8_t)*keys);
	}
	return true;
}

/* A queue with little room left, and one key that brings many bytes: a long line of the history, which
 * a program then takes as it is, or the last byte of a character. Nothing outside the queue is
 * written. */
static void test_full_at_once(void)
{
	static char line[EDIT_LINE_MAX + 1];
	struct tty_attr raw;

	memset(line, 'h', EDIT_LINE_MAX);
	reset();
	EXPECT(offer(line) && offer("\r"));
	take(TTY_INPUT_BYTES);
	while (tty_has_room(&tty))
		offer("0123456789012345678901234567890123456789\r");
	take(100);
	offer(UP UP);
	raw = tty.attr;
	raw.lflag = 0;
	tty_set_attr(&tty, &raw);
	EXPECT(tty.input_len <= TTY_INPUT_BYTES && tty.line_count == 0);
	for (uint32_t left = 0; left < 100; left++) {
		reset();
		while (TTY_INPUT_BYTES - tty.input_len > 200 && tty_has_room(&tty))
			offer("0123456789012345678901234567890123456789\r");
		for (uint32_t i = 0; i < left; i++)
			offer("x");
		while (offer("\360\237\230\200"))
			;
		offer("\360\237\230\r");
		EXPECT(tty.input_len + tty.editor.len <= TTY_INPUT_BYTES);
		EXPECT(tty.input_len < TTY_INPUT_BYTES || tty.input[TTY_INPUT_BYTES - 1] == '\n');
	}
}

/* ------------------------------------------------------------------ random keys */

static const char *const random_keys[] = {LEFT, RIGHT, UP, DOWN, HOME, END, DELETE, RUBOUT, CTRL_W,
	CTRL_U, CTRL_K, "a", "b", " ", "word ", "\303\251", "\342\202\254", "long text here ",
	"\001", "\020", "\t", "\016", "x", "y", "z", "\r", "\033", "\002", "\006"};

/* The screen is what drawing the line afresh behind the prompt would give. */
static void compare_with_fresh(void)
{
	static struct screen fresh;
	struct editor copy = tty.editor;
	uint32_t cell = copy.origin;
	int same, base = screen.row;

	/* Rows between the line's first and the cursor's, from the fresh drawing. */
	screen_clear(&fresh);
	fresh.column = (int)cell % COLUMNS;
	memset(fresh.cells[0], '$', cell % COLUMNS);
	copy.put = screen_put;
	copy.context = &fresh;
	edit_show(&copy, copy.origin);
	base -= fresh.row;
	EXPECT(base >= 0);
	if (base < 0)
		return;
	same = !memcmp(fresh.cells, screen.cells[base], sizeof(fresh.cells[0]) * 100);
	EXPECT(same);
	EXPECT(fresh.column == screen.column);
}

static void test_random(void)
{
	reset();
	for (int step = 0; step < 40000 && !failures; step++) {
		const char *keys =
			random_keys[(size_t)rand() % (sizeof(random_keys) / sizeof(char *))];

		if (tty.editor.len == 0) {
			screen_clear(&screen);
			tty.column = 0;
			tty.editor.escape = 0;
			print("$$");
			tty.editor.origin = 2;
		}
		if (tty.editor.len > 600)
			keys = "\r";
		type(keys);
		EXPECT(tty.editor.cursor <= tty.editor.len);
		if (tty.editor.len > 0)
			compare_with_fresh();
		while (strcmp(take(5000), "-"))
			;
	}
}

int main(void)
{
	srand(1);
	test_editing();
	test_history();
	test_no_echo();
	test_lines();
	test_signals();
	test_raw();
	test_output();
	test_full();
	test_full_at_once();
	test_random();
	printf(failures ? "FAILED: %d\n" : "ok\n", failures);
	return failures != 0;
}
