/* Every system call with arguments that it must refuse: wild pointers, handles that are none, ranges that
 * are unaligned, wrap around or run into what is not the program's. Each is refused with the error that
 * is its own, and the state is as it was: what was mapped, open, pending, buffered or waitable before.
 *
 * In the table a value from 0xe0000000 on stands for something of this process; of WILD, OUT and NONE
 * there are several, and each is tried. */
#include "promise.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum token {
	WILD = (int)0xe0000000, /* nobody's address */
	OUT,			/* nobody's address, or a page that may only be read */
	NONE,			/* no handle */
	FILE_RW,
	FILE_RO,
	PIPE_IN,
	PIPE_OUT,
	ROOT,
	PORT,
	OBJECT,
	PAGE_RW,
	PAGE_RO,
	/* a good struct quire_sigaction, stack, timer, exec, vector that sums up to too much */
	ACTION,
	STACK,
	TIMER,
	LONG_ARGS,
	LONG_VECTOR,
	TOKENS
};
#define TOKEN(x) ((uint32_t)(x) >= (uint32_t)WILD && (uint32_t)(x) < (uint32_t)TOKENS)

static const uint32_t wild_addresses[] = {4, 0xc0000000, 0xc0400000, 0xffc00000, 0xfffff000,
	0xfffffff8, 0xbffff000, 0xbffffffc, 0x80000000};
static const uint32_t no_handles[] = {
	999, 1023, 3000, 4095, 4096, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff};

struct refusal {
	int number;
	uint32_t arg[6];
	int error;
};

#define NOWHERE 0xbff00000u /* the threads' message buffers: above what programs may map */

