/*
 * cp: copies files and, with -r, trees.
 */
#include <stdlib.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"
#include "shared/tree.h"

static bool copy_into(const char *from, const char *dir, const struct copy_options *o)
{
	char *last = path_last(from);
	char *to = path_join(dir, last);
	bool ok = copy_tree(from, to, o);

	free(last);
	free(to);
	return ok;
}

int main(int argc, char **argv)
{
	struct copy_options o = {0};
	const char *target;
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-afprRv] FROM TO\n       cp [-afprRv] FROM... DIRECTORY\n"
		"  -r, -R  copy directories and what is in them\n  -p      keep mode and times\n"
		"  -a      both\n  -f      replace files that cannot be opened\n"
		"  -v      say what is copied");
	while ((c = next_option(argc, argv, "afprRv")) != -1) {
		switch (c) {
		case 'a': o.recursive = o.preserve = true; break;
		case 'f': o.force = true; break;
		case 'p': o.preserve = true; break;
		case 'r':
		case 'R': o.recursive = true; break;
		case 'v': o.verbose = true; break;
		default: usage_error(1);
		}
	}
	if (argc - option_index < 2) {
		warn(option_index == argc ? "missing file operand" : "missing destination operand");
		usage_error(1);
	}
	target = argv[argc - 1];
	if (is_directory(target)) {
		for (; option_index < argc - 1; option_index++)
			ok &= copy_into(argv[option_index], target, &o);
	} else if (argc - option_index > 2) {
		die(1, "target '%s' is not a directory", target);
	} else {
		ok = copy_tree(argv[option_index], target, &o);
	}
	return program_end(!ok);
}
