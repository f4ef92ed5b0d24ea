/*
 * kill: sends a signal to processes. The shell's own also knows its jobs.
 */
#include "shared/commands.h"
#include "shared/program.h"

int main(int argc, char **argv)
{
	program_begin(argc, argv,
		"[-s SIGNAL | -SIGNAL] PID...\n       kill -l [NUMBER]...\n"
		"Sends TERM or the SIGNAL; -l lists their names.");
	return program_end(kill_command(argc, argv, put_output, complain, NULL));
}
