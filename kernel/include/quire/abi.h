/* The kernel's public interface: everything a user-mode program may know about the kernel.
 *
 * A system call is an `ecall` with its number in a7 and its arguments in a0..a6. It returns in a0:
 * zero or a positive value, or a negated error number (quire/errno.h). Calls that return more say
 * so; every register not named as a result is preserved. 64-bit arguments take two registers, low
 * word first. A user pointer may fault in during the call; a bad one is -EFAULT and nothing has
 * happened then, except that `read` and `write` report what was moved before the fault.
 *
 * A call that has to wait is *made again* by the kernel when its thread is woken: the program
 * counter stays on the `ecall` and the argument registers hold the progress so far. Nothing of this
 * shows in a program, but a debugger sees it.
 *
 * Units: addresses and lengths in bytes, `page` counts and indexes in pages of 4096 bytes, times in
 * nanoseconds since boot unless said otherwise.
 */
#ifndef QUIRE_ABI_H
#define QUIRE_ABI_H

#include <stdint.h>
#include <quire/errno.h>

#define QUIRE_PAGE_SIZE	 4096u
#define QUIRE_PAGE_SHIFT 12

/* User space is the lowest 3 GiB less the first and the last page. */
#define QUIRE_USER_MIN 0x00001000u
#define QUIRE_USER_MAX 0xbffff000u

/* ------------------------------------------------------------------ system call numbers */

/* clang-format off */
enum quire_sys {
	/* Memory. Lengths are rounded up to whole pages; addresses must be aligned. */
	SYS_MMAP = 1,	/* (addr, len, prot, flags, handle, page_offset) -> address */
	SYS_MUNMAP,	/* (addr, len) */
	SYS_MPROTECT,	/* (addr, len, prot) */
	SYS_MSYNC,	/* (addr, len, QUIRE_MS_*) */
	SYS_MADVISE,	/* (addr, len, QUIRE_MADV_*) */
	SYS_MINCORE,	/* (addr, len, uint8_t *vec) */
	SYS_MLOCK,	/* (addr, len, lock?1:0) */
	SYS_MLOCKALL,	/* (QUIRE_MCL_* flags; 0 = munlockall) */
	SYS_MREMAP,	/* (addr, old_len, new_len, flags, new_addr) -> address */

	/* Memory objects. See "pagers" below. */
	SYS_OBJ_CREATE = 20, /* (size_lo, size_hi) -> handle: anonymous shared memory, zero filled, all rights */
	SYS_OBJ_CREATE_PAGED, /* (port, key, size_lo, size_hi) -> handle; needs RIGHT_RECV on port */
	SYS_OBJ_SET_SIZE,     /* (obj, size_lo, size_hi): truncate or grow; needs RIGHT_PAGER (anon: RIGHT_WRITE) */
	SYS_OBJ_SET_CAPACITY, /* (obj, cap_lo, cap_hi): bytes the pager promises room for; needs RIGHT_PAGER */
	SYS_OBJ_INFO,	      /* (obj or stream or pipe or channel, struct quire_obj_info *) */
	SYS_OBJ_SUPPLY,	      /* (obj, request, status): ends a FETCH; payload: see below; needs RIGHT_PAGER */
	SYS_OBJ_COMPLETE,     /* (obj, request, status): ends a GROW, SYNC or RESERVE; needs RIGHT_PAGER */
	SYS_OBJ_QUERY_DIRTY,  /* (obj, first_page) -> a0 = pages in the first dirty run at or after it (0: none), a1 = its first page */
	SYS_OBJ_WB_BEGIN,     /* (obj, first_page, count<=QUIRE_RUN_MAX) -> a0 = pages begun (a run from first_page on; 0: not dirty), a1 = token; physical addresses in the message buffer */
	SYS_OBJ_WB_END,	      /* (obj, token, status: 0 or -errno); QUIRE_WB_ALL: every token, whoever began it */
	SYS_OBJ_NEXT_DIRTY,   /* (port, index) -> a0 = 1, a1 = key, or 0: the index-th object of this port that has dirty pages */
	SYS_OBJ_EVICT,	      /* (obj or stream, first_page, count) -> pages dropped: clean and unpinned ones only */
	SYS_OBJ_ATTACH,	      /* (port, key) -> handle: a restarted pager takes over the newest object with that key that its port already serves; no device may use the dead pager's frames any more */
	SYS_OBJ_CREATE_DMA,   /* (pages, uint64_t *phys) -> handle: contiguous, zeroed, pinned; needs a resource held by init or given by it */
	SYS_OBJ_CREATE_PHYS,  /* (resource, phys_lo, phys_hi, bytes) -> handle: device memory, never executable */
	SYS_OBJ_SERVE,	      /* (obj, port, key) -> handle with RIGHT_PAGER: calls through streams of this anonymous object go to the port, which also hears IDLE once obj itself is closed; needs RIGHT_RECV on the port, RIGHT_WRITE on obj; once */
	SYS_OBJ_ENUMERATE,    /* (port, index) -> a0 = 1, a1 = key, or 0: every object whose pager is this port */

