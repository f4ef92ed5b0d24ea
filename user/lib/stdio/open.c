/* Opening streams, the three that are always open, and the list of all of them, which exit and
 * fflush(NULL) walk. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "stream.h"

#define STANDARD(number, direction, never_buffered)                                       \
	{                                                                                 \
		.file = {.xfile = FDEV_SETUP_EXT(__bufio_put, __bufio_get, __bufio_flush, \
				 __bufio_close, __bufio_seek, __bufio_setvbuf,            \
				 (direction) | __SBUF),                                   \
			.fd = (number)},                                                  \
		.unbuffered = (never_buffered), .undecided = true, .is_static = true      \
	}

static struct stream standard[3] = {
	STANDARD(STDIN_FILENO, __SRD, false),
	STANDARD(STDOUT_FILENO, __SWR, false),
	STANDARD(STDERR_FILENO, __SWR, true),
};

FILE *const stdin = (FILE *)&standard[0];
FILE *const stdout = (FILE *)&standard[1];
FILE *const stderr = (FILE *)&standard[2];

static struct stream *streams; /* the open ones but for the standard three; under the list lock */
static __libc_lock_t list_lock;

void __libc_stream_init(struct stream *stream, int fd, int flags)
{
	bool is_static = stream->is_static;

	memset(stream, 0, sizeof(*stream));
	stream->file = (struct __file_bufio){
		.xfile = FDEV_SETUP_EXT(__bufio_put, __bufio_get, __bufio_flush, __bufio_close,
			__bufio_seek, __bufio_setvbuf, (uint8_t)flags | __SBUF),
		.fd = fd};
	stream->undecided = true;
	stream->is_static = is_static;
}

void __libc_stream_link(struct stream *stream)
{
	__libc_lock(&list_lock);
	stream->prev = NULL;
	stream->next = streams;
	if (streams)
		streams->prev = stream;
	streams = stream;
	__libc_unlock(&list_lock);
}

void __libc_stream_unlink(struct stream *stream)
{
	if (stream->is_static)
		return;
	__libc_lock(&list_lock);
	if (stream->next)
		stream->next->prev = stream->prev;
	if (stream->prev)
		stream->prev->next = stream->next;
	else if (streams == stream)
		streams = stream->next;
	__libc_unlock(&list_lock);
}

/* ------------------------------------------------------------------ opening */

/* Open flags of a mode string, or -1; *flags gets the stream's directions. */
static int parse_mode(const char *mode, int *flags)
{
	int open_flags;

	switch (mode[0]) {
	case 'r':
		open_flags = O_RDONLY;
		*flags = __SRD;
		break;
	case 'w':
		open_flags = O_WRONLY | O_CREAT | O_TRUNC;
		*flags = __SWR;
		break;
	case 'a':
		open_flags = O_WRONLY | O_CREAT | O_APPEND;
		*flags = __SWR;
		break;
	default: errno = EINVAL; return -1;
	}
	while (*++mode) {
		switch (*mode) {
		case '+':
			open_flags = (open_flags & ~O_ACCMODE) | O_RDWR;
			*flags = __SRD | __SWR;
			break;
		case 'x': open_flags |= O_EXCL; break;
		case 'e': open_flags |= O_CLOEXEC; break;
		case ',': return open_flags;
		default: break;
		}
	}
	return open_flags;
}

static FILE *make_stream(int fd, int flags)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	__libc_stream_init(stream, fd, flags);
	__libc_stream_link(stream);
	return (FILE *)stream;
}

FILE *fdopen(int fd, const char *mode)
{
	int flags;
	int wanted = parse_mode(mode, &flags);
	int have;

	if (wanted < 0)
		return NULL;
	have = fcntl(fd, F_GETFL);
	if (have < 0)
		return NULL;
	if (((have & O_ACCMODE) == O_RDONLY && flags & __SWR) ||
		((have & O_ACCMODE) == O_WRONLY && flags & __SRD)) {
		errno = EINVAL;
		return NULL;
	}
	if (wanted & O_APPEND && !(have & O_APPEND))
		fcntl(fd, F_SETFL, have | O_APPEND);
	if (wanted & O_CLOEXEC)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return make_stream(fd, flags);
}

FILE *fopen(const char *path, const char *mode)
{
	int flags;
	int open_flags = parse_mode(mode, &flags);
	FILE *file;
	int fd;

	if (open_flags < 0)
		return NULL;
	fd = open(path, open_flags, 0666);
	if (fd < 0)
		return NULL;
	file = make_stream(fd, flags);
	if (!file)
		close(fd);
	return file;
}

