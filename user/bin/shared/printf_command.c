/*
 * printf: takes the format apart into single conversions and hands each to the library's printf
 * with an argument of the right type. The format is used again while arguments remain.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

struct printer {
	char **argv;
	int argc;
	int at;
	int status;
	int stopped; /* by \c */
	put_fn *put;
	complain_fn *complain;
};

static const char *next_arg(struct printer *p)
{
	return p->at < p->argc ? p->argv[p->at++] : NULL;
}

static void bad_number(struct printer *p, const char *s)
{
	p->complain("printf: %s: not a number", s);
	p->status = 1;
}

static long long int_arg(struct printer *p, int is_unsigned)
{
	const char *s = next_arg(p);
	long long value;
	char *end;

	if (!s)
		return 0;
	if (*s == '"' || *s == '\'')
		return (unsigned char)s[1];
	errno = 0;
	value = is_unsigned && *s != '-' ? (long long)strtoull(s, &end, 0) : strtoll(s, &end, 0);
	if (end == s || *end || errno)
		bad_number(p, s);
	return value;
}

static double double_arg(struct printer *p)
{
	const char *s = next_arg(p);
	double value;
	char *end;

	if (!s)
		return 0;
	value = strtod(s, &end);
	if (end == s || *end)
		bad_number(p, s);
	return value;
}

/* The text of %b, with its escapes decoded. Returns its length. */
static size_t decode_text(struct printer *p, const char *s, char *out)
{
	size_t n = 0;

	while (*s && !p->stopped) {
		char byte = *s++;

		if (byte == '\\') {
			int c = decode_escape(&s, *s == '0');

			if (c == -1) {
				p->stopped = 1;
				break;
			}
			if (c >= 0)
				byte = (char)c;
		}
		out[n++] = byte;
	}
	return n;
}

static void put_padded(struct printer *p, const char *s, size_t n, int left, int width)
{
	size_t fill = width > 0 && (size_t)width > n ? (size_t)width - n : 0;
	size_t i;

	for (i = 0; i < fill && !left; i++)
		p->put(" ", 1);
	p->put(s, n);
	for (i = 0; i < fill && left; i++)
		p->put(" ", 1);
}

/* A conversion after its %: flags, width and precision, which may be * and come from arguments. */
struct conversion {
	char spec[24]; /* for the library, without width and precision */
	size_t spec_len;
	int left;
	int width;
	int precision; /* -1: none */
};

static const char *parse_count(struct printer *p, const char *s, int *out)
{
	char *end;
	long n;

	if (*s == '*') {
		n = (long)int_arg(p, 0);
		s++;
	} else {
		n = strtol(s, &end, 10);
		if (end == s || *s == '+' || *s == '-' || *s == ' ')
			return s;
		s = end;
	}
	*out = n > 4096 ? 4096 : n < -4096 ? -4096 : (int)n;
	return s;
}

static const char *parse_conversion(struct printer *p, const char *s, struct conversion *c)
{
	*c = (struct conversion){.precision = -1};
	c->spec[c->spec_len++] = '%';
	while (*s && strchr("-+ #0", *s)) {
		if (*s == '-')
			c->left = 1;
		if (!memchr(c->spec, *s, c->spec_len))
			c->spec[c->spec_len++] = *s;
		s++;
	}
	s = parse_count(p, s, &c->width);
	if (c->width < 0) {
		c->left = 1;
		c->width = -c->width;
		if (!memchr(c->spec, '-', c->spec_len))
			c->spec[c->spec_len++] = '-';
	}
	if (*s == '.') {
		c->precision = 0;
		s = parse_count(p, s + 1, &c->precision);
	}
	memcpy(c->spec + c->spec_len, "*.*", 4);
	c->spec_len += 3;
	return s;
}

static void put_number(struct printer *p, struct conversion *c, char kind)
{
	char small[128];
	char *out = small;
	size_t size = sizeof(small);
	int is_double = strchr("aAeEfFgG", kind) != NULL;
	long long i = 0;
	double d = 0;
	int n;

	if (is_double) {
		d = double_arg(p);
	} else {
		memcpy(c->spec + c->spec_len, "ll", 2);
		c->spec_len += 2;
		i = int_arg(p, kind != 'd' && kind != 'i');
	}
	c->spec[c->spec_len++] = kind;
	c->spec[c->spec_len] = '\0';
	for (;;) {
		n = is_double ? snprintf(out, size, c->spec, c->width, c->precision, d)
			      : snprintf(out, size, c->spec, c->width, c->precision, i);
		if (n < 0 || (size_t)n < size)
			break;
		if (out != small)
			free(out);
		size = (size_t)n + 1;
		out = malloc(size);
		if (!out) {
			p->complain("printf: out of memory");
			p->status = 1;
			return;
		}
	}
	if (n > 0)
		p->put(out, (size_t)n);
	if (out != small)
		free(out);
}

static void put_string(struct printer *p, struct conversion *c, char kind)
{
	const char *s = next_arg(p);
	char *decoded;
	size_t n;

	if (!s)
		s = "";
	n = strlen(s);
	if (kind == 'c') {
		n = n > 1 ? 1 : n;
	} else if (kind == 'b') {
		decoded = malloc(n + 1);
		if (!decoded) {
			p->complain("printf: out of memory");
			p->status = 1;
			return;
		}
		n = decode_text(p, s, decoded);
		if (c->precision >= 0 && (size_t)c->precision < n)
			n = (size_t)c->precision;
		put_padded(p, decoded, n, c->left, c->width);
		free(decoded);
		return;
	} else if (c->precision >= 0 && (size_t)c->precision < n) {
		n = (size_t)c->precision;
	}
	put_padded(p, s, n, c->left, c->width);
}

static const char *put_conversion(struct printer *p, const char *s)
{
	struct conversion c;
	const char *start = s;

	if (*s == '%') {
		p->put("%", 1);
		return s + 1;
	}
	s = parse_conversion(p, s, &c);
	while (*s && strchr("hlLjzt", *s))
		s++;
	if (*s && strchr("diouxXaAeEfFgG", *s)) {
		put_number(p, &c, *s);
	} else if (*s && strchr("sbc", *s)) {
		put_string(p, &c, *s);
	} else {
		p->complain("printf: %%%s: bad conversion", start);
		p->status = 1;
		p->stopped = 1;
		return s;
	}
	return s + 1;
}

static void put_format(struct printer *p, const char *s)
{
	while (*s && !p->stopped) {
		char byte = *s++;

		if (byte == '%') {
			s = put_conversion(p, s);
			continue;
		}
		if (byte == '\\') {
			int c = decode_escape(&s, 0);

			if (c == -1) {
				p->stopped = 1;
				return;
			}
			if (c >= 0)
				byte = (char)c;
		}
		p->put(&byte, 1);
	}
}

int printf_command(int argc, char **argv, put_fn *put, complain_fn *complain)
{
	struct printer p = {.argv = argv, .argc = argc, .at = 2, .put = put, .complain = complain};
	int before;

	if (argc > 1 && strcmp(argv[1], "--") == 0) {
		p.argv++;
		p.argc--;
	}
	if (p.argc < 2) {
		complain("printf: usage: printf FORMAT [ARGUMENT]...");
		return 2;
	}
	do {
		before = p.at;
		put_format(&p, p.argv[1]);
	} while (!p.stopped && p.at < p.argc && p.at > before);
	return p.status;
}
