/*
 * false: fails.
 */
#include "shared/program.h"

int main(int argc, char **argv)
{
	program_begin(argc, argv, "[ignored]...\nExits with status 1.");
	return 1;
}
