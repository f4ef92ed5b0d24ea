/*
 * sort: lines in order. All of them are held in memory.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/lines.h"
#include "shared/options.h"
#include "shared/program.h"

#define MAX_KEYS 8

struct order {
	bool numeric;
	bool reverse;
	bool fold;
	bool skip_blanks;
};

struct key {
	struct order order;
	int first_field; /* from 1 */
	int first_char;	 /* from 1 */
	int last_field;	 /* 0: the end of the line */
	int last_char;	 /* 0: the end of the field */
};

struct record {
	char *text;
	size_t index; /* where it came from: what is equal stays in order */
};

static struct key keys[MAX_KEYS];
static int n_keys;
static struct order whole;
static int separator = -1;
static bool unique;
static bool stable;
static struct record *records;
static size_t n_records;
static size_t cap_records;

/* The start of field number `field` of the line. */
static const char *find_field(const char *s, int field)
{
	while (--field > 0) {
		if (separator >= 0) {
			s += strcspn(s, (const char[]){(char)separator, '\0'});
			if (*s)
				s++;
		} else {
			while (isblank((unsigned char)*s))
				s++;
			while (*s && !isblank((unsigned char)*s))
				s++;
		}
	}
	return s;
}

static const char *field_end(const char *s)
{
	if (separator >= 0)
		return s + strcspn(s, (const char[]){(char)separator, '\0'});
	while (isblank((unsigned char)*s))
		s++;
	while (*s && !isblank((unsigned char)*s))
		s++;
	return s;
}

static const char *advance(const char *s, int chars, const char *end)
{
	while (chars-- > 0 && s < end)
		s++;
	return s;
}

static void key_range(const struct key *k, const char *line, const char **start, const char **end)
{
	const char *line_end = line + strlen(line);
	const char *last;

	*start = find_field(line, k->first_field);
	if (k->order.skip_blanks)
		while (isblank((unsigned char)**start))
			(*start)++;
	*start = advance(*start, k->first_char - 1, line_end);
	*end = line_end;
	if (k->last_field > 0) {
		last = find_field(line, k->last_field);
		*end = k->last_char > 0 ? advance(last, k->last_char, line_end) : field_end(last);
	}
	if (*end < *start)
		*end = *start;
}

static int compare_text(
	const char *a, const char *a_end, const char *b, const char *b_end, bool fold)
{
	for (; a < a_end && b < b_end; a++, b++) {
		int x = (unsigned char)*a;
		int y = (unsigned char)*b;

		if (fold) {
			x = toupper(x);
			y = toupper(y);
		}
		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a < a_end) - (b < b_end);
}

/* A decimal number of any length, compared without making it binary. */
struct decimal {
	bool negative;
	const char *digits; /* without leading zeros */
	size_t n;
	const char *fraction;
	size_t n_fraction; /* without trailing zeros */
};

static struct decimal parse_decimal(const char *s, const char *end)
{
	struct decimal d = {0};

	while (s < end && isblank((unsigned char)*s))
		s++;
	if (s < end && *s == '-') {
		d.negative = true;
		s++;
	}
	while (s < end && *s == '0')
		s++;
	d.digits = s;
	while (s < end && isdigit((unsigned char)*s))
		s++;
	d.n = (size_t)(s - d.digits);
	if (s < end && *s == '.') {
		d.fraction = ++s;
		while (s < end && isdigit((unsigned char)*s))
			s++;
		d.n_fraction = (size_t)(s - d.fraction);
		while (d.n_fraction > 0 && d.fraction[d.n_fraction - 1] == '0')
			d.n_fraction--;
	}
	if (d.n == 0 && d.n_fraction == 0)
		d.negative = false;
	return d;
}

static int compare_magnitude(const struct decimal *a, const struct decimal *b)
{
	size_t common = a->n_fraction < b->n_fraction ? a->n_fraction : b->n_fraction;
	int order;

	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	order = memcmp(a->digits, b->digits, a->n);
	if (order == 0 && common > 0)
		order = memcmp(a->fraction, b->fraction, common);
	if (order == 0)
		order = (a->n_fraction > common) - (b->n_fraction > common);
	return order;
}

static int compare_numbers(const char *a, const char *a_end, const char *b, const char *b_end)
{
	struct decimal x = parse_decimal(a, a_end);
	struct decimal y = parse_decimal(b, b_end);

	if (x.negative != y.negative)
		return x.negative ? -1 : 1;
	return x.negative ? compare_magnitude(&y, &x) : compare_magnitude(&x, &y);
}

static int compare_ranges(
	const struct order *o, const char *a, const char *a_end, const char *b, const char *b_end)
{
	int order = o->numeric ? compare_numbers(a, a_end, b, b_end)
			       : compare_text(a, a_end, b, b_end, o->fold);

	return o->reverse ? -order : order;
}

