/* The system calls, one inline function each, exactly as quire/abi.h defines them.
 *
 * Nothing here touches errno, takes a lock or needs a libc: a result below zero is a negated error
 * number. Servers and the POSIX layer are both written on these. Every call clobbers memory for the
 * compiler, since the kernel reads and writes through the pointers it is given.
 *
 * Calls with more results than a0 take pointers for the others and store there only what the kernel
 * returned. Messages travel as one struct quire_msg, read and overwritten in place; quire/ipc.h has
 * the helpers for their payload.
 */
#ifndef QUIRE_SYS_H
#define QUIRE_SYS_H

#include <stdint.h>
#include <quire/abi.h>

#define QUIRE_FOREVER UINT64_MAX

/* ------------------------------------------------------------------ the instruction itself */

static inline long quire_ecall0(long nr)
{
	register long a0 __asm__("a0");
	register long a7 __asm__("a7") = nr;

	__asm__ volatile("ecall" : "=r"(a0) : "r"(a7) : "memory");
	return a0;
}

static inline long quire_ecall1(long nr, long x0)
{
	register long a0 __asm__("a0") = x0;
	register long a7 __asm__("a7") = nr;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
	return a0;
}

static inline long quire_ecall2(long nr, long x0, long x1)
{
	register long a0 __asm__("a0") = x0;
	register long a1 __asm__("a1") = x1;
	register long a7 __asm__("a7") = nr;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
	return a0;
}

static inline long quire_ecall3(long nr, long x0, long x1, long x2)
{
	register long a0 __asm__("a0") = x0;
	register long a1 __asm__("a1") = x1;
	register long a2 __asm__("a2") = x2;
	register long a7 __asm__("a7") = nr;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
	return a0;
}

static inline long quire_ecall4(long nr, long x0, long x1, long x2, long x3)
{
	register long a0 __asm__("a0") = x0;
	register long a1 __asm__("a1") = x1;
	register long a2 __asm__("a2") = x2;
	register long a3 __asm__("a3") = x3;
	register long a7 __asm__("a7") = nr;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a7) : "memory");
	return a0;
}

static inline long quire_ecall6(long nr, long x0, long x1, long x2, long x3, long x4, long x5)
{
	register long a0 __asm__("a0") = x0;
	register long a1 __asm__("a1") = x1;
	register long a2 __asm__("a2") = x2;
	register long a3 __asm__("a3") = x3;
	register long a4 __asm__("a4") = x4;
	register long a5 __asm__("a5") = x5;
	register long a7 __asm__("a7") = nr;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
			 : "memory");
	return a0;
}

/* Three arguments, and results in a1 and a2 besides a0. */
static inline long quire_ecall_out(
	long nr, long x0, long x1, long x2, long x3, uint32_t *r1, uint32_t *r2)
{
	register long a0 __asm__("a0") = x0;
	register long a1 __asm__("a1") = x1;
	register long a2 __asm__("a2") = x2;
	register long a3 __asm__("a3") = x3;
	register long a7 __asm__("a7") = nr;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1), "+r"(a2) : "r"(a3), "r"(a7) : "memory");
	if (a0 >= 0) {
		if (r1)
			*r1 = (uint32_t)a1;
		if (r2)
			*r2 = (uint32_t)a2;
	}
	return a0;
}

static inline long quire_lo(uint64_t value)
{
	return (long)(uint32_t)value;
}

static inline long quire_hi(uint64_t value)
{
	return (long)(uint32_t)(value >> 32);
}

/* ------------------------------------------------------------------ memory */

/* An address, or a negated error: the last page of the address space is never mapped, so
 * quire_is_error tells one from the other. */
static inline long sys_mmap(
	uint32_t addr, uint32_t len, int prot, int flags, int handle, uint32_t page_offset)
{
	return quire_ecall6(
		SYS_MMAP, (long)addr, (long)len, prot, flags, handle, (long)page_offset);
}

static inline int quire_is_error(long result)
{
	return (unsigned long)result >= (unsigned long)-4095;
}

static inline int sys_munmap(uint32_t addr, uint32_t len)
{
	return (int)quire_ecall2(SYS_MUNMAP, (long)addr, (long)len);
}

