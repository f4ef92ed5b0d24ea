/*
 * Quire's shell: sh [-efnux] [-c COMMAND [NAME]] [FILE] [ARGUMENT]...
 *
 * This file starts the shell and runs its inputs, a command line at a time: each is parsed into an
 * arena of its own, run, and let go.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

#define MAX_INPUTS 200 /* one inside the other; deeper is taken for a runaway recursion */

extern char **environ;

struct shell sh;

void shell_error(const char *fmt, ...)
{
	char text[512];
	const char *name = sh.input && sh.input->name ? sh.input->name : sh.name;
	size_t n = 0;
	va_list ap;

	if (sh.from_terminal)
		n = (size_t)snprintf(text, sizeof(text), "sh: ");
	else if (sh.line == 0)
		n = (size_t)snprintf(text, sizeof(text), "%.200s: ", name);
	else
		n = (size_t)snprintf(text, sizeof(text), "%.200s: %d: ", name, sh.line);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - n - 1, fmt, ap);
	va_end(ap);
	strcat(text, "\n");
	err_str(text);
}

/* An error that ends a script and sends an interactive shell back to its prompt. */
void shell_fail(int status)
{
	sh.status = status;
	sh.flow = sh.interactive ? FLOW_ABORT : FLOW_EXIT;
}

/* Leaves this process, by way of its EXIT trap. */
void shell_exit(int status)
{
	sh.status = status;
	traps_run_exit();
	out_flush();
	_exit(sh.status);
}

/* Whether nothing but blank space follows, so that the command just parsed is the last. */
static bool at_last_command(const struct input *in)
{
	size_t i;

	if (!in->final)
		return false;
	for (i = in->pos; i < in->len; i++)
		if (!strchr(" \t\n;", in->text[i]))
			return false;
	return true;
}

static void run_tree(struct arena *a, const struct node *n)
{
	struct arena *outer = current_tree;

	if (!n)
		return;
	current_tree = a;
	exec_node(n, at_last_command(sh.input) ? EXEC_LAST : 0);
	current_tree = outer;
}

static void before_prompt(void)
{
	sh.interrupted = 0;
	sh.continuation = false;
	sh.loop_depth = 0;
	sh.condition_depth = 0;
	jobs_notify();
}

/* Runs the input on top of the stack to its end, or until something sets sh.flow. */
static void run_commands(bool interactive)
{
	while (sh.flow == FLOW_NONE) {
		struct arena *a = arena_new();
		enum parse_result result;
		struct node *n;

		if (interactive)
			before_prompt();
		result = parse_command_line(a, &n);
		if (result == PARSE_OK) {
			run_tree(a, n);
			if (traps_pending() && sh.flow == FLOW_NONE)
				traps_run();
			if (interactive && sh.interrupted) {
				sh.status = STATUS_SIGNAL(SIGINT);
				sh.flow = FLOW_ABORT;
			}
		} else if (result == PARSE_INTERRUPTED) {
			sh.status = STATUS_SIGNAL(SIGINT);
			sh.flow = FLOW_ABORT;
		} else if (result == PARSE_ERROR) {
			shell_fail(STATUS_SYNTAX);
		}
		arena_unref(a);
		if (result == PARSE_EOF)
			break;
		if (interactive && sh.flow == FLOW_ABORT) {
			if (sh.interrupted)
				err_str("\n");
			locals_restore(NULL);
			input_discard_line();
			sh.flow = FLOW_NONE;
		}
	}
}

/* Runs an input that was pushed, and pops it. One that runs itself again (eval, a sourced file, a
 * trap that sends its own signal) ends with an error, not with the stack. */
int run_input(struct input *in)
{
	static int nested;

	if (nested == MAX_INPUTS) {
		shell_error("commands nested too deeply");
		shell_fail(STATUS_SYNTAX);
	} else {
		nested++;
		run_commands(in->interactive);
		nested--;
	}
	input_pop();
	return sh.status;
}

