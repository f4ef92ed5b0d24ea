/* Streams and the calls on descriptors: read, write and their kin, seek, fsync, fcntl.
 *
 * The bytes move in mm/objectio.c, page by page, on the frames that are mapped. What is kept here is
 * the offset, which descriptors made by dup and fork share. A read or write that uses it owns the stream
 * from its first step to its last, over all waits in between, so two processes that read through one
 * stream get different bytes and appends and offset moves are whole. Others wait for the owner.
 *
 * A call that has to wait leaves its stream in thread->io_stream (with a reference): made again, it goes
 * on with that one, whatever has become of the descriptor; if the thread dies meanwhile,
 * stream_thread_gone lets the stream and the object go. thread->progress counts the bytes moved so far,
 * thread->progress2 is the SYNC request of an O_SYNC write.
 */
#include <kernel/stream.h>
#include <kernel/pipe.h>
#include <kernel/port.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <arch/uaccess.h>
#include <mm/object.h>
#include <mm/slab.h>

static struct slab_cache stream_cache;

void streams_init(void)
{
	slab_cache_init(&stream_cache, "stream", sizeof(struct stream));
}

void stream_handle_get(void *stream, u32 rights)
{
	(void)rights;
	__atomic_fetch_add(&((struct stream *)stream)->refs, 1, __ATOMIC_RELAXED);
}

void stream_handle_put(void *stream, u32 rights)
{
	struct stream *s = stream;

	(void)rights;
	if (__atomic_fetch_sub(&s->refs, 1, __ATOMIC_ACQ_REL) > 1)
		return;
	filelock_stream_gone(s->object, s);
	object_user_put(s->object);
	slab_free(&stream_cache, s);
}

void stream_closing(const struct handle *h)
{
	filelock_process_closed(stream_object(h->object), current_process()->pid);
}

struct memory_object *handle_memory_object(const struct handle *h)
{
	return h->type == HANDLE_OBJECT	  ? h->object
	       : h->type == HANDLE_STREAM ? stream_object(h->object)
					  : NULL;
}

/* --- owning the offset --- */

static int stream_own(struct stream *s, struct thread *t)
{
	spin_lock(&s->lock);
	if (unlikely(s->owner && s->owner != t)) {
		int error = -EINTR;

		if (!wait_was_interrupted()) {
			wait_block(&s->waiters, NULL);
			error = -EBLOCKED;
		}
		spin_unlock(&s->lock);
		return error;
	}
	s->owner = t;
	spin_unlock(&s->lock);
	return 0;
}

static void stream_disown(struct stream *s, const struct thread *t)
{
	spin_lock(&s->lock);
	if (s->owner == t) {
		s->owner = NULL;
		wait_wake_all(&s->waiters);
	}
	spin_unlock(&s->lock);
}

void stream_thread_gone(struct thread *t)
{
	struct stream *s = t->io_stream;

	if (!s)
		return;
	t->io_stream = NULL;
	object_write_abandon(s->object, t);
	stream_disown(s, t);
	stream_handle_put(s, 0);
}

/* --- moving bytes --- */

struct transfer {
	bool write;
	bool positioned; /* pread, pwrite: the offset is given and the stream's is left alone */
	u64 offset;
	const struct quire_iovec *iov;
	u32 count;
};

/* A size that no off_t could name would make a file that nobody can look at: EOVERFLOW. */
#define POSITION_MAX 0x7fffffffu

/* How much of a write at `at` fits below the last position there is and the process's limit; 0: none
 * (EFBIG). */
static u32 fitting(u64 at, u32 len)
{
	u32 end = min_of(POSITION_MAX, limit_of(current_process(), QUIRE_LIMIT_FSIZE));

	return at >= end ? 0 : min_of(len, end - (u32)at);
}

static void tell_limit(struct thread *t)
{
	struct quire_siginfo info = {.signo = QSIGXFSZ, .code = QUIRE_SI_KERNEL};

	if (limit_of(t->process, QUIRE_LIMIT_FSIZE) < POSITION_MAX)
		signal_send_thread(t, QSIGXFSZ, &info);
}

/* One vector after another from where the call stood. */
static int stream_move(
	struct stream *s, struct thread *t, const struct transfer *x, u32 flags, u64 *offset)
{
	u32 base = 0;
	int error = 0;

