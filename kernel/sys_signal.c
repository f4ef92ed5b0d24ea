/* The system calls of signals; how signals work is told at the top of signal.c.
 *
 * Each copies its arguments in and its answer out before it changes anything, since a copy may have
 * to wait for a page, and the call is then made again from the start.
 */
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <arch/uaccess.h>

#define BIT(sig)    (1u << (sig))
#define UNBLOCKABLE (BIT(QSIGKILL) | BIT(QSIGSTOP))
#define STACK_MIN   512 /* room for a frame and a handler that does little */

static struct wait_queue sigwaiters = {LIST_INIT(sigwaiters.threads)};

static struct quire_siginfo user_info(int sig)
{
	return (struct quire_siginfo){
		.signo = sig, .code = QUIRE_SI_USER, .pid = current_process()->pid};
}

/* pid > 0: that process; 0: the caller's group; < -1: group -pid; -1: all but init, servers, self. */
static bool kill_means(const struct process *p, s32 pid, const struct process *self)
{
	if (pid > 0)
		return p->pid == pid;
	if (pid == 0)
		return p->pgid == self->pgid;
	if (pid == -1)
		return p != init_process && p != self && !p->privileged;
	return p->pgid == -pid;
}

static void send_locked(struct process *p, u32 sig, const struct quire_siginfo *info)
{
	if (sig != 0)
		process_send_locked(p, NULL, (int)sig, info);
}

/* Several processes get it in one hold of process_lock: a group does not change meanwhile. */
s32 sys_kill(struct arch_regs *r)
{
	struct process *self = thread_of(r)->process;
	s32 pid = (s32)arch_regs_arg(r, 0);
	u32 sig = arch_regs_arg(r, 1);
	struct quire_siginfo info = user_info((int)sig);
	bool found = false;

	if (sig >= 32)
		return -EINVAL;
	spin_lock(&process_lock);
	if (pid > 0) {
		struct process *p = process_find_locked(pid);

		found = p != NULL;
		if (found)
			send_locked(p, sig, &info);
	} else {
		list_for_each(p, &all_processes, struct process, all_link) {
			if (!kill_means(p, pid, self))
				continue;
			found = true;
			send_locked(p, sig, &info);
		}
	}
	spin_unlock(&process_lock);
	return found ? 0 : -ESRCH;
}

s32 sys_tkill(struct arch_regs *r)
{
	u32 sig = arch_regs_arg(r, 1);
	struct quire_siginfo info = user_info((int)sig);
	struct thread *t;
	s32 result = -ESRCH;

	if (sig >= 32)
		return -EINVAL;
	t = thread_find(arch_regs_arg(r, 0));
	if (t == NULL)
		return -ESRCH;
	if (t->process == thread_of(r)->process) {
		result = 0;
		if (sig == QSIGCONT) {
			spin_lock(&process_lock);
			process_send_locked(t->process, t, (int)sig, &info);
			spin_unlock(&process_lock);
		} else if (sig != 0) {
			signal_send_thread(t, (int)sig, &info);
		}
	}
	thread_put(t);
	return result;
}

s32 sys_sigaction(struct arch_regs *r)
{
	struct process *p = thread_of(r)->process;
	u32 sig = arch_regs_arg(r, 0);
	vaddr_t new_at = arch_regs_arg(r, 1), old_at = arch_regs_arg(r, 2);
	struct quire_sigaction new, old;
	int error;

	if (sig == 0 || sig >= 32 || (new_at != 0 && BIT(sig) & UNBLOCKABLE))
		return -EINVAL;
	if (new_at != 0) {
		error = arch_copy_from_user(&new, new_at, sizeof(new));
		if (error)
			return error;
	}
	if (old_at != 0) {
		spin_lock(&p->signal_lock);
		old = p->actions[sig];
		spin_unlock(&p->signal_lock);
		error = arch_copy_to_user(old_at, &old, sizeof(old));
		if (error)
			return error;
	}
	if (new_at != 0) {
		spin_lock(&p->signal_lock);
		p->actions[sig] = new;
		/* Who ignores a signal has not got one pending either. */
		if (new.handler == QUIRE_SIG_IGN ||
			(new.handler == QUIRE_SIG_DFL &&
				(sig == QSIGCHLD || sig == QSIGURG || sig == QSIGWINCH ||
					sig == QSIGIO))) {
			p->sig_pending &= ~BIT(sig);
			list_for_each(t, &p->threads, struct thread, process_link)
				t->sig_pending &= ~BIT(sig);
		}
		spin_unlock(&p->signal_lock);
	}
	return 0;
}

/* The current thread's mask changes: what it blocks now others may take, what it no longer blocks
 * it takes itself. */
static void set_mask(struct thread *t, u32 mask)
{
	struct process *p = t->process;

	spin_lock(&p->signal_lock);
	t->sig_mask = mask & ~UNBLOCKABLE;
	if ((t->sig_pending | p->sig_pending) & ~t->sig_mask)
		attention_set(t, ATTENTION_SIGNAL);
	else if (p->sig_pending != 0)
		signal_thread_left_locked(p);
	spin_unlock(&p->signal_lock);
}

s32 sys_sigprocmask(struct arch_regs *r)
{
	struct thread *t = thread_of(r);
	u32 how = arch_regs_arg(r, 0), mask = arch_regs_arg(r, 1);
	u32 old = t->sig_mask;

	if (how != ~0u) { /* else only asking */
		if (how == QUIRE_SIG_BLOCK)
			mask |= old;
		else if (how == QUIRE_SIG_UNBLOCK)
			mask = old & ~mask;
		else if (how != QUIRE_SIG_SETMASK)
			return -EINVAL;
		if (mask != old)
			set_mask(t, mask);
	}
	arch_regs_set(r, 1, old);
	return 0;
}

