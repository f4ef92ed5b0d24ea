/*
 * grep: lines that match. The patterns are compiled one by one with the library's regcomp; fixed
 * strings are patterns with every special character escaped.
 */
#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shared/files.h"
#include "shared/lines.h"
#include "shared/options.h"
#include "shared/program.h"

#define TROUBLE 2

static regex_t *patterns;
static size_t n_patterns;
static bool extended;
static bool fixed;
static bool ignore_case;
static bool invert;
static bool count_only;
static bool names_only;
static bool quiet;
static bool silent;
static bool numbers;
static bool only_match;
static bool whole_line;
static bool whole_word;
static bool recursive;
static int show_names = -1; /* -1: when there are several files */
static bool any_match;
static bool trouble;

static char *escape(const char *s, size_t n)
{
	char *out = must_alloc(2 * n + 1);
	size_t m = 0;

	while (n-- > 0) {
		if (strchr(extended ? "\\^$.[]|()*+?{}" : "\\^$.[]*", *s))
			out[m++] = '\\';
		out[m++] = *s++;
	}
	out[m] = '\0';
	return out;
}

static void add_pattern(const char *s, size_t n)
{
	char *text = fixed ? escape(s, n) : must_alloc(n + 1);
	char *whole;
	char why[128];
	int error;

	if (!fixed) {
		memcpy(text, s, n);
		text[n] = '\0';
	}
	if (whole_line) {
		whole = must_alloc(strlen(text) + 8);
		sprintf(whole, !*text ? "^$" : extended ? "^(%s)$" : "^\\(%s\\)$", text);
		free(text);
		text = whole;
	}
	patterns = must_realloc(patterns, (n_patterns + 1) * sizeof(*patterns));
	/* An empty pattern matches everything, but not every regcomp takes it. */
	error = regcomp(&patterns[n_patterns], *text ? text : "^",
		(extended ? REG_EXTENDED : 0) | (ignore_case ? REG_ICASE : 0));
	if (error) {
		regerror(error, &patterns[n_patterns], why, sizeof(why));
		die(TROUBLE, "%s: %s", text, why);
	}
	n_patterns++;
	free(text);
}

