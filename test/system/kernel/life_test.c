/* The life of processes where several threads, signals and borrowed spaces meet: each case is a child of
 * its own, and has once failed. `t-life NAME` runs one, `t-life` all. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <quire/info.h>
#include <quire/ipc.h>
#include <quire/sys.h>

#define SELF "/bin/t-life"

#define CHECK(condition)                                                                        \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			printf("life_test: line %d: not %s (errno %d)\n", __LINE__, #condition, \
				errno);                                                         \
			fflush(stdout);                                                         \
			_exit(1);                                                               \
		}                                                                               \
	} while (0)

static void pause_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	while (nanosleep(&t, &t) < 0)
		;
}

static pthread_t start(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, body, argument) == 0);
	return thread;
}

/* The child's wait status; -1 if it has not ended in a hundred seconds. */
static int end_of(pid_t pid)
{
	for (int i = 0; i < 20000; i++) {
		int status;
		pid_t got = waitpid(pid, &status, WNOHANG);

		CHECK(got >= 0);
		if (got == pid)
			return status;
		pause_ms(5);
	}
	return -1;
}

/* --- a vfork child goes on in the image that another thread of its parent leaves by exec --- */

static volatile int child_runs;

static void *exec_meanwhile(void *unused)
{
	(void)unused;
	while (!child_runs)
		pause_ms(1);
	pause_ms(20);
	execl(SELF, SELF, "await", NULL);
	_exit(2);
}

static __attribute__((noinline)) void borrow(void)
{
	static volatile unsigned memory[16384];

	if (vfork() == 0) {
		child_runs = 1;
		for (unsigned turn = 1; turn < 40; turn++) {
			for (unsigned i = 0; i < 16384; i += 256)
				memory[i] += turn;
			sys_sleep(sys_clock(QUIRE_CLOCK_MONOTONIC) + 5000000);
		}
		_exit(memory[256] == 39 * 40 / 2 ? 7 : 8);
	}
}

static void vfork_and_exec(void)
{
	start(exec_meanwhile, NULL);
	borrow();
	pause_ms(100000); /* only death by exec ends this wait */
	_exit(3);
}

static int await(void)
{
	int status;

	if (wait(&status) < 0 || status != 7 << 8) {
		printf("life_test: the vfork child ended with status %#x\n", status);
		return 1;
	}
	return 0;
}

/* --- two threads exec at once: one of them does --- */

static volatile int gate;

static void *exec_at_gate(void *unused)
{
	(void)unused;
	__atomic_add_fetch(&gate, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&gate, __ATOMIC_SEQ_CST) < 2)
		;
	execl(SELF, SELF, "end", NULL);
	_exit(2);
}

static void exec_twice(void)
{
	for (int i = 0; i < 60; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			start(exec_at_gate, NULL);
			exec_at_gate(NULL);
		}
		status = end_of(pid);
		if (status != 42 << 8) {
			printf("life_test: round %d: status %#x\n", i, status);
			_exit(1);
		}
	}
	_exit(0);
}

/* --- a process that is stopped while it execs can be killed --- */

static void *idle(void *unused)
{
	while (sys_getpid() > 0)
		;
	return unused;
}

static void exec_and_stop(void)
{
	for (unsigned i = 0; i < 60; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			for (int n = 0; n < 3; n++)
				start(idle, NULL);
			execl(SELF, SELF, "end", NULL);
			_exit(2);
		}
		for (volatile unsigned n = 0; n < i * 3000; n++)
			;
		kill(pid, SIGSTOP);
		pause_ms(2);
		kill(pid, SIGKILL);
		status = end_of(pid);
		if (status != SIGKILL && status != 42 << 8) {
			printf("life_test: round %u: status %#x\n", i, status);
			_exit(1);
		}
	}
	_exit(0);
}

/* --- a new thread never takes a signal that its maker blocks --- */

static void *at_once(void *unused)
{
	return unused;
}

static void blocked_from_birth(void)
{
	sigset_t mask;
	pid_t pid;
	int status;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 1500; i++)
			pthread_join(start(at_once, NULL), NULL);
		_exit(42);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		for (int i = 0; i < 50; i++)
			kill(pid, SIGTERM);
	CHECK(status == 42 << 8);
	_exit(0);
}

/* --- a fork that fails leaves the record locks alone --- */

