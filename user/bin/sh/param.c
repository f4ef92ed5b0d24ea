/*
 * Parameter expansion: $x, the special parameters, and the ${x-word} family of operators.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sh.h"

/* The value of a parameter other than @ and *, or NULL when it is unset. */
static const char *param_value(const char *name, char *scratch, size_t size)
{
	if (isdigit((unsigned char)*name)) {
		long n = strtol(name, NULL, 10);

		if (n == 0)
			return sh.name;
		return n <= sh.params.n ? sh.params.v[n - 1] : NULL;
	}
	switch (*name) {
	case '?': snprintf(scratch, size, "%d", sh.status); return scratch;
	case '$': snprintf(scratch, size, "%ld", (long)sh.pid); return scratch;
	case '#': snprintf(scratch, size, "%d", sh.params.n); return scratch;
	case '!':
		if (!sh.last_background)
			return NULL;
		snprintf(scratch, size, "%ld", (long)sh.last_background);
		return scratch;
	case '-': option_flags(scratch); return scratch;
	default: return var_get(name);
	}
}

static bool is_list(const char *name)
{
	return (*name == '@' || *name == '*') && name[1] == '\0';
}

/* Adds $@ or $*: as fields of their own where that is meant, else joined. */
static void add_list(const struct part *p, struct marked *out, unsigned how)
{
	char mark = p->quoted ? MARK_QUOTED : MARK_SPLIT;
	bool fields = (how & EXPAND_FIELDS) && (!p->quoted || *p->text == '@');
	const char *ifs = var_get("IFS");
	char separator = ' ';
	int i;

	if (*p->text == '*' && ifs)
		separator = *ifs;
	for (i = 0; i < sh.params.n; i++) {
		if (i > 0 && fields)
			marked_add(out, '\0', MARK_BREAK);
		else if (i > 0 && separator)
			marked_add(out, separator, MARK_QUOTED);
		marked_add_str(out, sh.params.v[i], mark);
	}
	if (p->quoted && !fields && sh.params.n == 0)
		marked_add(out, '\0', MARK_EMPTY);
}

static void add_value(const struct part *p, const char *value, struct marked *out, unsigned how)
{
	if (is_list(p->text))
		add_list(p, out, how);
	else
		marked_add_str(out, value ? value : "", p->quoted ? MARK_QUOTED : MARK_SPLIT);
}

static bool param_error(const struct part *p, const char *message)
{
	shell_error("%s: %s", p->text, message);
	shell_fail(STATUS_SYNTAX);
	return false;
}

static bool add_word(const struct part *p, struct marked *out, unsigned how)
{
	if (!p->arg) {
		if (p->quoted)
			marked_add(out, '\0', MARK_EMPTY);
		return true;
	}
	return expand_parts(p->arg, out, how | EXPAND_TILDE | (p->quoted ? 0 : EXPAND_SPLIT_TEXT));
}

static bool assign_default(const struct part *p, struct marked *out)
{
	struct word w = {.parts = p->arg};
	char *value;

	if (!is_name(p->text, strlen(p->text)))
		return param_error(p, "cannot assign in this way");
	value = expand_string(&w);
	if (!value)
		return false;
	if (var_set(p->text, value) != 0) {
		shell_fail(STATUS_SYNTAX);
		return false;
	}
	marked_add_str(out, value, p->quoted ? MARK_QUOTED : MARK_SPLIT);
	return true;
}

/* Removes the shortest or longest prefix or suffix that matches. */
static bool add_cut(const struct part *p, const char *value, struct marked *out)
{
	struct word w = {.parts = p->arg};
	bool prefix = p->op == PARAM_CUT_PREFIX || p->op == PARAM_CUT_PREFIX_LONG;
	bool longest = p->op == PARAM_CUT_PREFIX_LONG || p->op == PARAM_CUT_SUFFIX_LONG;
	char *copy = arena_strdup(sh.temp, value); /* the pattern may change the variable */
	char *pattern = expand_pattern(&w);
	size_t n = strlen(copy);
	size_t i;

	if (!pattern)
		return false;
	for (i = 0; i <= n; i++) {
		size_t cut = longest ? n - i : i;

		if (!pattern_match(pattern, prefix ? copy : copy + n - cut, cut))
			continue;
		if (prefix)
			copy += cut;
		else
			copy[n - cut] = '\0';
		break;
	}
	marked_add_str(out, copy, p->quoted ? MARK_QUOTED : MARK_SPLIT);
	return true;
}

static void add_length(const struct part *p, const char *value, struct marked *out)
{
	char digits[16];

	snprintf(digits, sizeof(digits), "%lu",
		is_list(p->text) ? (unsigned long)sh.params.n : (unsigned long)strlen(value));
	marked_add_str(out, digits, p->quoted ? MARK_QUOTED : MARK_SPLIT);
}

static bool report_unset(const struct part *p)
{
	struct word w = {.parts = p->arg};
	const char *message = p->colon ? "parameter null or not set" : "parameter not set";

	if (p->arg) {
		message = expand_string(&w);
		if (!message)
			return false;
	}
	return param_error(p, message);
}

bool expand_param(const struct part *p, struct marked *out, unsigned how)
{
	char scratch[24];
	const char *value = NULL;
	bool set;

	if (is_list(p->text)) {
		set = sh.params.n > 0 && !(p->colon && sh.params.n == 1 && !*sh.params.v[0]);
	} else {
		value = param_value(p->text, scratch, sizeof(scratch));
		set = value && !(p->colon && !*value);
	}
	switch (p->op) {
	case PARAM_DEFAULT:
		if (!set)
			return add_word(p, out, how);
		break;
	case PARAM_ALTERNATE:
		if (set)
			return add_word(p, out, how);
		if (p->quoted)
			marked_add(out, '\0', MARK_EMPTY);
		return true;
	case PARAM_ASSIGN:
		if (!set)
			return assign_default(p, out);
		break;
	case PARAM_ERROR:
		if (!set)
			return report_unset(p);
		break;
	default:
		if (!set && sh.opt_unset && !is_list(p->text))
			return param_error(p, "parameter not set");
		if (p->op == PARAM_LENGTH) {
			add_length(p, value ? value : "", out);
			return true;
		}
		if (p->op != PARAM_PLAIN && !is_list(p->text))
			return add_cut(p, value ? value : "", out);
		break;
	}
	add_value(p, value, out, how);
	return true;
}
