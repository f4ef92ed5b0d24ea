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
#include <kernel/handle.h>
#include <kernel/timer.h>
#include <mm/pager.h>
#include <quire/abi.h>

struct process;
struct port;

#define PRIORITY_USER 16

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
	CALL_QUEUED,   /* its message waits on the port */
	CALL_TAKEN,    /* a server has it and owes the reply */
	CALL_REPLYING, /* the reply is being put together, by a hart that will not be interrupted */
};

/* Why a thread must not go straight back to user mode; bits of thread.attention, set by any hart with
 * attention_set, looked at by trap_exit. */
#define ATTENTION_SIGNAL  0x01 /* a signal may be deliverable, or a broken call wants its EINTR */
#define ATTENTION_STOP	  0x02 /* the process is stopped */
#define ATTENTION_DIE	  0x04 /* the thread ends here */
#define ATTENTION_REQUEST 0x08 /* waiting_request is to be put */
#define ATTENTION_REAP	  0x10 /* process->old_space is to be taken down */

struct thread {
	struct arch_regs regs; /* first: the port's entry code finds it at the thread's address */
	u32 refs;
	u32 tid;
	struct process *process;  /* counted reference */
	struct list process_link; /* process->threads */
	struct list all_link;

	/* Scheduling: guarded by sched_lock (RANK_THREAD). */
	struct spinlock sched_lock;
	u8 state;	  /* enum thread_state */
	u8 priority;	  /* 0..31 */
	bool on_hart;	  /* its registers are still in use on a hart: nobody else may run it yet */
	bool interrupted; /* woken by a signal or death: the call made again returns EINTR */
	bool in_call;	  /* a system call has not returned: the next one is it, made again */
	bool call_waits;  /* WAITING by wait_block_call, not on a queue */
	bool interruptible; /* a signal may break the wait it is in or about to begin */
	/* the call it waits in is not made again: who wakes it has set its results */
	bool parked;
	/* the call returned EINTR; signal_deliver decides between that and again */
	bool call_broken;
	u8 exit_stage;	/* how far thread_finish has come */
	u8 call_number; /* in_call: of the call that is to be made again */
	u32 attention;	/* ATTENTION_*; atomic */
	u32 affinity;
	u32 last_hart;
	struct list run_link;
	/* cpu_ns lags by cpu_ticks, at most a millisecond's worth */
	u64 cpu_ns, system_ns, started_ns;
	u32 cpu_ticks;
	struct thread *hash_next; /* by tid; see thread.c */
	u32 msg_slot;

	/* Waiting: guarded by RANK_WAIT's lock in wait.c. */
	struct wait_queue *waiting_on;
	struct list wait_link;
	struct page_request *waiting_request;
	u64 deadline_ns; /* ~0: none */
	struct timer timer;
	bool timed_out;

	/* Messages: see kernel/ipc.c. Guarded by call_port's lock. */
	u8 call_state;
	/* what the server must name to reply; never the same twice in a long time */
	u32 call_token;
	struct port *call_port;	     /* of the last call; counted, only this thread changes it */
	struct list call_link;	     /* on the port's `callers` or `taken` list */
	struct process *call_server; /* who owes the reply */
	u32 call_badge;
	u32 call_header;
	u32 call_words[4];
	struct handle call_handles[QUIRE_MSG_HANDLES_MAX]; /* in flight */
	/* the port this thread received from last; counted, its own to change */
	struct port *serve_port;
	pfn_t msg_frame; /* message buffer, pinned */
	vaddr_t msg_address;

	/* Signals: guarded by process->signal_lock. */
	u32 sig_mask, sig_pending, sig_saved_mask;
	u32 sig_wait;		       /* SIGWAIT is waiting for one of these */
	bool sig_restore_mask;	       /* sigsuspend: put sig_saved_mask back after the handler */
	struct quire_siginfo sig_info; /* of the last fault */
	struct quire_stack sig_stack;

