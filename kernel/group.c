/* Numbers, process groups and sessions; all guarded by process_lock.
 *
 * Orphaned groups. Somebody must be there who can continue what the terminal stops: a member's parent
 * in another group of the same session, a shell with job control. A group without one is orphaned, and
 * SIGTSTP, SIGTTIN and SIGTTOU then stop nobody in it by default (signal.c asks, holding process_lock).
 * Where the end of a process orphans a group that has stopped members, the group gets SIGHUP and then
 * SIGCONT: nobody else would ever free them. The end of a process cuts its own tie to its parent and its
 * children's ties to it; group_untied_locked is told of each once it has been cut.
 */
#include <kernel/process.h>
#include <kernel/syscall.h>

void process_send_locked(
	struct process *p, struct thread *t, int sig, const struct quire_siginfo *info)
{
	debug_assert(spin_is_locked(&process_lock));
	bool ends_stop = sig == QSIGCONT && p->stopped;

	if (t != NULL)
		signal_send_thread(t, sig, info);
	else
		signal_send_process(p, sig, info);
	if (ends_stop)
		process_continued_locked(p);
}

/* ------------------------------------------------------------------ orphaned groups */

/* Could the parent look after the child's group? init does not. */
static bool tied(const struct process *child, const struct process *parent)
{
	return parent != NULL && parent != init_process && parent->pgid != child->pgid &&
	       parent->sid == child->sid;
}

bool group_is_orphaned_locked(s32 pgid)
{
	debug_assert(spin_is_locked(&process_lock));
	list_for_each(p, &all_processes, struct process, all_link)
		if (p->pgid == pgid && p->state != PROCESS_ZOMBIE && tied(p, p->parent))
			return false;
	return true;
}

static bool group_has_stopped_locked(s32 pgid)
{
	list_for_each(p, &all_processes, struct process, all_link)
		if (p->pgid == pgid && p->stopped)
			return true;
	return false;
}

void group_untied_locked(const struct process *child, const struct process *parent)
{
	static const int signals[] = {QSIGHUP, QSIGCONT};
	s32 pgid = child->pgid;

	if (!tied(child, parent) || !group_has_stopped_locked(pgid) ||
		!group_is_orphaned_locked(pgid))
		return;
	list_for_each(p, &all_processes, struct process, all_link)
		for (u32 i = 0; p->pgid == pgid && i < 2; i++) {
			struct quire_siginfo info = {.signo = signals[i], .code = QUIRE_SI_KERNEL};

			process_send_locked(p, NULL, signals[i], &info);
		}
}

/* ------------------------------------------------------------------ system calls */

s32 sys_getpid(struct arch_regs *r)
{
	return thread_of(r)->process->pid;
}

s32 sys_getppid(struct arch_regs *r)
{
	struct process *parent;
	s32 pid;

	spin_lock(&process_lock);
	parent = thread_of(r)->process->parent;
	pid = parent != NULL ? parent->pid : 0;
	spin_unlock(&process_lock);
	return pid;
}

static bool group_in_session_locked(s32 pgid, s32 sid)
{
	list_for_each(p, &all_processes, struct process, all_link)
		if (p->pgid == pgid && p->sid == sid)
			return true;
	return false;
}

s32 sys_setpgid(struct arch_regs *r)
{
	struct process *self = thread_of(r)->process, *p = self;
	s32 pid = (s32)arch_regs_arg(r, 0), pgid = (s32)arch_regs_arg(r, 1), result = 0;

	if (pgid < 0)
		return -EINVAL;
	spin_lock(&process_lock);
	if (pid != 0)
		p = process_find_locked(pid);
	if (p == NULL || (p != self && p->parent != self)) {
		result = -ESRCH;
	} else {
		if (pgid == 0)
			pgid = p->pid;
		if (p->sid != self->sid || p->pid == p->sid)
			result = -EPERM;
		else if (p != self && p->execed)
			result = -EACCES;
		else if (pgid != p->pid && !group_in_session_locked(pgid, p->sid))
			result = -EPERM;
		else
			p->pgid = pgid;
	}
	spin_unlock(&process_lock);
	return result;
}

/* getpgid and getsid: 0 is the caller. */
static s32 number_of(struct arch_regs *r, bool session)
{
	s32 pid = (s32)arch_regs_arg(r, 0), result = -ESRCH;
	struct process *p = thread_of(r)->process;

	spin_lock(&process_lock);
	if (pid != 0)
		p = process_find_locked(pid);
	if (p != NULL)
		result = session ? p->sid : p->pgid;
	spin_unlock(&process_lock);
	return result;
}

s32 sys_getpgid(struct arch_regs *r)
{
	return number_of(r, false);
}

s32 sys_getsid(struct arch_regs *r)
{
	return number_of(r, true);
}

s32 sys_setsid(struct arch_regs *r)
{
	struct process *p = thread_of(r)->process;
	s32 result = -EPERM;
	bool leads = false;

	spin_lock(&process_lock);
	list_for_each(q, &all_processes, struct process, all_link)
		leads |= q->pgid == p->pid;
	if (!leads)
		result = p->sid = p->pgid = p->pid;
	spin_unlock(&process_lock);
	return result;
}
