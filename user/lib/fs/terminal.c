/* The terminal: attributes, window, foreground group, and ioctl for those who ask that way. The
 * terminal protocol (quire/tty.h) uses this library's own flag bits. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/termios.h>
#include <unistd.h>
#include <quire/fs.h>
#include <quire/tty.h>
#include "../internal.h"

_Static_assert(
	sizeof(struct winsize) == sizeof(struct tty_size), "struct winsize is the protocol's");
_Static_assert(sizeof(((struct termios *)0)->c_cc) == sizeof(((struct tty_attr *)0)->cc),
	"control characters are the protocol's");

/* What is no terminal says ENOTTY, whatever its server thinks of the request. */
static int tty_request(
	int fd, uint32_t code, const void *in, uint32_t in_size, void *out, uint32_t out_size)
{
	struct __libc_request request = {.label = FS_IOCTL,
		.w1 = code,
		.data = in,
		.data_bytes = in_size,
		.out = out,
		.out_size = out_size};
	struct quire_obj_info info;
	int status = sys_obj_info(__libc_fd(fd), &info);

	if (status < 0)
		return -EBADF;
	if (info.kind != QUIRE_OBJ_STREAM_CHANNEL)
		return -ENOTTY;
	status = __libc_ask(fd, &request);
	if (status == -EINVAL || status == -ENOSYS || status == -ENOTSUP || status == -EISDIR ||
		status == -EOPNOTSUPP)
		return -ENOTTY;
	if (status >= 0 && request.out_bytes < out_size)
		return -ENOTTY;
	return status < 0 ? status : 0;
}

int isatty(int fd)
{
	struct tty_attr attr;
	int status = tty_request(fd, TTY_GETATTR, NULL, 0, &attr, sizeof(attr));

	return status == 0 ? 1 : (__libc_result(status), 0);
}

int tcgetattr(int fd, struct termios *to)
{
	struct tty_attr attr;
	int status = tty_request(fd, TTY_GETATTR, NULL, 0, &attr, sizeof(attr));

	if (status < 0)
		return (int)__libc_result(status);
	memset(to, 0, sizeof(*to));
	to->c_iflag = attr.iflag;
	to->c_oflag = attr.oflag;
	to->c_cflag = attr.cflag;
	to->c_lflag = attr.lflag;
	memcpy(to->c_cc, attr.cc, sizeof(to->c_cc));
	to->c_ispeed = to->c_ospeed = B115200;
	return 0;
}

int tcsetattr(int fd, int when, const struct termios *from)
{
	struct tty_attr attr = {.iflag = from->c_iflag,
		.oflag = from->c_oflag,
		.cflag = from->c_cflag,
		.lflag = from->c_lflag};

	if (when < TCSANOW || when > TCSAFLUSH)
		return (int)__libc_result(-EINVAL);
	memcpy(attr.cc, from->c_cc, sizeof(attr.cc));
	if (when == TCSAFLUSH)
		tty_request(fd, TTY_FLUSH, NULL, 0, NULL, 0);
	return (int)__libc_result(tty_request(fd, TTY_SETATTR, &attr, sizeof(attr), NULL, 0));
}

int tcdrain(int fd)
{
	return (int)__libc_result(tty_request(fd, TTY_DRAIN, NULL, 0, NULL, 0));
}

int tcflush(int fd, int queue)
{
	if (queue < TCIFLUSH || queue > TCIOFLUSH)
		return (int)__libc_result(-EINVAL);
	if (queue == TCOFLUSH)
		return isatty(fd) ? 0 : -1;
	return (int)__libc_result(tty_request(fd, TTY_FLUSH, NULL, 0, NULL, 0));
}

int tcflow(int fd, int action)
{
	if (action < TCOOFF || action > TCION)
		return (int)__libc_result(-EINVAL);
	return isatty(fd) ? 0 : -1;
}

int tcsendbreak(int fd, int duration)
{
	(void)duration;
	return isatty(fd) ? 0 : -1;
}