	/* Streams and pipes: what a file descriptor is. */
	SYS_STREAM_CREATE = 50, /* (obj, QUIRE_O_* flags) -> handle with rights for the access mode; obj needs those rights */
	SYS_READ,		/* (fd, buf, len) -> bytes; ENOTSUP: the handle is a channel, ask its server */
	SYS_WRITE,		/* (fd, buf, len) -> bytes */
	SYS_PREAD,		/* (fd, buf, len, off_lo, off_hi) -> bytes */
	SYS_PWRITE,		/* (fd, buf, len, off_lo, off_hi) -> bytes */
	SYS_READV,		/* (fd, const struct quire_iovec *, count) -> bytes */
	SYS_WRITEV,		/* (fd, const struct quire_iovec *, count) -> bytes */
	SYS_SEEK,		/* (fd, off_lo, off_hi, whence) -> a0 = 0 or error, a1 = low and a2 = high word of the offset */
	SYS_FSYNC,		/* (fd, flags) : everything written through any descriptor or mapping is on the disk */
	SYS_PIPE,		/* (QUIRE_O_NONBLOCK|QUIRE_O_CLOEXEC) -> a0 = read end, a1 = write end */
	SYS_FCNTL,		/* (fd, QUIRE_F_*, arg) */
	SYS_POLL,		/* (struct quire_pollfd *, count, deadline_lo, deadline_hi, known changes or 0, const uint32_t *mask or 0) -> ready count, a1 = changes told so far (SYS_POLL_CHANGED), never 0. While it waits the signal mask is *mask; it waits for nothing if the known changes are not all */
	SYS_FLOCK,		/* (fd, op) whole-file lock of the memory object, owned by the stream */

	/* Handles. */
	SYS_CLOSE = 80,	     /* (handle) */
	SYS_DUP,	     /* (handle, min) -> lowest free handle >= min, flags clear */
	SYS_DUP2,	     /* (handle, new, QUIRE_HANDLE_* flags) -> new, closing what was there */
	SYS_HANDLE_RESTRICT, /* (handle, rights) : drop every right not in the mask */
	SYS_HANDLE_FLAGS,    /* (handle, set_mask, clear_mask) -> flags afterwards (QUIRE_HANDLE_*) */

	/* Ports, channels, messages. See "messages" below. */
	SYS_PORT_CREATE = 100, /* () -> handle: receive right; flagged NOFORK and CLOEXEC */
	SYS_CHANNEL_CREATE,    /* (port, badge) -> handle: send right */
	SYS_CALL,	       /* (channel or stream, header, w0..w3) -> a0 = status, a1 = header, a2..a5 = words */
	SYS_REPLY_RECV,	       /* (port, header, w0..w3, reply token or 0) -> a0 = status, a1 = header, a2..a5 = words, a6 = token, a7 = badge */
	SYS_REPLY,	       /* (0, header, w0..w3, token): ESRCH when the caller has gone */
	SYS_NOTIFY,	       /* (channel or port, bits): or bits into the port's notification word */
	SYS_TIMER_SET,	       /* (port, bits, when_lo, when_hi): one timer a port; notify bits at that time; 0 disarms */
	SYS_IRQ_CREATE,	       /* (resource, source) -> interrupt handle */
	SYS_IRQ_BIND,	       /* (interrupt, port, bits): notify on interrupt, source masked until acknowledged */
	SYS_IRQ_ACK,	       /* (interrupt) */
	SYS_CHANNEL_ENUMERATE, /* (port, index) -> a0 = 1, a1 = badge, or 0: the index-th watched channel of this port whose closing has not been received yet */
	SYS_POLL_CHANGED,      /* (port): what FS_POLL answers on its channels may have changed; ends the waits of SYS_POLLs that know fewer changes. Needs RIGHT_RECV */

