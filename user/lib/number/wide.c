/* Integers in wide characters. picolibc's take nothing of 0x without a digit behind, where the zero is a
 * number, and any base. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>
#include <wctype.h>

static unsigned digit_of(wchar_t c)
{
	if (c >= L'0' && c <= L'9')
		return (unsigned)(c - L'0');
	if (c >= L'a' && c <= L'z')
		return (unsigned)(c - L'a') + 10;
	if (c >= L'A' && c <= L'Z')
		return (unsigned)(c - L'A') + 10;
	return UINT_MAX;
}

/* The magnitude, or `limit` and ERANGE if it is above; of a negative number `below` is the limit. */
static unsigned long long convert(const wchar_t *restrict text, wchar_t **restrict end, int base,
	unsigned long long limit, unsigned long long below, bool *negative)
{
	const wchar_t *s = text;
	unsigned long long value = 0;
	bool any = false, over = false;

	*negative = false;
	if (end)
		*end = (wchar_t *)text;
	if (base < 0 || base == 1 || base > 36) {
		errno = EINVAL;
		return 0;
	}
	while (iswspace((wint_t)*s))
		s++;
	if (*s == L'-' || *s == L'+')
		*negative = *s++ == L'-';
	if (*negative)
		limit = below;
	if ((base == 0 || base == 16) && s[0] == L'0' && (s[1] == L'x' || s[1] == L'X') &&
		digit_of(s[2]) < 16) {
		s += 2;
		base = 16;
	} else if (base == 0) {
		base = *s == L'0' ? 8 : 10;
	}
	for (unsigned digit; (digit = digit_of(*s)) < (unsigned)base; s++) {
		any = true;
		over |= value > (limit - digit) / (unsigned)base;
		value = value * (unsigned)base + digit;
	}
	if (any && end)
		*end = (wchar_t *)s;
	if (over) {
		errno = ERANGE;
		return limit;
	}
	return value;
}

long long wcstoll(const wchar_t *restrict text, wchar_t **restrict end, int base)
{
	bool negative;
	unsigned long long value =
		convert(text, end, base, LLONG_MAX, (unsigned long long)LLONG_MAX + 1, &negative);

	return (long long)(negative ? -value : value);
}

/* What is out of range is the limit itself, whatever its sign. */
static unsigned long long convert_unsigned(
	const wchar_t *text, wchar_t **end, int base, unsigned long long limit)
{
	bool negative;
	int before = errno;
	unsigned long long value;

	errno = 0;
	value = convert(text, end, base, limit, limit, &negative);
	if (errno == ERANGE)
		return limit;
	if (errno == 0)
		errno = before;
	return negative ? -value : value;
}

unsigned long long wcstoull(const wchar_t *restrict text, wchar_t **restrict end, int base)
{
	return convert_unsigned(text, end, base, ULLONG_MAX);
}

long wcstol(const wchar_t *restrict text, wchar_t **restrict end, int base)
{
	bool negative;
	unsigned long long value =
		convert(text, end, base, LONG_MAX, (unsigned long long)LONG_MAX + 1, &negative);

	return (long)(negative ? -value : value);
}

unsigned long wcstoul(const wchar_t *restrict text, wchar_t **restrict end, int base)
{
	return (unsigned long)convert_unsigned(text, end, base, ULONG_MAX);
}
