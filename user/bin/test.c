/*
 * test: conditions as an exit status. The shell has it built in, also under the name [.
 */
#include "shared/commands.h"
#include "shared/program.h"

int main(int argc, char **argv)
{
	return test_command(argc, argv, complain);
}