	/* Processes and threads. */
	SYS_FORK = 130,	   /* () -> pid, 0 in the child */
	SYS_EXEC,	   /* (fd of the image, struct quire_exec *) : does not return on success */
	SYS_EXIT,	   /* (status 0..255) ends the process */
	SYS_WAIT,	   /* (pid or -1 or -pgid or 0, QUIRE_W*, int *status, struct quire_usage *or 0) -> pid; 0 with NOHANG */
	SYS_GETPID,	   /* () */
	SYS_GETPPID,	   /* () */
	SYS_SETPGID,	   /* (pid or 0, pgid or 0) */
	SYS_GETPGID,	   /* (pid or 0) -> pgid */
	SYS_SETSID,	   /* () -> sid */
	SYS_GETSID,	   /* (pid or 0) -> sid */
	SYS_THREAD_CREATE, /* (entry, sp, arg, tp) -> tid: starts at entry with a0 = arg */
	SYS_THREAD_EXIT,   /* (uint32_t *word or 0): store 0 to the word, wake its futex waiters; the last thread ends the process with status 0 */
	SYS_THREAD_SELF,   /* () -> a0 = tid, a1 = address of this thread's message buffer */
	SYS_YIELD,	   /* () */
	SYS_SLEEP,	   /* (until_lo, until_hi): absolute monotonic; EINTR */
	SYS_CLOCK,	   /* (QUIRE_CLOCK_*) -> a0 = low, a1 = high word of nanoseconds */
	SYS_FUTEX_WAIT,	   /* (uint32_t *word, expected, until_lo, until_hi; ~0 both = for ever) : EAGAIN, ETIMEDOUT, EINTR */
	SYS_FUTEX_WAKE,	   /* (uint32_t *word, count) -> woken. Keyed by memory object and offset, or by address space for private pages */
	SYS_SET_ROBUST,	   /* (head): list of robust mutexes of this thread, walked at its death */
	SYS_AFFINITY,	   /* (tid or 0, mask or 0) -> mask in force: harts the thread may run on */
	SYS_GETCPU,	   /* () -> hart index 0..n-1 */
	SYS_PRIORITY,	   /* (tid or 0, priority 0..31 or -1) -> priority in force; 16 is a user's, higher runs first */
	SYS_VFORK,	   /* () -> as fork, but the child borrows the address space until exec or exit */
	SYS_LIMIT,	   /* (QUIRE_LIMIT_*, const struct quire_limit *new or 0, struct quire_limit *old or 0) */

	/* Signals. */
	SYS_KILL = 170,	 /* (pid, sig): pid > 0, 0 = own group, < -1 = group -pid */
	SYS_TKILL,	 /* (tid, sig): a thread of the caller's process */
	SYS_SIGACTION,	 /* (sig, const struct quire_sigaction *new or 0, struct quire_sigaction *old or 0) */
	SYS_SIGPROCMASK, /* (QUIRE_SIG_*, new mask, how|~0 = only ask) -> a0 = 0, a1 = old mask */
	SYS_SIGPENDING,	 /* () -> a0 = 0, a1 = mask */
	SYS_SIGSUSPEND,	 /* (mask) : EINTR */
	SYS_SIGALTSTACK, /* (const struct quire_stack *new or 0, struct quire_stack *old or 0) */
	SYS_SIGRETURN,	 /* (): sp points at the struct quire_sigframe */
	SYS_SIGWAIT,	 /* (mask, struct quire_siginfo *or 0, until_lo, until_hi) -> sig */
	SYS_ITIMER,	 /* (struct quire_itimer *new or 0, struct quire_itimer *old or 0): real-time interval timer, SIGALRM */

