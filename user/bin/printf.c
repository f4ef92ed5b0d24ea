/*
 * printf: formatted output, as C's printf with string arguments. The shell has it built in.
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

	fflush(stdout);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int main(int argc, char **argv)
{
	program_begin(argc, argv,
		"FORMAT [ARGUMENT]...\n"
		"Conversions: diouxX eEfgGaA s c b (a string with escapes) and %%.");
	return program_end(printf_command(argc, argv, put, complain));
}
