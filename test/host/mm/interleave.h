/* The model of the interleaving test: processes, what each page of theirs maps, objects and their bytes. Only a
 * few bytes of each page are looked at (spots), all others may hold anything. Every worker hart makes one operation
 * after another; the last hart is the pager's. */
#ifndef INTERLEAVE_H
#define INTERLEAVE_H

#include "history.h"
#include "sim/sim.h"

#define PROCESSES    6u
#define SLOTS	     5u /* places for mappings in a process */
#define SLOT_PAGES   6u
#define OBJECTS	     4u
#define OBJECT_PAGES 20u
#define SPOTS	     4u
#define WORKERS	     (SIM_HARTS - 1)
#define BUFFER_PAGES 3u

extern const u32 spot_offset[SPOTS];

/* Two files and two anonymous objects; of each, one keeps its size. */
struct object_model {
	struct memory_object *object;
	struct sim_file *file; /* NULL: anonymous */
	bool resizable;
	struct cell size;
	struct cell bytes[OBJECT_PAGES][SPOTS];
	u32 writers; /* write calls under way; none while the size is set */
	bool sizing;
};
extern struct object_model objects[OBJECTS];

/* A private page. That of a file follows the file until it is first stored to. */
struct copy {
	struct copy *next; /* of all */
	bool marked;
	struct cell bytes[SPOTS];
	/* the first store that may have copied, and the first that has: 0, NEVER if none */
	u64 begun, stored;
	u64 sure[SPOTS]; /* from here on the file's byte can't show through */
};
/* What a page of an address space is at some time. */
struct view {
	struct view *next; /* of all */
	bool marked, mapped, shared;
	u8 prot;
	struct object_model *object; /* NULL: anonymous private */
	u32 index;		     /* page in the object */
	struct copy *copy;	     /* if private */
};
struct slot {
	bool changing;		       /* by one hart at a time */
	struct cell pages[SLOT_PAGES]; /* of struct view * */
};
struct process {
	struct aspace *space;
	u32 users; /* harts in the midst of an operation */
	bool dying;
	struct slot slots[SLOTS];
};
extern struct process processes[PROCESSES];
/* What this hart is storing, and where it might go. */
#define TARGETS_MAX 64u
struct pending {
	bool on;
	u32 process, slot, page, spot;
	u8 byte;
	u64 begin;
	u32 count;
	struct {
		struct cell *cell;
		u32 write;
	} targets[TARGETS_MAX];
};
extern struct pending pending[SIM_HARTS];
extern bool scarce;   /* allocations may fail */
extern bool resizing; /* files change their sizes all the time */
extern u64 operations[16], checked;

vaddr_t slot_address(u32 slot);
vaddr_t buffer_address(u32 hart);

/* interleave_model.c */
struct copy *copy_new(bool zeros);
struct view *view_new(
	bool mapped, bool shared, u8 prot, struct object_model *o, u32 index, struct copy *copy);
/* A view that is being made: it may be seen from now on, and stores that are under way may go there. */
u32 view_begin(u32 process, u32 slot, u32 page, struct view *v, u64 begin);
void pending_target(struct pending *p, const struct view *v); /* the store may go there */
struct view *view_now(u32 process, u32 slot, u32 page); /* of a slot that nobody is changing */
struct cell *view_cell(const struct view *v, u32 spot);
bool view_value_known(const struct view *v); /* its bytes are modelled exactly */
bool view_allows(const struct view *v, u32 spot, u8 byte, u64 begin, u64 end);
bool view_inside(const struct view *v, u64 begin, u64 end, bool *beyond);
void model_collect(void); /* frees what can't be reached; nothing is under way */

/* interleave_access.c */
void check_load(u32 process, u32 slot, u32 page, u32 spot);
void do_store(u32 process);
void do_read(u32 process);
void do_write(u32 process);
void do_sync(void);
void do_truncate(struct object_model *o);

/* interleave_space.c */
void do_map(u32 process);
void do_unmap(u32 process);
void do_protect(u32 process);
void do_advise(u32 process);
void do_fork(u32 process);
bool process_create(u32 process);
void process_exit(u32 process);

#endif
