/* The ELF headers of a 32-bit static RISC-V program, as far as exec reads them (System V ABI,
 * "Object Files"; RISC-V ELF psABI). Pure data: nothing here trusts a value. */
#ifndef KERNEL_ELF_H
#define KERNEL_ELF_H

#include <arch/cpu.h>

struct elf_header {
	u8 ident[16]; /* magic, class, byte order, version, … */
	u16 type, machine;
	u32 version;
	vaddr_t entry;
	u32 segment_offset, section_offset, flags;
	u16 header_size, segment_size, segment_count;
	u16 section_size, section_count, section_names;
};

struct elf_segment {
	u32 type;
	u32 offset;
	vaddr_t va, pa;
	u32 file_size, memory_size;
	u32 flags, align;
};

_Static_assert(sizeof(struct elf_header) == 52, "as in the file");
_Static_assert(sizeof(struct elf_segment) == 32, "as in the file");

#define ELF_EXECUTABLE	2
#define ELF_LOAD	1
#define ELF_DYNAMIC	2
#define ELF_INTERPRETER 3
#define ELF_X		1
#define ELF_W		2
#define ELF_R		4

static inline bool elf_header_good(const struct elf_header *h)
{
	const u8 *i = h->ident;

	/* Class 1: 32 bits. Data 1: little-endian. */
	return i[0] == 0x7f && i[1] == 'E' && i[2] == 'L' && i[3] == 'F' && i[4] == 1 &&
	       i[5] == 1 && i[6] == 1 && h->type == ELF_EXECUTABLE &&
	       h->machine == ARCH_ELF_MACHINE && h->version == 1 &&
	       h->segment_size == sizeof(struct elf_segment);
}

#endif
