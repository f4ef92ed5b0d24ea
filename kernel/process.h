/* Processes: an address space, a handle table, threads, and a place in the family tree. */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include <kernel/thread.h>
#include <kernel/handle.h>
#include <kernel/limit.h>
#include <mm/aspace.h>

/* ALIVE -> DYING under signal_lock; DYING -> ZOMBIE under process_lock. */
enum process_state {
	PROCESS_ALIVE,
	PROCESS_DYING,	/* no thread runs any more in user mode; being taken down in steps */
	PROCESS_ZOMBIE, /* waits to be waited for */
};

struct process {
	u32 refs;
	s32 pid, pgid, sid;
	struct aspace *space; /* NULL once dead */
	struct handle_table handles;
	char name[32];

	/* Guarded by process_lock (RANK_PROCESS), the one lock of the family tree. */
	u8 state;
	struct process *parent;
	struct list children, sibling_link, all_link;
	int exit_status; /* wait status */
	struct wait_queue child_waiters;

	struct process *hash_next; /* by pid; guarded by process_lock */
	bool stop_to_report;	   /* WUNTRACED has not told yet; guarded by process_lock */
	bool continue_to_report;   /* the same for WCONTINUED: at most one of the two */
	bool execed;		   /* setpgid by the parent is too late; guarded by process_lock */
	u8 stop_signal;
	struct quire_usage usage;	   /* a zombie's own, filled at its end */
	struct quire_usage children_usage; /* of children waited for */

	struct list threads; /* guarded by signal_lock, as are the four below */
	u32 thread_count;
	u32 msg_slots[THREADS_PER_PROCESS / 32]; /* bit: slot taken */
	struct wait_queue thread_waiters;	 /* exec waits here for the other threads' end */
	u8 exit_stage;				 /* exit.c; the last thread's alone */
	struct aspace *old_space; /* exec.c: the image left behind, being taken down */
	/* a server started by init with SYS_ rights: may take the last frames */
	bool privileged;
	struct process *vfork_parent;
	struct wait_queue vfork_waiters;

	struct spinlock signal_lock; /* RANK_SIGNAL */
	u32 sig_pending;
	struct quire_siginfo sig_infos[32];
	struct quire_sigaction actions[32];
	bool stopped;
	u64 alarm_interval_ns, alarm_at_ns; /* 0: none. Guarded by time.c's lock */
	struct timer alarm;

	/* limit.c; written under signal_lock. */
	struct quire_limit limits[QUIRE_LIMITS];
	struct timer cpu_timer;
	u64 cpu_told_ns; /* the next SIGXCPU is not due before */

	u64 cpu_ns, system_ns, children_cpu_ns, children_system_ns;
};

extern struct spinlock process_lock;
static inline struct process *current_process(void)
{
	return current_thread()->process;
}

void process_get(struct process *p);
void process_put(struct process *p);
struct process *process_find(s32 pid); /* with a reference, or NULL; takes process_lock */

extern struct process *init_process;
extern struct list all_processes;	      /* process.all_link; guarded by process_lock */
extern u32 process_count;		      /* zombies included */
struct process *process_find_locked(s32 pid); /* no reference; process_lock held */
/* The first process with a pid >= pid, with a reference, or NULL: the walk of SYS_INFO. */
struct process *process_next(s32 pid);
/* Fresh and unlinked, one reference; no space, no handles, no thread. NULL: out of memory. */
struct process *must_check process_create(void);
/* Gives it a pid, a parent and a place in the tree, and a reference of the tree's. -EAGAIN: no pid. */
int must_check process_link(struct process *p, struct process *parent);
/* Out of the tree; process_lock held. The tree's reference is the caller's to put afterwards. */
void process_unlink_locked(struct process *p);
/* The process's address space for an observer, with a reference, or NULL. */
struct aspace *process_space_get(struct process *p);
/* time.c */
void alarm_cancel(struct process *p);
/* exec.c, exit.c: the parent of a vfork child has its space back. */
void process_release_vfork(struct process *p);
void processes_init(void);
/* Reports to the parent a stop, or that SIGCONT has ended one. process_lock held. */
void process_stopped_locked(struct process *p, int sig);
void process_continued_locked(struct process *p);

/* group.c; process_lock held. */
/* Sends to the process, or to its thread t, and tells the parent if that ends a stop. Who sends SIGCONT
 * does it this way: a stop and its report, under the same lock, are not torn apart by its end. */
void process_send_locked(
	struct process *p, struct thread *t, int sig, const struct quire_siginfo *info);
/* Is there nobody who could continue the group's members, were they stopped? */
bool group_is_orphaned_locked(s32 pgid);
/* The tie between the two has been cut, by the end of one: frees a stopped group that this orphans. */
void group_untied_locked(const struct process *child, const struct process *parent);

/* signal.c */
void signal_send_process(struct process *p, int sig, const struct quire_siginfo *info);
void signal_send_thread(struct thread *t, int sig, const struct quire_siginfo *info);
/* A fault of the current thread: cannot be ignored or blocked; kills if so. */
void signal_fault(int sig, int code, vaddr_t address);
/* In trap_exit: pushes a handler frame on the current thread, stops or ends it. */
void signal_deliver(struct thread *t);
/* Is there a signal that would be delivered to the current thread now? */
static inline bool signal_is_pending(const struct thread *t)
{
	return ((t->sig_pending | t->process->sig_pending) & ~t->sig_mask) != 0 ||
	       t->attention & ATTENTION_DIE;
}
/* For a process without threads' knowledge: fork copies actions, exec resets them. */
void signal_init(struct process *p, struct process *parent);
void signal_reset_exec(struct process *p, struct thread *t);
/* ALIVE -> DYING: every thread is told to end. False: it was dying already. */
bool process_begin_exit(struct process *p, int wait_status);
/* The current thread's mask while it waits, as sigsuspend and poll want it: `mask` until a handler begins
 * (which comes back to the mask before) or the call ends with ..._after_wait, which does nothing if there
 * was no ..._for_wait. A call that is made again may say ..._for_wait again. */
void signal_mask_for_wait(struct thread *t, u32 mask);
void signal_mask_after_wait(struct thread *t);
/* Tells every thread but `self` to end, unless `self` has been told so first. */
void process_kill_threads(struct process *p, struct thread *self);
/* A thread is leaving: signals it was chosen for find another. signal_lock held. */
void signal_thread_left_locked(struct process *p);

/* process.c, exec.c, exit.c */
void process_exit_current(int wait_status);

/* image.c: what a program starts with. */
struct exec_args {
	const char *strings; /* argc of them, then envc; each ended by a zero */
	u32 size;	     /* of all, in bytes */
	u32 argc, envc;
	u32 stack_limit; /* bytes */
};
/* What a program image becomes. */
struct exec_image {
	struct aspace *space;
	vaddr_t entry, sp, argv, envp;
	u32 argc;
};
/* Builds a whole new space for the ELF image in `file`. 0, -EBLOCKED, -ENOEXEC, -ENOMEM, -E2BIG,
 * -EINVAL, -EIO; nothing is left behind then. */
int must_check exec_build(
	struct memory_object *file, const struct exec_args *args, struct exec_image *image);
/* Every space has it; fork leaves it out of the copy. */
int must_check exec_map_thread_area(struct aspace *a);
/* exec.c. A bounded step of taking down process->old_space. True: it is gone. Only one thread at a time. */
bool exec_reap_step(struct process *p);
/* Points a thread at the start of an image. */
void exec_enter(struct thread *t, const struct exec_image *image);

#endif
