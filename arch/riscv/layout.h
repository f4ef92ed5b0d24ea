/* Numbers that the port's assembly, its C code and the linker script share: the kernel's half of
 * every address space, a hart's stack slot, and the saved registers.
 *
 *	0xC0000000  RAM from riscv_ram_base on, by global 4 MiB pages: readable and writable, never
 *	            executable, at most 960 MiB. The kernel's image is a part of it, RAM's second
 *	            4 MiB, mapped by 4 KiB pages instead: text, read-only data, data, stacks.
 *	0xFC000000  devices of the kernel's own: interrupt controller, clock, test device
 *
 * A hart's stack slot is aligned to its size, so that a few bits of the stack pointer tell that it
 * has run into the guard page, and an overflow is found before the trap entry would touch it:
 *
 *	slot + 0       guard page, unmapped
 *	slot + 4096    stack, grows down from STACK_TOP
 *	     STACK_TOP
 *	               emergency stack: reports the overflow, grows down from the slot's end
 *	slot + 16384
 */
#ifndef RISCV_LAYOUT_H
#define RISCV_LAYOUT_H

#define PHYSMAP_BASE  0xC0000000
#define PHYSMAP_SIZE  0x3C000000
#define KERNEL_OFFSET 0x00400000 /* of the image from the start of RAM */
#define KERNEL_BASE   0xC0400000
/* the image's address in the ELF file; it runs wherever it is put */
#define KERNEL_LOAD 0x80400000
#define KERNEL_SPAN 0x00400000 /* what one leaf table maps: the most an image may take */
#define DEVICE_BASE 0xFC000000
#define USER_LIMIT  0xC0000000

#define STACK_COUNT 32 /* MAX_HARTS */
#define STACK_SHIFT 14
#define STACK_SLOT  (1 << STACK_SHIFT)
#define STACK_TOP   (STACK_SLOT - 2048)

/* struct arch_regs */
#define REGS_KERNEL_SP 128
#define REGS_HART      132

/* struct riscv_frame: a trap from kernel mode */
#define FRAME_CAUSE  128
#define FRAME_VALUE  132
#define FRAME_STATUS 136
#define FRAME_SIZE   144

#define SSTATUS_SIE 0x00000002
#define SSTATUS_SPP 0x00000100
#define SSTATUS_SUM 0x00040000

#define PTE_V 0x001
#define PTE_R 0x002
#define PTE_W 0x004
#define PTE_X 0x008
#define PTE_U 0x010
#define PTE_G 0x020
#define PTE_A 0x040
#define PTE_D 0x080

#define SATP_SV32 0x80000000

#endif
