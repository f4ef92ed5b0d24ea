/*
 * From tokens to a syntax tree: recursive descent over the grammar of the POSIX shell. p->tok is
 * always the next token not yet used. A command line ends at its newline, which is left unread past,
 * so that an interactive shell runs it before it asks for more. The first error is printed, after
 * which every token reads as the end of input, so all loops end.
 */
#include <stdio.h>
#include <string.h>

#include "sh.h"

static struct node *parse_list(struct parser *p, bool top);
static struct node *parse_command(struct parser *p);

void syntax_error(struct parser *p, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	if (p->failed)
		return;
	p->failed = true;
	if (sh.input->interrupted)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sh.line = p->error_line ? p->error_line : sh.input->line;
	shell_error("syntax error: %s", text);
}

/* Goes one level deeper, until the stack would be at risk. The caller takes the level back. */
bool nest(struct parser *p)
{
	if (p->failed)
		return false;
	if (p->depth == MAX_NESTING) {
		syntax_error(p, "nested too deeply");
		return false;
	}
	p->depth++;
	return true;
}

const char *token_text(const struct token *t)
{
	static const char *const names[] = {
		[TOK_EOF] = "end of file",
		[TOK_NEWLINE] = "newline",
		[TOK_WORD] = "word",
		[TOK_IO_NUMBER] = "number",
		[TOK_AND_IF] = "&&",
		[TOK_OR_IF] = "||",
		[TOK_SEMI] = ";",
		[TOK_DSEMI] = ";;",
		[TOK_AMP] = "&",
		[TOK_PIPE] = "|",
		[TOK_LPAREN] = "(",
		[TOK_RPAREN] = ")",
		[TOK_LESS] = "<",
		[TOK_GREAT] = ">",
		[TOK_DLESS] = "<<",
		[TOK_DLESS_DASH] = "<<-",
		[TOK_DGREAT] = ">>",
		[TOK_LESS_AND] = "<&",
		[TOK_GREAT_AND] = ">&",
		[TOK_LESS_GREAT] = "<>",
		[TOK_CLOBBER] = ">|",
		[TOK_AND_GREAT] = "&>",
		[TOK_AND_DGREAT] = "&>>",
	};

	return t->literal ? t->literal : names[t->kind];
}

static void unexpected(struct parser *p)
{
	p->error_line = p->tok.line;
	if (p->tok.kind == TOK_EOF || p->tok.kind == TOK_NEWLINE)
		syntax_error(p, "unexpected %s", token_text(&p->tok));
	else
		syntax_error(p, "unexpected '%s'", token_text(&p->tok));
}

static bool at_reserved(const struct parser *p, const char *word)
{
	return p->tok.kind == TOK_WORD && p->tok.literal && strcmp(p->tok.literal, word) == 0;
}

static void expect_reserved(struct parser *p, const char *word)
{
	if (at_reserved(p, word)) {
		lex_next(p);
		return;
	}
	p->error_line = p->tok.line;
	if (!p->failed)
		syntax_error(p, "unexpected %s%s%s, expecting '%s'",
			p->tok.kind > TOK_NEWLINE ? "'" : "", token_text(&p->tok),
			p->tok.kind > TOK_NEWLINE ? "'" : "", word);
}

static void skip_newlines(struct parser *p)
{
	while (p->tok.kind == TOK_NEWLINE)
		lex_next(p);
}

static struct node *new_node(struct parser *p, enum node_kind kind)
{
	struct node *n = arena_alloc(p->arena, sizeof(*n));

	n->kind = (uint8_t)kind;
	n->line = p->tok.line;
	return n;
}

static struct word *take_word(struct parser *p)
{
	struct word *w;

	if (p->tok.kind != TOK_WORD && p->tok.kind != TOK_IO_NUMBER) {
		unexpected(p);
		return NULL;
	}
	w = arena_alloc(p->arena, sizeof(*w));
	*w = p->tok.word;
	lex_next(p);
	return w;
}

