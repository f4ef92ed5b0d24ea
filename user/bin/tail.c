/*
 * tail: the last lines or bytes of files. A file is read from its end, in steps, until enough of it
 * is in memory; a pipe is read through, keeping only what may still be needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

#define STEP 4096

static long long count = 10;
static bool by_bytes;
static bool from_start; /* +N: beginning with the Nth */
static bool follow;

/* Where the last `count` units of data begin. */
static size_t tail_start(const char *data, size_t n)
{
	long long left = count;
	size_t at = n;

	if (by_bytes)
		return (unsigned long long)count >= n ? 0 : n - (size_t)count;
	if (count == 0)
		return n;
	if (at > 0 && data[at - 1] == '\n')
		at--;
	while (at > 0) {
		if (data[at - 1] == '\n' && --left == 0)
			return at;
		at--;
	}
	return 0;
}

static bool skip_head(int fd)
{
	long long left = count - 1;
	char buffer[STEP];
	ssize_t n;
	ssize_t i = 0;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		for (i = 0; i < n && left > 0; i++)
			if (by_bytes || buffer[i] == '\n')
				left--;
		if (i < n || left <= 0) {
			if (!write_all(STDOUT_FILENO, buffer + i, (size_t)(n - i)))
				die_errno(1, "write error");
			break;
		}
	}
	return n >= 0 && copy_fd(fd, STDOUT_FILENO) == COPY_OK;
}

/* Reads all, dropping from the front what can no longer be part of the tail. */
static bool tail_stream(int fd)
{
	size_t cap = 4 * STEP;
	char *data = must_alloc(cap);
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, data + n, cap - n)) != 0) {
		size_t start;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		n += (size_t)got;
		if (cap - n >= STEP)
			continue;
		start = tail_start(data, n);
		memmove(data, data + start, n - start);
		n -= start;
		if (cap - n < cap / 2) {
			cap *= 2;
			data = must_realloc(data, cap);
		}
	}
	if (got == 0) {
		size_t start = tail_start(data, n);

		if (!write_all(STDOUT_FILENO, data + start, n - start))
			die_errno(1, "write error");
	}
	free(data);
	return got == 0;
}

/* Moves the offset to where the tail begins. */
static bool seek_tail(int fd, off_t size)
{
	char buffer[STEP];
	long long left = count;
	off_t at = size;

	if (by_bytes) {
		at = count < size ? size - (off_t)count : 0;
		return lseek(fd, at, SEEK_SET) >= 0;
	}
	while (at > 0 && left >= 0) {
		off_t step = at < STEP ? at : STEP;
		ssize_t i;

		if (lseek(fd, at - step, SEEK_SET) < 0 ||
			read_full(fd, buffer, (size_t)step) != step)
			return false;
		for (i = (ssize_t)step - 1; i >= 0; i--) {
			bool last = at == size && i == (ssize_t)step - 1;

			if (count == 0 || (buffer[i] == '\n' && !last && --left == 0))
				return lseek(fd, at - step + i + 1, SEEK_SET) >= 0;
		}
		at -= step;
	}
	return lseek(fd, 0, SEEK_SET) >= 0;
}

static bool tail_fd(int fd)
{
	struct stat st;

	if (from_start)
		return skip_head(fd);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0)
		return seek_tail(fd, st.st_size) && copy_fd(fd, STDOUT_FILENO) == COPY_OK;
	return tail_stream(fd);
}

static void follow_file(int fd)
{
	static const struct timespec pause = {.tv_nsec = 250 * 1000 * 1000};

	while (copy_fd(fd, STDOUT_FILENO) == COPY_OK)
		nanosleep(&pause, NULL);
}

static bool tail_file(const char *name, bool title)
{
	static bool later;
	bool is_stdin = strcmp(name, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY);
	bool ok;

	if (fd < 0) {
		warn_errno("cannot open '%s' for reading", name);
		return false;
	}
	if (title) {
		printf("%s==> %s <==\n", later ? "\n" : "", is_stdin ? "standard input" : name);
		fflush(stdout);
	}
	later = true;
	ok = tail_fd(fd);
	if (!ok)
		warn_errno("error reading '%s'", name);
	if (follow)
		follow_file(fd);
	if (!is_stdin)
		close(fd);
	return ok;
}

static void set_count(const char *s, bool bytes)
{
	by_bytes = bytes;
	from_start = *s == '+';
	if (!parse_size(s + (*s == '+' || *s == '-'), &count))
		die(1, "invalid number of %s: '%s'", bytes ? "bytes" : "lines", s);
	if (from_start && count == 0)
		count = 1;
}

int main(int argc, char **argv)
{
	bool quiet = false;
	bool verbose = false;
	bool ok = true;
	bool title;
	int c;

	program_begin(argc, argv,
		"[-n [+]LINES | -c [+]BYTES | -LINES] [-fqv] [FILE]...\n"
		"  -n  so many lines (10); with a plus, from that line on\n  -c  the same in "
		"bytes\n"
		"  -f  go on as the file grows\n  -q  no titles\n  -v  titles even for one file");
	if (argc > 1 && (argv[1][0] == '-' || argv[1][0] == '+') && argv[1][1] >= '0' &&
		argv[1][1] <= '9') {
		set_count(argv[1] + (argv[1][0] == '-'), false);
		option_index = 2;
	}
	while ((c = next_option(argc, argv, "c:fn:qv")) != -1) {
		switch (c) {
		case 'c':
		case 'n': set_count(option_arg, c == 'c'); break;
		case 'f': follow = true; break;
		case 'q': quiet = true; break;
		case 'v': verbose = true; break;
		default: usage_error(1);
		}
	}
	title = verbose || (argc - option_index > 1 && !quiet);
	if (option_index == argc)
		ok = tail_file("-", title);
	for (; option_index < argc; option_index++)
		ok &= tail_file(argv[option_index], title);
	return program_end(!ok);
}
