/* The kernel's command line as init reads it: words separated by spaces.
 *
 *	exec=TEXT	run `sh -c TEXT` with a raw terminal, then power off with its status
 *	run=TEXT	the same for a program: TEXT is its path and arguments, separated by spaces
 *	init=PATH	run this in place of the interactive shell
 *	once		power off when the interactive program ends
 *	root=memory	no disk: the root directory is in memory
 *
 * TEXT is percent-encoded (%20 is a space). Other words are the kernel's.
 */
#ifndef INIT_COMMAND_H
#define INIT_COMMAND_H

#include <stdbool.h>

#define COMMAND_TEXT 2048
#define COMMAND_ARGS 64

struct command {
	bool scripted; /* exec= or run=: raw terminal, markers, power off */
	bool once;
	bool memory_root;
	char text[COMMAND_TEXT];
	char *argv[COMMAND_ARGS + 1];
};

/* Reads `line`; what it says of the program ends up in argv. False: an encoding or length is bad. */
bool command_parse(struct command *command, const char *line);

#endif
