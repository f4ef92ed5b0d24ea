/*
 * truncate: sets the size of files, which may grow a hole.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/options.h"
#include "shared/program.h"

/* The size after applying N, +N, -N, <N, >N, /N or %N. */
static long long new_size(char relation, long long n, long long old)
{
	switch (relation) {
	case '+': return old + n;
	case '-': return old > n ? old - n : 0;
	case '<': return old < n ? old : n;
	case '>': return old > n ? old : n;
	case '/': return n ? old / n * n : old;
	case '%': return n ? (old + n - 1) / n * n : old;
	default: return n;
	}
}

static bool set_size(const char *path, bool create, char relation, long long n)
{
	int fd = open(path, O_WRONLY | (create ? O_CREAT : 0), 0666);
	struct stat st;
	long long size;
	bool ok = false;

	if (fd < 0) {
		if (!create && errno == ENOENT)
			return true;
		warn_errno("cannot open '%s' for writing", path);
		return false;
	}
	if (fstat(fd, &st) == 0) {
		size = new_size(relation, n, (long long)st.st_size);
		errno = EFBIG;
		ok = (long long)(off_t)size == size && ftruncate(fd, (off_t)size) == 0;
	}
	if (!ok)
		warn_errno("failed to truncate '%s'", path);
	close(fd);
	return ok;
}

int main(int argc, char **argv)
{
	const char *size_text = NULL;
	bool create = true;
	char relation = '=';
	bool ok = true;
	long long n = 0;
	struct stat st;
	int c;

	program_begin(argc, argv,
		"[-c] -s SIZE | -r FILE  FILE...\n  -c  make no new file\n  -r  the size of that "
		"FILE\n"
		"  -s  N, or relative to the old size: +N, -N, <N at most, >N at least,\n"
		"      /N down, %N up to a multiple; N may end in K, M, G, or kB, MB, GB");
	while ((c = next_option(argc, argv, "cr:s:")) != -1) {
		switch (c) {
		case 'c': create = false; break;
		case 'r':
			if (stat(option_arg, &st) != 0)
				die_errno(1, "cannot stat '%s'", option_arg);
			n = (long long)st.st_size;
			size_text = "";
			break;
		case 's':
			size_text = option_arg;
			if (*size_text && strchr("+-<>/%", *size_text))
				relation = *size_text++;
			if (!parse_size(size_text, &n))
				die(1, "invalid number: '%s'", option_arg);
			break;
		default: usage_error(1);
		}
	}
	if (!size_text) {
		warn("you must specify either -s or -r");
		usage_error(1);
	}
	if (option_index == argc) {
		warn("missing file operand");
		usage_error(1);
	}
	for (; option_index < argc; option_index++)
		ok &= set_size(argv[option_index], create, relation, n);
	return !ok;
}
