/* poll: waiting for any of several descriptors.
 *
 * There is one queue for all pollers: whatever makes a pipe readable, writable or broken wakes them all,
 * and each looks at its own descriptors again. With few pollers that is cheaper than a place on every
 * object's list. `generation` closes the gap between looking and sleeping: it is read before the look,
 * and the sleeper sleeps only if nothing has happened since.
 */
#include <kernel/pipe.h>
#include <kernel/syscall.h>
#include <kernel/process.h>
#include <arch/uaccess.h>

#define POLL_MAX 256

static struct spinlock poll_lock = SPINLOCK_INIT(RANK_STREAM);
static struct wait_queue pollers = {LIST_INIT(pollers.threads)};
static u32 generation, sleeping;

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

static u32 ready_events(s32 fd, u32 events)
{
	struct handle h;
	u32 result;

	if (fd < 0)
		return 0;
	if (handle_lookup((u32)fd, HANDLE_NONE, 0, &h))
		return QUIRE_POLLNVAL;
	result = h.type == HANDLE_PIPE ? pipe_poll(h.object, events)
				       : events & (QUIRE_POLLIN | QUIRE_POLLOUT);
	handle_release(&h);
	return result;
}

s32 sys_poll(struct arch_regs *r)
{
	vaddr_t fds = arch_regs_arg(r, 0);
	u32 count = arch_regs_arg(r, 1);
	u64 deadline = (u64)arch_regs_arg(r, 3) << 32 | arch_regs_arg(r, 2);
	struct thread *t = thread_of(r);
	u32 seen = __atomic_load_n(&generation, __ATOMIC_SEQ_CST);
	s32 ready = 0;

	if (count > POLL_MAX)
		return -EINVAL;
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
	if (ready || t->timed_out || deadline <= time_now_ns())
		return ready;
	if (wait_was_interrupted())
		return -EINTR;
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