static const struct refusal refusals[] = {
	/* pointers */
	{SYS_MINCORE, {PAGE_RW, PAGE, OUT}, EFAULT},
	{SYS_OBJ_INFO, {FILE_RW, OUT}, EFAULT},
	{SYS_READ, {FILE_RW, OUT, 8}, EFAULT},
	{SYS_READ, {PIPE_IN, OUT, 2}, EFAULT},
	{SYS_WRITE, {FILE_RW, WILD, 8}, EFAULT},
	{SYS_WRITE, {PIPE_OUT, WILD, 2}, EFAULT},
	{SYS_PREAD, {FILE_RW, OUT, 8, 0, 0}, EFAULT},
	{SYS_PWRITE, {FILE_RW, WILD, 8, 0, 0}, EFAULT},
	{SYS_READV, {FILE_RW, WILD, 2}, EFAULT},
	{SYS_WRITEV, {FILE_RW, WILD, 2}, EFAULT},
	{SYS_FCNTL, {FILE_RW, QUIRE_F_GETLK, WILD}, EFAULT},
	{SYS_FCNTL, {FILE_RW, QUIRE_F_SETLK, WILD}, EFAULT},
	{SYS_FCNTL, {FILE_RW, QUIRE_F_SETLKW, WILD}, EFAULT},
	{SYS_POLL, {WILD, 2, 0, 0}, EFAULT},
	{SYS_POLL, {PAGE_RW, 0, 0, 0, 0, WILD}, EFAULT},
	{SYS_LIMIT, {QUIRE_LIMIT_AS, WILD, 0}, EFAULT},
	{SYS_LIMIT, {QUIRE_LIMIT_AS, 0, OUT}, EFAULT},
	{SYS_EXEC, {FILE_RW, WILD}, EFAULT},
	{SYS_WAIT, {(uint32_t)-1, QUIRE_WNOHANG, OUT, 0}, EFAULT},
	{SYS_WAIT, {(uint32_t)-1, QUIRE_WNOHANG, 0, OUT}, EFAULT},
	{SYS_SIGACTION, {QSIGUSR1, WILD, 0}, EFAULT},
	{SYS_SIGACTION, {QSIGUSR1, 0, OUT}, EFAULT},
	{SYS_SIGACTION, {QSIGUSR1, ACTION, OUT}, EFAULT},
	{SYS_SIGALTSTACK, {WILD, 0}, EFAULT},
	{SYS_SIGALTSTACK, {0, OUT}, EFAULT},
	{SYS_SIGALTSTACK, {STACK, OUT}, EFAULT},
	{SYS_SIGWAIT, {1u << QSIGUSR2, OUT, 0, 0}, EFAULT},
	{SYS_ITIMER, {WILD, 0}, EFAULT},
	{SYS_ITIMER, {0, OUT}, EFAULT},
	{SYS_ITIMER, {TIMER, OUT}, EFAULT},
	{SYS_LOG, {WILD, 16}, EFAULT},
	{SYS_INFO, {QUIRE_INFO_MEMORY, 0, OUT, 4096}, EFAULT},
	{SYS_INFO, {QUIRE_INFO_PROCESS, 0, OUT, 4096}, EFAULT},
	{SYS_INFO, {QUIRE_INFO_REGION, 0, WILD, 4096}, EFAULT},
	{SYS_INFO, {QUIRE_INFO_PAGE, 0, WILD, 4096}, EFAULT},
	{SYS_INFO, {QUIRE_INFO_OBJECT, 0, OUT, 4096}, EFAULT},
	{SYS_INFO, {QUIRE_INFO_HART, 0, OUT, 4096}, EFAULT},
	{SYS_TRACE, {QUIRE_TRACE_READ, 0, OUT, 64}, EFAULT},
	{SYS_FUTEX_WAKE, {0xc0400000, 1}, EFAULT},
	{SYS_FUTEX_WAIT, {0xc0400000, 0, 0, 0}, EFAULT},
	{SYS_FUTEX_WAIT, {4, 0, 0, 0}, EFAULT},
	{SYS_FUTEX_WAIT, {0x1002, 0, 0, 0}, EINVAL},
	{SYS_SET_ROBUST, {0x1001}, EINVAL},
	/* handles */
	{SYS_MMAP, {0, PAGE, QUIRE_PROT_READ, QUIRE_MAP_SHARED, NONE, 0}, EBADF},
	{SYS_OBJ_CREATE_PAGED, {NONE, 1, PAGE, 0}, EBADF},
	{SYS_OBJ_SET_SIZE, {NONE, 0, 0}, EBADF},
	{SYS_OBJ_SET_CAPACITY, {NONE, 0, 0}, EBADF},
	{SYS_OBJ_INFO, {NONE, PAGE_RW}, EBADF},
	{SYS_OBJ_SUPPLY, {NONE, 1, 0}, EBADF},
	{SYS_OBJ_COMPLETE, {NONE, 1, 0}, EBADF},
	{SYS_OBJ_QUERY_DIRTY, {NONE, 0}, EBADF},
	{SYS_OBJ_WB_BEGIN, {NONE, 0, 1}, EBADF},
	{SYS_OBJ_WB_END, {NONE, 1, 0}, EBADF},
	{SYS_OBJ_NEXT_DIRTY, {NONE, 0}, EBADF},
	{SYS_OBJ_EVICT, {NONE, 0, 1}, EBADF},
	{SYS_OBJ_ATTACH, {NONE, 1}, EBADF},
	{SYS_OBJ_CREATE_DMA, {1, PAGE_RW}, EACCES},
	{SYS_OBJ_CREATE_PHYS, {NONE, 0x10000000, 0, PAGE}, EBADF},
	{SYS_OBJ_SERVE, {NONE, PORT, 1}, EBADF},
	{SYS_OBJ_SERVE, {OBJECT, NONE, 1}, EBADF},
	{SYS_OBJ_ENUMERATE, {NONE, 0}, EBADF},
	{SYS_STREAM_CREATE, {NONE, 0}, EBADF},
	{SYS_READ, {NONE, PAGE_RW, 1}, EBADF},
	{SYS_WRITE, {NONE, PAGE_RW, 1}, EBADF},
	{SYS_PREAD, {NONE, PAGE_RW, 1, 0, 0}, EBADF},
	{SYS_PWRITE, {NONE, PAGE_RW, 1, 0, 0}, EBADF},
	{SYS_READV, {NONE, PAGE_RW, 1}, EBADF},
	{SYS_WRITEV, {NONE, PAGE_RW, 1}, EBADF},
	{SYS_SEEK, {NONE, 0, 0, 0}, EBADF},
	{SYS_FSYNC, {NONE, 0}, EBADF},
	{SYS_FCNTL, {NONE, QUIRE_F_GETFL, 0}, EBADF},
	{SYS_FCNTL, {NONE, QUIRE_F_GETFD, 0}, EBADF},
	{SYS_FCNTL, {NONE, QUIRE_F_DUPFD, 0}, EBADF},
	{SYS_FLOCK, {NONE, QUIRE_LOCK_SH}, EBADF},
	{SYS_CLOSE, {NONE}, EBADF},
	{SYS_DUP, {NONE, 0}, EBADF},
	{SYS_DUP2, {NONE, 500, 0}, EBADF},
	{SYS_HANDLE_RESTRICT, {NONE, 0}, EBADF},
	{SYS_HANDLE_FLAGS, {NONE, 0, 0}, EBADF},
	{SYS_CHANNEL_CREATE, {NONE, 1, 0}, EBADF},
	{SYS_CALL, {NONE, 1, 0, 0, 0, 0}, EBADF},
	{SYS_REPLY_RECV, {NONE, 0, 0, 0, 0, 0}, EBADF},
	{SYS_NOTIFY, {NONE, 1}, EBADF},
	{SYS_POLL_CHANGED, {NONE}, EBADF},
	{SYS_POLL_CHANGED, {FILE_RW}, EBADF},
	{SYS_TIMER_SET, {NONE, 1, 0, 0}, EBADF},
	{SYS_IRQ_CREATE, {NONE, 1}, EBADF},
	{SYS_IRQ_BIND, {NONE, PORT, 1}, EBADF},
	{SYS_IRQ_ACK, {NONE}, EBADF},
	{SYS_BOOT_INFO, {NONE, PAGE_RW}, EBADF},
	{SYS_POWEROFF, {NONE, 0}, EBADF},
	/* handles of another kind, and rights that are not there */
	{SYS_BOOT_INFO, {FILE_RW, PAGE_RW}, EBADF},
	{SYS_POWEROFF, {ROOT, 0}, EBADF},
	{SYS_OBJ_CREATE_PHYS, {PORT, 0x10000000, 0, PAGE}, EBADF},
	{SYS_IRQ_CREATE, {PORT, 1}, EBADF},
	{SYS_TIMER_SET, {FILE_RW, 1, 0, 0}, EBADF},
	{SYS_NOTIFY, {OBJECT, 1}, EACCES},
	{SYS_SEEK, {PIPE_IN, 0, 0, 0}, ESPIPE},
	{SYS_PREAD, {PIPE_IN, PAGE_RW, 1, 0, 0}, ESPIPE},
	{SYS_FSYNC, {PIPE_OUT, 0}, EINVAL},
	{SYS_WRITE, {FILE_RO, PAGE_RW, 1}, EBADF},
	{SYS_PWRITE, {FILE_RO, PAGE_RW, 1, 0, 0}, EBADF},
	{SYS_READ, {PIPE_OUT, PAGE_RW, 1}, EBADF},
	{SYS_WRITE, {PIPE_IN, PAGE_RW, 1}, EBADF},
	{SYS_MMAP, {0, PAGE, QUIRE_PROT_READ | QUIRE_PROT_WRITE, QUIRE_MAP_SHARED, FILE_RO, 0},
		EACCES},
	{SYS_MMAP, {0, PAGE, QUIRE_PROT_READ, QUIRE_MAP_SHARED, PIPE_IN, 0}, ENODEV},
	{SYS_MPROTECT, {PAGE_RO, PAGE, QUIRE_PROT_READ | QUIRE_PROT_WRITE}, EACCES},
	{SYS_OBJ_SET_SIZE, {FILE_RW, 0, 0}, EACCES},
	{SYS_OBJ_SUPPLY, {OBJECT, 1, 0}, EACCES},
	{SYS_OBJ_WB_BEGIN, {OBJECT, 0, 1}, EACCES},
	/* ranges */
	{SYS_MMAP, {0, 0, QUIRE_PROT_READ, 0x22, 0, 0}, EINVAL},
	{SYS_MMAP, {0, 0xffffffff, QUIRE_PROT_READ, 0x22, 0, 0}, ENOMEM},
	{SYS_MMAP, {0, 0xc0000000, QUIRE_PROT_READ, 0x22, 0, 0}, ENOMEM},
	{SYS_MMAP, {0, PAGE, QUIRE_PROT_READ, 0x32, 0, 0}, ENOMEM},
	{SYS_MMAP, {0x40001234, PAGE, QUIRE_PROT_READ, 0x32, 0, 0}, EINVAL},
	{SYS_MMAP, {NOWHERE, PAGE, QUIRE_PROT_READ, 0x32, 0, 0}, ENOMEM},
	{SYS_MMAP, {0xc0000000, PAGE, QUIRE_PROT_READ, 0x32, 0, 0}, ENOMEM},
	{SYS_MMAP, {0xfffff000, 0x2000, QUIRE_PROT_READ, 0x32, 0, 0}, ENOMEM},
	{SYS_MMAP, {PAGE_RW, 0xfffff000, QUIRE_PROT_READ, 0x32, 0, 0}, ENOMEM},
	{SYS_MMAP, {PAGE_RW, PAGE, QUIRE_PROT_READ, 0x72, 0, 0}, EEXIST},
	{SYS_MMAP, {PAGE_RW, PAGE, QUIRE_PROT_READ, 0x12, 999, 0}, EBADF},
	{SYS_MMAP, {PAGE_RW, PAGE, 3, 0x11, FILE_RO, 0}, EACCES},
	{SYS_MMAP, {0, PAGE, QUIRE_PROT_READ, 0x20, 0, 0}, EINVAL},
	{SYS_MMAP, {0, PAGE, QUIRE_PROT_READ, 0x23, 0, 0}, EINVAL},
	{SYS_MMAP, {0, PAGE, QUIRE_PROT_READ, 0x80000022, 0, 0}, EINVAL},
	{SYS_MMAP, {0, PAGE, 8, 0x22, 0, 0}, EINVAL},
	{SYS_MMAP, {0, 2 * PAGE, QUIRE_PROT_READ, QUIRE_MAP_SHARED, FILE_RW, 0xffffffff},
		EOVERFLOW},
	{SYS_MUNMAP, {PAGE_RW, 0}, EINVAL},
	{SYS_MUNMAP, {0x40000001, PAGE}, EINVAL},
	{SYS_MUNMAP, {0, PAGE}, EINVAL},
	{SYS_MUNMAP, {NOWHERE, PAGE}, EINVAL},
	{SYS_MUNMAP, {0xc0400000, PAGE}, EINVAL},
	{SYS_MUNMAP, {PAGE_RW, 0xffffffff}, EINVAL},
	{SYS_MPROTECT, {0x40000001, PAGE, 1}, EINVAL},
	{SYS_MPROTECT, {PAGE_RW, PAGE, 0x10}, EINVAL},
	{SYS_MPROTECT, {PAGE_RW, 0xffffffff, 0}, ENOMEM},
	{SYS_MPROTECT, {NOWHERE, PAGE, 1}, ENOMEM},
	{SYS_MPROTECT, {0xc0400000, PAGE, 3}, ENOMEM},
	{SYS_MSYNC, {0x40000001, PAGE, QUIRE_MS_SYNC}, EINVAL},
	{SYS_MSYNC, {PAGE_RW, PAGE, 8}, EINVAL},
	{SYS_MSYNC, {PAGE_RW, PAGE, QUIRE_MS_SYNC | QUIRE_MS_ASYNC}, EINVAL},
	{SYS_MSYNC, {0xc0400000, PAGE, QUIRE_MS_SYNC}, ENOMEM},
	{SYS_MSYNC, {PAGE_RW, 0xfffff000, QUIRE_MS_SYNC}, ENOMEM},
	{SYS_MADVISE, {0x40000001, PAGE, 0}, EINVAL},
	{SYS_MADVISE, {PAGE_RW, PAGE, 99}, EINVAL},
	{SYS_MADVISE, {0xc0400000, PAGE, QUIRE_MADV_DONTNEED}, ENOMEM},
	{SYS_MADVISE, {PAGE_RW, 0xfffff000, QUIRE_MADV_DONTNEED}, ENOMEM},
	{SYS_MINCORE, {0x40000001, PAGE, PAGE_RW}, EINVAL},
	{SYS_MINCORE, {0xc0400000, PAGE, PAGE_RW}, ENOMEM},
	{SYS_MINCORE, {PAGE_RW, 0xfffff000, PAGE_RW}, ENOMEM},
	{SYS_MLOCK, {0xc0400000, PAGE, 1}, ENOMEM},
	{SYS_MLOCK, {PAGE_RW, 0xfffff000, 1}, ENOMEM},
	{SYS_MLOCKALL, {8}, EINVAL},
	{SYS_MREMAP, {0x40000001, PAGE, PAGE, 0, 0}, EINVAL},
	{SYS_MREMAP, {PAGE_RW, PAGE, 0, 0, 0}, EINVAL},
	{SYS_MREMAP, {PAGE_RW, PAGE, 0xffffffff, QUIRE_MREMAP_MAYMOVE, 0}, EINVAL},
	{SYS_MREMAP, {0xc0400000, PAGE, PAGE, 0, 0}, EINVAL},
	{SYS_MREMAP, {PAGE_RW, PAGE, PAGE, 0x80, 0}, EINVAL},
	/* numbers */
	{SYS_SEEK, {FILE_RW, 0xffffffff, 0xffffffff, 0}, EINVAL},
	{SYS_SEEK, {FILE_RW, 0, 0, 3}, EINVAL},
	{SYS_SEEK, {FILE_RW, 0xffffffff, 0x7fffffff, 2}, EINVAL},
	{SYS_PREAD, {FILE_RW, PAGE_RW, 1, 0, 0x80000000}, EINVAL},
	{SYS_PWRITE, {FILE_RW, PAGE_RW, 1, 0xffffffff, 0xffffffff}, EINVAL},
	{SYS_PWRITE, {FILE_RW, PAGE_RW, 8, 0xffffffff, 0x7fffffff}, EFBIG},
	{SYS_READ, {FILE_RW, PAGE_RW, 0x80000000}, EINVAL},
	{SYS_READV, {FILE_RW, PAGE_RW, 0}, EINVAL},
	{SYS_READV, {FILE_RW, PAGE_RW, QUIRE_IOV_MAX + 1}, EINVAL},
	{SYS_READV, {FILE_RW, LONG_VECTOR, 2}, EINVAL},
	{SYS_WRITEV, {FILE_RW, LONG_VECTOR, 2}, EINVAL},
	{SYS_POLL, {PAGE_RW, 0x20000000, 0, 0}, EINVAL},
	{SYS_PIPE, {1}, EINVAL},
	{SYS_FCNTL, {FILE_RW, 99, 0}, EINVAL},
	{SYS_FCNTL, {FILE_RW, QUIRE_F_DUPFD, QUIRE_FD_MAX}, EINVAL},
	{SYS_FLOCK, {FILE_RW, 0}, EINVAL},
	{SYS_FLOCK, {FILE_RW, QUIRE_LOCK_SH | QUIRE_LOCK_EX}, EINVAL},
	{SYS_STREAM_CREATE, {OBJECT, 3}, EINVAL},
	{SYS_STREAM_CREATE, {OBJECT, 0x1000000}, EINVAL},
	{SYS_DUP2, {FILE_RW, QUIRE_HANDLE_MAX, 0}, EBADF},
	{SYS_DUP2, {FILE_RW, 0xffffffff, 0}, EBADF},
	{SYS_CHANNEL_CREATE, {PORT, 1, 2}, EINVAL},
	{SYS_CALL, {ROOT, QUIRE_MSG(1, 4081, 0), 0, 0, 0, 0}, EINVAL},
	{SYS_EXEC, {FILE_RW, LONG_ARGS}, E2BIG},
	{SYS_WAIT, {12345, QUIRE_WNOHANG, 0, 0}, ECHILD},
	{SYS_WAIT, {(uint32_t)-1, 0x4000, 0, 0}, EINVAL},
	{SYS_SETPGID, {12345, 0}, ESRCH},
	{SYS_GETPGID, {12345}, ESRCH},
	{SYS_GETSID, {12345}, ESRCH},
	{SYS_KILL, {12345, QSIGTERM}, ESRCH},
	{SYS_KILL, {(uint32_t)-12345, QSIGTERM}, ESRCH},
	{SYS_KILL, {0x80000000, QSIGTERM}, ESRCH},
	{SYS_KILL, {0, 32}, EINVAL},
	{SYS_KILL, {1, 0xffffffff}, EINVAL},
	{SYS_TKILL, {1, QSIGTERM}, ESRCH},
	{SYS_TKILL, {0x7fffffff, QSIGTERM}, ESRCH},
	{SYS_TKILL, {1, 32}, EINVAL},
	{SYS_SIGACTION, {0, ACTION, 0}, EINVAL},
	{SYS_SIGACTION, {32, ACTION, 0}, EINVAL},
	{SYS_SIGACTION, {QSIGKILL, ACTION, 0}, EINVAL},
	{SYS_SIGPROCMASK, {9, 0xffffffff}, EINVAL},
	{SYS_AFFINITY, {0, 0x80000000}, EINVAL},
	{SYS_AFFINITY, {0x7fffffff, 1}, ESRCH},
	{SYS_PRIORITY, {0, 32}, EINVAL},
	{SYS_PRIORITY, {0x7fffffff, 1}, ESRCH},
	{SYS_CLOCK, {9}, EINVAL},
	{SYS_LOG, {PAGE_RW, 257}, EINVAL},
	{SYS_INFO, {99, 0, PAGE_RW, PAGE}, EINVAL},
	{SYS_INFO, {QUIRE_INFO_MEMORY, 0, PAGE_RW, 4}, EINVAL},
	{SYS_TRACE, {9, 0, 0, 0}, EINVAL},
	{SYS_TRACE, {QUIRE_TRACE_READ, 99, PAGE_RW, 64}, EINVAL},
	{SYS_TUNE, {9, 1}, EINVAL},
	{SYS_LIMIT, {QUIRE_LIMITS, 0, 0}, EINVAL},
	{SYS_LIMIT, {(uint32_t)-1, 0, 0}, EINVAL},
	{SYS_TUNE, {QUIRE_TUNE_FAULT_AROUND, 0}, EINVAL},
	{SYS_TUNE, {QUIRE_TUNE_FAULT_AROUND, 3}, EINVAL},
	{SYS_TUNE, {QUIRE_TUNE_FAULT_AROUND, 0x10000}, EINVAL},
	/* no calls at all */
	{0, {0}, ENOSYS},
	{15, {0}, ENOSYS},
	{49, {0}, ENOSYS},
	{99, {0}, ENOSYS},
	{160, {0}, ENOSYS},
	{207, {0}, ENOSYS},
	{0x7fffffff, {0}, ENOSYS},
	{(int)0x80000000, {0}, ENOSYS},
	{-1, {0}, ENOSYS},
};

