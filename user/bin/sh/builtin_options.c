/*
 * Builtins that take apart arguments or input: set, getopts and read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

static const struct {
	char letter;
	const char *name;
	size_t offset;
} options[] = {
	{'a', "allexport", offsetof(struct shell, opt_export)},
	{'C', "noclobber", offsetof(struct shell, opt_noclobber)},
	{'e', "errexit", offsetof(struct shell, opt_exit)},
	{'f', "noglob", offsetof(struct shell, opt_noglob)},
	{'n', "noexec", offsetof(struct shell, opt_noexec)},
	{'u', "nounset", offsetof(struct shell, opt_unset)},
	{'x', "xtrace", offsetof(struct shell, opt_trace)},
};

#define N_OPTIONS (sizeof(options) / sizeof(*options))

static bool *option_at(size_t i)
{
	return (bool *)((char *)&sh + options[i].offset);
}

int set_option(char letter, bool on)
{
	size_t i;

	for (i = 0; i < N_OPTIONS; i++) {
		if (options[i].letter == letter) {
			*option_at(i) = on;
			return 0;
		}
	}
	shell_error("bad option '%c%c'", on ? '-' : '+', letter);
	return STATUS_SYNTAX;
}

int set_option_long(const char *name, bool on)
{
	size_t i;

	for (i = 0; i < N_OPTIONS; i++) {
		if (strcmp(options[i].name, name) == 0) {
			*option_at(i) = on;
			return 0;
		}
	}
	shell_error("bad option '%s'", name);
	return STATUS_SYNTAX;
}

/* Writes what $- expands to. */
int option_flags(char *out)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < N_OPTIONS; i++)
		if (*option_at(i))
			out[n++] = options[i].letter;
	if (sh.interactive)
		out[n++] = 'i';
	out[n] = '\0';
	return (int)n;
}

static void print_options(bool as_commands)
{
	size_t i;

	for (i = 0; i < N_OPTIONS; i++) {
		bool on = *option_at(i);

		if (as_commands)
			out_fmt("set %co %s\n", on ? '-' : '+', options[i].name);
		else
			out_fmt("%-16s%s\n", options[i].name, on ? "on" : "off");
	}
}

int builtin_set(int argc, char **argv)
{
	int status = 0;
	int i;

	if (argc == 1) {
		vars_print("", false, false, true);
		return 0;
	}
	for (i = 1; i < argc && (argv[i][0] == '-' || argv[i][0] == '+'); i++) {
		bool on = argv[i][0] == '-';
		const char *o = argv[i] + 1;

		if (strcmp(argv[i], "--") == 0 || !*o) {
			params_set(argv + i + 1, argc - i - 1);
			return status;
		}
		for (; *o && status == 0; o++) {
			if (*o != 'o')
				status = set_option(*o, on);
			else if (i + 1 == argc)
				print_options(!on);
			else
				status = set_option_long(argv[++i], on);
		}
		if (status != 0) {
			shell_fail(status);
			return status;
		}
	}
	if (i < argc)
		params_set(argv + i, argc - i);
	return 0;
}

static int getopts_end(const char *name, int index)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%d", index);
	var_set("OPTIND", digits);
	var_set(name, "?");
	return 1;
}

/* Sets the results of one step: the option found and its argument. */
static int getopts_result(const char *name, char letter, const char *argument, int index)
{
	char text[16] = {letter, '\0'};

	var_set(name, text);
	if (argument)
		var_set("OPTARG", argument);
	else
		var_unset("OPTARG");
	snprintf(text, sizeof(text), "%d", index);
	var_set("OPTIND", text);
	return 0;
}

int builtin_getopts(int argc, char **argv)
{
	static int position; /* in a word of several option letters */
	static int last_index;
	const char *spec;
	const char *known;
	const char *index_text = var_get("OPTIND");
	int index = index_text ? atoi(index_text) : 1;
	char **args = sh.params.v;
	int n = sh.params.n;
	char letter_text[2] = {0};
	bool quiet;

	if (argc < 3) {
		shell_error("getopts: usage: getopts OPTIONS NAME [ARG]...");
		return STATUS_SYNTAX;
	}
	if (argc > 3) {
		args = argv + 3;
		n = argc - 3;
	}
	spec = argv[1];
	quiet = *spec == ':';
	if (index < 1)
		index = 1;
	if (index != last_index || position < 1)
		position = 1;
	if (index > n || args[index - 1][0] != '-' || !args[index - 1][1])
		return getopts_end(argv[2], index);
	if (strcmp(args[index - 1], "--") == 0)
		return getopts_end(argv[2], index + 1);
	if ((size_t)position >= strlen(args[index - 1]))
		position = 1;
	letter_text[0] = args[index - 1][position++];
	known = letter_text[0] == ':' ? NULL : strchr(spec, letter_text[0]);
	if (!args[index - 1][position] || (known && known[1] == ':')) {
		const char *rest = args[index - 1] + position;

		position = 1;
		index++;
		if (known && known[1] == ':') {
			last_index = index + !*rest;
			if (*rest)
				return getopts_result(argv[2], *known, rest, index);
			if (index <= n)
				return getopts_result(argv[2], *known, args[index - 1], index + 1);
			if (!quiet)
				shell_error("option requires an argument -- %s", letter_text);
			return getopts_result(
				argv[2], quiet ? ':' : '?', quiet ? letter_text : NULL, index);
		}
	}
	last_index = index;
	if (known)
		return getopts_result(argv[2], *known, NULL, index);
	if (!quiet)
		shell_error("bad option -- %s", letter_text);
	return getopts_result(argv[2], '?', quiet ? letter_text : NULL, index);
}

