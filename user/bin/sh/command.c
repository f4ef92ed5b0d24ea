/*
 * Simple commands: expands the words, sets the variables before them, redirects, and then calls a
 * builtin or a function in this process, or runs a program in a new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh.h"

static const char default_path[] = "/bin";

static bool plain_word(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (strchr(" \t\n\\\"'`$&|;<>()*?[]#~{}!", *s))
			return false;
	return true;
}

static void trace_word(struct strbuf *line, const char *s)
{
	if (plain_word(s)) {
		sb_add_str(line, s);
		return;
	}
	sb_add(line, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			sb_add_str(line, "'\\''");
		else
			sb_add(line, *s);
	}
	sb_add(line, '\'');
}

static void trace_begin(struct strbuf *line)
{
	const char *ps4 = var_get("PS4");

	sb_add_str(line, ps4 ? ps4 : "+ ");
}

static void trace_end(struct strbuf *line)
{
	sb_add(line, '\n');
	err_str(line->s);
	sb_free(line);
}

static void trace_command(const struct fields *f)
{
	struct strbuf line = {0};
	int i;

	trace_begin(&line);
	for (i = 0; i < f->n; i++) {
		if (i > 0)
			sb_add(&line, ' ');
		trace_word(&line, f->v[i]);
	}
	trace_end(&line);
}

static void trace_assignment(const char *name, const char *value)
{
	struct strbuf line = {0};

	trace_begin(&line);
	sb_add_str(&line, name);
	sb_add(&line, '=');
	if (*value)
		trace_word(&line, value);
	trace_end(&line);
}

/* Sets the variables in front of a command; for the time of the command only when `local`. */
static bool assign_all(const struct assign *a, bool local)
{
	for (; a; a = a->next) {
		char *value = expand_assignment(&a->value);

		if (!value)
			return false;
		if (sh.opt_trace)
			trace_assignment(a->name, value);
		if ((local && var_make_local(a->name) != 0) ||
			var_set_flags(a->name, value, local, false) != 0) {
			shell_fail(STATUS_SYNTAX);
			return false;
		}
	}
	return true;
}

static bool is_runnable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The next candidate of a search along PATH, in `a`; NULL after the last. */
static char *next_candidate(const char **path, const char *name, struct arena *a)
{
	size_t n;
	char *candidate;

	if (!*path)
		return NULL;
	n = strcspn(*path, ":");
	candidate = arena_alloc(a, n + strlen(name) + 3);
	if (n == 0)
		strcpy(candidate, "./");
	memcpy(candidate, *path, n);
	if (n > 0)
		candidate[n] = '/';
	strcat(candidate, name);
	*path = (*path)[n] ? *path + n + 1 : NULL;
	return candidate;
}

static const char *search_path(void)
{
	const char *path = var_get("PATH");

	return path ? path : default_path;
}

/* Where a program is, or NULL. */
char *find_program(const char *name, struct arena *a)
{
	const char *path = search_path();
	char *candidate;

	if (strchr(name, '/'))
		return is_runnable(name) ? arena_strdup(a, name) : NULL;
	while ((candidate = next_candidate(&path, name, a)))
		if (is_runnable(candidate))
			return candidate;
	return NULL;
}

/* A file the kernel does not run may be a script: run it with what its #! says, or this shell. */
static void exec_script(const char *path, char **argv, char **envp)
{
	char head[128];
	char *interpreter = head + 2;
	char *argument = NULL;
	char **args;
	ssize_t got;
	int extra = 2;
	int n = 0;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return;
	got = read(fd, head, sizeof(head) - 1);
	close(fd);
	head[got > 0 ? got : 0] = '\0';
	if (got > 0 && memchr(head, '\0', (size_t)got)) {
		errno = ENOEXEC;
		return;
	}
	if (head[0] == '#' && head[1] == '!') {
		interpreter[strcspn(interpreter, "\n")] = '\0';
		interpreter += strspn(interpreter, " \t");
		argument = interpreter + strcspn(interpreter, " \t");
		if (*argument)
			*argument++ = '\0';
		argument += strspn(argument, " \t");
		argument[strcspn(argument, " \t")] = '\0';
	} else {
		interpreter = strcpy(head, "/bin/sh");
	}
	while (argv[n])
		n++;
	args = arena_alloc(sh.temp, (size_t)(n + 3) * sizeof(*args));
	args[0] = interpreter;
	if (argument && *argument)
		args[1] = argument;
	else
		extra = 1;
	args[extra] = (char *)path;
	memcpy(args + extra + 1, argv + 1, (size_t)n * sizeof(*args));
	execve(interpreter, args, envp);
}

