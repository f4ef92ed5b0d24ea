/* Handles: how a process names kernel objects, and with what rights. */
#ifndef KERNEL_HANDLE_H
#define KERNEL_HANDLE_H

#include <base/list.h>
#include <base/spinlock.h>
#include <quire/abi.h>

struct process;

enum handle_type {
	HANDLE_NONE = 0,
	HANDLE_OBJECT,	 /* struct memory_object */
	HANDLE_STREAM,	 /* struct stream */
	HANDLE_PIPE,	 /* struct pipe_end */
	HANDLE_PORT,	 /* struct port */
	HANDLE_CHANNEL,	 /* struct channel */
	HANDLE_IRQ,	 /* struct interrupt */
	HANDLE_RESOURCE, /* no object: the right itself */
	HANDLE_TYPES
};

/* What a handle type does when handles to it are copied and closed: the table is in handle.c. */
struct handle_ops {
	void (*get)(void *object, u32 rights);
	void (*put)(void *object, u32 rights);
};

struct handle {
	void *object;
	u8 type;
	u8 rights;
	u8 flags; /* QUIRE_HANDLE_* */
};

/* Chunks of slots, made as needed; index < QUIRE_FD_MAX are descriptors. */
#define HANDLE_CHUNK  64
#define HANDLE_CHUNKS (QUIRE_HANDLE_MAX / HANDLE_CHUNK)
struct handle_chunk;
struct handle_table {
	struct spinlock lock; /* RANK_HANDLES */
	struct handle_chunk *chunks[HANDLE_CHUNKS];
	u32 count;
	u32 fd_limit; /* new descriptors are below it; at most QUIRE_FD_MAX */
};

void handle_table_init(struct handle_table *t);
/* Copies for fork: all but QUIRE_HANDLE_NOFORK. -ENOMEM leaves the child empty. */
int must_check handle_table_fork(struct handle_table *from, struct handle_table *to);
/* RLIMIT_NOFILE: those that are open above it stay. */
void handle_table_limit(struct handle_table *t, u32 fd_limit);
void handle_table_close_exec(struct handle_table *t);
void handle_table_close_all(struct handle_table *t);
/* A bounded step of it. True: all are closed. */
bool must_check handle_table_close_step(struct handle_table *t);

/* Looks a handle up in the current process and takes a reference. -EBADF: none or wrong type;
 * -EACCES: a right is missing. type HANDLE_NONE: any. The caller ends with handle_release(&h). */
int must_check handle_lookup(u32 number, enum handle_type type, u32 rights, struct handle *out);
void handle_release(struct handle *h);
/* Puts a new handle into the current process (its reference to the object moves into the table on
 * success). Lowest free number >= min within min's range. The number, or -EMFILE, -ENOMEM. */
int must_check handle_install(enum handle_type type, void *object, u32 rights, u32 flags, u32 min);
int must_check handle_install_into(struct handle_table *t, const struct handle *h, u32 min);
/* At exactly this number, which must be free: for boot. */
int must_check handle_install_at(struct handle_table *t, u32 number, const struct handle *h);
int must_check handle_close(u32 number);
/* The memory object behind an OBJECT or STREAM handle, without a reference of its own; else NULL. In
 * stream.c. */
struct memory_object *handle_memory_object(const struct handle *h);
/* Does the current process's number still name this object? */
bool handle_names(u32 number, const void *object);
/* One more reference to what a handle names. */
void handle_get(const struct handle *h);
/* Sets and clears QUIRE_HANDLE_ flags; those in force afterwards, or -EBADF. */
int must_check handle_flags(u32 number, u32 set, u32 clear);
/* The lowest free number >= min becomes a copy. */
int must_check handle_dup(u32 number, u32 min, u32 flags);
/* Walks the handles of one type: a reference to the next at or above *number, which moves past it. */
bool handle_table_each(
	struct handle_table *t, u32 *number, enum handle_type type, struct handle *out);
/* For SYS_INFO. */
u32 handle_live_total(void);

#endif