	/* The system. */
	SYS_BOOT_INFO = 200, /* (resource, struct quire_boot_info *) */
	SYS_POWEROFF,	     /* (resource, status 0..255): does not return */
	SYS_LOG,	     /* (buf, len<=256): a line to the kernel's log, for servers that have no console yet */
	SYS_INFO,	     /* (QUIRE_INFO_*, index, buf, size) -> bytes: see quire/info.h */
	SYS_CHECK,	     /* () -> broken invariants found (0 is good); what they are goes to the log */
	SYS_TRACE,	     /* (QUIRE_TRACE_*, arg, buf, size): see quire/info.h */
	SYS_TUNE,	     /* (QUIRE_TUNE_*, value or ~0 = only ask) -> the value before */
};
/* clang-format on */

/* ------------------------------------------------------------------ memory */

#define QUIRE_PROT_NONE	 0
#define QUIRE_PROT_READ	 1
#define QUIRE_PROT_WRITE 2 /* implies read: the hardware has no write-only page */
#define QUIRE_PROT_EXEC	 4

#define QUIRE_MAP_SHARED    0x01
#define QUIRE_MAP_PRIVATE   0x02
#define QUIRE_MAP_FIXED	    0x10
#define QUIRE_MAP_ANON	    0x20
#define QUIRE_MAP_NOREPLACE 0x40 /* with FIXED: EEXIST instead of replacing */
/* not charged against commit; touching past what is there is SIGBUS */
#define QUIRE_MAP_NORESERVE 0x80
#define QUIRE_MAP_STACK	    0x100
#define QUIRE_MAP_LOCKED    0x200
#define QUIRE_MAP_POPULATE  0x400

#define QUIRE_MS_ASYNC	    1
#define QUIRE_MS_SYNC	    2
#define QUIRE_MS_INVALIDATE 4

#define QUIRE_MADV_NORMAL     0
#define QUIRE_MADV_RANDOM     1
#define QUIRE_MADV_SEQUENTIAL 2
#define QUIRE_MADV_WILLNEED   3
#define QUIRE_MADV_DONTNEED   4

#define QUIRE_MCL_CURRENT 1
#define QUIRE_MCL_FUTURE  2

#define QUIRE_MREMAP_MAYMOVE 1
#define QUIRE_MREMAP_FIXED   2

/* ------------------------------------------------------------------ limits */

/* Of a process; kernel/limit.c tells what they bind. */
enum quire_limits {
	QUIRE_LIMIT_CPU,   /* seconds */
	QUIRE_LIMIT_FSIZE, /* bytes */
	QUIRE_LIMIT_DATA,  /* bytes */
	QUIRE_LIMIT_STACK, /* bytes; counts when exec makes the stack */
	QUIRE_LIMIT_CORE,
	QUIRE_LIMIT_RSS,
	QUIRE_LIMIT_NPROC,
	QUIRE_LIMIT_NOFILE, /* descriptors are below it */
	QUIRE_LIMIT_MEMLOCK,
	QUIRE_LIMIT_AS, /* bytes */
	QUIRE_LIMITS
};
#define QUIRE_LIMIT_NONE  0xffffffffu
#define QUIRE_STACK_BYTES (8u << 20) /* QUIRE_LIMIT_STACK unless it was changed */

struct quire_limit {
	uint32_t soft, hard;
};

/* ------------------------------------------------------------------ handles */

/* Numbers 0..QUIRE_FD_MAX-1 are file descriptors: every call that makes a stream, a pipe end or a
 * dup below QUIRE_HANDLE_BASE takes the lowest free one. All other handles are numbered from
 * QUIRE_HANDLE_BASE up, lowest free first. Handles received in a message: streams and pipe ends
 * become descriptors, and so do channels whose badge has QUIRE_BADGE_FILE set; others go high. */
#define QUIRE_FD_MAX	  1024
#define QUIRE_HANDLE_BASE 1024
#define QUIRE_HANDLE_MAX  4096

#define QUIRE_HANDLE_CLOEXEC 1 /* closed by exec */
#define QUIRE_HANDLE_NOFORK  2 /* not copied by fork */

