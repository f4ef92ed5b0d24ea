/*
 * hexdump: bytes in hexadecimal: as 16-bit words, or with -C byte by byte with their characters.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "shared/options.h"
#include "shared/program.h"

#define ROW 16

static char **files;
static bool trouble;

/* The next byte of the files taken as one, or EOF. */
static int next_byte(void)
{
	static FILE *f;
	int c;

	for (;;) {
		if (!f) {
			if (!*files)
				return EOF;
			f = strcmp(*files, "-") == 0 ? stdin : fopen(*files, "r");
			if (!f) {
				warn_errno("%s", *files++);
				trouble = true;
				continue;
			}
		}
		c = getc(f);
		if (c != EOF)
			return c;
		if (ferror(f)) {
			warn_errno("%s", *files);
			trouble = true;
		}
		if (f != stdin)
			fclose(f);
		f = NULL;
		files++;
	}
}

static void print_canonical(unsigned long long offset, const unsigned char *row, size_t n)
{
	size_t i;

	printf("%08llx ", offset);
	for (i = 0; i < ROW; i++) {
		if (i == 0 || i == ROW / 2)
			putchar(' ');
		if (i < n)
			printf("%02x ", row[i]);
		else
			fputs("   ", stdout);
	}
	fputs(" |", stdout);
	for (i = 0; i < n; i++)
		putchar(row[i] < 0x80 && isprint(row[i]) ? row[i] : '.');
	fputs("|\n", stdout);
}

static void print_words(unsigned long long offset, const unsigned char *row, size_t n)
{
	size_t i;

	printf("%07llx", offset);
	for (i = 0; i < ROW; i += 2) {
		if (i < n)
			printf(" %04x", row[i] | (i + 1 < n ? row[i + 1] << 8 : 0));
		else
			fputs("     ", stdout);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	static char dash[] = "-";
	static char *standard_input[] = {dash, NULL};
	unsigned char row[ROW];
	unsigned char before[ROW];
	unsigned long long offset = 0;
	long long skip = 0;
	long long limit = -1;
	bool canonical = false;
	bool all = false;
	bool have_before = false;
	bool starred = false;
	size_t n;
	int c = 0;

	program_begin(argc, argv,
		"[-Cv] [-n LENGTH] [-s SKIP] [FILE]...\n  -C  bytes and their characters\n"
		"  -v  all lines, instead of * for equal ones\n  -n  no more than LENGTH bytes\n"
		"  -s  without the first SKIP bytes");
	while ((c = next_option(argc, argv, "Cn:s:v")) != -1) {
		switch (c) {
		case 'C': canonical = true; break;
		case 'n':
			if (!parse_size(option_arg, &limit))
				die(1, "invalid length '%s'", option_arg);
			break;
		case 's':
			if (!parse_size(option_arg, &skip))
				die(1, "invalid skip '%s'", option_arg);
			break;
		case 'v': all = true; break;
		default: usage_error(1);
		}
	}
	files = option_index < argc ? argv + option_index : standard_input;
	for (; skip > 0 && (c = next_byte()) != EOF; skip--)
		offset++;
	do {
		for (n = 0; n < ROW && limit != 0 && (c = next_byte()) != EOF; n++) {
			row[n] = (unsigned char)c;
			limit -= limit > 0;
		}
		if (!all && have_before && n == ROW && memcmp(row, before, ROW) == 0) {
			if (!starred)
				puts("*");
			starred = true;
		} else if (n > 0) {
			starred = false;
			if (canonical)
				print_canonical(offset, row, n);
			else
				print_words(offset, row, n);
		}
		memcpy(before, row, n);
		have_before = n == ROW;
		offset += n;
	} while (n == ROW);
	if (offset > 0)
		printf(canonical ? "%08llx\n" : "%07llx\n", offset);
	return program_end(trouble);
}
