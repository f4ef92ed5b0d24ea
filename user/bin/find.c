/*
 * find: walks trees and evaluates an expression on each file. The expression is parsed once into a
 * tree of nodes, by the usual precedence: ! over -a over -o.
 */
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shared/files.h"
#include "shared/program.h"

enum kind {
	AND,
	OR,
	NOT,
	TRUE,
	FALSE,
	NAME,
	PATH,
	TYPE,
	SIZE,
	LINKS,
	INODE,
	MODIFIED, /* in days */
	NEWER,
	PERMISSION,
	EMPTY,
	PRUNE,
	PRINT,
	PRINT0,
	DELETE,
	EXEC,
	EXEC_MANY,
};

struct expr {
	enum kind kind;
	struct expr *left;
	struct expr *right;
	const char *text;
	bool ignore_case;
	char sign; /* of a number: + more, - less, else exactly */
	unsigned long long number;
	unsigned long long unit; /* of SIZE */
	time_t time;
	char **argv; /* EXEC, with {} in it */
	int argc;
	char **batch; /* EXEC_MANY: the paths collected */
	size_t n_batch;
};

struct file {
	const char *path;
	const char *name;
	struct stat st;
	int depth;
	bool pruned;
};

#define BATCH 256

static char **args;
static bool has_action;
static bool depth_first;
static long long min_depth;
static long long max_depth = INT_MAX;
static bool follow;
static int status;
static time_t now;

static struct expr *parse_or(void);

static struct expr *new_expr(enum kind kind)
{
	struct expr *e = must_alloc(sizeof(*e));

	*e = (struct expr){.kind = kind};
	return e;
}

static const char *argument(const char *option)
{
	if (!*args)
		die(1, "missing argument to '%s'", option);
	return *args++;
}

static struct expr *text_expr(enum kind kind, const char *option, bool ignore_case)
{
	struct expr *e = new_expr(kind);

	e->text = argument(option);
	e->ignore_case = ignore_case;
	return e;
}

static struct expr *number_expr(enum kind kind, const char *option)
{
	struct expr *e = new_expr(kind);
	const char *s = argument(option);
	char *end;

	e->unit = 512;
	if (*s == '+' || *s == '-')
		e->sign = *s++;
	e->number = strtoull(s, &end, 10);
	if (kind == SIZE && *end && !end[1]) {
		static const char letters[] = "cwbkMG";
		static const unsigned long units[] = {
			1, 2, 512, 1024, 1024 * 1024, 1024 * 1024 * 1024};
		const char *at = strchr(letters, *end);

		if (at) {
			e->unit = units[at - letters];
			end++;
		}
	}
	if (end == s || *end)
		die(1, "invalid argument '%s' to '%s'", s, option);
	return e;
}

static struct expr *newer_expr(const char *option)
{
	struct expr *e = new_expr(NEWER);
	const char *path = argument(option);
	struct stat st;

	if (stat(path, &st) != 0)
		die_errno(1, "'%s'", path);
	e->time = st.st_mtime;
	return e;
}

static struct expr *permission_expr(const char *option)
{
	struct expr *e = new_expr(PERMISSION);
	const char *s = argument(option);
	mode_t mode;

	if (*s == '-' || *s == '/')
		e->sign = *s++;
	if (!parse_mode(s, 0, &mode))
		die(1, "invalid mode '%s'", s);
	e->number = mode;
	return e;
}

static struct expr *exec_expr(const char *option)
{
	struct expr *e = new_expr(EXEC);

	e->argv = args;
	while (*args && strcmp(*args, ";") != 0) {
		bool many = strcmp(*args, "+") == 0 && e->argc > 0 && strcmp(args[-1], "{}") == 0;

		if (many) {
			e->kind = EXEC_MANY;
			e->argc--;
			break;
		}
		args++;
		e->argc++;
	}
	if (!*args || e->argc == 0)
		die(1, "missing argument to '%s'", option);
	args++;
	has_action = true;
	return e;
}

static struct expr *action_expr(enum kind kind)
{
	has_action = true;
	return new_expr(kind);
}

static struct expr *parse_primary(void)
{
	const char *o = *args;
	struct expr *e;

