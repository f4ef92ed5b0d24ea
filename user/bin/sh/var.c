/*
 * Shell variables: a small hash table of name, value and flags, the environment made from those
 * exported, the positional parameters, and the stack of values that `local` put aside.
 */
#include <stdlib.h>
#include <string.h>

#include "sh.h"

#define BUCKETS 32u

struct local_var {
	struct local_var *up;
	char *name;
	char *value; /* NULL: was unset */
	bool exported;
};

static struct var *table[BUCKETS];

static struct var **bucket_of(const char *name, size_t n)
{
	uint32_t hash = 2166136261u;

	while (n-- > 0)
		hash = (hash ^ (unsigned char)*name++) * 16777619u;
	return &table[hash % BUCKETS];
}

struct var *var_find(const char *name)
{
	struct var *v;

	for (v = *bucket_of(name, strlen(name)); v; v = v->next)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

const char *var_get(const char *name)
{
	struct var *v = var_find(name);

	return v ? v->value : NULL;
}

static struct var *var_make(const char *name)
{
	struct var *v = var_find(name);
	struct var **bucket;

	if (v)
		return v;
	v = xmalloc(sizeof(*v));
	*v = (struct var){.name = xstrdup(name)};
	bucket = bucket_of(name, strlen(name));
	v->next = *bucket;
	*bucket = v;
	return v;
}

/* Sets a value (unless NULL) and adds flags. A read-only variable is an error, printed here. */
int var_set_flags(const char *name, const char *value, bool exported, bool readonly)
{
	struct var *v = var_make(name);

	if (v->readonly && value) {
		shell_error("%s: is read only", name);
		return 1;
	}
	if (value) {
		char *copy = xstrdup(value);

		free(v->value);
		v->value = copy;
	}
	v->exported |= exported || (value && sh.opt_export);
	v->readonly |= readonly;
	return 0;
}

int var_set(const char *name, const char *value)
{
	return var_set_flags(name, value, false, false);
}

int var_unset(const char *name)
{
	struct var **at = bucket_of(name, strlen(name));

	for (; *at; at = &(*at)->next) {
		struct var *v = *at;

		if (strcmp(v->name, name) != 0)
			continue;
		if (v->readonly) {
			shell_error("unset: %s: is read only", name);
			return 1;
		}
		*at = v->next;
		free(v->name);
		free(v->value);
		free(v);
		return 0;
	}
	return 0;
}

void vars_init(char **envp)
{
	for (; envp && *envp; envp++) {
		const char *equals = strchr(*envp, '=');
		struct var *v;
		char *name;

		if (!equals || !is_name(*envp, (size_t)(equals - *envp)))
			continue;
		name = xstrdup(*envp);
		name[equals - *envp] = '\0';
		v = var_make(name);
		free(v->value);
		v->value = xstrdup(equals + 1);
		v->exported = true;
		free(name);
	}
}

static int compare_vars(const void *a, const void *b)
{
	const struct var *const *x = a;
	const struct var *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Lists variables by name, as commands that would set them again. */
void vars_print(const char *prefix, bool exported, bool readonly, bool all)
{
	struct arena_mark mark = arena_mark(sh.temp);
	size_t count = 0;
	struct var **list;
	struct var *v;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		for (v = table[i]; v; v = v->next)
			count++;
	list = arena_alloc(sh.temp, (count + 1) * sizeof(struct var *));
	count = 0;
	for (i = 0; i < BUCKETS; i++)
		for (v = table[i]; v; v = v->next)
			if ((all && v->value) || (exported && v->exported) ||
				(readonly && v->readonly))
				list[count++] = v;
	qsort(list, count, sizeof(struct var *), compare_vars);
	for (i = 0; i < count; i++) {
		out_str(prefix);
		out_str(list[i]->name);
		if (list[i]->value) {
			out_str("=");
			out_quoted(list[i]->value);
		}
		out_str("\n");
	}
	arena_release(sh.temp, mark);
}

char **vars_environ(struct arena *a)
{
	size_t count = 0;
	struct var *v;
	char **envp;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		for (v = table[i]; v; v = v->next)
			count += v->exported && v->value;
	envp = arena_alloc(a, (count + 1) * sizeof(char *));
	count = 0;
	for (i = 0; i < BUCKETS; i++) {
		for (v = table[i]; v; v = v->next) {
			size_t name_len = strlen(v->name);

			if (!v->exported || !v->value)
				continue;
			envp[count] = arena_alloc(a, name_len + strlen(v->value) + 2);
			memcpy(envp[count], v->name, name_len);
			envp[count][name_len] = '=';
			strcpy(envp[count] + name_len + 1, v->value);
			count++;
		}
	}
	return envp;
}

/* Puts the variable's value aside until locals_restore. */
int var_make_local(const char *name)
{
	struct local_var *l;
	struct var *v = var_find(name);

	if (v && v->readonly) {
		shell_error("%s: is read only", name);
		return 1;
	}
	l = xmalloc(sizeof(*l));
	l->up = sh.locals;
	l->name = xstrdup(name);
	l->value = v && v->value ? xstrdup(v->value) : NULL;
	l->exported = v && v->exported;
	sh.locals = l;
	return 0;
}

void locals_restore(struct local_var *until)
{
	while (sh.locals != until) {
		struct local_var *l = sh.locals;
		struct var *v = var_find(l->name);

		sh.locals = l->up;
		if (l->value || l->exported) {
			v = var_make(l->name);
			free(v->value);
			v->value = l->value;
			v->exported = l->exported;
		} else if (v && !v->readonly) {
			var_unset(l->name);
		}
		free(l->name);
		free(l);
	}
}

void params_free(struct params *p)
{
	int i;

	if (p->owned) {
		for (i = 0; i < p->owned_n; i++)
			free(p->owned[i]);
		free(p->owned);
	}
	*p = (struct params){0};
}

/* Makes v[0..n) the positional parameters, copied: they may come from the old ones. */
void params_set(char **v, int n)
{
	struct params fresh = {.n = n, .owned_n = n};
	int i;

	fresh.owned = xmalloc(((size_t)n + 1) * sizeof(char *));
	for (i = 0; i < n; i++)
		fresh.owned[i] = xstrdup(v[i]);
	fresh.owned[n] = NULL;
	fresh.v = fresh.owned;
	params_free(&sh.params);
	sh.params = fresh;
}
