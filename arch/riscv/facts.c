/* From the device tree: boot_facts for the kernel, riscv_machine for the port.
 *
 * The tree is walked twice, since the interrupt controller names harts by handles that may be
 * defined after it: first for what stands alone, harts among it, then for devices.
 */
#include "riscv.h"
#include "fdt.h"
#include <base/log.h>
#include <base/string.h>

#define RESERVED_MAX 32
#define RAM_MAX	     8

struct boot_facts boot_facts;
struct riscv_machine riscv_machine;
u32 arch_hart_count;

u32 arch_hart_id(u32 index)
{
	return riscv_machine.hart_id[index];
}

struct span {
	u64 start, end;
};
static struct span ram[RAM_MAX], reserved[RESERVED_MAX];
static u32 nram, nreserved;
static u32 cpu_phandle[MAX_HARTS]; /* of each hart's own interrupt controller */
static struct span initrd;

static void reserve(u64 start, u64 end)
{
	if (start >= end)
		return;
	if (nreserved == RESERVED_MAX)
		panic("more than %d reserved ranges of memory", RESERVED_MAX);
	reserved[nreserved++] = (struct span){start, end};
}

/* The tree is outside of what log_format takes for readable memory, so not by %s. */
static void copy_string(char *to, const char *from, size_t size)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = 0;
}

static void read_cpu(const struct fdt_node *n)
{
	u64 id, unused;
	const char *isa = fdt_string(n, "riscv,isa");

	if (!fdt_enabled(n) || !fdt_reg(n, 0, &id, &unused))
		return;
	if (arch_hart_count == MAX_HARTS) {
		log_printf("hart %llu is left out: this kernel runs %d\n", id, MAX_HARTS);
		return;
	}
	if (isa && strncmp(isa, "rv32", 4) == 0)
		for (const char *p = isa; *p; p++)
			riscv_machine.sstc_named |= strncmp(p, "_sstc", 5) == 0;
	riscv_machine.plic_context[arch_hart_count] = ~0u;
	riscv_machine.hart_id[arch_hart_count++] = (u32)id;
}

static void read_chosen(const struct fdt_node *n)
{
	const char *args = fdt_string(n, "bootargs");

	if (args)
		copy_string(boot_facts.cmdline, args, sizeof(boot_facts.cmdline));
	initrd.start = fdt_number(n, "linux,initrd-start", 0);
	initrd.end = fdt_number(n, "linux,initrd-end", 0);
	reserve(initrd.start & ~(u64)PAGE_MASK, initrd.end);
}

static void read_alone(const struct fdt *tree)
{
	struct fdt_node n;
	u64 start, size;
	int cpus_depth = -1, reserved_depth = -1; /* of the node we are inside of */
	bool in_cpu = false;

	for (fdt_start(tree, &n); fdt_next(&n);) {
		const char *type = fdt_string(&n, "device_type");

		if (n.depth <= cpus_depth)
			cpus_depth = -1;
		if (n.depth <= reserved_depth)
			reserved_depth = -1;
		if (n.depth == 1 && fdt_is_named(&n, "cpus")) {
			cpus_depth = 1;
			boot_facts.timebase_hz = fdt_number(&n, "timebase-frequency", 0);
		} else if (cpus_depth >= 0 && n.depth == 2) {
			u32 before = arch_hart_count;

			if (type && strcmp(type, "cpu") == 0)
				read_cpu(&n);
			in_cpu = arch_hart_count > before;
		} else if (cpus_depth >= 0 && in_cpu && fdt_is_named(&n, "interrupt-controller")) {
			cpu_phandle[arch_hart_count - 1] = fdt_word(&n, "phandle", 0, 0);
		} else if (n.depth == 1 && fdt_is_named(&n, "reserved-memory")) {
			reserved_depth = 1;
		} else if (reserved_depth >= 0 && n.depth == 2) {
			for (u32 i = 0; fdt_enabled(&n) && fdt_reg(&n, i, &start, &size); i++)
				reserve(start, start + size);
		} else if (n.depth == 1 && type && strcmp(type, "memory") == 0) {
			for (u32 i = 0; fdt_enabled(&n) && fdt_reg(&n, i, &start, &size); i++)
				if (size && nram < RAM_MAX)
					ram[nram++] = (struct span){start, start + size};
		} else if (n.depth == 1 && fdt_is_named(&n, "chosen")) {
			read_chosen(&n);
		}
	}
	for (u32 i = 0; fdt_reservation(tree, i, &start, &size); i++)
		reserve(start, start + size);
}

static void read_plic(const struct fdt_node *n, u64 start, u64 size)
{
	/* Context i belongs to the i-th pair of (a hart's controller, cause there). */
	riscv_machine.plic_phys = start;
	riscv_machine.plic_size = (u32)size;
	riscv_machine.plic_sources = fdt_word(n, "riscv,ndev", 0, 0);
	for (u32 context = 0;; context++) {
		u32 phandle = fdt_word(n, "interrupts-extended", 2 * context, 0);

		if (!phandle)
			break;
		if (fdt_word(n, "interrupts-extended", 2 * context + 1, ~0u) != 9)
			continue;
		for (u32 i = 0; i < arch_hart_count; i++)
			if (cpu_phandle[i] == phandle)
				riscv_machine.plic_context[i] = context;
	}
}