static void failed_fork(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
	struct quire_info_memory memory;
	int fd = open("/locked", O_RDWR | O_CREAT, 0600), status;
	size_t size;
	void *big;
	pid_t pid;

	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_SETLK, &lock) == 0);
	CHECK(sys_info(QUIRE_INFO_MEMORY, 0, &memory, sizeof(memory)) == sizeof(memory));
	size = (memory.commit_limit - memory.commit_used) / 5 * 3 * 4096u;
	big = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(big != MAP_FAILED);
	CHECK(fork() == -1 && errno == ENOMEM);
	CHECK(munmap(big, size) == 0);
	pid = fork();
	if (pid == 0) {
		CHECK(fcntl(fd, F_GETLK, &lock) == 0);
		CHECK(lock.l_type == F_WRLCK && lock.l_pid == getppid());
		_exit(0);
	}
	status = end_of(pid);
	unlink("/locked");
	_exit(status != 0);
}

/* --- a call that waited is made again as what it was, or not at all --- */

static uint32_t *code;
static int waiting[2]; /* a pipe: the call waits */

/* code[0] is a call; it becomes "number of WRITE into a7", and code[1] the call. */
static void *rewrite(void *fd)
{
	char byte;

	CHECK(read(waiting[0], &byte, 1) == 1);
	code[0] = 0x00000893u | SYS_WRITE << 20;
	CHECK(mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0);
	CHECK(write((int)(intptr_t)fd, "x", 1) == 1);
	return NULL;
}

static void call_by_code(int fd, void *buffer, unsigned size)
{
	uint32_t *at = code;
	register long a0 __asm__("a0") = fd;
	register long a1 __asm__("a1") = (long)buffer;
	register long a2 __asm__("a2") = (long)size;
	register long a7 __asm__("a7") = SYS_READ;

	__asm__ volatile("jalr %4"
			 : "+r"(a0), "+r"(a7)
			 : "r"(a1), "r"(a2), "r"(at)
			 : "ra", "memory");
	_exit(a7 == SYS_WRITE && a0 == -EBADF ? 0 : 5);
}

/* Until all threads of a process wait. */
static void await_sleep(pid_t pid)
{
	struct quire_info_process p;

	do {
		pause_ms(1);
		CHECK(sys_info(QUIRE_INFO_PROCESS, (uint32_t)pid, &p, sizeof(p)) > 0 &&
			p.pid == pid);
	} while (p.state != 'S');
}

static void call_changed(void)
{
	static char buffer[8] = "written";
	int port = sys_port_create(), object = sys_obj_create_paged(port, 1, 4096);
	int stream = sys_stream_create(object, QUIRE_O_RDONLY), ends[2], status;
	struct quire_msg msg = {0};
	char byte;
	pid_t pid;

	CHECK(port > 0 && object > 0 && stream >= 0 && pipe(ends) == 0 && pipe(waiting) == 0);
	pid = fork();
	if (pid == 0) {
		code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(code != MAP_FAILED);
		code[0] = code[1] = 0x00000073; /* ecall */
		code[2] = 0x00008067;		/* ret */
		start(rewrite, (void *)(intptr_t)ends[1]);
		call_by_code(stream, buffer, sizeof(buffer));
	}
	do
		CHECK(sys_reply_recv(port, &msg) == 0);
	while (QUIRE_MSG_LABEL(msg.header) != QUIRE_K_FETCH);
	await_sleep(pid);
	CHECK(write(waiting[1], "w", 1) == 1);
	CHECK(read(ends[0], &byte, 1) == 1);
	memset(ipc_buffer()->data, 0xff, msg.w[1]);
	CHECK(sys_obj_supply(object, msg.w[2], 0) >= 0);
	status = end_of(pid);
	_exit(status != 0);
}

/* --- stops and continuations are told once, and not when they are over --- */

