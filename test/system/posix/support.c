/* Probing memory, making files, waiting: see posix.h. */
#include "posix.h"

#ifndef HOST
#include <quire/info.h>
#include <quire/sys.h>
#endif

volatile siginfo_t last_fault;
static sigjmp_buf probe;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	*(siginfo_t *)&last_fault = *info;
	siglongjmp(probe, sig);
}

/* Probes are made by one thread at a time. */
static int faults(volatile void *at, bool store, int value)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, segv, bus;
	int sig;

	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	sig = sigsetjmp(probe, 1);
	if (sig == 0) {
		if (store)
			*(volatile unsigned char *)at = (unsigned char)value;
		else
			(void)*(volatile unsigned char *)at;
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return sig;
}

int load_faults(const volatile void *at)
{
	return faults((volatile void *)(uintptr_t)at, false, 0);
}

int store_faults(volatile void *at, int value)
{
	return faults(at, true, value);
}

int make_file(const char *name, size_t bytes)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	unsigned char page[PAGE];

	for (size_t at = 0; fd >= 0 && at < bytes; at += PAGE) {
		size_t len = bytes - at < PAGE ? bytes - at : PAGE;

		memset(page, 'a' + (int)(at / PAGE % 26), sizeof(page));
		if (write(fd, page, len) != (ssize_t)len) {
			close(fd);
			return -1;
		}
	}
	return fd;
}

unsigned char *pages(size_t count)
{
	return mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int ended(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

int in_new_image(const char *what, const char *argument)
{
	return IN_CHILD(setenv("POSIX_CHILD", "1", 1);
			execl(program_path, "x", what, argument, NULL));
}

void pause_ms(int ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* 'S' while it waits, as `ps` shows it. */
static char state_of(pid_t pid)
{
#ifdef HOST
	char path[32], text[256] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return 0;
	close(fd);
	return strrchr(text, ')') ? strrchr(text, ')')[2] : 0;
#else
	struct quire_info_process p;

	return sys_info(QUIRE_INFO_PROCESS, (uint32_t)pid, &p, sizeof(p)) > 0 && p.pid == pid
		       ? (char)p.state
		       : 0;
#endif
}

void until_waiting(pid_t pid)
{
	for (int i = 0, looks = 0; i < 3000 && looks < 5; i++) {
		pause_ms(10);
		looks = state_of(pid) == 'S' ? looks + 1 : 0;
	}
}

bool until_reached(volatile int *number, int value)
{
	for (int i = 0; i < 6000; i++) {
		if (__atomic_load_n(number, __ATOMIC_SEQ_CST) >= value)
			return true;
		pause_ms(5);
	}
	return false;
}

long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct timespec soon(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += ms * 1000000L;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

bool has_come(const struct timespec *time)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec > time->tv_sec ||
	       (now.tv_sec == time->tv_sec && now.tv_nsec >= time->tv_nsec);
}
