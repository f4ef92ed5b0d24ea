/*
 * readlink: where a symbolic link points, or with -f where a path leads in the end.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/options.h"
#include "shared/program.h"

#define MAX_LINKS 40

static bool read_target(const char *path, char target[PATH_MAX])
{
	ssize_t n = readlink(path, target, PATH_MAX - 1);

	if (n >= 0)
		target[n] = '\0';
	return n >= 0;
}

static bool resolve(char done[PATH_MAX], char *rest, int links);

/* Resolves the link `done`, which stands in the directory of the first `dir_len` bytes. */
static bool resolve_link(char done[PATH_MAX], size_t dir_len, int links)
{
	char *target = must_alloc(PATH_MAX);
	bool ok = read_target(done, target);

	if (ok) {
		done[dir_len] = '\0';
		ok = resolve(done, target, links + 1);
	}
	free(target);
	return ok;
}

/*
 * Resolves `rest` onto the directory in `done`, component by component. All but the last must
 * exist.
 */
static bool resolve(char done[PATH_MAX], char *rest, int links)
{
	struct stat st;

	if (*rest == '/')
		strcpy(done, "/");
	while (*rest) {
		size_t n = strcspn(rest, "/");
		size_t have = strlen(done);
		char *next = rest + n + strspn(rest + n, "/");

		if (n == 0 || (n == 1 && *rest == '.')) {
			rest = next;
			continue;
		}
		if (n == 2 && rest[0] == '.' && rest[1] == '.') {
			while (have > 1 && done[--have] != '/')
				continue;
			done[have > 0 ? have : 1] = '\0';
			rest = next;
			continue;
		}
		if (have + n + 2 > PATH_MAX) {
			errno = ENAMETOOLONG;
			return false;
		}
		if (have > 1)
			done[have++] = '/';
		memcpy(done + have, rest, n);
		done[have + n] = '\0';
		if (lstat(done, &st) != 0)
			return errno == ENOENT && !*next;
		if (S_ISLNK(st.st_mode)) {
			if (links == MAX_LINKS) {
				errno = ELOOP;
				return false;
			}
			if (!resolve_link(done, have > 1 ? have - 1 : have, links))
				return false;
		}
		rest = next;
	}
	return true;
}

int main(int argc, char **argv)
{
	bool canonical = false;
	bool no_newline = false;
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-fn] PATH...\n  -f  follow every link in the path, and print the whole of it\n"
		"  -n  no newline");
	while ((c = next_option(argc, argv, "fn")) != -1) {
		if (c == 'f')
			canonical = true;
		else if (c == 'n')
			no_newline = true;
		else
			usage_error(1);
	}
	if (option_index == argc) {
		warn("missing operand");
		usage_error(1);
	}
	for (; option_index < argc; option_index++) {
		static char out[PATH_MAX];
		bool found;

		if (!canonical) {
			found = read_target(argv[option_index], out);
		} else if (argv[option_index][0] == '/') {
			found = resolve(out, argv[option_index], 0);
		} else {
			found = getcwd(out, sizeof(out)) && argv[option_index][0] &&
				resolve(out, argv[option_index], 0);
		}
		if (found)
			printf("%s%s", out, no_newline ? "" : "\n");
		ok &= found;
	}
	return program_end(!ok);
}
