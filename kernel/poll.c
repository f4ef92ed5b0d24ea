/* poll: waiting for any of several descriptors.
 *
 * There is one queue for all pollers: whatever makes a pipe readable, writable or broken wakes them all,
 * and each looks at its own descriptors again. With few pollers that is cheaper than a place on every
 * object's list. `generation` closes the gap between looking and sleeping: it is read before the look,
 * and the sleeper sleeps only if nothing has happened since.
 *
 * Of a channel only its server knows whether it is ready, and the kernel waits for no server. So a
 * program asks the servers itself, between two calls:
 *
 *     program                          kernel                       server
 *     POLL, not waiting        ------> pipes; `changes` is read (C1)
 *     FS_POLL on each channel  ----------------------------------->  "not ready": it remembers that
 *                                      POLL_CHANGED: changes + 1 <-  somebody asked (C2), and tells once
 *                                      (C6), wake (C7)               when an answer may be another
 *     POLL with those changes  ------> sleeps only if they still are (C3 to C5)
 *
 * A change between the answer and the sleep is a change that the program does not know: it does not
 * sleep. A server does not tell of its death, nor its successor of who had asked: the port does (C8).
 * The steps are those of model C, test/models/README.md.
 *
 * A signal mask given with the call is in force from before the last look at pending signals until the
 * call's end or the handler's beginning, as with sigsuspend: no signal is lost in between.
 */
#include <kernel/pipe.h>
#include <kernel/port.h>
#include <kernel/syscall.h>
#include <kernel/process.h>
#include <arch/uaccess.h>

#define POLL_MAX 256

static struct spinlock poll_lock = SPINLOCK_INIT(RANK_STREAM);
static struct wait_queue pollers = {LIST_INIT(pollers.threads)};
static u32 generation, sleeping;
static u32 changes = 1; /* told by servers; never 0 */

void poll_wake(void)
{
	__atomic_fetch_add(&generation, 1, __ATOMIC_SEQ_CST);
	if (likely(!__atomic_load_n(&sleeping, __ATOMIC_SEQ_CST)))
		return;
	spin_lock(&poll_lock);
	sleeping = 0;
	wait_wake_all(&pollers);
	spin_unlock(&poll_lock);
}

void poll_changed(void)
{
	if (__atomic_add_fetch(&changes, 1, __ATOMIC_SEQ_CST) == 0)
		__atomic_add_fetch(&changes, 1, __ATOMIC_SEQ_CST);
	poll_wake();
}

s32 sys_poll_changed(struct arch_regs *r)
{
	struct handle h;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_PORT, RIGHT_RECV, &h);

	if (error)
		return error;
	handle_release(&h);
	poll_changed();
	return 0;
}

static u32 ready_events(s32 fd, u32 events)
{
	struct handle h;
	u32 result;

	if (fd < 0)
		return 0;
	if (handle_lookup((u32)fd, HANDLE_NONE, 0, &h))
		return QUIRE_POLLNVAL;
	if (h.type == HANDLE_PIPE)
		result = pipe_poll(h.object, events);
	else
		result = h.type == HANDLE_CHANNEL ? QUIRE_POLLASK
						  : events & (QUIRE_POLLIN | QUIRE_POLLOUT);
	handle_release(&h);
	return result;
}

/* One look at all of them: how many are ready, or an error. */
static s32 look(vaddr_t fds, u32 count)
{
	s32 ready = 0;

	for (u32 i = 0; i < count; i++) {
		struct quire_pollfd p;
		vaddr_t at = fds + i * (u32)sizeof(p);
		int error = arch_copy_from_user(&p, at, sizeof(p));

		if (error)
			return error;
		p.revents = (s16)ready_events(p.fd, (u32)(u16)p.events);
		ready += p.revents != 0;
		error = arch_copy_to_user(at, &p, sizeof(p));
		if (error)
			return error;
	}
	return ready;
}

/* Sleeps, if nothing has happened since `seen`. */
static s32 sleep_since(u32 seen, u64 deadline)
{
	spin_lock(&poll_lock);
	__atomic_store_n(&sleeping, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&generation, __ATOMIC_SEQ_CST) != seen) {
		spin_unlock(&poll_lock);
		return -EAGAIN_STEP;
	}
	wait_block_until(&pollers, deadline);
	spin_unlock(&poll_lock);
	return -EBLOCKED;
}

s32 sys_poll(struct arch_regs *r)
{
	u32 count = arch_regs_arg(r, 1), known = arch_regs_arg(r, 4), mask = 0;
	u64 deadline = (u64)arch_regs_arg(r, 3) << 32 | arch_regs_arg(r, 2);
	vaddr_t mask_at = arch_regs_arg(r, 5);
	struct thread *t = thread_of(r);
	u32 seen = __atomic_load_n(&generation, __ATOMIC_SEQ_CST);
	u32 changed = __atomic_load_n(&changes, __ATOMIC_SEQ_CST);
	s32 result = count > POLL_MAX ? -EINVAL : 0;

	if (!result && mask_at)
		result = arch_copy_from_user(&mask, mask_at, sizeof(mask));
	if (!result)
		result = look(arch_regs_arg(r, 0), count);
	if (result == 0 && (!known || known == changed)) {
		bool over = t->timed_out || deadline <= time_now_ns();

		if (mask_at)
			signal_mask_for_wait(t, mask);
		if ((mask_at || !over) && wait_was_interrupted())
			return -EINTR;
		if (!over)
			return sleep_since(seen, deadline);
	}
	if (result == -EBLOCKED || result == -EAGAIN_STEP)
		return result;
	signal_mask_after_wait(t);
	if (result >= 0)
		arch_regs_set(r, 1, changed);
	return result;
}
