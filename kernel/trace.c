/* Trace rings: one a hart, written without locks from anywhere in the kernel, the fault handler
 * included, and read by anyone with SYS_TRACE.
 *
 * Only its own hart writes a ring, and nothing interrupts it. An event of number n lies in slot
 * n % SIZE. The writer announces n in `begun`, fills the slot, then publishes it in `head`; a reader
 * copies events up to `head` and looks at `begun` afterwards: any slot that the writer may have
 * begun to overwrite since is not to be trusted, and counts as lost. So the writer never waits.
 *
 *	        tail                head  begun
 *	  ...... | unread events ... |  ....|        SIZE = 2^n, begun - head is 0 or 1
 */
#include <mm/trace.h>
#include <mm/slab.h>
#include <kernel/syscall.h>
#include <kernel/thread.h>
#include <arch/uaccess.h>
#include <base/string.h>

#define RING_EVENTS 2048u
#define RING_BYTES  (RING_EVENTS * sizeof(struct quire_trace_event))
#define BATCH	    16u /* events copied at a time, on the kernel stack */

u32 trace_mask;

static struct ring {
	struct quire_trace_event *events; /* NULL until tracing is first asked for */
	u32 begun, head;		  /* this hart's to write */
	u32 tail;			  /* readers', moved by compare and swap */
} __attribute__((aligned(64))) rings[MAX_HARTS];

_Static_assert((RING_EVENTS & (RING_EVENTS - 1)) == 0, "slots are found by masking");
_Static_assert(sizeof(struct quire_trace_event) == 32, "an event of the public interface");

void trace_record(enum quire_trace_kind kind, u32 a, u32 b, u32 c)
{
	u32 hart = arch_hart_index();
	struct ring *ring = &rings[hart];
	const struct thread *t = current_thread();
	struct quire_trace_event *e = __atomic_load_n(&ring->events, __ATOMIC_ACQUIRE);
	u32 n = ring->head;

	if (!e)
		return;
	e += n % RING_EVENTS;
	__atomic_store_n(&ring->begun, n + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	e->time = arch_time_ns();
	e->kind = (uint16_t)kind;
	e->hart = (uint16_t)hart;
	e->lost = 0;
	e->a = a;
	e->b = b;
	e->c = c;
	e->tid = t ? t->tid : 0;
	__atomic_store_n(&ring->head, n + 1, __ATOMIC_RELEASE);
}

static int enable(u32 mask)
{
	for (u32 i = 0; mask && i < arch_hart_count; i++) {
		struct quire_trace_event *events, *none = NULL;

		if (rings[i].events)
			continue;
		events = kalloc_zeroed(RING_BYTES);
		if (!events)
			return -ENOMEM;
		if (!__atomic_compare_exchange_n(&rings[i].events, &none, events, false,
			    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			kfree(events, RING_BYTES);
	}
	__atomic_store_n(&trace_mask, mask, __ATOMIC_RELAXED);
	return 0;
}

/* Copies a batch of events from number `from` on, without consuming them; *next is the number after
 * the last. */
static u32 peek(
	const struct ring *ring, struct quire_trace_event *out, u32 room, u32 from, u32 *next)
{
	u32 lost = 0;

	for (;;) {
		u32 head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
		u32 count, begun, skip;

		skip = head - from > RING_EVENTS ? head - from - RING_EVENTS : 0;
		lost += skip;
		from += skip;
		count = min_of(head - from, room);
		for (u32 i = 0; i < count; i++)
			out[i] = ring->events[(from + i) % RING_EVENTS];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		begun = __atomic_load_n(&ring->begun, __ATOMIC_RELAXED);
		skip = begun - from > RING_EVENTS ? begun - from - RING_EVENTS : 0;
		if (!skip || skip < count) {
			lost += skip;
			count -= skip;
			memmove(out, out + skip, count * sizeof(*out));
			if (count)
				out[0].lost = lost;
			*next = from + skip + count;
			return count;
		}
		/* The writer has gone round meanwhile: again, from what is left. */
	}
}

static s32 read_ring(u32 hart, vaddr_t buf, u32 size)
{
	struct quire_trace_event batch[BATCH];
	struct ring *ring = &rings[hart % MAX_HARTS];
	u32 done = 0;

	if (hart >= arch_hart_count)
		return -EINVAL;
	if (!ring->events)
		return 0;
	/* At most one ring's worth, so that the call ends however fast the writer is. */
	size = min_of(size, (u32)RING_BYTES) / sizeof(*batch);
	while (done < size) {
		u32 from = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED), next;
		u32 count = peek(ring, batch, min_of(size - done, BATCH), from, &next);
		int error;

		if (!count)
			break;
		error = arch_copy_to_user(
			buf + done * sizeof(*batch), batch, count * sizeof(*batch));
		if (error)
			return done ? (s32)(done * sizeof(*batch)) : error;
		/* Consumed only now, so a fault has lost nothing; unless another reader was faster. */
		if (__atomic_compare_exchange_n(
			    &ring->tail, &from, next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			done += count;
	}
	return (s32)(done * sizeof(*batch));
}

s32 sys_trace(struct arch_regs *r)
{
	switch (arch_regs_arg(r, 0)) {
	case QUIRE_TRACE_ENABLE: return enable(arch_regs_arg(r, 1));
	case QUIRE_TRACE_READ:
		return read_ring(arch_regs_arg(r, 1), arch_regs_arg(r, 2), arch_regs_arg(r, 3));
	default: return -EINVAL;
	}
}
