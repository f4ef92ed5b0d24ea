/*
 * Builtins about where the shell is and what it would run: cd, pwd, umask, type and command.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh.h"

/* The directory by name: with symbolic links as the user went through them. NULL: not known. */
static char *logical;

static bool names_current(const char *path)
{
	struct stat a;
	struct stat b;

	return path && *path == '/' && stat(path, &a) == 0 && stat(".", &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static char *physical_directory(void)
{
	char *buffer = xmalloc(PATH_MAX);
	char *found = getcwd(buffer, PATH_MAX);
	char *copy = found ? xstrdup(found) : NULL;

	free(buffer);
	return copy;
}

void directory_init(void)
{
	const char *pwd = var_get("PWD");

	logical = names_current(pwd) ? xstrdup(pwd) : physical_directory();
	if (logical)
		var_set("PWD", logical);
}

/* Joins a path to the logical directory and takes out . and .. by name. */
static char *join_path(const char *path)
{
	struct strbuf out = {0};
	struct strbuf whole = {0};
	const char *s;
	char *result;

	if (*path != '/' && logical) {
		sb_add_str(&whole, logical);
		sb_add(&whole, '/');
	}
	sb_add_str(&whole, path);
	for (s = whole.s; *s;) {
		size_t n = strcspn(s, "/");

		if (n == 2 && strncmp(s, "..", 2) == 0) {
			while (out.len > 0 && out.s[--out.len] != '/')
				continue;
			if (out.s)
				out.s[out.len] = '\0';
		} else if (n > 0 && !(n == 1 && *s == '.')) {
			sb_add(&out, '/');
			sb_add_n(&out, s, n);
		}
		s += n + (s[n] == '/');
	}
	result = xstrdup(out.len ? out.s : "/");
	sb_free(&out);
	sb_free(&whole);
	return result;
}

static void changed_directory(char *to)
{
	const char *old = var_get("PWD");

	var_set("OLDPWD", old ? old : "");
	free(logical);
	logical = to;
	var_set("PWD", to ? to : "");
}

/* Tries the entries of CDPATH for a plain name. */
static const char *search_cdpath(const char *dir)
{
	const char *path = var_get("CDPATH");
	struct stat st;

	if (!path || *dir == '/' || *dir == '.')
		return dir;
	while (*path) {
		size_t n = strcspn(path, ":");
		char *candidate = arena_alloc(sh.temp, n + strlen(dir) + 2);

		memcpy(candidate, path, n);
		if (n > 0)
			candidate[n] = '/';
		strcat(candidate, dir);
		if (stat(candidate, &st) == 0 && S_ISDIR(st.st_mode))
			return candidate;
		path += n + (path[n] == ':');
	}
	return dir;
}

int builtin_cd(int argc, char **argv)
{
	bool physical = false;
	bool print = false;
	const char *dir;
	char *target;
	int i = 1;

	for (; i < argc && (strcmp(argv[i], "-P") == 0 || strcmp(argv[i], "-L") == 0); i++)
		physical = argv[i][1] == 'P';
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	dir = i < argc ? argv[i] : var_get("HOME");
	if (!dir) {
		shell_error("cd: HOME is not set");
		return 1;
	}
	if (strcmp(dir, "-") == 0) {
		dir = var_get("OLDPWD");
		print = true;
		if (!dir || !*dir) {
			shell_error("cd: OLDPWD is not set");
			return 1;
		}
	} else {
		const char *found = search_cdpath(dir);

		print = found != dir;
		dir = found;
	}
	target = physical || !logical ? NULL : join_path(dir);
	/* The path made by name may be wrong where a directory was moved; the one given is not. */
	if (!target || chdir(target) != 0) {
		free(target);
		if (chdir(dir) != 0) {
			shell_error("cd: %s: %s", dir, strerror(errno));
			return 1;
		}
		target = physical_directory();
	}
	changed_directory(target);
	if (print && target)
		out_fmt("%s\n", target);
	return 0;
}

int builtin_pwd(int argc, char **argv)
{
	bool physical = argc > 1 && strcmp(argv[1], "-P") == 0;
	char *real;

	if (!physical && names_current(logical)) {
		out_str(logical);
		out_str("\n");
		return 0;
	}
	real = physical_directory();
	if (!real) {
		shell_error("pwd: %s", strerror(errno));
		return 1;
	}
	out_str(real);
	out_str("\n");
	free(real);
	return 0;
}

static void print_symbolic_mask(mode_t mask)
{
	static const char who[] = "ugo";
	int i;

	for (i = 0; i < 3; i++) {
		unsigned allowed = ~((unsigned)mask >> (6 - 3 * i)) & 7;

		out_fmt("%s%c=%s%s%s", i ? "," : "", who[i], allowed & 4 ? "r" : "",
			allowed & 2 ? "w" : "", allowed & 1 ? "x" : "");
	}
	out_str("\n");
}

static unsigned who_bits(char who)
{
	return who == 'u' ? 0700 : who == 'g' ? 0070 : who == 'o' ? 0007 : 0777;
}

/* Applies u=rwx,go-w to what the mask allows. Returns false when it is not of that form. */
static bool symbolic_mask(const char *s, mode_t *mask)
{
	unsigned allowed = ~(unsigned)*mask & 0777;

	for (;;) {
		unsigned who = 0;
		unsigned bits = 0;
		char op;

		while (*s && strchr("ugoa", *s))
			who |= who_bits(*s++);
		if (!who)
			who = 0777;
		op = *s++;
		if (!op || !strchr("=+-", op))
			return false;
		while (*s && strchr("rwx", *s)) {
			bits |= *s == 'r' ? 0444 : *s == 'w' ? 0222 : 0111;
			s++;
		}
		bits &= who;
		if (op == '=')
			allowed = (allowed & ~who) | bits;
		else if (op == '+')
			allowed |= bits;
		else
			allowed &= ~bits;
		if (!*s)
			break;
		if (*s++ != ',')
			return false;
	}
	*mask = (mode_t)(~allowed & 0777);
	return true;
}

int builtin_umask(int argc, char **argv)
{
	mode_t mask = umask(0);
	char *end;
	long value;

	umask(mask);
	if (argc == 1) {
		out_fmt("%04o\n", (unsigned)mask);
		return 0;
	}
	if (strcmp(argv[1], "-S") == 0) {
		print_symbolic_mask(mask);
		return 0;
	}
	value = strtol(argv[1], &end, 8);
	if (end != argv[1] && !*end && value >= 0 && value <= 0777) {
		mask = (mode_t)value;
	} else if (!symbolic_mask(argv[1], &mask)) {
		shell_error("umask: %s: bad mask", argv[1]);
		return 1;
	}
	umask(mask);
	return 0;
}

static bool is_keyword(const char *name)
{
	static const char *const words[] = {"!", "{", "}", "case", "do", "done", "elif", "else",
		"esac", "fi", "for", "if", "in", "then", "until", "while"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i], name) == 0)
			return true;
	return false;
}

