/* Sv32: the kernel's root, roots of user spaces, leaf tables, and the ASID width.
 *
 * A root has 1024 entries of 4 MiB. The lower 768 are the user's. The upper 256 are the kernel's;
 * they are complete before the first user space is made and never change afterwards, so every space
 * has the same ones and none has to be updated. They are global: a fence of one ASID leaves them.
 */
#include "riscv.h"
#include <base/log.h>

#define USER_ENTRIES (USER_LIMIT >> 22)
#define KERNEL_RW    (PTE_V | PTE_R | PTE_W | PTE_G | PTE_A | PTE_D)
#define DEVICE_SMALL 0x100000u /* devices up to this size share one leaf table */

typedef pte_t table_t[ARCH_TABLE_ENTRIES];
pte_t riscv_boot_root[ARCH_TABLE_ENTRIES] __attribute__((aligned(4096)));
static table_t kernel_root __attribute__((aligned(4096)));
static table_t image_table __attribute__((aligned(4096)));
static table_t device_table __attribute__((aligned(4096)));

u32 riscv_physmap_offset;
u32 riscv_kernel_satp;
static u32 asid_count = 1;
static u32 device_pages; /* used of device_table */
static u32 device_megapages =
	1; /* root entries used from DEVICE_BASE on; the first is device_table's */
static bool devices_final;

static u32 physical(const void *p)
{
	return (u32)p - riscv_physmap_offset;
}

static pte_t table_entry(const void *table)
{
	return physical(table) >> PAGE_SHIFT << 10 | PTE_V;
}

/* The image, page by page: nothing is both writable and executable, and each stack has a page below
 * it that is not there. What lies behind the image in its 4 MiB is plain RAM. */
static void map_image(void)
{
	for (u32 i = 0; i < ARCH_TABLE_ENTRIES; i++) {
		char *at = (char *)KERNEL_BASE + (i << PAGE_SHIFT);
		u32 prot = KERNEL_RW;

		if (physical(at) >= riscv_machine.ram_end)
			break;
		if (at < text_end)
			prot = PTE_V | PTE_R | PTE_X | PTE_G | PTE_A;
		else if (at < rodata_end)
			prot = PTE_V | PTE_R | PTE_G | PTE_A;
		else if (at >= stacks && at < stacks + (arch_hart_count << STACK_SHIFT) &&
			 ((u32)at & (STACK_SLOT - 1)) == 0)
			continue;
		image_table[i] = physical(at) >> PAGE_SHIFT << 10 | prot;
	}
}

void riscv_mmu_init(void)
{
	u32 first = PHYSMAP_BASE >> 22;
	u32 last = first +
		   (u32)((riscv_machine.ram_end - riscv_machine.ram_base + KERNEL_SPAN - 1) >> 22);

	for (u32 i = first; i < last; i++) {
		u32 phys = (i << 22) - riscv_physmap_offset;

		kernel_root[i] = phys >> PAGE_SHIFT << 10 | KERNEL_RW;
	}
	map_image();
	kernel_root[KERNEL_BASE >> 22] = table_entry(image_table);
	kernel_root[DEVICE_BASE >> 22] = table_entry(device_table);
	riscv_kernel_satp = SATP_SV32 | physical(kernel_root) >> PAGE_SHIFT;
}

void *riscv_device_map(u64 phys, u32 size)
{
	u32 offset, count, first;

	assert(!devices_final);
	if (size <= DEVICE_SMALL) {
		offset = (u32)phys & PAGE_MASK;
		count = (offset + size + PAGE_MASK) >> PAGE_SHIFT;
		first = device_pages;
		assert(first + count <= ARCH_TABLE_ENTRIES);
		for (u32 i = 0; i < count; i++)
			device_table[first + i] = ((u32)(phys >> PAGE_SHIFT) + i) << 10 | KERNEL_RW;
		device_pages += count;
		arch_fence_local_all();
		return (char *)DEVICE_BASE + (first << PAGE_SHIFT) + offset;
	}
	offset = (u32)phys & (ARCH_TABLE_SPAN - 1);
	count = (offset + size + ARCH_TABLE_SPAN - 1) >> 22;
	first = (DEVICE_BASE >> 22) + device_megapages;
	assert(first + count <= ARCH_TABLE_ENTRIES);
	for (u32 i = 0; i < count; i++)
		kernel_root[first + i] = ((u32)(phys >> 22) + i) << 20 | KERNEL_RW;
	device_megapages += count;
	arch_fence_local_all();
	return (char *)(first << 22) + offset;
}

void riscv_asid_probe(void)
{
	u32 mask;

	csr_write("satp", riscv_kernel_satp | 0x1ffu << 22);
	mask = csr_read("satp") >> 22 & 0x1ff;
	csr_write("satp", riscv_kernel_satp);
	arch_fence_local_all();
	asid_count = mask + 1;
	devices_final = true;
}

u32 arch_asid_count(void)
{
	return asid_count;
}

void arch_space_init(struct arch_space *s, pfn_t root, u32 asid)
{
	pte_t *table = arch_frame_address(root);

	for (u32 i = USER_ENTRIES; i < ARCH_TABLE_ENTRIES; i++)
		table[i] = kernel_root[i];
	s->root = root;
	s->asid = asid;
	s->satp = SATP_SV32 | asid << 22 | root;
}

void arch_space_activate(const struct arch_space *s)
{
	csr_write("satp", s ? s->satp : riscv_kernel_satp);
}

bool arch_space_is_active(const struct arch_space *s)
{
	return csr_read("satp") == (s ? s->satp : riscv_kernel_satp);
}

pte_t *arch_table_find(const struct arch_space *s, vaddr_t va)
{
	const pte_t *root = arch_frame_address(s->root);
	pte_t pte = arch_pte_read(&root[va >> 22]);

	if (unlikely(!arch_pte_present(pte)))
		return NULL;
	return arch_frame_address(arch_pte_pfn(pte));
}

pte_t *arch_table_attach(struct arch_space *s, vaddr_t va, pfn_t table)
{
	pte_t *root = arch_frame_address(s->root);

	assert(va < USER_LIMIT);
	assert(!arch_pte_present(arch_pte_read(&root[va >> 22])));
	arch_pte_write(&root[va >> 22], table << 10 | PTE_V);
	return arch_frame_address(table);
}

pfn_t arch_table_detach(struct arch_space *s, vaddr_t va)
{
	pte_t *root = arch_frame_address(s->root);
	pte_t old;

	assert(va < USER_LIMIT);
	old = arch_pte_exchange(&root[va >> 22], 0);
	assert(arch_pte_present(old));
	return arch_pte_pfn(old);
}

bool arch_kernel_readable(const void *p)
{
	u32 va = (u32)p;
	pte_t pte = kernel_root[va >> 22];

	if (!riscv_kernel_satp) /* early: the image is all there is to point at */
		return (const char *)p >= image_start && (const char *)p < image_end;
	if (va < USER_LIMIT || !(pte & PTE_V))
		return false;
	if (!(pte & PTE_R))
		pte = ((const pte_t *)arch_frame_address(
			arch_pte_pfn(pte)))[va >> PAGE_SHIFT & 0x3ff];
	return (pte & (PTE_V | PTE_R)) == (PTE_V | PTE_R) && va < DEVICE_BASE;
}
