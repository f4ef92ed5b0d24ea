/* free: where the memory is. */
#include "inspect.h"

static void line(const char *name, uint32_t pages)
{
	printf("%-22s %8lu pages %10lu KiB\n", name, (unsigned long)pages,
		(unsigned long)pages * 4);
}

int main(int argc, char **argv)
{
	struct quire_info_memory m;

	inspect_usage(argc, argv, 0, "free",
		"Shows frames by use, commit, and counts of kernel objects.");
	if (!inspect(QUIRE_INFO_MEMORY, 0, &m, sizeof(m))) {
		fprintf(stderr, "free: the kernel does not answer\n");
		return 1;
	}
	line("total", m.frames_total);
	line("free", m.frames_free);
	line("files and shared", m.frames_object);
	line("private", m.frames_private);
	line("page tables", m.frames_table);
	line("kernel", m.frames_kernel);
	line("dirty", m.frames_dirty);
	line("commit used", m.commit_used);
	line("commit limit", m.commit_limit);
	printf("objects %lu, spaces %lu, regions %lu, processes %lu, threads %lu, handles %lu, ports %lu, channels %lu\n",
		(unsigned long)m.objects, (unsigned long)m.spaces, (unsigned long)m.regions,
		(unsigned long)m.processes, (unsigned long)m.threads, (unsigned long)m.handles,
		(unsigned long)m.ports, (unsigned long)m.channels);
	return 0;
}