/* Says what a name stands for; tersely for `command -v`. */
static int describe(const char *name, bool terse)
{
	const struct builtin *b = builtin_find(name);
	const char *what = NULL;
	char *path;

	if (is_keyword(name))
		what = "a shell keyword";
	else if (b && b->special)
		what = "a special shell builtin";
	else if (function_find(name))
		what = "a shell function";
	else if (b)
		what = "a shell builtin";
	if (what) {
		out_str(name);
		out_fmt(terse ? "\n" : " is %s\n", what);
		return 0;
	}
	path = find_program(name, sh.temp);
	if (path && terse)
		out_str(path);
	else if (path)
		out_fmt("%s is %s", name, path);
	else if (!terse)
		out_fmt("%s: not found", name);
	if (path || !terse)
		out_str("\n");
	return path ? 0 : STATUS_NOTFOUND;
}

int builtin_type(int argc, char **argv)
{
	int status = 0;
	int i;

	for (i = 1; i < argc; i++)
		if (describe(argv[i], false) != 0)
			status = STATUS_NOTFOUND;
	return status;
}

/* command [-v | -V] NAME...: describes, or runs past any function of that name. */
int builtin_command(int argc, char **argv)
{
	const struct builtin *b;
	struct job *j;
	pid_t pid;
	int i = 1;

	if (i < argc && (strcmp(argv[i], "-v") == 0 || strcmp(argv[i], "-V") == 0))
		return i + 1 < argc ? describe(argv[i + 1], argv[i][1] == 'v') : 0;
	if (i < argc && (strcmp(argv[i], "-p") == 0 || strcmp(argv[i], "--") == 0))
		i++;
	if (i == argc)
		return 0;
	b = builtin_find(argv[i]);
	if (b)
		return b->run(argc - i, argv + i);
	out_flush();
	j = job_new(argv[i], true);
	pid = job_fork(j);
	if (pid == 0)
		exec_program(argv + i, vars_environ(sh.temp));
	if (pid < 0) {
		shell_error("cannot fork: %s", strerror(errno));
		job_free(j);
		return STATUS_SYNTAX;
	}
	return job_wait_foreground(j);
}
