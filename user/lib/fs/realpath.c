/* realpath: an absolute path without links, dots or doubled slashes. The servers resolve paths
 * themselves and don't say how, so this walks component by component. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <quire/fs.h>
#include "../internal.h"

/* Appends one component to the absolute path in `done`; ".." takes one away. */
static int append(char *done, const char *name, size_t len)
{
	size_t have = strlen(done);

	if (len == 0 || (len == 1 && name[0] == '.'))
		return 0;
	if (len == 2 && name[0] == '.' && name[1] == '.') {
		while (have > 1 && done[have - 1] != '/')
			have--;
		done[have > 1 ? have - 1 : 1] = '\0';
		return 0;
	}
	if (have > 1)
		done[have++] = '/';
	if (have + len >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(done + have, name, len);
	done[have + len] = '\0';
	return 1;
}

/* Puts a link's target before what is left of the path. */
static int expand(char *left, const char *target, size_t target_len, const char *rest)
{
	size_t rest_len = strlen(rest);

	if (target_len + rest_len + 1 >= PATH_MAX)
		return -ENAMETOOLONG;
	memmove(left + target_len, rest, rest_len + 1);
	memcpy(left, target, target_len);
	return 0;
}

static int resolve(const char *path, char *done)
{
	char left[PATH_MAX];
	char target[PATH_MAX];
	int links = 0;
	char *at = left;

	if (strlen(path) >= sizeof(left))
		return -ENAMETOOLONG;
	strcpy(left, path);
	if (left[0] == '/')
		strcpy(done, "/");
	else if (!getcwd(done, PATH_MAX))
		return -errno;
	while (*at) {
		size_t len = strcspn(at, "/");
		size_t before = strlen(done);
		struct stat st;
		ssize_t target_len;
		int status = append(done, at, len);

		if (status < 0)
			return status;
		at += len;
		if (status > 0 && lstat(done, &st) < 0)
			return -errno;
		if (status > 0 && S_ISLNK(st.st_mode)) {
			if (++links > SYMLOOP_MAX)
				return -ELOOP;
			target_len = readlink(done, target, sizeof(target) - 1);
			if (target_len < 0)
				return -errno;
			status = expand(left, target, (size_t)target_len, at);
			if (status < 0)
				return status;
			at = left;
			done[target[0] == '/' ? 1 : before] = '\0';
			continue;
		}
		if (status > 0 && *at == '/' && !S_ISDIR(st.st_mode))
			return -ENOTDIR;
		at += strspn(at, "/");
	}
	return 0;
}

char *realpath(const char *restrict path, char *restrict resolved)
{
	char done[PATH_MAX];
	int status;

	if (!path) {
		errno = EINVAL;
		return NULL;
	}
	status = path[0] ? resolve(path, done) : -ENOENT;
	if (status < 0) {
		errno = -status;
		return NULL;
	}
	return resolved ? strcpy(resolved, done) : strdup(done);
}
