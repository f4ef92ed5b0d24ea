/* Temporary files: names that nothing has yet, made with O_EXCL so that they stay ours. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../internal.h"

#define TRIES 100

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static uint32_t next_number(void)
{
	static volatile uint32_t counter;
	uint32_t x = __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED) * 2654435761u;

	x ^= (uint32_t)sys_clock(QUIRE_CLOCK_MONOTONIC) ^ __libc_gettid() * 40503u;
	x ^= x >> 15;
	x *= 2246822519u;
	return x ^ x >> 13;
}

/* The six X before the suffix, or NULL. */
static char *placeholder(char *pattern, int suffix)
{
	size_t len = strlen(pattern);

	if (suffix < 0 || len < 6 + (size_t)suffix ||
		memcmp(pattern + len - (size_t)suffix - 6, "XXXXXX", 6) != 0) {
		errno = EINVAL;
		return NULL;
	}
	return pattern + len - (size_t)suffix - 6;
}

static void fill(char *place)
{
	uint32_t number = next_number();

	for (int i = 0; i < 6; i++) {
		place[i] = letters[number % (sizeof(letters) - 1)];
		number /= sizeof(letters) - 1;
	}
}

int mkostemps(char *pattern, int suffix, int flags)
{
	char *place = placeholder(pattern, suffix);

	if (!place)
		return -1;
	for (int i = 0; i < TRIES; i++) {
		int fd;

		fill(place);
		fd = open(pattern, (flags & ~O_ACCMODE) | O_RDWR | O_CREAT | O_EXCL, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

int mkostemp(char *pattern, int flags)
{
	return mkostemps(pattern, 0, flags);
}

int mkstemps(char *pattern, int suffix)
{
	return mkostemps(pattern, suffix, 0);
}

int mkstemp(char *pattern)
{
	return mkostemps(pattern, 0, 0);
}

char *mkdtemp(char *pattern)
{
	char *place = placeholder(pattern, 0);

	if (!place)
		return NULL;
	for (int i = 0; i < TRIES; i++) {
		fill(place);
		if (mkdir(pattern, 0700) == 0)
			return pattern;
		if (errno != EEXIST)
			return NULL;
	}
	return NULL;
}

/* A name that was free a moment ago, or the empty string. */
static char *free_name(char *pattern)
{
	char *place = placeholder(pattern, 0);

	for (int i = 0; place && i < TRIES; i++) {
		fill(place);
		if (access(pattern, F_OK) < 0 && errno == ENOENT)
			return pattern;
	}
	pattern[0] = '\0';
	return pattern;
}

char *mktemp(char *pattern)
{
	return free_name(pattern);
}

FILE *tmpfile(void)
{
	char name[] = "/tmp/tmpfXXXXXX";
	int fd = mkstemp(name);
	FILE *stream;

	if (fd < 0)
		return NULL;
	unlink(name);
	stream = fdopen(fd, "w+");
	if (!stream)
		close(fd);
	return stream;
}

char *tmpnam(char *buf)
{
	static char own[L_tmpnam];
	char name[] = "/tmp/tmpnXXXXXX";

	free_name(name);
	return name[0] ? strcpy(buf ? buf : own, name) : NULL;
}

char *tempnam(const char *dir, const char *prefix)
{
	const char *from_env = getenv("TMPDIR");
	char *name;

	if (from_env && access(from_env, W_OK) == 0)
		dir = from_env;
	else if (!dir || access(dir, W_OK) < 0)
		dir = P_tmpdir;
	if (asprintf(&name, "%s/%.5sXXXXXX", dir, prefix ? prefix : "temp") < 0)
		return NULL;
	free_name(name);
	if (name[0])
		return name;
	free(name);
	return NULL;
}
