/* Text to floating point. picolibc reads about nineteen digits, so that longer numbers are rounded
 * twice, and gets "0x.8" and "0x" wrong. Here a number is the quotient of two large integers, divided
 * bit by bit, and is rounded once. Numbers of few digits never come here (strtod.c). */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include "decimal.h"

/* A halfway case between two doubles has at most 767 digits; what comes after as many can only say
 * "a little more". 10 to the 1146th, the largest divisor, has 3807 bits. */
#define DIGITS 800
#define LIMBS  124

struct large {
	int count; /* limbs in use; the last one is not zero */
	uint32_t limb[LIMBS];
};

static void multiply_add(struct large *n, uint32_t factor, uint32_t carry)
{
	for (int i = 0; i < n->count; i++) {
		uint64_t product = (uint64_t)n->limb[i] * factor + carry;

		n->limb[i] = (uint32_t)product;
		carry = (uint32_t)(product >> 32);
	}
	if (carry)
		n->limb[n->count++] = carry;
}

static void multiply_power_of_ten(struct large *n, int power)
{
	for (; power >= 9; power -= 9)
		multiply_add(n, 1000000000, 0);
	while (power-- > 0)
		multiply_add(n, 10, 0);
}

static int bits_of(const struct large *n)
{
	return n->count * 32 - __builtin_clz(n->limb[n->count - 1]);
}

static void shift_left(struct large *n, int bits)
{
	int limbs = bits / 32;

	if (limbs) {
		memmove(n->limb + limbs, n->limb, (size_t)n->count * sizeof(n->limb[0]));
		memset(n->limb, 0, (size_t)limbs * sizeof(n->limb[0]));
		n->count += limbs;
	}
	multiply_add(n, 1u << (bits % 32), 0);
}

static bool at_least(const struct large *a, const struct large *b)
{
	if (a->count != b->count)
		return a->count > b->count;
	for (int i = a->count - 1; i >= 0; i--)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] > b->limb[i];
	return true;
}

static void subtract(struct large *a, const struct large *b)
{
	uint32_t borrow = 0;

	for (int i = 0; i < a->count; i++) {
		uint64_t less = (uint64_t)(i < b->count ? b->limb[i] : 0) + borrow;

		borrow = a->limb[i] < less;
		a->limb[i] -= (uint32_t)less;
	}
	while (a->count > 0 && a->limb[a->count - 1] == 0)
		a->count--;
}

/* The exponent's field all ones. */
static uint64_t infinity(const struct float_format *format)
{
	return (uint64_t)(format->largest - format->digits - format->smallest + 2)
	       << (format->digits - 1);
}

/* value * 2^exponent, and a little more if `more`; value is not 0. */
static uint64_t round_to(
	uint64_t value, int exponent, bool more, const struct float_format *format, int *range)
{
	uint64_t infinite = infinity(format);
	int unused = __builtin_clzll(value);
	uint64_t kept, rest, result;
	int last, drop;

	value <<= unused;
	exponent -= unused;
	last = exponent + 64 - format->digits;
	if (last < format->smallest)
		last = format->smallest;
	drop = last - exponent; /* at least 64 - digits */
	if (drop > 64) {
		*range = 1;
		return 0;
	}
	kept = drop == 64 ? 0 : value >> drop;
	rest = drop == 64 ? value : value << (64 - drop);
	more |= (rest << 1) != 0;
	if (last > format->largest - format->digits) {
		*range = 1;
		return infinite;
	}
	/* The implied bit adds one to the exponent's field, and so does a carry out of rounding. */
	result = ((uint64_t)(last - format->smallest) << (format->digits - 1)) + kept;
	if (rest >> 63 && (more || kept & 1))
		result++;
	if (result >= infinite || (result < 1ull << (format->digits - 1) && (rest || more)))
		*range = 1;
	return result;
}

