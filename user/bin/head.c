/*
 * head: the first lines or bytes of files.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "shared/options.h"
#include "shared/program.h"

static long long count = 10;
static bool by_bytes;

static bool copy_head(FILE *f, const char *name)
{
	long long left = count;
	int c;

	while (left > 0 && (c = getc(f)) != EOF) {
		putchar(c);
		if (by_bytes || c == '\n')
			left--;
	}
	if (!ferror(f))
		return true;
	warn_errno("error reading '%s'", name);
	return false;
}

static bool head_file(const char *name, bool title)
{
	static bool later;
	bool is_stdin = strcmp(name, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(name, "r");
	bool ok;

	if (!f) {
		warn_errno("cannot open '%s' for reading", name);
		return false;
	}
	if (title)
		printf("%s==> %s <==\n", later ? "\n" : "", is_stdin ? "standard input" : name);
	later = true;
	ok = copy_head(f, name);
	if (!is_stdin)
		fclose(f);
	return ok;
}

static void set_count(const char *s, bool bytes)
{
	by_bytes = bytes;
	if (!parse_size(s, &count))
		die(1, "invalid number of %s: '%s'", bytes ? "bytes" : "lines", s);
}

int main(int argc, char **argv)
{
	bool quiet = false;
	bool verbose = false;
	bool ok = true;
	bool title;
	int c;

	program_begin(argc, argv,
		"[-n LINES | -c BYTES | -LINES] [-qv] [FILE]...\n  -n  so many lines (10)\n"
		"  -c  so many bytes\n  -q  no titles\n  -v  titles even for one file");
	if (argc > 1 && argv[1][0] == '-' && argv[1][1] >= '0' && argv[1][1] <= '9') {
		set_count(argv[1] + 1, false);
		option_index = 2;
	}
	while ((c = next_option(argc, argv, "c:n:qv")) != -1) {
		switch (c) {
		case 'c':
		case 'n': set_count(option_arg, c == 'c'); break;
		case 'q': quiet = true; break;
		case 'v': verbose = true; break;
		default: usage_error(1);
		}
	}
	title = verbose || (argc - option_index > 1 && !quiet);
	if (option_index == argc)
		ok = head_file("-", title);
	for (; option_index < argc; option_index++)
		ok &= head_file(argv[option_index], title);
	return program_end(!ok);
}