	/* the stream of a read or write that had to wait; counted. See stream.c */
	struct stream *io_stream;
	u32 lock_wait_pid; /* filelock.c: whose lock it waits for */

	vaddr_t robust_list;
	/* Futex: see futex.c. */
	uintptr_t futex_owner;
	u64 futex_offset;
	bool futex_woken;
	u32 progress; /* a restarted call's own word, zero when a call begins */
	u32 progress2;
};

static inline void attention_set(struct thread *t, u32 bits)
{
	__atomic_fetch_or(&t->attention, bits, __ATOMIC_SEQ_CST);
}
static inline void attention_clear(struct thread *t, u32 bits)
{
	__atomic_fetch_and(&t->attention, ~bits, __ATOMIC_SEQ_CST);
}
/* The system call handlers' way to the thread whose registers they were given. */
static inline struct thread *thread_of(struct arch_regs *r)
{
	return (struct thread *)r;
}

/* A system call has come to its end by other hands than the dispatcher's: whoever completes a parked
 * call sets the result registers, calls this, and wakes the thread. */
static inline void thread_call_done(struct thread *t)
{
	t->in_call = t->interrupted = t->timed_out = t->parked = t->interruptible = false;
	t->progress = t->progress2 = 0;
}

struct hart {
	struct thread *current; /* NULL: idle */
	u32 index;
	u32 need_resched; /* atomic; a word because it is exchanged */
	bool idle;	  /* guarded by queue_lock */
	bool yielding;	  /* the reschedule wanted goes behind equals */
	bool tick_armed;  /* a slice tick is coming */
	/* of current; -1 when idle: what others compare with before they interrupt */
	s32 running_priority;
	struct thread *next; /* sched_switch_to's choice for the trap_exit that follows */
	/* arch_ticks_low at the last switch: the thread's time counts from here */
	u32 switch_ticks;
	u32 slice_ticks;	    /* and its slice from here */
	u64 programmed_ns;	    /* what the machine's timer is set to; ~0: nothing */
	struct spinlock queue_lock; /* RANK_RUNQUEUE */
	u32 ready_mask;		    /* bit p: queue[p] not empty */
	struct list queue[32];
	u32 ready_count;
	struct spinlock timer_lock; /* RANK_TIMER */
	struct list timers;	    /* by deadline */
	u64 tick_ns;		    /* when the slice tick is due, if tick_armed */
} __attribute__((aligned(64)));

extern struct hart harts[MAX_HARTS];
static inline struct hart *this_hart(void)
{
	return &harts[arch_hart_index()];
}
static inline struct thread *current_thread(void)
{
	return this_hart()->current;
}

/* thread.c */
/* refs = 1 for the caller; not running */
int must_check thread_create(struct process *p, struct thread **out);
void thread_get(struct thread *t);
void thread_put(struct thread *t);
struct thread *thread_find(u32 tid); /* with a reference, or NULL */
void thread_start(struct thread *t);
/* The current thread ends; it never returns to user mode. The rest happens in trap_exit. */
void thread_exit_current(void);
void threads_init(void);
/* The frame of the current thread's message buffer, pinned at its first use and until its end.
 * 0, -EBLOCKED, -ENOMEM, -EFAULT. */
int must_check thread_message_page(struct thread *t, pfn_t *pfn);
/* Takes the thread out of its process's list; process->signal_lock held. */
void thread_leave_list_locked(struct thread *t);
/* Takes the thread out of lookup by number. */
void thread_unlink(struct thread *t);
u32 threads_live(void);
/* A thread ends in bounded steps; exit.c. False: call again after a chance to preempt. */
bool thread_finish(struct thread *t);
/* Message buffers: one page per thread, in a region mapped with the image (image.c). */
#define THREADS_PER_PROCESS 256
#define THREAD_AREA_END	    QUIRE_USER_MAX
#define THREAD_AREA_START   (QUIRE_USER_MAX - THREADS_PER_PROCESS * QUIRE_PAGE_SIZE)

