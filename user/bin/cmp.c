/*
 * cmp: compares two files byte by byte.
 */
#include <stdio.h>
#include <string.h>

#include "shared/options.h"
#include "shared/program.h"

static FILE *open_input(const char *name)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");

	if (!f)
		die_errno(2, "%s", name);
	return f;
}

int main(int argc, char **argv)
{
	unsigned long long at = 0;
	unsigned long long lines = 1;
	long long limit = -1;
	bool all = false;
	bool silent = false;
	int status = 0;
	const char *names[2];
	FILE *f[2];
	int a = EOF;
	int b = EOF;
	int c;

	program_begin(argc, argv,
		"[-ls] [-n LIMIT] FILE1 [FILE2]\n  -l  every byte that differs\n"
		"  -s  only the status\n  -n  no more than LIMIT bytes");
	while ((c = next_option(argc, argv, "ln:s")) != -1) {
		switch (c) {
		case 'l': all = true; break;
		case 'n':
			if (!parse_size(option_arg, &limit))
				die(2, "invalid limit '%s'", option_arg);
			break;
		case 's': silent = true; break;
		default: usage_error(2);
		}
	}
	if (argc - option_index < 1 || argc - option_index > 2) {
		warn(option_index == argc ? "missing operand" : "extra operand");
		usage_error(2);
	}
	names[0] = argv[option_index];
	names[1] = option_index + 1 < argc ? argv[option_index + 1] : "-";
	f[0] = open_input(names[0]);
	f[1] = open_input(names[1]);
	for (; limit < 0 || at < (unsigned long long)limit; at++) {
		a = getc(f[0]);
		b = getc(f[1]);
		if (a == EOF || b == EOF)
			break;
		if (a != b) {
			status = 1;
			if (silent)
				return 1;
			if (!all) {
				printf("%s %s differ: char %llu, line %llu\n", names[0], names[1],
					at + 1, lines);
				return program_end(1);
			}
			printf("%llu %3o %3o\n", at + 1, (unsigned)a, (unsigned)b);
		}
		lines += a == '\n';
	}
	if (ferror(f[0]) || ferror(f[1]))
		die_errno(2, "%s", names[ferror(f[0]) ? 0 : 1]);
	if (limit >= 0 && at >= (unsigned long long)limit)
		return program_end(status);
	if (a == b)
		return program_end(status);
	if (!silent) {
		if (at == 0)
			warn("EOF on %s which is empty", names[a == EOF ? 0 : 1]);
		else
			warn("EOF on %s after byte %llu", names[a == EOF ? 0 : 1], at);
	}
	return program_end(1);
}