static inline int sys_mprotect(uint32_t addr, uint32_t len, int prot)
{
	return (int)quire_ecall3(SYS_MPROTECT, (long)addr, (long)len, prot);
}

static inline int sys_msync(uint32_t addr, uint32_t len, int flags)
{
	return (int)quire_ecall3(SYS_MSYNC, (long)addr, (long)len, flags);
}

static inline int sys_madvise(uint32_t addr, uint32_t len, int advice)
{
	return (int)quire_ecall3(SYS_MADVISE, (long)addr, (long)len, advice);
}

static inline int sys_mincore(uint32_t addr, uint32_t len, uint8_t *vec)
{
	return (int)quire_ecall3(SYS_MINCORE, (long)addr, (long)len, (long)vec);
}

static inline int sys_mlock(uint32_t addr, uint32_t len, int lock)
{
	return (int)quire_ecall3(SYS_MLOCK, (long)addr, (long)len, lock);
}

static inline int sys_mlockall(int flags)
{
	return (int)quire_ecall1(SYS_MLOCKALL, flags);
}

static inline long sys_mremap(
	uint32_t addr, uint32_t old_len, uint32_t new_len, int flags, uint32_t new_addr)
{
	return quire_ecall6(
		SYS_MREMAP, (long)addr, (long)old_len, (long)new_len, flags, (long)new_addr, 0);
}

/* ------------------------------------------------------------------ memory objects */

static inline int sys_obj_create(uint64_t size)
{
	return (int)quire_ecall2(SYS_OBJ_CREATE, quire_lo(size), quire_hi(size));
}

static inline int sys_obj_create_paged(int port, uint32_t key, uint64_t size)
{
	return (int)quire_ecall4(
		SYS_OBJ_CREATE_PAGED, port, (long)key, quire_lo(size), quire_hi(size));
}

static inline int sys_obj_set_size(int obj, uint64_t size)
{
	return (int)quire_ecall3(SYS_OBJ_SET_SIZE, obj, quire_lo(size), quire_hi(size));
}

static inline int sys_obj_set_capacity(int obj, uint64_t capacity)
{
	return (int)quire_ecall3(SYS_OBJ_SET_CAPACITY, obj, quire_lo(capacity), quire_hi(capacity));
}

static inline int sys_obj_info(int handle, struct quire_obj_info *info)
{
	return (int)quire_ecall2(SYS_OBJ_INFO, handle, (long)info);
}

/* The payload, a byte a page, must be in the message buffer. */
static inline int sys_obj_supply(int obj, uint32_t request, int status)
{
	return (int)quire_ecall3(SYS_OBJ_SUPPLY, obj, (long)request, status);
}

static inline int sys_obj_complete(int obj, uint32_t request, int status)
{
	return (int)quire_ecall3(SYS_OBJ_COMPLETE, obj, (long)request, status);
}

static inline int sys_obj_query_dirty(int obj, uint32_t from_page, uint32_t *first_page)
{
	return (int)quire_ecall_out(SYS_OBJ_QUERY_DIRTY, obj, (long)from_page, 0, 0, first_page, 0);
}

/* Physical page numbers of the run come in the message buffer. */
static inline int sys_obj_wb_begin(int obj, uint32_t first_page, uint32_t count, uint32_t *token)
{
	return (int)quire_ecall_out(
		SYS_OBJ_WB_BEGIN, obj, (long)first_page, (long)count, 0, token, 0);
}

static inline int sys_obj_wb_end(int obj, uint32_t token, int status)
{
	return (int)quire_ecall3(SYS_OBJ_WB_END, obj, (long)token, status);
}

static inline int sys_obj_next_dirty(int port, uint32_t index, uint32_t *key)
{
	return (int)quire_ecall_out(SYS_OBJ_NEXT_DIRTY, port, (long)index, 0, 0, key, 0);
}

static inline int sys_obj_evict(int handle, uint32_t first_page, uint32_t count)
{
	return (int)quire_ecall3(SYS_OBJ_EVICT, handle, (long)first_page, (long)count);
}

static inline int sys_obj_attach(int port, uint32_t key)
{
	return (int)quire_ecall2(SYS_OBJ_ATTACH, port, (long)key);
}

static inline int sys_obj_create_dma(uint32_t pages, uint64_t *phys)
{
	return (int)quire_ecall2(SYS_OBJ_CREATE_DMA, (long)pages, (long)phys);
}

