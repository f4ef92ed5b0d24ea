/* What the test programs share: assertions that say what they check, and the kernel's own counts. */
#ifndef PROMISE_H
#define PROMISE_H

#include <quire/info.h>
#include <quire/sys.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096u

/* Ends the test with a line that tells what was expected. */
void fail(const char *file, int line, const char *condition, const char *format, ...)
	__attribute__((noreturn, format(printf, 4, 5)));
#define EXPECT(cond, ...)                                             \
	do {                                                          \
		if (!(cond))                                          \
			fail(__FILE__, __LINE__, #cond, __VA_ARGS__); \
	} while (0)

uint32_t next_random(uint32_t *state);
struct quire_info_memory memory_now(void);
struct quire_info_hart harts_now(void);
struct quire_info_process self_now(void);
struct quire_info_page page_of(int pid, const volatile void *address);
unsigned hart_count(void);
/* A lock in memory that processes share: 0 is free. */
void share_lock(volatile uint32_t *word);
void share_unlock(volatile uint32_t *word);
void pin(unsigned hart);
/* kills.c: kills a server and waits until its successor is there; one more in *kills. False: there is none. */
bool kill_server(const char *name, uint32_t *kills);

int test_coherence(int argc, char **argv);
int test_lazy(int argc, char **argv);
int test_cow(int argc, char **argv);
int test_counts(int argc, char **argv);
int test_shootdown(int argc, char **argv);
int test_budgets(int argc, char **argv);
int test_exhaust(int argc, char **argv);
int test_badcalls(int argc, char **argv);
int test_badargs(int argc, char **argv);
int test_ioerror(int argc, char **argv);
int test_untouched(int argc, char **argv);
int test_crowd(int argc, char **argv);
int test_full(int argc, char **argv);
int test_orphan(int argc, char **argv);
int test_badelf(int argc, char **argv);
int test_tracing(int argc, char **argv);
int test_durable(int argc, char **argv);
int test_baseline(int argc, char **argv);
int test_exerciser(int argc, char **argv);
int test_output(int argc, char **argv);
int test_survive(int argc, char **argv);
int test_detached(int argc, char **argv);
int test_under_kills(int argc, char **argv);
int test_promised(int argc, char **argv);
int test_polling(int argc, char **argv);
int test_poll_restart(int argc, char **argv);
/* The test named argv[0]; -1: there is none. */
int run_test(int argc, char **argv);

#endif
