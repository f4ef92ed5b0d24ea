/*
 * sync: waits until changes are on the disk: all of them, or those of the files named.
 */
#include <fcntl.h>
#include <getopt.h>
#include <unistd.h>

#include "shared/program.h"

int main(int argc, char **argv)
{
	bool data_only = false;
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-d] [FILE]...\nWaits until all changes, or those of the files, are on the disk.\n"
		"  -d  only what is needed to read the data again");
	while ((c = getopt(argc, argv, "d")) != -1) {
		if (c != 'd')
			usage_error(1);
		data_only = true;
	}
	if (optind == argc)
		sync();
	for (; optind < argc; optind++) {
		int fd = open(argv[optind], O_RDONLY);

		if (fd < 0 || (data_only ? fdatasync(fd) : fsync(fd)) != 0) {
			warn_errno("error syncing '%s'", argv[optind]);
			ok = false;
		}
		if (fd >= 0)
			close(fd);
	}
	return !ok;
}
