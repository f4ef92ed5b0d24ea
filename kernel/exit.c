/* The end of threads and processes, in bounded steps.
 *
 * A thread that is to end has ATTENTION_DIE and comes here from trap_exit, with no lock held and its
 * own space active, as often as thread_finish says that there is more. Between two calls it passes
 * through user mode (see trap.c), so interrupts, higher priorities and the end of its slice get their
 * turn: it dies at its own expense.
 *
 *     thread:   robust mutexes -> call given up, buffer unpinned -> is another thread left?
 *                 yes: leave the space, off the lists, DEAD
 *                 no:  the thread takes the process down:
 *     process:  alarm, calls owed -> handles, some at a time -> the space, some pages at a time -> orphans to init,
 *               ZOMBIE, SIGCHLD, parent woken -> DEAD
 *
 * Which thread is last is decided once, under signal_lock (join_process refuses new ones then): a
 * thread that finds others leaves the list under the same hold, so exactly one finds itself alone.
 * A thread leaves its space (the kernel's root is loaded) before it leaves the list, since the space
 * may be freed by the last one as soon as it has.
 *
 * Nothing here waits but the first stage, whose look at robust mutexes may have to fetch a page.
 */
#include <kernel/process.h>
#include <kernel/stream.h>
#include <kernel/port.h>
#include <kernel/syscall.h>
#include <kernel/futex.h>

#define SPACE_STEPS 8 /* of aspace_destroy_step, between two chances to preempt */

enum thread_stage { THREAD_ROBUST, THREAD_RELEASE, THREAD_LEAVE, THREAD_LAST };
enum process_stage { PROCESS_CALLS, PROCESS_HANDLES, PROCESS_SPACE, PROCESS_END };

void process_exit_current(int wait_status)
{
	process_begin_exit(current_process(), wait_status);
}

s32 sys_exit(struct arch_regs *r)
{
	process_exit_current((int)(arch_regs_arg(r, 0) & 0xff) << 8);
	return -ENORESULT;
}

/* ------------------------------------------------------------------ process */

/* True when the space is gone. */
static bool space_step(struct process *p, struct aspace **space)
{
	struct aspace *a = *space;

	if (a == NULL)
		return true;
	/* A borrowed space (vfork) is left to its owner; if it is the other way round, to the child. */
	if (__atomic_load_n(&a->refs, __ATOMIC_ACQUIRE) == 1) {
		u32 steps = 0;

		while (aspace_destroy_step(a))
			if (++steps == SPACE_STEPS)
				return false;
	}
	aspace_switch(NULL);
	spin_lock(&process_lock);
	*space = NULL;
	spin_unlock(&process_lock);
	aspace_put(a);
	process_release_vfork(p);
	return true;
}

static void record_usage(struct process *p)
{
	struct aspace *a = p->space;

	if (a == NULL || p->vfork_parent != NULL)
		return;
	p->usage.max_resident = a->max_resident;
	p->usage.faults = a->faults;
	p->usage.fetches = a->fetches;
}

/* Children go to init; those that have ended already are init's to reap, at once. */
static void orphan_children_locked(struct process *p)
{
	struct list *n;

	while ((n = list_pop_front(&p->children)) != NULL) {
		struct process *c = list_entry(n, struct process, sibling_link);

		c->parent = init_process;
		list_push_back(&init_process->children, &c->sibling_link);
		group_untied_locked(c, p);
		if (c->state == PROCESS_ZOMBIE) {
			struct quire_siginfo info = {.signo = QSIGCHLD, .pid = c->pid};

			signal_send_process(init_process, QSIGCHLD, &info);
			wait_wake_all(&init_process->child_waiters);
		}
	}
}

/* The process becomes a zombie, or nothing if its parent does not want to know. True: the tree's
 * reference is the caller's to put. */
static bool become_zombie_locked(struct process *p)
{
	struct process *parent = p->parent;
	struct quire_sigaction *a = &parent->actions[QSIGCHLD];
	bool killed = (p->exit_status & 0x7f) != 0;
	struct quire_siginfo info = {
		.signo = QSIGCHLD,
		.code = killed ? QUIRE_CLD_KILLED : QUIRE_CLD_EXITED,
		.pid = p->pid,
		.status = killed ? p->exit_status & 0x7f : p->exit_status >> 8,
	};
	bool unwanted = a->handler == QUIRE_SIG_IGN || a->flags & QUIRE_SA_NOCLDWAIT;

	p->state = PROCESS_ZOMBIE;
	orphan_children_locked(p);
	group_untied_locked(p, parent);
	p->stop_to_report = p->continue_to_report = false;
	if (unwanted) {
		p->parent = NULL;
		process_unlink_locked(p);
	}
	signal_send_process(parent, QSIGCHLD, &info);
	wait_wake_all(&parent->child_waiters);
	return unwanted;
}

