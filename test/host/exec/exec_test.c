/* Programs as they should not be, one by one, and some that are only odd: kernel/image.c says of each what it has
 * to say, loads what it has to load, and gives everything back, also when any one allocation fails. */
#include "load.h"
#include <sim.h>
#include <stdio.h>
#include <string.h>

#define R   ELF_R
#define RX  (ELF_R | ELF_X)
#define RW  (ELF_R | ELF_W)
#define RWX (ELF_R | ELF_W | ELF_X)

static u8 file[FILE_MOST];
static u32 size;
static struct elf_header *const head = (struct elf_header *)file;
static struct elf_segment *const part = (struct elf_segment *)(file + sizeof(struct elf_header));
static const char *now;

static const struct exec_args two_args = {"prog\0x\0A=1\0", 11, 2, 1, QUIRE_STACK_BYTES};

/* Text at 0x10000 from the file's beginning, data at 0x20000 with bss, and an entry. */
static void good(void)
{
	static const u8 ident[] = {0x7f, 'E', 'L', 'F', 1, 1, 1};

	size = 6 * PAGE_SIZE + 700;
	for (u32 i = 0; i < size; i++)
		file[i] = (u8)(i * 13 + i / 256);
	memset(head, 0, sizeof(*head));
	memset(part, 0, 16 * sizeof(*part));
	memcpy(head->ident, ident, sizeof(ident));
	head->type = ELF_EXECUTABLE;
	head->machine = 243;
	head->version = 1;
	head->entry = 0x10800;
	head->segment_offset = sizeof(*head);
	head->segment_size = sizeof(*part);
	head->segment_count = 2;
	part[0] = (struct elf_segment){ELF_LOAD, 0, 0x10000, 0, 0x2345, 0x2345, RX, 0x1000};
	part[1] = (struct elf_segment){ELF_LOAD, 0x3400, 0x20400, 0, 0x1100, 0x5000, RW, 0x1000};
}

static void want_with(const char *what, int status, const struct exec_args *args)
{
	int got, must;

	now = what;
	must = load_expected(file, size, args);
	if (must != status)
		sim_fail("%s: the test's own reading of the file says %d", what, must);
	got = load(file, size, args);
	if (got != status)
		sim_fail("%s: exec says %d", what, got);
}

static void want(const char *what, int status)
{
	want_with(what, status, &two_args);
}

static void short_of_memory(void)
{
	for (u32 n = 1; load_failing(file, size, &two_args, n); n++)
		;
}

/* One change to the good program. */
#define BAD(what, change)             \
	do {                          \
		good();               \
		change;               \
		want(what, -ENOEXEC); \
	} while (0)
#define GOOD(what, change)         \
	do {                       \
		good();            \
		change;            \
		want(what, 0);     \
		short_of_memory(); \
	} while (0)

static void headers(void)
{
	GOOD("a good program", );
	BAD("an empty file", size = 0);
	BAD("a file that ends in the header", size = 51);
	BAD("a wrong magic", file[1] = 'e');
	BAD("64 bits", file[4] = 2);
	BAD("big-endian", file[5] = 2);
	BAD("a shared object", head->type = 3);
	BAD("another machine", head->machine = 3);
	BAD("another version", head->version = 2);
	BAD("no segments", head->segment_count = 0);
	GOOD("16 segments", head->segment_count = 16);
	BAD("17 segments", head->segment_count = 17);
	BAD("65535 segments", head->segment_count = 0xffff);
	BAD("segment headers of another size", head->segment_size = 56);
	BAD("the table behind the end", head->segment_offset = size - 63);
	BAD("the table far behind the end", head->segment_offset = 0xfffffff0);
	GOOD("the table at the end",
		(memmove(file + size - 64, part, 64), head->segment_offset = size - 64));
	GOOD("a table that is not aligned",
		(memmove(file + 0x5801, part, 64), head->segment_offset = 0x5801));
}

static void entries(void)
{
	BAD("an odd entry", head->entry |= 1);
	BAD("an entry nowhere", head->entry = 0x50000);
	BAD("an entry in the data", head->entry = 0x20400);
	BAD("an entry just behind the text",
		(part[0].file_size = part[0].memory_size = 0x2344, head->entry = 0x12344));
	GOOD("an entry at the text's last place", head->entry = 0x12344);
	BAD("an entry at 0", head->entry = 0);
}

static void kinds(void)
{
	BAD("an interpreter", (part[2].type = ELF_INTERPRETER, head->segment_count = 3));
	BAD("dynamic linking", (part[2].type = ELF_DYNAMIC, head->segment_count = 3));
	GOOD("a note that lies anywhere", (part[2] = (struct elf_segment){4, 0xffffffff, 0xfffff000,
						   0, 0xffffffff, 0xffffffff, 0, 0},
						  head->segment_count = 3));
	GOOD("a segment of nothing, anywhere",
		(part[2] = (struct elf_segment){ELF_LOAD, 0xffffffff, 0xfffff000, 0, 5, 0, RW, 0},
			head->segment_count = 3));
}