/* Reserved words and operators that end a list of commands. */
static bool at_list_end(const struct parser *p)
{
	static const char *const closers[] = {
		"then", "else", "elif", "fi", "do", "done", "esac", "}"};
	size_t i;

	if (p->tok.kind == TOK_EOF || p->tok.kind == TOK_RPAREN || p->tok.kind == TOK_DSEMI)
		return true;
	for (i = 0; i < sizeof(closers) / sizeof(*closers); i++)
		if (at_reserved(p, closers[i]))
			return true;
	return false;
}

/* ---- redirections ---- */

static bool at_redir(const struct parser *p)
{
	return p->tok.kind == TOK_IO_NUMBER || p->tok.kind >= TOK_LESS;
}

static struct redir *new_redir(struct parser *p, enum redir_kind kind, int fd)
{
	struct redir *r = arena_alloc(p->arena, sizeof(*r));

	r->kind = (uint8_t)kind;
	r->fd = (int8_t)fd;
	return r;
}

static void parse_heredoc_delimiter(struct parser *p, struct redir *r, bool strip_tabs)
{
	struct pending_here *h = arena_alloc(p->arena, sizeof(*h));
	struct pending_here **end = &p->pending;
	struct strbuf text = {0};
	const struct part *part;

	if (p->tok.kind != TOK_WORD) {
		unexpected(p);
		return;
	}
	for (part = p->tok.word.parts; part; part = part->next) {
		if (part->kind != PART_TEXT) {
			syntax_error(p, "here-document delimiter must be plain text");
			break;
		}
		h->quoted |= part->quoted;
		sb_add_str(&text, part->text);
	}
	h->delimiter = arena_strdup(p->arena, sb_str(&text));
	sb_free(&text);
	h->strip_tabs = strip_tabs;
	h->redir = r;
	while (*end)
		end = &(*end)->next;
	*end = h;
	lex_next(p);
}

/* Parses one redirection and returns where the next goes. */
static struct redir **parse_redir(struct parser *p, struct redir **tail)
{
	static const struct {
		uint8_t kind;
		int8_t fd;
	} kinds[] = {
		[TOK_LESS] = {REDIR_IN, 0},
		[TOK_GREAT] = {REDIR_OUT, 1},
		[TOK_DLESS] = {REDIR_HERE, 0},
		[TOK_DLESS_DASH] = {REDIR_HERE, 0},
		[TOK_DGREAT] = {REDIR_APPEND, 1},
		[TOK_LESS_AND] = {REDIR_DUP, 0},
		[TOK_GREAT_AND] = {REDIR_DUP, 1},
		[TOK_LESS_GREAT] = {REDIR_RDWR, 0},
		[TOK_CLOBBER] = {REDIR_CLOBBER, 1},
		[TOK_AND_GREAT] = {REDIR_OUT, 1},
		[TOK_AND_DGREAT] = {REDIR_APPEND, 1},
	};
	enum token_kind op;
	struct redir *r;
	struct word *target;
	int fd = -1;

	if (p->tok.kind == TOK_IO_NUMBER) {
		fd = p->tok.number;
		lex_next(p);
	}
	op = p->tok.kind;
	if (op < TOK_LESS) {
		unexpected(p);
		return tail;
	}
	r = new_redir(p, kinds[op].kind, fd >= 0 ? fd : kinds[op].fd);
	*tail = r;
	lex_next(p);
	if (r->kind == REDIR_HERE) {
		parse_heredoc_delimiter(p, r, op == TOK_DLESS_DASH);
		return &r->next;
	}
	target = take_word(p);
	if (!target)
		return tail;
	r->target = *target;
	if (op == TOK_AND_GREAT || op == TOK_AND_DGREAT) {
		struct part *one = arena_alloc(p->arena, sizeof(*one));

		one->kind = PART_TEXT;
		one->text = arena_strdup(p->arena, "1");
		r->next = new_redir(p, REDIR_DUP, 2);
		r->next->target.parts = one;
		r = r->next;
	}
	return &r->next;
}

/* ---- simple commands and functions ---- */