/* Of a change of the child's that is not its end. */
static void tell_parent_locked(struct process *p, int code, int sig)
{
	struct quire_siginfo info = {.signo = QSIGCHLD, .code = code, .pid = p->pid, .status = sig};

	if (p->parent == NULL)
		return;
	if (!(p->parent->actions[QSIGCHLD].flags & QUIRE_SA_NOCLDSTOP))
		signal_send_process(p->parent, QSIGCHLD, &info);
	wait_wake_all(&p->parent->child_waiters);
}

void process_stopped_locked(struct process *p, int sig)
{
	debug_assert(spin_is_locked(&process_lock));
	p->stop_signal = (u8)sig;
	p->stop_to_report = true;
	p->continue_to_report = false;
	tell_parent_locked(p, QUIRE_CLD_STOPPED, sig);
}

void process_continued_locked(struct process *p)
{
	debug_assert(spin_is_locked(&process_lock));
	p->stop_to_report = false;
	p->continue_to_report = true;
	tell_parent_locked(p, QUIRE_CLD_CONTINUED, QSIGCONT);
}

/* The last thread: nobody else is in the process. True when it has become a zombie. */
static bool process_step(struct process *p, struct thread *t)
{
	bool put;

	switch (p->exit_stage) {
	case PROCESS_CALLS:
		alarm_cancel(p);
		limit_cpu_cancel(p);
		record_usage(p);
		ipc_process_died(p); /* while its ports can still be found */
		p->exit_stage = PROCESS_HANDLES;
		/* fall through */
	case PROCESS_HANDLES:
		if (!handle_table_close_step(&p->handles))
			return false;
		p->exit_stage = PROCESS_SPACE;
		/* fall through */
	case PROCESS_SPACE:
		if (p->old_space != NULL && !exec_reap_step(p))
			return false;
		if (!space_step(p, &p->space))
			return false;
		p->exit_stage = PROCESS_END;
		/* fall through */
	default:
		if (p == init_process) {
			log_printf("init has ended (wait status 0x%x): nothing is left to run\n",
				(u32)p->exit_status);
			arch_poweroff(p->exit_status >> 8 ? p->exit_status >> 8 : 1);
		}
		sched_cpu_ns(t);
		p->usage.user_ns = sched_process_ns(p);
		p->usage.system_ns = p->system_ns;
		spin_lock(&process_lock);
		put = become_zombie_locked(p);
		spin_unlock(&process_lock);
		if (put)
			process_put(p);
		return true;
	}
}

/* ------------------------------------------------------------------ thread */

/* Off the list, unless it is the last one. */
static bool leave_others(struct process *p, struct thread *t)
{
	bool last;

	spin_lock(&p->signal_lock);
	last = p->thread_count == 1;
	if (last)
		p->state = PROCESS_DYING; /* by SYS_THREAD_EXIT: with the status it has, 0 */
	else
		thread_leave_list_locked(t);
	spin_unlock(&p->signal_lock);
	return !last;
}

bool thread_finish(struct thread *t)
{
	struct process *p = t->process;

	switch (t->exit_stage) {
	case THREAD_ROBUST:
		if (futex_thread_died(t) == -EBLOCKED)
			return false;
		t->exit_stage = THREAD_RELEASE;
		/* fall through */
	case THREAD_RELEASE:
		ipc_abandon_call(t);
		ipc_thread_gone(t);
		stream_thread_gone(t);
		if (t->msg_frame != PFN_NONE)
			frame_unpin(frame_of(t->msg_frame));
		t->msg_frame = PFN_NONE;
		t->exit_stage = THREAD_LEAVE;
		/* fall through */
	case THREAD_LEAVE:
		sched_cpu_ns(t);
		aspace_switch(NULL);
		if (leave_others(p, t)) {
			thread_unlink(t);
			break;
		}
		aspace_switch(p->space);
		t->exit_stage = THREAD_LAST;
		/* fall through */
	default:
		if (!process_step(p, t))
			return false;
		spin_lock(&p->signal_lock);
		thread_leave_list_locked(t);
		spin_unlock(&p->signal_lock);
		thread_unlink(t);
	}
	t->state = THREAD_DEAD;
	return true;
}
