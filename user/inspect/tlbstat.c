/* tlbstat: faults by kind and shootdowns sent and avoided, by hart. */
#include "inspect.h"

static const char *const fault_names[] = {"spurious", "zero fill", "copy on write", "file read",
	"file write", "waited for pager", "SIGSEGV", "SIGBUS"};

static struct quire_info_hart harts[32];
static unsigned count;

static void row(const char *name, size_t offset)
{
	unsigned long long total = 0;

	printf("%-20s", name);
	for (unsigned i = 0; i < count; i++) {
		uint64_t v;

		memcpy(&v, (char *)&harts[i] + offset, sizeof(v));
		total += v;
		printf(" %9llu", (unsigned long long)v);
	}
	printf(" %10llu\n", total);
}
#define ROW(name, field) row(name, offsetof(struct quire_info_hart, field))

int main(int argc, char **argv)
{
	inspect_usage(argc, argv, 0, "tlbstat",
		"Counts since boot, by hart: faults, copies, fences, switches.");
	while (count < 32 && inspect(QUIRE_INFO_HART, count ? harts[count - 1].index + 1 : 0,
				     &harts[count], sizeof(harts[0])))
		count++;
	printf("%-20s", "hart");
	for (unsigned i = 0; i < count; i++)
		printf(" %9lu", (unsigned long)harts[i].index);
	printf("      total\n");
	for (unsigned k = 0; k < sizeof(fault_names) / sizeof(fault_names[0]); k++)
		row(fault_names[k],
			offsetof(struct quire_info_hart, faults) + k * sizeof(uint64_t));
	ROW("pages copied", cow_copies);
	ROW("pages taken over", cow_reuses);
	ROW("pages zeroed", zero_fills);
	ROW("remote fences", fences_sent);
	ROW("harts disturbed", fence_targets);
	ROW("fences avoided", fences_avoided);
	ROW("flushes at switch-in", lazy_flushes);
	ROW("local fences", local_flushes);
	ROW("switches", switches);
	ROW("calls", ipc_calls);
	ROW("direct switches", ipc_fast);
	ROW("system calls", syscalls);
	ROW("interrupts", irqs);
	ROW("wake-up interrupts", ipis);
	ROW("threads stolen", steals);
	return 0;
}