	for (u32 i = 0; i < x->count && !error; i++) {
		u32 len = x->iov[i].len,
		    done = t->progress > base ? min_of(t->progress - base, len) : 0;

		if (done < len) {
			u64 at = *offset + base;
			bool append = !x->positioned && (flags & QUIRE_O_APPEND);

			if (x->write) {
				u64 start = at;
				u32 fits =
					fitting(append ? s->object->size : at + done, len - done);

				error = fits ? object_write(s->object, &start, append,
						       x->iov[i].base, done + fits, &done)
					     : -EFBIG;
				if (append)
					*offset = start - base;
			} else {
				error = object_read(s->object, at, x->iov[i].base, len, &done);
			}
			t->progress = base + done;
		}
		base += len;
		if (done < len)
			break; /* the end of the file, or an error */
	}
	return error;
}

static s32 stream_transfer(struct stream *s, struct thread *t, const struct transfer *x)
{
	u32 flags = __atomic_load_n(&s->flags, __ATOMIC_RELAXED);
	u64 offset = x->offset;
	int error = 0;

	if (!x->positioned) {
		error = stream_own(s, t);
		if (error)
			return error;
		offset = s->offset;
	}
	/* A restarted append goes on where it began; the offset is remembered in the stream it owns. */
	if (!t->progress2)
		error = stream_move(
			s, t, x, t->progress ? flags & ~(u32)QUIRE_O_APPEND : flags, &offset);
	if (error == -EBLOCKED) {
		if (!x->positioned && t->progress)
			s->offset = offset;
		return error;
	}
	if (x->write && t->progress && (flags & QUIRE_O_SYNC)) {
		int failed = object_sync(s->object, 0, 0, QUIRE_SYNC_METADATA, &t->progress2);

		if (failed == -EBLOCKED) {
			if (!x->positioned)
				s->offset = offset;
			return failed;
		}
		if (failed)
			error = failed;
	}
	if (!x->positioned) {
		s->offset = offset + t->progress;
		stream_disown(s, t);
	}
	if (unlikely(error == -EFBIG && !t->progress))
		tell_limit(t);
	return t->progress && error != -EIO ? (s32)t->progress : error;
}

/* The stream of a descriptor, or of the call that is being made again. Takes a reference. */
static int transfer_target(struct thread *t, u32 fd, bool write, struct handle *h)
{
	if (unlikely(t->io_stream != NULL)) {
		*h = (struct handle){.object = t->io_stream, .type = HANDLE_STREAM};
		t->io_stream = NULL; /* the reference is h's now */
		return 0;
	}
	int error = handle_lookup(fd, HANDLE_NONE, 0, h);

	if (error)
		return error;
	if (h->type == HANDLE_CHANNEL)
		error = -ENOTSUP;
	else if (h->type != HANDLE_STREAM && h->type != HANDLE_PIPE)
		error = -EBADF;
	else if (!(h->rights & (write ? RIGHT_WRITE : RIGHT_READ)))
		error = -EBADF; /* POSIX: not open for that */
	if (error)
		handle_release(h);
	return error;
}

static s32 pipe_transfer(struct thread *t, struct handle *h, const struct transfer *x, u32 total)
{
	s32 result = 0;

	if (x->positioned)
		return -ESPIPE;
	if (x->write) {
		result = pipe_write(h->object, x->iov, total, &t->progress);
	} else {
		u32 i = 0;

		while (i < x->count && x->iov[i].len == 0)
			i++;
		if (i < x->count) /* a read takes what is there */
			result = pipe_read(h->object, x->iov[i].base, x->iov[i].len, &t->progress);
	}
	return result == -EBLOCKED || (result < 0 && !t->progress) ? result : (s32)t->progress;
}

static s32 transfer(struct arch_regs *r, const struct transfer *x)
{
	struct thread *t = thread_of(r);
	struct handle h;
	u32 total = 0;
	int error = transfer_target(t, arch_regs_arg(r, 0), x->write, &h);

	if (unlikely(error))
		return error;
	for (u32 i = 0; i < x->count && !error; i++) {
		if (x->iov[i].len > 0x7fffffffu - total)
			error = -EINVAL;
		total += x->iov[i].len;
	}
	if (x->positioned && (s64)x->offset < 0)
		error = h.type == HANDLE_PIPE ? -ESPIPE : -EINVAL;
	if (!error)
		error = h.type == HANDLE_PIPE ? pipe_transfer(t, &h, x, total)
					      : stream_transfer(h.object, t, x);
	if (unlikely(error == -EBLOCKED) && h.type == HANDLE_STREAM) {
		t->io_stream = h.object; /* with our reference */
		return error;
	}
	handle_release(&h);
	return error;
}