static inline int sys_obj_create_phys(int resource, uint64_t phys, uint32_t bytes)
{
	return (int)quire_ecall4(
		SYS_OBJ_CREATE_PHYS, resource, quire_lo(phys), quire_hi(phys), (long)bytes);
}

/* Calls through streams of an anonymous object go to the port, with the key as badge. A handle that
 * does not count as use of it, for the server to keep in place of obj. */
static inline int sys_obj_serve(int obj, int port, uint32_t key)
{
	return (int)quire_ecall3(SYS_OBJ_SERVE, obj, port, (long)key);
}

static inline int sys_obj_enumerate(int port, uint32_t index, uint32_t *key)
{
	return (int)quire_ecall_out(SYS_OBJ_ENUMERATE, port, (long)index, 0, 0, key, 0);
}

/* ------------------------------------------------------------------ streams and pipes */

static inline int sys_stream_create(int obj, int flags)
{
	return (int)quire_ecall2(SYS_STREAM_CREATE, obj, flags);
}

static inline long sys_read(int fd, void *buf, uint32_t len)
{
	return quire_ecall3(SYS_READ, fd, (long)buf, (long)len);
}

static inline long sys_write(int fd, const void *buf, uint32_t len)
{
	return quire_ecall3(SYS_WRITE, fd, (long)buf, (long)len);
}

static inline long sys_pread(int fd, void *buf, uint32_t len, int64_t offset)
{
	return quire_ecall6(SYS_PREAD, fd, (long)buf, (long)len, quire_lo((uint64_t)offset),
		quire_hi((uint64_t)offset), 0);
}

static inline long sys_pwrite(int fd, const void *buf, uint32_t len, int64_t offset)
{
	return quire_ecall6(SYS_PWRITE, fd, (long)buf, (long)len, quire_lo((uint64_t)offset),
		quire_hi((uint64_t)offset), 0);
}

static inline long sys_readv(int fd, const struct quire_iovec *iov, int count)
{
	return quire_ecall3(SYS_READV, fd, (long)iov, count);
}

static inline long sys_writev(int fd, const struct quire_iovec *iov, int count)
{
	return quire_ecall3(SYS_WRITEV, fd, (long)iov, count);
}

static inline int sys_seek(int fd, int64_t offset, int whence, int64_t *result)
{
	uint32_t lo = 0, hi = 0;
	int status = (int)quire_ecall_out(SYS_SEEK, fd, quire_lo((uint64_t)offset),
		quire_hi((uint64_t)offset), whence, &lo, &hi);

	if (status >= 0 && result)
		*result = (int64_t)((uint64_t)hi << 32 | lo);
	return status;
}

static inline int sys_fsync(int fd, int flags)
{
	return (int)quire_ecall2(SYS_FSYNC, fd, flags);
}

static inline int sys_pipe(int flags, int *read_end, int *write_end)
{
	register long a0 __asm__("a0") = flags;
	register long a1 __asm__("a1");
	register long a7 __asm__("a7") = SYS_PIPE;

	__asm__ volatile("ecall" : "+r"(a0), "=r"(a1) : "r"(a7) : "memory");
	if (a0 < 0)
		return (int)a0;
	*read_end = (int)a0;
	*write_end = (int)a1;
	return 0;
}

static inline int sys_fcntl(int fd, int command, long arg)
{
	return (int)quire_ecall3(SYS_FCNTL, fd, command, arg);
}

/* *changes: what is known of servers' changes, 0: nothing; on success what there is to know. A mask of
 * NULL leaves the mask alone. */
static inline int sys_poll(struct quire_pollfd *fds, uint32_t count, uint64_t deadline,
	uint32_t *changes, const uint32_t *mask)
{
	register long a0 __asm__("a0") = (long)fds;
	register long a1 __asm__("a1") = (long)count;
	register long a2 __asm__("a2") = quire_lo(deadline);
	register long a3 __asm__("a3") = quire_hi(deadline);
	register long a4 __asm__("a4") = (long)*changes;
	register long a5 __asm__("a5") = (long)mask;
	register long a7 __asm__("a7") = SYS_POLL;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
			 : "memory");
	if (a0 >= 0)
		*changes = (uint32_t)a1;
	return (int)a0;
}