static void ranges(void)
{
	BAD("more in the file than in memory", part[1].memory_size = part[1].file_size - 1);
	BAD("content behind the end", part[1].offset = size - part[1].file_size + 1);
	GOOD("content up to the end", part[1].offset = size - part[1].file_size);
	BAD("content that wraps around", part[1].offset = 0xfffff400);
	BAD("content of 4 GiB", (part[1].file_size = part[1].memory_size = 0xffffffff));
	BAD("page 0", part[1].va = 0x400);
	GOOD("page 1", part[1].va = 0x1400);
	BAD("memory up to the stacks", part[1].va = 0x80000000 - part[1].memory_size + 1);
	GOOD("memory up to the last page", part[1].va = 0x7fffa400);
	BAD("the kernel's memory", part[1].va = 0xc0000400);
	BAD("addresses that wrap around", part[1].va = 0xfffff400);
	BAD("memory that wraps around", part[1].memory_size = 0xfffff000);
}

static void neighbours(void)
{
	BAD("two segments in one place", part[1].va = 0x10400);
	BAD("two segments that share a page", part[1].va = 0x12400);
	GOOD("two segments in neighbouring pages", part[1].va = 0x13400);
	BAD("a segment within another's bss", part[0].va = 0x23000);
}

static void shapes(void)
{
	GOOD("no bss", part[1].memory_size = part[1].file_size);
	GOOD("bss alone", part[1].file_size = 0);
	GOOD("bss in the text's last page", part[0].memory_size += 50);
	GOOD("read-only data with zeros behind", (part[1].flags = R));
	GOOD("content that ends with its page", (part[1].file_size = 0xc00));
	GOOD("content of one byte", (part[1].file_size = 1));
	GOOD("an offset that does not fit the address", part[1].offset = 0x3333);
	GOOD("the same in a program's text", (part[0].offset = 0x123, part[0].file_size = 0x2000));
	GOOD("everything allowed", part[1].flags = RWX);
	GOOD("nothing allowed", part[1].flags = 0);
	GOOD("execution alone", part[0].flags = ELF_X);
	GOOD("stores alone", part[1].flags = ELF_W);
}

static void arguments(void)
{
	static char many[QUIRE_ARG_MAX];
	struct exec_args a = two_args;

	good();
	a.strings = NULL, a.size = a.argc = a.envc = 0;
	want_with("no arguments", 0, &a);
	a = two_args, a.envc = 2;
	want_with("more strings than there are", -EINVAL, &a);
	a = two_args, a.argc = 0xffffffff;
	want_with("4 G arguments", -EINVAL, &a);
	a = two_args, a.argc = 0x80000000, a.envc = 0x80000000;
	want_with("counts whose sum wraps around", -EINVAL, &a);
	a = two_args, a.size = 10;
	want_with("a string without an end", -EINVAL, &a);
	a = two_args, a.argc = 1, a.envc = 0;
	want_with("strings that nobody counts", 0, &a);
	memset(many, 'a', sizeof(many));
	for (u32 i = 1; i < 3000; i += 2)
		many[i] = 0;
	many[sizeof(many) - 1] = 0;
	a = (struct exec_args){many, sizeof(many), 1000, 300, QUIRE_STACK_BYTES};
	want_with("1300 strings", 0, &a);
	memset(many, 0, sizeof(many));
	a = (struct exec_args){many, sizeof(many), 30000, 2766, QUIRE_STACK_BYTES};
	want_with("as many strings as there is room for", 0, &a);
	a.envc++;
	want_with("one string too many", -E2BIG, &a);
	a = two_args, a.stack_limit = 0;
	want_with("no stack to speak of", 0, &a);
	a.stack_limit = QUIRE_LIMIT_NONE;
	want_with("a stack without limit", 0, &a);
}

/* What the counts don't show: the kernel's own memory. Its slabs may grow once, but not each time. */
static void again_and_again(void)
{
	u32 before;

	good();
	want("again and again", 0);
	before = frames_free_estimate();
	for (u32 i = 0; i < 200; i++)
		want("again and again", 0);
	if (frames_free_estimate() + 20 < before)
		sim_fail("%u frames are gone after 200 programs", before - frames_free_estimate());
}

static void tell(void)
{
	printf("at: %s\n", now);
}

int main(void)
{
	load_setup();
	sim_on_failure = tell;
	headers();
	entries();
	kinds();
	ranges();
	neighbours();
	shapes();
	arguments();
	again_and_again();
	printf("every program was loaded or refused as it has to be\n");
	return 0;
}
