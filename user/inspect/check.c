/* check: the kernel's invariant checker. */
#include "inspect.h"

int main(int argc, char **argv)
{
	inspect_usage(argc, argv, 0, "check",
		"Stops all harts, checks every invariant of memory and threads; what is broken goes to the log.");
	int broken = sys_check();

	if (broken < 0) {
		fprintf(stderr, "check: the kernel refused (%d)\n", -broken);
		return 2;
	}
	printf("%d invariants broken\n", broken);
	return broken != 0;
}
