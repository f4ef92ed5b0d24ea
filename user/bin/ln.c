/*
 * ln: hard and symbolic links.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

static bool symbolic;
static bool force;

static bool make_link(const char *target, const char *path)
{
	struct stat a;
	struct stat b;

	if (force && lstat(path, &b) == 0) {
		if (stat(target, &a) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
			warn("'%s' and '%s' are the same file", target, path);
			return false;
		}
		if (unlink(path) != 0) {
			warn_errno("cannot remove '%s'", path);
			return false;
		}
	}
	if ((symbolic ? symlink(target, path) : link(target, path)) == 0)
		return true;
	if (symbolic)
		warn_errno("failed to create symbolic link '%s'", path);
	else
		warn_errno("failed to create hard link '%s' => '%s'", path, target);
	return false;
}

static bool link_into(const char *target, const char *dir)
{
	char *last = path_last(target);
	char *path = path_join(dir, last);
	bool ok = make_link(target, path);

	free(last);
	free(path);
	return ok;
}

int main(int argc, char **argv)
{
	bool plain_target = false;
	const char *last;
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-fns] TARGET [LINK]\n       ln [-fns] TARGET... DIRECTORY\n"
		"  -s  symbolic links\n  -f  replace what is there\n"
		"  -n  a LINK that is a link to a directory is itself replaced");
	while ((c = next_option(argc, argv, "fns")) != -1) {
		switch (c) {
		case 'f': force = true; break;
		case 'n': plain_target = true; break;
		case 's': symbolic = true; break;
		default: usage_error(1);
		}
	}
	if (option_index == argc) {
		warn("missing file operand");
		usage_error(1);
	}
	if (argc - option_index == 1)
		return program_end(!link_into(argv[option_index], "."));
	last = argv[argc - 1];
	if (is_directory(last)) {
		struct stat st;

		if (plain_target && lstat(last, &st) == 0 && S_ISLNK(st.st_mode) &&
			argc - option_index == 2)
			return program_end(!make_link(argv[option_index], last));
		for (; option_index < argc - 1; option_index++)
			ok &= link_into(argv[option_index], last);
	} else if (argc - option_index > 2) {
		die(1, "target '%s' is not a directory", last);
	} else {
		ok = make_link(argv[option_index], last);
	}
	return program_end(!ok);
}
