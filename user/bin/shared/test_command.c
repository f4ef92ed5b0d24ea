/*
 * test and [: conditions on files, strings and numbers, by recursive descent over
 * ! ( ) -a -o, with POSIX's rules for up to three arguments falling out of the look-ahead.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"

struct tester {
	char **argv;
	int at;
	int end;
	int broken;
	complain_fn *complain;
};

static int or_expression(struct tester *t);

static const char *peek(const struct tester *t, int ahead)
{
	return t->at + ahead < t->end ? t->argv[t->at + ahead] : NULL;
}

static int is(const char *s, const char *what)
{
	return s && strcmp(s, what) == 0;
}

static int bad(struct tester *t, const char *what, const char *message)
{
	if (!t->broken)
		t->complain("test: %s%s%s", what, *what ? ": " : "", message);
	t->broken = 1;
	return 0;
}

static long long number(struct tester *t, const char *s)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(s, &end, 10);
	while (end != s && (*end == ' ' || *end == '\t'))
		end++;
	if (end == s || *end || errno)
		return bad(t, s, "not a number");
	return n;
}

static int is_unary(const char *s)
{
	return s && s[0] == '-' && s[1] && !s[2] && strchr("bcdefghknprstuwxzLOGS", s[1]);
}

static int is_binary(const char *s)
{
	static const char *const ops[] = {"=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le",
		"-gt", "-ge", "-nt", "-ot", "-ef"};
	size_t i;

	for (i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (is(s, ops[i]))
			return 1;
	return 0;
}

static int file_kind(char op, mode_t mode)
{
	switch (op) {
	case 'b': return S_ISBLK(mode);
	case 'c': return S_ISCHR(mode);
	case 'd': return S_ISDIR(mode);
	case 'f': return S_ISREG(mode);
	case 'p': return S_ISFIFO(mode);
	case 'S': return S_ISSOCK(mode);
	case 'u': return (mode & S_ISUID) != 0;
	case 'g': return (mode & S_ISGID) != 0;
	case 'k': return (mode & S_ISVTX) != 0;
	default: return 1; /* e: that it can be found is enough */
	}
}

static int unary(struct tester *t, char op, const char *arg)
{
	struct stat st;

	switch (op) {
	case 'n': return *arg != '\0';
	case 'z': return *arg == '\0';
	case 't': return isatty((int)number(t, arg));
	case 'r': return access(arg, R_OK) == 0;
	case 'w': return access(arg, W_OK) == 0;
	case 'x': return access(arg, X_OK) == 0;
	case 'h':
	case 'L': return lstat(arg, &st) == 0 && S_ISLNK(st.st_mode);
	default: break;
	}
	if (stat(arg, &st) != 0)
		return 0;
	switch (op) {
	case 's': return st.st_size > 0;
	case 'O': return st.st_uid == geteuid();
	case 'G': return st.st_gid == getegid();
	default: return file_kind(op, st.st_mode);
	}
}

static int compare_files(const char *op, const char *left, const char *right)
{
	struct stat l;
	struct stat r;
	int have_l = stat(left, &l) == 0;
	int have_r = stat(right, &r) == 0;

	if (is(op, "-ef"))
		return have_l && have_r && l.st_dev == r.st_dev && l.st_ino == r.st_ino;
	if (is(op, "-nt"))
		return have_l && (!have_r || l.st_mtime > r.st_mtime);
	return have_r && (!have_l || l.st_mtime < r.st_mtime);
}

static int binary(struct tester *t, const char *left, const char *op, const char *right)
{
	long long l;
	long long r;

	if (op[0] != '-') {
		int order = strcmp(left, right);

		return op[0] == '='   ? order == 0
		       : op[0] == '!' ? order != 0
		       : op[0] == '<' ? order < 0
				      : order > 0;
	}
	if (is(op, "-nt") || is(op, "-ot") || is(op, "-ef"))
		return compare_files(op, left, right);
	l = number(t, left);
	r = number(t, right);
	if (is(op, "-eq"))
		return l == r;
	if (is(op, "-ne"))
		return l != r;
	if (is(op, "-lt"))
		return l < r;
	if (is(op, "-le"))
		return l <= r;
	return is(op, "-gt") ? l > r : l >= r;
}

static int primary(struct tester *t)
{
	const char *first = peek(t, 0);
	int value;

	if (!first)
		return bad(t, "", "argument expected");
	if (is_binary(peek(t, 1)) && peek(t, 2)) {
		t->at += 3;
		return binary(t, first, t->argv[t->at - 2], t->argv[t->at - 1]);
	}
	if (is(first, "(") && peek(t, 1)) {
		t->at++;
		value = or_expression(t);
		if (!is(peek(t, 0), ")"))
			return bad(t, "", "missing ')'");
		t->at++;
		return value;
	}
	if (is_unary(first) && peek(t, 1)) {
		t->at += 2;
		return unary(t, first[1], t->argv[t->at - 1]);
	}
	t->at++;
	return *first != '\0';
}

static int not_expression(struct tester *t)
{
	int negate = 0;

	while (is(peek(t, 0), "!") && peek(t, 1) && !(is_binary(peek(t, 1)) && peek(t, 2))) {
		negate = !negate;
		t->at++;
	}
	return primary(t) != negate;
}

static int and_expression(struct tester *t)
{
	int value = not_expression(t);

	while (is(peek(t, 0), "-a") && !t->broken) {
		t->at++;
		value &= not_expression(t);
	}
	return value;
}

static int or_expression(struct tester *t)
{
	int value = and_expression(t);

	while (is(peek(t, 0), "-o") && !t->broken) {
		t->at++;
		value |= and_expression(t);
	}
	return value;
}

int test_command(int argc, char **argv, complain_fn *complain)
{
	struct tester t = {.argv = argv, .at = 1, .end = argc, .complain = complain};
	const char *name = strrchr(argv[0], '/');
	int value;

	name = name ? name + 1 : argv[0];
	if (is(name, "[")) {
		if (!is(argv[argc - 1], "]")) {
			bad(&t, "", "missing ']'");
			return 2;
		}
		t.end--;
	}
	if (t.at == t.end)
		return 1;
	value = or_expression(&t);
	if (t.at < t.end && !t.broken)
		bad(&t, t.argv[t.at], "unexpected operator");
	return t.broken ? 2 : !value;
}
