/* libFuzzer on the reader of the device tree: whatever the firmware hands over, no byte outside it is touched, and
 * either facts come of it or a panic that says why. What the facts say of memory must make sense then: the free
 * ranges lie in the machine's memory, behind one another.
 *
 *	fdt-fuzz -tree FILE	writes the tree of facts_host.h, to begin a corpus with
 */
#include "facts_host.h"

static void check_facts(void)
{
	u64 start = riscv_machine.ram_base >> PAGE_SHIFT, end = riscv_machine.ram_end >> PAGE_SHIFT;

	if (arch_hart_count == 0 || arch_hart_count > MAX_HARTS || boot_facts.nfree > BOOT_RANGES ||
		boot_facts.ndevices > BOOT_DEVICES ||
		memchr(boot_facts.cmdline, 0, sizeof(boot_facts.cmdline)) == NULL)
		abort();
	for (u32 i = 0; i < boot_facts.nfree; i++) {
		const struct boot_range *r = &boot_facts.free[i];

		if (r->pages == 0 || r->first < start || r->first + (u64)r->pages > end)
			abort();
	}
	for (u32 i = 1; i < boot_facts.ndevices; i++)
		if (boot_facts.devices[i - 1].phys > boot_facts.devices[i].phys)
			abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	u32 size;
	u8 *tree;
	FILE *file;

	if (*argc != 3 || strcmp((*argv)[1], "-tree") != 0)
		return 0;
	tree = make_tree(&size);
	file = fopen((*argv)[2], "wb");
	exit(!file || fwrite(tree, 1, size, file) != size || fclose(file) != 0);
}

/* The size in the header is not believed beyond what is there: the kernel's limit is the memory that it has mapped,
 * which here ends with the input. */
int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static u8 *blob; /* static: setjmp must not lose it */

	if (size < 40)
		return -1;
	blob = malloc(size);
	memcpy(blob, data, size);
	put32(blob + 4, (u32)size);
	if (!setjmp(panicked)) {
		read_tree(blob, 1);
		check_facts();
	}
	free(blob);
	return 0;
}
