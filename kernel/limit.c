/* Resource limits (getrlimit, setrlimit): two words a resource, the soft limit that binds and the hard one
 * that is its ceiling. A child inherits its parent's, exec keeps them. The system has one user, who may
 * do everything, so that even a hard limit can be raised again; but none but the process itself changes its
 * limits, and what they bind is bound wherever it is asked for:
 *
 *     NOFILE  new descriptors are below it (handle.c)
 *     FSIZE   write makes no file longer; nothing at all written is EFBIG and SIGXFSZ (stream.c). The
 *             C library asks for it before it has a file server extend a file
 *     AS      pages of address space: mmap and its like fail with ENOMEM (mm/)
 *     DATA    pages charged against commit, that is memory of the process's own: the same
 *     STACK   what exec makes room for (image.c)
 *     CPU     SIGXCPU at the soft limit and every second after it, SIGKILL at the hard one
 *
 * The others are kept and bind nothing: there are no core files (CORE), and RSS, NPROC and MEMLOCK bind no
 * privileged user elsewhere either.
 *
 * The limits are words, written under signal_lock and read without. What is read often has a copy where it
 * is needed: the handle table's, and the address space's. Those of a space are what the program asked for
 * and what exec has put there besides (aspace->own_pages). A vfork child runs in its parent's space, and
 * changes nothing there: its limits come into force with its own space.
 *
 * CPU time is not counted for this: a timer comes when the limit could have been reached, with every hart
 * at work for the process, and looks how much of it has been used.
 */
#include <kernel/limit.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <arch/boot.h>
#include <arch/uaccess.h>

#define SECOND_NS   1000000000ull
#define LOOK_MIN_NS 50000000ull /* between two looks at a process that hardly runs any more */
#define NONE	    QUIRE_LIMIT_NONE

static const struct quire_limit defaults[QUIRE_LIMITS] = {
	[QUIRE_LIMIT_CPU] = {NONE, NONE},
	[QUIRE_LIMIT_FSIZE] = {NONE, NONE},
	[QUIRE_LIMIT_DATA] = {NONE, NONE},
	[QUIRE_LIMIT_STACK] = {QUIRE_STACK_BYTES, NONE},
	[QUIRE_LIMIT_CORE] = {0, NONE},
	[QUIRE_LIMIT_RSS] = {NONE, NONE},
	[QUIRE_LIMIT_NPROC] = {NONE, NONE},
	[QUIRE_LIMIT_NOFILE] = {QUIRE_FD_MAX, QUIRE_FD_MAX},
	[QUIRE_LIMIT_MEMLOCK] = {NONE, NONE},
	[QUIRE_LIMIT_AS] = {NONE, NONE},
};

u32 limit_of(const struct process *p, enum quire_limits which)
{
	return __atomic_load_n(&p->limits[which].soft, __ATOMIC_RELAXED);
}

/* In pages, with what the space has besides. */
static u32 space_pages(u32 bytes, u32 besides)
{
	return bytes == NONE ? NONE : (bytes >> PAGE_SHIFT) + besides;
}

void limits_apply_space(const struct process *p, struct aspace *a)
{
	aspace_set_limits(a, space_pages(limit_of(p, QUIRE_LIMIT_AS), a->own_pages),
		space_pages(limit_of(p, QUIRE_LIMIT_DATA), 0));
}

/* ------------------------------------------------------------------ processor time */

/* When the time limit may have been reached at the earliest. The CPU timer is armed by whoever holds
 * signal_lock, and by nobody once the process is dying. */
static void watch_cpu_locked(struct process *p)
{
	u64 used = sched_process_ns(p), limit = p->limits[QUIRE_LIMIT_CPU].soft * SECOND_NS;
	u64 hard = p->limits[QUIRE_LIMIT_CPU].hard * SECOND_NS, left;

	if (p->limits[QUIRE_LIMIT_CPU].soft == NONE || p->state != PROCESS_ALIVE) {
		timer_arm(&p->cpu_timer, 0);
		return;
	}
	if (limit < p->cpu_told_ns)
		limit = p->cpu_told_ns;
	if (p->limits[QUIRE_LIMIT_CPU].hard != NONE && limit > hard)
		limit = hard;
	left = limit > used ? (limit - used) / arch_hart_count : 0;
	timer_arm(&p->cpu_timer, time_now_ns() + max_of(left, LOOK_MIN_NS));
}

