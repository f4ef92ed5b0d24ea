/*
 * Path name expansion: a pattern is walked one component at a time, reading only the directories
 * whose names it needs to see.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sh.h"

static void walk(struct strbuf *path, const char *pattern, struct fields *out);

static void cut_to(struct strbuf *path, size_t len)
{
	path->len = len;
	if (path->s)
		path->s[len] = '\0';
}

/* Adds a component without pattern characters to the path. */
static void add_plain(struct strbuf *path, const char *component, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (component[i] == '\\' && i + 1 < n)
			i++;
		sb_add(path, component[i]);
	}
}

static void walk_directory(
	struct strbuf *path, const char *component, const char *rest, struct fields *out)
{
	DIR *dir = opendir(path->len ? path->s : ".");
	bool dots = component[0] == '.' || (component[0] == '\\' && component[1] == '.');
	size_t len = path->len;
	struct dirent *e;

	if (!dir)
		return;
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.' && !dots)
			continue;
		if (!pattern_match(component, e->d_name, strlen(e->d_name)))
			continue;
		sb_add_str(path, e->d_name);
		walk(path, rest, out);
		cut_to(path, len);
	}
	closedir(dir);
}

static void walk(struct strbuf *path, const char *pattern, struct fields *out)
{
	size_t len = path->len;
	struct stat st;
	char *component;
	size_t n;

	if (*pattern == '/' && len > 0 && stat(path->s, &st) == 0 && !S_ISDIR(st.st_mode))
		return;
	while (*pattern == '/')
		sb_add(path, *pattern++);
	if (!*pattern) {
		if (path->len > 0 && lstat(path->s, &st) == 0)
			fields_add(out, arena_strdup(sh.temp, path->s));
	} else {
		n = strcspn(pattern, "/");
		component = arena_strndup(sh.temp, pattern, n);
		if (pattern_has_magic(component)) {
			walk_directory(path, component, pattern + n, out);
		} else {
			add_plain(path, component, n);
			walk(path, pattern + n, out);
		}
	}
	cut_to(path, len);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds the sorted names that match. Returns false when there is none. */
bool glob_expand(const char *pattern, struct fields *out)
{
	struct strbuf path = {0};
	int before = out->n;

	walk(&path, pattern, out);
	sb_free(&path);
	if (out->n == before)
		return false;
	qsort(out->v + before, (size_t)(out->n - before), sizeof(char *), compare_strings);
	return true;
}