/* By the keys alone, which is what -u goes by. */
static int compare_keys(const char *a, const char *b)
{
	int order = 0;
	int i;

	if (n_keys == 0) {
		const char *x = a;
		const char *y = b;

		while (whole.skip_blanks && isblank((unsigned char)*x))
			x++;
		while (whole.skip_blanks && isblank((unsigned char)*y))
			y++;
		return compare_ranges(&whole, x, x + strlen(x), y, y + strlen(y));
	}
	for (i = 0; i < n_keys && order == 0; i++) {
		const char *x;
		const char *x_end;
		const char *y;
		const char *y_end;

		key_range(&keys[i], a, &x, &x_end);
		key_range(&keys[i], b, &y, &y_end);
		order = compare_ranges(&keys[i].order, x, x_end, y, y_end);
	}
	return order;
}

static int compare_records(const void *a, const void *b)
{
	const struct record *x = a;
	const struct record *y = b;
	int order = compare_keys(x->text, y->text);

	if (order == 0 && !stable && !unique) {
		order = strcmp(x->text, y->text);
		if (whole.reverse)
			order = -order;
	}
	if (order == 0)
		order = x->index < y->index ? -1 : x->index > y->index;
	return order;
}

static bool read_records(FILE *f, const char *name)
{
	struct line l = {0};

	(void)name;
	while (line_read(&l, f, '\n')) {
		if (n_records == cap_records) {
			cap_records = cap_records ? cap_records * 2 : 256;
			records = must_realloc(records, cap_records * sizeof(*records));
		}
		records[n_records] = (struct record){must_strdup(l.text), n_records};
		n_records++;
	}
	free(l.text);
	return true;
}

static const char *parse_order(const char *s, struct order *o)
{
	for (;; s++) {
		switch (*s) {
		case 'n': o->numeric = true; break;
		case 'r': o->reverse = true; break;
		case 'f': o->fold = true; break;
		case 'b': o->skip_blanks = true; break;
		default: return s;
		}
	}
}

static const char *parse_position(const char *s, int *field, int *character)
{
	char *end;

	*field = (int)strtol(s, &end, 10);
	if (*end == '.')
		*character = (int)strtol(end + 1, &end, 10);
	return end;
}

static void parse_key(const char *s)
{
	struct key *k = &keys[n_keys];
	const char *at;

	if (n_keys == MAX_KEYS)
		die(2, "too many keys");
	*k = (struct key){.first_char = 1};
	at = parse_order(parse_position(s, &k->first_field, &k->first_char), &k->order);
	if (*at == ',')
		at = parse_order(parse_position(at + 1, &k->last_field, &k->last_char), &k->order);
	if (*at || k->first_field < 1 || k->first_char < 1)
		die(2, "invalid key '%s'", s);
	n_keys++;
}

/* A key without an order of its own takes the general one. */
static void default_orders(void)
{
	int i;

	for (i = 0; i < n_keys; i++) {
		struct order *o = &keys[i].order;

		if (!o->numeric && !o->reverse && !o->fold && !o->skip_blanks)
			*o = whole;
	}
}

static int check_order(void)
{
	size_t i;

	for (i = 1; i < n_records; i++) {
		int order = compare_keys(records[i - 1].text, records[i].text);

		if (order == 0 && !unique && !stable)
			order = (whole.reverse ? -1 : 1) *
				strcmp(records[i - 1].text, records[i].text);
		if (order > 0 || (unique && order == 0)) {
			warn("disorder: %s", records[i].text);
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *output = NULL;
	bool check = false;
	size_t i;
	int c;

	program_begin(argc, argv,
		"[-bcfnrsu] [-k KEY]... [-t CHAR] [-o FILE] [FILE]...\n"
		"  -n  by number   -r  largest first   -f  ignore case   -b  ignore blanks in "
		"front\n"
		"  -u  one of those that are equal     -s  keep the order of those that are equal\n"
		"  -k  FIELD[.CHAR][bfnr][,FIELD[.CHAR]]: by this part of the line\n"
		"  -t  fields are separated by CHAR    -c  only say whether they are in order\n"
		"  -o  write to FILE, which may be one of those read");
	while ((c = next_option(argc, argv, "bcfk:no:rst:u")) != -1) {
		switch (c) {
		case 'b': whole.skip_blanks = true; break;
		case 'c': check = true; break;
		case 'f': whole.fold = true; break;
		case 'k': parse_key(option_arg); break;
		case 'n': whole.numeric = true; break;
		case 'o': output = option_arg; break;
		case 'r': whole.reverse = true; break;
		case 's': stable = true; break;
		case 't':
			if (!option_arg[0] || option_arg[1])
				die(2, "the separator must be one character");
			separator = (unsigned char)option_arg[0];
			break;
		case 'u': unique = true; break;
		default: usage_error(2);
		}
	}
	default_orders();
	if (!for_each_file(argc - option_index, argv + option_index, read_records))
		return 2;
	if (check)
		return check_order();
	if (n_records > 1)
		qsort(records, n_records, sizeof(*records), compare_records);
	if (output)
		redirect(STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 2);
	for (i = 0; i < n_records; i++)
		if (!unique || i == 0 || compare_keys(records[i - 1].text, records[i].text) != 0)
			puts(records[i].text);
	return program_end(0);
}
