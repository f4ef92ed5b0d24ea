/* Descriptors as such: duplicates, flags, record locks, pipes, and getting their data to the disk. */
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <quire/fs.h>
#include "../internal.h"

_Static_assert(F_DUPFD == QUIRE_F_DUPFD && F_GETFL == QUIRE_F_GETFL && F_SETFL == QUIRE_F_SETFL &&
		       F_GETLK == QUIRE_F_GETLK && F_SETLKW == QUIRE_F_SETLKW &&
		       F_DUPFD_CLOEXEC == QUIRE_F_DUPFD_CLOEXEC,
	"fcntl commands are the kernel's");
_Static_assert(F_RDLCK == 1 && F_WRLCK == 2 && F_UNLCK == 3, "lock types are the kernel's");
_Static_assert(LOCK_SH == QUIRE_LOCK_SH && LOCK_EX == QUIRE_LOCK_EX && LOCK_NB == QUIRE_LOCK_NB &&
		       LOCK_UN == QUIRE_LOCK_UN,
	"flock operations are the kernel's");

static int duplicate(int fd, int min, bool close_on_exec)
{
	int copy = sys_dup(__libc_fd(fd), min);

	if (copy < 0)
		return copy;
	if (copy >= QUIRE_FD_MAX) {
		sys_close(copy);
		return -EMFILE;
	}
	__libc_channel_dup(fd, copy);
	if (close_on_exec)
		sys_handle_flags(copy, QUIRE_HANDLE_CLOEXEC, 0);
	return copy;
}

int dup(int fd)
{
	return (int)__libc_result(duplicate(fd, 0, false));
}

static int duplicate_to(int fd, int new_fd, int flags)
{
	int status;

	if (__libc_fd(new_fd) < 0)
		return -EBADF;
	status = sys_dup2(__libc_fd(fd), new_fd, flags);
	if (status >= 0)
		__libc_channel_dup(fd, new_fd);
	return status;
}

int dup2(int fd, int new_fd)
{
	if (fd == new_fd) {
		int status = sys_handle_flags(__libc_fd(fd), 0, 0);

		return status < 0 ? (int)__libc_result(status) : fd;
	}
	return (int)__libc_result(duplicate_to(fd, new_fd, 0));
}

int dup3(int fd, int new_fd, int flags)
{
	if (fd == new_fd || (flags & ~O_CLOEXEC))
		return (int)__libc_result(-EINVAL);
	return (int)__libc_result(
		duplicate_to(fd, new_fd, flags & O_CLOEXEC ? QUIRE_HANDLE_CLOEXEC : 0));
}

/* ------------------------------------------------------------------ fcntl */

static int status_flags(int fd, int command, long arg)
{
	const uint32_t settable = O_APPEND | O_NONBLOCK | O_SYNC;
	int status = sys_fcntl(fd, command, arg);

	if (status != -ENOTSUP)
		return status;
	if (command == F_GETFL)
		return (int)__libc_channel_flags(fd);
	__libc_channel_set_flags(
		fd, (__libc_channel_flags(fd) & ~settable) | ((uint32_t)arg & settable));
	return 0;
}

static int record_lock(int fd, int command, struct flock *lock)
{
	struct quire_flock request;
	int status;

	if (!__libc_readable(lock, sizeof(*lock)))
		return -EFAULT;
	request = (struct quire_flock){.type = lock->l_type,
		.whence = lock->l_whence,
		.pid = lock->l_pid,
		.start = lock->l_start,
		.len = lock->l_len};
	status = sys_fcntl(fd, command, (long)&request);
	if (status == -ENOTSUP)
		return -EINVAL;
	if (status < 0 || command != F_GETLK)
		return status;
	if (!__libc_writable(lock, sizeof(*lock)))
		return -EFAULT;
	lock->l_type = request.type;
	if (request.type == F_UNLCK)
		return 0;
	lock->l_whence = request.whence;
	lock->l_pid = request.pid;
	lock->l_start = request.start > INT32_MAX ? INT32_MAX : (off_t)request.start;
	lock->l_len = request.len > INT32_MAX ? 0 : (off_t)request.len;
	return 0;
}

