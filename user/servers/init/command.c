/* The command line; the contract is in command.h. Pure. */
#include "command.h"

#include <string.h>

#define SHELL "/bin/sh"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes `len` bytes into command->text. */
static bool decode(struct command *command, const char *from, size_t len)
{
	size_t at = 0;

	if (len >= COMMAND_TEXT)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = from[i];

		if (c == '%') {
			int high = len - i > 2 ? hex_digit(from[i + 1]) : -1;
			int low = len - i > 2 ? hex_digit(from[i + 2]) : -1;

			if (high < 0 || low < 0 || (high == 0 && low == 0))
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		command->text[at++] = c;
	}
	command->text[at] = '\0';
	return true;
}

/* Cuts command->text at spaces into argv. */
static bool split(struct command *command)
{
	char *at = command->text;
	int count = 0;

	for (;;) {
		while (*at == ' ')
			*at++ = '\0';
		if (!*at)
			break;
		if (count == COMMAND_ARGS)
			return false;
		command->argv[count++] = at;
		while (*at && *at != ' ')
			at++;
	}
	command->argv[count] = NULL;
	return count > 0;
}

static bool word_is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(word, name, len) == 0;
}

static const char *value_of(const char *word, size_t len, const char *key, size_t *value_len)
{
	size_t key_len = strlen(key);

	if (len < key_len || memcmp(word, key, key_len))
		return NULL;
	*value_len = len - key_len;
	return word + key_len;
}

static bool take_word(struct command *command, const char *word, size_t len)
{
	const char *value;
	size_t value_len;

	if (word_is(word, len, "once")) {
		command->once = true;
	} else if (word_is(word, len, "root=memory")) {
		command->memory_root = true;
	} else if ((value = value_of(word, len, "exec=", &value_len))) {
		command->scripted = true;
		command->argv[0] = (char *)SHELL;
		command->argv[1] = (char *)"-c";
		command->argv[2] = command->text;
		command->argv[3] = NULL;
		return decode(command, value, value_len);
	} else if ((value = value_of(word, len, "run=", &value_len))) {
		command->scripted = true;
		return decode(command, value, value_len) && split(command);
	} else if ((value = value_of(word, len, "init=", &value_len))) {
		return decode(command, value, value_len) && split(command);
	}
	return true;
}

bool command_parse(struct command *command, const char *line)
{
	bool good = true;

	memset(command, 0, sizeof(*command));
	command->argv[0] = (char *)SHELL;
	while (*line) {
		size_t len = strcspn(line, " ");

		if (len && !take_word(command, line, len))
			good = false;
		line += len;
		while (*line == ' ')
			line++;
	}
	return good;
}
