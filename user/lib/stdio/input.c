/* Reading lines: the stream is held for the whole call. picolibc's fgets returns NULL, and loses what it
 * read, when the last line of a file has no newline. */
#include "stream.h"

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
