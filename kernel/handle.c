/* Handle tables: chunks of 64 slots, made as numbers are used. Descriptors (below QUIRE_FD_MAX) and
 * other handles live in two ranges of one table, each filled lowest number first.
 *
 * A lookup takes a reference to the object under the table's lock, so a handle closed by another thread
 * meanwhile does no harm. References are dropped after the lock is let go, since the last one may take
 * down the object and with it much else.
 */
#include <kernel/handle.h>
#include <kernel/interrupt.h>
#include <kernel/pipe.h>
#include <kernel/port.h>
#include <kernel/process.h>
#include <kernel/stream.h>
#include <kernel/syscall.h>
#include <mm/slab.h>

struct handle_chunk {
	struct handle slots[HANDLE_CHUNK];
	u32 used[HANDLE_CHUNK / 32];
};

#define CLOSE_STEP 32 /* handles, between two chances to preempt */

static u32 live_total;

/* --- by type --- */

/* A pager's own handles don't count as use of its object. */
static void object_handle_get(void *object, u32 rights)
{
	if (rights & RIGHT_PAGER)
		object_get(object);
	else
		object_user_get(object);
}
static void object_handle_put(void *object, u32 rights)
{
	if (rights & RIGHT_PAGER)
		object_put(object);
	else
		object_user_put(object);
}
static void resource_handle(void *object, u32 rights)
{
	(void)object, (void)rights;
}

static const struct handle_ops ops[HANDLE_TYPES] = {
	[HANDLE_OBJECT] = {object_handle_get, object_handle_put},
	[HANDLE_STREAM] = {stream_handle_get, stream_handle_put},
	[HANDLE_PIPE] = {pipe_handle_get, pipe_handle_put},
	[HANDLE_PORT] = {port_handle_get, port_handle_put},
	[HANDLE_CHANNEL] = {channel_handle_get, channel_handle_put},
	[HANDLE_IRQ] = {interrupt_get, interrupt_put},
	[HANDLE_RESOURCE] = {resource_handle, resource_handle},
};

void handle_get(const struct handle *h)
{
	ops[h->type].get(h->object, h->rights);
}

void handle_release(struct handle *h)
{
	if (h->type != HANDLE_NONE)
		ops[h->type].put(h->object, h->rights);
	h->type = HANDLE_NONE;
}

/* --- slots --- */

static struct handle *slot_locked(struct handle_table *t, u32 number)
{
	struct handle_chunk *c =
		number < QUIRE_HANDLE_MAX ? t->chunks[number / HANDLE_CHUNK] : NULL;
	struct handle *h = c ? &c->slots[number % HANDLE_CHUNK] : NULL;

	return h && h->type != HANDLE_NONE ? h : NULL;
}

static struct handle_chunk *chunk_make_locked(struct handle_table *t, u32 index)
{
	if (!t->chunks[index])
		t->chunks[index] = kalloc_zeroed(sizeof(struct handle_chunk));
	return t->chunks[index];
}

static void slot_fill_locked(struct handle_table *t, u32 number, const struct handle *h)
{
	struct handle_chunk *c = t->chunks[number / HANDLE_CHUNK];
	u32 at = number % HANDLE_CHUNK;

	debug_assert(c->slots[at].type == HANDLE_NONE);
	c->slots[at] = *h;
	c->used[at / 32] |= 1u << at % 32;
	t->count++;
	__atomic_fetch_add(&live_total, 1, __ATOMIC_RELAXED);
}

static struct handle slot_empty_locked(struct handle_table *t, u32 number)
{
	struct handle_chunk *c = t->chunks[number / HANDLE_CHUNK];
	u32 at = number % HANDLE_CHUNK;
	struct handle old = c->slots[at];

	c->slots[at] = (struct handle){0};
	c->used[at / 32] &= ~(1u << at % 32);
	t->count--;
	__atomic_fetch_sub(&live_total, 1, __ATOMIC_RELAXED);
	return old;
}

/* The lowest free number >= min within min's range, its chunk made. -EMFILE, -ENOMEM. */
static int free_number_locked(struct handle_table *t, u32 min)
{
	u32 end = min < QUIRE_FD_MAX ? t->fd_limit : QUIRE_HANDLE_MAX;

	for (u32 n = min; n < end;) {
		struct handle_chunk *c = t->chunks[n / HANDLE_CHUNK];

		if (!c)
			return chunk_make_locked(t, n / HANDLE_CHUNK) ? (int)n : -ENOMEM;
		u32 bit = n % 32;
		u32 free = ~c->used[n % HANDLE_CHUNK / 32] >> bit;

		if (free) {
			n += (u32)__builtin_ctz(free);
			return n < end ? (int)n : -EMFILE;
		}
		n += 32 - bit;
	}
	return -EMFILE;
}

/* --- tables --- */

void handle_table_init(struct handle_table *t)
{
	__builtin_memset(t, 0, sizeof(*t));
	spin_init(&t->lock, RANK_HANDLES);
	t->fd_limit = QUIRE_FD_MAX;
}