#define RIGHT_READ     0x01 /* read, map readable */
#define RIGHT_WRITE    0x02 /* write, map shared and writable */
#define RIGHT_EXEC     0x04 /* map executable, exec */
#define RIGHT_DUP      0x08 /* duplicate */
#define RIGHT_TRANSFER 0x10 /* send in a message */
#define RIGHT_PAGER    0x20 /* act as the object's pager */
#define RIGHT_RECV     0x40 /* receive from a port */
#define RIGHT_SEND     0x80 /* call or notify */
#define RIGHT_ALL      0xff

/* Where init finds what the kernel gives it. */
#define QUIRE_H_RESOURCE (QUIRE_HANDLE_BASE + 0) /* the right to devices, boot info, power */
#define QUIRE_H_INITRD	 (QUIRE_HANDLE_BASE + 1) /* memory object: the cpio archive, read only */
/* Where every other program finds its world; fork and exec carry these. */
#define QUIRE_H_ROOT	(QUIRE_HANDLE_BASE + 8)	 /* channel: root directory of the file system */
#define QUIRE_H_CWD	(QUIRE_HANDLE_BASE + 9)	 /* channel: current directory */
#define QUIRE_H_CONSOLE (QUIRE_HANDLE_BASE + 10) /* channel: the terminal */
/* Where init puts what a server needs; see user/include/quire/server.h. */
#define QUIRE_H_SERVER (QUIRE_HANDLE_BASE + 16)

#define QUIRE_BADGE_FILE 0x80000000u

/* ------------------------------------------------------------------ messages */

/* Header word: label in bits 0..15, payload bytes in 16..28, handles in 29..31. */
#define QUIRE_MSG(label, bytes, handles) \
	((uint32_t)(label) | (uint32_t)(bytes) << 16 | (uint32_t)(handles) << 29)
#define QUIRE_MSG_LABEL(h)   (0xffffu & (h))
#define QUIRE_MSG_BYTES(h)   ((h) >> 16 & 0x1fffu)
#define QUIRE_MSG_HANDLES(h) ((h) >> 29)

/* One page a thread, mapped by the kernel, at the address THREAD_SELF returns. A call or reply with
 * payload copies data[0..bytes) from the sender's buffer to the receiver's. Handles are numbers in
 * the sender's table before, in the receiver's after; a handle moves a copy with the sender's
 * rights, the sender keeps its own. A reply may carry handles too. */
#define QUIRE_MSG_DATA	      4080
#define QUIRE_MSG_HANDLES_MAX 4
struct quire_msgbuf {
	uint32_t handles[QUIRE_MSG_HANDLES_MAX];
	uint8_t data[QUIRE_MSG_DATA];
};

/* A CALL through a stream goes to its object's pager with the object's key as badge. a0 of CALL is
 * the kernel's word: 0, or EINTR (a signal), ECONNRESET (the server died with the call in its
 * hands), EPIPE (nobody can ever receive), EINVAL, EBADF, EACCES, EMFILE. What the server thinks of
 * the request is in the words, by convention w0: 0 or positive, or a negated error. */

/* Messages from the kernel itself have labels from 0xff00 on and a reply token of 0. */
/* clang-format off */
#define QUIRE_K_NOTIFY	0xff00 /* w0 = the notification bits, now cleared */
#define QUIRE_K_FETCH	0xff01 /* badge = key, w0 = first page, w1 = pages, w2 = request, w3 = QUIRE_FETCH_* ; payload: uint32_t physical page numbers[w1] */
#define QUIRE_K_GROW	0xff02 /* badge = key, w0,w1 = bytes needed (low, high), w2 = request, w3 = length of the write that ends there: raise capacity, then COMPLETE */
#define QUIRE_K_SYNC	0xff03 /* badge = key, w0 = first page, w1 = pages (0: all), w2 = request, w3 = flags: QUIRE_SYNC_METADATA: also what is not needed to read the data back */
#define QUIRE_K_RESERVE 0xff04 /* badge = key, w0 = first page, w1 = pages, w2 = request: these hole pages are about to be stored to; promise blocks for them, then COMPLETE */
#define QUIRE_K_IDLE	0xff05 /* badge = key: no stream, mapping or transferred handle is left but the pager's own handles */
#define QUIRE_K_CLOSED	0xff06 /* badge: the last copy of this channel has been closed (only channels made with CHANNEL_WATCH) */
/* clang-format on */