static uint32_t values[TOKENS - WILD], wrong;
#define VALUE(token) (values[(token)-WILD])

static void refused(const struct refusal *row, const uint32_t *arg)
{
	long got = quire_ecall6(row->number, (long)arg[0], (long)arg[1], (long)arg[2], (long)arg[3],
		(long)arg[4], (long)arg[5]);

	if (got == -row->error)
		return;
	printf("FAILED: call %d (%lx %lx %lx %lx %lx %lx) gives %ld, not %d\n", row->number,
		(unsigned long)arg[0], (unsigned long)arg[1], (unsigned long)arg[2],
		(unsigned long)arg[3], (unsigned long)arg[4], (unsigned long)arg[5], got,
		-row->error);
	wrong++;
}

/* All values of the first token that has several. */
static void try_row(const struct refusal *row)
{
	uint32_t arg[6];
	int many = -1;

	for (int i = 0; i < 6; i++) {
		arg[i] = row->arg[i];
		if (arg[i] == (uint32_t)WILD || arg[i] == (uint32_t)OUT || arg[i] == (uint32_t)NONE)
			many = i;
		else if (TOKEN(arg[i]))
			arg[i] = VALUE((int)arg[i]);
	}
	if (many < 0) {
		refused(row, arg);
	} else if (row->arg[many] == (uint32_t)NONE) {
		for (unsigned k = 0; k < sizeof(no_handles) / sizeof(no_handles[0]); k++) {
			arg[many] = no_handles[k];
			refused(row, arg);
		}
	} else {
		for (unsigned k = 0; k < sizeof(wild_addresses) / sizeof(wild_addresses[0]); k++) {
			arg[many] = wild_addresses[k];
			refused(row, arg);
		}
		if (row->arg[many] == (uint32_t)OUT) {
			arg[many] = VALUE(PAGE_RO);
			refused(row, arg);
		}
	}
}

