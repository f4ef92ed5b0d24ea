/* Processes: numbers, the family tree, fork, and waiting for children.
 *
 * process_lock guards the tree, the numbers, group and session, and the step to ZOMBIE. A process is
 * kept by the tree from process_link until it is reaped, by each of its threads, and by lookups.
 *
 * A zombie is reaped by exactly one wait: its answer is copied out first, without the lock and without
 * consequences; then, under the lock, it is taken if it is still there, else the wait begins anew. A
 * wait that finds nothing sleeps on the parent's child_waiters under process_lock, which every change
 * of a child's state holds, so no change is missed.
 *
 * vfork: the child shares the parent's space, by reference. The parent thread waits on its process's
 * vfork_waiters until the child's vfork_parent is cleared (process_release_vfork, from exec or exit).
 */
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/slab.h>
#include <arch/uaccess.h>

#define PID_MAX	    30000 /* a flock's l_pid is 16 bits wide */
#define HASH_CHAINS 64

_Static_assert(sizeof(struct process) <= 2032, "a process is one slab object");

struct spinlock process_lock = SPINLOCK_INIT(RANK_PROCESS);
struct process *init_process;
struct list all_processes = LIST_INIT(all_processes);
u32 process_count;

static struct slab_cache process_cache;
static struct process *table[HASH_CHAINS];
static s32 last_pid;
static bool wrapped;

void processes_init(void)
{
	slab_cache_init(&process_cache, "process", sizeof(struct process));
}

void process_get(struct process *p)
{
	__atomic_fetch_add(&p->refs, 1, __ATOMIC_RELAXED);
}

