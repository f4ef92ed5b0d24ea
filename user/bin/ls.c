/*
 * ls: lists files and directories.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shared/files.h"
#include "shared/options.h"
#include "shared/program.h"

#define HALF_YEAR (182L * 24 * 3600)

struct entry {
	char *name; /* as shown */
	char *path;
	struct stat st;
};

struct list {
	struct entry *e;
	size_t n;
	size_t cap;
};

static bool all;
static bool almost_all;
static bool long_format;
static bool recursive;
static bool columns;
static bool show_inode;
static bool show_blocks;
static bool plain_directory;
static bool human;
static bool classify;
static bool reverse;
static bool numeric;
static char sort_key = 'n'; /* n, t or S */
static int status;

static void list_add(struct list *l, char *name, char *path, const struct stat *st)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		l->e = must_realloc(l->e, l->cap * sizeof(*l->e));
	}
	l->e[l->n++] = (struct entry){name, path, *st};
}

static void list_free(struct list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->e[i].name);
		free(l->e[i].path);
	}
	free(l->e);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int order = 0;

	if (sort_key == 't')
		order = (x->st.st_mtime < y->st.st_mtime) - (x->st.st_mtime > y->st.st_mtime);
	else if (sort_key == 'S')
		order = (x->st.st_size < y->st.st_size) - (x->st.st_size > y->st.st_size);
	if (order == 0)
		order = strcmp(x->name, y->name);
	return reverse ? -order : order;
}

static void list_sort(struct list *l)
{
	if (l->n > 1)
		qsort(l->e, l->n, sizeof(*l->e), compare_entries);
}

static const char *user_name(unsigned id, char scratch[12])
{
	if (id == 0 && !numeric)
		return "root";
	snprintf(scratch, 12, "%u", id);
	return scratch;
}

static void format_size(unsigned long long bytes, char *out, size_t room)
{
	char text[8];

	if (human) {
		format_human(bytes, text);
		snprintf(out, room, "%s", text);
	} else {
		snprintf(out, room, "%llu", bytes);
	}
}

/* Blocks are counted by 512 bytes and shown by 1024. */
static void format_blocks(unsigned long long blocks, char *out, size_t room)
{
	if (human)
		format_size(blocks * 512, out, room);
	else
		snprintf(out, room, "%llu", (blocks + 1) / 2);
}

static char classifier(mode_t mode)
{
	if (S_ISDIR(mode))
		return '/';
	if (S_ISLNK(mode))
		return '@';
	if (S_ISFIFO(mode))
		return '|';
	if (S_ISREG(mode) && (mode & 0111))
		return '*';
	return '\0';
}

struct widths {
	int inode;
	int blocks;
	int links;
	int user;
	int group;
	int size;
	int name;
};

static void widen(int *width, size_t n)
{
	if ((int)n > *width)
		*width = (int)n;
}

static void format_length(const struct stat *st, char *out, size_t room)
{
	format_size((unsigned long long)st->st_size, out, room);
}

static void measure(const struct list *l, struct widths *w)
{
	char text[32];
	size_t i;

	*w = (struct widths){0};
	for (i = 0; i < l->n; i++) {
		const struct stat *st = &l->e[i].st;

		widen(&w->inode,
			(size_t)snprintf(text, sizeof(text), "%lu", (unsigned long)st->st_ino));
		format_blocks((unsigned long long)st->st_blocks, text, sizeof(text));
		widen(&w->blocks, strlen(text));
		widen(&w->links,
			(size_t)snprintf(text, sizeof(text), "%lu", (unsigned long)st->st_nlink));
		widen(&w->user, strlen(user_name(st->st_uid, text)));
		widen(&w->group, strlen(user_name(st->st_gid, text)));
		format_length(st, text, sizeof(text));
		widen(&w->size, strlen(text));
		widen(&w->name, strlen(l->e[i].name) + (classify && classifier(st->st_mode)));
	}
}

