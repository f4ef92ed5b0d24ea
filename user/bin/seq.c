/*
 * seq: a sequence of numbers. Whole numbers are counted exactly; others by multiplication, so that
 * errors do not add up.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/program.h"

static const char *separator = "\n";
static bool equal_width;

static bool is_whole(const char *s)
{
	s += *s == '-' || *s == '+';
	return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) < 19;
}

static int digits_after_point(const char *s)
{
	const char *point = strchr(s, '.');

	return point ? (int)strlen(point + 1) : 0;
}

static double double_arg(const char *s)
{
	char *end;
	double value = strtod(s, &end);

	if (end == s || *end)
		die(1, "invalid floating point argument: '%s'", s);
	return value;
}

static void count_whole(long long first, long long step, long long last)
{
	int width = 0;
	long long i;

	if (equal_width) {
		char a[24];
		char b[24];

		snprintf(a, sizeof(a), "%lld", first);
		snprintf(b, sizeof(b), "%lld", last);
		width = (int)(strlen(a) > strlen(b) ? strlen(a) : strlen(b));
	}
	for (i = first; step > 0 ? i <= last : i >= last; i += step) {
		if (i != first)
			fputs(separator, stdout);
		printf("%0*lld", width, i);
	}
	if (step > 0 ? first <= last : first >= last)
		putchar('\n');
}

static void count_double(double first, double step, double last, int precision)
{
	char a[64];
	char b[64];
	int width = 0;
	bool any = false;
	double value;
	unsigned i;

	if (equal_width) {
		snprintf(a, sizeof(a), "%.*f", precision, first);
		snprintf(b, sizeof(b), "%.*f", precision, last);
		width = (int)(strlen(a) > strlen(b) ? strlen(a) : strlen(b));
	}
	for (i = 0;; i++) {
		value = first + i * step;
		/* Half a step of the last digit, for 0.1 added ten times is not quite 1. */
		if (step > 0 ? value > last + step * 1e-9 : value < last + step * 1e-9)
			break;
		if (any)
			fputs(separator, stdout);
		printf("%0*.*f", width, precision, value);
		any = true;
	}
	if (any)
		putchar('\n');
}

int main(int argc, char **argv)
{
	const char *first = "1";
	const char *step = "1";
	const char *last;
	int precision;
	int i = 1;

	program_begin(argc, argv,
		"[-w] [-s STRING] [FIRST [STEP]] LAST\n  -s  between the numbers, instead of "
		"newlines\n"
		"  -w  as wide as the widest, with zeros");
	/* Not getopt: a number may begin with a minus. */
	for (; i < argc && argv[i][0] == '-' && argv[i][1] && strchr("sw-", argv[i][1]); i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (strcmp(argv[i], "-w") == 0)
			equal_width = true;
		else if (argv[i][1] == 's' && argv[i][2])
			separator = argv[i] + 2;
		else if (strcmp(argv[i], "-s") == 0 && i + 1 < argc)
			separator = argv[++i];
		else
			usage_error(1);
	}
	if (argc - i < 1 || argc - i > 3) {
		warn(argc == i ? "missing operand" : "extra operand");
		usage_error(1);
	}
	last = argv[argc - 1];
	if (argc - i > 1)
		first = argv[i];
	if (argc - i > 2)
		step = argv[i + 1];
	if (double_arg(step) == 0)
		die(1, "invalid zero increment value: '%s'", step);
	if (is_whole(first) && is_whole(step) && is_whole(last)) {
		count_whole(
			strtoll(first, NULL, 10), strtoll(step, NULL, 10), strtoll(last, NULL, 10));
	} else {
		precision = digits_after_point(first);
		if (digits_after_point(step) > precision)
			precision = digits_after_point(step);
		count_double(double_arg(first), double_arg(step), double_arg(last), precision);
	}
	return program_end(0);
}
