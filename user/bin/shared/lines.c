/*
 * See lines.h.
 */
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "program.h"

bool line_read(struct line *l, FILE *f, int delimiter)
{
	bool any = false;
	int c;

	l->n = 0;
	while ((c = getc(f)) != EOF) {
		any = true;
		if (l->n + 1 >= l->cap) {
			l->cap = l->cap ? l->cap * 2 : 128;
			l->text = must_realloc(l->text, l->cap);
		}
		if (c == delimiter)
			break;
		l->text[l->n++] = (char)c;
	}
	if (any)
		l->text[l->n] = '\0';
	return any;
}

static bool with_file(const char *name, bool (*each)(FILE *f, const char *name))
{
	bool is_stdin = strcmp(name, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(name, "r");
	bool ok;

	if (!f) {
		warn_errno("%s", name);
		return false;
	}
	ok = each(f, name);
	if (ferror(f)) {
		warn_errno("%s", name);
		ok = false;
	}
	if (!is_stdin)
		fclose(f);
	return ok;
}

bool for_each_file(int argc, char **argv, bool (*each)(FILE *f, const char *name))
{
	bool ok = true;
	int i;

	if (argc == 0)
		return with_file("-", each);
	for (i = 0; i < argc; i++)
		ok &= with_file(argv[i], each);
	return ok;
}