static void print_prefix(const struct entry *e, const struct widths *w)
{
	char text[32];

	if (show_inode)
		printf("%*lu ", w->inode, (unsigned long)e->st.st_ino);
	if (show_blocks) {
		format_blocks((unsigned long long)e->st.st_blocks, text, sizeof(text));
		printf("%*s ", w->blocks, text);
	}
}

static void print_name(const struct entry *e)
{
	char mark = classify && !(long_format && S_ISLNK(e->st.st_mode)) ? classifier(e->st.st_mode)
									 : '\0';

	fputs(e->name, stdout);
	if (mark)
		putchar(mark);
}

static void print_time(time_t t)
{
	time_t now = time(NULL);
	struct tm *tm = localtime(&t);
	char text[32];

	if (!tm || strftime(text, sizeof(text),
			   t > now || t < now - HALF_YEAR ? "%b %e  %Y" : "%b %e %H:%M", tm) == 0)
		strcpy(text, "?");
	printf("%12s ", text);
}

static void print_target(const struct entry *e)
{
	char target[PATH_MAX];
	ssize_t n = readlink(e->path, target, sizeof(target) - 1);

	if (n < 0)
		return;
	target[n] = '\0';
	printf(" -> %s", target);
}

static void print_long(const struct entry *e, const struct widths *w)
{
	char mode[11];
	char user[12];
	char group[12];
	char size[32];

	format_mode(e->st.st_mode, mode);
	format_length(&e->st, size, sizeof(size));
	printf("%s %*lu %-*s %-*s %*s ", mode, w->links, (unsigned long)e->st.st_nlink, w->user,
		user_name(e->st.st_uid, user), w->group, user_name(e->st.st_gid, group), w->size,
		size);
	print_time(e->st.st_mtime);
	print_name(e);
	if (S_ISLNK(e->st.st_mode))
		print_target(e);
	putchar('\n');
}

/* Down the columns, as many as the line has room for. */
static void print_columns(const struct list *l, const struct widths *w)
{
	const char *env = getenv("COLUMNS");
	int line = env && atoi(env) > 0 ? atoi(env) : 80;
	int width =
		w->name + 2 + (show_inode ? w->inode + 1 : 0) + (show_blocks ? w->blocks + 1 : 0);
	size_t per_line = line / width > 0 ? (size_t)(line / width) : 1;
	size_t rows = (l->n + per_line - 1) / per_line;
	size_t row;
	size_t i;

	for (row = 0; row < rows; row++) {
		for (i = row; i < l->n; i += rows) {
			const struct entry *e = &l->e[i];
			int used = (int)strlen(e->name) + (classify && classifier(e->st.st_mode));

			print_prefix(e, w);
			print_name(e);
			if (i + rows < l->n)
				printf("%*s", w->name + 2 - used, "");
		}
		putchar('\n');
	}
}

static void print_list(const struct list *l)
{
	struct widths w;
	size_t i;

	measure(l, &w);
	if (columns && !long_format) {
		print_columns(l, &w);
		return;
	}
	for (i = 0; i < l->n; i++) {
		print_prefix(&l->e[i], &w);
		if (long_format) {
			print_long(&l->e[i], &w);
		} else {
			print_name(&l->e[i]);
			putchar('\n');
		}
	}
}

static bool is_shown(const char *name)
{
	return all || almost_all || name[0] != '.';
}

static void add_file(struct list *l, const char *dir, const char *name)
{
	char *path = path_join(dir, name);
	struct stat st;

	if (lstat(path, &st) != 0) {
		warn_errno("cannot access '%s'", path);
		status = 1;
		free(path);
		return;
	}
	list_add(l, must_strdup(name), path, &st);
}

