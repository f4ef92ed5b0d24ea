/*
 * The table of builtins, and those that are a few lines each: flow control, variables, and the
 * ones shared with programs.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"
#include "../shared/commands.h"

static int builtin_true(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static int builtin_false(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 1;
}

static int builtin_echo(int argc, char **argv)
{
	return echo_command(argc, argv, out_write);
}

static int builtin_printf(int argc, char **argv)
{
	return printf_command(argc, argv, out_write, shell_error);
}

static int builtin_test(int argc, char **argv)
{
	return test_command(argc, argv, shell_error);
}

/* The number in argv[1], or `otherwise` without one; -1, with a message, for what is no number. */
static int count_argument(int argc, char **argv, int otherwise)
{
	char *end;
	long n;

	if (argc < 2)
		return otherwise;
	n = strtol(argv[1], &end, 10);
	if (end == argv[1] || *end || n < 0 || n > 0x7fffffff) {
		shell_error("%s: %s: bad number", argv[0], argv[1]);
		return -1;
	}
	return (int)n;
}

static int builtin_break(int argc, char **argv)
{
	int levels = count_argument(argc, argv, 1);

	if (levels < 1) {
		shell_fail(STATUS_SYNTAX);
		return STATUS_SYNTAX;
	}
	if (sh.loop_depth == 0)
		return 0;
	sh.status = 0;
	sh.flow = argv[0][0] == 'b' ? FLOW_BREAK : FLOW_CONTINUE;
	sh.flow_levels = levels < sh.loop_depth ? levels : sh.loop_depth;
	return 0;
}

static int leave(int argc, char **argv, enum flow flow)
{
	int status = count_argument(argc, argv, sh.status);

	if (status < 0) {
		shell_fail(STATUS_SYNTAX);
		return STATUS_SYNTAX;
	}
	sh.status = status & 0xff;
	sh.flow = flow;
	return sh.status;
}

static int builtin_exit(int argc, char **argv)
{
	return leave(argc, argv, FLOW_EXIT);
}

static int builtin_return(int argc, char **argv)
{
	return leave(argc, argv, FLOW_RETURN);
}

static int builtin_shift(int argc, char **argv)
{
	int n = count_argument(argc, argv, 1);

	if (n < 0 || n > sh.params.n) {
		if (n >= 0)
			shell_error("shift: cannot shift that many");
		shell_fail(STATUS_SYNTAX);
		return STATUS_SYNTAX;
	}
	sh.params.v += n;
	sh.params.n -= n;
	return 0;
}

/* export and readonly */
static int set_flags(int argc, char **argv, bool exported, bool readonly)
{
	const char *prefix = exported ? "export " : "readonly ";
	int status = 0;
	int i = 1;

	if (argc == 1 || (argc == 2 && strcmp(argv[1], "-p") == 0)) {
		vars_print(prefix, exported, readonly, false);
		return 0;
	}
	if (strcmp(argv[i], "--") == 0 || strcmp(argv[i], "-p") == 0)
		i++;
	for (; i < argc; i++) {
		size_t n = strcspn(argv[i], "=");
		bool has_value = argv[i][n] == '=';

		if (!is_name(argv[i], n)) {
			shell_error("%s: %s: bad variable name", argv[0], argv[i]);
			shell_fail(STATUS_SYNTAX);
			return STATUS_SYNTAX;
		}
		argv[i][n] = '\0';
		status |= var_set_flags(
			argv[i], has_value ? argv[i] + n + 1 : NULL, exported, readonly);
	}
	return status;
}

static int builtin_export(int argc, char **argv)
{
	return set_flags(argc, argv, true, false);
}

static int builtin_readonly(int argc, char **argv)
{
	return set_flags(argc, argv, false, true);
}

static int builtin_local(int argc, char **argv)
{
	int i;

	if (sh.function_depth == 0) {
		shell_error("local: not in a function");
		return 1;
	}
	for (i = 1; i < argc; i++) {
		size_t n = strcspn(argv[i], "=");
		bool has_value = argv[i][n] == '=';

		if (!is_name(argv[i], n)) {
			shell_error("local: %s: bad variable name", argv[i]);
			return 1;
		}
		argv[i][n] = '\0';
		if (var_make_local(argv[i]) != 0 ||
			(has_value && var_set(argv[i], argv[i] + n + 1) != 0))
			return 1;
	}
	return 0;
}

