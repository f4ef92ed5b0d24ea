/* strtod, strtof, atof. Numbers as programs write them, of at most fifteen digits and a small power
 * of ten, are exact in a double before one multiplication or division rounds; the rest is decimal.c's. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "decimal.h"

static const struct float_format single_format = {24, -149, 128};
static const struct float_format double_format = {53, -1074, 1024};

static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#define LARGEST_POWER ((int)(sizeof(powers) / sizeof(powers[0])) - 1)

/* Takes only [+-]digits[.digits][e[+-]digit[digit]] with nothing that could be more of the number. */
static bool parse_short(const char *text, const char **end, double *result)
{
	const char *p = text;
	uint64_t value = 0;
	int seen = 0, power = 0, exponent = 0;
	bool negative, point = false, down;

	while (isspace((unsigned char)*p))
		p++;
	negative = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	for (; isdigit((unsigned char)*p) || (*p == '.' && !point); p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		if (++seen > 15)
			return false;
		value = value * 10 + (uint64_t)(*p - '0');
		power -= point;
	}
	if (seen == 0 || (*p | 0x20) == 'x')
		return false;
	if ((*p | 0x20) == 'e') {
		down = p[1] == '-';
		p += 1 + (p[1] == '-' || p[1] == '+');
		if (!isdigit((unsigned char)p[0]))
			return false;
		exponent = *p++ - '0';
		if (isdigit((unsigned char)*p))
			exponent = exponent * 10 + (*p++ - '0');
		if (isdigit((unsigned char)*p))
			return false;
		power += down ? -exponent : exponent;
	}
	if (power < -LARGEST_POWER || power > LARGEST_POWER)
		return false;
	*result = power < 0 ? (double)value / powers[-power] : (double)value * powers[power];
	if (negative)
		*result = -*result;
	*end = p;
	return true;
}

double strtod(const char *restrict text, char **restrict end)
{
	const char *after;
	double result;

	if (!parse_short(text, &after, &result)) {
		int range;
		uint64_t bits = __libc_parse_float(text, &after, &double_format, 63, &range);

		memcpy(&result, &bits, sizeof(result));
		if (range)
			errno = ERANGE;
	}
	if (end)
		*end = (char *)(uintptr_t)after;
	return result;
}

float strtof(const char *restrict text, char **restrict end)
{
	const char *after;
	int range;
	uint32_t bits = (uint32_t)__libc_parse_float(text, &after, &single_format, 31, &range);
	float result;

	memcpy(&result, &bits, sizeof(result));
	if (range)
		errno = ERANGE;
	if (end)
		*end = (char *)(uintptr_t)after;
	return result;
}

double atof(const char *text)
{
	return strtod(text, NULL);
}
