/*
 * Shell patterns: * ? [...] with classes and ranges, a backslash making the next character plain.
 */
#include <ctype.h>
#include <string.h>

#include "sh.h"

static bool in_class(const char *name, size_t n, int c)
{
	static const struct {
		const char *name;
		int (*test)(int);
	} classes[] = {
		{"alpha", isalpha},
		{"digit", isdigit},
		{"alnum", isalnum},
		{"upper", isupper},
		{"lower", islower},
		{"space", isspace},
		{"blank", isblank},
		{"punct", ispunct},
		{"print", isprint},
		{"graph", isgraph},
		{"cntrl", iscntrl},
		{"xdigit", isxdigit},
	};
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if (strlen(classes[i].name) == n && strncmp(classes[i].name, name, n) == 0)
			return classes[i].test(c) != 0;
	return false;
}

/*
 * Matches c against the bracket expression that starts after its [. Returns the pattern after
 * the ], or NULL when there is no ] and the [ stands for itself.
 */
static const char *match_bracket(const char *p, unsigned char c, bool *matched)
{
	bool negated = *p == '!' || *p == '^';
	bool found = false;
	bool first = true;

	if (negated)
		p++;
	for (; *p && (*p != ']' || first); first = false) {
		unsigned char low;
		unsigned char high;
		const char *end;

		if (p[0] == '[' && p[1] == ':' && (end = strstr(p + 2, ":]"))) {
			found |= in_class(p + 2, (size_t)(end - p - 2), c);
			p = end + 2;
			continue;
		}
		if (*p == '\\' && p[1])
			p++;
		low = high = (unsigned char)*p++;
		if (p[0] == '-' && p[1] && p[1] != ']') {
			p++;
			if (*p == '\\' && p[1])
				p++;
			high = (unsigned char)*p++;
		}
		found |= low <= c && c <= high;
	}
	if (*p != ']')
		return NULL;
	*matched = found != negated;
	return p + 1;
}

/* Matches one character of s against the front of p; returns the pattern after it, or NULL. */
static const char *match_one(const char *p, unsigned char c)
{
	const char *rest;
	bool matched;

	if (*p == '?')
		return p + 1;
	if (*p == '[') {
		rest = match_bracket(p + 1, c, &matched);
		if (rest)
			return matched ? rest : NULL;
	}
	if (*p == '\\' && p[1])
		p++;
	return *p && (unsigned char)*p == c ? p + 1 : NULL;
}

/* Whether all n bytes of s match. A * is retried only from its last place, so time is n * length. */
bool pattern_match(const char *pattern, const char *s, size_t n)
{
	const char *p = pattern;
	const char *star = NULL;
	size_t star_at = 0;
	size_t i = 0;

	while (i < n || *p == '*') {
		const char *rest;

		if (*p == '*') {
			star = ++p;
			star_at = i;
			continue;
		}
		rest = match_one(p, (unsigned char)s[i]);
		if (rest) {
			p = rest;
			i++;
		} else if (star) {
			p = star;
			i = ++star_at;
		} else {
			return false;
		}
	}
	return *p == '\0';
}

bool pattern_has_magic(const char *pattern)
{
	for (; *pattern; pattern++) {
		if (*pattern == '\\' && pattern[1])
			pattern++;
		else if (strchr("*?[", *pattern))
			return true;
	}
	return false;
}
