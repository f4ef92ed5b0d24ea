/*
 * See options.h.
 */
#include <string.h>

#include "options.h"
#include "program.h"

const char *option_arg;
int option_index = 1;

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

/* Takes a word out of its place and puts it before those from `to` on. */
static void move_word(char **argv, int from, int to)
{
	char *word = argv[from];

	memmove(argv + to + 1, argv + to, (size_t)(from - to) * sizeof(*argv));
	argv[to] = word;
}

int next_option(int argc, char **argv, const char *spec)
{
	static const char *rest = ""; /* letters of the word at hand */
	static int from;	      /* where that word stood */
	const char *known;
	char letter;

	if (!*rest) {
		for (from = option_index; from < argc && !is_option(argv[from]); from++)
			if (*spec == '+')
				return -1;
		if (from == argc)
			return -1;
		move_word(argv, from, option_index);
		rest = argv[option_index++] + 1;
		if (strcmp(rest, "-") == 0) {
			rest = "";
			return -1;
		}
		if (*rest == '-') {
			warn("unrecognized option '-%s'", rest);
			rest = "";
			return '?';
		}
	}
	letter = *rest++;
	known = letter == ':' || letter == '+' ? NULL : strchr(spec, letter);
	if (!known) {
		warn("invalid option -- '%c'", letter);
		return '?';
	}
	if (known[1] != ':')
		return letter;
	if (*rest) {
		option_arg = rest;
		rest = "";
	} else if (from + 1 < argc) {
		move_word(argv, from + 1, option_index);
		option_arg = argv[option_index++];
	} else {
		warn("option requires an argument -- '%c'", letter);
		return '?';
	}
	return letter;
}