static inline int sys_poll_changed(int port)
{
	return (int)quire_ecall1(SYS_POLL_CHANGED, port);
}

static inline int sys_flock(int fd, int operation)
{
	return (int)quire_ecall2(SYS_FLOCK, fd, operation);
}

/* ------------------------------------------------------------------ handles */

static inline int sys_close(int handle)
{
	return (int)quire_ecall1(SYS_CLOSE, handle);
}

static inline int sys_dup(int handle, int min)
{
	return (int)quire_ecall2(SYS_DUP, handle, min);
}

static inline int sys_dup2(int handle, int new_handle, int flags)
{
	return (int)quire_ecall3(SYS_DUP2, handle, new_handle, flags);
}

static inline int sys_handle_restrict(int handle, uint32_t rights)
{
	return (int)quire_ecall2(SYS_HANDLE_RESTRICT, handle, (long)rights);
}

static inline int sys_handle_flags(int handle, uint32_t set, uint32_t clear)
{
	return (int)quire_ecall3(SYS_HANDLE_FLAGS, handle, (long)set, (long)clear);
}

/* ------------------------------------------------------------------ ports, channels, messages */

/* A message's registers. For a call or a reply fill header and w; a receiver finds the sender's
 * there, and the reply token (0: nothing to answer) and the channel's badge. */
struct quire_msg {
	uint32_t header; /* QUIRE_MSG(label, payload bytes, handles) */
	uint32_t w[4];
	uint32_t token;
	uint32_t badge;
};

static inline int sys_port_create(void)
{
	return (int)quire_ecall0(SYS_PORT_CREATE);
}

static inline int sys_channel_create(int port, uint32_t badge, uint32_t flags)
{
	return (int)quire_ecall3(SYS_CHANNEL_CREATE, port, (long)badge, (long)flags);
}

/* Sends the message and waits for the answer, which replaces it. Returns the kernel's word: 0, or
 * a negated error that leaves the message as it was. */
static inline int sys_call(int channel, struct quire_msg *msg)
{
	register long a0 __asm__("a0") = channel;
	register uint32_t a1 __asm__("a1") = msg->header;
	register uint32_t a2 __asm__("a2") = msg->w[0];
	register uint32_t a3 __asm__("a3") = msg->w[1];
	register uint32_t a4 __asm__("a4") = msg->w[2];
	register uint32_t a5 __asm__("a5") = msg->w[3];
	register long a7 __asm__("a7") = SYS_CALL;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5)
			 : "r"(a7)
			 : "memory");
	if (a0 < 0)
		return (int)a0;
	msg->header = a1;
	msg->w[0] = a2;
	msg->w[1] = a3;
	msg->w[2] = a4;
	msg->w[3] = a5;
	return (int)a0;
}

/* Answers the caller named by msg->token (0: nobody) with the message, then waits for the next one,
 * which replaces it. On an error the message is as it was, but its token is used up. */
static inline int sys_reply_recv(int port, struct quire_msg *msg)
{
	register long a0 __asm__("a0") = port;
	register uint32_t a1 __asm__("a1") = msg->header;
	register uint32_t a2 __asm__("a2") = msg->w[0];
	register uint32_t a3 __asm__("a3") = msg->w[1];
	register uint32_t a4 __asm__("a4") = msg->w[2];
	register uint32_t a5 __asm__("a5") = msg->w[3];
	register uint32_t a6 __asm__("a6") = msg->token;
	register uint32_t a7 __asm__("a7") = SYS_REPLY_RECV;

	__asm__ volatile(
		"ecall"
		: "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6), "+r"(a7)
		:
		: "memory");
	msg->token = 0;
	if (a0 < 0)
		return (int)a0;
	msg->header = a1;
	msg->w[0] = a2;
	msg->w[1] = a3;
	msg->w[2] = a4;
	msg->w[3] = a5;
	msg->token = a6;
	msg->badge = a7;
	return (int)a0;
}

/* Answers the caller named by msg->token without waiting for another message. */
static inline int sys_reply(const struct quire_msg *msg)
{
	register long a0 __asm__("a0") = 0;
	register uint32_t a1 __asm__("a1") = msg->header;
	register uint32_t a2 __asm__("a2") = msg->w[0];
	register uint32_t a3 __asm__("a3") = msg->w[1];
	register uint32_t a4 __asm__("a4") = msg->w[2];
	register uint32_t a5 __asm__("a5") = msg->w[3];
	register uint32_t a6 __asm__("a6") = msg->token;
	register long a7 __asm__("a7") = SYS_REPLY;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a6), "r"(a7)
			 : "memory");
	return (int)a0;
}