static const char text[] = "sixteen bytes...";
static struct quire_sigaction action = {.handler = 0x1000, .mask = 2};
static struct quire_stack stack = {.sp = 0x50000000, .size = 65536};
static struct quire_itimer timer = {.value_ns = 1};
static struct quire_exec long_args = {.args_size = QUIRE_ARG_MAX + 1};
static struct quire_iovec long_vector[2] = {{0, 0x7fffffff}, {0, 2}};

static int pipe_ends[2];
static pid_t zombie;

static void set_up(void)
{
	struct quire_siginfo none;
	int fd = open("/bad.dat", O_RDWR | O_CREAT | O_TRUNC, 0600), ro;

	EXPECT(fd >= 0 && write(fd, text, 16) == 16 && lseek(fd, 3, SEEK_SET) == 3, "a file");
	ro = open("/bad.dat", O_RDONLY);
	EXPECT(ro >= 0 && pipe(pipe_ends) == 0 && write(pipe_ends[1], "pipe", 4) == 4, "a pipe");
	VALUE(FILE_RW) = (uint32_t)fd;
	VALUE(FILE_RO) = (uint32_t)ro;
	VALUE(PIPE_IN) = (uint32_t)pipe_ends[0];
	VALUE(PIPE_OUT) = (uint32_t)pipe_ends[1];
	VALUE(ROOT) = QUIRE_H_ROOT;
	VALUE(PORT) = (uint32_t)sys_port_create();
	VALUE(OBJECT) = (uint32_t)sys_obj_create(PAGE);
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *readable = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);

	EXPECT(p != MAP_FAILED && readable != MAP_FAILED, "two pages");
	memcpy(p, "kept", 5);
	VALUE(PAGE_RW) = (uint32_t)(uintptr_t)p;
	VALUE(PAGE_RO) = (uint32_t)(uintptr_t)readable;
	EXPECT(readable[0] == 's', "the readable page is the file's");
	VALUE(ACTION) = (uint32_t)(uintptr_t)&action;
	VALUE(STACK) = (uint32_t)(uintptr_t)&stack;
	VALUE(TIMER) = (uint32_t)(uintptr_t)&timer;
	VALUE(LONG_ARGS) = (uint32_t)(uintptr_t)&long_args;
	VALUE(LONG_VECTOR) = (uint32_t)(uintptr_t)long_vector;
	EXPECT(sys_sigprocmask(QUIRE_SIG_BLOCK, 1u << QSIGUSR2, NULL) == 0, "a mask");
	EXPECT(sys_kill(getpid(), QSIGUSR2) == 0, "a pending signal");
	EXPECT(sys_sigwait(1u << QSIGUSR1, &none, 0) == -EAGAIN, "and no other");
	zombie = fork();
	if (zombie == 0)
		_exit(42);
	EXPECT(zombie > 0, "a child");
	while (sys_wait(zombie, QUIRE_WNOHANG | QUIRE_WNOWAIT, NULL, NULL) == 0)
		sys_yield();
	pin(0);
	EXPECT(sys_trace(QUIRE_TRACE_ENABLE, 1u << QUIRE_EV_SYSCALL, NULL, 0) == 0, "tracing");
}

