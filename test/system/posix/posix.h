/* What the conformance tests share. An assertion has the name of the clause of POSIX.1-2017 that it
 * checks, interface.SECTION.what.number. What POSIX leaves open and Quire has decided (docs/posix.md)
 * is named interface.DECIDED..., and checked on Linux only where Linux decided alike.
 *
 * The counts are in a page shared by all children, so an assertion may be made in a child process,
 * a thread or a signal handler. The same sources are built for Linux with HOST defined: an assertion
 * that fails there is wrong itself.
 */
#ifndef POSIX_TEST_H
#define POSIX_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u

void check(bool good, const char *clause, const char *what, const char *file, int line);
void check_equal(long long got, long long want, const char *clause, const char *what,
	const char *file, int line);
void check_failed(intptr_t result, int want, const char *clause, const char *what, const char *file,
	int line);

/* The condition holds. */
#define CHECK(clause, condition) check((condition), (clause), #condition, __FILE__, __LINE__)
/* Two numbers are equal; both are told if not. */
#define EQUALS(clause, got, want)                                                               \
	check_equal((long long)(got), (long long)(want), (clause), #got " == " #want, __FILE__, \
		__LINE__)
/* The call returns -1 (or MAP_FAILED) and sets errno. */
#define FAILS(clause, call, error)                                                         \
	do {                                                                               \
		errno = 0;                                                                 \
		check_failed((intptr_t)(call), (error), (clause), #call " fails: " #error, \
			__FILE__, __LINE__);                                               \
	} while (0)
/* Ends the case when it can't go on; says so. */
#define REQUIRE(condition)                                                      \
	do {                                                                    \
		if (!(condition)) {                                             \
			check(false, "needed", #condition, __FILE__, __LINE__); \
			return;                                                 \
		}                                                               \
	} while (0)

/* What an access does: 0, or the signal it raises, whose address and code are then in last_fault. */
extern volatile siginfo_t last_fault;
int load_faults(const volatile void *at);
int store_faults(volatile void *at, int value);

/* A file opened for reading and writing, `bytes` long, every byte of page n being 'a' + n % 26. */
int make_file(const char *name, size_t bytes);
/* Memory that nobody else uses: anonymous, private, readable and writable. */
unsigned char *pages(size_t count);
/* Waits for a child; its exit status, or 256 + the signal that killed it. */
int ended(pid_t child);
/* Does something in a child: what has ended it. 200: nothing has. */
#define IN_CHILD(...)                  \
	({                             \
		pid_t child_ = fork(); \
		if (child_ == 0) {     \
			__VA_ARGS__;   \
			_exit(200);    \
		}                      \
		ended(child_);         \
	})
/* The same in a new image of this program, which exec_child gets these two words of. */
int in_new_image(const char *what, const char *argument);
/* Until all threads of the process wait for something, and go on waiting: it has made its call. What it
 * waits for is not told. It is not a page of the program: /bin is in memory, and on Linux a process
 * that waits for a page shows another letter. A call to a server can be it, so none may be between. */
void until_waiting(pid_t pid);
/* Until a number that another thread, process or handler counts is this large; false if it is not
 * after half a minute. */
bool until_reached(volatile int *number, int value);
void pause_ms(int ms);
/* Monotonic. */
long long now_ms(void);
/* A time of day so far from now, and whether it has come. */
struct timespec soon(int ms);
bool has_come(const struct timespec *time);

/* What a new image of this program does for memory/sysv.c. */
int sysv_child(key_t key);
extern const char *program_path;

#define CASE(name) void case_##name(void);
#include "cases.h"
#undef CASE

#endif
