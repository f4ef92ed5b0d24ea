/*
 * From the pieces of words to argument strings. Every character of an expansion carries a mark
 * saying whether it was quoted and whether it came out of an unquoted expansion; fields are then
 * cut at IFS characters so marked, and patterns are matched against the file system where an
 * unquoted * ? or [ remains. The results live in sh.temp until the command has run.
 */
#include <stdio.h>
#include <string.h>

#include "sh.h"

void marked_add(struct marked *m, char c, char mark)
{
	sb_add(&m->text, c);
	sb_add(&m->marks, mark);
}

void marked_add_str(struct marked *m, const char *s, char mark)
{
	if (!*s && mark == MARK_QUOTED)
		marked_add(m, '\0', MARK_EMPTY);
	for (; *s; s++)
		marked_add(m, *s, mark);
}

void marked_free(struct marked *m)
{
	sb_free(&m->text);
	sb_free(&m->marks);
}

void fields_add(struct fields *f, char *s)
{
	if (f->n + 2 > f->cap) {
		int cap = f->cap ? f->cap * 2 : 8;
		char **v = arena_alloc(sh.temp, (size_t)cap * sizeof(*v));

		if (f->n > 0)
			memcpy(v, f->v, (size_t)f->n * sizeof(*v));
		f->v = v;
		f->cap = cap;
	}
	f->v[f->n++] = s;
	f->v[f->n] = NULL;
}

/* Adds plain text, with HOME for each ~ that stands where one may. */
static void add_text(struct marked *out, const struct part *p, bool first, unsigned how)
{
	char mark = p->quoted ? MARK_QUOTED : how & EXPAND_SPLIT_TEXT ? MARK_SPLIT : MARK_PLAIN;
	const char *home = p->quoted || !(how & EXPAND_TILDE) ? NULL : var_get("HOME");
	bool may_tilde = first;
	const char *s;

	if (!*p->text && p->quoted)
		marked_add(out, '\0', MARK_EMPTY);
	for (s = p->text; *s; s++) {
		bool ends = s[1] == '/' || (s[1] == '\0' && !p->next) ||
			    (s[1] == ':' && (how & EXPAND_ASSIGNMENT));

		if (*s == '~' && home && may_tilde && ends)
			marked_add_str(out, home, MARK_QUOTED);
		else
			marked_add(out, *s, mark);
		may_tilde = (how & EXPAND_ASSIGNMENT) && *s == ':';
	}
}

static bool expand_arith(const struct part *p, struct marked *out)
{
	struct word w = {.parts = p->arg};
	char *expr = expand_string(&w);
	char digits[24];
	long long value;

	if (!expr || !arith_eval(expr, &value))
		return false;
	snprintf(digits, sizeof(digits), "%lld", value);
	marked_add_str(out, digits, p->quoted ? MARK_QUOTED : MARK_SPLIT);
	return true;
}

static bool expand_command(const struct part *p, struct marked *out)
{
	struct strbuf text = {0};

	sh.substitution_status = exec_substitution(p->command, &text);
	marked_add_str(out, sb_str(&text), p->quoted ? MARK_QUOTED : MARK_SPLIT);
	sb_free(&text);
	return sh.flow == FLOW_NONE;
}

/* Expands the parts one after the other. Returns false, with sh.flow set, on an error. */
bool expand_parts(const struct part *parts, struct marked *out, unsigned how)
{
	const struct part *p;
	bool ok = true;

	for (p = parts; p && ok; p = p->next) {
		switch (p->kind) {
		case PART_TEXT: add_text(out, p, p == parts, how); break;
		case PART_PARAM: ok = expand_param(p, out, how & ~(unsigned)EXPAND_TILDE); break;
		case PART_COMMAND: ok = expand_command(p, out); break;
		default: ok = expand_arith(p, out); break;
		}
	}
	return ok;
}

/* The characters [from, to) of m as a string; as a pattern, quoted characters get a backslash. */
static char *marked_slice(const struct marked *m, size_t from, size_t to, bool pattern)
{
	struct strbuf s = {0};
	char *copy;
	size_t i;

	for (i = from; i < to; i++) {
		char mark = m->marks.s[i];
		char c = m->text.s[i];

		if (mark == MARK_EMPTY)
			continue;
		if (mark == MARK_BREAK)
			c = ' ';
		if (pattern && mark == MARK_QUOTED && strchr("*?[]\\-!^", c))
			sb_add(&s, '\\');
		sb_add(&s, c);
	}
	copy = arena_strndup(sh.temp, sb_str(&s), s.len);
	sb_free(&s);
	return copy;
}

char *marked_pattern(const struct marked *m)
{
	return marked_slice(m, 0, m->text.len, true);
}

static bool has_magic(const struct marked *m, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++)
		if ((m->marks.s[i] == MARK_PLAIN || m->marks.s[i] == MARK_SPLIT) &&
			strchr("*?[", m->text.s[i]))
			return true;
	return false;
}

static void add_field(const struct marked *m, size_t from, size_t to, struct fields *out)
{
	if (!sh.opt_noglob && has_magic(m, from, to) &&
		glob_expand(marked_slice(m, from, to, true), out))
		return;
	fields_add(out, marked_slice(m, from, to, false));
}

static void split_fields(const struct marked *m, struct fields *out)
{
	const char *ifs = var_get("IFS");
	bool after_space = false; /* IFS white space ended the last field */
	bool have = false;
	size_t start = 0;
	size_t i;

	if (!ifs)
		ifs = " \t\n";
	for (i = 0; i < m->text.len; i++) {
		char mark = m->marks.s[i];
		char c = m->text.s[i];

		if (mark == MARK_BREAK) {
			if (have)
				add_field(m, start, i, out);
		} else if (mark != MARK_SPLIT || !strchr(ifs, c)) {
			if (!have)
				start = i;
			have = true;
			after_space = false;
			continue;
		} else if (strchr(" \t\n", c)) {
			if (have)
				add_field(m, start, i, out);
			after_space |= have;
		} else {
			if (have)
				add_field(m, start, i, out);
			else if (!after_space)
				add_field(m, i, i, out);
			after_space = false;
		}
		have = false;
	}
	if (have)
		add_field(m, start, i, out);
}

/* Expands words into the arguments of a command. */
bool expand_words(const struct word *words, struct fields *out)
{
	const struct word *w;

	*out = (struct fields){0};
	for (w = words; w; w = w->next) {
		struct marked m = {0};
		bool ok = expand_parts(w->parts, &m, EXPAND_FIELDS | EXPAND_TILDE);

		if (ok)
			split_fields(&m, out);
		marked_free(&m);
		if (!ok)
			return false;
	}
	return true;
}

static char *expand_single(const struct word *w, unsigned how, bool pattern)
{
	struct marked m = {0};
	char *s = NULL;

	if (expand_parts(w->parts, &m, how))
		s = marked_slice(&m, 0, m.text.len, pattern);
	marked_free(&m);
	return s;
}

/* The next three expand to one string, neither split nor matched. NULL on an error. */
char *expand_string(const struct word *w)
{
	return expand_single(w, EXPAND_TILDE, false);
}

char *expand_assignment(const struct word *w)
{
	return expand_single(w, EXPAND_TILDE | EXPAND_ASSIGNMENT, false);
}

char *expand_pattern(const struct word *w)
{
	return expand_single(w, EXPAND_TILDE, true);
}
