/*
 * rmdir: removes empty directories and, with -p, those above that become empty.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/options.h"
#include "shared/program.h"

static bool remove_one(const char *path)
{
	if (rmdir(path) == 0)
		return true;
	warn_errno("failed to remove '%s'", path);
	return false;
}

static bool remove_with_parents(const char *path)
{
	char *copy = must_strdup(path);
	bool ok = true;

	while (ok && *copy) {
		char *slash;

		ok = remove_one(copy);
		slash = strrchr(copy, '/');
		while (slash && slash > copy && slash[1] == '\0') {
			*slash = '\0';
			slash = strrchr(copy, '/');
		}
		if (!slash || slash == copy)
			break;
		*slash = '\0';
	}
	free(copy);
	return ok;
}

int main(int argc, char **argv)
{
	bool parents = false;
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-p] DIRECTORY...\nRemoves directories that are empty.\n"
		"  -p  then those above them as well");
	while ((c = next_option(argc, argv, "p")) != -1) {
		if (c != 'p')
			usage_error(1);
		parents = true;
	}
	if (option_index == argc) {
		warn("missing operand");
		usage_error(1);
	}
	for (; option_index < argc; option_index++)
		ok &= parents ? remove_with_parents(argv[option_index])
			      : remove_one(argv[option_index]);
	return program_end(!ok);
}
