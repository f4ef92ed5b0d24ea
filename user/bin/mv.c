/*
 * mv: renames, and between file systems copies and removes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"
#include "shared/tree.h"

static bool no_replace;
static bool verbose;

static bool move(const char *from, const char *to)
{
	static const struct copy_options copy = {
		.recursive = true, .preserve = true, .force = true};
	static const struct remove_options discard = {.recursive = true};
	struct stat a;
	struct stat b;

	if (no_replace && lstat(to, &b) == 0)
		return true;
	if (lstat(from, &a) == 0 && lstat(to, &b) == 0 && a.st_dev == b.st_dev &&
		a.st_ino == b.st_ino) {
		warn("'%s' and '%s' are the same file", from, to);
		return false;
	}
	if (rename(from, to) != 0) {
		if (errno != EXDEV) {
			warn_errno("cannot move '%s' to '%s'", from, to);
			return false;
		}
		if (!copy_tree(from, to, &copy) || !remove_tree(from, &discard))
			return false;
	}
	if (verbose)
		printf("renamed '%s' -> '%s'\n", from, to);
	return true;
}

static bool move_into(const char *from, const char *dir)
{
	char *last = path_last(from);
	char *to = path_join(dir, last);
	bool ok = move(from, to);

	free(last);
	free(to);
	return ok;
}

int main(int argc, char **argv)
{
	const char *target;
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-fnv] FROM TO\n       mv [-fnv] FROM... DIRECTORY\n"
		"  -f  replace what is there (always so)\n  -n  do not\n  -v  say what is renamed");
	while ((c = next_option(argc, argv, "fnv")) != -1) {
		switch (c) {
		case 'f': no_replace = false; break;
		case 'n': no_replace = true; break;
		case 'v': verbose = true; break;
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
			ok &= move_into(argv[option_index], target);
	} else if (argc - option_index > 2) {
		die(1, "target '%s' is not a directory", target);
	} else {
		ok = move(argv[option_index], target);
	}
	return program_end(!ok);
}
