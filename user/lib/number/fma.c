/* fma and fmaf, rounded once: the exact product and the third number are added as 128-bit integers.
 * picolibc's round the product first. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FRACTION_BITS	  52
#define LEAST_EXPONENT	  (-1022)
#define GREATEST_EXPONENT 1023

/* (high * 2^64 + low) * 2^exponent */
struct wide {
	uint64_t high, low;
	int exponent;
};

static uint64_t bits_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

/* The significand of a finite number that is not zero, and the exponent of its lowest bit. */
static uint64_t unpack(double x, int *exponent)
{
	uint64_t bits = bits_of(x) & ~(1ull << 63);
	int biased = (int)(bits >> FRACTION_BITS);

	bits &= (1ull << FRACTION_BITS) - 1;
	if (biased)
		bits |= 1ull << FRACTION_BITS;
	else
		biased = 1;
	*exponent = biased - GREATEST_EXPONENT - FRACTION_BITS;
	return bits;
}

static void shift_left(struct wide *w, unsigned count)
{
	w->exponent -= (int)count;
	if (count >= 64) {
		w->high = w->low << (count - 64);
		w->low = 0;
	} else if (count > 0) {
		w->high = w->high << count | w->low >> (64 - count);
		w->low <<= count;
	}
}

/* What falls off is remembered in the lowest bit. */
static void shift_right(struct wide *w, unsigned count)
{
	uint64_t lost;

	w->exponent += (int)count;
	if (count == 0)
		return;
	if (count >= 128) {
		lost = w->high | w->low;
		w->high = w->low = 0;
	} else if (count >= 64) {
		lost = w->low | (count > 64 ? w->high << (128 - count) : 0);
		w->low = w->high >> (count - 64);
		w->high = 0;
	} else {
		lost = w->low << (64 - count);
		w->low = w->low >> count | w->high << (64 - count);
		w->high >>= count;
	}
	w->low |= lost != 0;
}

/* Moves the highest bit, of a number that is not zero, to `top`, which is not below it. */
static void raise_to(struct wide *w, int top)
{
	int highest = w->high ? 127 - __builtin_clzll(w->high) : 63 - __builtin_clzll(w->low);

	shift_left(w, (unsigned)(top - highest));
}

static struct wide multiply(uint64_t a, uint64_t b)
{
	uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
	uint64_t middle = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
	uint64_t other = (a & UINT32_MAX) * (b >> 32) + (middle & UINT32_MAX);

	return (struct wide){.high = (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32),
		.low = other << 32 | (low & UINT32_MAX)};
}

static int compare(const struct wide *a, const struct wide *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return a->low < b->low ? -1 : a->low > b->low;
}

static void add(struct wide *a, const struct wide *b)
{
	a->low += b->low;
	a->high += b->high + (a->low < b->low);
}

static void subtract(struct wide *a, const struct wide *b)
{
	a->high -= b->high + (a->low < b->low);
	a->low -= b->low;
}

/* The nearest double, a tie to the even one. The number is not zero. */
static double nearest(struct wide w, bool negative)
{
	const uint64_t below = (1ull << 11) - 1, half = 1ull << 10;
	uint64_t bits;
	int exponent;
	double result;

	raise_to(&w, 127);
	exponent = w.exponent + 127;
	if (exponent < LEAST_EXPONENT) {
		shift_right(&w, (unsigned)(LEAST_EXPONENT - exponent));
		exponent = LEAST_EXPONENT - 1;
	}
	if (exponent <= GREATEST_EXPONENT) {
		/* 53 bits stay; a carry goes on into the exponent, which is then the right one. */
		bits = w.high >> 11;
		if (exponent >= LEAST_EXPONENT)
			bits += (uint64_t)(exponent + GREATEST_EXPONENT - 1) << FRACTION_BITS;
		if ((w.high & below) > half || ((w.high & below) == half && (w.low || bits & 1)))
			bits++;
	} else {
		bits = bits_of(INFINITY);
	}
	if (bits == bits_of(INFINITY))
		errno = ERANGE;
	bits |= (uint64_t)negative << 63;
	memcpy(&result, &bits, sizeof(result));
	return result;
}

double fma(double x, double y, double z)
{
	bool negative = (bits_of(x) ^ bits_of(y)) >> 63, z_negative = bits_of(z) >> 63;
	int exponent_x, exponent_y;
	struct wide product, term, *smaller;
	double result;

	/* Where the product is exact, or no number. */
	if (!isfinite(x) || !isfinite(y) || !isfinite(z) || x == 0 || y == 0) {
		result = isfinite(x) && isfinite(y) && !isfinite(z) ? z : x * y + z;
		if (isnan(result) && !isnan(x) && !isnan(y) && !isnan(z))
			errno = EDOM;
		return result;
	}
	product = multiply(unpack(x, &exponent_x), unpack(y, &exponent_y));
	product.exponent = exponent_x + exponent_y;
	if (z == 0)
		return nearest(product, negative);
	term.high = 0;
	term.low = unpack(z, &term.exponent);
	/* One bit is left for a carry. Only a number that is smaller by far loses bits, and then too
	 * few bits cancel for the loss to be seen in what is kept. */
	raise_to(&product, 126);
	raise_to(&term, 126);
	smaller = product.exponent < term.exponent ? &product : &term;
	if (product.exponent != term.exponent) {
		int distance = product.exponent - term.exponent;

		shift_right(smaller, (unsigned)(distance < 0 ? -distance : distance));
	}
	if (negative == z_negative) {
		add(&product, &term);
	} else if (compare(&product, &term) >= 0) {
		subtract(&product, &term);
	} else {
		subtract(&term, &product);
		product = term;
		negative = z_negative;
	}
	if (product.high == 0 && product.low == 0)
		return 0;
	return nearest(product, negative);
}

/* The product is exact in double. Rounding the sum to odd keeps what the second rounding must know. */
float fmaf(float x, float y, float z)
{
	double product = (double)x * y, sum = product + z;
	double part, error;
	uint64_t bits = bits_of(sum);
	float result;

	if (!isfinite(sum)) {
		if (isnan(sum) && !isnan(x) && !isnan(y) && !isnan(z))
			errno = EDOM;
		return (float)sum;
	}
	part = sum - product;
	error = (product - (sum - part)) + (z - part);
	if (error != 0 && !(bits & 1)) {
		bits += (error > 0) == (sum > 0) ? 1 : -1ull;
		memcpy(&sum, &bits, sizeof(sum));
	}
	result = (float)sum;
	if (isinf(result))
		errno = ERANGE;
	return result;
}
