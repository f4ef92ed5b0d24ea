/* Signals: sending, choosing a thread, delivering.
 *
 * A signal is pending on a process or on a thread. process->signal_lock guards pending bits, actions,
 * masks, the list of threads, and the step from ALIVE to DYING. To send is: set the bit under the
 * lock, choose a thread that does not block it, set that thread's ATTENTION_SIGNAL, and then (a
 * reference kept, the lock dropped) break its wait and make its hart look. The thread delivers to
 * itself in trap_exit, on its own hart with its own space active.
 *
 * Nothing is lost on the way: attention is set under the lock after the bit; signal_deliver clears
 * attention under the lock only when it finds nothing left. A thread that blocks a signal it was
 * chosen for, or ends, passes it on (retarget_locked).
 *
 * A broken system call. A call that waits and is broken returns -EINTR to the dispatcher, which
 * leaves the registers alone and notes call_broken. Delivery then decides: a handler with SA_RESTART
 * makes the call again after it, one without makes it return EINTR, and if no handler runs (another
 * thread took the signal, the process was stopped and continued) it is made again unseen. Calls that
 * by their nature end with a handler (SLEEP, POLL, SIGSUSPEND, SIGWAIT) are never made again after one.
 * The call made again sees fresh arguments, as handlers put their progress away when they give up.
 *
 * Death needs no delivery: a signal that will kill is turned into process_begin_exit by its sender.
 * Stop: the process is marked stopped and every thread stops at its next trap_exit; a wait goes on,
 * and its end finds the thread stopped. A thread goes STOPPED under signal_lock, having seen `stopped`,
 * and SIGCONT clears that under the lock before it looks for stopped threads: none is forgotten.
 */
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <arch/uaccess.h>

#define BIT(sig)       (1u << (sig))
#define UNBLOCKABLE    (BIT(QSIGKILL) | BIT(QSIGSTOP))
#define STOP_SIGNALS   (BIT(QSIGSTOP) | BIT(QSIGTSTP) | BIT(QSIGTTIN) | BIT(QSIGTTOU))
#define IGNORED_BY_DFL (BIT(QSIGCHLD) | BIT(QSIGCONT) | BIT(QSIGURG) | BIT(QSIGWINCH) | BIT(QSIGIO))
#define FAULT_SIGNALS \
	(BIT(QSIGSEGV) | BIT(QSIGBUS) | BIT(QSIGILL) | BIT(QSIGFPE) | BIT(QSIGTRAP) | BIT(QSIGSYS))

_Static_assert(sizeof(struct quire_sigframe) == 160, "the frame keeps the stack 16-aligned");

/* ------------------------------------------------------------------ sending */

static bool default_kills(int sig)
{
	return !(BIT(sig) & (IGNORED_BY_DFL | STOP_SIGNALS));
}

static bool ignored_locked(struct process *p, int sig)
{
	u32 handler = p->actions[sig].handler;

	if (BIT(sig) & UNBLOCKABLE)
		return false;
	return handler == QUIRE_SIG_IGN || (handler == QUIRE_SIG_DFL && BIT(sig) & IGNORED_BY_DFL);
}

/* A thread that would take the signal now: one in SIGWAIT for it first, then the caller itself. */
static struct thread *choose_locked(struct process *p, u32 bit)
{
	struct thread *found = NULL, *self = current_thread();

	list_for_each(t, &p->threads, struct thread, process_link) {
		if (t->attention & ATTENTION_DIE)
			continue;
		if (t->sig_wait & bit)
			return t;
		if (!(t->sig_mask & bit) && (found == NULL || t == self))
			found = t;
	}
	return found;
}

/* After ATTENTION_SIGNAL was set under signal_lock, which has been dropped: the thread shall look. */
static void nudge(struct thread *t)
{
	if (t != current_thread()) {
		wait_interrupt(t);
		sched_poke(t);
	}
}

