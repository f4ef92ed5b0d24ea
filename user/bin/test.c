/*
 * test: conditions as an exit status. The shell has it built in, also under the name [.
 */
#include <stdarg.h>
#include <stdio.h>

#include "shared/commands.h"

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
	return test_command(argc, argv, complain);
}
