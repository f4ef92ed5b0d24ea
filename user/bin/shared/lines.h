/*
 * Lines of text of any length, for sort, uniq, cut, grep and the like.
 */
#ifndef SHARED_LINES_H
#define SHARED_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct line {
	char *text; /* NUL-terminated, without its newline */
	size_t n;
	size_t cap;
};

/* Reads the next line; false at the end of the file. A last line may lack its newline. */
bool line_read(struct line *l, FILE *f, int delimiter);

/*
 * Calls `each` for every file named, or for standard input if there is none or for "-". Files that
 * cannot be opened or read are reported. Returns whether all went well.
 */
bool for_each_file(int argc, char **argv, bool (*each)(FILE *f, const char *name));

#endif
