/*
 * dirname: a path without its last component.
 */
#include <stdio.h>
#include <string.h>

#include "shared/program.h"

static void print(char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	path[n] = '\0';
	puts(n > 0 ? path : ".");
}

int main(int argc, char **argv)
{
	int i;

	program_begin(argc, argv, "PATH...\nPrints what stands before the last slash, or a dot.");
	if (argc < 2) {
		warn("missing operand");
		usage_error(1);
	}
	for (i = 1; i < argc; i++)
		print(argv[i]);
	return program_end(0);
}
