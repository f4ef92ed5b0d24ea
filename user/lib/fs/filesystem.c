/* Numbers of a whole file system, and the limits of paths. */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <quire/fs.h>
#include "../internal.h"

static int ask_numbers(int fd, struct fs_statfs *numbers)
{
	struct __libc_request request = {
		.label = FS_STATFS, .out = numbers, .out_size = sizeof(*numbers)};
	int status = __libc_ask(fd, &request);

	if (status < 0)
		return status;
	return request.out_bytes == sizeof(*numbers) ? 0 : -EIO;
}

/* The protocol asks this of open files only. Directories are looked up, which needs no permission to
 * read them; anything else is opened. */
static int ask_path_numbers(const char *path, struct fs_statfs *numbers)
{
	struct __libc_request lookup = {.label = FS_LOOKUP};
	int status = __libc_ask_path(AT_FDCWD, path, &lookup);
	int fd = lookup.handle;

	if (status == -ENOTDIR) {
		struct __libc_request open_request = {
			.label = FS_OPEN, .w1 = O_RDONLY | O_NONBLOCK};

		status = __libc_ask_path(AT_FDCWD, path, &open_request);
		fd = open_request.handle;
	}
	if (status < 0)
		return status;
	if (fd < 0)
		return -EIO;
	status = ask_numbers(fd, numbers);
	sys_close(fd);
	return status;
}

static int fill_statvfs(struct statvfs *buf, const struct fs_statfs *numbers)
{
	if (!__libc_writable(buf, sizeof(*buf)))
		return -EFAULT;
	*buf = (struct statvfs){.f_bsize = numbers->blocksize,
		.f_frsize = numbers->blocksize,
		.f_blocks = numbers->blocks,
		.f_bfree = numbers->free,
		.f_bavail = numbers->free,
		.f_files = (fsfilcnt_t)numbers->files,
		.f_ffree = (fsfilcnt_t)numbers->files_free,
		.f_favail = (fsfilcnt_t)numbers->files_free,
		.f_fsid = numbers->fsid,
		.f_flag = numbers->flags & 1 ? ST_RDONLY : 0,
		.f_namemax = numbers->namemax};
	return 0;
}

static int fill_statfs(struct statfs *buf, const struct fs_statfs *numbers)
{
	if (!__libc_writable(buf, sizeof(*buf)))
		return -EFAULT;
	*buf = (struct statfs){.f_type = 0xef53,
		.f_bsize = (long)numbers->blocksize,
		.f_blocks = numbers->blocks,
		.f_bfree = numbers->free,
		.f_bavail = numbers->free,
		.f_files = (fsfilcnt_t)numbers->files,
		.f_ffree = (fsfilcnt_t)numbers->files_free,
		.f_fsid = (long)numbers->fsid,
		.f_namelen = (long)numbers->namemax,
		.f_frsize = (long)numbers->blocksize,
		.f_flags = (long)numbers->flags & 1};
	return 0;
}

int statvfs(const char *restrict path, struct statvfs *restrict buf)
{
	struct fs_statfs numbers;
	int status = ask_path_numbers(path, &numbers);

	return (int)__libc_result(status < 0 ? status : fill_statvfs(buf, &numbers));
}

int fstatvfs(int fd, struct statvfs *buf)
{
	struct fs_statfs numbers;
	int status = ask_numbers(__libc_fd(fd), &numbers);

	return (int)__libc_result(status < 0 ? status : fill_statvfs(buf, &numbers));
}

int statfs(const char *path, struct statfs *buf)
{
	struct fs_statfs numbers;
	int status = ask_path_numbers(path, &numbers);

	return (int)__libc_result(status < 0 ? status : fill_statfs(buf, &numbers));
}

int fstatfs(int fd, struct statfs *buf)
{
	struct fs_statfs numbers;
	int status = ask_numbers(__libc_fd(fd), &numbers);

	return (int)__libc_result(status < 0 ? status : fill_statfs(buf, &numbers));
}

/* ------------------------------------------------------------------ pathconf */

static long limit(int name)
{
	switch (name) {
	case _PC_LINK_MAX: return LINK_MAX;
	case _PC_MAX_CANON: return MAX_CANON;
	case _PC_MAX_INPUT: return MAX_INPUT;
	case _PC_NAME_MAX: return NAME_MAX;
	case _PC_PATH_MAX: return PATH_MAX;
	case _PC_PIPE_BUF: return PIPE_BUF;
	case _PC_CHOWN_RESTRICTED: return 1;
	case _PC_NO_TRUNC: return 1;
	case _PC_VDISABLE: return 0;
	case _PC_SYNC_IO: return 1;
	case _PC_FILESIZEBITS: return FILESIZEBITS;
	case _PC_2_SYMLINKS: return 1;
	case _PC_SYMLINK_MAX: return SYMLINK_MAX;
	case _PC_REC_XFER_ALIGN:
	case _PC_ALLOC_SIZE_MIN: return QUIRE_PAGE_SIZE;
	case _PC_TIMESTAMP_RESOLUTION: return (long)NS_PER_SECOND;
	case _PC_ASYNC_IO:
	case _PC_PRIO_IO:
	case _PC_REC_INCR_XFER_SIZE:
	case _PC_REC_MAX_XFER_SIZE:
	case _PC_REC_MIN_XFER_SIZE: return -1;
	default: return __libc_result(-EINVAL);
	}
}

long pathconf(const char *path, int name)
{
	struct fs_stat st;
	int status = __libc_stat_path(AT_FDCWD, path, true, &st);

	return status < 0 ? __libc_result(status) : limit(name);
}

long fpathconf(int fd, int name)
{
	int status = sys_handle_flags(__libc_fd(fd), 0, 0);

	return status < 0 ? __libc_result(status) : limit(name);
}