	if (!o)
		die(1, "expression expected");
	args++;
	if (strcmp(o, "(") == 0) {
		e = parse_or();
		if (!*args || strcmp(*args, ")") != 0)
			die(1, "missing ')'");
		args++;
		return e;
	}
	if (strcmp(o, "!") == 0 || strcmp(o, "-not") == 0) {
		e = new_expr(NOT);
		e->left = parse_primary();
		return e;
	}
	if (strcmp(o, "-name") == 0 || strcmp(o, "-iname") == 0)
		return text_expr(NAME, o, o[1] == 'i');
	if (strcmp(o, "-path") == 0 || strcmp(o, "-ipath") == 0)
		return text_expr(PATH, o, o[1] == 'i');
	if (strcmp(o, "-type") == 0)
		return text_expr(TYPE, o, false);
	if (strcmp(o, "-size") == 0)
		return number_expr(SIZE, o);
	if (strcmp(o, "-links") == 0)
		return number_expr(LINKS, o);
	if (strcmp(o, "-inum") == 0)
		return number_expr(INODE, o);
	if (strcmp(o, "-mtime") == 0)
		return number_expr(MODIFIED, o);
	if (strcmp(o, "-newer") == 0)
		return newer_expr(o);
	if (strcmp(o, "-perm") == 0)
		return permission_expr(o);
	if (strcmp(o, "-empty") == 0)
		return new_expr(EMPTY);
	if (strcmp(o, "-true") == 0)
		return new_expr(TRUE);
	if (strcmp(o, "-false") == 0)
		return new_expr(FALSE);
	if (strcmp(o, "-prune") == 0)
		return new_expr(PRUNE);
	if (strcmp(o, "-print") == 0)
		return action_expr(PRINT);
	if (strcmp(o, "-print0") == 0)
		return action_expr(PRINT0);
	if (strcmp(o, "-exec") == 0)
		return exec_expr(o);
	if (strcmp(o, "-delete") == 0) {
		depth_first = true;
		return action_expr(DELETE);
	}
	if (strcmp(o, "-depth") == 0) {
		depth_first = true;
		return new_expr(TRUE);
	}
	if (strcmp(o, "-maxdepth") == 0 || strcmp(o, "-mindepth") == 0) {
		long long n = number_arg(argument(o), 0, INT_MAX, "depth");

		*(o[2] == 'a' ? &max_depth : &min_depth) = n;
		return new_expr(TRUE);
	}
	die(1, "unknown predicate '%s'", o);
}

static struct expr *join(enum kind kind, struct expr *left, struct expr *right)
{
	struct expr *e = new_expr(kind);

	e->left = left;
	e->right = right;
	return e;
}

static bool at(const char *a, const char *b)
{
	return *args && (strcmp(*args, a) == 0 || strcmp(*args, b) == 0);
}

static struct expr *parse_and(void)
{
	struct expr *e = parse_primary();

	while (*args && !at("-o", "-or") && !at(")", ")")) {
		if (at("-a", "-and"))
			args++;
		e = join(AND, e, parse_primary());
	}
	return e;
}

static struct expr *parse_or(void)
{
	struct expr *e = parse_and();

	while (at("-o", "-or")) {
		args++;
		e = join(OR, e, parse_and());
	}
	return e;
}