static void print_total(const struct list *l)
{
	unsigned long long blocks = 0;
	char text[32];
	size_t i;

	for (i = 0; i < l->n; i++)
		blocks += (unsigned long long)l->e[i].st.st_blocks;
	format_blocks(blocks, text, sizeof(text));
	printf("total %s\n", text);
}

static void list_directory(const char *path, bool title)
{
	static bool later;
	struct list l = {0};
	char **names = directory_names(path);
	char **n;
	size_t i;

	if (!names) {
		warn_errno("cannot open directory '%s'", path);
		status = status ? status : 1;
		return;
	}
	if (title)
		printf("%s%s:\n", later ? "\n" : "", path);
	later = true;
	if (all) {
		add_file(&l, path, ".");
		add_file(&l, path, "..");
	}
	for (n = names; *n; n++)
		if (is_shown(*n))
			add_file(&l, path, *n);
	names_free(names);
	list_sort(&l);
	if (long_format || show_blocks)
		print_total(&l);
	if (l.n > 0)
		print_list(&l);
	for (i = 0; recursive && i < l.n; i++)
		if (S_ISDIR(l.e[i].st.st_mode) && strcmp(l.e[i].name, ".") != 0 &&
			strcmp(l.e[i].name, "..") != 0)
			list_directory(l.e[i].path, true);
	list_free(&l);
}

/* Sorts the arguments into files, listed first, and directories. */
static void list_arguments(int argc, char **argv)
{
	struct list files = {0};
	struct list dirs = {0};
	bool title = recursive || argc > 1;
	struct stat st;
	size_t i;
	int k;

	for (k = 0; k < argc; k++) {
		bool follow = !long_format && !plain_directory;

		if ((!follow || stat(argv[k], &st) != 0) && lstat(argv[k], &st) != 0) {
			warn_errno("cannot access '%s'", argv[k]);
			status = 2;
			continue;
		}
		list_add(S_ISDIR(st.st_mode) && !plain_directory ? &dirs : &files,
			must_strdup(argv[k]), must_strdup(argv[k]), &st);
	}
	list_sort(&files);
	list_sort(&dirs);
	if (files.n > 0) {
		print_list(&files);
		if (dirs.n > 0)
			putchar('\n');
	}
	for (i = 0; i < dirs.n; i++)
		list_directory(dirs.e[i].path, title);
	list_free(&files);
	list_free(&dirs);
}

int main(int argc, char **argv)
{
	static char dot[] = ".";
	char *here[] = {dot, NULL};
	int c;

	program_begin(argc, argv,
		"[-1aACdFhilnrRsSt] [FILE]...\n  -l  mode, links, owner, size and time\n"
		"  -a  hidden files too       -A  except . and ..\n"
		"  -R  what is in directories -d  directories themselves\n"
		"  -i  inode numbers          -s  blocks, of 1024 bytes\n"
		"  -h  sizes as 1K, 1M        -F  mark directories, links and programs\n"
		"  -t  newest first           -S  largest first     -r  the other way round\n"
		"  -1  one a line             -C  in columns        -n  -l with owners as numbers");
	columns = isatty(STDOUT_FILENO);
	while ((c = next_option(argc, argv, "1aACdFhilnrRsSt")) != -1) {
		switch (c) {
		case '1': columns = false; break;
		case 'a': all = true; break;
		case 'A': almost_all = true; break;
		case 'C': columns = true; break;
		case 'd': plain_directory = true; break;
		case 'F': classify = true; break;
		case 'h': human = true; break;
		case 'i': show_inode = true; break;
		case 'l': long_format = true; break;
		case 'n':
			long_format = true;
			numeric = true;
			break;
		case 'r': reverse = true; break;
		case 'R': recursive = true; break;
		case 's': show_blocks = true; break;
		case 'S':
		case 't': sort_key = (char)c; break;
		default: usage_error(2);
		}
	}
	if (option_index < argc)
		list_arguments(argc - option_index, argv + option_index);
	else
		list_arguments(1, here);
	return program_end(status);
}
