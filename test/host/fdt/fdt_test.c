/* Tests of arch/riscv/fdt.c and facts.c on the host, under the sanitizers.
 *
 * The facts read from a tree like QEMU's (facts_host.h) are compared one by one; then the same tree is damaged
 * in thousands of ways, and every damaged one must be read without touching a byte outside it: as facts, or as a
 * panic that says so.
 */
#include "facts_host.h"

#define CHECK(condition)                                                            \
	do {                                                                        \
		if (!(condition)) {                                                 \
			fprintf(stderr, "line %d: not %s\n", __LINE__, #condition); \
			exit(1);                                                    \
		}                                                                   \
	} while (0)

/* --- the tests --- */

static bool is_free(u32 phys)
{
	for (u32 i = 0; i < boot_facts.nfree; i++)
		if (phys >> 12 >= boot_facts.free[i].first &&
			(phys >> 12) - boot_facts.free[i].first < boot_facts.free[i].pages)
			return true;
	return false;
}

static void test_facts(const u8 *blob)
{
	CHECK(!setjmp(panicked));
	CHECK(read_tree(blob, 7) == 1);
	CHECK(arch_hart_count == 3);
	CHECK(riscv_machine.hart_id[0] == 1 && riscv_machine.hart_id[1] == 7 &&
		riscv_machine.hart_id[2] == 40);
	CHECK(riscv_machine.sstc_named);
	CHECK(boot_facts.timebase_hz == 10000000);
	CHECK(strcmp(boot_facts.cmdline, "exec=true quiet") == 0);
	CHECK(boot_facts.memory_bytes == 0x8000000);
	CHECK(boot_facts.initrd_phys == 0x84000000 && boot_facts.initrd_offset == 0x123);
	CHECK(boot_facts.initrd_bytes == 0x10000 - 0x123);
	CHECK(riscv_machine.plic_phys == 0x0c000000 && riscv_machine.plic_sources == 95);
	CHECK(riscv_machine.plic_context[0] == 3 && riscv_machine.plic_context[1] == 1 &&
		riscv_machine.plic_context[2] == 6);
	CHECK(riscv_machine.test_phys == 0x100000 && boot_facts.rtc_phys == 0x101000);
	CHECK(boot_facts.ndevices == 4);
	CHECK(strcmp(boot_facts.devices[0].compatible, "google,goldfish-rtc") == 0);
	CHECK(boot_facts.devices[1].phys == 0x10000000 && boot_facts.devices[1].irq == 10);
	CHECK(boot_facts.devices[2].phys == 0x10001000 && boot_facts.devices[3].phys == 0x10002000);

	CHECK(!is_free(0x80000000) && !is_free(0x8003f000)); /* firmware */
	CHECK(is_free(0x80040000) && is_free(0x803ff000));
	CHECK(!is_free(0x80400000) && !is_free(0x8046b000)); /* the image, three stacks */
	CHECK(is_free(0x8046c000) && is_free(0x804db000));
	CHECK(!is_free(0x804dc000) && is_free(0x804e0000)); /* the slot that boot runs on */
	CHECK(!is_free(0x81000000) && !is_free(0x81002000) && is_free(0x81003000));
	CHECK(!is_free(0x84000000) && !is_free(0x8400f000) && is_free(0x84010000));
	CHECK(!is_free(0x87e00000) && is_free(0x87dff000) && is_free(0x87ffe000));
	CHECK(!is_free(0x88000000));
}

static void test_no_boot_hart(const u8 *blob)
{
	if (!setjmp(panicked)) {
		read_tree(blob, 2); /* it is disabled */
		CHECK(!"the boot hart must be in the tree");
	}
	CHECK(strstr(panic_text, "does not have hart"));
}

/* A node's end before any beginning ends the tree; it once led to a depth of -1. */
static void test_end_first(const u8 *good, u32 size)
{
	static u8 *blob; /* static: setjmp must not lose it */
	u32 structs = (u32)good[8] << 24 | (u32)good[9] << 16 | (u32)good[10] << 8 | good[11];

	blob = malloc(size);
	memcpy(blob, good, size);
	put32(blob + structs, 2);
	put32(blob + structs + 4, 1);
	if (!setjmp(panicked)) {
		read_tree(blob, 1);
		CHECK(!"a tree without nodes has no harts");
	}
	CHECK(strstr(panic_text, "does not have hart"));
	free(blob);
}

static u32 seed = 1;
static u32 draw(u32 below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* Damages a copy of the tree, keeping the size in its header within what is there. */
static void test_damaged(const u8 *good, u32 size)
{
	static u32 survived, refused;
	static u8 *blob; /* static: setjmp must not lose them */
	static int round;

	for (round = 0; round < 30000; round++) {
		u32 length = draw(4) ? size : 40 + draw(size - 40);

		blob = malloc(length);
		memcpy(blob, good, length);
		for (u32 n = 1 + draw(4); n; n--) {
			static const u32 nasty[] = {0, 1, 2, 3, 4, 9, 0x7fffffff, 0x80000000,
				0xffffffff, 0xfffffffc, 0x1000};
			u32 at = draw(3) ? draw(length / 4) * 4 : draw(10) * 4;

			if (draw(2))
				blob[draw(length)] ^= (u8)(1 << draw(8));
			else
				put32(blob + at, nasty[draw(ARRAY_SIZE(nasty))]);
		}
		put32(blob + 4, length);
		if (!setjmp(panicked)) {
			read_tree(blob, 1);
			survived++;
		} else {
			refused++;
		}
		free(blob);
	}
	CHECK(survived > 1000 && refused > 1000);
	printf("%u damaged trees read, %u refused\n", survived, refused);
}

int main(void)
{
	u32 size;
	u8 *blob = make_tree(&size);

	test_facts(blob);
	test_no_boot_hart(blob);
	test_end_first(blob, size);
	test_damaged(blob, size);
	free(blob);
	return 0;
}