/* Whether the word at hand is NAME=...; returns the length of the name, or 0. */
static size_t assignment_name(const struct token *t)
{
	const struct part *first = t->word.parts;
	const char *equals;

	if (t->kind != TOK_WORD || !first || first->kind != PART_TEXT || first->quoted)
		return 0;
	equals = strchr(first->text, '=');
	if (!equals || !is_name(first->text, (size_t)(equals - first->text)))
		return 0;
	return (size_t)(equals - first->text);
}

static struct assign *parse_assignment(struct parser *p, size_t name_len)
{
	struct assign *a = arena_alloc(p->arena, sizeof(*a));
	struct part *first = p->tok.word.parts;

	a->name = arena_strndup(p->arena, first->text, name_len);
	first->text += name_len + 1;
	a->value.parts = *first->text || !first->next ? first : first->next;
	lex_next(p);
	return a;
}

static struct node *parse_function(struct parser *p, const char *name)
{
	struct node *n = new_node(p, NODE_FUNCTION);

	lex_next(p);
	if (p->tok.kind != TOK_RPAREN)
		unexpected(p);
	lex_next(p);
	skip_newlines(p);
	if (!name || !is_name(name, strlen(name)))
		syntax_error(p, "bad function name");
	n->text = arena_strdup(p->arena, name ? name : "");
	n->left = parse_command(p);
	return n;
}

static struct node *parse_simple(struct parser *p)
{
	struct node *n = new_node(p, NODE_SIMPLE);
	struct assign **assigns = &n->assigns;
	struct word **words = &n->words;
	struct redir **redirs = &n->redirs;

	for (;;) {
		size_t name_len = n->words ? 0 : assignment_name(&p->tok);
		const char *literal = p->tok.literal;

		if (at_redir(p)) {
			redirs = parse_redir(p, redirs);
		} else if (name_len > 0) {
			*assigns = parse_assignment(p, name_len);
			assigns = &(*assigns)->next;
		} else if (p->tok.kind == TOK_WORD) {
			bool first = !n->words && !n->assigns && !n->redirs;

			*words = take_word(p);
			words = &(*words)->next;
			if (first && p->tok.kind == TOK_LPAREN)
				return parse_function(p, literal);
		} else {
			break;
		}
		if (p->failed)
			return n;
	}
	if (!n->words && !n->assigns && !n->redirs)
		unexpected(p);
	return n;
}

/* ---- compound commands ---- */

/* A list that must not be empty. */
static struct node *parse_body(struct parser *p)
{
	struct node *n = parse_list(p, false);

	if (!n)
		unexpected(p);
	return n;
}

/* After `if` or `elif`. */
static struct node *parse_if(struct parser *p)
{
	struct node *n = new_node(p, NODE_IF);

	lex_next(p);
	n->left = parse_body(p);
	expect_reserved(p, "then");
	n->right = parse_body(p);
	if (at_reserved(p, "elif")) {
		n->other = parse_if(p);
		return n;
	}
	if (at_reserved(p, "else")) {
		lex_next(p);
		n->other = parse_body(p);
	}
	expect_reserved(p, "fi");
	return n;
}

static struct node *parse_do_group(struct parser *p)
{
	struct node *body;

	expect_reserved(p, "do");
	body = parse_body(p);
	expect_reserved(p, "done");
	return body;
}

static struct node *parse_while(struct parser *p, enum node_kind kind)
{
	struct node *n = new_node(p, kind);

	lex_next(p);
	n->left = parse_body(p);
	n->right = parse_do_group(p);
	return n;
}

static struct node *parse_for(struct parser *p)
{
	struct node *n = new_node(p, NODE_FOR);
	struct word **words = &n->words;

	lex_next(p);
	if (!p->tok.literal || !is_name(p->tok.literal, strlen(p->tok.literal))) {
		if (p->tok.kind == TOK_WORD)
			syntax_error(p, "bad for loop variable");
		else
			unexpected(p);
		return n;
	}
	n->text = arena_strdup(p->arena, p->tok.literal);
	lex_next(p);
	n->all_args = true;
	if (p->tok.kind == TOK_SEMI)
		lex_next(p);
	skip_newlines(p);
	if (at_reserved(p, "in")) {
		n->all_args = false;
		lex_next(p);
		while (p->tok.kind == TOK_WORD) {
			*words = take_word(p);
			words = &(*words)->next;
		}
		if (p->tok.kind == TOK_SEMI || p->tok.kind == TOK_NEWLINE)
			lex_next(p);
		else
			unexpected(p);
		skip_newlines(p);
	}
	n->right = parse_do_group(p);
	return n;
}

