/* Advisory locks on files: fcntl's byte ranges, owned by a process, and flock's whole files, owned by a
 * stream. The two kinds do not see each other. All locks are on one list under one lock: there are few,
 * and a conflict is a walk.
 *
 * A process that closes any descriptor of a file, or ends, loses its ranges on it; a stream that is
 * closed for the last time loses its flock. Waiters all wait on one queue and look again when anything
 * is released. A wait for a range that would close a circle of processes waiting for ranges is refused
 * (EDEADLK). A flock that is converted is given up before the wait for the other kind: two streams that
 * share a file and both want it alone would wait for each other.
 *
 * A lock may be set while another thread closes the descriptor: sys_fcntl looks again afterwards, since
 * the close has released what it found and will not come back.
 */
#include <kernel/stream.h>
#include <kernel/process.h>
#include <arch/uaccess.h>
#include <mm/object.h>
#include <mm/slab.h>

#define TO_END	  ((s64)0x7fffffffffffffffll)
#define LOCKS_MAX 4096 /* each call walks the list with interrupts off */

struct file_lock {
	struct list link;
	const struct memory_object *object;
	const struct stream *stream; /* flock; NULL for a range */
	s32 pid;
	bool exclusive;
	s64 start, end; /* last byte included */
};

static struct spinlock locks_lock = SPINLOCK_INIT(RANK_STREAM);
static struct list locks = LIST_INIT(locks);
static u32 lock_count;
static struct wait_queue waiters = {LIST_INIT(waiters.threads)};

static bool same_owner(const struct file_lock *a, const struct file_lock *b)
{
	return a->stream ? a->stream == b->stream : a->pid == b->pid;
}

static bool same_kind(const struct file_lock *a, const struct file_lock *b)
{
	return a->object == b->object && !a->stream == !b->stream;
}

static struct file_lock *conflict_locked(const struct file_lock *want)
{
	list_for_each(l, &locks, struct file_lock, link)
		if (same_kind(l, want) && !same_owner(l, want) &&
			(l->exclusive || want->exclusive) && l->start <= want->end &&
			want->start <= l->end)
			return l;
	return NULL;
}

/* Would waiting for `holder` wait for `pid` in the end? Follows who waits for whom. */
static bool closes_circle(s32 holder, s32 pid)
{
	for (int hops = 0; hops < 32; hops++) {
		s32 next = 0;

		list_for_each(t, &waiters.threads, struct thread, wait_link)
			if (t->process->pid == holder)
				next = (s32)t->lock_wait_pid;
		if (!next)
			return false;
		if (next == pid)
			return true;
		holder = next;
	}
	return false;
}

static void add_locked(struct file_lock *l)
{
	list_push_back(&locks, &l->link);
	lock_count++;
}

static void release_locked(struct file_lock *l)
{
	list_remove(&l->link);
	lock_count--;
	kfree(l, sizeof(*l));
}

/* Cuts [start, end] out of the owner's locks. `spare` is used when one falls in two. */
static void cut_locked(const struct file_lock *range, struct file_lock **spare)
{
	list_for_each_safe(l, &locks, struct file_lock, link) {
		if (!same_kind(l, range) || !same_owner(l, range) || l->start > range->end ||
			range->start > l->end)
			continue;
		bool left = l->start < range->start;
		bool right = l->end > range->end;

		if (left && right) {
			struct file_lock *upper = *spare;

			*spare = NULL;
			*upper = *l;
			upper->start = range->end + 1;
			l->end = range->start - 1;
			add_locked(upper);
		} else if (left) {
			l->end = range->start - 1;
		} else if (right) {
			l->start = range->end + 1;
		} else {
			release_locked(l);
		}
	}
	wait_wake_all(&waiters);
}

static void merge_locked(struct file_lock *mine)
{
	list_for_each_safe(l, &locks, struct file_lock, link)
		if (l != mine && same_kind(l, mine) && same_owner(l, mine) &&
			l->exclusive == mine->exclusive &&
			((l->end != TO_END && l->end + 1 == mine->start) ||
				(mine->end != TO_END && mine->end + 1 == l->start))) {
			mine->start = min_of(mine->start, l->start);
			mine->end = max_of(mine->end, l->end);
			release_locked(l);
		}
}

/* Does the range lie inside a lock of its owner's, with some left on both sides? */
static bool splits_locked(const struct file_lock *range)
{
	list_for_each(l, &locks, struct file_lock, link)
		if (same_kind(l, range) && same_owner(l, range) && l->start < range->start &&
			l->end > range->end)
			return true;
	return false;
}

