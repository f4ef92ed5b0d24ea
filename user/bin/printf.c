/*
 * printf: formatted output, as C's printf with string arguments. The shell has it built in.
 */
#include "shared/commands.h"
#include "shared/program.h"

int main(int argc, char **argv)
{
	program_begin(argc, argv,
		"FORMAT [ARGUMENT]...\n"
		"Conversions: diouxX eEfgGaA s c b (a string with escapes) and %%.");
	return program_end(printf_command(argc, argv, put_output, complain));
}
