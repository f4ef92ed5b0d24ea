/* Address spaces: regions, page tables, faults, and the harts that run them.
 *
 * The fault is told at the top of mm/fault.c, copy on write in mm/cow.c, shootdown and switch-in in
 * mm/shootdown.c (model A), fork in mm/fork.c.
 */
#ifndef MM_ASPACE_H
#define MM_ASPACE_H

#include <mm/object.h>

enum fault_access; /* kernel/trap.h: 1 read, 2 write, 4 execute */

struct region {
	/* page aligned; guarded by the space's lock, and the object's to change */
	vaddr_t start, end;
	struct region *left, *right; /* treap by start */
	u32 priority;
	struct list order; /* all regions of the space by address */
	struct aspace *space;
	struct memory_object *object; /* NULL: private anonymous memory */
	u64 page_offset;	      /* object page at start */
	struct list object_link;      /* object->regions; guarded by the object's lock */
	u8 prot, max_prot;	      /* QUIRE_PROT_* */
	u16 flags;		      /* QUIRE_MAP_* and REGION_* */
	u32 next_expected;	      /* read-ahead: page index after the last miss */
	u16 window;		      /* read-ahead: pages */
	u8 advice;		      /* QUIRE_MADV_* */
	bool wrote;		      /* private file region: a private copy may exist */
};
/* User mappings end here; above lie the threads' message buffers, which the kernel maps. */
#define ASPACE_USER_TOP 0xbfc00000u

#define REGION_KERNEL 0x8000 /* message buffers: user calls can't change it */

struct aspace {
	struct spinlock lock; /* RANK_ASPACE: regions, commit */
	u32 refs;
	struct region *root;
	struct list regions;
	struct region *last; /* found last by a fault */
	u32 region_count;
	u32 size_pages;
	u32 commit; /* pages charged */
	/* pages: what the program asks for ends there; ~0: no limit */
	u32 size_limit, commit_limit;
	u32 own_pages;	 /* of size_pages: what exec put there unasked */
	u32 lock_future; /* mlockall(MCL_FUTURE) */
	vaddr_t hint;	 /* below here the next mapping is tried */

	/* RANK_TABLE: page tables; held from clearing to the fence's end */
	struct spinlock table_lock;
	struct arch_space arch;
	u32 table_count, resident; /* guarded by table_lock */
	bool has_device;	   /* some region maps device memory */
	/* being unmapped for good; its charge is given back at the end */
	bool dying;

	/* Shootdown (mm/shootdown.c); bit masks of harts, changed by atomics only. */
	u32 ran, stale, icache_stale;
	bool asid_shared; /* no ASID of its own was left: flush at every switch-in */

	/* Counters for ps, pmap and the demos; relaxed atomics. */
	u32 faults, fetches, cow_copies, cow_reuses, max_resident;
	struct list all_link;
};

void mm_init(void); /* once, after frames_init; on the boot hart */

/* A new, empty space with refs = 1. */
int must_check aspace_create(struct aspace **out);
void aspace_get(struct aspace *a);
/* The last put tears down what aspace_destroy_step has left. */
void aspace_put(struct aspace *a);
/* Unmaps a bounded part of a space that no thread will run again; true while there is more. */
bool aspace_destroy_step(struct aspace *a);

/* Switch-in on this hart (NULL: the kernel's own root, for idle). Takes no lock. */
void aspace_switch(struct aspace *a);
struct aspace *aspace_current(void); /* of this hart */

/* Limits for what is asked for from now on. */
void aspace_set_limits(struct aspace *a, u32 size_pages, u32 commit_pages);

/* --- mapping; all return 0 or an error, nothing changed then --- */

struct map_request {
	vaddr_t addr; /* hint, or the place with QUIRE_MAP_FIXED */
	u32 len;      /* bytes; rounded up */
	u32 prot, max_prot, flags;
	/* NULL for private anonymous; shared anonymous: one of object_create_anon */
	struct memory_object *object;
	u64 page_offset;
	bool kernel; /* REGION_KERNEL */
};
/* Result address in *addr. EINVAL, ENOMEM (space or commit), EEXIST, EOVERFLOW. */
int must_check aspace_map(struct aspace *a, const struct map_request *m, vaddr_t *addr);
/* A bounded step from *addr on; -EAGAIN_STEP with *addr, *len moved on while there is more. */
int must_check aspace_unmap(struct aspace *a, vaddr_t *addr, u32 *len);
int must_check aspace_protect(struct aspace *a, vaddr_t *addr, u32 *len, u32 prot);
int must_check aspace_advise(struct aspace *a, vaddr_t *addr, u32 *len, u32 advice);
int must_check aspace_sync(struct aspace *a, vaddr_t *addr, u32 *len, u32 flags, u32 *state);
/* One byte a page into vec (kernel memory), 1 = resident. */
int must_check aspace_mincore(struct aspace *a, vaddr_t addr, u32 pages, u8 *vec);
int must_check aspace_lock_range(struct aspace *a, vaddr_t *addr, u32 *len, bool lock);
int must_check aspace_lock_all(struct aspace *a, u32 flags);
int must_check aspace_remap(
	struct aspace *a, vaddr_t old, u32 old_len, u32 new_len, u32 flags, vaddr_t *addr);
/* Copy of the parent's regions and private pages by reference. One fence of the parent at most.
 * Called with the parent's thread in the kernel; -ENOMEM leaves no trace. */
int must_check aspace_fork(struct aspace *parent, struct aspace **child);

/* A fault by the current thread in the current space. 0: run the instruction again. -EBLOCKED: the
 * thread is queued. Else: -EFAULT with *signal, *code set for a siginfo (SEGV_MAPERR, SEGV_ACCERR,
 * BUS_ADRERR, BUS_OBJERR); -ENOMEM: out of memory in a NORESERVE mapping. Called with no lock held. */
int must_check aspace_fault(
	struct aspace *a, vaddr_t va, enum fault_access access, int *signal, int *code);

/* Pages mapped along with a page that was read (QUIRE_TUNE_FAULT_AROUND); a power of two. */
extern u32 fault_around_pages;

/* --- for the kernel --- */

/* Makes the page at va present and private for kernel use as if stored to, and pins its frame. */
int must_check aspace_pin_user(struct aspace *a, vaddr_t va, pfn_t *pfn);
/* Copies into private pages of a space that is not active (exec: arguments into the new stack). */
int must_check aspace_poke(struct aspace *a, vaddr_t va, const void *from, u32 len);
/* What a futex word is the same as: shared pages by (object, offset), private ones by (space, va). */
struct futex_key {
	uintptr_t owner;
	u64 offset;
	bool shared;
};
int must_check aspace_futex_key(struct aspace *a, vaddr_t va, struct futex_key *key);
/* Instruction fetch must see what was just stored (after exec, mprotect to EXEC, SYS_CACHE). */

struct quire_info_region;
struct quire_info_page;
bool aspace_info_region(struct aspace *a, vaddr_t from, struct quire_info_region *r);
bool aspace_info_page(struct aspace *a, vaddr_t from, struct quire_info_page *p);
u32 aspace_resident(struct aspace *a);
u32 aspace_active_harts(struct aspace *a);

#endif
