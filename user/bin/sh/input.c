/*
 * Where the shell's characters come from: a stack of strings (`-c`, eval, backquotes,
 * here-documents) and descriptors (scripts, standard input). An interactive descriptor prints the
 * prompt before each read. Standard input may be shared with the commands that the script runs, so
 * where it cannot be taken as a whole, it is read a byte at a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

#define BUFFER_SIZE 1024u
#define PUSHBACK    4u /* characters kept before the buffer for input_ungetc */

void input_push_string(struct input *in, const char *text, size_t len, int line)
{
	*in = (struct input){.text = text, .len = len, .fd = -1, .line = line, .up = sh.input};
	if (sh.input)
		in->name = sh.input->name;
	sh.input = in;
}

void input_push_fd(struct input *in, int fd, const char *name)
{
	*in = (struct input){.fd = fd, .name = name, .line = 1, .up = sh.input};
	in->buf = xmalloc(BUFFER_SIZE + PUSHBACK);
	in->text = in->buf;
	sh.input = in;
}

void input_pop(void)
{
	free(sh.input->buf);
	sh.input = sh.input->up;
}

static void print_prompt(void)
{
	if (sh.continuation) {
		const char *ps2 = var_get("PS2");

		err_str(ps2 ? ps2 : "> ");
	} else if (var_get("PS1")) {
		err_str(var_get("PS1"));
	} else {
		const char *pwd = var_get("PWD");

		err_str("quire:");
		err_str(pwd ? pwd : "?");
		err_str("$ ");
	}
}

static bool refill(struct input *in)
{
	size_t kept = in->len < PUSHBACK ? in->len : PUSHBACK;
	ssize_t n;

	if (!in->buf)
		return false;
	memmove(in->buf, in->buf + in->len - kept, kept);
	in->pos = in->len = kept;
	if (in->interactive) {
		print_prompt();
		sh.continuation = true;
	}
	do {
		n = read_interruptibly(
			in->fd, in->buf + kept, in->byte_at_a_time ? 1 : BUFFER_SIZE);
		if (n < 0 && errno == EINTR && in->interactive && sh.interrupted) {
			in->interrupted = true;
			return false;
		}
		if (n < 0 && errno == EINTR)
			traps_run();
	} while (n < 0 && errno == EINTR && sh.flow == FLOW_NONE);
	if (n <= 0)
		return false;
	in->len += (size_t)n;
	return true;
}

int input_getc(void)
{
	struct input *in = sh.input;
	unsigned char c;

	do {
		if (in->pos == in->len && !refill(in))
			return INPUT_EOF;
		c = (unsigned char)in->text[in->pos++];
	} while (c == '\0');
	if (c == '\n')
		in->line++;
	return c;
}

/* Puts back the character that input_getc gave last. */
void input_ungetc(int c)
{
	struct input *in = sh.input;

	if (c == INPUT_EOF)
		return;
	if (c == '\n')
		in->line--;
	in->pos--;
}

/* After an error at the terminal: forget what else the user has typed on this line. */
void input_discard_line(void)
{
	sh.input->pos = sh.input->len;
	sh.input->interrupted = false;
}