/* Stopped threads go on. */
static void continue_threads(struct process *p)
{
	spin_lock(&p->signal_lock);
	p->stopped = false;
	p->sig_pending &= ~STOP_SIGNALS;
	list_for_each(t, &p->threads, struct thread, process_link) {
		t->sig_pending &= ~STOP_SIGNALS;
		attention_clear(t, ATTENTION_STOP);
		sched_continue(t);
	}
	spin_unlock(&p->signal_lock);
}

void process_kill_threads(struct process *p, struct thread *self)
{
	for (;;) {
		struct thread *victim = NULL;

		spin_lock(&p->signal_lock);
		/* Of two threads that would end each other the first does. */
		if (self == NULL || !(self->attention & ATTENTION_DIE))
			list_for_each(t, &p->threads, struct thread, process_link)
				if (t != self && !(t->attention & ATTENTION_DIE)) {
					victim = t;
					break;
				}
		if (victim != NULL) {
			attention_set(victim, ATTENTION_DIE);
			thread_get(victim);
		}
		spin_unlock(&p->signal_lock);
		if (victim == NULL)
			return;
		sched_continue(victim);
		wait_break(victim);
		sched_poke(victim);
		thread_put(victim);
	}
}

bool process_begin_exit(struct process *p, int wait_status)
{
	bool first;

	spin_lock(&p->signal_lock);
	first = p->state == PROCESS_ALIVE;
	if (first) {
		p->state = PROCESS_DYING;
		p->exit_status = wait_status;
		p->stopped = false;
	}
	spin_unlock(&p->signal_lock);
	if (first)
		process_kill_threads(p, NULL);
	return first;
}

/* Makes the signal pending on the process (t NULL) or one thread. */
static void send(struct process *p, struct thread *t, int sig, const struct quire_siginfo *info)
{
	u32 bit = BIT(sig);
	struct thread *chosen = NULL;
	bool kills = false;

	/* Nobody else would do init's work: no signal kills or stops it. */
	if (p == init_process && BIT(sig) & (UNBLOCKABLE | STOP_SIGNALS))
		return;
	if (sig == QSIGCONT)
		continue_threads(p);
	spin_lock(&p->signal_lock);
	if (p->state != PROCESS_ALIVE) {
		spin_unlock(&p->signal_lock);
		return;
	}
	if (bit & STOP_SIGNALS)
		p->sig_pending &= ~BIT(QSIGCONT);
	if (t == NULL)
		chosen = choose_locked(p, bit);
	else if (!(t->sig_mask & bit) || t->sig_wait & bit)
		chosen = t;
	if (sig == QSIGKILL) {
		kills = true;
	} else if (chosen == NULL || chosen->sig_wait & bit || !ignored_locked(p, sig)) {
		/* Ignored ones are kept only where somebody may yet ask for them. */
		kills = chosen != NULL && !(chosen->sig_wait & bit) && default_kills(sig) &&
			p->actions[sig].handler == QUIRE_SIG_DFL;
		if (kills && p == init_process) {
			spin_unlock(&p->signal_lock);
			return;
		}
		if (t == NULL) {
			if (!(p->sig_pending & bit))
				p->sig_infos[sig] = *info;
			p->sig_pending |= bit;
		} else {
			if (!(t->sig_pending & bit) && t->sig_info.signo == 0)
				t->sig_info = *info;
			t->sig_pending |= bit;
		}
	} else {
		chosen = NULL;
	}
	if (chosen != NULL) {
		attention_set(chosen, ATTENTION_SIGNAL);
		thread_get(chosen);
	}
	spin_unlock(&p->signal_lock);
	if (kills)
		process_begin_exit(p, sig);
	else if (chosen != NULL)
		nudge(chosen);
	if (chosen != NULL)
		thread_put(chosen);
}

void signal_send_process(struct process *p, int sig, const struct quire_siginfo *info)
{
	send(p, NULL, sig, info);
}

void signal_send_thread(struct thread *t, int sig, const struct quire_siginfo *info)
{
	send(t->process, t, sig, info);
}

