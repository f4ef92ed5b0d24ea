/*
 * wc: counts lines, words and bytes.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

struct counts {
	unsigned long long lines;
	unsigned long long words;
	unsigned long long bytes;
};

static bool show_lines;
static bool show_words;
static bool show_bytes;
static int width = 7;

static bool count(int fd, struct counts *c)
{
	static char buffer[16 * 1024];
	bool in_word = false;
	ssize_t n;
	ssize_t i;

	while ((n = read(fd, buffer, sizeof(buffer))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		c->bytes += (unsigned long long)n;
		for (i = 0; i < n; i++) {
			bool space = isspace((unsigned char)buffer[i]) != 0;

			c->lines += buffer[i] == '\n';
			c->words += !space && !in_word;
			in_word = !space;
		}
	}
	return true;
}

static void print(const struct counts *c, const char *name)
{
	const char *blank = "";

	if (show_lines) {
		printf("%*llu", width, c->lines);
		blank = " ";
	}
	if (show_words) {
		printf("%s%*llu", blank, width, c->words);
		blank = " ";
	}
	if (show_bytes)
		printf("%s%*llu", blank, width, c->bytes);
	if (name)
		printf(" %s", name);
	putchar('\n');
}

static bool count_file(const char *name, struct counts *total)
{
	struct counts c = {0};
	bool is_stdin = !name || strcmp(name, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY);
	bool ok;

	if (fd < 0) {
		warn_errno("%s", name);
		return false;
	}
	ok = count(fd, &c);
	if (!ok)
		warn_errno("%s", name ? name : "standard input");
	if (!is_stdin)
		close(fd);
	print(&c, name);
	total->lines += c.lines;
	total->words += c.words;
	total->bytes += c.bytes;
	return ok;
}

/* As wide as the files' sizes together need; files that cannot tell get seven. */
static void choose_width(int argc, char **argv)
{
	unsigned long long total = 0;
	struct stat st;
	int i;

	if (show_lines + show_words + show_bytes == 1 && argc - option_index <= 1) {
		width = 1;
		return;
	}
	if (option_index == argc) {
		if (fstat(STDIN_FILENO, &st) != 0 || !S_ISREG(st.st_mode))
			return;
		total = (unsigned long long)st.st_size;
	}
	for (i = option_index; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && !S_ISREG(st.st_mode))
			return;
		if (stat(argv[i], &st) == 0)
			total += (unsigned long long)st.st_size;
		else if (strcmp(argv[i], "-") == 0)
			return;
	}
	for (width = 1; total >= 10; total /= 10)
		width++;
}

int main(int argc, char **argv)
{
	struct counts total = {0};
	bool ok = true;
	int files;
	int c;

	program_begin(argc, argv,
		"[-clmw] [FILE]...\n  -l  lines\n  -w  words\n  -c, -m  bytes\n"
		"All three when none is asked for.");
	while ((c = next_option(argc, argv, "clmw")) != -1) {
		switch (c) {
		case 'c':
		case 'm': show_bytes = true; break;
		case 'l': show_lines = true; break;
		case 'w': show_words = true; break;
		default: usage_error(1);
		}
	}
	if (!show_bytes && !show_lines && !show_words)
		show_bytes = show_lines = show_words = true;
	choose_width(argc, argv);
	files = argc - option_index;
	if (files == 0)
		ok = count_file(NULL, &total);
	for (; option_index < argc; option_index++)
		ok &= count_file(argv[option_index], &total);
	if (files > 1)
		print(&total, "total");
	return program_end(!ok);
}
