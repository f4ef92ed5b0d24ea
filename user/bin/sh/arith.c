/*
 * Arithmetic expansion: C's integer expressions over 64-bit numbers and shell variables, by
 * precedence climbing. Overflow wraps. The branch not taken of && || and ?: is parsed with
 * `idle` set, and neither assigns nor divides.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sh.h"

struct arith {
	const char *at;
	const char *error;
	int idle;
	int depth;
};

#define MAX_DEPTH 64

static long long expression(struct arith *a);
static long long assignment(struct arith *a);

static void fail(struct arith *a, const char *message)
{
	if (!a->error)
		a->error = message;
	a->at = "";
}

static void skip_space(struct arith *a)
{
	while (isspace((unsigned char)*a->at))
		a->at++;
}

/* Takes an operator unless a longer one, or an assignment made from it, stands there. */
static bool take(struct arith *a, const char *op, const char *not_before)
{
	size_t n = strlen(op);

	skip_space(a);
	if (strncmp(a->at, op, n) != 0 || (a->at[n] && strchr(not_before, a->at[n])))
		return false;
	a->at += n;
	return true;
}

static long long parse_number(struct arith *a)
{
	char *end;
	unsigned long long value = strtoull(a->at, &end, 0);

	if (isalnum((unsigned char)*end) || *end == '_')
		fail(a, "bad number");
	else
		a->at = end;
	return (long long)value;
}