/* sched.c */
void sched_init(void);
/* Makes a waiting or new thread ready; picks a hart, sends an IPI to an idle one. */
void sched_wake(struct thread *t);
/* Direct switch: the current thread waits (its state is set already), `t`, which was waiting, runs
 * next on this hart. `t` is the caller's alone (wait_take_one, sched_claim_call). False if t may not run
 * here or something more important is ready: then t has been woken the ordinary way. */
bool sched_switch_to(struct thread *t);
void sched_yield_current(void);
void sched_tick(void);
/* Wakes a thread that waits in a call, and only such a one, with `interrupted` set. */
void sched_break_call(struct thread *t, bool dying);
/* Who answers a call makes its waiting thread his alone with this, under the lock of call_state: true:
 * no signal wakes it any more, it waits for the claimer's sched_wake or sched_switch_to, however late.
 * False: a signal has woken it, and it is about to give its call up: there is nobody to answer. */
bool sched_claim_call(struct thread *t);
/* A stopped thread goes on. */
void sched_continue(struct thread *t);
/* Makes the hart that runs t, if another one does, enter the kernel soon. */
void sched_poke(struct thread *t);
/* trap_exit's: leaves the current thread, which may not run on, and takes the next; see sched.c. */
void sched_leave(struct hart *h);
struct arch_regs *sched_leave_for_next(struct hart *h);
void sched_idle(struct hart *h);
void sched_preempt(struct hart *h);
/* Time used so far, in nanoseconds, of a thread that is the current one. */
u64 sched_cpu_ns(struct thread *t);
/* Of a process, as far as its threads have accounted (to a millisecond each). */
u64 sched_process_ns(struct process *p);

/* wait.c: wait_block, wait_wake_all are declared in mm/pager.h. */
/* wait_block with a time limit; the call made again finds thread->timed_out set when it passed. */
void wait_block_until(struct wait_queue *q, u64 deadline_ns);
void wait_wake_one(struct wait_queue *q);
/* Takes the first waiter off without waking it: it is the caller's then, to fill in its registers and
 * to hand to sched_wake or sched_switch_to. NULL: none. A signal cannot wake it in between. */
struct thread *wait_take_one(struct wait_queue *q);
/* The current thread waits in a call, on no queue: whoever answers (call_state) wakes it, or a signal
 * does; the thread then gives the call up itself, with ipc_abandon_call. Called with the lock held that
 * guards call_state. Who answers claims the thread first (sched_claim_call). */
void wait_block_call(void);
/* A handler may set thread->parked under the same lock, and return -EPARKED for -EBLOCKED: then the
 * program counter stays behind the call, and who wakes the thread sets its result registers and calls
 * thread_call_done first. A signal that breaks such a wait makes the call return EINTR or be made
 * again like any other. */
/* Breaks the thread's wait, if it is in one that signals may break, with `interrupted` set. No lock
 * of rank PORT or above held; the caller has a reference. */
void wait_interrupt(struct thread *t);
/* The same for any wait: the thread is to die. */
void wait_break(struct thread *t);
/* To be asked on the blocking path of every call that signals may break, just before wait_block:
 * true when a signal broke the wait or is pending: return -EINTR (the dispatcher turns that into a
 * call made again where SA_RESTART asks for it). A wait not announced by this question, and any wait
 * for a page request, is broken by death only. */
bool wait_was_interrupted(void);
void wait_deadline_passed(struct thread *t, u64 now_ns);

/* time.c */
u64 time_now_ns(void);
void time_init(void);
/* Runs what is due on this hart. */
void timers_run(void);
/* Asks the machine for the earliest of this hart's tick and timers, if that is news. */
void timer_program(struct hart *h);
u64 time_ticks_to_ns(u32 ticks);
u32 time_ns_to_ticks(u32 ns);

/* trap.c: what a system call that returns -EBLOCKED needs: the argument registers hold progress. */

#endif
