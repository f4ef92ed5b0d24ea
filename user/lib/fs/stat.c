/* stat, access, and what else is asked about a file without opening it. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <quire/fs.h>
#include "../internal.h"

int __libc_stat_path(int dir, const char *path, bool follow, struct fs_stat *st)
{
	struct __libc_request request = {
		.label = FS_STAT, .w1 = !follow, .out = st, .out_size = sizeof(*st)};
	int status = __libc_ask_path(dir, path, &request);

	if (status < 0)
		return status;
	return request.out_bytes == sizeof(*st) ? 0 : -EIO;
}

/* Pipes and memfds have no server: the kernel knows what little there is. */
static int stat_kernel_object(int fd, struct fs_stat *st)
{
	struct quire_obj_info info;
	int status = sys_obj_info(fd, &info);

	if (status < 0)
		return status;
	memset(st, 0, sizeof(*st));
	st->ino = info.id;
	st->nlink = info.kind == QUIRE_OBJ_PIPE ? 1 : 0;
	st->blksize = QUIRE_PAGE_SIZE;
	if (info.kind == QUIRE_OBJ_PIPE) {
		st->dev = 0xff01;
		st->mode = S_IFIFO | 0600;
	} else if (info.kind == QUIRE_OBJ_ANON) {
		st->dev = 0xff02;
		st->mode = S_IFREG | 0777;
		st->size = info.size;
		st->blocks = (uint64_t)info.resident * (QUIRE_PAGE_SIZE / 512);
	} else {
		return -EBADF;
	}
	return 0;
}

int __libc_stat_fd(int fd, struct fs_stat *st)
{
	struct __libc_request request = {.label = FS_FSTAT, .out = st, .out_size = sizeof(*st)};
	int status;

	if (__libc_fd(fd) < 0)
		return -EBADF;
	status = __libc_ask(fd, &request);
	if (status >= 0)
		return request.out_bytes == sizeof(*st) ? 0 : -EIO;
	if (status == -EBADF || stat_kernel_object(fd, st) < 0)
		return status;
	return 0;
}

int __libc_stat_fill(struct stat *to, const struct fs_stat *from)
{
	if (!__libc_writable(to, sizeof(*to)))
		return -EFAULT;
	if (from->size > INT32_MAX || from->blocks > INT32_MAX)
		return -EOVERFLOW;
	memset(to, 0, sizeof(*to));
	to->st_dev = from->dev;
	to->st_ino = from->ino;
	to->st_mode = from->mode;
	to->st_nlink = from->nlink;
	to->st_uid = from->uid;
	to->st_gid = from->gid;
	to->st_rdev = from->rdev;
	to->st_size = (off_t)from->size;
	to->st_blksize = (blksize_t)from->blksize;
	to->st_blocks = (blkcnt_t)from->blocks;
	to->st_atim = (struct timespec){from->atime, (long)from->atime_ns};
	to->st_mtim = (struct timespec){from->mtime, (long)from->mtime_ns};
	to->st_ctim = (struct timespec){from->ctime, (long)from->ctime_ns};
	return 0;
}

int fstatat(int dir, const char *restrict path, struct stat *restrict buf, int flags)
{
	struct fs_stat st;
	int status;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return (int)__libc_result(-EINVAL);
	if ((flags & AT_EMPTY_PATH) && path && path[0] == '\0' && dir != AT_FDCWD)
		status = __libc_stat_fd(dir, &st);
	else
		status = __libc_stat_path(dir, path, !(flags & AT_SYMLINK_NOFOLLOW), &st);
	if (status == 0)
		status = __libc_stat_fill(buf, &st);
	return (int)__libc_result(status);
}

int stat(const char *restrict path, struct stat *restrict buf)
{
	return fstatat(AT_FDCWD, path, buf, 0);
}

int lstat(const char *restrict path, struct stat *restrict buf)
{
	return fstatat(AT_FDCWD, path, buf, AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *buf)
{
	struct fs_stat st;
	int status = __libc_stat_fd(fd, &st);

	if (status == 0)
		status = __libc_stat_fill(buf, &st);
	return (int)__libc_result(status);
}

int faccessat(int dir, const char *path, int mode, int flags)
{
	struct __libc_request request = {.label = FS_ACCESS, .w1 = (uint32_t)mode};

	if ((mode & ~(R_OK | W_OK | X_OK)) || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW)))
		return (int)__libc_result(-EINVAL);
	return __libc_result(__libc_ask_path(dir, path, &request)) < 0 ? -1 : 0;
}

int access(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, 0);
}

int eaccess(const char *path, int mode);
int eaccess(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}