static int builtin_unset(int argc, char **argv)
{
	bool functions = false;
	int status = 0;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		functions = strcmp(argv[i], "-f") == 0;
		if (!functions && strcmp(argv[i], "-v") != 0) {
			shell_error("unset: %s: bad option", argv[i]);
			return STATUS_SYNTAX;
		}
	}
	for (; i < argc; i++) {
		if (functions)
			function_remove(argv[i]);
		else
			status |= var_unset(argv[i]);
	}
	return status;
}

static int builtin_eval(int argc, char **argv)
{
	struct strbuf text = {0};
	int status;
	int i;

	for (i = 1; i < argc; i++) {
		if (i > 1)
			sb_add(&text, ' ');
		sb_add_str(&text, argv[i]);
	}
	sh.status = 0;
	status = run_string(sb_str(&text));
	sb_free(&text);
	return status;
}

/* Where `.` finds its script: as named when there is a slash, else along PATH, else here. */
static char *find_script(const char *name)
{
	const char *path = strchr(name, '/') ? NULL : var_get("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		char *candidate = arena_alloc(sh.temp, n + strlen(name) + 2);

		memcpy(candidate, path, n);
		candidate[n] = '/';
		strcpy(candidate + n + 1, name);
		if (n > 0 && access(candidate, R_OK) == 0)
			return candidate;
		path += n + (path[n] == ':');
	}
	return arena_strdup(sh.temp, name);
}

static int builtin_dot(int argc, char **argv)
{
	struct params outer = sh.params;
	int status;

	if (argc < 2) {
		shell_error("%s: file name expected", argv[0]);
		shell_fail(STATUS_SYNTAX);
		return STATUS_SYNTAX;
	}
	if (argc > 2)
		sh.params = (struct params){.n = argc - 2, .v = argv + 2};
	sh.status = 0;
	status = run_file(find_script(argv[1]), STATUS_SYNTAX);
	if (sh.flow == FLOW_RETURN)
		sh.flow = FLOW_NONE;
	if (argc > 2) {
		params_free(&sh.params);
		sh.params = outer;
	}
	return status;
}

static int builtin_exec(int argc, char **argv)
{
	if (argc > 1)
		exec_program(argv + 1, vars_environ(sh.temp));
	return 0;
}

static int builtin_help(int argc, char **argv);

/* Kept sorted by how often scripts use them, for the search is linear. */
static const struct builtin builtins[] = {
	{"[", builtin_test, false},
	{"echo", builtin_echo, false},
	{"test", builtin_test, false},
	{":", builtin_true, true},
	{"true", builtin_true, false},
	{"false", builtin_false, false},
	{"printf", builtin_printf, false},
	{"cd", builtin_cd, false},
	{"read", builtin_read, false},
	{"set", builtin_set, true},
	{"shift", builtin_shift, true},
	{"local", builtin_local, false},
	{"return", builtin_return, true},
	{"break", builtin_break, true},
	{"continue", builtin_break, true},
	{"exit", builtin_exit, true},
	{"export", builtin_export, true},
	{"unset", builtin_unset, true},
	{"eval", builtin_eval, true},
	{"exec", builtin_exec, true},
	{".", builtin_dot, true},
	{"source", builtin_dot, false},
	{"readonly", builtin_readonly, true},
	{"trap", builtin_trap, true},
	{"wait", builtin_wait, false},
	{"kill", builtin_kill, false},
	{"jobs", builtin_jobs, false},
	{"fg", builtin_fg, false},
	{"bg", builtin_bg, false},
	{"pwd", builtin_pwd, false},
	{"type", builtin_type, false},
	{"command", builtin_command, false},
	{"getopts", builtin_getopts, false},
	{"umask", builtin_umask, false},
	{"ulimit", builtin_ulimit, false},
	{"help", builtin_help, false},
};

/* For who sits at the prompt for the first time. */
static int builtin_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	out_str("The shell's own commands:\n ");
	for (size_t i = 0; i < sizeof(builtins) / sizeof(*builtins); i++) {
		out_str(" ");
		out_str(builtins[i].name);
	}
	out_str("\nPrograms are in /bin; NAME --help tells what one does.\n"
		"What the system does inside: demo, ps, pmap, free, memobj, tlbstat, trace, check.\n"
		"poweroff ends the session.\n");
	return out_flush();
}

const struct builtin *builtin_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(builtins) / sizeof(*builtins); i++)
		if (strcmp(builtins[i].name, name) == 0)
			return &builtins[i];
	return NULL;
}
