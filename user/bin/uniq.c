/*
 * uniq: one of each run of equal lines.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "shared/lines.h"
#include "shared/options.h"
#include "shared/program.h"

static bool show_count;
static bool only_repeated;
static bool only_unique;
static bool ignore_case;
static long long skip_fields;
static long long skip_chars;

/* The part of the line that is compared. */
static const char *compared(const char *s)
{
	long long i;

	for (i = 0; i < skip_fields; i++) {
		while (isblank((unsigned char)*s))
			s++;
		while (*s && !isblank((unsigned char)*s))
			s++;
	}
	for (i = 0; i < skip_chars && *s; i++)
		s++;
	return s;
}

static bool equal(const char *a, const char *b)
{
	a = compared(a);
	b = compared(b);
	return (ignore_case ? strcasecmp(a, b) : strcmp(a, b)) == 0;
}

static void print_run(const struct line *l, unsigned long count)
{
	if (count == 0 || (only_repeated && count == 1) || (only_unique && count > 1))
		return;
	if (show_count)
		printf("%7lu ", count);
	fwrite(l->text, 1, l->n, stdout);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct line first = {0};
	struct line next = {0};
	unsigned long count = 0;
	int c;

	program_begin(argc, argv,
		"[-cdiu] [-f FIELDS] [-s CHARS] [INPUT [OUTPUT]]\n"
		"  -c  with counts   -d  only repeated lines   -u  only the others   -i  ignore "
		"case\n"
		"  -f, -s  do not compare the first FIELDS, or CHARS");
	while ((c = next_option(argc, argv, "cdf:is:u")) != -1) {
		switch (c) {
		case 'c': show_count = true; break;
		case 'd': only_repeated = true; break;
		case 'f':
			skip_fields = number_arg(option_arg, 0, 0x7fffffff, "number of fields");
			break;
		case 'i': ignore_case = true; break;
		case 's':
			skip_chars = number_arg(option_arg, 0, 0x7fffffff, "number of bytes");
			break;
		case 'u': only_unique = true; break;
		default: usage_error(1);
		}
	}
	if (option_index < argc && strcmp(argv[option_index], "-") != 0)
		redirect(STDIN_FILENO, argv[option_index], O_RDONLY, 1);
	if (option_index + 1 < argc && strcmp(argv[option_index + 1], "-") != 0)
		redirect(STDOUT_FILENO, argv[option_index + 1], O_WRONLY | O_CREAT | O_TRUNC, 1);
	while (line_read(&next, stdin, '\n')) {
		struct line swap = first;

		if (count > 0 && equal(first.text, next.text)) {
			count++;
			continue;
		}
		print_run(&first, count);
		first = next;
		next = swap;
		count = 1;
	}
	print_run(&first, count);
	return program_end(0);
}
