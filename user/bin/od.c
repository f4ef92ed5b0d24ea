/*
 * od: bytes in octal and other forms: -t with a size, or the short forms -b -c -d -o -x.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/options.h"
#include "shared/program.h"

#define ROW 16

static char kind = 'o'; /* a c d o u x */
static int size = 2;
static char radix = 'o';
static char **files;
static bool trouble;

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
		if (f != stdin)
			fclose(f);
		f = NULL;
		files++;
	}
}

static void print_offset(unsigned long long offset)
{
	if (radix == 'x')
		printf("%06llx", offset);
	else if (radix == 'd')
		printf("%07llu", offset);
	else if (radix == 'o')
		printf("%07llo", offset);
}

static void print_char(unsigned char c)
{
	static const char from[] = "\0\a\b\t\n\v\f\r";
	static const char to[] = "0abtnvfr";
	const char *at = memchr(from, c, sizeof(from) - 1);

	if (at)
		printf("  \\%c", to[at - from]);
	else if (c < 0x80 && isprint(c))
		printf("   %c", c);
	else
		printf(" %03o", c);
}

static void print_unit(const unsigned char *s)
{
	static const int octal[] = {0, 3, 6, 0, 11, 0, 0, 0, 22};
	static const int decimal[] = {0, 3, 5, 0, 10, 0, 0, 0, 20};
	unsigned long long value = 0;
	int shift = 64 - 8 * size;
	int i;

	for (i = size; i-- > 0;)
		value = value << 8 | s[i];
	switch (kind) {
	case 'c': print_char(*s); break;
	case 'd': printf(" %*lld", decimal[size] + 1, (long long)(value << shift) >> shift); break;
	case 'u': printf(" %*llu", decimal[size], value); break;
	case 'x': printf(" %0*llx", 2 * size, value); break;
	default: printf(" %0*llo", octal[size], value); break;
	}
}

static void parse_type(const char *s)
{
	kind = *s;
	if (!kind || !strchr("cdoux", kind))
		die(1, "invalid type '%s'", s);
	size = kind == 'c' ? 1 : 4;
	if (s[1])
		size = (int)number_arg(s + 1, 1, 8, "type size");
	if (size & (size - 1) || (kind == 'c' && size != 1))
		die(1, "invalid type '%s'", s);
}

static void dump(unsigned long long offset, long long limit, bool all)
{
	unsigned char row[ROW];
	unsigned char before[ROW];
	bool have_before = false;
	bool starred = false;
	size_t n;
	size_t i;
	int c;

	do {
		memset(row, 0, sizeof(row));
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
			print_offset(offset);
			for (i = 0; i < n; i += (size_t)size)
				print_unit(row + i);
			putchar('\n');
		}
		memcpy(before, row, ROW);
		have_before = n == ROW;
		offset += n;
	} while (n == ROW);
	if (radix != 'n') {
		print_offset(offset);
		putchar('\n');
	}
}

int main(int argc, char **argv)
{
	static char dash[] = "-";
	static char *standard_input[] = {dash, NULL};
	unsigned long long offset = 0;
	long long skip = 0;
	long long limit = -1;
	bool all = false;
	int c;

	program_begin(argc, argv,
		"[-bcdovx] [-A RADIX] [-t TYPE] [-j SKIP] [-N LENGTH] [FILE]...\n"
		"  -A  offsets in d(ecimal), o(ctal), x, or n(one)\n"
		"  -t  c, or d, o, u, x with a size of 1, 2, 4 or 8\n"
		"  -b, -c, -d, -o, -x  for -t o1, c, u2, o2, x2\n  -v  all lines, instead of * for "
		"equal ones");
	while ((c = next_option(argc, argv, "A:bcdj:N:ot:vx")) != -1) {
		switch (c) {
		case 'A':
			if (!option_arg[0] || !strchr("doxn", option_arg[0]))
				die(1, "invalid radix '%s'", option_arg);
			radix = option_arg[0];
			break;
		case 'b': parse_type("o1"); break;
		case 'c': parse_type("c"); break;
		case 'd': parse_type("u2"); break;
		case 'j':
			if (!parse_size(option_arg, &skip))
				die(1, "invalid skip '%s'", option_arg);
			break;
		case 'N':
			if (!parse_size(option_arg, &limit))
				die(1, "invalid length '%s'", option_arg);
			break;
		case 'o': parse_type("o2"); break;
		case 't': parse_type(option_arg); break;
		case 'v': all = true; break;
		case 'x': parse_type("x2"); break;
		default: usage_error(1);
		}
	}
	files = option_index < argc ? argv + option_index : standard_input;
	for (; skip > 0 && next_byte() != EOF; skip--)
		offset++;
	dump(offset, limit, all);
	return program_end(trouble);
}
