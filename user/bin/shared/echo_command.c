/*
 * echo, and the backslash escapes it shares with printf. Escapes are off unless -e is given, as in
 * the GNU program.
 */
#include <string.h>

#include "commands.h"

static int digit_value(char c, int base)
{
	int v = c >= '0' && c <= '9'   ? c - '0'
		: c >= 'a' && c <= 'f' ? c - 'a' + 10
		: c >= 'A' && c <= 'F' ? c - 'A' + 10
				       : 99;

	return v < base ? v : -1;
}

static int decode_digits(const char **s, int base, int most)
{
	int value = 0;

	while (most-- > 0 && digit_value(**s, base) >= 0)
		value = value * base + digit_value(*(*s)++, base);
	return value & 0xff;
}

int decode_escape(const char **s, int octal_zero)
{
	static const char from[] = "abefnrtv\\";
	static const char to[] = "\a\b\033\f\n\r\t\v\\";
	char c = **s;
	const char *at = c ? strchr(from, c) : NULL;

	if (at) {
		(*s)++;
		return (unsigned char)to[at - from];
	}
	if (c == 'c') {
		(*s)++;
		return -1;
	}
	if (c == 'x' && digit_value((*s)[1], 16) >= 0) {
		(*s)++;
		return decode_digits(s, 16, 2);
	}
	if (octal_zero && c == '0') {
		(*s)++;
		return decode_digits(s, 8, 3);
	}
	if (!octal_zero && digit_value(c, 8) >= 0)
		return decode_digits(s, 8, 3);
	return -2;
}

/* Returns false when \c ended the output. */
static int put_escaped(const char *s, put_fn *put)
{
	while (*s) {
		char byte = *s++;

		if (byte == '\\') {
			int c = decode_escape(&s, 1);

			if (c == -1)
				return 0;
			if (c >= 0)
				byte = (char)c;
		}
		put(&byte, 1);
	}
	return 1;
}

int echo_command(int argc, char **argv, put_fn *put)
{
	int newline = 1;
	int escapes = 0;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		const char *o = argv[i] + 1;

		if (strspn(o, "neE") != strlen(o))
			break;
		for (; *o; o++) {
			if (*o == 'n')
				newline = 0;
			else
				escapes = *o == 'e';
		}
	}
	for (; i < argc; i++) {
		if (!escapes)
			put(argv[i], strlen(argv[i]));
		else if (!put_escaped(argv[i], put))
			return 0;
		if (i + 1 < argc)
			put(" ", 1);
	}
	if (newline)
		put("\n", 1);
	return 0;
}
