/* Single characters, and lines, for which the stream is held for the whole call. picolibc's fgets returns
 * NULL, and loses what it read, when the last line of a file has no newline; its fgetc and fputc tell no
 * error when the stream is not open for that direction. */
#include <errno.h>
#include "stream.h"

static int wrong_direction(FILE *file)
{
	file->flags |= __SERR;
	errno = EBADF;
	return EOF;
}

int fgetc(FILE *file)
{
	__ungetc_t pushed;
	int c;

	if (!(file->flags & __SRD))
		return wrong_direction(file);
	/* ungetc keeps the character with a bit above it. */
	if (file->unget) {
		pushed = __atomic_exchange_n(&file->unget, 0, __ATOMIC_RELAXED);
		if (pushed)
			return (unsigned char)pushed;
	}
	c = file->get(file);
	if (c < 0) {
		file->flags |= c == _FDEV_ERR ? __SERR : __SEOF;
		return EOF;
	}
	return (unsigned char)c;
}

int(getc)(FILE *file)
{
	return fgetc(file);
}

int(getchar)(void)
{
	return fgetc(stdin);
}

int fputc(int c, FILE *file)
{
	if (!(file->flags & __SWR))
		return wrong_direction(file);
	if (file->put((char)c, file) < 0) {
		file->flags |= __SERR;
		return EOF;
	}
	return (unsigned char)c;
}

int(putc)(int c, FILE *file)
{
	return fputc(c, file);
}

int(putchar)(int c)
{
	return fputc(c, stdout);
}

char *fgets(char *line, int size, FILE *file)
{
	struct stream *stream = stream_of(file);
	bool locked = stream && stream_lock(stream);
	int length = 0, c = 0;

	while (length < size - 1 && c != '\n') {
		c = getc(file);
		if (c == EOF)
			break;
		line[length++] = (char)c;
	}
	if (stream)
		stream_unlock(stream, locked);
	/* Nothing read, at the end or at an error: the buffer stays as it was. */
	if (size < 1 || (c == EOF && (length == 0 || ferror(file))))
		return NULL;
	line[length] = 0;
	return line;
}