static void continued(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		idle(NULL);
	CHECK(kill(pid, SIGSTOP) == 0);
	CHECK(sys_wait(pid, QUIRE_WUNTRACED, &status, NULL) == pid);
	CHECK(status == (0x7f | SIGSTOP << 8));
	CHECK(sys_wait(pid, QUIRE_WCONTINUED | QUIRE_WNOHANG, &status, NULL) == 0);
	CHECK(kill(pid, SIGCONT) == 0);
	CHECK(sys_wait(pid, QUIRE_WUNTRACED | QUIRE_WNOHANG, &status, NULL) == 0);
	CHECK(sys_wait(pid, QUIRE_WCONTINUED, &status, NULL) == pid && status == 0xffff);
	CHECK(sys_wait(pid, QUIRE_WCONTINUED | QUIRE_WNOHANG, &status, NULL) == 0);
	CHECK(kill(pid, SIGSTOP) == 0);
	CHECK(sys_wait(pid, QUIRE_WUNTRACED | QUIRE_WNOWAIT, &status, NULL) == pid);
	CHECK(kill(pid, SIGCONT) == 0);
	CHECK(sys_wait(pid, QUIRE_WUNTRACED | QUIRE_WNOHANG, &status, NULL) == 0);
	CHECK(kill(pid, SIGKILL) == 0 && end_of(pid) == SIGKILL);
	_exit(0);
}

/* --- two that share a file's flock and both want it alone --- */

static void flock_upgrade(void)
{
	pid_t pids[2];
	int shared = open("/flocked", O_RDWR | O_CREAT, 0600);

	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			int fd = open("/flocked", O_RDWR);

			CHECK(flock(fd, LOCK_SH) == 0);
			pause_ms(100);
			CHECK(flock(fd, LOCK_EX) == 0);
			pause_ms(20);
			_exit(0);
		}
	}
	for (int i = 0; i < 2; i++)
		if (end_of(pids[i]) != 0) {
			kill(pids[0], SIGKILL);
			kill(pids[1], SIGKILL);
			printf("life_test: both wait\n");
			_exit(1);
		}
	close(shared);
	unlink("/flocked");
	_exit(0);
}

/* --- a short writev to a pipe is whole --- */

static void writev_whole(void)
{
	static char bytes[16384];
	struct iovec two[2] = {{bytes, 1024}, {bytes, 2048}};
	int ends[2];

	CHECK(pipe2(ends, O_NONBLOCK) == 0);
	CHECK(write(ends[1], bytes, 16384 - 2048) == 16384 - 2048);
	CHECK(writev(ends[1], two, 2) == -1 && errno == EAGAIN);
	CHECK(read(ends[0], bytes, 1024) == 1024);
	CHECK(writev(ends[1], two, 2) == 3072);
	CHECK(read(ends[0], bytes, sizeof(bytes)) == 16384);
	_exit(0);
}

/* --- a server that closes its port with a call in its hands --- */

static int served;

static void *take_and_close(void *unused)
{
	struct quire_msg msg = {0};

	CHECK(sys_reply_recv(served, &msg) == 0);
	CHECK(sys_close(served) == 0);
	return unused;
}

static void port_closed(void)
{
	struct quire_msg msg = {.header = QUIRE_MSG(1, 0, 0)};
	int channel;

	served = sys_port_create();
	channel = sys_channel_create(served, 1, 0);
	CHECK(served > 0 && channel > 0);
	start(take_and_close, NULL);
	alarm(100);
	CHECK(sys_call(channel, &msg) == -ECONNRESET);
	CHECK(sys_call(channel, &msg) == -EPIPE);
	_exit(0);
}

/* ------------------------------------------------------------------ */

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{"vfork-and-exec", vfork_and_exec},
	{"exec-twice", exec_twice},
	{"exec-and-stop", exec_and_stop},
	{"blocked-from-birth", blocked_from_birth},
	{"failed-fork", failed_fork},
	{"call-changed", call_changed},
	{"continued", continued},
	{"flock-upgrade", flock_upgrade},
	{"writev-whole", writev_whole},
	{"port-closed", port_closed},
};

int main(int argc, char **argv)
{
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && !strcmp(argv[1], "end"))
		_exit(42);
	if (argc > 1 && !strcmp(argv[1], "await"))
		_exit(await());
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid;
		int status;

		if (argc > 1 && strcmp(argv[1], cases[i].name))
			continue;
		pid = fork();
		if (pid == 0)
			cases[i].run();
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		if (status) {
			printf("life_test: %s: status %#x\n", cases[i].name, status);
			failed++;
		}
	}
	CHECK(sys_check() == 0);
	if (!failed)
		printf("life_test: ok\n");
	return failed != 0;
}