static bool matches(const struct expr *e, const char *s)
{
	char *pattern;
	char *subject;
	bool result;
	char *c;

	if (!e->ignore_case)
		return fnmatch(e->text, s, 0) == 0;
	pattern = must_strdup(e->text);
	subject = must_strdup(s);
	for (c = pattern; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	for (c = subject; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	result = fnmatch(pattern, subject, 0) == 0;
	free(pattern);
	free(subject);
	return result;
}

static char type_letter(mode_t mode)
{
	char text[11];

	format_mode(mode, text);
	return text[0] == '-' ? 'f' : text[0];
}

static bool compare(const struct expr *e, unsigned long long n)
{
	return e->sign == '+' ? n > e->number : e->sign == '-' ? n < e->number : n == e->number;
}

static bool has_permission(const struct expr *e, mode_t mode)
{
	unsigned long long bits = mode & 07777;

	if (e->sign == '-')
		return (bits & e->number) == e->number;
	if (e->sign == '/')
		return e->number == 0 || (bits & e->number) != 0;
	return bits == e->number;
}

static bool is_empty(const struct file *f)
{
	bool empty;
	char **names;

	if (S_ISREG(f->st.st_mode))
		return f->st.st_size == 0;
	if (!S_ISDIR(f->st.st_mode))
		return false;
	names = directory_names(f->path);
	empty = names && !*names;
	names_free(names);
	return empty;
}

static bool run(char **argv)
{
	int child_status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		warn_errno("'%s'", argv[0]);
		_exit(127);
	}
	if (pid < 0)
		die_errno(1, "cannot fork");
	while (waitpid(pid, &child_status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(child_status) && WEXITSTATUS(child_status) == 0;
}

/* The argument with each {} replaced by the path. */
static char *substitute(const char *arg, const char *path)
{
	size_t n = 0;
	const char *s;
	char *out;
	char *o;

	for (s = arg; *s; s++)
		n += strncmp(s, "{}", 2) == 0 ? strlen(path) : 1;
	out = o = must_alloc(n + 1);
	for (s = arg; *s; s++) {
		if (strncmp(s, "{}", 2) == 0) {
			o = stpcpy(o, path);
			s++;
		} else {
			*o++ = *s;
		}
	}
	*o = '\0';
	return out;
}

static bool exec_one(const struct expr *e, const char *path)
{
	char **argv = must_alloc((size_t)(e->argc + 1) * sizeof(*argv));
	bool ok;
	int i;

	for (i = 0; i < e->argc; i++)
		argv[i] = substitute(e->argv[i], path);
	argv[i] = NULL;
	ok = run(argv);
	while (i-- > 0)
		free(argv[i]);
	free(argv);
	return ok;
}

static void exec_batch(struct expr *e)
{
	char **argv;
	size_t i;

	if (e->n_batch == 0)
		return;
	argv = must_alloc(((size_t)e->argc + e->n_batch + 1) * sizeof(*argv));
	memcpy(argv, e->argv, (size_t)e->argc * sizeof(*argv));
	memcpy(argv + e->argc, e->batch, e->n_batch * sizeof(*argv));
	argv[(size_t)e->argc + e->n_batch] = NULL;
	if (!run(argv))
		status = 1;
	for (i = 0; i < e->n_batch; i++)
		free(e->batch[i]);
	e->n_batch = 0;
	free(argv);
}

static bool add_to_batch(struct expr *e, const char *path)
{
	if (!e->batch)
		e->batch = must_alloc(BATCH * sizeof(*e->batch));
	e->batch[e->n_batch++] = must_strdup(path);
	if (e->n_batch == BATCH)
		exec_batch(e);
	return true;
}

static void finish_batches(struct expr *e)
{
	if (!e)
		return;
	if (e->kind == EXEC_MANY)
		exec_batch(e);
	finish_batches(e->left);
	finish_batches(e->right);
}

static bool delete_file(const struct file *f)
{
	if ((S_ISDIR(f->st.st_mode) ? rmdir(f->path) : unlink(f->path)) == 0)
		return true;
	warn_errno("cannot delete '%s'", f->path);
	status = 1;
	return false;
}

static bool evaluate(struct expr *e, struct file *f)
{
	const struct stat *st = &f->st;

	switch (e->kind) {
	case AND: return evaluate(e->left, f) && evaluate(e->right, f);
	case OR: return evaluate(e->left, f) || evaluate(e->right, f);
	case NOT: return !evaluate(e->left, f);
	case TRUE: return true;
	case FALSE: return false;
	case NAME: return matches(e, f->name);
	case PATH: return matches(e, f->path);
	case TYPE: return strchr(e->text, type_letter(st->st_mode)) != NULL;
	case SIZE: return compare(e, ((unsigned long long)st->st_size + e->unit - 1) / e->unit);
	case LINKS: return compare(e, st->st_nlink);
	case INODE: return compare(e, st->st_ino);
	case MODIFIED:
		return compare(e,
			st->st_mtime < now ? (unsigned long long)(now - st->st_mtime) / 86400 : 0);
	case NEWER: return st->st_mtime > e->time;
	case PERMISSION: return has_permission(e, st->st_mode);
	case EMPTY: return is_empty(f);
	case PRUNE: f->pruned = true; return true;
	case PRINT: puts(f->path); return true;
	case PRINT0: fwrite(f->path, 1, strlen(f->path) + 1, stdout); return true;
	case DELETE: return delete_file(f);
	case EXEC: return exec_one(e, f->path);
	case EXEC_MANY: return add_to_batch(e, f->path);
	}
	return false;
}

static void visit(const char *path, int depth, struct expr *e)
{
	struct file f = {.path = path, .depth = depth};
	char *last = path_last(path);
	char **names;
	char **n;

	f.name = last;
	if ((follow ? stat(path, &f.st) : lstat(path, &f.st)) != 0 && lstat(path, &f.st) != 0) {
		warn_errno("'%s'", path);
		status = 1;
		free(last);
		return;
	}
	if (!depth_first && depth >= min_depth)
		evaluate(e, &f);
	if (S_ISDIR(f.st.st_mode) && depth < max_depth && !f.pruned) {
		names = directory_names(path);
		if (!names) {
			warn_errno("'%s'", path);
			status = 1;
		}
		for (n = names; n && *n; n++) {
			char *sub = path_join(path, *n);

			visit(sub, depth + 1, e);
			free(sub);
		}
		names_free(names);
	}
	if (depth_first && depth >= min_depth)
		evaluate(e, &f);
	free(last);
}

int main(int argc, char **argv)
{
	struct expr *e;
	int first = 1;
	int i;

	program_begin(argc, argv,
		"[-L] [PATH]... [EXPRESSION]\n"
		"  tests:    -name -iname -path -type -size N[ckMG] -mtime N -newer FILE -perm "
		"MODE\n"
		"            -links N -inum N -empty -true -false    (N is exactly, +N more, -N "
		"less)\n"
		"  actions:  -print -print0 -exec PROGRAM {} ; -exec PROGRAM {} + -delete -prune\n"
		"  options:  -maxdepth N -mindepth N -depth\n"
		"  between:  ( E ) ! E  E -a E  E -o E");
	now = time(NULL);
	for (; first < argc && (strcmp(argv[first], "-L") == 0 || strcmp(argv[first], "-P") == 0);
		first++)
		follow = argv[first][1] == 'L';
	for (i = first;
		i < argc && argv[i][0] != '-' && strcmp(argv[i], "(") && strcmp(argv[i], "!"); i++)
		continue;
	args = argv + i;
	e = *args ? parse_or() : new_expr(TRUE);
	if (*args)
		die(1, "unexpected '%s'", *args);
	if (!has_action)
		e = join(AND, e, new_expr(PRINT));
	if (i == first)
		visit(".", 0, e);
	for (; first < i; first++)
		visit(argv[first], 0, e);
	finish_batches(e);
	return program_end(status);
}