void limit_cpu_timer(struct process *p)
{
	struct quire_siginfo info = {.signo = QSIGXCPU, .code = QUIRE_SI_KERNEL};
	u64 used = sched_process_ns(p);
	bool tells, kills;

	spin_lock(&p->signal_lock);
	u32 soft = p->limits[QUIRE_LIMIT_CPU].soft, hard = p->limits[QUIRE_LIMIT_CPU].hard;

	kills = hard != NONE && used >= hard * SECOND_NS;
	tells = !kills && soft != NONE && used >= soft * SECOND_NS && used >= p->cpu_told_ns;
	if (tells)
		p->cpu_told_ns = used + SECOND_NS;
	watch_cpu_locked(p);
	spin_unlock(&p->signal_lock);
	if (kills)
		info.signo = QSIGKILL;
	if (kills || tells)
		signal_send_process(p, info.signo, &info);
}

/* It is dying: whoever looks at the timer from now on lets it be. */
void limit_cpu_cancel(struct process *p)
{
	spin_lock(&p->signal_lock);
	timer_arm(&p->cpu_timer, 0);
	spin_unlock(&p->signal_lock);
}

/* ------------------------------------------------------------------ beginnings and changes */

void limits_init(struct process *p, struct process *parent)
{
	const struct quire_limit *from = parent ? parent->limits : defaults;

	if (parent)
		spin_lock(&parent->signal_lock);
	__builtin_memcpy(p->limits, from, sizeof(p->limits));
	if (parent)
		spin_unlock(&parent->signal_lock);
	p->handles.fd_limit = p->limits[QUIRE_LIMIT_NOFILE].soft;
}

void limits_started(struct process *p)
{
	if (limit_of(p, QUIRE_LIMIT_CPU) == NONE)
		return;
	spin_lock(&p->signal_lock);
	watch_cpu_locked(p);
	spin_unlock(&p->signal_lock);
}

static void change(struct process *p, enum quire_limits which, const struct quire_limit *new)
{
	spin_lock(&p->signal_lock);
	p->limits[which] = *new;
	if (which == QUIRE_LIMIT_CPU) {
		p->cpu_told_ns = 0;
		watch_cpu_locked(p);
	}
	spin_unlock(&p->signal_lock);
	if (which == QUIRE_LIMIT_NOFILE)
		handle_table_limit(&p->handles, new->soft);
	if ((which == QUIRE_LIMIT_AS || which == QUIRE_LIMIT_DATA) && !p->vfork_parent)
		limits_apply_space(p, p->space);
}

s32 sys_limit(struct arch_regs *r)
{
	struct process *p = thread_of(r)->process;
	u32 which = arch_regs_arg(r, 0);
	vaddr_t new_at = arch_regs_arg(r, 1), old_at = arch_regs_arg(r, 2);
	struct quire_limit new, old;
	int error = which < QUIRE_LIMITS ? 0 : -EINVAL;

	if (!error && new_at)
		error = arch_copy_from_user(&new, new_at, sizeof(new));
	if (!error && new_at && new.soft > new.hard)
		error = -EINVAL;
	if (!error && new_at && which == QUIRE_LIMIT_NOFILE && new.hard > QUIRE_FD_MAX)
		error = -EPERM; /* more than a table has */
	if (!error && old_at) {
		spin_lock(&p->signal_lock);
		old = p->limits[which];
		spin_unlock(&p->signal_lock);
		error = arch_copy_to_user(old_at, &old, sizeof(old));
	}
	if (!error && new_at)
		change(p, (enum quire_limits)which, &new);
	return error;
}