/* Reads a line a byte at a time, for what follows it belongs to the next command. */
static int read_line(struct marked *line, bool raw)
{
	bool escaped = false;
	char c;

	for (;;) {
		ssize_t n = read_interruptibly(STDIN_FILENO, &c, 1);

		if (n < 0 && errno == EINTR && !sh.interrupted && !traps_pending())
			continue;
		if (n < 0) {
			if (errno != EINTR)
				shell_error("read: %s", strerror(errno));
			return sh.interrupted ? STATUS_SIGNAL(SIGINT) : 1;
		}
		if (n == 0)
			return 1;
		if (escaped) {
			escaped = false;
			if (c != '\n')
				marked_add(line, c, MARK_QUOTED);
		} else if (c == '\\' && !raw) {
			escaped = true;
		} else if (c == '\n') {
			return 0;
		} else if (c) {
			marked_add(line, c, MARK_SPLIT);
		}
	}
}

static bool is_separator(const struct marked *m, size_t i, const char *set)
{
	return m->marks.s[i] == MARK_SPLIT && strchr(set, m->text.s[i]);
}

/* The characters of IFS that are white space. */
static const char *ifs_spaces(const char *ifs)
{
	static char spaces[4];
	const char *s;
	size_t n = 0;

	for (s = " \t\n"; *s; s++)
		if (strchr(ifs, *s))
			spaces[n++] = *s;
	spaces[n] = '\0';
	return spaces;
}

/* The last variable takes the rest of the line, separators and all but the white space around. */
static int assign_rest(const char *name, const struct marked *m, size_t at, const char *ifs)
{
	const char *spaces = ifs_spaces(ifs);
	size_t end = m->text.len;
	size_t fields = 0;
	size_t i;

	while (end > at && is_separator(m, end - 1, spaces))
		end--;
	/* A single separator after the only field left is not part of it. */
	for (i = at; i < end; i++)
		fields += is_separator(m, i, ifs) && !is_separator(m, i, spaces);
	if (fields == 1 && end > at && is_separator(m, end - 1, ifs)) {
		end--;
		while (end > at && is_separator(m, end - 1, spaces))
			end--;
	}
	return var_set(name, end > at ? arena_strndup(sh.temp, m->text.s + at, end - at) : "");
}

static int assign_fields(const struct marked *m, char **names, int n)
{
	const char *ifs = var_get("IFS");
	const char *spaces;
	size_t at = 0;
	int status = 0;
	int i;

	if (!ifs)
		ifs = " \t\n";
	spaces = ifs_spaces(ifs);
	for (i = 0; i < n; i++) {
		size_t start;

		while (at < m->text.len && is_separator(m, at, spaces))
			at++;
		if (i == n - 1)
			return status | assign_rest(names[i], m, at, ifs);
		start = at;
		while (at < m->text.len && !is_separator(m, at, ifs))
			at++;
		status |= var_set(names[i],
			at > start ? arena_strndup(sh.temp, m->text.s + start, at - start) : "");
		while (at < m->text.len && is_separator(m, at, spaces))
			at++;
		if (at < m->text.len && is_separator(m, at, ifs))
			at++;
	}
	return status;
}

int builtin_read(int argc, char **argv)
{
	static char reply[] = "REPLY";
	char *only_reply[] = {reply};
	struct marked line = {0};
	bool raw = false;
	int status;
	int assigned;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (strcmp(argv[i], "-r") == 0) {
			raw = true;
		} else if (strcmp(argv[i], "-p") == 0 && i + 1 < argc) {
			err_str(argv[++i]);
		} else {
			shell_error("read: %s: bad option", argv[i]);
			return STATUS_SYNTAX;
		}
	}
	status = read_line(&line, raw);
	if (i < argc)
		assigned = assign_fields(&line, argv + i, argc - i);
	else
		assigned = assign_fields(&line, only_reply, 1);
	marked_free(&line);
	return status ? status : assigned;
}
