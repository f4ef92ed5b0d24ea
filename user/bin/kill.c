/*
 * kill: sends a signal to processes. The shell's own also knows its jobs.
 */
#include <stdarg.h>
#include <stdio.h>

#include "shared/commands.h"
#include "shared/program.h"

static void put(const char *s, size_t n)
{
	fwrite(s, 1, n, stdout);
}

static void complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int main(int argc, char **argv)
{
	program_begin(argc, argv,
		"[-s SIGNAL | -SIGNAL] PID...\n       kill -l [NUMBER]...\n"
		"Sends TERM or the SIGNAL; -l lists their names.");
	return program_end(kill_command(argc, argv, put, complain, NULL));
}
