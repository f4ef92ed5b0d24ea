/*
 * cut: parts of each line, by bytes or by fields.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/lines.h"
#include "shared/options.h"
#include "shared/program.h"

struct range {
	unsigned long first;
	unsigned long last;
};

static struct range *ranges;
static size_t n_ranges;
static bool by_fields;
static bool complement;
static bool only_delimited;
static char delimiter = '\t';
static const char *output_delimiter;

static bool is_selected(unsigned long n)
{
	size_t i;

	for (i = 0; i < n_ranges; i++)
		if (n >= ranges[i].first && n <= ranges[i].last)
			return !complement;
	return complement;
}

/* N, N-, -M and N-M, separated by commas. */
static void parse_ranges(const char *s)
{
	for (;;) {
		struct range r = {1, ULONG_MAX};
		char *end = (char *)s;

		if (*s != '-')
			r.first = r.last = strtoul(s, &end, 10);
		if (*end == '-') {
			s = end + 1;
			r.last = strtoul(s, &end, 10);
			if (end == s && s[-1] == '-')
				r.last = ULONG_MAX;
		}
		if ((*end && *end != ',') || r.first == 0 || r.last < r.first)
			die(1, "invalid list of positions");
		ranges = must_realloc(ranges, (n_ranges + 1) * sizeof(*ranges));
		ranges[n_ranges++] = r;
		if (!*end)
			return;
		s = end + 1;
	}
}

static void cut_bytes(const struct line *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (is_selected((unsigned long)i + 1))
			putchar(l->text[i]);
	putchar('\n');
}

static void cut_fields(const struct line *l)
{
	const char *s = l->text;
	const char *end = l->text + l->n;
	unsigned long field = 1;
	bool any = false;

	if (!memchr(s, delimiter, l->n)) {
		if (!only_delimited)
			puts(s);
		return;
	}
	for (;;) {
		const char *stop = memchr(s, delimiter, (size_t)(end - s));
		size_t n = (size_t)((stop ? stop : end) - s);

		if (is_selected(field++)) {
			if (any && output_delimiter)
				fputs(output_delimiter, stdout);
			else if (any)
				putchar(delimiter);
			fwrite(s, 1, n, stdout);
			any = true;
		}
		if (!stop)
			break;
		s = stop + 1;
	}
	putchar('\n');
}

static bool cut_file(FILE *f, const char *name)
{
	struct line l = {0};

	(void)name;
	while (line_read(&l, f, '\n')) {
		if (by_fields)
			cut_fields(&l);
		else
			cut_bytes(&l);
	}
	free(l.text);
	return true;
}

int main(int argc, char **argv)
{
	bool ok;
	int c;

	program_begin(argc, argv,
		"-b LIST | -c LIST | -f LIST [-d CHAR] [-O STRING] [-sv] [FILE]...\n"
		"  -b, -c  these bytes\n  -f      these fields\n  -d      which CHAR separates "
		"(tab)\n"
		"  -O      separate the output by STRING\n  -s      no lines without the CHAR\n"
		"  -v      all but those in the LIST\nA LIST is N, N-M, N- or -M, separated by "
		"commas.");
	while ((c = next_option(argc, argv, "b:c:d:f:nO:sv")) != -1) {
		switch (c) {
		case 'b':
		case 'c': parse_ranges(option_arg); break;
		case 'f':
			parse_ranges(option_arg);
			by_fields = true;
			break;
		case 'd':
			if (option_arg[0] && option_arg[1])
				die(1, "the delimiter must be a single character");
			delimiter = option_arg[0];
			break;
		case 'n': break;
		case 'O': output_delimiter = option_arg; break;
		case 's': only_delimited = true; break;
		case 'v': complement = true; break;
		default: usage_error(1);
		}
	}
	if (n_ranges == 0) {
		warn("you must specify a list of bytes, characters, or fields");
		usage_error(1);
	}
	ok = for_each_file(argc - option_index, argv + option_index, cut_file);
	return program_end(!ok);
}