#define QUIRE_CHANNEL_WATCH 1 /* third argument of CHANNEL_CREATE */

/* Notification bits of a port are its owner's to choose, but for: */
#define QUIRE_NOTIFY_DIRTY 0x80000000u /* an object of this port got its first dirty page */

/* ------------------------------------------------------------------ pagers
 *
 * A paged object asks its port for what it lacks. Requests are numbered; an answer is accepted only
 * while that request is outstanding, so a late or repeated one changes nothing (ESRCH).
 *
 * FETCH: the kernel has allocated a frame for each page and names their physical page numbers; fill
 * them by DMA, then SUPPLY. SUPPLY's payload (message buffer, uint8_t[pages]) tells for each page
 * which of its eight 512-byte sectors the kernel shall zero (bit 0 = first): 0xff for a hole. Status
 * 0, or -errno to fail the request: touching those pages is then SIGBUS, `read` returns the error.
 * With status QUIRE_SUPPLY_HOLES a page whose byte is 0xff is remembered as a hole: before its first
 * store the kernel sends RESERVE. FETCH_WRITE says that a store is what is wanted, so reserve now.
 * The part of the last page beyond the object's size is zeroed by the kernel.
 *
 * Writeback: NEXT_DIRTY / QUERY_DIRTY find dirty runs; WB_BEGIN takes one, write-protects it
 * everywhere and pins it, WB_END lets go. A page stored to in between is dirty again afterwards.
 * Bytes of the last page beyond the object's size are zero in memory at WB_BEGIN unless stored to
 * through a mapping; the pager writes only bytes below the size.
 *
 * If the pager dies, its pages under writeback are dirty again and its tokens void, but their frames stay
 * pinned until OBJ_ATTACH: a device may still be reading them.
 *
 * The size is the kernel's (OBJ_INFO); it grows by appending writes up to the capacity, and by
 * SET_SIZE. A pager that fetches from its own object gets EDEADLK.
 */
#define QUIRE_SYNC_METADATA 1  /* SYS_FSYNC, QUIRE_K_SYNC: as fsync, not fdatasync */
#define QUIRE_RUN_MAX	    32 /* pages in one FETCH or writeback run */
#define QUIRE_FETCH_WRITE   1
#define QUIRE_FETCH_AHEAD   2 /* nobody waits for it yet */
#define QUIRE_SUPPLY_HOLES  1
#define QUIRE_WB_ALL	    0 /* in place of a token */

struct quire_obj_info {
	uint64_t size;	   /* bytes */
	uint64_t capacity; /* bytes the pager has promised room for */
	uint32_t kind;	   /* QUIRE_OBJ_* */
	/* badge the pager sees; for a channel its badge if the caller holds its port, else 0 */
	uint32_t key;
	uint32_t resident; /* pages present */
	uint32_t dirty;	   /* pages dirty or under writeback */
	uint32_t regions;  /* regions that map it */
	uint32_t flags;	   /* stream: QUIRE_O_*; pipe end: bytes buffered */
	uint32_t rights;   /* of this handle */
	/* changes whenever a store through write(2) or a first dirtying happened since it was
	 * last asked by the pager (for mtime) */
	uint32_t write_seq;
	uint32_t id;	/* unique while the object lives */
	uint32_t users; /* streams, regions and handles other than its pager's: 0 = idle */
};
enum quire_obj_kind {
	QUIRE_OBJ_ANON = 1,
	QUIRE_OBJ_PAGED,
	QUIRE_OBJ_PHYS,
	QUIRE_OBJ_DMA,
	QUIRE_OBJ_STREAM_CHANNEL = 16, /* a channel (also a file served by messages) */
	QUIRE_OBJ_PIPE,
	QUIRE_OBJ_PORT,
	QUIRE_OBJ_IRQ,
	QUIRE_OBJ_RESOURCE,
};

/* ------------------------------------------------------------------ streams */