pid_t tcgetpgrp(int fd)
{
	int32_t pgrp;
	int status = tty_request(fd, TTY_GETPGRP, NULL, 0, &pgrp, sizeof(pgrp));

	return status < 0 ? (pid_t)__libc_result(status) : pgrp;
}

int tcsetpgrp(int fd, pid_t pgrp)
{
	int32_t word = pgrp;

	return (int)__libc_result(tty_request(fd, TTY_SETPGRP, &word, sizeof(word), NULL, 0));
}

pid_t tcgetsid(int fd)
{
	return isatty(fd) ? getsid(0) : -1;
}

speed_t cfgetispeed(const struct termios *attr)
{
	return attr->c_ispeed;
}

speed_t cfgetospeed(const struct termios *attr)
{
	return attr->c_ospeed;
}

int cfsetispeed(struct termios *attr, speed_t speed)
{
	attr->c_ispeed = speed;
	return 0;
}

int cfsetospeed(struct termios *attr, speed_t speed)
{
	attr->c_ospeed = speed;
	return 0;
}

int cfsetspeed(struct termios *attr, speed_t speed)
{
	attr->c_ispeed = attr->c_ospeed = speed;
	return 0;
}

void cfmakeraw(struct termios *attr)
{
	attr->c_iflag &=
		~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	attr->c_oflag &= ~(tcflag_t)OPOST;
	attr->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	attr->c_cflag = (attr->c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
	attr->c_cc[VMIN] = 1;
	attr->c_cc[VTIME] = 0;
}

/* ------------------------------------------------------------------ ioctl */

static int bytes_waiting(int fd, int *count)
{
	struct quire_obj_info info;
	struct fs_stat st;
	int64_t at = 0;
	int status = sys_obj_info(__libc_fd(fd), &info);

	if (status < 0)
		return status;
	if (info.kind == QUIRE_OBJ_PIPE) {
		*count = (int)info.flags;
		return 0;
	}
	if (__libc_stat_fd(fd, &st) < 0 || !S_ISREG(st.mode) || sys_seek(fd, 0, SEEK_CUR, &at) < 0)
		return -ENOTTY;
	*count = (int64_t)st.size > at ? (int)((int64_t)st.size - at) : 0;
	return 0;
}

static int control(int fd, unsigned long code, void *arg)
{
	int flags;

	switch (code) {
	case TCGETS: return tcgetattr(fd, arg) < 0 ? -errno : 0;
	case TCSETS:
	case TCSETSW:
	case TCSETSF: return tcsetattr(fd, (int)(code - TCSETS), arg) < 0 ? -errno : 0;
	case TIOCGPGRP: return tty_request(fd, TTY_GETPGRP, NULL, 0, arg, sizeof(int32_t));
	case TIOCSPGRP: return tty_request(fd, TTY_SETPGRP, arg, sizeof(int32_t), NULL, 0);
	case TIOCGWINSZ: return tty_request(fd, TTY_GETSIZE, NULL, 0, arg, sizeof(struct winsize));
	case FIONREAD: return bytes_waiting(fd, arg);
	case FIONBIO:
		flags = fcntl(fd, F_GETFL);
		if (flags < 0)
			return -errno;
		flags = *(int *)arg ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
		return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
	default: return sys_handle_flags(__libc_fd(fd), 0, 0) < 0 ? -EBADF : -ENOTTY;
	}
}

int ioctl(int fd, unsigned long code, ...)
{
	va_list args;
	void *arg;

	va_start(args, code);
	arg = va_arg(args, void *);
	va_end(args);
	return (int)__libc_result(control(fd, code, arg));
}

/* ------------------------------------------------------------------ its name */

char *ctermid(char *buf)
{
	static char own[L_ctermid];

	return strcpy(buf ? buf : own, "/dev/tty");
}

int ttyname_r(int fd, char *buf, size_t len)
{
	if (!isatty(fd))
		return errno;
	if (len < sizeof("/dev/console"))
		return ERANGE;
	strcpy(buf, "/dev/console");
	return 0;
}

char *ttyname(int fd)
{
	static char own[16];
	int error = ttyname_r(fd, own, sizeof(own));

	if (!error)
		return own;
	errno = error;
	return NULL;
}
