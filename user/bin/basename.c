/*
 * basename: the last component of a path, without a suffix.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

static void print(const char *path, const char *suffix)
{
	char *last = path_last(path);
	size_t n = strlen(last);
	size_t m = suffix ? strlen(suffix) : 0;

	if (m > 0 && n > m && strcmp(last + n - m, suffix) == 0)
		last[n - m] = '\0';
	puts(last);
	free(last);
}

int main(int argc, char **argv)
{
	const char *suffix = NULL;
	bool many = false;
	int c;

	program_begin(argc, argv,
		"PATH [SUFFIX]\n       basename [-a] [-s SUFFIX] PATH...\n"
		"Prints what stands after the last slash, without the SUFFIX.");
	while ((c = next_option(argc, argv, "+as:")) != -1) {
		if (c == 'a') {
			many = true;
		} else if (c == 's') {
			suffix = option_arg;
			many = true;
		} else {
			usage_error(1);
		}
	}
	if (option_index == argc) {
		warn("missing operand");
		usage_error(1);
	}
	if (!many) {
		if (argc - option_index > 2) {
			warn("extra operand '%s'", argv[option_index + 2]);
			usage_error(1);
		}
		print(argv[option_index], argv[option_index + 1]);
		return program_end(0);
	}
	for (; option_index < argc; option_index++)
		print(argv[option_index], suffix);
	return program_end(0);
}
