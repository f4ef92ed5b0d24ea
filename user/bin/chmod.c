/*
 * chmod: changes the mode of files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

static bool recursive;
static bool verbose;

static bool change(const char *path, const char *mode_text, bool top)
{
	struct stat st;
	mode_t mode;
	bool ok = true;
	char **names;
	char **n;

	/* A link that is named is followed; one met on the way down is left alone. */
	if ((top ? stat(path, &st) : lstat(path, &st)) != 0) {
		warn_errno("cannot access '%s'", path);
		return false;
	}
	if (S_ISLNK(st.st_mode))
		return true;
	if (!parse_mode(mode_text, st.st_mode, &mode))
		die(1, "invalid mode: '%s'", mode_text);
	if (chmod(path, mode) != 0) {
		warn_errno("changing permissions of '%s'", path);
		ok = false;
	} else if (verbose) {
		printf("mode of '%s' set to %04o\n", path, (unsigned)mode);
	}
	if (!recursive || !S_ISDIR(st.st_mode))
		return ok;
	names = directory_names(path);
	if (!names) {
		warn_errno("cannot read directory '%s'", path);
		return false;
	}
	for (n = names; *n; n++) {
		char *sub = path_join(path, *n);

		ok &= change(sub, mode_text, false);
		free(sub);
	}
	names_free(names);
	return ok;
}

/* -w, -rx and the like are modes, not options. */
static bool is_mode(const char *s)
{
	return s[0] == '-' && s[1] && strchr("rwxXstugo", s[1]);
}

int main(int argc, char **argv)
{
	const char *mode_text;
	bool ok = true;
	int i;

	program_begin(argc, argv,
		"[-Rv] MODE FILE...\nMODE is octal, or [ugoa][+-=][rwxXst], separated by commas.\n"
		"  -R  what is in directories too\n  -v  say what is set");
	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1] && !is_mode(argv[i]); i++) {
		const char *o = argv[i] + 1;

		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		for (; *o; o++) {
			if (*o == 'R') {
				recursive = true;
			} else if (*o == 'v') {
				verbose = true;
			} else {
				warn("invalid option -- '%c'", *o);
				usage_error(1);
			}
		}
	}
	if (argc - i < 2) {
		warn(i == argc ? "missing operand" : "missing operand after '%s'", argv[argc - 1]);
		usage_error(1);
	}
	mode_text = argv[i++];
	for (; i < argc; i++)
		ok &= change(argv[i], mode_text, true);
	return program_end(!ok);
}
