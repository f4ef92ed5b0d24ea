/*
 * echo: its arguments, separated by blanks. The shell has it built in.
 */
#include "shared/commands.h"
#include "shared/program.h"

int main(int argc, char **argv)
{
	if (argc == 2)
		program_begin(argc, argv,
			"[-neE] [STRING]...\n  -n  no newline at the end\n"
			"  -e  decode backslash escapes\n  -E  do not (the default)");
	else
		program_begin(1, argv, "");
	return program_end(echo_command(argc, argv, put_output));
}
