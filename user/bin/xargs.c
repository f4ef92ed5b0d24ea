/*
 * xargs: builds command lines from standard input and runs them.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/options.h"
#include "shared/program.h"

#define MAX_BYTES (16 * 1024) /* of arguments in one command */

static char **command;
static int n_command;
static char **items;
static size_t n_items;
static size_t item_bytes;
static long long max_items = LONG_MAX;
static const char *replace;
static bool by_nul;
static bool by_line;
static bool no_run_if_empty;
static bool trace;
static int status;

static int wait_for(pid_t pid)
{
	int child;

	while (waitpid(pid, &child, 0) < 0)
		if (errno != EINTR)
			return 1;
	if (WIFSIGNALED(child))
		die(125, "%s: terminated by signal %d", command[0], WTERMSIG(child));
	return WEXITSTATUS(child);
}

static void run(char **argv)
{
	int code;
	pid_t pid;
	int i;

	for (i = 0; trace && argv[i]; i++)
		fprintf(stderr, "%s%s", argv[i], argv[i + 1] ? " " : "\n");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die_errno(1, "cannot fork");
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY);

		/* The program must not eat our input. */
		if (null >= 0)
			dup2(null, STDIN_FILENO);
		execvp(argv[0], argv);
		code = errno == ENOENT ? 127 : 126;
		warn_errno("%s", argv[0]);
		_exit(code);
	}
	code = wait_for(pid);
	if (code == 126 || code == 127)
		exit(code);
	if (code == 255)
		die(124, "%s: exited with status 255; aborting", argv[0]);
	if (code != 0)
		status = 123;
}

/* Runs the command with the items gathered so far. */
static void run_items(void)
{
	char **argv = must_alloc(((size_t)n_command + n_items + 1) * sizeof(*argv));
	size_t i;

	memcpy(argv, command, (size_t)n_command * sizeof(*argv));
	for (i = 0; i < n_items; i++)
		argv[(size_t)n_command + i] = items[i];
	argv[(size_t)n_command + n_items] = NULL;
	run(argv);
	free(argv);
	for (i = 0; i < n_items; i++)
		free(items[i]);
	n_items = 0;
	item_bytes = 0;
}

static char *substitute(const char *arg, const char *item)
{
	size_t n = strlen(replace);
	size_t size = 1;
	const char *s;
	char *out;
	char *o;

	for (s = arg; *s;) {
		bool here = strncmp(s, replace, n) == 0;

		size += here ? strlen(item) : 1;
		s += here ? n : 1;
	}
	out = o = must_alloc(size);
	for (s = arg; *s;) {
		if (strncmp(s, replace, n) == 0) {
			o = stpcpy(o, item);
			s += n;
		} else {
			*o++ = *s++;
		}
	}
	*o = '\0';
	return out;
}

static void run_replaced(const char *item)
{
	char **argv = must_alloc((size_t)(n_command + 1) * sizeof(*argv));
	int i;

	for (i = 0; i < n_command; i++)
		argv[i] = substitute(command[i], item);
	argv[i] = NULL;
	run(argv);
	while (i-- > 0)
		free(argv[i]);
	free(argv);
}

static void take_item(const char *text)
{
	size_t n = strlen(text) + 1;

	if (replace) {
		run_replaced(text);
		return;
	}
	if (n_items > 0 && (item_bytes + n > MAX_BYTES || (long long)n_items >= max_items))
		run_items();
	items = must_realloc(items, (n_items + 1) * sizeof(*items));
	items[n_items++] = must_strdup(text);
	item_bytes += n;
}

struct buffer {
	char *s;
	size_t n;
	size_t cap;
};

static void add(struct buffer *b, int c)
{
	if (b->n + 1 >= b->cap) {
		b->cap = b->cap ? b->cap * 2 : 128;
		b->s = must_realloc(b->s, b->cap);
	}
	b->s[b->n++] = (char)c;
	b->s[b->n] = '\0';
}

/* Reads one item into b. Quotes and backslashes work unless items end at NUL bytes. */
static bool read_item(struct buffer *b)
{
	bool any = false;
	int quote = 0;
	int c;

	b->n = 0;
	while ((c = getchar()) != EOF) {
		if (by_nul) {
			if (c == '\0')
				break;
		} else if (quote) {
			if (c == quote) {
				quote = 0;
				continue;
			}
			if (c == '\n')
				die(1, "unmatched %s quote", quote == '"' ? "double" : "single");
		} else if (c == '"' || c == '\'') {
			quote = c;
			any = true;
			continue;
		} else if (c == '\\') {
			c = getchar();
			if (c == EOF)
				break;
		} else if (c == '\n' || (!by_line && isspace(c))) {
			if (any)
				break;
			continue;
		} else if (by_line && !any && isblank(c)) {
			continue;
		}
		any = true;
		add(b, c);
	}
	if (quote)
		die(1, "unmatched %s quote", quote == '"' ? "double" : "single");
	if (!any && c != EOF)
		any = true;
	if (any && b->n == 0) {
		add(b, '\0');
		b->n = 0;
	}
	return any;
}

int main(int argc, char **argv)
{
	static char echo[] = "echo";
	static char *default_command[] = {echo, NULL};
	struct buffer b = {0};
	bool any = false;
	int c;

	program_begin(argc, argv,
		"[-0rt] [-n MAX] [-I STRING] [PROGRAM [ARGUMENT]...]\n"
		"  -0  items end at NUL bytes\n  -n  no more than MAX items at a time\n"
		"  -I  run once for each line, put in place of STRING\n  -r  do not run without "
		"items\n"
		"  -t  print each command first");
	while ((c = next_option(argc, argv, "+0I:n:rt")) != -1) {
		switch (c) {
		case '0': by_nul = true; break;
		case 'I':
			replace = option_arg;
			by_line = true;
			break;
		case 'n': max_items = number_arg(option_arg, 1, LONG_MAX, "number"); break;
		case 'r': no_run_if_empty = true; break;
		case 't': trace = true; break;
		default: usage_error(1);
		}
	}
	if (replace && !*replace)
		die(1, "the string of -I is empty");
	command = option_index < argc ? argv + option_index : default_command;
	while (command[n_command])
		n_command++;
	while (read_item(&b)) {
		take_item(b.s);
		any = true;
	}
	if (n_items > 0 || (!any && !no_run_if_empty && !replace))
		run_items();
	return program_end(status);
}