int run_string(const char *text)
{
	struct input in;

	input_push_string(&in, text, strlen(text), sh.line ? sh.line : 1);
	return run_input(&in);
}

/* Runs a script in this shell. A missing one is an error only if it must exist. */
int run_file(const char *path, int if_missing)
{
	struct input in;
	int fd = open(path, O_RDONLY);
	int status;

	if (fd >= 0)
		fd = fd_move_high(fd);
	if (fd < 0) {
		if (!if_missing)
			return sh.status;
		shell_error("cannot open %s: %s", path, strerror(errno));
		shell_fail(if_missing);
		return sh.status;
	}
	input_push_fd(&in, fd, path);
	status = run_input(&in);
	fd_close_high(fd);
	return status;
}

struct command_line {
	bool command; /* -c */
	bool force_interactive;
	bool read_stdin; /* -s */
	int first;	 /* the first argument that is no option */
};

static int parse_options(int argc, char **argv, struct command_line *c)
{
	int i;

	for (i = 1; i < argc && (argv[i][0] == '-' || argv[i][0] == '+') && argv[i][1]; i++) {
		bool on = argv[i][0] == '-';
		const char *o = argv[i] + 1;

		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		for (; *o; o++) {
			int bad = 0;

			if (*o == 'c')
				c->command = true;
			else if (*o == 'i')
				c->force_interactive = true;
			else if (*o == 's')
				c->read_stdin = true;
			else if (*o == 'o' && i + 1 < argc)
				bad = set_option_long(argv[++i], on);
			else if (*o != 'l')
				bad = set_option(*o, on);
			if (bad)
				return bad;
		}
	}
	c->first = i;
	return 0;
}

static int run_stdin(void)
{
	struct input in;

	input_push_fd(&in, STDIN_FILENO, NULL);
	in.interactive = sh.interactive;
	/* Commands read the same input: take no more than is being run. */
	in.byte_at_a_time = !isatty(STDIN_FILENO);
	return run_input(&in);
}

static void init_variables(void)
{
	char digits[24];

	vars_init(environ);
	snprintf(digits, sizeof(digits), "%ld", (long)getppid());
	var_set("PPID", digits);
	var_set("IFS", " \t\n");
	var_set("OPTIND", "1");
	if (!var_get("PATH"))
		var_set_flags("PATH", "/bin", true, false);
	directory_init();
}

static int usage(void)
{
	out_str("usage: sh [-aCefnsux] [-o OPTION] [-c COMMAND [NAME] | FILE] [ARGUMENT]...\n"
		"Runs the COMMAND, the script FILE, or what is typed.\n");
	out_flush();
	return 0;
}

int main(int argc, char **argv)
{
	struct command_line c = {0};
	const char *text = NULL;
	struct input in;
	int bad;

	sh.name = argc > 0 ? argv[0] : "sh";
	sh.pid = getpid();
	sh.temp = arena_new();
	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return usage();
	bad = parse_options(argc, argv, &c);
	if (bad)
		return bad;
	init_variables();
	if (c.command) {
		if (c.first == argc) {
			shell_error("-c needs a command");
			return STATUS_SYNTAX;
		}
		text = argv[c.first++];
	}
	if (c.first < argc && !c.read_stdin)
		sh.name = argv[c.first++];
	else if (!c.command)
		c.read_stdin = true;
	if (c.first < argc)
		params_set(argv + c.first, argc - c.first);
	sh.interactive = c.force_interactive || (c.read_stdin && !text && isatty(STDIN_FILENO));
	sh.from_terminal = sh.interactive;
	traps_init();
	jobs_init();
	sh.line = 1;
	if (text) {
		input_push_string(&in, text, strlen(text), 1);
		in.final = true;
		run_input(&in);
	} else if (c.read_stdin) {
		run_stdin();
	} else {
		run_file(sh.name, STATUS_NOTFOUND);
	}
	if (sh.interactive && sh.flow == FLOW_NONE)
		err_str("\n");
	shell_exit(sh.status);
}