static struct case_item *parse_case_item(struct parser *p)
{
	struct case_item *item = arena_alloc(p->arena, sizeof(*item));
	struct word **patterns = &item->patterns;

	if (p->tok.kind == TOK_LPAREN)
		lex_next(p);
	for (;;) {
		*patterns = take_word(p);
		if (!*patterns)
			return item;
		patterns = &(*patterns)->next;
		if (p->tok.kind != TOK_PIPE)
			break;
		lex_next(p);
	}
	if (p->tok.kind != TOK_RPAREN)
		unexpected(p);
	lex_next(p);
	item->body = parse_list(p, false);
	if (p->tok.kind == TOK_DSEMI)
		lex_next(p);
	else if (!at_reserved(p, "esac"))
		unexpected(p);
	skip_newlines(p);
	return item;
}

static struct node *parse_case(struct parser *p)
{
	struct node *n = new_node(p, NODE_CASE);
	struct case_item **items = &n->items;

	lex_next(p);
	n->words = take_word(p);
	skip_newlines(p);
	expect_reserved(p, "in");
	skip_newlines(p);
	while (!p->failed && !at_reserved(p, "esac")) {
		*items = parse_case_item(p);
		items = &(*items)->next;
	}
	expect_reserved(p, "esac");
	return n;
}

static struct node *parse_subshell(struct parser *p)
{
	struct node *n = new_node(p, NODE_SUBSHELL);

	lex_next(p);
	n->left = parse_body(p);
	if (p->tok.kind != TOK_RPAREN)
		unexpected(p);
	lex_next(p);
	return n;
}

static struct node *parse_group(struct parser *p)
{
	struct node *n = new_node(p, NODE_GROUP);

	lex_next(p);
	n->left = parse_body(p);
	expect_reserved(p, "}");
	return n;
}

static struct node *parse_command(struct parser *p)
{
	struct redir **tail;
	struct node *n;

	if (!nest(p))
		return NULL;
	if (p->tok.kind == TOK_LPAREN)
		n = parse_subshell(p);
	else if (at_reserved(p, "{"))
		n = parse_group(p);
	else if (at_reserved(p, "if"))
		n = parse_if(p);
	else if (at_reserved(p, "while"))
		n = parse_while(p, NODE_WHILE);
	else if (at_reserved(p, "until"))
		n = parse_while(p, NODE_UNTIL);
	else if (at_reserved(p, "for"))
		n = parse_for(p);
	else if (at_reserved(p, "case"))
		n = parse_case(p);
	else if (at_list_end(p))
		n = NULL;
	else
		n = parse_simple(p);
	p->depth--;
	if (!n) {
		unexpected(p);
		return NULL;
	}
	if (n->kind == NODE_SIMPLE || n->kind == NODE_FUNCTION)
		return n;
	for (tail = &n->redirs; at_redir(p);)
		tail = parse_redir(p, tail);
	return n;
}

/* ---- pipelines and lists ---- */

static char *source_since(struct parser *p, size_t start)
{
	size_t end = p->token_end;

	while (end > start && strchr(" \t\n;&", p->source.s[end - 1]))
		end--;
	return arena_strndup(p->arena, sb_str(&p->source) + start, end > start ? end - start : 0);
}

static struct node *parse_pipeline(struct parser *p, bool top)
{
	size_t start = p->token_start;
	struct node *outer = NULL;
	struct node *n;

