/* trace: records what the kernel does, and prints it. `dump` is for ./quire run --trace, which makes a
 * Chrome trace file of it. */
#include "inspect.h"

static const char *const names[] = {"?", "fault", "fence", "call", "reply", "switch", "syscall",
	"fetch", "writeback", "irq", "wake"};
#define KINDS (sizeof(names) / sizeof(names[0]))

static int usage(FILE *out, int status)
{
	fprintf(out,
		"usage: trace on [KIND...] | off | show | dump\n"
		"Kinds: fault fence call reply switch syscall fetch writeback irq wake (default: all but syscall).\n"
		"`show` prints and empties the rings; `dump` prints them for ./quire run --trace.\n");
	return status;
}

static int enable(int argc, char **argv)
{
	uint32_t mask = argc > 2 ? 0 : 0x7be;

	for (int i = 2; i < argc; i++) {
		unsigned k = 1;

		while (k < KINDS && strcmp(argv[i], names[k]))
			k++;
		if (k == KINDS) {
			fprintf(stderr, "trace: no kind of event is called '%s'\n", argv[i]);
			return 2;
		}
		mask |= 1u << k;
	}
	return sys_trace(QUIRE_TRACE_ENABLE, mask, NULL, 0) < 0;
}

static void print_all(bool raw)
{
	static struct quire_trace_event events[128];

	for (uint32_t hart = 0; hart < 32; hart++) {
		int bytes;

		while ((bytes = sys_trace(QUIRE_TRACE_READ, hart, events, sizeof(events))) > 0)
			for (unsigned i = 0; i < (unsigned)bytes / sizeof(events[0]); i++) {
				struct quire_trace_event *e = &events[i];

				if (raw)
					printf("T %llx %x %x %lx %lx %lx %lx\n",
						(unsigned long long)e->time, e->kind, e->hart,
						(unsigned long)e->a, (unsigned long)e->b,
						(unsigned long)e->c, (unsigned long)e->tid);
				else
					printf("%12llu hart %u thread %lu %-9s %08lx %08lx %08lx%s\n",
						(unsigned long long)e->time, e->hart,
						(unsigned long)e->tid,
						e->kind < KINDS ? names[e->kind] : "?",
						(unsigned long)e->a, (unsigned long)e->b,
						(unsigned long)e->c,
						e->lost ? " (events before this one were lost)"
							: "");
			}
	}
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage(stderr, 2);
	if (!strcmp(argv[1], "--help"))
		return usage(stdout, 0);
	if (!strcmp(argv[1], "on"))
		return enable(argc, argv);
	if (argc > 2)
		return usage(stderr, 2);
	if (!strcmp(argv[1], "off"))
		return sys_trace(QUIRE_TRACE_ENABLE, 0, NULL, 0) < 0;
	if (!strcmp(argv[1], "show") || !strcmp(argv[1], "dump")) {
		bool raw = argv[1][0] == 'd';

		sys_trace(QUIRE_TRACE_ENABLE, 0, NULL, 0); /* its own printing is not of interest */
		if (raw)
			printf("\001QUIRE-TRACE\002\n");
		print_all(raw);
		return 0;
	}
	return usage(stderr, 2);
}