void process_put(struct process *p)
{
	if (__atomic_fetch_sub(&p->refs, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	if (p->space != NULL)
		aspace_put(p->space); /* a fork that failed */
	if (p->vfork_parent != NULL)
		process_put(p->vfork_parent);
	slab_free(&process_cache, p);
}

bool current_is_privileged(void)
{
	struct thread *t = current_thread();

	return t == NULL || t->process->privileged;
}

/* ------------------------------------------------------------------ numbers */

struct process *process_find_locked(s32 pid)
{
	struct process *p = table[(u32)pid % HASH_CHAINS];

	debug_assert(spin_is_locked(&process_lock));
	while (p != NULL && p->pid != pid)
		p = p->hash_next;
	return p;
}

struct process *process_find(s32 pid)
{
	struct process *p;

	spin_lock(&process_lock);
	p = process_find_locked(pid);
	if (p != NULL)
		process_get(p);
	spin_unlock(&process_lock);
	return p;
}

struct process *process_next(s32 pid)
{
	struct process *found = NULL;

	spin_lock(&process_lock);
	list_for_each(p, &all_processes, struct process, all_link)
		if (p->pid >= pid && (found == NULL || p->pid < found->pid))
			found = p;
	if (found != NULL)
		process_get(found);
	spin_unlock(&process_lock);
	return found;
}

struct aspace *process_space_get(struct process *p)
{
	struct aspace *space;

	spin_lock(&process_lock);
	space = p->space;
	if (space != NULL)
		aspace_get(space);
	spin_unlock(&process_lock);
	return space;
}

/* A number is free if no process, group or session has it. */
static bool pid_is_free_locked(s32 pid)
{
	if (process_find_locked(pid) != NULL)
		return false;
	if (!wrapped)
		return true; /* never given out before */
	list_for_each(p, &all_processes, struct process, all_link)
		if (p->pgid == pid || p->sid == pid)
			return false;
	return true;
}

static s32 new_pid_locked(void)
{
	for (u32 tries = 0; tries < PID_MAX; tries++) {
		last_pid++;
		if (last_pid > PID_MAX) {
			last_pid = 2;
			wrapped = true;
		}
		if (pid_is_free_locked(last_pid))
			return last_pid;
	}
	return -EAGAIN;
}

/* ------------------------------------------------------------------ life */

struct process *process_create(void)
{
	struct process *p = slab_alloc_zeroed(&process_cache);

	if (p == NULL)
		return NULL;
	p->refs = 1;
	handle_table_init(&p->handles);
	wait_queue_init(&p->child_waiters);
	wait_queue_init(&p->vfork_waiters);
	wait_queue_init(&p->thread_waiters);
	list_init(&p->children);
	list_init(&p->sibling_link);
	list_init(&p->all_link);
	list_init(&p->threads);
	timer_init(&p->alarm, TIMER_ALARM);
	timer_init(&p->cpu_timer, TIMER_CPU);
	return p;
}

int process_link(struct process *p, struct process *parent)
{
	s32 pid;

	spin_lock(&process_lock);
	pid = new_pid_locked();
	if (pid > 0) {
		p->pid = pid;
		p->pgid = parent != NULL ? parent->pgid : pid;
		p->sid = parent != NULL ? parent->sid : pid;
		p->parent = parent;
		if (parent != NULL)
			list_push_back(&parent->children, &p->sibling_link);
		list_push_back(&all_processes, &p->all_link);
		p->hash_next = table[(u32)pid % HASH_CHAINS];
		table[(u32)pid % HASH_CHAINS] = p;
		process_count++;
		process_get(p);
	}
	spin_unlock(&process_lock);
	return pid > 0 ? 0 : -EAGAIN;
}

void process_unlink_locked(struct process *p)
{
	struct process **at;

	debug_assert(spin_is_locked(&process_lock));
	for (at = &table[(u32)p->pid % HASH_CHAINS]; *at != p; at = &(*at)->hash_next)
		;
	*at = p->hash_next;
	list_remove(&p->sibling_link);
	list_remove(&p->all_link);
	process_count--;
}

/* ------------------------------------------------------------------ fork */

/* What a child takes over from the parent's process and the calling thread. */
static void inherit(
	struct process *child, struct process *parent, struct thread *c, struct thread *t)
{
	__builtin_memcpy(child->name, parent->name, sizeof(child->name));
	child->privileged = parent->privileged;
	arch_regs_copy(&c->regs, &t->regs);
	arch_regs_set(&c->regs, 0, 0);
	c->priority = t->priority;
	c->affinity = t->affinity;
	c->sig_mask = t->sig_restore_mask ? t->sig_saved_mask : t->sig_mask;
	c->sig_stack = t->sig_stack;
	/* The same message buffer address as in the parent's memory. */
	child->msg_slots[c->msg_slot / 32] &= ~(1u << c->msg_slot % 32);
	c->msg_slot = t->msg_slot;
	c->msg_address = t->msg_address;
	child->msg_slots[c->msg_slot / 32] |= 1u << c->msg_slot % 32;
}

static s32 fork_current(struct thread *t, bool borrow)
{
	struct process *parent = t->process, *child = process_create();
	struct thread *c;
	int error;
	s32 pid;

	if (child == NULL)
		return -ENOMEM;
	signal_init(child, parent);
	limits_init(child, parent);
	error = handle_table_fork(&parent->handles, &child->handles);
	if (error)
		goto no_handles;
	if (borrow) {
		aspace_get(parent->space);
		child->space = parent->space;
		process_get(parent);
		child->vfork_parent = parent;
	} else {
		error = aspace_fork(parent->space, &child->space);
		if (!error)
			error = exec_map_thread_area(child->space);
		if (error)
			goto no_space;
	}
	error = thread_create(child, &c);
	if (error)
		goto no_space;
	inherit(child, parent, c, t);
	error = process_link(child, parent);
	if (error) {
		spin_lock(&child->signal_lock);
		thread_leave_list_locked(c);
		spin_unlock(&child->signal_lock);
		thread_unlink(c);
		thread_put(c);
		goto no_space;
	}
	limits_started(child);
	pid = child->pid; /* it may be gone before we are */
	thread_start(c);
	process_put(child);
	return pid;
no_space:
	handle_table_close_all(&child->handles);
no_handles:
	process_put(child);
	return error;
}

s32 sys_fork(struct arch_regs *r)
{
	return fork_current(thread_of(r), false);
}

void process_release_vfork(struct process *p)
{
	struct process *parent;

	spin_lock(&process_lock);
	parent = p->vfork_parent;
	p->vfork_parent = NULL;
	if (parent != NULL)
		wait_wake_all(&parent->vfork_waiters);
	spin_unlock(&process_lock);
	if (parent != NULL)
		process_put(parent);
}

/* progress is the child's pid while the parent waits for it; only death breaks that wait. */
s32 sys_vfork(struct arch_regs *r)
{
	struct thread *t = thread_of(r);
	struct process *child;
	s32 pid = (s32)t->progress;
	bool waits;

	if (pid == 0) {
		pid = fork_current(t, true);
		if (pid < 0)
			return pid;
		t->progress = (u32)pid;
	}
	spin_lock(&process_lock);
	child = process_find_locked(pid);
	waits = child != NULL && child->vfork_parent == t->process;
	if (waits)
		wait_block(&t->process->vfork_waiters, NULL);
	spin_unlock(&process_lock);
	return waits ? -EBLOCKED : pid;
}

/* ------------------------------------------------------------------ wait */

static bool child_matches(const struct process *c, s32 pid, s32 own_group)
{
	if (pid > 0)
		return c->pid == pid;
	if (pid == -1)
		return true;
	return c->pgid == (pid == 0 ? own_group : -pid);
}

enum report { REPORT_NONE, REPORT_STOPPED, REPORT_CONTINUED, REPORT_ZOMBIE };

static enum report reportable_locked(const struct process *c, u32 options)
{
	if (c->state == PROCESS_ZOMBIE)
		return REPORT_ZOMBIE;
	if (options & QUIRE_WUNTRACED && c->stop_to_report)
		return REPORT_STOPPED;
	if (options & QUIRE_WCONTINUED && c->continue_to_report)
		return REPORT_CONTINUED;
	return REPORT_NONE;
}

static void add_usage(struct quire_usage *sum, const struct quire_usage *u)
{
	sum->user_ns += u->user_ns;
	sum->system_ns += u->system_ns;
	sum->faults += u->faults;
	sum->fetches += u->fetches;
	sum->max_resident = max_of(sum->max_resident, u->max_resident);
}

/* Takes what was reported. False: someone else has been faster. */
static bool consume_locked(struct process *p, struct process *c, enum report what)
{
	if (c->parent != p)
		return false;
	if (what != REPORT_ZOMBIE) {
		bool *told = what == REPORT_STOPPED ? &c->stop_to_report : &c->continue_to_report;
		bool still = *told;

		*told = false;
		return still;
	}
	if (c->state != PROCESS_ZOMBIE)
		return false;
	add_usage(&p->children_usage, &c->usage);
	add_usage(&p->children_usage, &c->children_usage);
	p->children_cpu_ns = p->children_usage.user_ns;
	p->children_system_ns = p->children_usage.system_ns;
	c->parent = NULL;
	process_unlink_locked(c);
	return true;
}

static int copy_report(struct process *c, enum report what, vaddr_t status_at, vaddr_t usage_at)
{
	s32 status = what == REPORT_STOPPED	? 0x7f | c->stop_signal << 8
		     : what == REPORT_CONTINUED ? 0xffff
						: c->exit_status;
	int error = 0;

	if (status_at != 0)
		error = arch_copy_to_user(status_at, &status, sizeof(status));
	if (!error && usage_at != 0)
		error = arch_copy_to_user(usage_at, &c->usage, sizeof(c->usage));
	return error;
}

s32 sys_wait(struct arch_regs *r)
{
	struct process *p = thread_of(r)->process, *found = NULL;
	s32 pid = (s32)arch_regs_arg(r, 0);
	u32 options = arch_regs_arg(r, 1);
	enum report what = REPORT_NONE;
	bool any = false, mine;
	int error;

	if (options & ~(u32)(QUIRE_WNOHANG | QUIRE_WUNTRACED | QUIRE_WCONTINUED | QUIRE_WNOWAIT))
		return -EINVAL;
	spin_lock(&process_lock);
	list_for_each(c, &p->children, struct process, sibling_link) {
		if (!child_matches(c, pid, p->pgid))
			continue;
		any = true;
		what = reportable_locked(c, options);
		if (what != REPORT_NONE) {
			found = c;
			process_get(c);
			break;
		}
	}
	if (found == NULL) {
		s32 result = any ? 0 : -ECHILD;

		if (any && !(options & QUIRE_WNOHANG)) {
			result = -EINTR;
			if (!wait_was_interrupted()) {
				wait_block(&p->child_waiters, NULL);
				result = -EBLOCKED;
			}
		}
		spin_unlock(&process_lock);
		return result;
	}
	spin_unlock(&process_lock);

	error = copy_report(found, what, arch_regs_arg(r, 2), arch_regs_arg(r, 3));
	pid = found->pid;
	if (error || options & QUIRE_WNOWAIT) {
		process_put(found);
		return error ? error : pid;
	}
	spin_lock(&process_lock);
	mine = consume_locked(p, found, what);
	spin_unlock(&process_lock);
	if (mine && what == REPORT_ZOMBIE)
		process_put(found); /* the tree's */
	process_put(found);
	return mine ? pid : -EAGAIN_STEP;
}
