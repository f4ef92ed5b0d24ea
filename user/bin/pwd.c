/*
 * pwd: the working directory, without symbolic links in it.
 */
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "shared/program.h"

int main(int argc, char **argv)
{
	static char path[PATH_MAX];

	program_begin(argc, argv, "\nPrints the working directory.");
	if (!getcwd(path, sizeof(path)))
		die_errno(1, "cannot find the working directory");
	puts(path);
	return program_end(0);
}
