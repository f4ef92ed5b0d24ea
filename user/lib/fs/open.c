/* open and its kin, close, and umask.
 *
 * umask is the library's affair, since servers only see the resulting mode. exec carries it in an
 * anonymous memory object at a fixed handle, whose size is the mask plus one: made only when it is not the
 * usual 022, looked for only when a program first creates something.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include <quire/fs.h>
#include "../internal.h"

#define UMASK_HANDLE  (QUIRE_HANDLE_BASE + 15)
#define UMASK_DEFAULT 022u
#define UMASK_UNKNOWN 0xffffffffu

#define PASSED_FLAGS                                                                            \
	(O_ACCMODE | O_APPEND | O_SYNC | O_NONBLOCK | O_CREAT | O_TRUNC | O_EXCL | O_NOFOLLOW | \
		O_DIRECTORY)

_Static_assert(O_APPEND == QUIRE_O_APPEND && O_SYNC == QUIRE_O_SYNC &&
		       O_NONBLOCK == QUIRE_O_NONBLOCK && O_CLOEXEC == QUIRE_O_CLOEXEC,
	"open flags are the kernel's");
_Static_assert(O_CREAT == FS_O_CREAT && O_TRUNC == FS_O_TRUNC && O_EXCL == FS_O_EXCL &&
		       O_NOFOLLOW == FS_O_NOFOLLOW && O_DIRECTORY == FS_O_DIRECTORY,
	"open flags are the file protocol's");

static uint32_t current_umask = UMASK_UNKNOWN;

static bool carried_umask(uint32_t *mask)
{
	struct quire_obj_info info;

	if (sys_obj_info(UMASK_HANDLE, &info) < 0 || info.kind != QUIRE_OBJ_ANON ||
		info.size == 0 || info.size > 01000)
		return false;
	*mask = (uint32_t)info.size - 1;
	return true;
}

mode_t __libc_umask(void)
{
	uint32_t mask = current_umask;

	if (mask == UMASK_UNKNOWN) {
		if (!carried_umask(&mask))
			mask = UMASK_DEFAULT;
		current_umask = mask;
	}
	return mask;
}

/* Before exec: leaves the mask where the next image finds it. A mask that can't be carried is the
 * default one there. */
void __libc_umask_carry(void)
{
	struct quire_obj_info info;
	uint32_t before;
	bool carried = carried_umask(&before);
	int object;

	if (current_umask == UMASK_UNKNOWN || (carried && before == current_umask) ||
		(!carried && current_umask == UMASK_DEFAULT))
		return;
	if (!carried && sys_obj_info(UMASK_HANDLE, &info) == 0)
		return;
	object = sys_obj_create((uint64_t)current_umask + 1);
	if (object < 0)
		return;
	sys_dup2(object, UMASK_HANDLE, 0);
	if (object != UMASK_HANDLE)
		sys_close(object);
}

mode_t umask(mode_t mask)
{
	mode_t old = __libc_umask();

	current_umask = mask & 0777;
	return old;
}

/* A signal ends the wait for a fifo's other end, but nothing else that open does. */
static bool is_fifo(int dir, const char *path)
{
	struct fs_stat st;

	return __libc_stat_path(dir, path, true, &st) >= 0 && S_ISFIFO(st.mode);
}

/* Creating and truncating must not be left to a server by a signal: it might do it later, when the
 * repeated request is long answered and the file has been written to. So they are asked with signals
 * blocked, and for that without waiting: a fifo is opened then in a second request. */
static void ask_at_once(int dir, const char *path, int flags, struct __libc_request *request)
{
	if ((flags & O_ACCMODE) == O_RDONLY && !(flags & O_EXCL) && is_fifo(dir, path)) {
		request->w1 &= ~(uint32_t)(O_CREAT | O_TRUNC);
		return;
	}
	request->w1 |= O_NONBLOCK;
	request->change = true;
}

static int do_open(int dir, const char *path, int flags, mode_t mode)
{
	struct __libc_request request = {.label = FS_OPEN};
	int status;

	if ((flags & O_ACCMODE) == O_ACCMODE)
		return -EINVAL;
	request.w1 = (uint32_t)flags & PASSED_FLAGS;
	if (flags & O_CREAT)
		request.w2 = mode & 07777 & ~__libc_umask();
	if (flags & (O_CREAT | O_TRUNC))
		ask_at_once(dir, path, flags, &request);
	for (;;) {
		bool reset = request.after_reset;

		status = __libc_ask_path(dir, path, &request);
		if (status == -EINTR && !is_fifo(dir, path))
			continue;
		if (status == -ENXIO && request.change && !(flags & O_NONBLOCK)) {
			request.w1 &= ~(uint32_t)(O_CREAT | O_TRUNC | O_NONBLOCK);
			request.change = false;
			continue;
		}
		/* We may have made it just before the server died: then it is ours to open. */
		if (status == -EEXIST && request.after_reset && !reset) {
			request.w1 &= ~(uint32_t)O_EXCL;
			continue;
		}
		break;
	}
	if (status < 0)
		return status;
	if (request.handle < 0)
		return -EIO;
	if (__libc_fd(request.handle) < 0) {
		sys_close(request.handle);
		return -EIO;
	}
	if (flags & O_CLOEXEC)
		sys_handle_flags(request.handle, QUIRE_HANDLE_CLOEXEC, 0);
	if (S_ISREG(request.answer[1]) && request.change && !(flags & O_NONBLOCK))
		sys_fcntl(request.handle, F_SETFL, flags & (O_APPEND | O_SYNC));
	if (!S_ISREG(request.answer[1]))
		__libc_channel_set_flags(request.handle,
			(uint32_t)flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC));
	return request.handle;
}

int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return (int)__libc_result(do_open(dir, path, flags, mode));
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (flags & O_CREAT) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return (int)__libc_result(do_open(AT_FDCWD, path, flags, mode));
}

int creat(const char *path, mode_t mode)
{
	return (int)__libc_result(do_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode));
}

int close(int fd)
{
	return (int)__libc_result(sys_close(__libc_fd(fd)));
}
