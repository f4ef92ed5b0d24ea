/*
 * sleep: waits for a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared/program.h"

static double seconds_arg(const char *s)
{
	char *end;
	double n = strtod(s, &end);

	if (end == s || !(n >= 0))
		die(1, "invalid time interval '%s'", s);
	if (*end && !end[1] && strchr("smhd", *end)) {
		n *= *end == 'm' ? 60 : *end == 'h' ? 3600 : *end == 'd' ? 86400 : 1;
		end++;
	}
	if (*end)
		die(1, "invalid time interval '%s'", s);
	return n;
}

int main(int argc, char **argv)
{
	struct timespec left;
	double total = 0;
	int i;

	program_begin(argc, argv,
		"NUMBER[smhd]...\nWaits for that many seconds, minutes, hours or days.");
	if (argc < 2) {
		warn("missing operand");
		usage_error(1);
	}
	for (i = 1; i < argc; i++)
		total += seconds_arg(argv[i]);
	if (total > 0x7fffffff)
		total = 0x7fffffff;
	left.tv_sec = (time_t)total;
	left.tv_nsec = (long)((total - (double)left.tv_sec) * 1e9);
	while (nanosleep(&left, &left) != 0)
		if (errno != EINTR)
			die_errno(1, "cannot sleep");
	return 0;
}
