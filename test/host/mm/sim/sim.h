/* The simulated machine: harts with strict translation caches, threads that wait, a pager with a disk.
 *
 *   machine.c  RAM, tables, failing, random numbers        above.c   what mm/ asks of the kernel above it
 *   tlb.c      the strict translation caches               pager.c   the pager, its disk, its crashes
 *   fence.c    fences, and the defects put into them       fibers.c  harts as coroutines
 *   access.c   loads, stores, user copies                  wraps.c   allocations that fail, defects in mm/'s calls
 *
 * By default the harts are only numbers: a test sets sim_hart and calls mm/, and each call runs to its end.
 * With fibers_run() each hart is a coroutine and another may go on at every sim_point(): at each lock, entry,
 * fence and access. Both are deterministic: all chance comes from sim_seed.
 */
#ifndef SIM_H
#define SIM_H

#include <mm/aspace.h>
#include <mm/check.h>
#include <mm/hart.h>
#include <mm/reclaim.h>
#include <kernel/trap.h>

#define SIM_HARTS      4u
#define SIM_FRAMES_MAX 8192u

/* --- machine.c --- */
/* Once a process of the host: mm/ has static state. */
void sim_init(u32 frames, u32 seed);
_Noreturn void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern void (*sim_on_failure)(void); /* called before the end: tells what was being done */
extern u32 sim_seed;
/* few, so that they are recycled; set before sim_init, fewer still, they run out */
extern u32 sim_asids;
u32 sim_random(u32 below);
extern u32 sim_generation[]; /* by pfn - SIM_FIRST: counts what is known of a frame's lives */
void sim_frame_reborn(pfn_t pfn);
/* A free frame that somebody stored to: junk no more. */
void sim_check_free_frames(void);
/* mm_check(), the free frames, and an end if anything is broken. */
void sim_check(const char *when);
bool sim_table_of(const pte_t *entry, struct arch_space **space, vaddr_t *va);
void sim_tables_of(
	const struct arch_space *s, void (*each)(vaddr_t span, pfn_t table, void *arg), void *arg);

/* --- tlb.c --- */
/* Where va leads on this hart for this access, or NULL: a page fault. Ends the test if the translation used is
 * stale and matters. */
u8 *tlb_translate(vaddr_t va, enum fault_access access);
void tlb_entry_changed(const pte_t *entry, pte_t old);
void tlb_table_detached(const struct arch_space *s, vaddr_t va, pfn_t table);
void tlb_flush(u32 hart, u32 asid, vaddr_t va, u32 pages);
void tlb_flush_all(u32 hart);
/* Non-leaf entries stay, as after a fence by address. */
void tlb_flush_leaves(u32 hart, u32 asid);
const struct arch_space *tlb_active(u32 hart);
extern u64 tlb_stale_uses; /* allowed ones, while a shootdown was under way */

/* --- fence.c --- */
enum sim_defect {
	DEFECT_NONE,
	/* in the machine's fences */
	DEFECT_WRONG_VA,
	DEFECT_WRONG_ASID,
	DEFECT_NO_REMOTE,
	DEFECT_NO_LOCAL,
	DEFECT_ONE_TARGET,
	DEFECT_WRONG_TARGET,
	DEFECT_SHORT_RANGE,
	DEFECT_EARLY_FENCE,
	DEFECT_LATE_FENCE,
	DEFECT_LEAVES_ONLY,
	DEFECT_NO_SWITCH_FLUSH,
	/* wrapped around mm/'s own calls (wraps.c) */
	DEFECT_FREE_EARLY,
	DEFECT_UNLOCK_EARLY,
	DEFECT_FORGET_STALE,
	DEFECT_NO_UNMAP_FENCE,
	DEFECT_COUNT
};
extern enum sim_defect sim_defect;
bool sim_defect_by_name(const char *name);
extern u32 sim_remote_fences, sim_remote_targets, sim_local_fences; /* calls so far */
void fence_entry_changed(const pte_t *entry, pte_t old);
void fence_tick(void); /* a late fence arrives */

/* --- access.c --- */
/* One byte through the current hart's translation cache, faults, waits and all. 0, or a signal (its code in
 * sim_code), or a negative error: -ENOMEM; -EINTR: torn away while waiting. */
int sim_load(vaddr_t va, u8 *value);
int sim_store(vaddr_t va, u8 value);
int sim_fetch(vaddr_t va, u8 *value); /* as code */
extern int sim_code;
/* One fault, nothing made good, no waiting: what aspace_fault says. */
int sim_fault(vaddr_t va, enum fault_access access, int *signal, int *code);

/* --- above.c --- */
struct sim_thread {
	struct list link; /* on a wait queue */
	struct wait_queue *on;
	struct page_request *request;
	bool privileged, pager;
};
extern struct sim_thread sim_threads[SIM_HARTS]; /* one a hart */
struct sim_thread *sim_thread(void);
/* After -EBLOCKED: until woken; false: torn away. Drives the pager if nobody else does. */
bool sim_wait(void);
void sim_tear_away(struct sim_thread *t);
extern u32 sim_tear_chance;   /* one in so many waits is torn away; 0: none */
extern u64 sim_blocks;	      /* waits so far */
extern bool sim_memory_short; /* somebody waits for memory */

/* --- pager.c --- */
#define SIM_FILES      3u
#define SIM_FILE_PAGES 40u
#define SIM_FILE_BYTES (SIM_FILE_PAGES * PAGE_SIZE)
struct sim_file {
	struct memory_object *object;
	u8 disk[SIM_FILE_BYTES];
	bool hole[SIM_FILE_PAGES];     /* no block yet: reads as zeros */
	bool promised[SIM_FILE_PAGES]; /* a block is promised: a hole may be dirty */
	bool failed[SIM_FILE_PAGES];   /* an error was answered: the next access may hear of it */
	u64 written[SIM_FILE_PAGES];   /* when the last good writeback of the page began */
};
extern struct sim_file sim_files[SIM_FILES];
extern struct pager sim_pager;
extern struct sim_odds {
	u32 fetch_fails, write_fails, no_space; /* one in so many; 0: never */
	u32 whole_runs;				/* one in so many disk transfers is done at once */
} sim_odds;
extern struct sim_pager_counts {
	u32 fetches, grows, syncs, reserves, idles, writes, crashes, notices, posted;
} sim_pager_counts;
void pager_setup(void);
void sim_file_create(u32 file, u64 size);
/* One step of the pager or its disk; false: it has nothing to do. */
bool sim_pager_step(void);
void sim_pager_drain(void); /* until it has nothing to do */
/* A writeback of some dirty run of the file begins; false: there is none that can. */
bool sim_writeback_begin(struct sim_file *f);
/* Until all is clean and on the disk. */
void sim_write_back(struct sim_file *f);
void sim_pager_crash(void);
/* ftruncate as the file's server does it. */
int must_check sim_set_size(struct sim_file *f, u64 size);
bool sim_pager_busy(void); /* requests or transfers outstanding */
struct sim_file *sim_file_of(const struct memory_object *o);

/* --- fibers.c --- */
extern u32 fibers_chance; /* one in so many points lets another hart go on */
/* Runs body on each of the first n harts, interleaved, until all have returned. */
void fibers_run(u32 n, void (*body)(u32 hart));
bool fibers_on(void);
/* This hart has nothing to do until something else has happened. `why` for the report of a deadlock. */
void fibers_idle(const char *why);

/* --- wraps.c --- */
/* The n-th allocation from now fails (frames, slabs, commit); 0: none. Afterwards `hit` tells whether one did. */
void sim_fail_allocation(u32 n);
extern bool sim_allocation_failed;

#endif
