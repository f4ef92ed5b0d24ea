/* The simulated machine's half of the arch interface: harts are numbers, one of which is current; RAM is an
 * array; entries look like Sv32's because some format is needed. Everything that another hart could see or that
 * takes time on a real machine goes through sim_point(), where another hart may go on instead. */
#ifndef ARCH_MACHINE_H
#define ARCH_MACHINE_H

#include <base/types.h>
#include <quire/abi.h>

extern u32 sim_hart;  /* the hart that runs */
void sim_point(void); /* another hart may go on here */
void sim_spins(void); /* another hart must go on here; with no other, a lock was left held */

static inline u32 arch_hart_index(void)
{
	return sim_hart;
}
static inline void arch_relax(void)
{
	sim_spins();
}
static inline void arch_fence(void)
{
	sim_point();
}
static inline u32 arch_ticks_low(void)
{
	return 0;
}
static inline u64 arch_time_ns(void)
{
	return 0;
}

struct arch_regs {
	u32 x[8];
};
static inline u32 arch_regs_number(const struct arch_regs *r)
{
	return r->x[7];
}
static inline u32 arch_regs_arg(const struct arch_regs *r, int n)
{
	return r->x[n];
}
static inline void arch_regs_set(struct arch_regs *r, int n, u32 v)
{
	r->x[n] = v;
}

typedef u32 pte_t;
struct arch_space {
	pfn_t root;
	u32 asid;
};
#define ARCH_TABLE_ENTRIES 1024u
#define ARCH_TABLE_SPAN	   (ARCH_TABLE_ENTRIES * PAGE_SIZE)

static inline pte_t arch_pte_make(pfn_t pfn, u32 prot)
{
	if (prot == QUIRE_PROT_NONE)
		return 0;
	return pfn << 10 | 0x51 | prot << 1 | (prot & QUIRE_PROT_WRITE) |
	       (prot & QUIRE_PROT_WRITE) << 6;
}
static inline pte_t arch_pte_park(pfn_t pfn)
{
	return pfn << 10 | 0x100;
}
static inline bool arch_pte_present(pte_t e)
{
	return e & 1;
}
static inline bool arch_pte_writable(pte_t e)
{
	return e & 4;
}
static inline bool arch_pte_executable(pte_t e)
{
	return e & 8;
}
static inline pfn_t arch_pte_pfn(pte_t e)
{
	return e >> 10;
}
static inline u32 arch_pte_prot(pte_t e)
{
	return e >> 1 & 7;
}
static inline pte_t arch_pte_read(const pte_t *p)
{
	return *p;
}
/* Out of line: each change is told to the translation caches, which may go on using what was there. */
pte_t sim_pte_exchange(pte_t *p, pte_t e);
static inline void arch_pte_write(pte_t *p, pte_t e)
{
	sim_pte_exchange(p, e);
}
static inline pte_t arch_pte_exchange(pte_t *p, pte_t e)
{
	return sim_pte_exchange(p, e);
}
static inline bool arch_pte_test_and_clear_accessed(pte_t *p)
{
	bool was = *p & 0x40;

	*p &= ~0x40u;
	return was;
}

#define SIM_FIRST 0x100u /* the first page of RAM */
extern u8 sim_ram[];
static inline void *arch_frame_address(pfn_t pfn)
{
	return sim_ram + (size_t)(pfn - SIM_FIRST) * PAGE_SIZE;
}
static inline pfn_t arch_address_frame(const void *p)
{
	return SIM_FIRST + (pfn_t)((size_t)((const u8 *)p - sim_ram) / PAGE_SIZE);
}

#endif
