/*
 * tr: replaces, deletes and squeezes bytes.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/commands.h"
#include "shared/options.h"
#include "shared/program.h"

struct set {
	unsigned char *bytes;
	size_t n;
	size_t cap;
};

static void set_add(struct set *s, int c)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		s->bytes = must_realloc(s->bytes, s->cap);
	}
	s->bytes[s->n++] = (unsigned char)c;
}

static int class_test(const char *name, size_t n, int c)
{
	static const struct {
		const char *name;
		int (*test)(int);
	} classes[] = {
		{"alnum", isalnum},
		{"alpha", isalpha},
		{"blank", isblank},
		{"cntrl", iscntrl},
		{"digit", isdigit},
		{"graph", isgraph},
		{"lower", islower},
		{"print", isprint},
		{"punct", ispunct},
		{"space", isspace},
		{"upper", isupper},
		{"xdigit", isxdigit},
	};
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (strlen(classes[i].name) == n && memcmp(classes[i].name, name, n) == 0)
			return classes[i].test(c) != 0;
	die(1, "invalid character class '%.*s'", (int)n, name);
}

static int take_byte(const char **s)
{
	int c;

	if (**s == '\\' && (*s)[1]) {
		(*s)++;
		c = decode_escape(s, 0);
		if (c >= 0)
			return c;
	}
	return (unsigned char)*(*s)++;
}

/* [:class:], [=c=] and [c*n]; returns false when it is none of them. */
static bool parse_bracket(struct set *out, const char **s, size_t fill_to)
{
	const char *at = *s + 1;
	const char *end;
	size_t repeat;
	int c;

	if (*at == ':' && (end = strstr(at + 1, ":]"))) {
		for (c = 0; c < 256; c++)
			if (class_test(at + 1, (size_t)(end - at - 1), c))
				set_add(out, c);
		*s = end + 2;
		return true;
	}
	if (at[0] == '=' && at[1] && at[2] == '=' && at[3] == ']') {
		set_add(out, at[1]);
		*s = at + 4;
		return true;
	}
	if (*at && at[1] == '*' && (end = strchr(at + 2, ']')) &&
		strspn(at + 2, "0123456789") == (size_t)(end - at - 2)) {
		repeat = strtoul(at + 2, NULL, at[2] == '0' ? 8 : 10);
		if (repeat == 0)
			repeat = fill_to > out->n ? fill_to - out->n : 0;
		while (repeat-- > 0)
			set_add(out, *at);
		*s = end + 1;
		return true;
	}
	return false;
}

static void parse_set(struct set *out, const char *s, size_t fill_to)
{
	while (*s) {
		int first;
		int last;

		if (*s == '[' && parse_bracket(out, &s, fill_to))
			continue;
		first = take_byte(&s);
		if (*s != '-' || !s[1]) {
			set_add(out, first);
			continue;
		}
		s++;
		last = take_byte(&s);
		if (last < first)
			die(1, "range-endpoints of '%c-%c' are in reverse collating sequence order",
				first, last);
		for (; first <= last; first++)
			set_add(out, first);
	}
}

static void complement_set(struct set *s)
{
	struct set all = {0};
	int c;

	for (c = 0; c < 256; c++)
		if (s->n == 0 || !memchr(s->bytes, c, s->n))
			set_add(&all, c);
	free(s->bytes);
	*s = all;
}

static bool member(const struct set *s, int c)
{
	return s->n > 0 && memchr(s->bytes, c, s->n);
}

int main(int argc, char **argv)
{
	static unsigned char map[256];
	static bool drop[256];
	static bool squeeze[256];
	static unsigned char in[16 * 1024];
	struct set one = {0};
	struct set two = {0};
	bool complement = false;
	bool do_delete = false;
	bool do_squeeze = false;
	bool translate;
	int before = -1;
	ssize_t n;
	ssize_t k;
	int c;
	size_t i;

	program_begin(argc, argv,
		"[-cds] SET1 [SET2]\nReplaces each byte of SET1 by that at the same place in "
		"SET2.\n"
		"  -c  what is not in SET1   -d  delete SET1   -s  one of each run from the last "
		"set\n"
		"Sets: abc, a-z, \\n, \\012, [:upper:], [x*4].");
	while ((c = next_option(argc, argv, "+cCds")) != -1) {
		switch (c) {
		case 'c':
		case 'C': complement = true; break;
		case 'd': do_delete = true; break;
		case 's': do_squeeze = true; break;
		default: usage_error(1);
		}
	}
	n = argc - option_index;
	translate = !do_delete && n == 2;
	if (n < 1 || n > 2 || (n == 1 && !do_delete && !do_squeeze) ||
		(n == 1 && do_delete && do_squeeze) || (n == 2 && do_delete && !do_squeeze)) {
		warn(n > 1 ? "extra operand '%s'" : "missing operand%s",
			n > 1 ? argv[argc - 1] : "");
		usage_error(1);
	}
	parse_set(&one, argv[option_index], 0);
	if (complement)
		complement_set(&one);
	if (n == 2)
		parse_set(&two, argv[option_index + 1], one.n);
	if (translate && two.n == 0)
		die(1, "when not truncating set1, string2 must be non-empty");
	for (i = 0; i < 256; i++) {
		map[i] = (unsigned char)i;
		drop[i] = do_delete && member(&one, (int)i);
		squeeze[i] = do_squeeze && member(n == 2 ? &two : &one, (int)i);
	}
	for (i = 0; translate && i < one.n; i++)
		map[one.bytes[i]] = two.bytes[i < two.n ? i : two.n - 1];
	while ((n = read(STDIN_FILENO, in, sizeof(in))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die_errno(1, "read error");
		for (k = 0; k < n; k++) {
			if (drop[in[k]])
				continue;
			c = map[in[k]];
			if (squeeze[c] && c == before)
				continue;
			before = c;
			putchar(c);
		}
	}
	return program_end(0);
}
