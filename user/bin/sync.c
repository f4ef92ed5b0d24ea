/*
 * sync: waits until changes are on the disk: all of them, or those of the files named.
 */
#include <fcntl.h>
#include <unistd.h>

#include "shared/options.h"
#include "shared/program.h"

int main(int argc, char **argv)
{
	bool data_only = false;
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-d] [FILE]...\nWaits until all changes, or those of the files, are on the disk.\n"
		"  -d  only what is needed to read the data again");
	while ((c = next_option(argc, argv, "d")) != -1) {
		if (c != 'd')
			usage_error(1);
		data_only = true;
	}
	if (option_index == argc)
		sync();
	for (; option_index < argc; option_index++) {
		int fd = open(argv[option_index], O_RDONLY);

		if (fd < 0 || (data_only ? fdatasync(fd) : fsync(fd)) != 0) {
			warn_errno("error syncing '%s'", argv[option_index]);
			ok = false;
		}
		if (fd >= 0)
			close(fd);
	}
	return !ok;
}
