/* Processes: an address space, a handle table, threads, and a place in the family tree. */
#ifndef KERNEL_PROCESS_H
#define KERNEL_PROCESS_H

#include <kernel/thread.h>
#include <kernel/handle.h>
#include <mm/aspace.h>

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

	struct list threads; /* guarded by signal_lock */
	u32 thread_count;
	bool privileged;	 /* a server started by init with SYS_ rights: may take the last frames */
	struct process *vfork_parent;
	struct wait_queue vfork_waiters;

	struct spinlock signal_lock; /* RANK_SIGNAL */
	u32 sig_pending;
	struct quire_siginfo sig_infos[32];
	struct quire_sigaction actions[32];
	bool stopped;
	u64 alarm_at_ns, alarm_interval_ns;
	struct list alarm_link;

	struct list owed; /* threads whose calls this process has taken; guarded by owed_lock */
	struct spinlock owed_lock; /* RANK_PORT + nested: see ipc.c */

	u64 cpu_ns, system_ns, children_cpu_ns, children_system_ns;
};

extern struct spinlock process_lock;
static inline struct process *current_process(void) { return current_thread()->process; }

void process_get(struct process *p);
void process_put(struct process *p);
struct process *process_find(s32 pid); /* with a reference, or NULL; takes process_lock */

/* signal.c */
void signal_send_process(struct process *p, int sig, const struct quire_siginfo *info);
void signal_send_thread(struct thread *t, int sig, const struct quire_siginfo *info);
/* A fault of the current thread: cannot be ignored or blocked; kills if so. */
void signal_fault(int sig, int code, vaddr_t address);
/* In trap_exit: pushes a handler frame on the current thread, stops or ends it. */
void signal_deliver(struct thread *t);
/* Is there a signal that would be delivered to the current thread now? */
bool signal_is_pending(struct thread *t);

/* process.c, exec.c, exit.c */
void process_exit_current(int wait_status);

#endif
