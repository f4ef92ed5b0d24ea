/* pmap: a process's regions, and with -x each page: which frame it is, and who else has it. */
#include "inspect.h"

static void show_pages(int32_t pid, const struct quire_info_region *r)
{
	struct quire_info_page p;
	char prot[5];

	for (uint32_t va = r->start; va < r->end; va += QUIRE_PAGE_SIZE) {
		p.pid = pid;
		if (!inspect(QUIRE_INFO_PAGE, va, &p, sizeof(p)) || !p.frame)
			continue;
		printf("    %08lx  frame %05lx %.3s refs %lu maps %lu", (unsigned long)va,
			(unsigned long)p.frame, inspect_prot(p.prot, 0, prot),
			(unsigned long)p.refs, (unsigned long)p.mapcount);
		if (p.object)
			printf("  object %lu page %lu%s", (unsigned long)p.object,
				(unsigned long)p.index, p.dirty ? " dirty" : "");
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	struct quire_info_region r;
	bool pages = argc > 1 && !strcmp(argv[1], "-x");
	const char *arg = argc > 1 + pages ? argv[1 + pages] : NULL;
	char *end = NULL, prot[5];
	int32_t pid = arg ? (int32_t)strtol(arg, &end, 10) : getpid();
	unsigned long size = 0, resident = 0, private_pages = 0;
	bool any = false;

	if (argc > 2 + pages || (arg && (*end || !*arg))) {
		bool help = arg && !strcmp(arg, "--help");

		fprintf(help ? stdout : stderr,
			"usage: pmap [-x] [PID]\n"
			"Shows the regions of a process (default: itself); -x: each resident page.\n");
		return help ? 0 : 2;
	}
	printf("START    END      PROT      KIB RESIDENT  PRIVATE OBJECT     PAGE\n");
	for (uint32_t va = 0;; va = r.end) {
		r.pid = pid;
		if (!inspect(QUIRE_INFO_REGION, va, &r, sizeof(r)))
			break;
		any = true;
		printf("%08lx %08lx %s %8lu %8lu %8lu ", (unsigned long)r.start,
			(unsigned long)r.end, inspect_prot(r.prot, r.flags, prot),
			(unsigned long)(r.end - r.start) / 1024, (unsigned long)r.resident * 4,
			(unsigned long)r.private_pages * 4);
		if (r.object)
			printf("%6lu %8lu\n", (unsigned long)r.object,
				(unsigned long)r.page_offset);
		else
			printf("     -        -\n");
		if (pages)
			show_pages(pid, &r);
		size += (r.end - r.start) / 1024;
		resident += r.resident * 4;
		private_pages += r.private_pages * 4;
	}
	if (!any) {
		fprintf(stderr, "pmap: no process %ld\n", (long)pid);
		return 1;
	}
	printf("total                  %8lu %8lu %8lu\n", size, resident, private_pages);
	return 0;
}
