/*
 * touch: makes files and sets their times to now, or to those of another file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "shared/options.h"
#include "shared/program.h"

static bool no_create;
static struct timeval times[2];
static bool fixed_times;

static bool touch(const char *path)
{
	int fd;

	if (utimes(path, fixed_times ? times : NULL) == 0)
		return true;
	if (errno == ENOENT) {
		if (no_create)
			return true;
		fd = open(path, O_WRONLY | O_CREAT, 0666);
		if (fd >= 0) {
			close(fd);
			if (!fixed_times || utimes(path, times) == 0)
				return true;
		}
	}
	warn_errno("cannot touch '%s'", path);
	return false;
}

int main(int argc, char **argv)
{
	struct stat st;
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-c] [-r FILE | -d @SECONDS] FILE...\n  -c  make no new file\n"
		"  -r  the times of that FILE\n  -d  this many seconds after 1970");
	while ((c = next_option(argc, argv, "cd:r:")) != -1) {
		switch (c) {
		case 'c': no_create = true; break;
		case 'd':
			if (option_arg[0] != '@')
				die(1, "invalid date '%s'", option_arg);
			times[0].tv_sec = times[1].tv_sec =
				(time_t)number_arg(option_arg + 1, 0, 0x7fffffff, "date");
			fixed_times = true;
			break;
		case 'r':
			if (stat(option_arg, &st) != 0)
				die_errno(1, "cannot stat '%s'", option_arg);
			times[0].tv_sec = st.st_atime;
			times[1].tv_sec = st.st_mtime;
			fixed_times = true;
			break;
		default: usage_error(1);
		}
	}
	if (option_index == argc) {
		warn("missing file operand");
		usage_error(1);
	}
	for (; option_index < argc; option_index++)
		ok &= touch(argv[option_index]);
	return program_end(!ok);
}
