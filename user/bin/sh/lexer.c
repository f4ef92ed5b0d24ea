/*
 * From characters to tokens. A word is taken apart here, once, into the pieces that expand.c will
 * put together each time the word is used: text, parameters, command substitutions (whose commands
 * the parser reads at once, so that their quotes and parentheses nest properly) and arithmetic.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "sh.h"

/* What is being read, and so which character ends it and which are special. */
enum context {
	IN_WORD,
	IN_DQUOTES,
	IN_BRACES,	   /* the word of ${x-word} */
	IN_BRACES_DQUOTED, /* the same inside double quotes */
	IN_HEREDOC,
	IN_ARITH,
};

struct builder {
	struct part *head;
	struct part **tail;
	struct strbuf text;
	bool quoted;  /* of text */
	bool started; /* there is a text part, be it empty */
};

static void lex_parts(struct parser *p, struct builder *b, enum context ctx);

bool is_name(const char *s, size_t n)
{
	if (n == 0 || isdigit((unsigned char)*s))
		return false;
	for (; n > 0; s++, n--)
		if (!isalnum((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

static int get(struct parser *p)
{
	int c;

	if (p->failed)
		return INPUT_EOF;
	c = input_getc();
	if (c != INPUT_EOF)
		sb_add(&p->source, (char)c);
	return c;
}

static void unget(struct parser *p, int c)
{
	if (c == INPUT_EOF || p->failed)
		return;
	input_ungetc(c);
	p->source.len--;
}

/* Reads a character past any backslash-newline. */
static int get_joined(struct parser *p)
{
	for (;;) {
		int c = get(p);
		int next;

		if (c != '\\')
			return c;
		next = get(p);
		if (next != '\n') {
			unget(p, next);
			return c;
		}
	}
}

static void builder_init(struct builder *b)
{
	*b = (struct builder){0};
	b->tail = &b->head;
}

static void append_part(struct builder *b, struct part *part)
{
	*b->tail = part;
	b->tail = &part->next;
}

static void end_text(struct parser *p, struct builder *b)
{
	struct part *part;

	if (!b->started)
		return;
	part = arena_alloc(p->arena, sizeof(*part));
	part->kind = PART_TEXT;
	part->quoted = b->quoted;
	part->text = arena_strndup(p->arena, sb_str(&b->text), b->text.len);
	append_part(b, part);
	b->text.len = 0;
	b->started = false;
}

static void begin_text(struct parser *p, struct builder *b, bool quoted)
{
	if (b->started && b->quoted != quoted)
		end_text(p, b);
	b->quoted = quoted;
	b->started = true;
}

static void add_char(struct parser *p, struct builder *b, int c, bool quoted)
{
	begin_text(p, b, quoted);
	sb_add(&b->text, (char)c);
}

static struct part *builder_finish(struct parser *p, struct builder *b)
{
	end_text(p, b);
	sb_free(&b->text);
	return b->head;
}

static void unterminated(struct parser *p, const char *what)
{
	syntax_error(p, "unterminated %s", what);
}

static struct part *new_part(struct parser *p, struct builder *b, enum part_kind kind, bool quoted)
{
	struct part *part;

	end_text(p, b);
	part = arena_alloc(p->arena, sizeof(*part));
	part->kind = (uint8_t)kind;
	part->quoted = quoted;
	append_part(b, part);
	return part;
}

static void lex_single_quotes(struct parser *p, struct builder *b)
{
	int c;

	begin_text(p, b, true);
	while ((c = get(p)) != '\'') {
		if (c == INPUT_EOF) {
			unterminated(p, "quoted string");
			return;
		}
		sb_add(&b->text, (char)c);
	}
}

/* Parses the command of a substitution out of a string instead of the running input. */
static struct node *parse_from_string(struct parser *p, const char *text, size_t len)
{
	size_t source = p->source.len;
	struct input in;
	struct node *n;

	input_push_string(&in, text, len, sh.input->line);
	n = parse_substitution(p, TOK_EOF);
	input_pop();
	p->source.len = source;
	return n;
}

static void lex_backquotes(struct parser *p, struct builder *b, bool quoted)
{
	struct part *part = new_part(p, b, PART_COMMAND, quoted);
	struct strbuf text = {0};
	int c;

	while ((c = get(p)) != '`') {
		if (c == INPUT_EOF) {
			unterminated(p, "backquotes");
			break;
		}
		if (c == '\\') {
			int next = get(p);

			if (next == '\n')
				continue;
			if (next != '`' && next != '\\' && next != '$' && !(quoted && next == '"'))
				sb_add(&text, '\\');
			c = next;
			if (c == INPUT_EOF)
				continue;
		}
		sb_add(&text, (char)c);
	}
	if (!p->failed)
		part->command = parse_from_string(p, sb_str(&text), text.len);
	sb_free(&text);
}

static void read_param_name(struct parser *p, struct part *part, int c)
{
	struct strbuf name = {0};
	bool digits = isdigit(c);

	sb_add(&name, (char)c);
	if (digits || isalpha(c) || c == '_') {
		while ((c = get_joined(p)) != INPUT_EOF &&
			(digits ? isdigit(c) : isalnum(c) || c == '_'))
			sb_add(&name, (char)c);
		unget(p, c);
	}
	part->text = arena_strndup(p->arena, name.s, name.len);
	sb_free(&name);
}

static bool starts_param(int c)
{
	return c != INPUT_EOF && (isalnum(c) || (c != '\0' && strchr("_@*#?-$!", c)));
}

/* The operator after ${name: returns false for one there is not. */
static bool lex_param_op(struct parser *p, struct part *part, int c)
{
	static const char plain_ops[] = "-=?+";
	static const uint8_t plain_kinds[] = {
		PARAM_DEFAULT, PARAM_ASSIGN, PARAM_ERROR, PARAM_ALTERNATE};
	const char *at;
	int next;

	if (c == ':') {
		part->colon = true;
		c = get_joined(p);
	}
	at = c > 0 ? strchr(plain_ops, c) : NULL;
	if (at) {
		part->op = plain_kinds[at - plain_ops];
		return true;
	}
	if ((c != '#' && c != '%') || part->colon)
		return false;
	part->op = c == '#' ? PARAM_CUT_PREFIX : PARAM_CUT_SUFFIX;
	next = get_joined(p);
	if (next == c)
		part->op++;
	else
		unget(p, next);
	return true;
}

static void lex_braces(struct parser *p, struct builder *b, bool quoted)
{
	struct part *part = new_part(p, b, PART_PARAM, quoted);
	struct builder arg;
	enum context ctx;
	int c = get_joined(p);
	int next;

	if (c == '#') {
		next = get_joined(p);
		if (next != '}' && starts_param(next)) {
			part->op = PARAM_LENGTH;
			c = next;
		} else {
			unget(p, next);
		}
	}
	if (!starts_param(c)) {
		if (c == INPUT_EOF)
			unterminated(p, "${");
		else
			syntax_error(p, "bad substitution");
		return;
	}
	read_param_name(p, part, c);
	c = get_joined(p);
	if (c == '}')
		return;
	if (part->op == PARAM_LENGTH || !lex_param_op(p, part, c)) {
		if (c == INPUT_EOF)
			unterminated(p, "${");
		else
			syntax_error(p, "bad substitution");
		return;
	}
	/* A pattern keeps its own quotes even when the whole stands in double quotes. */
	ctx = quoted && part->op < PARAM_CUT_PREFIX ? IN_BRACES_DQUOTED : IN_BRACES;
	builder_init(&arg);
	lex_parts(p, &arg, ctx);
	part->arg = builder_finish(p, &arg);
}

static void lex_dollar(struct parser *p, struct builder *b, bool quoted)
{
	struct part *part;
	struct builder expr;
	int c = get_joined(p);

	if (c == '(') {
		c = get_joined(p);
		if (c == '(') {
			part = new_part(p, b, PART_ARITH, quoted);
			builder_init(&expr);
			lex_parts(p, &expr, IN_ARITH);
			part->arg = builder_finish(p, &expr);
			return;
		}
		unget(p, c);
		part = new_part(p, b, PART_COMMAND, quoted);
		part->command = parse_substitution(p, TOK_RPAREN);
	} else if (c == '{') {
		lex_braces(p, b, quoted);
	} else if (starts_param(c)) {
		part = new_part(p, b, PART_PARAM, quoted);
		if (isdigit(c)) {
			char digit = (char)c;

			part->text = arena_strndup(p->arena, &digit, 1);
		} else {
			read_param_name(p, part, c);
		}
	} else {
		unget(p, c);
		add_char(p, b, '$', quoted);
	}
}

static void lex_backslash(struct parser *p, struct builder *b, enum context ctx, bool quoted)
{
	int c = get(p);

	if (c == '\n')
		return;
	if (c == INPUT_EOF) {
		add_char(p, b, '\\', true);
		return;
	}
	if (quoted) {
		bool special = strchr("$`\\", c) || (c == '"' && ctx != IN_HEREDOC) ||
			       (c == '}' && ctx == IN_BRACES_DQUOTED);

		if (!special)
			add_char(p, b, '\\', true);
	}
	add_char(p, b, c, true);
}

static bool ends_word(int c)
{
	return c == INPUT_EOF || strchr(" \t\n;&|<>()", c);
}

static void lex_dquotes(struct parser *p, struct builder *b)
{
	struct part **before;

	end_text(p, b);
	before = b->tail;
	lex_parts(p, b, IN_DQUOTES);
	if (b->tail == before)
		begin_text(p, b, true); /* "" is a word although it holds nothing */
}

static void lex_parts(struct parser *p, struct builder *b, enum context ctx)
{
	bool quoted = ctx != IN_WORD && ctx != IN_BRACES;
	int parens = 0;
	int c;

	if (!nest(p))
		return;
	while (!p->failed) {
		c = get(p);
		if (ctx == IN_WORD && ends_word(c)) {
			unget(p, c);
			break;
		}
		if (c == INPUT_EOF) {
			if (ctx != IN_HEREDOC)
				unterminated(p, ctx == IN_ARITH	    ? "$(("
						: ctx == IN_DQUOTES ? "quoted string"
								    : "${");
			break;
		}
		if (c == '\\') {
			lex_backslash(p, b, ctx, quoted);
		} else if (c == '$') {
			lex_dollar(p, b, quoted);
		} else if (c == '`') {
			lex_backquotes(p, b, quoted);
		} else if (c == '\'' && !quoted) {
			lex_single_quotes(p, b);
		} else if (c == '"' && ctx == IN_DQUOTES) {
			end_text(p, b);
			break;
		} else if (c == '"' && ctx != IN_HEREDOC && ctx != IN_ARITH) {
			lex_dquotes(p, b);
		} else if (c == '}' && (ctx == IN_BRACES || ctx == IN_BRACES_DQUOTED)) {
			break;
		} else if (c == ')' && ctx == IN_ARITH && parens == 0) {
			if (get_joined(p) != ')')
				syntax_error(p, "missing '))'");
			break;
		} else {
			if (ctx == IN_ARITH)
				parens += c == '(' ? 1 : c == ')' ? -1 : 0;
			add_char(p, b, c, quoted);
		}
	}
	p->depth--;
}

static void lex_word(struct parser *p)
{
	struct token *t = &p->tok;
	struct builder b;
	const struct part *only;

	builder_init(&b);
	lex_parts(p, &b, IN_WORD);
	t->word.parts = builder_finish(p, &b);
	t->kind = p->failed ? TOK_EOF : TOK_WORD;
	only = t->word.parts;
	if (!only || only->next || only->kind != PART_TEXT || only->quoted)
		return;
	t->literal = only->text;
	if (isdigit((unsigned char)only->text[0]) && only->text[1] == '\0') {
		int c = get(p);

		unget(p, c);
		if (c == '<' || c == '>') {
			t->kind = TOK_IO_NUMBER;
			t->number = only->text[0] - '0';
		}
	}
}

/* Operators after their first character; the longest that fits is taken. */
static enum token_kind lex_operator(struct parser *p, int c)
{
	int next = get_joined(p);

	switch (c) {
	case '&':
		if (next == '&')
			return TOK_AND_IF;
		if (next == '>') {
			next = get_joined(p);
			if (next == '>')
				return TOK_AND_DGREAT;
			unget(p, next);
			return TOK_AND_GREAT;
		}
		break;
	case '|':
		if (next == '|')
			return TOK_OR_IF;
		break;
	case ';':
		if (next == ';')
			return TOK_DSEMI;
		break;
	case '<':
		if (next == '&')
			return TOK_LESS_AND;
		if (next == '>')
			return TOK_LESS_GREAT;
		if (next == '<') {
			next = get_joined(p);
			if (next == '-')
				return TOK_DLESS_DASH;
			unget(p, next);
			return TOK_DLESS;
		}
		break;
	case '>':
		if (next == '>')
			return TOK_DGREAT;
		if (next == '&')
			return TOK_GREAT_AND;
		if (next == '|')
			return TOK_CLOBBER;
		break;
	default: break;
	}
	unget(p, next);
	switch (c) {
	case '&': return TOK_AMP;
	case '|': return TOK_PIPE;
	case ';': return TOK_SEMI;
	case '<': return TOK_LESS;
	case '>': return TOK_GREAT;
	case '(': return TOK_LPAREN;
	default: return TOK_RPAREN;
	}
}

/* Reads the next token into p->tok. After a syntax error there are only ends of input. */
void lex_next(struct parser *p)
{
	int c;

	p->tok = (struct token){.kind = TOK_EOF};
	p->token_end = p->source.len;
	if (p->failed)
		return;
	do {
		c = get_joined(p);
	} while (c == ' ' || c == '\t' || c == '\r');
	if (c == '#') {
		while (c != '\n' && c != INPUT_EOF)
			c = get(p);
	}
	p->tok.line = sh.input->line;
	p->token_start = p->source.len - (c != INPUT_EOF);
	if (c == INPUT_EOF) {
		p->at_end = true;
	} else if (c == '\n') {
		p->tok.kind = TOK_NEWLINE;
		p->tok.line--;
		lex_read_heredocs(p);
	} else if (ends_word(c)) {
		p->tok.kind = lex_operator(p, c);
	} else {
		unget(p, c);
		lex_word(p);
	}
}

/* Collects the lines up to the delimiter, and takes them apart like a double-quoted string. */
static void read_heredoc(struct parser *p, struct pending_here *h)
{
	struct strbuf body = {0};
	struct builder b;
	struct input in;
	int line = sh.input->line;
	int c = 0;

	while (c != INPUT_EOF && !p->failed) {
		size_t start = body.len;

		while ((c = get(p)) == '\t' && h->strip_tabs)
			continue;
		for (; c != '\n' && c != INPUT_EOF; c = get(p)) {
			sb_add(&body, (char)c);
			if (c == '\\' && !h->quoted) {
				c = get(p);
				if (c == INPUT_EOF)
					break;
				sb_add(&body, (char)c);
			}
		}
		if (strcmp(sb_str(&body) + start, h->delimiter) == 0) {
			body.len = start;
			break;
		}
		if (c == '\n')
			sb_add(&body, '\n');
	}
	builder_init(&b);
	if (h->quoted) {
		begin_text(p, &b, true);
		sb_add_n(&b.text, sb_str(&body), body.len);
	} else {
		size_t source = p->source.len;

		input_push_string(&in, sb_str(&body), body.len, line);
		lex_parts(p, &b, IN_HEREDOC);
		input_pop();
		p->source.len = source;
	}
	h->redir->target.parts = builder_finish(p, &b);
	sb_free(&body);
}

void lex_read_heredocs(struct parser *p)
{
	while (p->pending && !p->failed) {
		struct pending_here *h = p->pending;

		p->pending = h->next;
		read_heredoc(p, h);
	}
}
