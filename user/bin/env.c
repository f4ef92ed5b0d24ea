/*
 * env: shows the environment, or runs a program with a changed one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/options.h"
#include "shared/program.h"

extern char **environ;

static void print_environment(void)
{
	char **e;

	for (e = environ; e && *e; e++)
		puts(*e);
}

int main(int argc, char **argv)
{
	static char *nothing[] = {NULL};
	int c;

	program_begin(argc, argv,
		"[-i] [-u NAME] [NAME=VALUE]... [PROGRAM [ARGUMENT]...]\n"
		"  -i  start from nothing\n  -u  without NAME");
	while ((c = next_option(argc, argv, "+iu:")) != -1) {
		if (c == 'i')
			environ = nothing;
		else if (c == 'u')
			unsetenv(option_arg);
		else
			usage_error(125);
	}
	for (; option_index < argc && strchr(argv[option_index], '='); option_index++) {
		char *name = must_strdup(argv[option_index]);
		char *value = strchr(name, '=');

		*value++ = '\0';
		if (setenv(name, value, 1) != 0)
			die_errno(125, "cannot set '%s'", name);
		free(name);
	}
	if (option_index == argc) {
		print_environment();
		return program_end(0);
	}
	execvp(argv[option_index], argv + option_index);
	c = errno == ENOENT ? 127 : 126;
	warn_errno("'%s'", argv[option_index]);
	return c;
}
