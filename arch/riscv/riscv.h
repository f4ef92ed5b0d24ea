/* What the files of the port share with each other, and with nobody else. */
#ifndef RISCV_RISCV_H
#define RISCV_RISCV_H

#include <base/types.h>
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include "layout.h"

/* --- control and status registers --- */

#define csr_read(name)                                                          \
	({                                                                      \
		u32 csr_value;                                                  \
		__asm__ volatile("csrr %0, " name : "=r"(csr_value)::"memory"); \
		csr_value;                                                      \
	})
#define csr_write(name, value) __asm__ volatile("csrw " name ", %0" ::"rK"((u32)(value)) : "memory")
#define csr_set(name, bits)    __asm__ volatile("csrs " name ", %0" ::"rK"((u32)(bits)) : "memory")
#define csr_clear(name, bits)  __asm__ volatile("csrc " name ", %0" ::"rK"((u32)(bits)) : "memory")

#define INTERRUPT_SOFT	   (1u << 1)
#define INTERRUPT_TIMER	   (1u << 5)
#define INTERRUPT_EXTERNAL (1u << 9)

enum riscv_cause {
	CAUSE_FETCH_MISALIGNED = 0,
	CAUSE_FETCH_ACCESS,
	CAUSE_ILLEGAL,
	CAUSE_BREAKPOINT,
	CAUSE_LOAD_MISALIGNED,
	CAUSE_LOAD_ACCESS,
	CAUSE_STORE_MISALIGNED,
	CAUSE_STORE_ACCESS,
	CAUSE_USER_CALL,
	CAUSE_FETCH_PAGE = 12,
	CAUSE_LOAD_PAGE = 13,
	CAUSE_STORE_PAGE = 15,
	CAUSE_INTERRUPT = (int)0x80000000,
};

/* A trap from kernel mode, as trap.S saves it on the stack. */
struct riscv_frame {
	u32 x[32]; /* x[0] is the program counter */
	u32 cause, value, status, padding;
};
_Static_assert(sizeof(struct riscv_frame) == FRAME_SIZE, "trap.S");
_Static_assert(offsetof(struct riscv_frame, cause) == FRAME_CAUSE, "trap.S");
_Static_assert(offsetof(struct riscv_frame, value) == FRAME_VALUE, "trap.S");
_Static_assert(offsetof(struct riscv_frame, status) == FRAME_STATUS, "trap.S");
_Static_assert(offsetof(struct arch_regs, kernel_sp) == REGS_KERNEL_SP, "trap.S");
_Static_assert(offsetof(struct arch_regs, kernel_hart) == REGS_HART, "trap.S");
_Static_assert(STACK_COUNT == MAX_HARTS, "layout.h");

/* --- the image, from kernel.ld --- */

extern char image_start[], text_end[], rodata_end[], bss_end[], stacks[], image_end[];

/* --- boot.c, facts.c: what the device tree says --- */

struct riscv_machine {
	u64 ram_base; /* what PHYSMAP_BASE maps */
	u64 ram_end;  /* end of what the physical map covers */
	u32 hart_id[MAX_HARTS];
	bool sstc_named; /* in the ISA string */
	u64 plic_phys;
	u32 plic_size, plic_sources;
	u32 plic_context[MAX_HARTS]; /* of each hart's supervisor mode, or ~0 */
	u64 test_phys;		     /* 0: none */
};
extern struct riscv_machine riscv_machine;

/* Reads the tree at `tree` (virtual), which lies at `phys`, into boot_facts and riscv_machine.
 * The index of the hart with this id. */
u32 riscv_read_facts(const void *tree, u64 phys, u32 boot_hartid);

/* --- mmu.c --- */

extern u32 riscv_kernel_satp;
void riscv_mmu_init(void); /* builds the kernel's final root; does not load it */
void riscv_asid_probe(void);
/* Maps registers for the kernel for good; only before the first user space is made. */
void *riscv_device_map(u64 phys, u32 size);

/* --- sbi.c --- */

struct sbi_result {
	s32 error;
	u32 value;
};
struct sbi_result sbi_call(u32 extension, u32 function, u32 a0, u32 a1, u32 a2, u32 a3, u32 a4);
bool sbi_has(u32 extension);
void riscv_sbi_init(void);
int riscv_sbi_hart_start(u32 hartid, u32 phys, u32 opaque);
void riscv_sbi_set_timer(u64 ticks);

#define SBI_LEGACY_PUTCHAR  1
#define SBI_LEGACY_SHUTDOWN 8
#define SBI_BASE	    0x10
#define SBI_TIME	    0x54494D45
#define SBI_IPI		    0x735049
#define SBI_RFENCE	    0x52464E43
#define SBI_HSM		    0x48534D
#define SBI_SRST	    0x53525354
#define SBI_DBCN	    0x4442434E

/* Calls fn once for each group of the harts that one SBI hart mask can name. */
typedef void riscv_mask_fn(u32 mask, u32 base, void *argument);
void riscv_for_hart_masks(u32 harts, riscv_mask_fn *fn, void *argument);

/* --- timer.c, plic.c, trap.c, report.c --- */

void riscv_clock_init(void);
void riscv_timer_hart_init(void);
void riscv_timer_quiet(void);
void riscv_plic_init(void);
void riscv_plic_hart_init(u32 index);
void riscv_plic_handle(void);
void riscv_device_init(void);

extern const struct riscv_frame *riscv_panic_frame[MAX_HARTS];

/* A value and an error, as the routines of uaccess.S return them in a0 and a1. */
struct riscv_outcome {
	u32 value;
	s32 error;
};

#endif
