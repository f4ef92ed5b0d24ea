/* The simulated machine: harts with strict translation caches, and what lies above mm/. */
#ifndef SIM_H
#define SIM_H

#include <mm/aspace.h>
#include <mm/check.h>
#include <mm/hart.h>
#include <mm/reclaim.h>
#include <kernel/trap.h>

#define SIM_HARTS  3u
#define SIM_FRAMES 2048u

/* A defect to put into the machine's fences; the tests must notice. */
enum sim_mutant { MUTANT_NONE, MUTANT_WRONG_VA, MUTANT_WRONG_ASID, MUTANT_NO_REMOTE, MUTANT_NO_LOCAL };
extern enum sim_mutant sim_mutant;

extern u32 sim_remote_fences; /* calls of arch_fence_remote so far */

void sim_init(void);
_Noreturn void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One byte through the current hart's translation cache, faults and all. 0; or the signal. */
int sim_load(vaddr_t va, u8 *value);
int sim_store(vaddr_t va, u8 value);
/* The current hart's cache takes in what it likes: any translation of the active space, for any reason. */
void sim_speculate(vaddr_t va);
/* Serves what the pager has been asked; true if there was anything. */
bool sim_pager_serve(void);

/* A file of the simulated disk, and its object. */
#define SIM_FILES      3u
#define SIM_FILE_PAGES 24u
struct sim_file {
	struct memory_object *object;
	u8 disk[SIM_FILE_PAGES * PAGE_SIZE];
};
extern struct sim_file sim_files[SIM_FILES];
void sim_write_back(u32 file);

#endif
