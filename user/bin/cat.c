/*
 * cat: files to standard output, 64 KiB at a time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

static bool number_lines;
static unsigned line_number;

/* With -n. Lines are counted across files, and a last line without its newline counts too. */
static bool cat_numbered(const char *name, FILE *f)
{
	static bool in_line;
	int c;

	while ((c = getc(f)) != EOF) {
		if (!in_line)
			printf("%6u\t", ++line_number);
		putchar(c);
		in_line = c != '\n';
	}
	if (!ferror(f))
		return true;
	warn_errno("%s", name);
	return false;
}

static bool cat_plain(const char *name, int fd)
{
	switch (copy_fd(fd, STDOUT_FILENO)) {
	case COPY_OK: return true;
	case COPY_READ_ERROR: warn_errno("%s", name); return false;
	default: die_errno(1, "write error");
	}
}

static bool cat_file(const char *name)
{
	bool is_stdin = strcmp(name, "-") == 0;
	FILE *f;
	bool ok;
	int fd;

	if (!number_lines) {
		fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY);
		if (fd < 0) {
			warn_errno("%s", name);
			return false;
		}
		ok = cat_plain(name, fd);
		if (!is_stdin)
			close(fd);
		return ok;
	}
	f = is_stdin ? stdin : fopen(name, "r");
	if (!f) {
		warn_errno("%s", name);
		return false;
	}
	ok = cat_numbered(name, f);
	if (!is_stdin)
		fclose(f);
	return ok;
}

int main(int argc, char **argv)
{
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-nu] [FILE]...\nCopies the files, or standard input, to standard output.\n"
		"  -n  number the lines\n  -u  ignored: output is never held back");
	while ((c = next_option(argc, argv, "nu")) != -1) {
		if (c == 'n')
			number_lines = true;
		else if (c != 'u')
			usage_error(1);
	}
	if (option_index == argc)
		ok = cat_file("-");
	for (; option_index < argc; option_index++)
		ok &= cat_file(argv[option_index]);
	return program_end(!ok);
}
