/* Output functions that hold their stream for the whole call, so that the lines of two threads do not
 * mix and an unbuffered stream writes once, not once a character. The formatting is picolibc's. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "stream.h"

/* Brackets a call that puts characters one by one. */
static bool hold(struct stream *stream)
{
	bool locked = stream_lock(stream);

	stream->held++;
	return locked;
}

static int let_go(struct stream *stream, bool locked, int result)
{
	if (--stream->held == 0 && stream->unbuffered && stream->file.dir == __SWR &&
		__libc_stream_flush_locked(stream) < 0)
		result = EOF;
	stream_unlock(stream, locked);
	return result;
}

static int print(FILE *file, const char *format, va_list args)
{
	struct stream *stream = stream_of(file);
	bool locked;

	if (!stream)
		return vfprintf(file, format, args);
	locked = hold(stream);
	return let_go(stream, locked, vfprintf(file, format, args));
}

int fprintf(FILE *file, const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = print(file, format, args);
	va_end(args);
	return result;
}

int printf(const char *format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = print(stdout, format, args);
	va_end(args);
	return result;
}

int vprintf(const char *format, va_list args)
{
	return print(stdout, format, args);
}

/* ------------------------------------------------------------------ blocks of bytes */

size_t fwrite(const void *data, size_t size, size_t count, FILE *file)
{
	struct stream *stream = stream_of(file);
	size_t bytes = size * count;
	bool locked;
	int result;

	if (size == 0 || count == 0)
		return 0;
	if (!(file->flags & __SWR)) {
		file->flags |= __SERR;
		errno = EBADF;
		return 0;
	}
	if (!stream) {
		for (size_t i = 0; i < bytes; i++) {
			if (file->put(((const char *)data)[i], file) < 0) {
				file->flags |= __SERR;
				return i / size;
			}
		}
		return count;
	}
	locked = stream_lock(stream);
	result = __libc_stream_write_locked(stream, data, bytes);
	stream_unlock(stream, locked);
	return result < 0 ? 0 : count;
}

int fputs(const char *string, FILE *file)
{
	size_t len = strlen(string);

	return len == 0 || fwrite(string, 1, len, file) == len ? 0 : EOF;
}

int puts(const char *string)
{
	struct stream *stream = stream_of(stdout);
	bool locked = hold(stream);
	int result = fputs(string, stdout) < 0 || fputc('\n', stdout) < 0 ? EOF : 0;

	return let_go(stream, locked, result);
}

/* From the buffer, and what is more than a buffer straight into the caller's memory. */
static size_t read_locked(struct stream *stream, char *to, size_t bytes)
{
	struct __file_bufio *f = &stream->file;
	FILE *file = (FILE *)stream;
	size_t done = 0;

	if (bytes > 0 && file->unget) {
		int c = fgetc(file);

		to[done++] = (char)c;
	}
	if (__libc_stream_turn_locked(stream, __SRD) < 0)
		return done;
	while (done < bytes) {
		size_t ready = (size_t)(f->len - f->off);
		size_t piece = bytes - done < ready ? bytes - done : ready;
		int c;

		memcpy(to + done, f->buf + f->off, piece);
		f->off += (int)piece;
		done += piece;
		if (done == bytes)
			break;
		if (bytes - done >= (size_t)f->size && !stream->unbuffered) {
			ssize_t got = __libc_stream_take(stream, to + done, bytes - done);

			if (got <= 0) {
				file->flags |= got < 0 ? __SERR : __SEOF;
				break;
			}
			done += (size_t)got;
			continue;
		}
		c = __libc_stream_get_locked(stream);
		if (c < 0) {
			file->flags |= c == _FDEV_ERR ? __SERR : __SEOF;
			break;
		}
		to[done++] = (char)c;
	}
	return done;
}

size_t fread(void *data, size_t size, size_t count, FILE *file)
{
	struct stream *stream = stream_of(file);
	size_t bytes = size * count;
	size_t done = 0;
	bool locked;

	if (size == 0 || count == 0)
		return 0;
	if (!(file->flags & __SRD)) {
		file->flags |= __SERR;
		errno = EBADF;
		return 0;
	}
	if (stream) {
		locked = stream_lock(stream);
		done = read_locked(stream, data, bytes);
		stream_unlock(stream, locked);
		return done / size;
	}
	for (int c; done < bytes && (c = fgetc(file)) != EOF; done++)
		((char *)data)[done] = (char)c;
	return done / size;
}

/* ------------------------------------------------------------------ descriptors and lines */

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, data, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		data += put;
		len -= (size_t)put;
	}
	return 0;
}

int vdprintf(int fd, const char *restrict format, va_list args)
{
	char few[512];
	char *text = few;
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(few, sizeof(few), format, args);
	if (len >= (int)sizeof(few)) {
		text = malloc((size_t)len + 1);
		if (text)
			vsnprintf(text, (size_t)len + 1, format, again);
	}
	va_end(again);
	if (!text)
		return -1;
	if (len > 0 && write_all(fd, text, (size_t)len) < 0)
		len = -1;
	if (text != few)
		free(text);
	return len;
}

int dprintf(int fd, const char *restrict format, ...)
{
	va_list args;
	int result;

	va_start(args, format);
	result = vdprintf(fd, format, args);
	va_end(args);
	return result;
}

ssize_t getdelim(char **restrict line, size_t *restrict size, int delimiter, FILE *restrict file)
{
	size_t len = 0;
	int c;

	if (!*line)
		*size = 0;
	do {
		c = fgetc(file);
		if (len + 2 > *size) {
			size_t room = *size ? 2 * *size : 128;
			char *bigger = realloc(*line, room);

			if (!bigger)
				return -1;
			*line = bigger;
			*size = room;
		}
		if (c != EOF)
			(*line)[len++] = (char)c;
	} while (c != EOF && c != delimiter);
	(*line)[len] = '\0';
	return len ? (ssize_t)len : -1;
}

ssize_t getline(char **restrict line, size_t *restrict size, FILE *restrict file)
{
	return getdelim(line, size, '\n', file);
}

int fileno_unlocked(FILE *file)
{
	return fileno(file);
}

int fileno(FILE *file)
{
	struct stream *stream = stream_of(file);

	if (stream && !stream->source && file->flags & (__SRD | __SWR))
		return stream->file.fd;
	errno = EBADF;
	return -1;
}