static inline int sys_notify(int handle, uint32_t bits)
{
	return (int)quire_ecall2(SYS_NOTIFY, handle, (long)bits);
}

static inline int sys_timer_set(int port, uint32_t bits, uint64_t when)
{
	return (int)quire_ecall4(SYS_TIMER_SET, port, (long)bits, quire_lo(when), quire_hi(when));
}

static inline int sys_irq_create(int resource, uint32_t source)
{
	return (int)quire_ecall2(SYS_IRQ_CREATE, resource, (long)source);
}

static inline int sys_irq_bind(int interrupt, int port, uint32_t bits)
{
	return (int)quire_ecall3(SYS_IRQ_BIND, interrupt, port, (long)bits);
}

static inline int sys_irq_ack(int interrupt)
{
	return (int)quire_ecall1(SYS_IRQ_ACK, interrupt);
}

static inline int sys_channel_enumerate(int port, uint32_t index, uint32_t *badge)
{
	return (int)quire_ecall_out(SYS_CHANNEL_ENUMERATE, port, (long)index, 0, 0, badge, 0);
}

/* ------------------------------------------------------------------ processes and threads */

static inline int sys_fork(void)
{
	return (int)quire_ecall0(SYS_FORK);
}

static inline int sys_exec(int fd, const struct quire_exec *exec)
{
	return (int)quire_ecall2(SYS_EXEC, fd, (long)exec);
}

static inline _Noreturn void sys_exit(int status)
{
	quire_ecall1(SYS_EXIT, status);
	__builtin_unreachable();
}

static inline int sys_wait(int pid, int flags, int *status, struct quire_usage *usage)
{
	return (int)quire_ecall4(SYS_WAIT, pid, flags, (long)status, (long)usage);
}

static inline int sys_getpid(void)
{
	return (int)quire_ecall0(SYS_GETPID);
}

static inline int sys_getppid(void)
{
	return (int)quire_ecall0(SYS_GETPPID);
}

static inline int sys_setpgid(int pid, int pgid)
{
	return (int)quire_ecall2(SYS_SETPGID, pid, pgid);
}

static inline int sys_getpgid(int pid)
{
	return (int)quire_ecall1(SYS_GETPGID, pid);
}

static inline int sys_setsid(void)
{
	return (int)quire_ecall0(SYS_SETSID);
}

static inline int sys_getsid(int pid)
{
	return (int)quire_ecall1(SYS_GETSID, pid);
}

static inline int sys_thread_create(uint32_t entry, uint32_t sp, uint32_t arg, uint32_t tp)
{
	return (int)quire_ecall4(SYS_THREAD_CREATE, (long)entry, (long)sp, (long)arg, (long)tp);
}

static inline _Noreturn void sys_thread_exit(uint32_t *word)
{
	quire_ecall1(SYS_THREAD_EXIT, (long)word);
	__builtin_unreachable();
}

static inline int sys_thread_self(struct quire_msgbuf **buffer)
{
	uint32_t address = 0;
	int tid = (int)quire_ecall_out(SYS_THREAD_SELF, 0, 0, 0, 0, &address, 0);

	if (buffer)
		*buffer = (struct quire_msgbuf *)(uintptr_t)address;
	return tid;
}

static inline void sys_yield(void)
{
	quire_ecall0(SYS_YIELD);
}

static inline int sys_sleep(uint64_t until)
{
	return (int)quire_ecall2(SYS_SLEEP, quire_lo(until), quire_hi(until));
}

/* Nanoseconds. The clock numbers are the caller's to get right: there is no room for an error. */
static inline uint64_t sys_clock(int clock)
{
	register uint32_t a0 __asm__("a0") = (uint32_t)clock;
	register uint32_t a1 __asm__("a1");
	register long a7 __asm__("a7") = SYS_CLOCK;

	__asm__ volatile("ecall" : "+r"(a0), "=r"(a1) : "r"(a7) : "memory");
	return (uint64_t)a1 << 32 | a0;
}

