/*
 * Copying bytes: apart from files.c, so that only programs that copy carry the buffer.
 */
#include <errno.h>
#include <unistd.h>

#include "files.h"

/* Large enough that the cost of a system call does not show beside that of the bytes. */
#define COPY_BUFFER (64u * 1024)

enum copy_result copy_fd(int from, int to)
{
	static char buffer[COPY_BUFFER];
	ssize_t got;

	while ((got = read(from, buffer, sizeof(buffer))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return COPY_READ_ERROR;
		if (!write_all(to, buffer, (size_t)got))
			return COPY_WRITE_ERROR;
	}
	return COPY_OK;
}