void signal_fault(int sig, int code, vaddr_t address)
{
	struct thread *t = current_thread();
	struct process *p = t->process;
	bool handled;

	spin_lock(&p->signal_lock);
	handled = p->actions[sig].handler > QUIRE_SIG_IGN && !(t->sig_mask & BIT(sig));
	if (handled) {
		t->sig_info = (struct quire_siginfo){.signo = sig, .code = code, .addr = address};
		t->sig_pending |= BIT(sig);
		attention_set(t, ATTENTION_SIGNAL);
	}
	spin_unlock(&p->signal_lock);
	if (!handled)
		process_exit_current(sig);
}

/* Pending process signals that thread `self` does not take find a thread that does. */
static void retarget_locked(struct process *p, struct thread *self)
{
	u32 pending = p->sig_pending;

	if (pending == 0)
		return;
	list_for_each(t, &p->threads, struct thread, process_link)
		if (t != self && pending & ~t->sig_mask) {
			attention_set(t, ATTENTION_SIGNAL);
			wait_interrupt(t);
			sched_poke(t);
		}
}

void signal_thread_left_locked(struct process *p)
{
	retarget_locked(p, NULL);
}

/* ------------------------------------------------------------------ delivery */

static u32 take_locked(struct thread *t, struct quire_siginfo *info)
{
	struct process *p = t->process;
	u32 own = t->sig_pending & ~t->sig_mask, shared = p->sig_pending & ~t->sig_mask;
	u32 pending = own | shared, sig = 1;

	if (pending == 0)
		return 0;
	if (pending & FAULT_SIGNALS & own)
		pending &= FAULT_SIGNALS & own;
	while (!(pending & BIT(sig)))
		sig++;
	if (own & BIT(sig)) {
		t->sig_pending &= ~BIT(sig);
		*info = (struct quire_siginfo){.signo = (s32)sig, .code = QUIRE_SI_USER};
		if (t->sig_info.signo == (s32)sig) {
			*info = t->sig_info;
			t->sig_info.signo = 0;
		}
	} else {
		p->sig_pending &= ~BIT(sig);
		*info = p->sig_infos[sig];
	}
	return sig;
}

static bool never_again_after_handler(const struct arch_regs *r)
{
	switch (arch_regs_number(r)) {
	case SYS_SLEEP:
	case SYS_POLL:
	case SYS_SIGSUSPEND:
	case SYS_SIGWAIT: return true;
	default: return false;
	}
}

static bool on_stack(const struct quire_stack *s, vaddr_t sp)
{
	return sp > s->sp && sp <= s->sp + s->size;
}

/* Pushes the frame and points the registers at the handler. 0, -EBLOCKED or -EFAULT: nothing is
 * changed then. */
static int push_handler(
	struct thread *t, const struct quire_sigaction *action, const struct quire_siginfo *info)
{
	struct arch_regs *r = &t->regs;
	vaddr_t sp = arch_regs_sp(r), at;
	struct quire_sigframe frame = {.info = *info};
	bool again = action->flags & QUIRE_SA_RESTART && !never_again_after_handler(r);
	int error;

	if (action->flags & QUIRE_SA_ONSTACK && !(t->sig_stack.flags & 2) &&
		!on_stack(&t->sig_stack, sp))
		sp = t->sig_stack.sp + t->sig_stack.size;
	at = (sp - (u32)sizeof(frame)) & ~15u;
	arch_regs_export(r, frame.regs);
	if (t->call_broken) {
		struct arch_regs resumed = *r;

		if (again)
			arch_regs_restart(&resumed);
		else
			arch_regs_set(&resumed, 0, (u32)-EINTR);
		arch_regs_export(&resumed, frame.regs);
	}
	frame.mask = t->sig_restore_mask ? t->sig_saved_mask : t->sig_mask;
	error = arch_copy_to_user(at, &frame, sizeof(frame));
	if (error)
		return error;
	t->call_broken = false;
	arch_regs_enter_handler(r, action->handler, at, action->restorer, (u32)info->signo,
		at + offsetof(struct quire_sigframe, info), at);
	return 0;
}