static void all_as_before(const struct quire_info_process *before, long around)
{
	char got[20];
	struct quire_sigaction now;
	struct quire_stack now_stack;
	struct quire_itimer now_timer;
	uint32_t mask;
	int64_t offset;
	int status;

	EXPECT(sys_trace(QUIRE_TRACE_ENABLE, 0, NULL, 0) == 0, "tracing stops");
	EXPECT(quire_ecall2(SYS_TUNE, QUIRE_TUNE_FAULT_AROUND, ~0L) == around, "the tuning");
	struct quire_info_process after = self_now();

	EXPECT(after.size == before->size && after.commit == before->commit &&
			after.threads == before->threads,
		"mappings: %lu pages, %lu charged; were %lu, %lu", (unsigned long)after.size,
		(unsigned long)after.commit, (unsigned long)before->size,
		(unsigned long)before->commit);
	EXPECT(!strcmp((char *)(uintptr_t)VALUE(PAGE_RW), "kept"), "the page's bytes");
	EXPECT(sys_seek((int)VALUE(FILE_RW), 0, SEEK_CUR, &offset) == 0 && offset == 3,
		"the file's offset");
	EXPECT(pread((int)VALUE(FILE_RW), got, 20, 0) == 16 && !memcmp(got, text, 16), "the file");
	EXPECT(read(pipe_ends[0], got, 20) == 4 && !memcmp(got, "pipe", 4),
		"the pipe has its bytes, and no others");
	EXPECT(sys_sigaction(QSIGUSR1, NULL, &now) == 0 && now.handler == QUIRE_SIG_DFL,
		"the action");
	EXPECT(sys_sigaltstack(NULL, &now_stack) == 0 && now_stack.sp != stack.sp,
		"the signal stack");
	EXPECT(sys_itimer(NULL, &now_timer) == 0 && now_timer.value_ns == 0, "the timer is off");
	EXPECT(sys_sigprocmask(~0, 0, &mask) == 0 && mask == 1u << QSIGUSR2, "the mask");
	EXPECT(sys_sigwait(1u << QSIGUSR2, NULL, 0) == QSIGUSR2, "the signal is still pending");
	EXPECT(sys_wait(zombie, QUIRE_WNOHANG, &status, NULL) == zombie && status == 42 << 8,
		"the child can be waited for");
}

