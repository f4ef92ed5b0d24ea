/*
 * df: how full file systems are. Without arguments: the root, and what is mounted on the
 * directories in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

static bool human;
static bool inodes;

static void print_size(unsigned long long blocks, unsigned long long unit)
{
	char text[8];

	if (!human) {
		printf("%10llu ", blocks * unit / 1024);
		return;
	}
	format_human(blocks * unit, text);
	printf("%10s ", text);
}

static void print_share(unsigned long long used, unsigned long long available)
{
	unsigned long long all = used + available;

	if (all == 0)
		printf("%4s", "-");
	else
		printf("%3llu%%", (used * 100 + all - 1) / all);
}

static void print_header(void)
{
	if (inodes)
		printf("%10s %10s %10s %4s %s\n", "Inodes", "IUsed", "IFree", "IUse", "Path");
	else
		printf("%10s %10s %10s %4s %s\n", human ? "Size" : "1K-blocks", "Used", "Available",
			"Use", "Path");
}

static bool print_file_system(const char *path)
{
	struct statvfs v;
	unsigned long long unit;
	unsigned long long used;

	if (statvfs(path, &v) != 0) {
		warn_errno("%s", path);
		return false;
	}
	if (inodes) {
		used = v.f_files - v.f_ffree;
		printf("%10llu %10llu %10llu ", (unsigned long long)v.f_files, used,
			(unsigned long long)v.f_ffree);
		print_share(used, v.f_ffree);
	} else {
		unit = v.f_frsize ? v.f_frsize : v.f_bsize;
		used = v.f_blocks - v.f_bfree;
		print_size(v.f_blocks, unit);
		print_size(used, unit);
		print_size(v.f_bavail, unit);
		print_share(used, v.f_bavail);
	}
	printf(" %s\n", path);
	return true;
}

/* The directories in / that are on another device than it. */
static bool print_mounted(void)
{
	char **names = directory_names("/");
	bool ok = print_file_system("/");
	struct stat root;
	struct stat st;
	char **n;

	if (stat("/", &root) != 0)
		return false;
	for (n = names; n && *n; n++) {
		char *path = path_join("/", *n);

		if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_dev != root.st_dev)
			ok &= print_file_system(path);
		free(path);
	}
	names_free(names);
	return ok;
}

int main(int argc, char **argv)
{
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-hik] [FILE]...\n  -h  sizes as 1K, 1M\n  -i  inodes instead of blocks\n"
		"  -k  blocks of 1024 bytes (always so)");
	while ((c = next_option(argc, argv, "hik")) != -1) {
		switch (c) {
		case 'h': human = true; break;
		case 'i': inodes = true; break;
		case 'k': human = false; break;
		default: usage_error(1);
		}
	}
	print_header();
	if (option_index == argc)
		ok = print_mounted();
	for (; option_index < argc; option_index++)
		ok &= print_file_system(argv[option_index]);
	return program_end(!ok);
}
