/*
 * du: how much room files and trees take on the disk. A file with several names counts once.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

struct seen {
	dev_t dev;
	ino_t ino;
};

static bool every_file;
static bool human;
static bool apparent;
static bool grand_total;
static long long max_depth = INT_MAX;
static struct seen *seen;
static size_t n_seen;
static bool ok = true;

static bool seen_before(const struct stat *st)
{
	size_t i;

	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return false;
	for (i = 0; i < n_seen; i++)
		if (seen[i].dev == st->st_dev && seen[i].ino == st->st_ino)
			return true;
	seen = must_realloc(seen, (n_seen + 1) * sizeof(*seen));
	seen[n_seen++] = (struct seen){st->st_dev, st->st_ino};
	return false;
}

static void print_size(unsigned long long bytes, const char *path)
{
	char text[8];

	if (human) {
		format_human(bytes, text);
		printf("%s\t%s\n", text, path);
	} else {
		printf("%llu\t%s\n", apparent ? bytes : (bytes + 1023) / 1024, path);
	}
}

/* Returns the bytes of the tree, having printed the parts that were asked for. */
static unsigned long long measure(const char *path, int depth)
{
	unsigned long long bytes;
	struct stat st;
	char **names;
	char **n;

	if (lstat(path, &st) != 0) {
		warn_errno("cannot access '%s'", path);
		ok = false;
		return 0;
	}
	if (seen_before(&st))
		return 0;
	bytes = apparent ? (unsigned long long)st.st_size : (unsigned long long)st.st_blocks * 512;
	if (S_ISDIR(st.st_mode)) {
		names = directory_names(path);
		if (!names) {
			warn_errno("cannot read directory '%s'", path);
			ok = false;
		}
		for (n = names; n && *n; n++) {
			char *sub = path_join(path, *n);

			bytes += measure(sub, depth + 1);
			free(sub);
		}
		names_free(names);
	}
	if (depth <= max_depth && (S_ISDIR(st.st_mode) || every_file || depth == 0))
		print_size(bytes, path);
	return bytes;
}

int main(int argc, char **argv)
{
	unsigned long long total = 0;
	int c;

	program_begin(argc, argv,
		"[-abchks] [-d DEPTH] [FILE]...\n  -a  files too, not only directories\n"
		"  -b  bytes of content instead of room on the disk\n  -c  a total at the end\n"
		"  -d  no deeper than DEPTH\n  -h  sizes as 1K, 1M\n  -k  in 1024 bytes (always "
		"so)\n"
		"  -s  only what is named");
	while ((c = next_option(argc, argv, "abcd:hks")) != -1) {
		switch (c) {
		case 'a': every_file = true; break;
		case 'b': apparent = true; break;
		case 'c': grand_total = true; break;
		case 'd': max_depth = number_arg(option_arg, 0, INT_MAX, "depth"); break;
		case 'h': human = true; break;
		case 'k': break;
		case 's': max_depth = 0; break;
		default: usage_error(1);
		}
	}
	if (option_index == argc)
		total = measure(".", 0);
	for (; option_index < argc; option_index++)
		total += measure(argv[option_index], 0);
	if (grand_total)
		print_size(total, "total");
	return program_end(!ok);
}
