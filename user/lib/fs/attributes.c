/* Changing what a file is, not what it is called: mode, owner, times, size. All of these may be
 * repeated when a server has died, but not left to it by a signal (`change`): it might truncate a file
 * later that the program has written to meanwhile. */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>
#include <quire/fs.h>
#include "../internal.h"

_Static_assert(UTIME_NOW == FS_NOW && UTIME_OMIT == FS_OMIT, "special times are the protocol's");

static int ask_path(int dir, const char *path, struct __libc_request *request)
{
	request->change = true;
	return __libc_result(__libc_ask_path(dir, path, request)) < 0 ? -1 : 0;
}

static int ask_fd(int fd, struct __libc_request *request)
{
	int status;

	request->change = true;
	status = __libc_ask(__libc_fd(fd), request);
	/* Pipes and anonymous memory have no server, and none of these attributes. */
	if (status == -ENOTSUP)
		status = 0;
	return __libc_result(status) < 0 ? -1 : 0;
}

int fchmodat(int dir, const char *path, mode_t mode, int flags)
{
	struct __libc_request request = {.label = FS_CHMOD, .w1 = mode & 07777};

	if (flags & ~AT_SYMLINK_NOFOLLOW)
		return (int)__libc_result(-EINVAL);
	request.w2 = (flags & AT_SYMLINK_NOFOLLOW) != 0;
	return ask_path(dir, path, &request);
}

int chmod(const char *path, mode_t mode)
{
	return fchmodat(AT_FDCWD, path, mode, 0);
}

int fchmod(int fd, mode_t mode)
{
	struct __libc_request request = {.label = FS_FCHMOD, .w1 = mode & 07777};

	return ask_fd(fd, &request);
}

int fchownat(int dir, const char *path, uid_t owner, gid_t group, int flags)
{
	struct __libc_request request = {.label = FS_CHOWN, .w1 = owner, .w2 = group};

	if (flags & ~AT_SYMLINK_NOFOLLOW)
		return (int)__libc_result(-EINVAL);
	request.w3 = (flags & AT_SYMLINK_NOFOLLOW) != 0;
	return ask_path(dir, path, &request);
}

int chown(const char *path, uid_t owner, gid_t group)
{
	return fchownat(AT_FDCWD, path, owner, group, 0);
}

int lchown(const char *path, uid_t owner, gid_t group)
{
	return fchownat(AT_FDCWD, path, owner, group, AT_SYMLINK_NOFOLLOW);
}

int fchown(int fd, uid_t owner, gid_t group)
{
	struct __libc_request request = {.label = FS_FCHOWN, .w1 = owner, .w2 = group};

	return ask_fd(fd, &request);
}

/* ------------------------------------------------------------------ times */

static bool good_ns(long ns)
{
	return (ns >= 0 && ns < (long)NS_PER_SECOND) || ns == UTIME_NOW || ns == UTIME_OMIT;
}

static int pack_times(const struct timespec times[2], struct fs_times *packed)
{
	if (!times) {
		*packed = (struct fs_times){.atime_ns = FS_NOW, .mtime_ns = FS_NOW};
		return 0;
	}
	if (!__libc_readable(times, 2 * sizeof(*times)))
		return -EFAULT;
	if (!good_ns(times[0].tv_nsec) || !good_ns(times[1].tv_nsec))
		return -EINVAL;
	*packed = (struct fs_times){times[0].tv_sec, times[1].tv_sec, (uint32_t)times[0].tv_nsec,
		(uint32_t)times[1].tv_nsec};
	return 0;
}

int utimensat(int dir, const char *path, const struct timespec times[2], int flags)
{
	struct fs_times packed;
	struct __libc_request request = {
		.label = FS_UTIMES, .data = &packed, .data_bytes = sizeof(packed)};
	int status = pack_times(times, &packed);

	if (flags & ~AT_SYMLINK_NOFOLLOW)
		status = -EINVAL;
	if (status < 0)
		return (int)__libc_result(status);
	request.w2 = (flags & AT_SYMLINK_NOFOLLOW) != 0;
	return ask_path(dir, path, &request);
}

int futimens(int fd, const struct timespec times[2])
{
	struct fs_times packed;
	struct __libc_request request = {
		.label = FS_FUTIMES, .data = &packed, .data_bytes = sizeof(packed)};
	int status = pack_times(times, &packed);

	if (status < 0)
		return (int)__libc_result(status);
	return ask_fd(fd, &request);
}

static bool from_timeval(const struct timeval from[2], struct timespec to[2])
{
	for (int i = 0; i < 2; i++) {
		if (from[i].tv_usec < 0 || from[i].tv_usec >= 1000000)
			return false;
		to[i] = (struct timespec){from[i].tv_sec, from[i].tv_usec * 1000};
	}
	return true;
}

static int utimes_at(const char *path, const struct timeval times[2], int flags)
{
	struct timespec ts[2];

	if (times && !__libc_readable(times, 2 * sizeof(*times)))
		return (int)__libc_result(-EFAULT);
	if (times && !from_timeval(times, ts))
		return (int)__libc_result(-EINVAL);
	return utimensat(AT_FDCWD, path, times ? ts : NULL, flags);
}

int utimes(const char *path, const struct timeval times[2])
{
	return utimes_at(path, times, 0);
}

int lutimes(const char *path, const struct timeval times[2])
{
	return utimes_at(path, times, AT_SYMLINK_NOFOLLOW);
}