static int descriptor_control(int fd, int command, long arg)
{
	int status;

	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		status = sys_handle_flags(fd, 0, 0);
		if (status < 0)
			return status;
		if (arg < 0 || arg >= getdtablesize())
			return -EINVAL;
		return duplicate(fd, (int)arg, command == F_DUPFD_CLOEXEC);
	case F_GETFD:
		status = sys_handle_flags(fd, 0, 0);
		return status < 0 ? status : (status & QUIRE_HANDLE_CLOEXEC ? FD_CLOEXEC : 0);
	case F_SETFD:
		status = arg & FD_CLOEXEC ? sys_handle_flags(fd, QUIRE_HANDLE_CLOEXEC, 0)
					  : sys_handle_flags(fd, 0, QUIRE_HANDLE_CLOEXEC);
		return status < 0 ? status : 0;
	case F_GETFL:
	case F_SETFL: return status_flags(fd, command, arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW: return record_lock(fd, command, (struct flock *)arg);
	default: return sys_handle_flags(fd, 0, 0) < 0 ? -EBADF : -EINVAL;
	}
}

int fcntl(int fd, int command, ...)
{
	va_list args;
	long arg;

	va_start(args, command);
	arg = va_arg(args, long);
	va_end(args);
	return (int)__libc_result(descriptor_control(__libc_fd(fd), command, arg));
}

int flock(int fd, int operation)
{
	int status = sys_flock(__libc_fd(fd), operation);

	return (int)__libc_result(status == -ENOTSUP ? -EINVAL : status);
}

int lockf(int fd, int command, off_t len)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_len = len};

	switch (command) {
	case F_ULOCK: lock.l_type = F_UNLCK; return fcntl(fd, F_SETLK, &lock);
	case F_LOCK: return fcntl(fd, F_SETLKW, &lock);
	case F_TLOCK: return fcntl(fd, F_SETLK, &lock);
	case F_TEST:
		if (fcntl(fd, F_GETLK, &lock) < 0)
			return -1;
		if (lock.l_type == F_UNLCK || lock.l_pid == getpid())
			return 0;
		return (int)__libc_result(-EACCES);
	default: return (int)__libc_result(-EINVAL);
	}
}

/* ------------------------------------------------------------------ pipes */

int pipe2(int fds[2], int flags)
{
	int ends[2];
	int status;

	if (flags & ~(O_NONBLOCK | O_CLOEXEC))
		return (int)__libc_result(-EINVAL);
	if (!__libc_writable(fds, 2 * sizeof(*fds)))
		return (int)__libc_result(-EFAULT);
	status = sys_pipe(flags, &ends[0], &ends[1]);
	if (status < 0)
		return (int)__libc_result(status);
	fds[0] = ends[0];
	fds[1] = ends[1];
	return 0;
}

int pipe(int fds[2])
{
	return pipe2(fds, 0);
}

/* ------------------------------------------------------------------ to the disk */

static int sync_descriptor(int fd, int flags)
{
	struct __libc_request request = {.label = FS_SYNC};
	struct quire_obj_info info;
	int status = sys_fsync(fd, flags);

	if (status != -ENOTSUP)
		return status;
	/* An opened directory: its server answers. A device or a pipe has nothing to sync. */
	status = __libc_ask(fd, &request);
	if (status < 0 && sys_obj_info(fd, &info) == 0)
		return -EINVAL;
	return status < 0 ? status : 0;
}

int fsync(int fd)
{
	return (int)__libc_result(sync_descriptor(__libc_fd(fd), QUIRE_SYNC_METADATA));
}

int fdatasync(int fd)
{
	return (int)__libc_result(sync_descriptor(__libc_fd(fd), 0));
}

int syncfs(int fd)
{
	struct __libc_request request = {.label = FS_SYNC};

	return __libc_result(__libc_ask(__libc_fd(fd), &request)) < 0 ? -1 : 0;
}

void sync(void)
{
	struct __libc_request root = {.label = FS_SYNC};
	struct __libc_request here = {.label = FS_SYNC};

	__libc_ask(QUIRE_H_ROOT, &root);
	__libc_ask(QUIRE_H_CWD, &here);
}
