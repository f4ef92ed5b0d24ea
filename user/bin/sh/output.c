/*
 * What builtins print. They must not use stdio: its buffer would be copied by fork and written
 * twice. So there is one small buffer, emptied when each builtin ends, and a write that failed is
 * remembered until then and becomes the builtin's status.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

static char buffer[512];
static size_t used;
static int write_error;

static int write_all(int fd, const char *s, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, s, n);

		if (done < 0) {
			if (errno == EINTR && !sh.interrupted)
				continue;
			return errno;
		}
		s += done;
		n -= (size_t)done;
	}
	return 0;
}

static void empty_buffer(void)
{
	if (used > 0 && !write_error)
		write_error = write_all(STDOUT_FILENO, buffer, used);
	used = 0;
}

void out_write(const char *s, size_t n)
{
	if (n > sizeof(buffer) - used)
		empty_buffer();
	if (n > sizeof(buffer)) {
		if (!write_error)
			write_error = write_all(STDOUT_FILENO, s, n);
		return;
	}
	memcpy(buffer + used, s, n);
	used += n;
}

void out_str(const char *s)
{
	out_write(s, strlen(s));
}

void out_fmt(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0)
		out_write(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* Prints s so that the shell would read it back as the same word. */
void out_quoted(const char *s)
{
	out_str("'");
	for (; *s; s++) {
		if (*s == '\'')
			out_str("'\\''");
		else
			out_write(s, 1);
	}
	out_str("'");
}

/* Empties the buffer; returns 0, or the errno of a write that failed since the last call. */
int out_flush(void)
{
	int e;

	empty_buffer();
	e = write_error;
	write_error = 0;
	return e;
}

void err_str(const char *s)
{
	write_all(STDERR_FILENO, s, strlen(s));
}