static int hex_digit(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The exponent after `mark`, if one is there; it is held where adding can't overflow. */
static int exponent_of(const char **at, char mark)
{
	const char *p = *at;
	bool negative;
	int value = 0;

	if ((*p | 0x20) != mark)
		return 0;
	p++;
	negative = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	if (!isdigit((unsigned char)*p))
		return 0;
	for (; isdigit((unsigned char)*p); p++)
		if (value < 100000000)
			value = value * 10 + (*p - '0');
	*at = p;
	return negative ? -value : value;
}

static uint64_t parse_hex(
	const char *p, const char **end, const struct float_format *format, int *range)
{
	uint64_t value = 0;
	int exponent = 0;
	bool more = false, point = false;

	for (; isxdigit((unsigned char)*p) || (*p == '.' && !point); p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		if (value >> 60) {
			more |= *p != '0';
			exponent += 4;
		} else {
			value = value << 4 | (uint64_t)hex_digit(*p);
		}
		if (point)
			exponent -= 4;
	}
	exponent += exponent_of(&p, 'p');
	*end = p;
	return value ? round_to(value, exponent, more, format, range) : 0;
}

/* numerator * 10^power */
static uint64_t quotient(
	struct large *numerator, int power, const struct float_format *format, int *range)
{
	struct large divisor = {.count = 1, .limb = {1}};
	uint64_t value = 0;
	int exponent;

	if (power >= 0)
		multiply_power_of_ten(numerator, power);
	else
		multiply_power_of_ten(&divisor, -power);
	exponent = bits_of(numerator) - bits_of(&divisor);
	shift_left(exponent < 0 ? numerator : &divisor, exponent < 0 ? -exponent : exponent);
	/* 64 bits of a quotient between a half and two. */
	for (int i = 0; i < 64; i++) {
		value <<= 1;
		if (at_least(numerator, &divisor)) {
			subtract(numerator, &divisor);
			value |= 1;
		}
		multiply_add(numerator, 2, 0);
	}
	return round_to(value, exponent - 63, numerator->count != 0, format, range);
}

static uint64_t parse_decimal(
	const char *p, const char **end, const struct float_format *format, int *range)
{
	struct large number = {.count = 0};
	int digits = 0, power = 0;
	bool point = false, more = false;

	for (; isdigit((unsigned char)*p) || (*p == '.' && !point); p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		if (digits == DIGITS) {
			more |= *p != '0';
			power++;
		} else if (digits > 0 || *p != '0') {
			multiply_add(&number, 10, (uint32_t)(*p - '0'));
			digits++;
		}
		if (point)
			power--;
	}
	power += exponent_of(&p, 'e');
	*end = p;
	if (digits == 0)
		return 0;
	if (more) {
		multiply_add(&number, 10, 1);
		digits++, power--;
	}
	/* Beyond any double, by so much that the integers need not be made. */
	if (digits + power > 310)
		return round_to(1, 10000, false, format, range);
	if (digits + power < -345)
		return round_to(1, -10000, false, format, range);
	return quotient(&number, power, format, range);
}

static const char *skip_nan_text(const char *p)
{
	const char *q = p + 1;

	if (*p != '(')
		return p;
	while (isalnum((unsigned char)*q) || *q == '_')
		q++;
	return *q == ')' ? q + 1 : p;
}

uint64_t __libc_parse_float(const char *text, const char **end, const struct float_format *format,
	int sign_bit, int *range)
{
	uint64_t infinite = infinity(format);
	uint64_t sign, bits;
	const char *p = text;

	*range = 0;
	while (isspace((unsigned char)*p))
		p++;
	sign = (uint64_t)(*p == '-') << sign_bit;
	if (*p == '-' || *p == '+')
		p++;
	if (p[0] == '0' && (p[1] | 0x20) == 'x' &&
		(isxdigit((unsigned char)p[2]) || (p[2] == '.' && isxdigit((unsigned char)p[3])))) {
		bits = parse_hex(p + 2, end, format, range);
	} else if (isdigit((unsigned char)p[0]) || (p[0] == '.' && isdigit((unsigned char)p[1]))) {
		bits = parse_decimal(p, end, format, range);
	} else if (strncasecmp(p, "inf", 3) == 0) {
		*end = p + (strncasecmp(p, "infinity", 8) == 0 ? 8 : 3);
		bits = infinite;
	} else if (strncasecmp(p, "nan", 3) == 0) {
		*end = skip_nan_text(p + 3);
		bits = infinite | 1ull << (format->digits - 2);
	} else {
		*end = text;
		return 0;
	}
	return bits | sign;
}
