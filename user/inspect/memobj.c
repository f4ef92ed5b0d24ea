/* memobj: the memory objects, each the one place where the pages of a file or of shared memory live. */
#include "inspect.h"

int main(int argc, char **argv)
{
	struct quire_info_object o;

	inspect_usage(argc, argv, 0, "memobj",
		"Lists memory objects; the key is what the object's pager calls it.");
	printf("    ID KIND        KEY         SIZE RESIDENT  DIRTY WRITING REGIONS REFS WAITING\n");
	for (uint32_t id = 0; inspect(QUIRE_INFO_OBJECT, id, &o, sizeof(o)); id = o.id + 1)
		printf("%6lu %-6s %8lx %12llu %8lu %6lu %7lu %7lu %4lu %7lu\n", (unsigned long)o.id,
			inspect_kind(o.kind), (unsigned long)o.key, (unsigned long long)o.size,
			(unsigned long)o.resident, (unsigned long)o.dirty,
			(unsigned long)o.writeback, (unsigned long)o.regions, (unsigned long)o.refs,
			(unsigned long)o.waiting);
	return 0;
}
