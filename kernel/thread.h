/* Threads: what runs. State, waiting, and the run queues.
 *
 * A hart has one kernel stack, so a thread in the kernel that has to wait leaves nothing behind but
 * its saved user registers and a place on a wait queue (mm/pager.h); when woken it makes its call
 * again. The rule for every system call: decode and check, then either perform and set results, or
 * wait_block() and return -EBLOCKED with progress, if any, written back to the argument registers.
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include <arch/cpu.h>
#include <base/list.h>
#include <base/spinlock.h>
#include <mm/pager.h>
#include <quire/abi.h>

struct process;
struct port;

enum thread_state {
	THREAD_READY,	/* on a run queue */
	THREAD_RUNNING, /* on a hart */
	THREAD_WAITING, /* on a wait queue or in a call */
	THREAD_STOPPED, /* by SIGSTOP and its like */
	THREAD_DEAD,
};

/* Where a thread is in the exchange of a message; guarded by the port's lock of `call_port`. */
enum call_state {
	CALL_NONE,
	CALL_QUEUED,  /* its message waits on the port */
	CALL_TAKEN,   /* a server has it and owes the reply */
	CALL_REPLIED, /* the reply is in call_words; the CALL, made again, returns it */
};

struct thread {
	struct arch_regs regs; /* first: the port's entry code finds it at the thread's address */
	u32 refs;
	u32 tid;
	struct process *process; /* counted reference */
	struct list process_link; /* process->threads */
	struct list all_link;

	/* Scheduling: guarded by sched_lock (RANK_THREAD). */
	struct spinlock sched_lock;
	u8 state;	  /* enum thread_state */
	u8 priority;	  /* 0..31 */
	bool on_hart;	  /* its registers are still in use on a hart: nobody else may run it yet */
	bool interrupted; /* woken by a signal or death: the call made again returns EINTR */
	u32 affinity;
	u32 last_hart;
	struct list run_link;
	u64 cpu_ns, system_ns, started_ns;

	/* Waiting: guarded by RANK_WAIT's lock in wait.c. */
	struct wait_queue *waiting_on;
	struct list wait_link;
	struct page_request *waiting_request;
	u64 deadline_ns; /* ~0: none */
	struct list timer_link;
	bool timed_out;

	/* Messages: see kernel/ipc.c. Guarded by call_port's lock. */
	u8 call_state;
	bool call_died; /* the server died with it: ECONNRESET */
	u16 call_sequence; /* in the reply token, so that a stale token finds nobody */
	struct port *call_port; /* counted reference while call_state is not NONE */
	struct list call_link;	/* on the port's queue of callers, or on the server process's `owed` list */
	struct process *call_server; /* who owes the reply */
	u32 call_badge;
	u32 call_header;
	u32 call_words[4];
	struct list call_handles; /* handles in flight (struct flying_handles), see handle.h */
	pfn_t msg_frame;	 /* message buffer, pinned */
	vaddr_t msg_address;

	/* Signals: guarded by process->signal_lock. */
	u32 sig_mask, sig_pending, sig_saved_mask;
	bool sig_restore_mask; /* sigsuspend: put sig_saved_mask back after the handler */
	struct quire_siginfo sig_info; /* of the last fault */
	struct quire_stack sig_stack;

	vaddr_t robust_list;
	/* Futex: see futex.c. */
	uintptr_t futex_owner;
	u64 futex_offset;
	bool futex_woken;
	u32 progress; /* a restarted call's own word, zero when a call begins */
	u32 progress2;
};

struct hart {
	struct thread *current; /* NULL: idle */
	u32 index;
	bool need_resched;
	bool idle;
	struct spinlock queue_lock; /* RANK_RUNQUEUE */
	u32 ready_mask;		    /* bit p: queue[p] not empty */
	struct list queue[32];
	u32 ready_count;
	struct spinlock timer_lock; /* RANK_TIMER */
	struct list timers;	    /* by deadline */
	u64 slice_end_ns, idle_since_ns;
} __attribute__((aligned(64)));

extern struct hart harts[MAX_HARTS];
static inline struct hart *this_hart(void) { return &harts[arch_hart_index()]; }
static inline struct thread *current_thread(void) { return this_hart()->current; }

/* thread.c */
int must_check thread_create(struct process *p, struct thread **out); /* refs = 1 for the caller; not running */
void thread_get(struct thread *t);
void thread_put(struct thread *t);
struct thread *thread_find(u32 tid); /* with a reference, or NULL */
void thread_start(struct thread *t);
/* The current thread ends; it never returns to user mode. The rest happens in trap_exit. */
void thread_exit_current(void);

/* sched.c */
void sched_init(void);
/* Makes a waiting or new thread ready; picks a hart, sends an IPI to an idle one. */
void sched_wake(struct thread *t);
/* Direct switch: the current thread waits (its state is set already), `t`, which was waiting, runs
 * next on this hart. False if t may not run here or something more important is ready: then t has
 * been woken the ordinary way. */
bool sched_switch_to(struct thread *t);
void sched_yield_current(void);
void sched_tick(void);

/* wait.c: wait_block, wait_wake_all are declared in mm/pager.h. */
/* wait_block with a time limit; the call made again finds thread->timed_out set when it passed. */
void wait_block_until(struct wait_queue *q, u64 deadline_ns);
void wait_wake_one(struct wait_queue *q);
/* Takes the thread off the queue it is on, if it is, and wakes it with `interrupted` set. */
void wait_interrupt(struct thread *t);
/* At the start of a blocking path in a call made again: true once after a signal broke the wait. */
bool wait_was_interrupted(void);

/* time.c */
u64 time_now_ns(void);

/* trap.c: what a system call that returns -EBLOCKED needs: the argument registers hold progress. */

#endif
