/*
 * Memory of the shell. Syntax trees and expanded words are given out from arenas and freed all at
 * once, because their pieces are many, small and of one lifetime; everything else is malloc with
 * the one answer to failure that a shell has: say so and leave.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

#define CHUNK_SIZE 1024u
#define ALIGNMENT  8u

struct chunk {
	struct chunk *below;
	size_t used;
	size_t size;
	size_t pad; /* keeps data aligned where size_t is half of ALIGNMENT */
	char data[];
};

_Static_assert(offsetof(struct chunk, data) % ALIGNMENT == 0, "arena data must be aligned");

static void *checked(void *p)
{
	if (!p) {
		err_str("sh: out of memory\n");
		_exit(STATUS_SYNTAX);
	}
	return p;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
	return checked(realloc(old, size ? size : 1));
}

char *xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xmalloc(n), s, n);
}

struct arena *arena_new(void)
{
	struct arena *a = xmalloc(sizeof(*a));

	a->top = NULL;
	a->refs = 1;
	return a;
}

void arena_ref(struct arena *a)
{
	a->refs++;
}

void arena_unref(struct arena *a)
{
	if (--a->refs > 0)
		return;
	arena_release(a, (struct arena_mark){0});
	free(a);
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct chunk *c = a->top;
	void *p;

	size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (!c || c->size - c->used < size) {
		size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;

		c = xmalloc(sizeof(*c) + room);
		c->below = a->top;
		c->used = 0;
		c->size = room;
		a->top = c;
	}
	p = c->data + c->used;
	c->used += size;
	return memset(p, 0, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	memcpy(p, s, n);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

struct arena_mark arena_mark(struct arena *a)
{
	return (struct arena_mark){.chunk = a->top, .used = a->top ? a->top->used : 0};
}

void arena_release(struct arena *a, struct arena_mark m)
{
	while (a->top != m.chunk) {
		struct chunk *c = a->top;

		a->top = c->below;
		free(c);
	}
	if (a->top)
		a->top->used = m.used;
}

void sb_add_n(struct strbuf *b, const char *s, size_t n)
{
	if (b->cap - b->len < n + 1) {
		size_t cap = b->cap ? b->cap * 2 : 64;

		if (cap < b->len + n + 1)
			cap = b->len + n + 1;
		b->s = xrealloc(b->s, cap);
		b->cap = cap;
	}
	if (n > 0)
		memcpy(b->s + b->len, s, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void sb_add(struct strbuf *b, char c)
{
	sb_add_n(b, &c, 1);
}

void sb_add_str(struct strbuf *b, const char *s)
{
	sb_add_n(b, s, strlen(s));
}

const char *sb_str(const struct strbuf *b)
{
	return b->s ? b->s : "";
}

void sb_free(struct strbuf *b)
{
	free(b->s);
	*b = (struct strbuf){0};
}