/* What ends the caller ends only the caller. */
static void ends_by(int signal, void (*body)(void), const char *what)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		body();
		_exit(0);
	}
	EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == signal,
		"%s: status %x", what, (unsigned)status);
}

static void return_wildly(void)
{
	__asm__ volatile("li sp, 0xc0400000\n\tli a7, %0\n\tecall" ::"i"(SYS_SIGRETURN)
			 : "a7", "memory");
}

static void start_wildly(void)
{
	sys_thread_create(0xc0400000, 0xc0000000, 0, 0);
	pause();
}

static void exit_wildly(void)
{
	sys_thread_exit((uint32_t *)0xc0400000);
}

/* Bits that a server did not ask for are not to upset it: everybody can send some. */
static void notify_servers(void)
{
	static const int channels[] = {QUIRE_H_ROOT, QUIRE_H_CWD, QUIRE_H_CONSOLE};

	for (unsigned i = 0; i < sizeof(channels) / sizeof(channels[0]); i++)
		for (unsigned bit = 0; bit < 32; bit++)
			EXPECT(sys_notify(channels[i], 1u << bit) == 0, "notify channel %d",
				channels[i]);
	EXPECT(sys_notify(QUIRE_H_ROOT, ~0u) == 0, "all bits at once");
}

int test_badargs(int argc, char **argv)
{
	(void)argc, (void)argv;
	set_up();
	long around = quire_ecall2(SYS_TUNE, QUIRE_TUNE_FAULT_AROUND, ~0L);
	struct quire_info_process before = self_now();
	int lowest = dup(0), handle = sys_obj_create(PAGE);

	close(lowest);
	sys_close(handle);
	for (unsigned i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		try_row(&refusals[i]);
	EXPECT(!wrong, "%lu answers are wrong", (unsigned long)wrong);
	int again = dup(0), handle_again = sys_obj_create(PAGE);

	EXPECT(again == lowest && handle_again == handle, "the handles: %d and %d, were %d and %d",
		again, handle_again, lowest, handle);
	close(again);
	sys_close(handle_again);
	all_as_before(&before, around);
	ends_by(QSIGSEGV, return_wildly, "a signal frame at the kernel's");
	ends_by(QSIGSEGV, start_wildly, "a thread that starts at the kernel's");
	ends_by(0, exit_wildly, "a thread that ends with a word at the kernel's");
	notify_servers();
	unlink("/bad.dat");
	printf("badargs: %u calls refused, all as before\n",
		(unsigned)(sizeof(refusals) / sizeof(refusals[0])));
	return 0;
}
