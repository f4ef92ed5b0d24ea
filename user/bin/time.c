/*
 * time: how long a program takes, by the clock and on the processors.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shared/program.h"

static void print_seconds(const char *what, double seconds)
{
	complain("%s %.3f", what, seconds);
}

int main(int argc, char **argv)
{
	double tick = (double)sysconf(_SC_CLK_TCK);
	struct timespec start;
	struct timespec end;
	struct tms used;
	int first = 1;
	int status;
	pid_t pid;

	program_begin(argc, argv,
		"[-p] PROGRAM [ARGUMENT]...\nPrints the seconds of real, user and system time that "
		"it took.");
	if (first < argc && strcmp(argv[first], "-p") == 0)
		first++;
	if (first == argc) {
		warn("missing program");
		usage_error(125);
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	pid = fork();
	if (pid < 0)
		die_errno(125, "cannot fork");
	if (pid == 0) {
		execvp(argv[first], argv + first);
		status = errno == ENOENT ? 127 : 126;
		warn_errno("cannot run %s", argv[first]);
		_exit(status);
	}
	signal(SIGINT, SIG_IGN);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die_errno(125, "cannot wait");
	clock_gettime(CLOCK_MONOTONIC, &end);
	print_seconds("real",
		(double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9);
	if (tick > 0 && times(&used) != (clock_t)-1) {
		print_seconds("user", (double)used.tms_cutime / tick);
		print_seconds("sys", (double)used.tms_cstime / tick);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
