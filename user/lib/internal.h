/* What the files of the POSIX layer share and programs do not see.
 *
 * Names that cross files begin with __libc_, so that no program's own name can meet one. Functions
 * that can fail return 0 or a positive result, or a negated error; only the outermost, public
 * function turns that into -1 and errno, with __libc_result.
 */
#ifndef QUIRE_LIBC_INTERNAL_H
#define QUIRE_LIBC_INTERNAL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/signal.h>
#include <quire/ipc.h>
#include <quire/robust.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline long __libc_result(long result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

/* Descriptors are the handles below QUIRE_FD_MAX. The others are the library's own (root, current
 * directory, channels), and a program must not reach them through a descriptor number. */
static inline int __libc_fd(int fd)
{
	return (unsigned int)fd < QUIRE_FD_MAX ? fd : -1;
}

/* ------------------------------------------------------------------ locks */

/* A futex lock: 0 free, 1 held, 2 held and perhaps waited for. Not recursive. */
typedef struct {
	volatile uint32_t word;
} __libc_lock_t;

void __libc_lock_slow(__libc_lock_t *lock);

static inline void __libc_lock(__libc_lock_t *lock)
{
	uint32_t free_word = 0;

	if (!__atomic_compare_exchange_n(
		    &lock->word, &free_word, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		__libc_lock_slow(lock);
}

static inline bool __libc_trylock(__libc_lock_t *lock)
{
	uint32_t free_word = 0;

	return __atomic_compare_exchange_n(
		&lock->word, &free_word, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void __libc_unlock(__libc_lock_t *lock)
{
	if (__atomic_exchange_n(&lock->word, 0, __ATOMIC_RELEASE) == 2)
		sys_futex_wake(&lock->word, 1);
}

/* ------------------------------------------------------------------ the calling thread */

struct __libc_thread {
	uint32_t tid;		     /* 0: not asked for yet */
	uint32_t former_tid;	     /* in the parent, before fork; 0: never forked */
	struct quire_msgbuf *msgbuf; /* 0: not asked for yet */
	uint32_t msgbuf_busy; /* a request is between its first byte and the end of its answer */
	volatile uint32_t running;  /* 1 until the kernel clears it at the thread's very end */
	volatile uint32_t detached; /* nobody joins it; under the threads' lock */
	uint32_t exiting;	    /* past its last user code; likewise */

	void *(*start)(void *);
	void *arg;
	void *result;
	uint32_t start_mask; /* signals blocked when it starts */
	char *mapping;	     /* what to unmap when it is gone; 0: the program's own stack */
	size_t mapping_size;
	char *stack; /* lowest usable address, above the guard */
	size_t stack_size;
	size_t guard_size;
	struct __libc_thread *next, *prev; /* all threads, or the list of the dead */

	struct __pthread_cleanup *cleanup;
	volatile uint32_t cancel;	   /* somebody wants it cancelled */
	volatile uint32_t cancel_disabled; /* PTHREAD_CANCEL_* */
	volatile uint32_t cancel_async;
	volatile uint32_t at_cancel_point;     /* in a call that may end with the thread */
	volatile uint32_t *volatile wait_word; /* changed to end a wait that may not */
	void *specific;			       /* values of the keys, allocated when first set */
	struct quire_robust_head robust;
	uint32_t robust_known; /* the kernel has been told of it */
	char name[16];
};

extern _Thread_local struct __libc_thread __libc_self;

uint32_t __libc_gettid(void);
void __libc_thread_after_fork(void);

/* True once a second thread has been made: some fast paths need no lock before. */
extern volatile uint32_t __libc_threaded;

/* Around a system call that POSIX makes a cancellation point. */
void pthread_testcancel(void);

static inline void __libc_cancel_begin(void)
{
	if (__libc_threaded && !__libc_self.cancel_disabled) {
		__libc_self.at_cancel_point = 1;
		pthread_testcancel();
	}
}

static inline void __libc_cancel_end(void)
{
	__libc_self.at_cancel_point = 0;
}

/* Fills a TLS block of __libc_tls_size bytes; tp is its start. */
void __libc_tls_init(char *block);

/* ------------------------------------------------------------------ memory that a caller names */

/* Whether the bytes can be read (written) without a fault. For the functions that touch a caller's
 * memory here and not in the kernel, and so owe it an EFAULT. They can't see another thread unmap
 * the memory a moment later. */
bool __libc_readable(const void *start, size_t len);
bool __libc_writable(void *start, size_t len);
bool __libc_string_readable(const char *string, size_t max);

/* ------------------------------------------------------------------ file requests */

/* One question to a file server. A zeroed one with `label` set is a question with no words and no
 * payload; the answer's words and the first handle are filled in. */
struct __libc_request {
	uint32_t label;
	uint32_t w1, w2, w3;
	const void *data; /* payload before the path */
	uint32_t data_bytes;
	int attach;  /* handle to send, or 0 */
	bool change; /* must not be interrupted and asked twice: signals wait meanwhile */

	uint32_t answer[4];
	int handle;	    /* the answer's first handle, or -1 */
	void *out;	    /* where the answer's payload goes */
	uint32_t out_size;  /* room there */
	uint32_t out_bytes; /* what came, at most out_size */
	/* the server died once on the way: the change may have been made before */
	bool after_reset;
};

/* Asks through an open descriptor or a directory channel. */
int __libc_ask(int handle, struct __libc_request *request);

/* Asks about a path, following it from server to server. `dir` is a descriptor or AT_FDCWD. */
int __libc_ask_path(int dir, const char *path, struct __libc_request *request);

/* Asks for two paths in one server (FS_RENAME, FS_LINK). */
int __libc_ask_paths(
	int dir1, const char *path1, int dir2, const char *path2, struct __libc_request *request);

/* What the library remembers about descriptors that are channels: the kernel keeps flags only for
 * streams. Bits are QUIRE_O_*. */
uint32_t __libc_channel_flags(int fd);
void __libc_channel_set_flags(int fd, uint32_t flags);
void __libc_channel_dup(int from, int to);

mode_t __libc_umask(void);
void __libc_umask_carry(void);

struct stat;
struct fs_stat;
int __libc_stat_path(int dir, const char *path, bool follow, struct fs_stat *st);
int __libc_stat_fd(int fd, struct fs_stat *st);
int __libc_stat_fill(struct stat *to, const struct fs_stat *from);

/* ------------------------------------------------------------------ time */

#define NS_PER_SECOND 1000000000ull

struct timespec;
bool __libc_timespec_valid(const struct timespec *ts);
/* Nanoseconds, held at the largest value below QUIRE_FOREVER. */
uint64_t __libc_timespec_ns(const struct timespec *ts);
void __libc_ns_timespec(uint64_t ns, struct timespec *ts);
/* Kernel's number of a POSIX clock, or -EINVAL. */
int __libc_clock(unsigned long clock);
/* Turns an absolute time of a POSIX clock into the kernel's: monotonic nanoseconds. */
uint64_t __libc_deadline(unsigned long clock, const struct timespec *until);

/* ------------------------------------------------------------------ signals */

/* Blocks everything, for stretches that a handler must not interrupt; undone by the other. */
uint32_t __libc_block_signals(void);
void __libc_restore_signals(uint32_t mask);

/* The signal with which a cancelled thread is woken from a system call. */
#define SIGCANCEL_NP SIGEMT

/* ------------------------------------------------------------------ start and end, stdio, heap */

void __libc_stdio_flush(void);
void __libc_stdio_lock(void);
void __libc_stdio_unlock(void);
void __libc_stdio_after_fork(uint32_t parent_tid);
void __libc_malloc_lock(void);
void __libc_malloc_unlock(void);
void __libc_malloc_thread_exit(void);
void __libc_locks_after_fork(uint32_t parent_tid);
void __libc_keys_run_destructors(void);

#endif