s32 sys_sigpending(struct arch_regs *r)
{
	struct thread *t = thread_of(r);

	arch_regs_set(r, 1, (t->sig_pending | t->process->sig_pending) & t->sig_mask);
	return 0;
}

void signal_mask_for_wait(struct thread *t, u32 mask)
{
	/* Made again after a wait that no handler ended: the mask to come back to is kept already. */
	if (t->sig_restore_mask)
		return;
	t->sig_saved_mask = t->sig_mask;
	t->sig_restore_mask = true;
	set_mask(t, mask);
}

void signal_mask_after_wait(struct thread *t)
{
	if (!t->sig_restore_mask)
		return;
	t->sig_restore_mask = false;
	set_mask(t, t->sig_saved_mask);
}

s32 sys_sigsuspend(struct arch_regs *r)
{
	struct thread *t = thread_of(r);

	signal_mask_for_wait(t, arch_regs_arg(r, 0));
	if (wait_was_interrupted())
		return -EINTR;
	wait_block(&sigwaiters, NULL);
	return -EBLOCKED;
}

s32 sys_sigaltstack(struct arch_regs *r)
{
	struct thread *t = thread_of(r);
	vaddr_t new_at = arch_regs_arg(r, 0), old_at = arch_regs_arg(r, 1);
	vaddr_t sp = arch_regs_sp(r);
	struct quire_stack new, old = t->sig_stack;
	bool on_it = !(old.flags & 2) && sp > old.sp && sp <= old.sp + old.size;
	int error;

	if (new_at != 0) {
		error = arch_copy_from_user(&new, new_at, sizeof(new));
		if (error)
			return error;
		if (on_it)
			return -EPERM;
		if (new.flags & ~2u)
			return -EINVAL;
		if (!(new.flags & 2) && (new.size < STACK_MIN || new.sp + new.size < new.sp))
			return -ENOMEM;
	}
	if (old_at != 0) {
		old.flags = old.flags & 2 ? 2 : on_it ? 1 : 0;
		error = arch_copy_to_user(old_at, &old, sizeof(old));
		if (error)
			return error;
	}
	if (new_at != 0)
		t->sig_stack = new;
	return 0;
}

s32 sys_sigreturn(struct arch_regs *r)
{
	struct thread *t = thread_of(r);
	struct quire_sigframe frame;
	int error = arch_copy_from_user(&frame, arch_regs_sp(r), sizeof(frame));

	if (error == -EBLOCKED)
		return error;
	if (error) {
		process_exit_current(QSIGSEGV);
		return -ENORESULT;
	}
	arch_regs_import(r, frame.regs);
	set_mask(t, frame.mask);
	return -ENORESULT;
}

s32 sys_sigwait(struct arch_regs *r)
{
	struct thread *t = thread_of(r);
	struct process *p = t->process;
	u32 mask = arch_regs_arg(r, 0) & ~(UNBLOCKABLE | 1);
	vaddr_t info_at = arch_regs_arg(r, 1);
	u64 until = (u64)arch_regs_arg(r, 3) << 32 | arch_regs_arg(r, 2);
	struct quire_siginfo info;
	u32 own, found, sig = 1;

	spin_lock(&p->signal_lock);
	t->sig_wait = 0;
	own = t->sig_pending & mask;
	found = own != 0 ? own : p->sig_pending & mask;
	while (found != 0 && !(found & BIT(sig)))
		sig++;
	if (found == 0) {
		/* From here on a signal sent wakes this thread, before it has gone to sleep too. */
		if (!t->timed_out && time_now_ns() < until)
			t->sig_wait = mask;
	} else if (own != 0 && t->sig_info.signo != (s32)sig) {
		info = (struct quire_siginfo){.signo = (s32)sig, .code = QUIRE_SI_USER};
	} else {
		info = own != 0 ? t->sig_info : p->sig_infos[sig];
	}
	spin_unlock(&p->signal_lock);

	if (found == 0 && t->sig_wait == 0)
		return -EAGAIN;
	if (found == 0) {
		if (wait_was_interrupted()) {
			bool ours;

			/* For one of ours, or for one that a handler takes? Under the lock, so that no
			 * sender chooses this thread in between. */
			spin_lock(&p->signal_lock);
			ours = (t->sig_pending | p->sig_pending) & mask;
			t->sig_wait = 0;
			spin_unlock(&p->signal_lock);
			return ours ? -EAGAIN_STEP : -EINTR;
		}
		wait_block_until(&sigwaiters, until);
		return -EBLOCKED;
	}
	if (info_at != 0) {
		int error = arch_copy_to_user(info_at, &info, sizeof(info));

		if (error)
			return error;
	}
	/* Another thread may have taken it while it was copied out. */
	spin_lock(&p->signal_lock);
	if (own != 0) {
		t->sig_pending &= ~BIT(sig);
		if (t->sig_info.signo == (s32)sig)
			t->sig_info.signo = 0;
	} else if (p->sig_pending & BIT(sig)) {
		p->sig_pending &= ~BIT(sig);
	} else {
		sig = 0;
	}
	spin_unlock(&p->signal_lock);
	return sig != 0 ? (s32)sig : -EAGAIN_STEP;
}
