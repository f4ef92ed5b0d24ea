/* Names: making, removing and renaming them.
 *
 * Each of these changes a directory and must happen once. If the server died with the request in its
 * hands and its successor says that the name is there already (or gone already), our own first
 * request did it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <quire/fs.h>
#include "../internal.h"

/* `repeated` is what the server says when the change has been made before. */
static int change(int dir, const char *path, struct __libc_request *request, int repeated)
{
	int status;

	request->change = true;
	status = __libc_ask_path(dir, path, request);
	if (status == repeated && request->after_reset)
		status = 0;
	return __libc_result(status) < 0 ? -1 : 0;
}

int mkdirat(int dir, const char *path, mode_t mode)
{
	struct __libc_request request = {.label = FS_MKDIR, .w1 = (mode & 07777) & ~__libc_umask()};

	return change(dir, path, &request, -EEXIST);
}

int mkdir(const char *path, mode_t mode)
{
	return mkdirat(AT_FDCWD, path, mode);
}

int mknodat(int dir, const char *path, mode_t mode, dev_t device)
{
	struct __libc_request request = {.label = FS_MKNOD};

	if ((mode & S_IFMT) == 0)
		mode |= S_IFREG;
	if (!S_ISREG(mode) && !S_ISFIFO(mode))
		return (int)__libc_result(S_ISCHR(mode) || S_ISBLK(mode) ? -EPERM : -EINVAL);
	(void)device;
	request.w1 = (mode & S_IFMT) | ((mode & 07777) & ~__libc_umask());
	return change(dir, path, &request, -EEXIST);
}

int mknod(const char *path, mode_t mode, dev_t device)
{
	return mknodat(AT_FDCWD, path, mode, device);
}

int mkfifoat(int dir, const char *path, mode_t mode)
{
	return mknodat(dir, path, (mode & 07777) | S_IFIFO, 0);
}

int mkfifo(const char *path, mode_t mode)
{
	return mkfifoat(AT_FDCWD, path, mode);
}

int unlinkat(int dir, const char *path, int flags)
{
	struct __libc_request request = {.label = flags & AT_REMOVEDIR ? FS_RMDIR : FS_UNLINK};

	if (flags & ~AT_REMOVEDIR)
		return (int)__libc_result(-EINVAL);
	return change(dir, path, &request, -ENOENT);
}

int unlink(const char *path)
{
	return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
	return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int remove(const char *path)
{
	struct fs_stat st;
	int status = __libc_stat_path(AT_FDCWD, path, false, &st);

	if (status < 0)
		return (int)__libc_result(status);
	return S_ISDIR(st.mode) ? rmdir(path) : unlink(path);
}

/* ------------------------------------------------------------------ two names */

int renameat(int old_dir, const char *old_path, int new_dir, const char *new_path)
{
	struct __libc_request request = {.label = FS_RENAME, .change = true};
	int status = __libc_ask_paths(old_dir, old_path, new_dir, new_path, &request);

	if (status == -ENOENT && request.after_reset)
		status = 0;
	return __libc_result(status) < 0 ? -1 : 0;
}

int rename(const char *old_path, const char *new_path)
{
	return renameat(AT_FDCWD, old_path, AT_FDCWD, new_path);
}

/* The path with its last component followed as long as that is a symbolic link. Servers can't do it: the link may
 * lead to another's files, or be absolute. */
static int follow(int dir, const char *path, char end[FS_PATH_MAX])
{
	char target[FS_PATH_MAX];

	if (strlcpy(end, path, FS_PATH_MAX) >= FS_PATH_MAX)
		return -ENAMETOOLONG;
	for (int hops = 0; hops < FS_HOPS; hops++) {
		ssize_t n = readlinkat(dir, end, target, sizeof(target) - 1);
		char *slash = strrchr(end, '/');
		size_t kept;

		if (n < 0)
			return errno == EINVAL ? 0 : -errno;
		target[n] = '\0';
		kept = target[0] != '/' && slash ? (size_t)(slash - end) + 1 : 0;
		if (kept + (size_t)n >= FS_PATH_MAX)
			return -ENAMETOOLONG;
		memcpy(end + kept, target, (size_t)n + 1);
	}
	return -ELOOP;
}

int linkat(int dir1, const char *path1, int dir2, const char *path2, int flags)
{
	struct __libc_request request = {.label = FS_LINK, .change = true};
	char followed[FS_PATH_MAX];
	int status = 0;

	if (flags & ~AT_SYMLINK_FOLLOW)
		return (int)__libc_result(-EINVAL);
	if (flags & AT_SYMLINK_FOLLOW) {
		if (!__libc_string_readable(path1, FS_PATH_MAX))
			return (int)__libc_result(-EFAULT);
		status = follow(dir1, path1, followed);
		path1 = followed;
	}
	if (status < 0)
		return (int)__libc_result(status);
	status = __libc_ask_paths(dir1, path1, dir2, path2, &request);
	if (status == -EEXIST && request.after_reset)
		status = 0;
	return __libc_result(status) < 0 ? -1 : 0;
}

int link(const char *path1, const char *path2)
{
	return linkat(AT_FDCWD, path1, AT_FDCWD, path2, 0);
}

/* ------------------------------------------------------------------ symbolic links */

int symlinkat(const char *target, int dir, const char *path)
{
	struct __libc_request request = {.label = FS_SYMLINK};

	if (!__libc_string_readable(target, FS_PATH_MAX))
		return (int)__libc_result(-EFAULT);
	request.data = target;
	request.data_bytes = (uint32_t)strnlen(target, FS_PATH_MAX);
	request.w1 = request.data_bytes;
	if (request.data_bytes == 0)
		return (int)__libc_result(-ENOENT);
	if (request.data_bytes >= FS_PATH_MAX)
		return (int)__libc_result(-ENAMETOOLONG);
	return change(dir, path, &request, -EEXIST);
}

int symlink(const char *target, const char *path)
{
	return symlinkat(target, AT_FDCWD, path);
}

ssize_t readlinkat(int dir, const char *restrict path, char *restrict buf, size_t len)
{
	char target[FS_PATH_MAX];
	struct __libc_request request = {
		.label = FS_READLINK, .out = target, .out_size = sizeof(target)};
	int status;

	if (len == 0)
		return __libc_result(-EINVAL);
	status = __libc_ask_path(dir, path, &request);
	if (status < 0)
		return __libc_result(status);
	if (len > request.out_bytes)
		len = request.out_bytes;
	if (!__libc_writable(buf, len))
		return __libc_result(-EFAULT);
	memcpy(buf, target, len);
	return (ssize_t)len;
}

ssize_t readlink(const char *restrict path, char *restrict buf, size_t len)
{
	return readlinkat(AT_FDCWD, path, buf, len);
}
