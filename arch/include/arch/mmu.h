/* The arch interface, 2 of 5: translation. Page-table entries, address-space roots, and fences.
 *
 * The rest of the kernel sees a user space as leaf tables of ARCH_TABLE_ENTRIES entries, each table
 * spanning ARCH_TABLE_SPAN bytes; how many levels lie above is the port's affair. It never writes an
 * entry but through these calls. Entries are made with "accessed" set, and with "dirty" set exactly
 * when writable, so a machine that sets those bits itself never writes and one that faults instead
 * (Svade) never faults for them.
 *
 * From machine.h: pte_t; struct arch_space (root, asid); ARCH_TABLE_SPAN; ARCH_TABLE_ENTRIES; and
 * inline:
 *   pte_t arch_pte_make(pfn_t pfn, u32 prot)   prot: QUIRE_PROT_*; a user page; WRITE implies READ;
 *                                              PROT_NONE gives 0
 *   bool arch_pte_present(pte_t), arch_pte_writable(pte_t), arch_pte_executable(pte_t)
 *   pte_t arch_pte_park(pfn_t)                  an entry that no access can use but that keeps the frame
 *                                              (a private page under PROT_NONE); not present, not 0
 *   pfn_t arch_pte_pfn(pte_t)                   of any entry that is not 0
 *   u32 arch_pte_prot(pte_t)
 *   pte_t arch_pte_read(const pte_t *)          one atomic load
 *   void arch_pte_write(pte_t *, pte_t)         one atomic store
 *   pte_t arch_pte_exchange(pte_t *, pte_t)     atomic swap; what was there
 *   bool arch_pte_test_and_clear_accessed(pte_t *)  a hint for reclaim; needs no fence
 *   void *arch_frame_address(pfn_t)             the kernel's own view of RAM
 *   pfn_t arch_address_frame(const void *)
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include <arch/cpu.h>

/* --- roots --- */

/* Makes an empty user space on the given zeroed frame: kernel mappings only. asid as handed out by
 * mm/ (below arch_asid_count; 0 belongs to the kernel's own root). */
void arch_space_init(struct arch_space *s, pfn_t root, u32 asid);
/* Number of ASIDs the machine has; 1 means none: then every activate flushes. Known after boot. */
u32 arch_asid_count(void);
/* Loads the space into this hart's translation register. No fence. NULL: the kernel's own root. */
void arch_space_activate(const struct arch_space *s);
bool arch_space_is_active(const struct arch_space *s); /* for the checker: what the register says */

/* --- tables --- */

/* The leaf table for va, or NULL. entries[(va >> PAGE_SHIFT) % ARCH_TABLE_ENTRIES] is va's. */
pte_t *arch_table_find(const struct arch_space *s, vaddr_t va);
/* Hangs the zeroed frame in as va's leaf table. There must be none. */
pte_t *arch_table_attach(struct arch_space *s, vaddr_t va, pfn_t table);
/* Unhooks va's leaf table and returns its frame. The caller fences the whole ASID everywhere before
 * it frees the frame. */
pfn_t arch_table_detach(struct arch_space *s, vaddr_t va);
static inline u32 arch_table_index(vaddr_t va)
{
	return (va >> PAGE_SHIFT) % ARCH_TABLE_ENTRIES;
}

/* --- fences --- */

/* pages = 0 means the whole ASID. Local ones act on this hart before they return. */
void arch_fence_local(u32 asid, vaddr_t va, u32 pages);
/* All ASIDs, this hart. */
void arch_fence_local_all(void);
/* When this returns, every hart in the mask has fenced. The mask must not name this hart and must
 * not be empty. Safe with spin locks held on machines where the fence does not need the target's
 * interrupts (RISC-V: the firmware answers); see docs/porting.md for those where it does. */
void arch_fence_remote(u32 harts, u32 asid, vaddr_t va, u32 pages);
/* All ASIDs on the harts named. */
void arch_fence_remote_all(u32 harts);
/* Above this many pages a local flush of the whole ASID is cheaper than page by page. */
#define ARCH_FENCE_LOCAL_MAX 64

/* Instruction fetch: after code was written. Local and on the harts named. */
void arch_icache_sync_local(void);
void arch_icache_sync_remote(u32 harts);

/* --- memory --- */
void arch_page_zero(void *page);
void arch_page_copy(void *to, const void *from);

#endif