int futimes(int fd, const struct timeval times[2])
{
	struct timespec ts[2];

	if (times && !from_timeval(times, ts))
		return (int)__libc_result(-EINVAL);
	return futimens(fd, times ? ts : NULL);
}

int utime(const char *path, const struct utimbuf *times)
{
	struct timespec ts[2];

	if (times && !__libc_readable(times, sizeof(*times)))
		return (int)__libc_result(-EFAULT);
	if (times) {
		ts[0] = (struct timespec){times->actime, 0};
		ts[1] = (struct timespec){times->modtime, 0};
	}
	return utimensat(AT_FDCWD, path, times ? ts : NULL, 0);
}

/* ------------------------------------------------------------------ size */

/* Is a file that ends there longer than RLIMIT_FSIZE allows? The kernel looks itself when it writes; what
 * servers do for us we ask for. */
static bool beyond_limit(uint64_t end)
{
	struct quire_limit limit;

	return sys_limit(QUIRE_LIMIT_FSIZE, NULL, &limit) == 0 && end > limit.soft;
}

/* What is as long already may stay so, and be cut. */
static int check_growth(uint64_t size, uint64_t end)
{
	if (end <= size || !beyond_limit(end))
		return 0;
	raise(SIGXFSZ);
	return -EFBIG;
}

int truncate(const char *path, off_t length)
{
	struct __libc_request request = {.label = FS_TRUNCATE, .w1 = (uint32_t)length};
	struct stat st;
	int status = 0;

	if (length < 0)
		return (int)__libc_result(-EINVAL);
	if (beyond_limit((uint64_t)length)) {
		if (stat(path, &st) < 0)
			return -1;
		if (S_ISREG(st.st_mode))
			status = check_growth((uint64_t)st.st_size, (uint64_t)length);
	}
	return status < 0 ? (int)__libc_result(status) : ask_path(AT_FDCWD, path, &request);
}

/* What may be cut or extended through a descriptor: a regular file, or anonymous memory, opened for
 * writing. */
static int check_resizable(int fd, struct quire_obj_info *info)
{
	int status = sys_obj_info(__libc_fd(fd), info);

	if (status < 0)
		return status;
	if (info->kind == QUIRE_OBJ_STREAM_CHANNEL || info->kind == QUIRE_OBJ_PIPE)
		return -EINVAL;
	return info->rights & RIGHT_WRITE ? 0 : -EINVAL;
}

/* Anonymous memory that has no server (a memfd), or whose server forgot it when it was restarted. */
static bool is_unserved(int status)
{
	return status == -ENOTSUP || status == -ENOENT;
}

int ftruncate(int fd, off_t length)
{
	struct __libc_request request = {
		.label = FS_FTRUNCATE, .w1 = (uint32_t)length, .change = true};
	struct quire_obj_info info;
	int status = check_resizable(fd, &info);

	if (status < 0)
		return (int)__libc_result(status);
	if (length < 0)
		return (int)__libc_result(-EINVAL);
	status = check_growth(info.size, (uint64_t)length);
	if (status < 0)
		return (int)__libc_result(status);
	status = __libc_ask(fd, &request);
	if (info.kind == QUIRE_OBJ_ANON && is_unserved(status))
		status = sys_obj_set_size(fd, (uint64_t)length);
	return __libc_result(status) < 0 ? -1 : 0;
}

static int allocate(int fd, off_t offset, off_t len)
{
	struct fs_range range = {(uint64_t)offset, (uint64_t)len};
	struct __libc_request request = {
		.label = FS_ALLOCATE, .change = true, .data = &range, .data_bytes = sizeof(range)};
	struct quire_obj_info info;
	int status = sys_obj_info(__libc_fd(fd), &info);

	if (status < 0)
		return status;
	if (offset < 0 || len <= 0)
		return -EINVAL;
	if (info.kind == QUIRE_OBJ_PIPE)
		return -ESPIPE;
	if (info.kind == QUIRE_OBJ_STREAM_CHANNEL)
		return -ENODEV;
	if (!(info.rights & RIGHT_WRITE))
		return -EBADF;
	if (len > INT32_MAX - offset)
		return -EFBIG;
	status = check_growth(info.size, (uint64_t)offset + (uint64_t)len);
	if (status < 0)
		return status;
	status = __libc_ask(fd, &request);
	if (info.kind != QUIRE_OBJ_ANON || !is_unserved(status))
		return status;
	if ((uint64_t)offset + (uint64_t)len <= info.size)
		return 0;
	return sys_obj_set_size(fd, (uint64_t)offset + (uint64_t)len);
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
	int status = allocate(fd, offset, len);

	return status < 0 ? -status : 0;
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
	if (mode != 0)
		return (int)__libc_result(-EOPNOTSUPP);
	return __libc_result(allocate(fd, offset, len)) < 0 ? -1 : 0;
}

/* Advice. The kernel's read-ahead watches the accesses themselves. */
int posix_fadvise(int fd, off_t offset, off_t len, int advice)
{
	struct quire_obj_info info;
	int status = sys_obj_info(__libc_fd(fd), &info);

	(void)offset;
	if (status < 0)
		return EBADF;
	if (info.kind == QUIRE_OBJ_PIPE)
		return ESPIPE;
	if (len < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
		return EINVAL;
	return 0;
}
