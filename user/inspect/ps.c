/* ps: the processes, and what each holds of memory and time. */
#include "inspect.h"

int main(int argc, char **argv)
{
	struct quire_info_process p;

	inspect_usage(argc, argv, 0, "ps",
		"Lists processes: state R running, S waiting, T stopped, Z ended; sizes in KiB.");
	printf("  PID  PPID  PGID S THR     SIZE RESIDENT    TIME ASID FAULTS NAME\n");
	for (uint32_t pid = 0; inspect(QUIRE_INFO_PROCESS, pid, &p, sizeof(p));
		pid = (uint32_t)p.pid + 1)
		printf("%5ld %5ld %5ld %c %3lu %8lu %8lu %4lu.%02lu %4lu %6lu %.32s\n", (long)p.pid,
			(long)p.ppid, (long)p.pgid, (int)p.state, (unsigned long)p.threads,
			(unsigned long)p.size * 4, (unsigned long)p.resident * 4,
			(unsigned long)(p.cpu_ns / 1000000000),
			(unsigned long)(p.cpu_ns / 10000000 % 100), (unsigned long)p.asid,
			(unsigned long)p.faults, p.name);
	return 0;
}
