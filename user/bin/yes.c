/*
 * yes: a line, again and again, as fast as it is taken.
 */
#include <string.h>
#include <unistd.h>

#include "shared/files.h"
#include "shared/program.h"

int main(int argc, char **argv)
{
	static char buffer[8 * 1024];
	size_t line = 0;
	size_t n;
	int i;

	program_begin(argc, argv, "[STRING]...\nPrints the line, or y, until it is stopped.");
	for (i = 1; i < argc; i++) {
		n = strlen(argv[i]);
		if (line + n + 1 > sizeof(buffer))
			die(1, "line too long");
		memcpy(buffer + line, argv[i], n);
		line += n;
		buffer[line++] = i + 1 < argc ? ' ' : '\n';
	}
	if (line == 0) {
		memcpy(buffer, "y\n", 2);
		line = 2;
	}
	for (n = line; n + line <= sizeof(buffer); n += line)
		memcpy(buffer + n, buffer, line);
	while (write_all(STDOUT_FILENO, buffer, n))
		continue;
	die_errno(1, "standard output");
}
