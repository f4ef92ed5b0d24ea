/*
 * Commands that are both programs and builtins of the shell: echo, printf, test and kill. The
 * shell must not use stdio for them, so each is told how to write and how to complain.
 */
#ifndef SHARED_COMMANDS_H
#define SHARED_COMMANDS_H

#include <stddef.h>

typedef void put_fn(const char *s, size_t n);
typedef void complain_fn(const char *fmt, ...);

/* Each takes the argument vector with the command's name first, and returns the exit status. */
int echo_command(int argc, char **argv, put_fn *put);
int printf_command(int argc, char **argv, put_fn *put, complain_fn *complain);
int test_command(int argc, char **argv, complain_fn *complain);

/* kill_job sends a signal to a job named %...; NULL where there are no jobs. */
int kill_command(int argc, char **argv, put_fn *put, complain_fn *complain,
	int (*kill_job)(const char *spec, int number));

const char *signal_name(int number); /* "INT"; NULL when there is no such signal */
int signal_number(const char *name); /* of "INT", "SIGINT" or "2"; -1 when there is none */

/*
 * Decodes the escape after a backslash at *s, which is moved past it. Returns the byte, -1 for \c
 * (print no more), or -2 when there is no such escape and nothing was moved. `octal_zero` asks for
 * echo's \0NNN instead of \NNN.
 */
int decode_escape(const char **s, int octal_zero);

#endif