static s32 transfer_buffer(struct arch_regs *r, bool write, bool positioned)
{
	struct quire_iovec v = {arch_regs_arg(r, 1), arch_regs_arg(r, 2)};
	struct transfer x = {.write = write, .positioned = positioned, .iov = &v, .count = 1};

	if (positioned)
		x.offset = (u64)arch_regs_arg(r, 4) << 32 | arch_regs_arg(r, 3);
	return transfer(r, &x);
}

static s32 transfer_vector(struct arch_regs *r, bool write)
{
	struct quire_iovec v[QUIRE_IOV_MAX];
	struct transfer x = {.write = write, .iov = v, .count = arch_regs_arg(r, 2)};

	if (x.count > QUIRE_IOV_MAX || x.count == 0)
		return -EINVAL;
	int error = arch_copy_from_user(v, arch_regs_arg(r, 1), x.count * sizeof(v[0]));

	return error ? error : transfer(r, &x);
}

s32 sys_read(struct arch_regs *r)
{
	return transfer_buffer(r, false, false);
}
s32 sys_write(struct arch_regs *r)
{
	return transfer_buffer(r, true, false);
}
s32 sys_pread(struct arch_regs *r)
{
	return transfer_buffer(r, false, true);
}
s32 sys_pwrite(struct arch_regs *r)
{
	return transfer_buffer(r, true, true);
}
s32 sys_readv(struct arch_regs *r)
{
	return transfer_vector(r, false);
}
s32 sys_writev(struct arch_regs *r)
{
	return transfer_vector(r, true);
}

/* --- the other calls --- */

s32 sys_stream_create(struct arch_regs *r)
{
	u32 flags = arch_regs_arg(r, 1), access = flags & QUIRE_O_ACCMODE;
	u32 rights = (access != QUIRE_O_WRONLY ? RIGHT_READ : 0) |
		     (access != QUIRE_O_RDONLY ? RIGHT_WRITE : 0);
	struct handle h;

	if (access == QUIRE_O_ACCMODE ||
		(flags & ~(u32)(QUIRE_O_ACCMODE | QUIRE_O_APPEND | QUIRE_O_SYNC | QUIRE_O_NONBLOCK |
				 QUIRE_O_CLOEXEC)))
		return -EINVAL;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_OBJECT, rights, &h);

	if (error)
		return error;
	struct stream *s = slab_alloc_zeroed(&stream_cache);

	if (!s) {
		handle_release(&h);
		return -ENOMEM;
	}
	s->refs = 1;
	s->object = h.object;
	object_user_get(s->object);
	spin_init(&s->lock, RANK_STREAM);
	s->flags = flags & ~(u32)QUIRE_O_CLOEXEC;
	wait_queue_init(&s->waiters);
	if (rights & RIGHT_READ)
		rights |= h.rights & RIGHT_EXEC;
	handle_release(&h);
	int fd = handle_install(HANDLE_STREAM, s, rights | RIGHT_DUP | RIGHT_TRANSFER,
		flags & QUIRE_O_CLOEXEC ? QUIRE_HANDLE_CLOEXEC : 0, 0);

	if (fd < 0)
		stream_handle_put(s, 0);
	return fd;
}

s32 sys_seek(struct arch_regs *r)
{
	s64 offset = (s64)((u64)arch_regs_arg(r, 2) << 32 | arch_regs_arg(r, 1)), base = 0;
	u32 whence = arch_regs_arg(r, 3);
	struct handle h;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_NONE, 0, &h);

	if (error)
		return error;
	if (h.type != HANDLE_STREAM) {
		error = h.type == HANDLE_PIPE || h.type == HANDLE_CHANNEL ? -ESPIPE : -EBADF;
		handle_release(&h);
		return error;
	}
	struct stream *s = h.object;

	error = stream_own(s, thread_of(r));
	if (!error) {
		if (whence == 1)
			base = (s64)s->offset;
		else if (whence == 2)
			base = (s64)object_size(s->object);
		if (whence > 2 || base + offset < 0)
			error = -EINVAL;
		else
			s->offset = (u64)(base + offset);
		base = (s64)s->offset;
		stream_disown(s, thread_of(r));
	}
	handle_release(&h);
	if (error)
		return error;
	arch_regs_set(r, 1, (u32)base);
	arch_regs_set(r, 2, (u32)((u64)base >> 32));
	return 0;
}

