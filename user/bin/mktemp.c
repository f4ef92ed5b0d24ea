/*
 * mktemp: makes a file or directory of a name that was not taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

#define ATTEMPTS 1000

/* Only has to differ from one run to the next: creation is exclusive. */
static uint32_t next_random(void)
{
	static uint64_t state;
	struct timespec ts;

	if (state == 0) {
		clock_gettime(CLOCK_REALTIME, &ts);
		state = (uint64_t)ts.tv_nsec * 2654435761u ^ (uint64_t)ts.tv_sec << 20 ^
			(uint64_t)getpid();
	}
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33);
}

static bool create(const char *path, bool directory)
{
	int fd;

	if (directory)
		return mkdir(path, 0700) == 0;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int main(int argc, char **argv)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const char *template = "tmp.XXXXXXXXXX";
	const char *dir = NULL;
	bool directory = false;
	bool dry_run = false;
	bool quiet = false;
	struct stat st;
	char *path;
	char *x;
	char *s;
	size_t n = 0;
	int tries;
	int c;

	program_begin(argc, argv,
		"[-dqtu] [-p DIRECTORY] [TEMPLATE]\nPrints the name it made. The last Xs of "
		"TEMPLATE, at least three, vary.\n"
		"  -d  a directory   -p  in DIRECTORY   -t  in $TMPDIR or /tmp\n"
		"  -q  no message    -u  only a name");
	while ((c = next_option(argc, argv, "dp:qtu")) != -1) {
		switch (c) {
		case 'd': directory = true; break;
		case 'p': dir = option_arg; break;
		case 'q': quiet = true; break;
		case 't': dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp"; break;
		case 'u': dry_run = true; break;
		default: usage_error(1);
		}
	}
	if (option_index < argc)
		template = argv[option_index];
	else if (!dir)
		dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	path = dir ? path_join(dir, template) : must_strdup(template);
	for (x = path + strlen(path); x > path && x[-1] == 'X'; x--)
		n++;
	if (n < 3)
		die(1, "too few X's in template '%s'", template);
	for (tries = 0; tries < ATTEMPTS; tries++) {
		for (s = x; *s; s++)
			*s = letters[next_random() % (sizeof(letters) - 1)];
		if (dry_run ? lstat(path, &st) != 0 : create(path, directory)) {
			puts(path);
			return program_end(0);
		}
		if (errno != EEXIST)
			break;
	}
	if (!quiet)
		warn_errno("failed to create %s via template '%s'",
			directory ? "directory" : "file", template);
	return 1;
}
