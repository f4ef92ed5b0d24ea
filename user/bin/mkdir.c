/*
 * mkdir: makes directories and, with -p, those above them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

static bool make(const char *path, mode_t mode, bool may_exist)
{
	if (mkdir(path, mode) == 0 || (may_exist && errno == EEXIST && is_directory(path)))
		return true;
	warn_errno("cannot create directory '%s'", path);
	return false;
}

static bool make_with_parents(const char *path, mode_t mode)
{
	char *copy = must_strdup(path);
	bool ok = true;
	char *slash;

	for (slash = copy + 1; ok && *copy && (slash = strchr(slash, '/')); slash++) {
		if (slash[1] == '/' || slash[1] == '\0')
			continue;
		*slash = '\0';
		ok = make(copy, 0777, true);
		*slash = '/';
	}
	free(copy);
	return ok && make(path, mode, true);
}

int main(int argc, char **argv)
{
	bool parents = false;
	mode_t mode = 0777;
	const char *mode_text = NULL;
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-p] [-m MODE] DIRECTORY...\n  -m  set the mode, as chmod does\n"
		"  -p  make the directories above as well; one that exists is fine");
	while ((c = next_option(argc, argv, "m:p")) != -1) {
		if (c == 'm')
			mode_text = option_arg;
		else if (c == 'p')
			parents = true;
		else
			usage_error(1);
	}
	if (option_index == argc) {
		warn("missing operand");
		usage_error(1);
	}
	if (mode_text) {
		if (!parse_mode(mode_text, 0777, &mode))
			die(1, "invalid mode '%s'", mode_text);
	}
	for (; option_index < argc; option_index++) {
		bool made = parents ? make_with_parents(argv[option_index], mode)
				    : make(argv[option_index], mode, false);

		if (made && mode_text && chmod(argv[option_index], mode) != 0) {
			warn_errno("cannot set mode of '%s'", argv[option_index]);
			made = false;
		}
		ok &= made;
	}
	return program_end(!ok);
}