s32 sys_fsync(struct arch_regs *r)
{
	struct thread *t = thread_of(r);
	struct handle h;
	int error = transfer_target(t, arch_regs_arg(r, 0), false, &h);

	if (error == -EBADF) /* write-only descriptors can be synced too */
		error = transfer_target(t, arch_regs_arg(r, 0), true, &h);
	if (error)
		return error;
	if (h.type != HANDLE_STREAM) {
		handle_release(&h);
		return -EINVAL;
	}
	error = object_sync(stream_object(h.object), 0, 0, arch_regs_arg(r, 1), &t->progress2);
	if (error == -EBLOCKED) {
		t->io_stream = h.object;
		return error;
	}
	handle_release(&h);
	return error;
}

static u32 status_flags(const struct handle *h)
{
	u32 access = h->rights & RIGHT_WRITE
			     ? (h->rights & RIGHT_READ ? QUIRE_O_RDWR : QUIRE_O_WRONLY)
			     : QUIRE_O_RDONLY;

	if (h->type == HANDLE_STREAM)
		return access | (((struct stream *)h->object)->flags & ~(u32)QUIRE_O_ACCMODE);
	if (h->type == HANDLE_PIPE)
		return access | pipe_flags(h->object);
	return QUIRE_O_RDWR;
}

static int set_status_flags(struct handle *h, u32 flags)
{
	const u32 settable = QUIRE_O_APPEND | QUIRE_O_NONBLOCK | QUIRE_O_SYNC;

	if (h->type == HANDLE_PIPE) {
		pipe_set_flags(h->object, flags & QUIRE_O_NONBLOCK);
		return 0;
	}
	if (h->type != HANDLE_STREAM)
		return -ENOTSUP;
	struct stream *s = h->object;

	spin_lock(&s->lock);
	s->flags = (s->flags & ~settable) | (flags & settable);
	spin_unlock(&s->lock);
	return 0;
}

s32 sys_fcntl(struct arch_regs *r)
{
	u32 fd = arch_regs_arg(r, 0), command = arch_regs_arg(r, 1), arg = arch_regs_arg(r, 2);
	struct handle h;
	s32 result;

	switch (command) {
	case QUIRE_F_DUPFD:
	case QUIRE_F_DUPFD_CLOEXEC:
		if (arg >= limit_of(current_process(), QUIRE_LIMIT_NOFILE))
			return -EINVAL;
		return handle_dup(fd, arg, command == QUIRE_F_DUPFD ? 0 : QUIRE_HANDLE_CLOEXEC);
	case QUIRE_F_GETFD:
		result = handle_flags(fd, 0, 0);
		return result < 0 ? result : result & QUIRE_HANDLE_CLOEXEC;
	case QUIRE_F_SETFD:
		result = handle_flags(fd, arg & QUIRE_HANDLE_CLOEXEC, QUIRE_HANDLE_CLOEXEC);
		return result < 0 ? result : 0;
	}
	result = handle_lookup(fd, HANDLE_NONE, 0, &h);
	if (result)
		return result;
	switch (command) {
	case QUIRE_F_GETFL: result = (s32)status_flags(&h); break;
	case QUIRE_F_SETFL: result = set_status_flags(&h, arg); break;
	case QUIRE_F_GETLK:
	case QUIRE_F_SETLK:
	case QUIRE_F_SETLKW:
		result = h.type == HANDLE_STREAM ? filelock_fcntl(stream_object(h.object), h.object,
							   command | (u32)h.rights << 8, arg)
						 : -EBADF;
		if (result == 0 && command != QUIRE_F_GETLK && !handle_names(fd, h.object)) {
			stream_closing(&h); /* closed meanwhile: see filelock.c */
			result = -EBADF;
		}
		break;
	default: result = -EINVAL;
	}
	handle_release(&h);
	return result;
}

s32 sys_flock(struct arch_regs *r)
{
	struct handle h;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_STREAM, 0, &h);

	if (error)
		return error;
	error = filelock_flock(stream_object(h.object), h.object, arch_regs_arg(r, 1));
	handle_release(&h);
	return error;
}