	while (at_reserved(p, "!")) {
		struct node *not = new_node(p, NODE_NOT);

		not ->left = outer; /* for now: the chain is turned over below */
		outer = not ;
		lex_next(p);
	}
	n = parse_command(p);
	if (p->tok.kind == TOK_PIPE && n) {
		struct node *pipe = new_node(p, NODE_PIPE);
		struct node *last = n;

		pipe->left = n;
		while (p->tok.kind == TOK_PIPE && !p->failed) {
			lex_next(p);
			skip_newlines(p);
			last->next = parse_command(p);
			if (last->next)
				last = last->next;
		}
		n = pipe;
	}
	if (top && n && !p->failed && (n->kind == NODE_PIPE || n->kind == NODE_SIMPLE) && !n->text)
		n->text = source_since(p, start);
	while (outer) {
		struct node *up = outer->left;

		outer->left = n;
		n = outer;
		outer = up;
	}
	return n;
}

static struct node *parse_and_or(struct parser *p, bool top)
{
	struct node *n = parse_pipeline(p, top);

	while (!p->failed && (p->tok.kind == TOK_AND_IF || p->tok.kind == TOK_OR_IF)) {
		struct node *up = new_node(p, p->tok.kind == TOK_AND_IF ? NODE_AND : NODE_OR);

		lex_next(p);
		skip_newlines(p);
		up->left = n;
		up->right = parse_pipeline(p, top);
		n = up;
	}
	return n;
}

/*
 * Commands up to something that ends a list; at the top, up to the first newline, which is not
 * read past. Returns NULL for an empty list.
 */
static struct node *parse_list(struct parser *p, bool top)
{
	struct node *list = NULL;
	struct node *first = NULL;
	struct node *last = NULL;

	if (!top)
		skip_newlines(p);
	while (!p->failed && !at_list_end(p)) {
		size_t start = p->token_start;
		struct node *n = parse_and_or(p, top);

		if (p->failed)
			return NULL;
		if (p->tok.kind == TOK_AMP) {
			struct node *bg = new_node(p, NODE_BACKGROUND);

			bg->left = n;
			bg->text = source_since(p, start);
			n = bg;
		}
		if (last)
			last->next = n;
		else
			first = n;
		last = n;
		if (p->tok.kind == TOK_SEMI || p->tok.kind == TOK_AMP)
			lex_next(p);
		else if (p->tok.kind != TOK_NEWLINE)
			break;
		if (top && p->tok.kind == TOK_NEWLINE)
			break;
		skip_newlines(p);
	}
	if (!first || !first->next)
		return first;
	list = new_node(p, NODE_LIST);
	list->line = first->line;
	list->left = first;
	return list;
}

/* Parses the commands of $(...) or `...`, in the middle of a word of the parser's own token. */
struct node *parse_substitution(struct parser *p, enum token_kind end)
{
	struct token outer = p->tok;
	size_t outer_start = p->token_start;
	size_t outer_end = p->token_end;
	struct node *n;

	if (!nest(p))
		return NULL;
	lex_next(p);
	n = parse_list(p, false);
	if (!p->failed && p->tok.kind != end)
		unexpected(p);
	p->depth--;
	if (end == TOK_EOF)
		p->at_end = false;
	p->tok = outer;
	p->token_start = outer_start;
	p->token_end = outer_end;
	return n;
}

/* Parses one complete command line of sh.input into `a`. An empty line gives a NULL tree. */
enum parse_result parse_command_line(struct arena *a, struct node **out)
{
	struct parser p = {.arena = a};
	enum parse_result result = PARSE_OK;

	*out = NULL;
	lex_next(&p);
	if (p.tok.kind != TOK_NEWLINE && !(p.tok.kind == TOK_EOF && !p.failed)) {
		*out = parse_list(&p, true);
		if (!p.failed && p.tok.kind != TOK_NEWLINE && p.tok.kind != TOK_EOF)
			unexpected(&p);
		if (!p.failed && p.pending)
			lex_read_heredocs(&p);
	}
	if (sh.input->interrupted)
		result = PARSE_INTERRUPTED;
	else if (p.failed)
		result = PARSE_ERROR;
	else if (p.at_end && !*out)
		result = PARSE_EOF;
	sb_free(&p.source);
	return result;
}
