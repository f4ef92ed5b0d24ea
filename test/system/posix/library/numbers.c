/* Text to floating point, and rounding to an integer: what programs of others found wrong. */
#include "../posix.h"

#include <math.h>

struct reading {
	const char *text;
	double value;
	int length; /* of the number */
	int error;
};

static const struct reading readings[] = {
	{"0x.1", 0x.1p0, 4, 0},
	{"0x", 0, 1, 0},
	{"0x.p1", 0, 1, 0},
	{"0x1.8p-2z", 0x1.8p-2, 8, 0},
	{"1e+", 1, 1, 0},
	{".", 0, 0, 0},
	{" -.5e1", -5, 6, 0},
	{"infinite", INFINITY, 3, 0},
	{"9007199254740993", 9007199254740992.0, 16, 0},
	{"9007199254740993.00000000000000000000000000000000000001", 9007199254740994.0, 55, 0},
	{"9007199254740992.99999999999999999999999999999999999999", 9007199254740992.0, 55, 0},
	{"2.4703282292062327e-324", 0, 23, ERANGE},
	{"2.4703282292062328e-324", 0x1p-1074, 23, ERANGE},
	{"1.7976931348623158e308", 0x1.fffffffffffffp1023, 22, 0},
	{"1.7976931348623159e308", INFINITY, 22, ERANGE},
	{"1e-99999999999", 0, 14, ERANGE},
	{"0x1.fffffffffffff8p1023", INFINITY, 23, ERANGE},
};

static void check_reading(const struct reading *reading)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(reading->text, &end);
	check(value == reading->value && end - reading->text == reading->length &&
			errno == reading->error,
		"strtod.DESCRIPTION", reading->text, __FILE__, __LINE__);
}

static void check_floats(void)
{
	char *end;

	/* Rounded to double first, it would be a tie, and lose its last bit. */
	CHECK("strtof.DESCRIPTION.rounded_once",
		strtof("1.00000005960464477540", NULL) == 0x1.000002p0f);
	errno = 0;
	CHECK("strtof.ERRORS.ERANGE", strtof("3.4028236e38", &end) == HUGE_VALF && errno == ERANGE);
	CHECK("strtod.DESCRIPTION.nan", isnan(strtod("nan(7)x", &end)) && *end == 'x');
	CHECK("strtod.DESCRIPTION.negative_zero", signbit(strtod("-0x0p9", NULL)));
	CHECK("atof.DESCRIPTION", atof("12.25x") == 12.25);
}

/* Every exponent, with significands whose lower word carries. */
static void check_rounding(void)
{
	int wrong = 0;

	for (int exponent = 0; exponent < 52; exponent++) {
		volatile double whole = ldexp(1, exponent) + floor(ldexp(0.35, exponent));
		volatile double above = nextafter(whole, INFINITY);
		volatile double below = nextafter(whole + 1, -INFINITY);

		wrong += floor(above) != whole || ceil(above) != whole + 1;
		wrong += floor(below) != whole || ceil(below) != whole + 1;
		wrong += floor(-above) != -whole - 1 || ceil(-below) != -whole;
	}
	EQUALS("floor.DESCRIPTION", wrong, 0);
	CHECK("ceil.RETURN_VALUE.negative_zero", ceil(-0.5) == 0 && signbit(ceil(-0.5)));
	CHECK("floor.DESCRIPTION.small", floor(-0.25) == -1 && floor(0.25) == 0 && ceil(0.25) == 1);
	CHECK("floor.RETURN_VALUE.infinity", floor(-INFINITY) == -INFINITY && isnan(ceil(NAN)));
}

/* x * y + z by the definition: what a rounding of the product would lose decides. */
static void check_fma(void)
{
	volatile double one_ulp = 0x1.0000000000001p0, above = 1 + 0x1p-30, tiny = 0x1p-1000;
	volatile float one_ulpf = 0x1.000002p0f, half_ulpf = 0x1p-24f;

	CHECK("fma.DESCRIPTION.exact_product", fma(above, above, -(1 + 0x1p-29)) == 0x1p-60);
	CHECK("fma.DESCRIPTION.one_rounding",
		fma(one_ulp, one_ulp, 0x1p-53) == 0x1.0000000000003p0);
	CHECK("fma.DESCRIPTION.tie_broken", fma(tiny, tiny, 1) == 1 &&
						    fma(0x1p-53, one_ulp, 1) == one_ulp &&
						    fma(-tiny, tiny, one_ulp) == one_ulp);
	CHECK("fma.DESCRIPTION.subnormal", fma(tiny, 0x1p-75, 0x1p-1074) == 0x1p-1073);
	CHECK("fma.DESCRIPTION.sign", signbit(fma(-tiny, tiny, 0)) && !signbit(fma(1, 1, -1)));
	CHECK("fma.RETURN_VALUE.infinity", fma(2, 3, -INFINITY) == -INFINITY &&
						   isnan(fma(INFINITY, 1, -INFINITY)) &&
						   isnan(fma(NAN, 1, 1)));
	CHECK("fmaf.DESCRIPTION.one_rounding",
		fmaf(one_ulpf, half_ulpf, 1) == one_ulpf &&
			fmaf(0x1.fffffep0f, 0x1.000002p0f, 0x1.000002p-46f) == 0x1.000002p1f);
}

void case_numbers(void)
{
	for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++)
		check_reading(&readings[i]);
	check_floats();
	check_rounding();
	check_fma();
}