/* Sets or clears, or waits. unlock: only cut. */
static int apply(const struct file_lock *want, bool unlock, bool wait)
{
	struct file_lock *mine = unlock ? NULL : kalloc(sizeof(*mine)),
			 *spare = kalloc(sizeof(*spare));
	struct thread *t = current_thread();
	int error = 0;

	if (!spare || (!unlock && !mine)) {
		error = -ENOLCK;
		goto out;
	}
	spin_lock(&locks_lock);
	struct file_lock *holder = unlock ? NULL : conflict_locked(want);

	if (lock_count >= LOCKS_MAX && (!unlock || splits_locked(want))) {
		error = -ENOLCK;
	} else if (holder && !wait) {
		error = -EAGAIN;
	} else if (holder) {
		t->lock_wait_pid = want->stream ? 0 : (u32)holder->pid;
		if (want->stream)
			cut_locked(want, &spare);
		if (!want->stream && closes_circle(holder->pid, want->pid)) {
			error = -EDEADLK;
		} else if (wait_was_interrupted()) {
			error = -EINTR;
		} else {
			wait_block(&waiters, NULL);
			error = -EBLOCKED;
		}
	} else {
		cut_locked(want, &spare);
		if (!unlock) {
			*mine = *want;
			add_locked(mine);
			merge_locked(mine);
			mine = NULL;
		}
	}
	spin_unlock(&locks_lock);
out:
	kfree(mine, sizeof(*mine));
	kfree(spare, sizeof(*spare));
	return error;
}

static int range_of(struct memory_object *o, struct stream *s, const struct quire_flock *f,
	struct file_lock *want)
{
	s64 base = 0;

	if (f->whence == 1)
		base = (s64)s->offset;
	else if (f->whence == 2)
		base = (s64)object_size(o);
	else if (f->whence != 0)
		return -EINVAL;
	if (f->start > TO_END - base || base + f->start < 0)
		return f->start > 0 ? -EOVERFLOW : -EINVAL;
	want->start = base + f->start;
	if (f->len > 0) {
		if (f->len - 1 > TO_END - want->start)
			return -EOVERFLOW;
		want->end = want->start + f->len - 1;
	} else if (f->len == 0) {
		want->end = TO_END;
	} else {
		want->end = want->start - 1;
		want->start += f->len;
		if (want->start < 0)
			return -EINVAL;
	}
	return 0;
}

/* command: QUIRE_F_*, the descriptor's rights above bit 8. */
int filelock_fcntl(struct memory_object *o, struct stream *s, u32 command, vaddr_t arg)
{
	u32 rights = command >> 8;
	struct quire_flock f;
	struct file_lock want = {.object = o, .pid = current_process()->pid};
	int error = arch_copy_from_user(&f, arg, sizeof(f));

	command &= 0xff;
	if (error)
		return error;
	if (f.type < 1 || f.type > 3)
		return -EINVAL;
	error = range_of(o, s, &f, &want);
	if (error)
		return error;
	want.exclusive = f.type == 2;
	if (command != QUIRE_F_GETLK) {
		if ((f.type == 1 && !(rights & RIGHT_READ)) ||
			(f.type == 2 && !(rights & RIGHT_WRITE)))
			return -EBADF;
		return apply(&want, f.type == 3, command == QUIRE_F_SETLKW);
	}
	spin_lock(&locks_lock);
	struct file_lock *l = conflict_locked(&want);

	if (l) {
		f.type = l->exclusive ? 2 : 1;
		f.whence = 0;
		f.pid = l->pid;
		f.start = l->start;
		f.len = l->end == TO_END ? 0 : l->end - l->start + 1;
	} else {
		f.type = 3;
	}
	spin_unlock(&locks_lock);
	return arch_copy_to_user(arg, &f, sizeof(f));
}

int filelock_flock(struct memory_object *o, struct stream *s, u32 operation)
{
	struct file_lock want = {
		.object = o, .stream = s, .pid = current_process()->pid, .end = TO_END};
	u32 what = operation & ~(u32)QUIRE_LOCK_NB;

	if (what != QUIRE_LOCK_SH && what != QUIRE_LOCK_EX && what != QUIRE_LOCK_UN)
		return -EINVAL;
	want.exclusive = what == QUIRE_LOCK_EX;
	return apply(&want, what == QUIRE_LOCK_UN, !(operation & QUIRE_LOCK_NB));
}

static void drop_matching(const struct memory_object *o, const struct stream *s, s32 pid)
{
	if (list_empty(&locks))
		return;
	spin_lock(&locks_lock);
	list_for_each_safe(l, &locks, struct file_lock, link)
		if (l->object == o && (s ? l->stream == s : !l->stream && l->pid == pid))
			release_locked(l);
	wait_wake_all(&waiters);
	spin_unlock(&locks_lock);
}

void filelock_process_closed(struct memory_object *o, s32 pid)
{
	drop_matching(o, NULL, pid);
}
void filelock_stream_gone(struct memory_object *o, struct stream *s)
{
	drop_matching(o, s, 0);
}
