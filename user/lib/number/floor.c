/* floor and ceil. picolibc's are off by an integer or more for some numbers (those seen lie between 2^21
 * and 2^24) whose fraction reaches into the lower word of the significand. */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The next integer towards minus infinity (`down`) or plus infinity. */
static double to_integer(double x, bool down)
{
	uint64_t bits, fraction;
	bool negative;
	int exponent;

	memcpy(&bits, &x, sizeof(bits));
	negative = bits >> 63;
	exponent = (int)(bits >> 52 & 0x7ff) - 1023;
	if (exponent >= 52)
		return exponent == 1024 ? x + x : x;
	if (exponent < 0) {
		if (x == 0)
			return x;
		if (down)
			return negative ? -1.0 : 0.0;
		return negative ? -0.0 : 1.0;
	}
	fraction = (1ull << (52 - exponent)) - 1;
	if ((bits & fraction) == 0)
		return x;
	/* Away from zero: a carry goes on into the exponent, which is then the right one. */
	if (negative == down)
		bits += fraction;
	bits &= ~fraction;
	memcpy(&x, &bits, sizeof(x));
	return x;
}

double floor(double x)
{
	return to_integer(x, true);
}

double ceil(double x)
{
	return to_integer(x, false);
}