/* Every line of the argument is a pattern. */
static void add_patterns(const char *s)
{
	for (;;) {
		size_t n = strcspn(s, "\n");

		add_pattern(s, n);
		if (!s[n])
			return;
		s += n + 1;
	}
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool stands_alone(const char *line, size_t start, size_t end)
{
	return !(start > 0 && is_word_char(line[start - 1])) &&
	       !(line[end] && is_word_char(line[end]));
}

/* The first match at or after `from`, of any pattern. */
static bool find_match(const char *line, size_t from, regmatch_t *best)
{
	bool found = false;
	size_t i;

	for (i = 0; i < n_patterns; i++) {
		size_t at = from;
		regmatch_t m;

		while (regexec(&patterns[i], line + at, 1, &m, at > 0 ? REG_NOTBOL : 0) == 0) {
			m.rm_so += (regoff_t)at;
			m.rm_eo += (regoff_t)at;
			if (whole_word && !stands_alone(line, (size_t)m.rm_so, (size_t)m.rm_eo)) {
				at = (size_t)m.rm_so + 1;
				if (!line[at - 1] || !line[at])
					break;
				continue;
			}
			if (!found || m.rm_so < best->rm_so ||
				(m.rm_so == best->rm_so && m.rm_eo > best->rm_eo))
				*best = m;
			found = true;
			break;
		}
	}
	return found;
}

static void print_prefix(const char *name, unsigned long number)
{
	if (show_names > 0)
		printf("%s:", name);
	if (numbers)
		printf("%lu:", number);
}

static void print_matches(const char *line, const char *name, unsigned long number)
{
	regmatch_t m;
	size_t at = 0;

	while (find_match(line, at, &m)) {
		if (m.rm_eo > m.rm_so) {
			print_prefix(name, number);
			printf("%.*s\n", (int)(m.rm_eo - m.rm_so), line + m.rm_so);
		}
		at = (size_t)(m.rm_eo > m.rm_so ? m.rm_eo : m.rm_eo + 1);
		if (at > strlen(line))
			break;
	}
}

static bool grep_file(FILE *f, const char *name)
{
	struct line l = {0};
	unsigned long number = 0;
	unsigned long count = 0;
	const char *shown = strcmp(name, "-") == 0 ? "(standard input)" : name;

	while (line_read(&l, f, '\n')) {
		regmatch_t m;

		number++;
		if (find_match(l.text, 0, &m) == invert)
			continue;
		count++;
		any_match = true;
		if (quiet || names_only)
			break;
		if (count_only)
			continue;
		if (only_match) {
			if (!invert)
				print_matches(l.text, shown, number);
			continue;
		}
		print_prefix(shown, number);
		fwrite(l.text, 1, l.n, stdout);
		putchar('\n');
	}
	free(l.text);
	if (names_only && count > 0 && !quiet)
		printf("%s\n", shown);
	else if (count_only && !quiet && !names_only) {
		if (show_names > 0)
			printf("%s:", shown);
		printf("%lu\n", count);
	}
	return true;
}

static void grep_path(const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	char **names;
	char **n;
	FILE *f;

	if (!is_stdin && is_directory(path)) {
		if (!recursive) {
			if (!silent)
				warn("%s: Is a directory", path);
			trouble = true;
			return;
		}
		names = directory_names(path);
		for (n = names; n && *n; n++) {
			char *sub = path_join(path, *n);

			grep_path(sub);
			free(sub);
		}
		names_free(names);
		return;
	}
	f = is_stdin ? stdin : fopen(path, "r");
	if (!f) {
		if (!silent)
			warn_errno("%s", path);
		trouble = true;
		return;
	}
	grep_file(f, path);
	if (!is_stdin)
		fclose(f);
}

int main(int argc, char **argv)
{
	static char dot[] = ".";
	static char dash[] = "-";
	char *pattern_text = NULL;
	char *joined;
	int c;

	program_begin(argc, argv,
		"[-cEFhHilnoqrsvwx] [-e PATTERN]... [PATTERN] [FILE]...\n"
		"  -E  extended patterns   -F  plain strings      -e  a PATTERN, of several\n"
		"  -i  ignore case         -v  lines without      -w  whole words   -x  whole "
		"lines\n"
		"  -n  line numbers        -c  only counts        -l  only names    -o  only the "
		"match\n"
		"  -q  only the status     -s  no messages        -r  in directories\n"
		"  -h, -H  never, always name the file");
	while ((c = next_option(argc, argv, "cEFGhHie:lnoqrRsvwx")) != -1) {
		switch (c) {
		case 'c': count_only = true; break;
		case 'E': extended = true; break;
		case 'F': fixed = true; break;
		case 'G': extended = fixed = false; break;
		case 'h': show_names = 0; break;
		case 'H': show_names = 1; break;
		case 'i': ignore_case = true; break;
		case 'e':
			joined = must_alloc(
				(pattern_text ? strlen(pattern_text) : 0) + strlen(option_arg) + 2);
			sprintf(joined, "%s%s%s", pattern_text ? pattern_text : "",
				pattern_text ? "\n" : "", option_arg);
			free(pattern_text);
			pattern_text = joined;
			break;
		case 'l': names_only = true; break;
		case 'n': numbers = true; break;
		case 'o': only_match = true; break;
		case 'q': quiet = true; break;
		case 'r':
		case 'R': recursive = true; break;
		case 's': silent = true; break;
		case 'v': invert = true; break;
		case 'w': whole_word = true; break;
		case 'x': whole_line = true; break;
		default: usage_error(TROUBLE);
		}
	}
	if (!pattern_text && option_index == argc) {
		warn("missing pattern");
		usage_error(TROUBLE);
	}
	add_patterns(pattern_text ? pattern_text : argv[option_index++]);
	free(pattern_text);
	if (show_names < 0)
		show_names = argc - option_index > 1 || recursive;
	if (option_index == argc)
		grep_path(recursive ? dot : dash);
	for (; option_index < argc && !(quiet && any_match); option_index++)
		grep_path(argv[option_index]);
	if (quiet && any_match)
		return 0;
	return program_end(trouble ? TROUBLE : !any_match);
}
