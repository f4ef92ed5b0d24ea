/* From text to binary floating point, rounded to nearest once, whatever the number of digits. */
#ifndef QUIRE_LIBC_DECIMAL_H
#define QUIRE_LIBC_DECIMAL_H

#include <stdint.h>

struct float_format {
	int digits;   /* bits of the significand, the implied one among them */
	int smallest; /* exponent of the last bit of the smallest subnormal */
	int largest;  /* values from 2^largest on are infinite */
};

/* Reads a number as strtod() does; the format's bits, with the sign at bit `sign_bit`. `*end` is what
 * follows the number, or the text if there is none. `*range`: too large, or inexact and subnormal. */
uint64_t __libc_parse_float(const char *text, const char **end, const struct float_format *format,
	int sign_bit, int *range);

#endif
