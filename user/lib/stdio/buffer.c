/* The buffer of a stream: what picolibc's printf and scanf call for every character, and what moves
 * whole buffers to and from the descriptor, or the memory that stands for one.
 *
 * A buffer holds either what was read ahead or what is not written yet, never both; turning it
 * around gives the one back (by seeking) or writes the other out.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "stream.h"

#define file_of(stream) (&(stream)->file)

ssize_t __libc_stream_take(struct stream *stream, void *data, size_t len)
{
	if (stream->source)
		return stream->source->read(stream->place, data, len);
	return read(file_of(stream)->fd, data, len);
}

ssize_t __libc_stream_give(struct stream *stream, const void *data, size_t len)
{
	if (stream->source)
		return stream->source->write(stream->place, data, len);
	return write(file_of(stream)->fd, data, len);
}

static off_t move(struct stream *stream, off_t offset, int whence)
{
	if (stream->source)
		return stream->source->seek(stream->place, offset, whence);
	return lseek(file_of(stream)->fd, offset, whence);
}

static bool appends(struct stream *stream)
{
	if (stream->source)
		return stream->appends;
	return fcntl(file_of(stream)->fd, F_GETFL) & O_APPEND;
}

static void decide(struct stream *stream)
{
	struct __file_bufio *f = file_of(stream);

	stream->undecided = false;
	if (!f->buf) {
		f->buf = malloc(BUFSIZ);
		f->size = BUFSIZ;
		if (f->buf) {
			f->bflags |= __BALL;
		} else {
			f->buf = stream->small;
			f->size = sizeof(stream->small);
		}
	}
	if (!stream->source && !stream->unbuffered && !(f->bflags & __BLBF) && isatty(f->fd))
		f->bflags |= __BLBF;
}

/* Writes until all is out or an error; what could not be written stays. */
static int drain(struct stream *stream)
{
	struct __file_bufio *f = file_of(stream);
	int done = 0;

	while (done < f->len) {
		ssize_t put = __libc_stream_give(stream, f->buf + done, (size_t)(f->len - done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			memmove(f->buf, f->buf + done, (size_t)(f->len - done));
			f->len -= done;
			f->xfile.cfile.file.flags |= __SERR;
			return EOF;
		}
		done += (int)put;
	}
	f->len = 0;
	return 0;
}

/* What was read ahead is unread again, so that others who share the descriptor find it. */
static void give_back(struct stream *stream)
{
	struct __file_bufio *f = file_of(stream);
	int saved_errno = errno;
	int ahead = f->len - f->off;

	if (f->xfile.cfile.file.unget && ahead < f->len)
		ahead++;
	if (ahead > 0)
		move(stream, -ahead, SEEK_CUR);
	errno = saved_errno;
	f->len = f->off = 0;
	f->xfile.cfile.file.unget = 0;
}

int __libc_stream_flush_locked(struct stream *stream)
{
	struct __file_bufio *f = file_of(stream);
	int result = 0;

	if (f->dir == __SWR)
		result = drain(stream);
	else if (f->dir == __SRD)
		give_back(stream);
	if (result == 0)
		f->dir = 0;
	if (result == 0 && stream->source)
		stream->source->flushed(stream->place);
	return result;
}

int __libc_stream_turn_locked(struct stream *stream, uint8_t dir)
{
	struct __file_bufio *f = file_of(stream);

	if (stream->undecided)
		decide(stream);
	if (f->dir == dir)
		return 0;
	if (f->dir && __libc_stream_flush_locked(stream) < 0)
		return _FDEV_ERR;
	f->dir = dir;
	f->len = f->off = 0;
	return 0;
}

int __libc_stream_put_locked(struct stream *stream, char c)
{
	struct __file_bufio *f = file_of(stream);

	if (f->dir != __SWR && __libc_stream_turn_locked(stream, __SWR) < 0)
		return _FDEV_ERR;
	if (f->len >= f->size && drain(stream) < 0)
		return _FDEV_ERR;
	f->buf[f->len++] = c;
	if (f->len < f->size && !(c == '\n' && f->bflags & __BLBF) &&
		!(stream->unbuffered && !stream->held))
		return (unsigned char)c;
	return drain(stream) < 0 ? _FDEV_ERR : (unsigned char)c;
}

int __libc_stream_write_locked(struct stream *stream, const char *data, size_t len)
{
	struct __file_bufio *f = file_of(stream);
	size_t left = len;

	if (__libc_stream_turn_locked(stream, __SWR) < 0)
		return _FDEV_ERR;
	while (left > 0) {
		size_t room = (size_t)(f->size - f->len);
		size_t piece = left < room ? left : room;

		/* What would fill the buffer goes out from where it is. */
		if (f->len == 0 && left >= (size_t)f->size) {
			ssize_t put = __libc_stream_give(stream, data, left);

			if (put < 0 && errno == EINTR)
				continue;
			if (put <= 0) {
				f->xfile.cfile.file.flags |= __SERR;
				return _FDEV_ERR;
			}
			data += put;
			left -= (size_t)put;
			continue;
		}
		memcpy(f->buf + f->len, data, piece);
		f->len += (int)piece;
		data += piece;
		left -= piece;
		if (f->len == f->size && drain(stream) < 0)
			return _FDEV_ERR;
	}
	if ((stream->unbuffered && !stream->held) ||
		(f->bflags & __BLBF && memrchr(data - len, '\n', len)))
		return drain(stream) < 0 ? _FDEV_ERR : 0;
	return 0;
}

int __libc_stream_get_locked(struct stream *stream)
{
	struct __file_bufio *f = file_of(stream);
	ssize_t got;

	if (f->dir != __SRD && __libc_stream_turn_locked(stream, __SRD) < 0)
		return _FDEV_ERR;
	if (f->off < f->len)
		return (unsigned char)f->buf[f->off++];
	/* Someone is about to be waited for: let them see what was said so far. */
	if (f->fd == STDIN_FILENO) {
		struct stream *out = stream_of(stdout);

		if (out->file.bflags & __BLBF && out->file.dir == __SWR)
			fflush(stdout);
	}
	got = __libc_stream_take(stream, f->buf, stream->unbuffered ? 1 : (size_t)f->size);
	f->off = 0;
	f->len = got > 0 ? (int)got : 0;
	if (got <= 0)
		return got < 0 ? _FDEV_ERR : _FDEV_EOF;
	return (unsigned char)f->buf[f->off++];
}

/* ------------------------------------------------------------------ picolibc's entry points */

int __bufio_put(char c, FILE *file)
{
	struct stream *stream = stream_of(file);
	bool locked = stream_lock(stream);
	int result = __libc_stream_put_locked(stream, c);

	stream_unlock(stream, locked);
	return result;
}

int __bufio_get(FILE *file)
{
	struct stream *stream = stream_of(file);
	bool locked = stream_lock(stream);
	int result = __libc_stream_get_locked(stream);

	stream_unlock(stream, locked);
	return result;
}

int __bufio_flush(FILE *file)
{
	struct stream *stream = stream_of(file);
	bool locked = stream_lock(stream);
	int result = __libc_stream_flush_locked(stream);

	stream_unlock(stream, locked);
	return result;
}

/* Asking for the position disturbs nothing. */
static off_t position(struct stream *stream)
{
	struct __file_bufio *f = file_of(stream);
	off_t at = move(stream, 0, SEEK_CUR);

	if (at < 0)
		return -1;
	if (f->dir == __SWR) {
		if (f->len && appends(stream))
			at = move(stream, 0, SEEK_END);
		return at + f->len;
	}
	if (f->dir == __SRD)
		at -= f->len - f->off;
	if (f->xfile.cfile.file.unget)
		at--;
	return at;
}

static off_t seek(struct stream *stream, off_t offset, int whence)
{
	struct __file_bufio *f = file_of(stream);

	if (offset == 0 && whence == SEEK_CUR)
		return position(stream);
	if (__libc_stream_flush_locked(stream) < 0)
		return -1;
	f->xfile.cfile.file.unget = 0;
	return move(stream, offset, whence);
}

off_t __bufio_seek(FILE *file, off_t offset, int whence)
{
	struct stream *stream = stream_of(file);
	bool locked = stream_lock(stream);
	off_t result = seek(stream, offset, whence);

	stream_unlock(stream, locked);
	return result;
}

int __bufio_setvbuf(FILE *file, char *buf, int mode, size_t size)
{
	struct stream *stream = stream_of(file);
	struct __file_bufio *f = file_of(stream);
	bool locked = stream_lock(stream);
	int result = -1;

	if (mode != _IOFBF && mode != _IOLBF && mode != _IONBF)
		goto out;
	__libc_stream_flush_locked(stream);
	if (f->bflags & __BALL)
		free(f->buf);
	f->bflags = mode == _IOLBF ? __BLBF : 0;
	f->buf = NULL;
	stream->unbuffered = mode == _IONBF;
	stream->undecided = false;
	if (mode != _IONBF && buf && size > 0) {
		f->buf = buf;
		f->size = (int)size;
	} else {
		f->size = size > 0 && mode != _IONBF ? (int)size : BUFSIZ;
		f->buf = malloc((size_t)f->size);
		if (f->buf) {
			f->bflags |= __BALL;
		} else {
			f->buf = stream->small;
			f->size = sizeof(stream->small);
		}
	}
	result = 0;
out:
	stream_unlock(stream, locked);
	return result;
}

int __bufio_close(FILE *file)
{
	struct stream *stream = stream_of(file);
	struct __file_bufio *f = file_of(stream);
	int result;

	__libc_stream_unlink(stream);
	__libc_stream_lock_slow(stream);
	result = __libc_stream_flush_locked(stream);
	if (stream->source)
		stream->source->close(stream->place);
	else if (close(f->fd) < 0)
		result = EOF;
	if (f->bflags & __BALL)
		free(f->buf);
	f->buf = NULL;
	f->bflags = 0;
	f->xfile.cfile.file.flags &= (uint8_t) ~(__SRD | __SWR);
	__libc_stream_unlock_slow(stream);
	if (!stream->is_static)
		free(stream);
	return result;
}