void handle_table_limit(struct handle_table *t, u32 fd_limit)
{
	spin_lock(&t->lock);
	t->fd_limit = fd_limit;
	spin_unlock(&t->lock);
}

int handle_table_fork(struct handle_table *from, struct handle_table *to)
{
	int error = 0;

	spin_lock(&from->lock);
	spin_lock_nested(&to->lock); /* the child's: nobody else knows it yet */
	for (u32 i = 0; i < HANDLE_CHUNKS && !error; i++) {
		struct handle_chunk *c = from->chunks[i];

		if (!c || !(c->used[0] | c->used[1]))
			continue;
		if (!chunk_make_locked(to, i)) {
			error = -ENOMEM;
			break;
		}
		for (u32 half = 0; half < HANDLE_CHUNK / 32; half++)
			for (u32 bits = c->used[half]; bits; bits &= bits - 1) {
				u32 k = half * 32 + (u32)__builtin_ctz(bits);

				if (c->slots[k].flags & QUIRE_HANDLE_NOFORK)
					continue;
				handle_get(&c->slots[k]);
				slot_fill_locked(to, i * HANDLE_CHUNK + k, &c->slots[k]);
			}
	}
	spin_unlock(&to->lock);
	spin_unlock(&from->lock);
	if (error)
		handle_table_close_all(to);
	return error;
}

/* The number of the first handle at or after `number`, or QUIRE_HANDLE_MAX. */
static u32 next_used_locked(struct handle_table *t, u32 number)
{
	while (number < QUIRE_HANDLE_MAX) {
		struct handle_chunk *c = t->chunks[number / HANDLE_CHUNK];
		u32 bits = c ? c->used[number % HANDLE_CHUNK / 32] >> number % 32 : 0;

		if (bits)
			return number + (u32)__builtin_ctz(bits);
		number = c ? (number | 31) + 1 : (number | (HANDLE_CHUNK - 1)) + 1;
	}
	return number;
}

/* Closes handles that have one of the flags (0: any), `most` of them. True: there are no more. Closing
 * a descriptor releases the process's record locks on its file, but for a table that is a child's
 * which never came to be. */
static bool close_flagged(struct handle_table *t, u32 flags, u32 most)
{
	bool own = t == &current_process()->handles;
	u32 number = 0;

	for (u32 n = 0; n < most; n++) {
		struct handle old = {0};

		spin_lock(&t->lock);
		while ((number = next_used_locked(t, number)) < QUIRE_HANDLE_MAX) {
			if (!flags || (slot_locked(t, number)->flags & flags)) {
				old = slot_empty_locked(t, number);
				break;
			}
			number++;
		}
		spin_unlock(&t->lock);
		if (number >= QUIRE_HANDLE_MAX)
			return true;
		if (own && old.type == HANDLE_STREAM)
			stream_closing(&old);
		handle_release(&old);
	}
	return false;
}

void handle_table_close_exec(struct handle_table *t)
{
	(void)close_flagged(t, QUIRE_HANDLE_CLOEXEC, ~0u);
}

bool handle_table_close_step(struct handle_table *t)
{
	if (!close_flagged(t, 0, CLOSE_STEP))
		return false;
	for (u32 i = 0; i < HANDLE_CHUNKS; i++) {
		if (!t->chunks[i])
			continue;
		kfree(t->chunks[i], sizeof(struct handle_chunk));
		t->chunks[i] = NULL;
	}
	return true;
}

void handle_table_close_all(struct handle_table *t)
{
	while (!handle_table_close_step(t))
		;
}

bool handle_table_each(
	struct handle_table *t, u32 *number, enum handle_type type, struct handle *out)
{
	bool found = false;

	spin_lock(&t->lock);
	while (!found && (*number = next_used_locked(t, *number)) < QUIRE_HANDLE_MAX) {
		struct handle *h = slot_locked(t, (*number)++);

		if (h->type == type) {
			*out = *h;
			handle_get(out);
			found = true;
		}
	}
	spin_unlock(&t->lock);
	return found;
}

/* --- one handle --- */

int handle_lookup(u32 number, enum handle_type type, u32 rights, struct handle *out)
{
	struct handle_table *t = &current_process()->handles;
	int error = 0;

	spin_lock(&t->lock);
	struct handle *h = slot_locked(t, number);

	if (unlikely(!h || (type != HANDLE_NONE && h->type != type)))
		error = -EBADF;
	else if (unlikely(rights & ~(u32)h->rights))
		error = -EACCES;
	else {
		*out = *h;
		handle_get(out);
	}
	spin_unlock(&t->lock);
	return error;
}

bool handle_names(u32 number, const void *object)
{
	struct handle_table *t = &current_process()->handles;

	spin_lock(&t->lock);
	struct handle *h = slot_locked(t, number);
	bool names = h && h->object == object;

	spin_unlock(&t->lock);
	return names;
}