/* The stream keeps its address, and its descriptor its number. */
FILE *freopen(const char *path, const char *mode, FILE *file)
{
	struct stream *stream = stream_of(file);
	int flags;
	int open_flags = parse_mode(mode, &flags);
	int old_fd, fd;

	if (open_flags < 0 || !stream)
		return NULL;
	__libc_stream_lock_slow(stream);
	old_fd = stream->file.fd;
	__libc_stream_flush_locked(stream);
	if (stream->source) {
		stream->source->close(stream->place);
		stream->source = NULL;
	}
	if (!path) {
		stream->file.xfile.cfile.file.flags = (uint8_t)(flags | __SBUF | __SEXT | __SCLOSE);
		__libc_stream_unlock_slow(stream);
		return file;
	}
	fd = open(path, open_flags, 0666);
	if (fd >= 0 && old_fd >= 0 && fd != old_fd) {
		if (dup3(fd, old_fd, open_flags & O_CLOEXEC) >= 0) {
			close(fd);
			fd = old_fd;
		}
	}
	if (fd < 0) {
		int saved_errno = errno;

		__libc_stream_unlock_slow(stream);
		fclose(file);
		errno = saved_errno;
		return NULL;
	}
	stream->file.fd = fd;
	stream->file.dir = 0;
	stream->file.len = stream->file.off = 0;
	stream->file.bflags &= (uint8_t)~__BLBF;
	stream->undecided = true;
	stream->file.xfile.cfile.file.unget = 0;
	stream->file.xfile.cfile.file.flags = (uint8_t)(flags | __SBUF | __SEXT | __SCLOSE);
	__libc_stream_unlock_slow(stream);
	return file;
}

/* ------------------------------------------------------------------ flushing */

static int flush_output(struct stream *stream)
{
	bool locked;
	int result;

	if (stream->file.dir != __SWR)
		return 0;
	locked = stream_lock(stream);
	result = __libc_stream_flush_locked(stream);
	stream_unlock(stream, locked);
	return result;
}

int fflush(FILE *file)
{
	int result = 0;

	if (file)
		return file->flush ? file->flush(file) : 0;
	for (size_t i = 0; i < ARRAY_SIZE(standard); i++)
		result |= flush_output(&standard[i]);
	__libc_lock(&list_lock);
	for (struct stream *stream = streams; stream; stream = stream->next)
		result |= flush_output(stream);
	__libc_unlock(&list_lock);
	return result ? EOF : 0;
}

/* Streams in memory have nothing that outlives the process; what they tell their size to may be gone.
 * At exit nobody may be waited for: a thread can be blocked for ever inside a stream it holds. */
static void flush_last(struct stream *stream)
{
	if (stream->source)
		return;
	if (stream->owner == __libc_gettid() || __libc_trylock(&stream->lock))
		__libc_stream_flush_locked(stream);
}

void __libc_stdio_flush(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(standard); i++)
		flush_last(&standard[i]);
	for (struct stream *stream = streams; stream; stream = stream->next)
		flush_last(stream);
}

/* ------------------------------------------------------------------ locks */

void __libc_stream_lock_slow(struct stream *stream)
{
	uint32_t self = __libc_gettid();

	if (stream->owner == self) {
		stream->depth++;
		return;
	}
	__libc_lock(&stream->lock);
	stream->owner = self;
	stream->depth = 1;
}

void __libc_stream_unlock_slow(struct stream *stream)
{
	if (--stream->depth > 0)
		return;
	stream->owner = 0;
	__libc_unlock(&stream->lock);
}

void flockfile(FILE *file)
{
	if (stream_of(file))
		__libc_stream_lock_slow(stream_of(file));
}

int ftrylockfile(FILE *file)
{
	struct stream *stream = stream_of(file);
	uint32_t self = __libc_gettid();

	if (!stream)
		return 0;
	if (stream->owner != self) {
		if (!__libc_trylock(&stream->lock))
			return -1;
		stream->owner = self;
		stream->depth = 0;
	}
	stream->depth++;
	return 0;
}

void funlockfile(FILE *file)
{
	if (stream_of(file))
		__libc_stream_unlock_slow(stream_of(file));
}

/* Around fork. In the child nobody is left who could hold a stream, except the caller. */
void __libc_stdio_lock(void)
{
	__libc_lock(&list_lock);
}

void __libc_stdio_unlock(void)
{
	__libc_unlock(&list_lock);
}

static void forget_owner(struct stream *stream, uint32_t parent_tid)
{
	if (stream->owner == parent_tid && parent_tid) {
		stream->owner = __libc_gettid();
		return;
	}
	stream->lock.word = 0;
	stream->owner = 0;
	stream->depth = 0;
}

void __libc_stdio_after_fork(uint32_t parent_tid)
{
	for (size_t i = 0; i < ARRAY_SIZE(standard); i++)
		forget_owner(&standard[i], parent_tid);
	for (struct stream *stream = streams; stream; stream = stream->next)
		forget_owner(stream, parent_tid);
}
