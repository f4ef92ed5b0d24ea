/*
 * rm: removes files and, with -r, trees.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"
#include "shared/tree.h"

/* . and .. would take away the ground under the user, and / everything. */
static bool is_forbidden(const char *path)
{
	char *last = path_last(path);
	bool forbidden =
		strcmp(last, ".") == 0 || strcmp(last, "..") == 0 || strcmp(last, "/") == 0;

	free(last);
	return forbidden;
}

int main(int argc, char **argv)
{
	struct remove_options o = {0};
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-firRv] FILE...\n  -f      no message for files that do not exist\n"
		"  -i      ask before each\n  -r, -R  directories too, with what is in them\n"
		"  -v      say what is removed");
	while ((c = next_option(argc, argv, "firRv")) != -1) {
		switch (c) {
		case 'f':
			o.force = true;
			o.ask = false;
			break;
		case 'i': o.ask = true; break;
		case 'r':
		case 'R': o.recursive = true; break;
		case 'v': o.verbose = true; break;
		default: usage_error(1);
		}
	}
	if (option_index == argc && !o.force) {
		warn("missing operand");
		usage_error(1);
	}
	for (; option_index < argc; option_index++) {
		if (is_forbidden(argv[option_index])) {
			warn("refusing to remove '%s'", argv[option_index]);
			ok = false;
		} else {
			ok &= remove_tree(argv[option_index], &o);
		}
	}
	return program_end(!ok);
}
