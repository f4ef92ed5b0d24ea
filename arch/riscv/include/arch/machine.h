/* The RISC-V half of the arch interface: what cpu.h and mmu.h leave to the machine. Everything here
 * is on a hot path, so it is inline. In the kernel tp holds the hart's index. */
#ifndef ARCH_MACHINE_H
#define ARCH_MACHINE_H

#include <base/types.h>
#include <quire/abi.h>

#define ARCH_ELF_MACHINE 243 /* EM_RISCV: what a program image must be for */

/* --- the hart --- */

static inline u32 arch_hart_index(void)
{
	u32 index;

	__asm__("mv %0, tp" : "=r"(index));
	return index;
}

extern u32 riscv_stopping; /* nonzero: a hart has panicked, the others shall stop */
void riscv_stop_check(void);

static inline void arch_relax(void)
{
	/* "pause" of Zihintpause: a hint, so older harts take it as a fence of nothing. */
	__asm__ volatile(".insn i 0x0f, 0, x0, x0, 0x010" ::: "memory");
	if (unlikely(__atomic_load_n(&riscv_stopping, __ATOMIC_RELAXED)))
		riscv_stop_check();
}

static inline void arch_fence(void)
{
	__asm__ volatile("fence rw, rw" ::: "memory");
}

static inline u32 arch_ticks_low(void)
{
	u32 low;

	__asm__ volatile("rdtime %0" : "=r"(low));
	return low;
}

static inline u64 riscv_ticks(void)
{
	u32 high, low, again;

	do {
		__asm__ volatile("rdtimeh %0\n\trdtime %1\n\trdtimeh %2"
				 : "=&r"(high), "=&r"(low), "=&r"(again));
	} while (unlikely(high != again));
	return (u64)high << 32 | low;
}

/* One tick is ns_whole + ns_fraction / 2^32 nanoseconds. */
struct riscv_clock {
	u64 boot_ticks;
	u32 ns_whole;
	u32 ns_fraction;
	u64 ticks_per_ns; /* times 2^64, rounded down */
};
extern struct riscv_clock riscv_clock;

static inline u64 arch_time_ns(void)
{
	u64 ticks = riscv_ticks() - riscv_clock.boot_ticks;
	u64 ns = ticks * riscv_clock.ns_whole;

	if (unlikely(riscv_clock.ns_fraction))
		ns += (ticks >> 32) * riscv_clock.ns_fraction +
		      ((ticks & 0xffffffff) * riscv_clock.ns_fraction >> 32);
	return ns;
}

/* --- a thread's registers --- */

struct arch_regs {
	u32 x[32];     /* x[0] is the program counter, in the place of the register that is zero */
	u32 kernel_sp; /* for the next trap: the stack of the hart that runs the thread, */
	u32 kernel_hart; /* and that hart's index; written on the way to user mode, see trap.S */
};

static inline u32 arch_regs_number(const struct arch_regs *r)
{
	return r->x[17];
}
static inline u32 arch_regs_arg(const struct arch_regs *r, int n)
{
	return r->x[10 + n];
}
static inline void arch_regs_set(struct arch_regs *r, int n, u32 value)
{
	r->x[10 + n] = value;
}
static inline void arch_regs_restart(struct arch_regs *r)
{
	r->x[0] -= 4;
}
static inline vaddr_t arch_regs_pc(const struct arch_regs *r)
{
	return r->x[0];
}
static inline vaddr_t arch_regs_sp(const struct arch_regs *r)
{
	return r->x[2];
}

/* --- translation: Sv32 --- */

typedef u32 pte_t;
struct arch_space {
	pfn_t root;
	u32 asid;
	u32 satp; /* what the register holds while the space is active */
};

#define ARCH_TABLE_ENTRIES 1024u
#define ARCH_TABLE_SPAN	   (ARCH_TABLE_ENTRIES * PAGE_SIZE)

static inline pte_t arch_pte_make(pfn_t pfn, u32 prot)
{
	/* R, W and X follow V in QUIRE_PROT's order; a store implies R (bit 1) and D (bit 7). */
	if (prot == QUIRE_PROT_NONE)
		return 0;
	return pfn << 10 | 0x51 | prot << 1 | (prot & QUIRE_PROT_WRITE) |
	       (prot & QUIRE_PROT_WRITE) << 6;
}
/* Not valid to the hardware; a bit left to software keeps it from being 0. */
static inline pte_t arch_pte_park(pfn_t pfn)
{
	return pfn << 10 | 0x100;
}
static inline bool arch_pte_present(pte_t pte)
{
	return pte & 0x01;
}
static inline bool arch_pte_writable(pte_t pte)
{
	return pte & 0x04;
}
static inline bool arch_pte_executable(pte_t pte)
{
	return pte & 0x08;
}
static inline pfn_t arch_pte_pfn(pte_t pte)
{
	return pte >> 10;
}
static inline u32 arch_pte_prot(pte_t pte)
{
	return pte >> 1 & 7;
}
static inline pte_t arch_pte_read(const pte_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}
static inline void arch_pte_write(pte_t *p, pte_t pte)
{
	/* What the entry makes reachable must be in memory before it. */
	__atomic_store_n(p, pte, __ATOMIC_RELEASE);
}
static inline pte_t arch_pte_exchange(pte_t *p, pte_t pte)
{
	return __atomic_exchange_n(p, pte, __ATOMIC_ACQ_REL);
}
static inline bool arch_pte_test_and_clear_accessed(pte_t *p)
{
	return __atomic_fetch_and(p, ~0x40u, __ATOMIC_RELAXED) & 0x40;
}

/* The kernel's address of physical address 0: RAM lies linearly at PHYSMAP_BASE. */
extern u32 riscv_physmap_offset;

static inline void *arch_frame_address(pfn_t pfn)
{
	return (void *)((pfn << PAGE_SHIFT) + riscv_physmap_offset);
}
static inline pfn_t arch_address_frame(const void *p)
{
	return ((u32)p - riscv_physmap_offset) >> PAGE_SHIFT;
}

#endif