static size_t name_length(const char *s)
{
	size_t n = 0;

	if (isdigit((unsigned char)*s))
		return 0;
	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

static char *take_name(struct arith *a)
{
	size_t n = name_length(a->at);
	char *name = arena_strndup(sh.temp, a->at, n);

	a->at += n;
	return name;
}

static long long read_variable(struct arith *a, const char *name)
{
	const char *value = var_get(name);
	char *end;
	long long n;

	if (!value && sh.opt_unset && !a->idle) {
		shell_error("%s: parameter not set", name);
		fail(a, "");
		return 0;
	}
	if (!value)
		return 0;
	errno = 0;
	n = strtoll(value, &end, 0);
	while (isspace((unsigned char)*end))
		end++;
	if (*end)
		fail(a, "a variable does not hold a number");
	return n;
}

static void write_variable(struct arith *a, const char *name, long long value)
{
	char digits[24];

	if (a->idle || a->error)
		return;
	snprintf(digits, sizeof(digits), "%lld", value);
	if (var_set(name, digits) != 0)
		fail(a, "");
}

static long long primary(struct arith *a)
{
	long long value;

	skip_space(a);
	if (*a->at == '(') {
		a->at++;
		value = expression(a);
		if (!take(a, ")", ""))
			fail(a, "missing ')'");
		return value;
	}
	if (isdigit((unsigned char)*a->at))
		return parse_number(a);
	if (name_length(a->at) > 0) {
		char *name = take_name(a);
		bool up;

		value = read_variable(a, name);
		up = take(a, "++", "");
		if (up || take(a, "--", ""))
			write_variable(a, name,
				(long long)((unsigned long long)value + (up ? 1ull : -1ull)));
		return value;
	}
	fail(a, *a->at ? "unexpected character" : "operand expected");
	return 0;
}

static long long unary(struct arith *a)
{
	long long value = 0;
	bool up;

	if (++a->depth > MAX_DEPTH)
		fail(a, "too deeply nested");
	skip_space(a);
	up = strncmp(a->at, "++", 2) == 0;
	if ((up || strncmp(a->at, "--", 2) == 0) && name_length(a->at + 2) > 0) {
		char *name;

		a->at += 2;
		name = take_name(a);
		value = (long long)((unsigned long long)read_variable(a, name) +
				    (up ? 1ull : -1ull));
		write_variable(a, name, value);
	} else if (take(a, "-", "")) {
		value = (long long)(0ull - (unsigned long long)unary(a));
	} else if (take(a, "+", "")) {
		value = unary(a);
	} else if (take(a, "!", "=")) {
		value = !unary(a);
	} else if (take(a, "~", "")) {
		value = ~unary(a);
	} else {
		value = primary(a);
	}
	a->depth--;
	return value;
}

static long long divide(struct arith *a, long long x, long long y, bool remainder)
{
	if (a->idle || a->error)
		return 0;
	if (y == 0) {
		fail(a, "division by zero");
		return 0;
	}
	if (y == -1)
		return remainder ? 0 : (long long)(0ull - (unsigned long long)x);
	return remainder ? x % y : x / y;
}

enum binary_op { MUL, DIV, REM, ADD, SUB, SHL, SHR, LE, GE, LT, GT, EQ, NE, AND, XOR, OR };

static const struct {
	const char *text;
	const char *not_before;
	uint8_t level; /* binds the tighter the higher */
} binary_ops[] = {
	[MUL] = {"*", "=", 8},
	[DIV] = {"/", "=", 8},
	[REM] = {"%", "=", 8},
	[ADD] = {"+", "=", 7},
	[SUB] = {"-", "=", 7},
	[SHL] = {"<<", "=", 6},
	[SHR] = {">>", "=", 6},
	[LE] = {"<=", "", 5},
	[GE] = {">=", "", 5},
	[LT] = {"<", "<=", 5},
	[GT] = {">", ">=", 5},
	[EQ] = {"==", "", 4},
	[NE] = {"!=", "", 4},
	[AND] = {"&", "&=", 3},
	[XOR] = {"^", "=", 2},
	[OR] = {"|", "|=", 1},
};

static long long apply(struct arith *a, enum binary_op op, long long x, long long y)
{
	unsigned long long ux = (unsigned long long)x;
	unsigned long long uy = (unsigned long long)y;

	switch (op) {
	case MUL: return (long long)(ux * uy);
	case DIV: return divide(a, x, y, false);
	case REM: return divide(a, x, y, true);
	case ADD: return (long long)(ux + uy);
	case SUB: return (long long)(ux - uy);
	case SHL: return (long long)(ux << (uy & 63));
	case SHR: return x >> (uy & 63);
	case LE: return x <= y;
	case GE: return x >= y;
	case LT: return x < y;
	case GT: return x > y;
	case EQ: return x == y;
	case NE: return x != y;
	case AND: return x & y;
	case XOR: return x ^ y;
	default: return x | y;
	}
}

static long long binary(struct arith *a, int level)
{
	long long value = unary(a);

	for (;;) {
		size_t i;

		for (i = 0; i < sizeof(binary_ops) / sizeof(*binary_ops); i++)
			if (binary_ops[i].level >= level &&
				take(a, binary_ops[i].text, binary_ops[i].not_before))
				break;
		if (i == sizeof(binary_ops) / sizeof(*binary_ops))
			return value;
		value = apply(a, (enum binary_op)i, value, binary(a, binary_ops[i].level + 1));
	}
}

static long long logical_and(struct arith *a)
{
	long long value = binary(a, 1);

	while (take(a, "&&", "")) {
		bool skip = !value;
		long long right;

		a->idle += skip;
		right = binary(a, 1);
		a->idle -= skip;
		value = value && right;
	}
	return value;
}

static long long logical_or(struct arith *a)
{
	long long value = logical_and(a);

	while (take(a, "||", "")) {
		bool skip = value != 0;
		long long right;

		a->idle += skip;
		right = logical_and(a);
		a->idle -= skip;
		value = value || right;
	}
	return value;
}

static long long conditional(struct arith *a)
{
	long long condition = logical_or(a);
	long long yes;
	long long no;

	if (!take(a, "?", ""))
		return condition;
	a->idle += !condition;
	yes = expression(a);
	a->idle -= !condition;
	if (!take(a, ":", ""))
		fail(a, "missing ':'");
	a->idle += condition != 0;
	no = assignment(a);
	a->idle -= condition != 0;
	return condition ? yes : no;
}

/* name = value and name op= value; anything else is tried as a conditional. */
static long long assignment(struct arith *a)
{
	static const struct {
		const char *text;
		enum binary_op op;
	} ops[] = {{"*=", MUL}, {"/=", DIV}, {"%=", REM}, {"+=", ADD}, {"-=", SUB}, {"<<=", SHL},
		{">>=", SHR}, {"&=", AND}, {"^=", XOR}, {"|=", OR}};
	const char *start;
	long long value = 0;
	char *name;
	size_t i;

	skip_space(a);
	start = a->at;
	if (++a->depth > MAX_DEPTH)
		fail(a, "too deeply nested");
	if (name_length(a->at) > 0) {
		name = take_name(a);
		if (take(a, "=", "=")) {
			value = assignment(a);
			write_variable(a, name, value);
			a->depth--;
			return value;
		}
		for (i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
			if (!take(a, ops[i].text, ""))
				continue;
			value = read_variable(a, name);
			value = apply(a, ops[i].op, value, assignment(a));
			write_variable(a, name, value);
			a->depth--;
			return value;
		}
		if (!a->error)
			a->at = start;
	}
	value = conditional(a);
	a->depth--;
	return value;
}

static long long expression(struct arith *a)
{
	long long value = assignment(a);

	while (take(a, ",", ""))
		value = assignment(a);
	return value;
}

/* Evaluates text; an empty one is 0. On an error prints it, sets sh.flow and returns false. */
bool arith_eval(const char *text, long long *out)
{
	struct arith a = {.at = text};

	*out = 0;
	skip_space(&a);
	if (!*a.at)
		return true;
	*out = expression(&a);
	skip_space(&a);
	if (*a.at)
		fail(&a, "unexpected character");
	if (!a.error)
		return true;
	if (*a.error)
		shell_error("arithmetic: %s: \"%s\"", a.error, text);
	shell_fail(STATUS_SYNTAX);
	return false;
}
