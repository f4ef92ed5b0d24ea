/*
 * See program.h. Messages are put together in memory, because standard error is unbuffered and
 * would otherwise be written a byte at a time, mixed with what other processes print.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

const char *program_name = "?";
static const char *usage_text;

void program_begin(int argc, char **argv, const char *usage)
{
	const char *slash;

	usage_text = usage;
	if (argc > 0) {
		slash = strrchr(argv[0], '/');
		program_name = slash ? slash + 1 : argv[0];
	}
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		printf("usage: %s %s\n", program_name, usage_text);
		exit(program_end(0));
	}
}

static void message(const char *reason, const char *fmt, va_list ap)
{
	char text[1024];
	size_t room = sizeof(text) - 1; /* for the newline */
	size_t n;
	int got;

	got = snprintf(text, room, "%s: ", program_name);
	n = got < 0 ? 0 : (size_t)got;
	if (n < room) {
		got = vsnprintf(text + n, room - n, fmt, ap);
		n += got < 0 ? 0 : (size_t)got;
	}
	if (reason && n < room) {
		got = snprintf(text + n, room - n, ": %s", reason);
		n += got < 0 ? 0 : (size_t)got;
	}
	if (n >= room)
		n = room - 1;
	text[n++] = '\n';
	fflush(stdout);
	if (write(STDERR_FILENO, text, n) < 0)
		return; /* there is no one left to tell */
}

void warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(NULL, fmt, ap);
	va_end(ap);
}

void warn_errno(const char *fmt, ...)
{
	const char *reason = strerror(errno);
	va_list ap;

	va_start(ap, fmt);
	message(reason, fmt, ap);
	va_end(ap);
}

void die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message(NULL, fmt, ap);
	va_end(ap);
	exit(status);
}

void die_errno(int status, const char *fmt, ...)
{
	const char *reason = strerror(errno);
	va_list ap;

	va_start(ap, fmt);
	message(reason, fmt, ap);
	va_end(ap);
	exit(status);
}

void complain(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	strcat(text, "\n");
	fflush(stdout);
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

void put_output(const char *s, size_t n)
{
	fwrite(s, 1, n, stdout);
}

void redirect(int fd, const char *path, int flags, int failure)
{
	int opened = open(path, flags, 0666);

	if (opened < 0)
		die_errno(failure, "%s", path);
	if (opened == fd)
		return;
	dup2(opened, fd);
	close(opened);
}

void usage_error(int status)
{
	die(status, "try '%s --help'", program_name);
}

int program_end(int status)
{
	bool failed = ferror(stdout) != 0;

	if (fflush(stdout) != 0)
		failed = true;
	if (!failed)
		return status;
	warn_errno("write error");
	return status ? status : 1;
}

void *must_realloc(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		die(2, "out of memory");
	return p;
}

void *must_alloc(size_t size)
{
	return must_realloc(NULL, size);
}

char *must_strdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(must_alloc(n), s, n);
}

long long number_arg(const char *s, long long min, long long max, const char *what)
{
	long long n;
	char *end;

	errno = 0;
	n = strtoll(s, &end, 10);
	if (end == s || *end || errno || n < min || n > max)
		die(1, "invalid %s: '%s'", what, s);
	return n;
}

bool parse_size(const char *s, long long *out)
{
	static const char letters[] = "kMGT";
	long long unit = 1;
	long long n;
	const char *at;
	char *end;
	int power;

	errno = 0;
	n = strtoll(s, &end, 10);
	if (end == s || errno || n < 0)
		return false;
	if (*end == 'c' && !end[1]) {
		end++;
	} else if (*end == 'b' && !end[1]) {
		unit = 512;
		end++;
	} else if (*end) {
		at = strchr(letters, *end == 'K' ? 'k' : *end);
		if (!at)
			return false;
		end++;
		power = (int)(at - letters) + 1;
		while (power-- > 0)
			unit *= *end == 'B' ? 1000 : 1024;
		if (*end == 'B')
			end++;
		else if (*end == 'i' && end[1] == 'B')
			end += 2;
	}
	if (*end || n > LLONG_MAX / unit)
		return false;
	*out = n * unit;
	return true;
}