/* A process's default action for a signal that does not kill. A stop by the terminal is for those whom
 * somebody can continue (group.c). */
static void stop_process(struct process *p, int sig)
{
	bool stops;

	spin_lock(&process_lock);
	stops = sig == QSIGSTOP || !group_is_orphaned_locked(p->pgid);
	spin_lock(&p->signal_lock);
	stops = stops && p->state == PROCESS_ALIVE;
	if (stops) {
		p->stopped = true;
		list_for_each(t, &p->threads, struct thread, process_link) {
			attention_set(t, ATTENTION_STOP);
			sched_poke(t);
		}
	}
	spin_unlock(&p->signal_lock);
	if (stops)
		process_stopped_locked(p, sig);
	spin_unlock(&process_lock);
}

/* Runs one signal. False when it has to be tried again later. */
static bool run_signal(struct thread *t, u32 sig, const struct quire_siginfo *info,
	const struct quire_sigaction *action)
{
	struct process *p = t->process;
	int error;

	if (action->handler == QUIRE_SIG_IGN)
		return true;
	if (action->handler == QUIRE_SIG_DFL) {
		if (default_kills((int)sig))
			process_exit_current((int)sig);
		else if (BIT(sig) & STOP_SIGNALS)
			stop_process(p, (int)sig);
		return true;
	}
	error = push_handler(t, action, info);
	if (error == -EBLOCKED || error == -EAGAIN_STEP) {
		/* The stack has to be fetched: the signal is this thread's now, and waits for it. */
		spin_lock(&p->signal_lock);
		t->sig_pending |= BIT(sig);
		if (t->sig_info.signo == 0)
			t->sig_info = *info;
		spin_unlock(&p->signal_lock);
		return false;
	}
	if (error) {
		process_exit_current(QSIGSEGV);
		return true;
	}
	spin_lock(&p->signal_lock);
	t->sig_restore_mask = false;
	t->sig_mask |= action->mask & ~UNBLOCKABLE;
	if (!(action->flags & QUIRE_SA_NODEFER))
		t->sig_mask |= BIT(sig);
	if (action->flags & QUIRE_SA_RESETHAND)
		p->actions[sig].handler = QUIRE_SIG_DFL;
	retarget_locked(p, t);
	spin_unlock(&p->signal_lock);
	return true;
}

void signal_deliver(struct thread *t)
{
	struct process *p = t->process;
	struct quire_siginfo info;
	struct quire_sigaction action;
	u32 sig;

	for (;;) {
		spin_lock(&p->signal_lock);
		sig = take_locked(t, &info);
		if (sig == 0)
			break;
		action = p->actions[sig];
		spin_unlock(&p->signal_lock);
		if (!run_signal(t, sig, &info, &action))
			return;
		if (t->attention & (ATTENTION_DIE | ATTENTION_STOP))
			return; /* more, if there is, when the thread comes by again */
	}
	attention_clear(t, ATTENTION_SIGNAL);
	spin_unlock(&p->signal_lock);
	if (t->call_broken) {
		t->call_broken = false;
		arch_regs_restart(&t->regs);
	}
}

/* ------------------------------------------------------------------ fork and exec */

void signal_init(struct process *p, struct process *parent)
{
	spin_init(&p->signal_lock, RANK_SIGNAL);
	if (parent == NULL)
		return;
	spin_lock(&parent->signal_lock);
	__builtin_memcpy(p->actions, parent->actions, sizeof(p->actions));
	spin_unlock(&parent->signal_lock);
}

void signal_reset_exec(struct process *p, struct thread *t)
{
	spin_lock(&p->signal_lock);
	for (u32 sig = 1; sig < 32; sig++) {
		struct quire_sigaction *a = &p->actions[sig];

		*a = (struct quire_sigaction){
			.handler = a->handler == QUIRE_SIG_IGN ? QUIRE_SIG_IGN : QUIRE_SIG_DFL};
	}
	t->sig_stack = (struct quire_stack){.flags = 2};
	t->sig_restore_mask = false;
	spin_unlock(&p->signal_lock);
}