#define QUIRE_O_RDONLY	 0
#define QUIRE_O_WRONLY	 1
#define QUIRE_O_RDWR	 2
#define QUIRE_O_ACCMODE	 3
#define QUIRE_O_APPEND	 0x0400
#define QUIRE_O_SYNC	 0x2000
#define QUIRE_O_NONBLOCK 0x4000
#define QUIRE_O_CLOEXEC	 0x40000

struct quire_iovec {
	uint32_t base;
	uint32_t len;
};
#define QUIRE_IOV_MAX 64

enum quire_fcntl {
	QUIRE_F_DUPFD = 0,
	QUIRE_F_GETFD = 1, /* -> 1 if close-on-exec */
	QUIRE_F_SETFD = 2,
	QUIRE_F_GETFL = 3,
	QUIRE_F_SETFL = 4, /* APPEND, NONBLOCK, SYNC */
	QUIRE_F_GETLK = 7, /* struct quire_flock * */
	QUIRE_F_SETLK = 8,
	QUIRE_F_SETLKW = 9,
	QUIRE_F_DUPFD_CLOEXEC = 14,
};
struct quire_flock {
	int16_t type;	/* 1 read, 2 write, 3 unlock */
	int16_t whence; /* 0 set, 1 current, 2 end */
	int32_t pid;
	int64_t start;
	int64_t len; /* 0: to the end */
};
#define QUIRE_LOCK_SH 1
#define QUIRE_LOCK_EX 2
#define QUIRE_LOCK_NB 4
#define QUIRE_LOCK_UN 8

struct quire_pollfd {
	int32_t fd;
	int16_t events;
	int16_t revents;
};
#define QUIRE_POLLIN   0x001
#define QUIRE_POLLOUT  0x004
#define QUIRE_POLLERR  0x008
#define QUIRE_POLLHUP  0x010
#define QUIRE_POLLNVAL 0x020
#define QUIRE_POLLASK  0x400 /* always told of a channel: its server knows (FS_POLL) */

/* ------------------------------------------------------------------ processes */

struct quire_exec {
	/* argc strings one after another, each ended by a zero byte, then envc strings */
	uint32_t args;
	uint32_t args_size; /* bytes; at most QUIRE_ARG_MAX */
	uint32_t argc;
	uint32_t envc;
	uint32_t name; /* short name for ps, zero ended */
};
#define QUIRE_ARG_MAX (128u * 1024)
/* A new image starts at its entry point with a0 = argc, a1 = argv, a2 = envp (arrays ended by zero,
 * on the stack, the strings above them), sp 16-aligned below, tp = 0. */

#define QUIRE_WNOHANG	 1
#define QUIRE_WUNTRACED	 2
#define QUIRE_WCONTINUED 8
#define QUIRE_WNOWAIT	 0x10 /* only tell: the child can be waited for again */
/* Wait status: exited: status << 8; killed: signal; stopped: 0x7f | signal << 8;
 * continued: 0xffff. A stop that SIGCONT has ended is not reported any more, nor the other way round. */

struct quire_usage {
	uint64_t user_ns;
	uint64_t system_ns;
	uint32_t max_resident; /* pages */
	uint32_t faults;
	uint32_t fetches; /* faults that waited for a pager */
	uint32_t reserved;
};

#define QUIRE_CLOCK_REALTIME  0
#define QUIRE_CLOCK_MONOTONIC 1
#define QUIRE_CLOCK_PROCESS   2
#define QUIRE_CLOCK_THREAD    3

struct quire_itimer {
	uint64_t interval_ns;
	uint64_t value_ns; /* until the next one; 0: off */
};

/* ------------------------------------------------------------------ signals
 *
 * Numbers are picolibc's (BSD's). The kernel keeps per process the actions and pending signals, per
 * thread the mask. To deliver one it pushes a struct quire_sigframe on the stack (or the alternate
 * one), and enters `handler` with a0 = signal, a1 = &frame->info, a2 = &frame (the libc makes its
 * ucontext_t of it), ra = restorer, which makes SYS_SIGRETURN with sp at the frame.
 */
