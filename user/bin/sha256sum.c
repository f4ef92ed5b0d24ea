/*
 * sha256sum: prints the SHA-256 of files, or with -c checks them against a list of such lines.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/lines.h"
#include "shared/options.h"
#include "shared/program.h"
#include "shared/sha256.h"

#define HEX_SIZE (2 * SHA256_SIZE)

static bool quiet;
static bool status_only;
static char mode_mark = ' ';

/* Writes the hexadecimal digest of a file. Returns false, with a message, when it is not readable. */
static bool digest_file(const char *name, char hex[HEX_SIZE + 1])
{
	static unsigned char buffer[64 * 1024];
	bool is_stdin = strcmp(name, "-") == 0;
	unsigned char digest[SHA256_SIZE];
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY);
	struct sha256 s;
	ssize_t n = -1;
	int i;

	sha256_init(&s);
	while (fd >= 0 && (n = read(fd, buffer, sizeof(buffer))) != 0) {
		if (n > 0)
			sha256_add(&s, buffer, (size_t)n);
		else if (errno != EINTR)
			break;
	}
	if (n < 0)
		warn_errno("%s", name);
	if (fd >= 0 && !is_stdin)
		close(fd);
	if (n < 0)
		return false;
	sha256_finish(&s, digest);
	for (i = 0; i < SHA256_SIZE; i++)
		sprintf(hex + 2 * i, "%02x", digest[i]);
	return true;
}

static bool print_digest(const char *name)
{
	char hex[HEX_SIZE + 1];

	if (!digest_file(name, hex))
		return false;
	printf("%s %c%s\n", hex, mode_mark, name);
	return true;
}

/* Splits "DIGEST  NAME"; NULL when the line has another form. */
static const char *listed_name(char *line)
{
	size_t i;

	for (i = 0; i < HEX_SIZE; i++) {
		if (!isxdigit((unsigned char)line[i]))
			return NULL;
		line[i] = (char)tolower((unsigned char)line[i]);
	}
	if (line[i] != ' ' || (line[i + 1] != ' ' && line[i + 1] != '*') || !line[i + 2])
		return NULL;
	return line + i + 2;
}

struct tally {
	unsigned good;
	unsigned bad_lines;
	unsigned unreadable;
	unsigned mismatched;
};

static void check_line(char *line, struct tally *t)
{
	char hex[HEX_SIZE + 1];
	const char *name = listed_name(line);

	if (!name) {
		t->bad_lines++;
	} else if (!digest_file(name, hex)) {
		t->unreadable++;
		if (!status_only)
			printf("%s: FAILED open or read\n", name);
	} else if (memcmp(hex, line, HEX_SIZE) != 0) {
		t->mismatched++;
		if (!status_only)
			printf("%s: FAILED\n", name);
	} else {
		t->good++;
		if (!quiet && !status_only)
			printf("%s: OK\n", name);
	}
}

static void warn_count(unsigned n, const char *one, const char *many)
{
	if (n > 0 && !status_only)
		warn("WARNING: %u %s", n, n == 1 ? one : many);
}

static bool check_list(FILE *f, const char *name)
{
	struct tally t = {0};
	struct line l = {0};

	while (line_read(&l, f, '\n'))
		if (l.n > 0 && l.text[0] != '#')
			check_line(l.text, &t);
	free(l.text);
	if (t.good + t.unreadable + t.mismatched == 0) {
		warn("%s: no properly formatted checksum lines found", name);
		return false;
	}
	warn_count(t.bad_lines, "line is improperly formatted", "lines are improperly formatted");
	warn_count(t.unreadable, "listed file could not be read", "listed files could not be read");
	warn_count(t.mismatched, "computed checksum did NOT match",
		"computed checksums did NOT match");
	return t.unreadable + t.mismatched == 0;
}

/* Takes the long options out of the command line; returns what is left of it. */
static int long_options(int argc, char **argv, bool *check)
{
	int kept = 1;
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--check") == 0)
			*check = true;
		else if (strcmp(argv[i], "--quiet") == 0)
			quiet = true;
		else if (strcmp(argv[i], "--status") == 0)
			status_only = true;
		else
			argv[kept++] = argv[i];
	}
	while (i < argc)
		argv[kept++] = argv[i++];
	argv[kept] = NULL;
	return kept;
}

int main(int argc, char **argv)
{
	bool check = false;
	bool ok = true;
	int c;

	program_begin(argc, argv,
		"[-bt] [FILE]...\n       sha256sum -c [--quiet] [--status] [LIST]...\n"
		"  -c        check the files named in the LIST\n  --quiet   say only which differ\n"
		"  --status  say nothing\n  -b, -t    mark the line as binary or text; the digest "
		"is the same");
	argc = long_options(argc, argv, &check);
	while ((c = next_option(argc, argv, "bct")) != -1) {
		switch (c) {
		case 'b': mode_mark = '*'; break;
		case 'c': check = true; break;
		case 't': mode_mark = ' '; break;
		default: usage_error(1);
		}
	}
	if (check) {
		ok = for_each_file(argc - option_index, argv + option_index, check_list);
	} else {
		if (option_index == argc)
			ok = print_digest("-");
		for (; option_index < argc; option_index++)
			ok &= print_digest(argv[option_index]);
	}
	return program_end(!ok);
}