static inline int sys_futex_wait(const volatile uint32_t *word, uint32_t expected, uint64_t until)
{
	return (int)quire_ecall4(
		SYS_FUTEX_WAIT, (long)word, (long)expected, quire_lo(until), quire_hi(until));
}

static inline int sys_futex_wake(const volatile uint32_t *word, uint32_t count)
{
	return (int)quire_ecall2(SYS_FUTEX_WAKE, (long)word, (long)count);
}

static inline int sys_set_robust(void *head)
{
	return (int)quire_ecall1(SYS_SET_ROBUST, (long)head);
}

static inline long sys_affinity(int tid, uint32_t mask)
{
	return quire_ecall2(SYS_AFFINITY, tid, (long)mask);
}

static inline int sys_getcpu(void)
{
	return (int)quire_ecall0(SYS_GETCPU);
}

static inline int sys_priority(int tid, int priority)
{
	return (int)quire_ecall2(SYS_PRIORITY, tid, priority);
}

/* SYS_VFORK is not here: the child runs on the caller's stack, so only assembly can make the call. */

/* ------------------------------------------------------------------ signals */

static inline int sys_kill(int pid, int sig)
{
	return (int)quire_ecall2(SYS_KILL, pid, sig);
}

static inline int sys_tkill(int tid, int sig)
{
	return (int)quire_ecall2(SYS_TKILL, tid, sig);
}

static inline int sys_sigaction(
	int sig, const struct quire_sigaction *action, struct quire_sigaction *old)
{
	return (int)quire_ecall3(SYS_SIGACTION, sig, (long)action, (long)old);
}

/* how = ~0 only asks for the mask in force. */
static inline int sys_sigprocmask(int how, uint32_t mask, uint32_t *old)
{
	return (int)quire_ecall_out(SYS_SIGPROCMASK, how, (long)mask, 0, 0, old, 0);
}

static inline int sys_limit(int which, const struct quire_limit *new_limit, struct quire_limit *old)
{
	return (int)quire_ecall3(SYS_LIMIT, which, (long)new_limit, (long)old);
}

static inline int sys_sigpending(uint32_t *mask)
{
	return (int)quire_ecall_out(SYS_SIGPENDING, 0, 0, 0, 0, mask, 0);
}

static inline int sys_sigsuspend(uint32_t mask)
{
	return (int)quire_ecall1(SYS_SIGSUSPEND, (long)mask);
}

static inline int sys_sigaltstack(const struct quire_stack *stack, struct quire_stack *old)
{
	return (int)quire_ecall2(SYS_SIGALTSTACK, (long)stack, (long)old);
}

static inline int sys_sigwait(uint32_t mask, struct quire_siginfo *info, uint64_t until)
{
	return (int)quire_ecall4(
		SYS_SIGWAIT, (long)mask, (long)info, quire_lo(until), quire_hi(until));
}

static inline int sys_itimer(const struct quire_itimer *timer, struct quire_itimer *old)
{
	return (int)quire_ecall2(SYS_ITIMER, (long)timer, (long)old);
}

/* ------------------------------------------------------------------ the system */

static inline int sys_boot_info(int resource, struct quire_boot_info *info)
{
	return (int)quire_ecall2(SYS_BOOT_INFO, resource, (long)info);
}

static inline int sys_poweroff(int resource, int status)
{
	return (int)quire_ecall2(SYS_POWEROFF, resource, status);
}

static inline int sys_log(const void *buf, uint32_t len)
{
	return (int)quire_ecall2(SYS_LOG, (long)buf, (long)len);
}

static inline int sys_info(int what, uint32_t index, void *buf, uint32_t size)
{
	return (int)quire_ecall4(SYS_INFO, what, (long)index, (long)buf, (long)size);
}

static inline int sys_check(void)
{
	return (int)quire_ecall0(SYS_CHECK);
}

static inline int sys_trace(int operation, uint32_t arg, void *buf, uint32_t size)
{
	return (int)quire_ecall4(SYS_TRACE, operation, (long)arg, (long)buf, (long)size);
}

/* value ~0: only asks. Returns what it was. */
static inline int sys_tune(int what, uint32_t value)
{
	return (int)quire_ecall2(SYS_TUNE, what, (long)value);
}

#endif
