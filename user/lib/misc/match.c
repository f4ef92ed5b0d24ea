/* fnmatch. picolibc's does not know the classes, equivalences and collating symbols of brackets.
 *
 * The last asterisk is enough to come back to: what an earlier one could take in addition, the last one
 * could take as well, since neither takes a slash that the flags protect.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *name;
	int (*holds)(int c);
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

static bool in_class(const char *name, size_t len, int c)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strlen(classes[i].name) == len && !memcmp(classes[i].name, name, len))
			return classes[i].holds(c) != 0;
	return false;
}

/* One end of a range, or a member of its own: a character, escaped or not, or [.c.] or [=c=].
 * -1 if the bracket does not end or names something longer. */
static int member(const char **pattern, bool escapes)
{
	const char *p = *pattern;

	if (p[0] == '[' && (p[1] == '.' || p[1] == '=')) {
		if (!p[2] || p[3] != p[1] || p[4] != ']')
			return -1;
		*pattern = p + 5;
		return (unsigned char)p[2];
	}
	if (escapes && *p == '\\')
		p++;
	if (!*p)
		return -1;
	*pattern = p + 1;
	return (unsigned char)*p;
}

/* Whether the bracket whose inside begins at `p` has `c` in it; NULL if there is no such bracket, for
 * then its first character stands for itself. */
static const char *bracket(const char *p, int c, bool escapes, bool *matches)
{
	bool negated = *p == '!' || *p == '^', found = false;
	const char *first;

	p += negated;
	for (first = p; p == first || *p != ']';) {
		int low, high;

		if (p[0] == '[' && p[1] == ':') {
			const char *end = strstr(p + 2, ":]");

			if (!end)
				return NULL;
			found |= in_class(p + 2, (size_t)(end - p - 2), c);
			p = end + 2;
			continue;
		}
		low = high = member(&p, escapes);
		if (low >= 0 && p[0] == '-' && p[1] && p[1] != ']') {
			p++;
			high = member(&p, escapes);
		}
		if (low < 0 || high < 0)
			return NULL;
		found |= low <= c && c <= high;
	}
	*matches = found != negated;
	return p + 1;
}

static bool in_bracket(const char **pattern, int c, int flags, bool *matches)
{
	bool escapes = !(flags & FNM_NOESCAPE), other = false;
	const char *inside = *pattern + 1, *end = bracket(inside, c, escapes, matches);

	/* A backslash before what can only be the end stands for itself. */
	if (!end && escapes) {
		escapes = false;
		end = bracket(inside, c, escapes, matches);
	}
	if (!end)
		return false;
	if (flags & FNM_CASEFOLD && isalpha(c)) {
		bool negated = *inside == '!' || *inside == '^';

		bracket(inside, islower(c) ? toupper(c) : tolower(c), escapes, &other);
		*matches = negated ? *matches && other : *matches || other;
	}
	*pattern = end;
	return true;
}

/* Takes one character's worth of pattern. `is_protected`: only the character itself will do. */
static bool takes(const char **pattern, int c, int flags, bool is_protected)
{
	const char *p = *pattern;
	bool matches;

	switch (*p) {
	case '\0': return false;
	case '?': *pattern = p + 1; return !is_protected;
	case '[':
		if (in_bracket(pattern, c, flags, &matches))
			return matches && !is_protected;
		break;
	case '\\':
		if (!(flags & FNM_NOESCAPE) && p[1])
			p++;
		break;
	default: break;
	}
	*pattern = p + 1;
	return (unsigned char)*p == c ||
	       (flags & FNM_CASEFOLD && tolower((unsigned char)*p) == tolower(c));
}

int fnmatch(const char *pattern, const char *string, int flags)
{
	const char *s = string, *after_star = NULL, *resume = NULL;

	for (;;) {
		bool slash = *s == '/' && flags & FNM_PATHNAME;
		bool leading = *s == '.' && flags & FNM_PERIOD &&
			       (s == string || (flags & FNM_PATHNAME && s[-1] == '/'));

		if (*pattern == '*') {
			if (leading)
				return FNM_NOMATCH;
			while (*pattern == '*')
				pattern++;
			after_star = pattern;
			resume = s;
			continue;
		}
		if (!*pattern && (!*s || (*s == '/' && flags & FNM_LEADING_DIR)))
			return 0;
		if (*s && takes(&pattern, (unsigned char)*s, flags, slash || leading)) {
			s++;
			continue;
		}
		if (!after_star || !*resume || (*resume == '/' && flags & FNM_PATHNAME))
			return FNM_NOMATCH;
		s = ++resume;
		pattern = after_star;
	}
}