static int try_exec(const char *path, char **argv, char **envp)
{
	execve(path, argv, envp);
	if (errno == ENOEXEC)
		exec_script(path, argv, envp);
	return errno;
}

/* Becomes the program argv[0], or prints why not and exits with the status for that. */
void exec_program(char **argv, char **envp)
{
	const char *path = search_path();
	int error = ENOENT;
	char *candidate;

	signals_default_for_exec();
	fds_close_private();
	if (strchr(argv[0], '/')) {
		error = try_exec(argv[0], argv, envp);
	} else {
		while ((candidate = next_candidate(&path, argv[0], sh.temp))) {
			int e = try_exec(candidate, argv, envp);

			if (e != ENOENT && e != ENOTDIR)
				error = e;
		}
	}
	if (error == ENOENT && !strchr(argv[0], '/'))
		shell_error("%s: not found", argv[0]);
	else
		shell_error("%s: %s", argv[0], strerror(error));
	_exit(error == ENOENT || error == ENOTDIR ? STATUS_NOTFOUND : STATUS_NOEXEC);
}

static int run_program(const struct node *n, struct fields *f, unsigned flags)
{
	struct job *j;
	pid_t pid;

	if ((flags & EXEC_LAST) && !traps_set()) {
		if (!redirs_apply(n->redirs, NULL))
			return 1;
		exec_program(f->v, vars_environ(sh.temp));
	}
	j = job_new(n->text, true);
	pid = job_fork(j);
	if (pid == 0) {
		if (!redirs_apply(n->redirs, NULL))
			_exit(1);
		exec_program(f->v, vars_environ(sh.temp));
	}
	if (pid < 0) {
		shell_error("cannot fork: %s", strerror(errno));
		job_free(j);
		return STATUS_SYNTAX;
	}
	return job_wait_foreground(j);
}

static int run_builtin(const struct builtin *b, struct fields *f)
{
	int status = b->run(f->n, f->v);
	int error = out_flush();

	if (error) {
		shell_error("%s: write error: %s", f->v[0], strerror(error));
		status = 1;
	}
	return status;
}

/* A builtin, a function or only redirections: what runs in this process. */
static int run_here(
	const struct node *n, const struct builtin *b, struct function *fn, struct fields *f)
{
	struct saved_fds saved;
	int status = 0;

	saved_fds_init(&saved);
	if (!redirs_apply(n->redirs, &saved)) {
		status = 1;
		if (b && b->special)
			shell_fail(STATUS_SYNTAX);
	} else if (fn) {
		status = function_call(fn, f->v, f->n);
	} else if (b) {
		status = run_builtin(b, f);
		/* `exec` without a command is there to make its redirections last. */
		if (strcmp(b->name, "exec") == 0 && f->n == 1 && status == 0)
			redirs_keep(&saved);
	}
	redirs_restore(&saved);
	return status;
}

static int run_words(const struct node *n, struct fields *f, unsigned flags)
{
	const struct builtin *b = builtin_find(f->v[0]);
	struct function *fn = b && b->special ? NULL : function_find(f->v[0]);
	struct local_var *before = sh.locals;
	int status = STATUS_SYNTAX;

	if (assign_all(n->assigns, !(b && b->special))) {
		if (sh.opt_trace)
			trace_command(f);
		status = fn || b ? run_here(n, fn ? NULL : b, fn, f) : run_program(n, f, flags);
	}
	/* `local` in front of a function's own variables is restored by function_call. */
	if (n->assigns && !(b && b->special))
		locals_restore(before);
	return status;
}

int exec_simple(const struct node *n, unsigned flags)
{
	struct arena_mark mark = arena_mark(sh.temp);
	struct fields f;
	int status;

	sh.substitution_status = 0;
	if (!expand_words(n->words, &f)) {
		status = sh.status;
	} else if (f.n > 0) {
		status = run_words(n, &f, flags);
	} else {
		status = run_here(n, NULL, NULL, &f);
		if (!assign_all(n->assigns, false))
			status = sh.status;
		else if (status == 0)
			status = sh.substitution_status;
	}
	arena_release(sh.temp, mark);
	return status;
}