static void add_device(u64 start, u64 size, u32 irq, const char *compatible)
{
	u32 at = boot_facts.ndevices;

	if (at == BOOT_DEVICES) {
		log_printf("device %s at %#llx is left out\n", compatible, start);
		return;
	}
	/* By address, so that a device's place in the list does not hang on the tree's order. */
	for (; at && boot_facts.devices[at - 1].phys > start; at--)
		boot_facts.devices[at] = boot_facts.devices[at - 1];
	memset(&boot_facts.devices[at], 0, sizeof(struct boot_device));
	boot_facts.devices[at].phys = start;
	boot_facts.devices[at].size = (u32)size;
	boot_facts.devices[at].irq = irq;
	copy_string(boot_facts.devices[at].compatible, compatible,
		sizeof(boot_facts.devices[at].compatible));
	boot_facts.ndevices++;
}

static void read_devices(const struct fdt *tree)
{
	static const char *const wanted[] = {"virtio,mmio", "ns16550a", "google,goldfish-rtc"};
	struct fdt_node n;
	u64 start, size;

	for (fdt_start(tree, &n); fdt_next(&n);) {
		if (!fdt_reg(&n, 0, &start, &size) || !size || !fdt_enabled(&n))
			continue;
		if (fdt_lists(&n, "compatible", "riscv,plic0") ||
			fdt_lists(&n, "compatible", "sifive,plic-1.0.0"))
			read_plic(&n, start, size);
		if (fdt_lists(&n, "compatible", "sifive,test0"))
			riscv_machine.test_phys = start;
		if (fdt_lists(&n, "compatible", "google,goldfish-rtc"))
			boot_facts.rtc_phys = start;
		for (u32 i = 0; i < ARRAY_SIZE(wanted); i++)
			if (fdt_lists(&n, "compatible", wanted[i]))
				add_device(
					start, size, fdt_word(&n, "interrupts", 0, 0), wanted[i]);
	}
}

/* Keeps the largest ranges if there are more than fit. */
static void add_free(u64 start, u64 end)
{
	struct boot_range r;
	u32 smallest = 0;

	start = (start + PAGE_MASK) >> PAGE_SHIFT;
	end >>= PAGE_SHIFT;
	if (start >= end)
		return;
	r = (struct boot_range){(pfn_t)start, (u32)(end - start)};
	if (boot_facts.nfree < BOOT_RANGES) {
		boot_facts.free[boot_facts.nfree++] = r;
		return;
	}
	for (u32 i = 1; i < BOOT_RANGES; i++)
		if (boot_facts.free[i].pages < boot_facts.free[smallest].pages)
			smallest = i;
	if (boot_facts.free[smallest].pages < r.pages)
		boot_facts.free[smallest] = r;
}

static void find_free(void)
{
	for (u32 i = 1; i < nreserved; i++)
		for (u32 j = i; j && reserved[j].start < reserved[j - 1].start; j--) {
			struct span s = reserved[j];

			reserved[j] = reserved[j - 1];
			reserved[j - 1] = s;
		}
	for (u32 i = 0; i < nram; i++) {
		u64 at = max_of(ram[i].start, riscv_machine.ram_base);
		u64 end = min_of(ram[i].end, riscv_machine.ram_end);

		for (u32 j = 0; j < nreserved && at < end; j++) {
			if (reserved[j].end <= at)
				continue;
			if (reserved[j].start > at)
				add_free(at, min_of(reserved[j].start, end));
			at = reserved[j].end;
		}
		if (at < end)
			add_free(at, end);
	}
}

static void reserve_own(const struct fdt *tree, u64 tree_phys)
{
	u64 image = riscv_machine.ram_base + KERNEL_OFFSET;
	u64 used = image + (u64)(stacks - image_start) + (arch_hart_count << STACK_SHIFT);
	bool firmware_known = false;

	for (u32 i = 0; i < nreserved; i++)
		firmware_known |=
			reserved[i].start < image && reserved[i].end > riscv_machine.ram_base;
	if (!firmware_known)
		reserve(riscv_machine.ram_base, image);
	reserve(image, used);
	/* Until it has moved to its own, the boot hart's stack is the last slot. */
	reserve(image + (u64)(image_end - image_start) - STACK_SLOT,
		image + (u64)(image_end - image_start));
	reserve(tree_phys, tree_phys + fdt_total_size(tree));
}

static void set_initrd(void)
{
	if (initrd.start >= initrd.end)
		return;
	if (initrd.start < riscv_machine.ram_base || initrd.end > riscv_machine.ram_end) {
		log_printf("initrd at %#llx is out of the kernel's reach\n", initrd.start);
		return;
	}
	boot_facts.initrd_phys = initrd.start & ~(u64)PAGE_MASK;
	boot_facts.initrd_offset = (u32)initrd.start & PAGE_MASK;
	boot_facts.initrd_bytes = (u32)(initrd.end - initrd.start);
}

u32 riscv_read_facts(const void *blob, u64 phys, u32 boot_hartid)
{
	struct fdt tree;
	u64 limit = min_of(riscv_machine.ram_base + PHYSMAP_SIZE, (u64)1 << 32);

	if (!fdt_open(&tree, blob, 2 * ARCH_TABLE_SPAN))
		panic("no device tree at %#llx", phys);
	read_alone(&tree);
	read_devices(&tree);
	for (u32 i = 0; i < nram; i++) {
		boot_facts.memory_bytes += ram[i].end - ram[i].start;
		riscv_machine.ram_end =
			max_of(riscv_machine.ram_end, min_of(ram[i].end, limit) & ~(u64)PAGE_MASK);
	}
	reserve_own(&tree, phys);
	find_free();
	set_initrd();
	for (u32 i = 0; i < arch_hart_count; i++)
		if (riscv_machine.hart_id[i] == boot_hartid)
			return i;
	panic("the device tree does not have hart %u, which boots", boot_hartid);
}