int handle_install_into(struct handle_table *t, const struct handle *h, u32 min)
{
	if (min >= QUIRE_HANDLE_MAX)
		return -EINVAL;
	spin_lock(&t->lock);
	int number = free_number_locked(t, min);

	if (number >= 0)
		slot_fill_locked(t, (u32)number, h);
	spin_unlock(&t->lock);
	return number;
}

int handle_install(enum handle_type type, void *object, u32 rights, u32 flags, u32 min)
{
	struct handle h = {
		.object = object, .type = (u8)type, .rights = (u8)rights, .flags = (u8)flags};

	return handle_install_into(&current_process()->handles, &h, min);
}

int handle_install_at(struct handle_table *t, u32 number, const struct handle *h)
{
	int error = 0;

	if (number >= QUIRE_HANDLE_MAX)
		return -EBADF;
	spin_lock(&t->lock);
	if (slot_locked(t, number))
		error = -EBUSY;
	else if (!chunk_make_locked(t, number / HANDLE_CHUNK))
		error = -ENOMEM;
	else
		slot_fill_locked(t, number, h);
	spin_unlock(&t->lock);
	return error;
}

int handle_close(u32 number)
{
	struct handle_table *t = &current_process()->handles;
	struct handle old = {0};

	spin_lock(&t->lock);
	if (slot_locked(t, number))
		old = slot_empty_locked(t, number);
	spin_unlock(&t->lock);
	if (old.type == HANDLE_NONE)
		return -EBADF;
	if (old.type == HANDLE_STREAM)
		stream_closing(&old);
	handle_release(&old);
	return 0;
}

int handle_flags(u32 number, u32 set, u32 clear)
{
	struct handle_table *t = &current_process()->handles;
	int flags = -EBADF;

	spin_lock(&t->lock);
	struct handle *h = slot_locked(t, number);

	if (h) {
		h->flags = (u8)((h->flags & ~clear) | set);
		flags = h->flags;
	}
	spin_unlock(&t->lock);
	return flags;
}

int handle_dup(u32 number, u32 min, u32 flags)
{
	struct handle h;
	int error = handle_lookup(number, HANDLE_NONE, RIGHT_DUP, &h);

	if (error)
		return error;
	h.flags = (u8)flags;
	int copy = handle_install_into(&current_process()->handles, &h, min);

	if (copy < 0)
		handle_release(&h);
	return copy;
}

u32 handle_live_total(void)
{
	return live_total;
}

/* --- system calls --- */

s32 sys_close(struct arch_regs *r)
{
	return handle_close(arch_regs_arg(r, 0));
}

s32 sys_dup(struct arch_regs *r)
{
	return handle_dup(arch_regs_arg(r, 0), arch_regs_arg(r, 1), 0);
}

s32 sys_dup2(struct arch_regs *r)
{
	struct handle_table *t = &current_process()->handles;
	u32 number = arch_regs_arg(r, 0), to = arch_regs_arg(r, 1), flags = arch_regs_arg(r, 2);
	struct handle h, old = {0};

	if (to >= QUIRE_HANDLE_MAX)
		return -EBADF;
	if (flags & ~(u32)(QUIRE_HANDLE_CLOEXEC | QUIRE_HANDLE_NOFORK))
		return -EINVAL;
	int error = handle_lookup(number, HANDLE_NONE, RIGHT_DUP, &h);

	if (error)
		return error;
	if (number == to) {
		handle_release(&h);
		return (s32)to;
	}
	h.flags = (u8)flags;
	spin_lock(&t->lock);
	if (to < QUIRE_FD_MAX && to >= t->fd_limit) {
		error = -EBADF;
	} else if (!chunk_make_locked(t, to / HANDLE_CHUNK)) {
		error = -ENOMEM;
	} else {
		/* The old one goes and the new one comes in one hold: the number is never free. */
		if (slot_locked(t, to))
			old = slot_empty_locked(t, to);
		slot_fill_locked(t, to, &h);
	}
	spin_unlock(&t->lock);
	if (error) {
		handle_release(&h);
		return error;
	}
	if (old.type == HANDLE_STREAM)
		stream_closing(&old);
	handle_release(&old);
	return (s32)to;
}

s32 sys_handle_restrict(struct arch_regs *r)
{
	struct handle_table *t = &current_process()->handles;
	u32 number = arch_regs_arg(r, 0), rights = arch_regs_arg(r, 1);
	struct handle before = {0}, after = {0};

	spin_lock(&t->lock);
	struct handle *h = slot_locked(t, number);

	if (h) {
		/* Counted afresh: references depend on rights. */
		before = *h;
		h->rights &= (u8)rights;
		after = *h;
		handle_get(&after);
	}
	spin_unlock(&t->lock);
	if (!h)
		return -EBADF;
	handle_release(&before);
	return 0;
}

s32 sys_handle_flags(struct arch_regs *r)
{
	u32 set = arch_regs_arg(r, 1), clear = arch_regs_arg(r, 2);

	if ((set | clear) & ~(u32)(QUIRE_HANDLE_CLOEXEC | QUIRE_HANDLE_NOFORK))
		return -EINVAL;
	return handle_flags(arch_regs_arg(r, 0), set, clear);
}