/* clang-format off */
enum quire_signal {
	QSIGHUP = 1, QSIGINT = 2, QSIGQUIT = 3, QSIGILL = 4, QSIGTRAP = 5, QSIGABRT = 6, QSIGEMT = 7,
	QSIGFPE = 8, QSIGKILL = 9, QSIGBUS = 10, QSIGSEGV = 11, QSIGSYS = 12, QSIGPIPE = 13,
	QSIGALRM = 14, QSIGTERM = 15, QSIGURG = 16, QSIGSTOP = 17, QSIGTSTP = 18, QSIGCONT = 19,
	QSIGCHLD = 20, QSIGTTIN = 21, QSIGTTOU = 22, QSIGIO = 23, QSIGXCPU = 24, QSIGXFSZ = 25,
	QSIGVTALRM = 26, QSIGPROF = 27, QSIGWINCH = 28, QSIGLOST = 29, QSIGUSR1 = 30, QSIGUSR2 = 31,
};
/* clang-format on */
#define QUIRE_SIG_DFL	   0
#define QUIRE_SIG_IGN	   1
#define QUIRE_SA_NOCLDSTOP 0x01
#define QUIRE_SA_SIGINFO   0x02
#define QUIRE_SA_ONSTACK   0x04
#define QUIRE_SA_RESTART   0x08
#define QUIRE_SA_NODEFER   0x10
#define QUIRE_SA_RESETHAND 0x20
#define QUIRE_SA_NOCLDWAIT 0x40
#define QUIRE_SIG_SETMASK  0
#define QUIRE_SIG_BLOCK	   1
#define QUIRE_SIG_UNBLOCK  2

struct quire_sigaction {
	uint32_t handler;  /* address, SIG_DFL or SIG_IGN */
	uint32_t mask;	   /* bit n = signal n */
	uint32_t flags;	   /* QUIRE_SA_* */
	uint32_t restorer; /* address of code that makes SYS_SIGRETURN */
};
struct quire_siginfo {
	int32_t signo;
	int32_t code;  /* QUIRE_SI_* */
	uint32_t addr; /* faulting address */
	int32_t pid;
	int32_t status;
	int32_t value;
};
#define QUIRE_SI_USER	    0
#define QUIRE_SI_KERNEL	    1
#define QUIRE_SEGV_MAPERR   1
#define QUIRE_SEGV_ACCERR   2
#define QUIRE_BUS_ADRALN    1
#define QUIRE_BUS_ADRERR    2
#define QUIRE_BUS_OBJERR    3
#define QUIRE_CLD_EXITED    1
#define QUIRE_CLD_KILLED    2
#define QUIRE_CLD_STOPPED   5
#define QUIRE_CLD_CONTINUED 6

struct quire_sigframe {
	uint32_t regs[32]; /* regs[0] = pc, regs[n] = xn */
	uint32_t mask;	   /* signal mask to restore */
	struct quire_siginfo info;
	uint32_t reserved[1];
};
struct quire_stack {
	uint32_t sp;
	uint32_t flags; /* 1: on it now, 2: disabled */
	uint32_t size;
};

/* What SYS_TUNE sets, for the whole system. */
/* milliseconds that page requests wait for a dead pager's successor before they fail with EIO (a
 * fault: SIGBUS); at a fifteenth of it the log says so. 300000 */
#define QUIRE_TUNE_DETACHED 2
/* pages mapped along with one that was read: a power of two, 1..64; 1 = only that one */
#define QUIRE_TUNE_FAULT_AROUND 1

/* ------------------------------------------------------------------ boot */

#define QUIRE_BOOT_DEVICES 16
struct quire_boot_device {
	uint64_t phys;
	uint32_t size;
	uint32_t irq;
	/* "virtio,mmio", "ns16550a", "google,goldfish-rtc" … from the device tree */
	char compatible[32];
};
struct quire_boot_info {
	uint32_t ndevices;
	uint32_t nharts;
	uint64_t memory_bytes;
	uint64_t timebase_hz;
	uint32_t initrd_bytes; /* exact size of the archive in QUIRE_H_INITRD */
	uint32_t reserved;
	struct quire_boot_device devices[QUIRE_BOOT_DEVICES];
	char cmdline[2048];
};

#endif
