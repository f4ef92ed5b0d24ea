/* Futexes, as the kernel's interface promises them: raw system calls, no pthread in between. */
#include <quire/info.h>
#include <quire/sys.h>
#include <quire/robust.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000ull

#define CHECK(condition)                                                               \
	do {                                                                           \
		if (!(condition)) {                                                    \
			printf("futex_test: line %d: not %s\n", __LINE__, #condition); \
			fflush(stdout);                                                \
			sys_exit(1);                                                   \
		}                                                                      \
	} while (0)

static uint64_t now(void)
{
	return sys_clock(QUIRE_CLOCK_MONOTONIC);
}

/* --- threads without a libc: no thread pointer, no errno --- */

static char stacks[8][8192] __attribute__((aligned(16)));
static uint32_t ended[8]; /* 1 while the thread runs; the kernel stores 0 and wakes */
static void (*bodies[8])(int);

/* A new thread has a stack and an argument; the global pointer is its own affair. */
__asm__(".text\n.globl thread_entry\nthread_entry:\n"
	".option push\n.option norelax\nlla gp, __global_pointer$\n.option pop\n"
	"tail thread_begin\n");
void thread_entry(void);

void thread_begin(uint32_t n)
{
	bodies[n]((int)n);
	sys_thread_exit(&ended[n]);
}
static int start(int n, void (*body)(int))
{
	int tid;

	bodies[n] = body;
	ended[n] = 1;
	tid = sys_thread_create((uint32_t)thread_entry, (uint32_t)stacks[n + 1], (uint32_t)n, 0);
	CHECK(tid > 0);
	return tid;
}
static void join(int n)
{
	while (__atomic_load_n(&ended[n], __ATOMIC_ACQUIRE))
		sys_futex_wait(&ended[n], 1, QUIRE_FOREVER);
}

/* --- the calls' own answers --- */

static void test_answers(void)
{
	static uint32_t word = 5;
	enum { TRIES = 10 };
	uint64_t before, after, quickest = QUIRE_FOREVER;

	CHECK(sys_futex_wait(&word, 4, QUIRE_FOREVER) == -EAGAIN);
	CHECK(sys_futex_wait((uint32_t *)((char *)&word + 2), 4, QUIRE_FOREVER) == -EINVAL);
	CHECK(sys_futex_wait((uint32_t *)0xd0000000, 4, QUIRE_FOREVER) == -EFAULT);
	CHECK(sys_futex_wait((uint32_t *)0x40, 4, QUIRE_FOREVER) == -EFAULT);
	CHECK(sys_futex_wake((uint32_t *)0x40, 1) == -EFAULT);
	CHECK(sys_futex_wake(&word, 10) == 0);
	CHECK(sys_futex_wait(&word, 5, 0) == -ETIMEDOUT);
	for (int i = 0; i < TRIES && quickest > 2000 * MS; i++) {
		before = now();
		CHECK(sys_futex_wait(&word, 5, before + 20 * MS) == -ETIMEDOUT);
		after = now();
		CHECK(after >= before + 20 * MS);
		quickest = after - before;
	}
	CHECK(quickest <= 2000 * MS);
}

/* --- no wake is lost: two threads hand a turn to and fro --- */

#define TURNS 3000
static uint32_t turn;

static void pass(uint32_t mine)
{
	for (int i = 0; i < TURNS; i++) {
		uint32_t t;

		while ((t = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) % 2 != mine)
			sys_futex_wait(&turn, t, QUIRE_FOREVER);
		__atomic_store_n(&turn, t + 1, __ATOMIC_RELEASE);
		sys_futex_wake(&turn, 1);
	}
}
static void pass_odd(int n)
{
	(void)n, pass(1);
}
static void test_turns(void)
{
	start(0, pass_odd);
	pass(0);
	join(0);
	CHECK(turn == 2 * TURNS);
}

/* --- mutual exclusion by the three-state lock --- */

static uint32_t lock_word;
static volatile uint32_t counter;

static void lock(void)
{
	uint32_t seen = 0;

	if (__atomic_compare_exchange_n(
		    &lock_word, &seen, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	while (__atomic_exchange_n(&lock_word, 2, __ATOMIC_ACQUIRE) != 0)
		sys_futex_wait(&lock_word, 2, QUIRE_FOREVER);
}
static void unlock(void)
{
	if (__atomic_exchange_n(&lock_word, 0, __ATOMIC_RELEASE) == 2)
		sys_futex_wake(&lock_word, 1);
}
static void add(int n)
{
	for (int i = 0; i < 1000; i++) {
		lock();
		uint32_t c = counter;

		if (i % 16 == n)
			sys_yield();
		counter = c + 1;
		unlock();
	}
}
static void test_lock(void)
{
	for (int n = 0; n < 4; n++)
		start(n, add);
	for (int n = 0; n < 4; n++)
		join(n);
	CHECK(counter == 4000);
}

/* --- how many are woken, and in what order --- */

static uint32_t gate, inside;
static volatile int results[8];

static void wait_gate(int n)
{
	__atomic_fetch_add(&inside, 1, __ATOMIC_RELAXED);
	results[n] = sys_futex_wait(&gate, 0, n == 3 ? now() + 400 * MS : QUIRE_FOREVER);
}

/* Returns when all the threads of this process wait, the caller among them, as another process sees it: more than
 * once, since a thread may wait for a moment on its way to the futex. */
static void await_all_asleep(void)
{
	enum { LOOKS = 3 };
	static uint32_t *told;
	int status, pid, self = sys_getpid();

	if (!told)
		told = (uint32_t *)sys_mmap(0, 4096, QUIRE_PROT_READ | QUIRE_PROT_WRITE,
			QUIRE_MAP_SHARED | QUIRE_MAP_ANON, -1, 0);
	CHECK((uint32_t)told < 0xc0000000);
	*told = 0;
	pid = sys_fork();
	if (pid == 0) {
		for (int looks = 0; looks < LOOKS; sys_sleep(now() + MS)) {
			struct quire_info_process p;

			CHECK(sys_info(QUIRE_INFO_PROCESS, (uint32_t)self, &p, sizeof(p)) > 0 &&
				p.pid == self);
			looks = p.state == 'S' ? looks + 1 : 0;
		}
		*told = 1;
		sys_futex_wake(told, 1);
		sys_exit(0);
	}
	CHECK(pid > 0);
	while (!__atomic_load_n(told, __ATOMIC_ACQUIRE))
		sys_futex_wait(told, 0, QUIRE_FOREVER);
	CHECK(sys_wait(pid, 0, &status, 0) == pid && status == 0);
}

static void test_counts(void)
{
	for (int n = 0; n < 4; n++) {
		results[n] = 99;
		start(n, wait_gate);
		/* The last one may wait no more by then: its time is up anyhow before the second wake. */
		while (__atomic_load_n(&inside, __ATOMIC_RELAXED) != (uint32_t)n + 1)
			sys_yield();
		await_all_asleep();
	}
	CHECK(sys_futex_wake(&gate, 1) == 1); /* the value did not change: still a wake */
	while (results[0] == 99 && results[1] == 99 && results[2] == 99 && results[3] != 0)
		sys_sleep(now() + MS);
	CHECK(results[0] == 0 && results[1] == 99 && results[2] == 99);
	join(0);
	join(3);
	CHECK(results[3] == -ETIMEDOUT);
	CHECK(sys_futex_wake(&gate, 100) == 2);
	join(1);
	join(2);
	CHECK(results[1] == 0 && results[2] == 0);
	CHECK(sys_futex_wake(&gate, 100) == 0);
}

/* --- what is the same word --- */

static uint32_t private_word;

static void test_fork(void)
{
	int status, pid;
	uint32_t *shared = (uint32_t *)sys_mmap(0, 4096, QUIRE_PROT_READ | QUIRE_PROT_WRITE,
		QUIRE_MAP_SHARED | QUIRE_MAP_ANON, -1, 0);

	CHECK((uint32_t)shared < 0xc0000000);
	pid = sys_fork();
	if (pid == 0) {
		shared[1] = 1;
		if (sys_futex_wait(&shared[0], 0, now() + 100000 * MS) != 0)
			sys_exit(2);
		/* Private memory is another word than the parent's at the same address. */
		shared[1] = 2;
		sys_exit(sys_futex_wait(&private_word, 0, now() + 50 * MS) == -ETIMEDOUT ? 0 : 3);
	}
	CHECK(pid > 0);
	while (sys_futex_wake(&shared[0], 1) != 1)
		sys_yield();
	while (((volatile uint32_t *)shared)[1] != 2)
		sys_yield();
	for (int i = 0; i < 10; i++) {
		CHECK(sys_futex_wake(&private_word, 1) == 0);
		sys_sleep(now() + 2 * MS);
	}
	CHECK(sys_wait(pid, 0, &status, 0) == pid && status == 0);
}

/* --- robust mutexes --- */

static struct mutex {
	uint32_t word;
	struct quire_robust_node node;
} mutexes[3];
static struct quire_robust_head heads[2];

static void hold(
	struct quire_robust_head *head, struct mutex *m, int count, uint32_t tid, uint32_t bits)
{
	head->futex_offset = (int32_t)((char *)&m->word - (char *)&m->node);
	head->list.next = (uint32_t)&m[0].node;
	for (int i = 0; i < count; i++) {
		m[i].word = tid | bits;
		m[i].node.next = i + 1 < count ? (uint32_t)&m[i + 1].node : (uint32_t)head;
	}
	CHECK(sys_set_robust(head) == 0);
}
static uint32_t holder_ready;
static void die_holding(int n)
{
	uint32_t tid = (uint32_t)sys_thread_self(0);

	(void)n;
	hold(&heads[0], mutexes, 2, tid, QUIRE_ROBUST_WAITERS);
	mutexes[2].word = tid;
	heads[0].pending = (uint32_t)&mutexes[2].node;
	mutexes[1].word = (tid + 1) | QUIRE_ROBUST_WAITERS; /* somebody else's */
	__atomic_store_n(&holder_ready, 1, __ATOMIC_RELEASE);
	sys_futex_wake(&holder_ready, 1);
	sys_sleep(now() + 100 * MS);
}
static void test_robust(void)
{
	uint32_t word;

	start(0, die_holding);
	while (!__atomic_load_n(&holder_ready, __ATOMIC_ACQUIRE))
		sys_futex_wait(&holder_ready, 0, QUIRE_FOREVER);
	word = mutexes[0].word;
	CHECK(word & QUIRE_ROBUST_WAITERS);
	/* Or the owner is dead already, if this hart was away that long. */
	if (!(word & QUIRE_ROBUST_DIED)) {
		int status = sys_futex_wait(&mutexes[0].word, word, now() + 100000 * MS);

		CHECK(status == 0 || status == -EAGAIN);
	}
	CHECK(mutexes[0].word == (QUIRE_ROBUST_WAITERS | QUIRE_ROBUST_DIED));
	join(0);
	CHECK(!(mutexes[1].word & QUIRE_ROBUST_DIED));
	CHECK(mutexes[2].word == QUIRE_ROBUST_DIED);
}

/* The owner's process is killed; the word is in shared memory, its list anything but in order. */
static void test_robust_kill(void)
{
	int status, pid;
	struct mutex *m = (struct mutex *)sys_mmap(0, 4096, QUIRE_PROT_READ | QUIRE_PROT_WRITE,
		QUIRE_MAP_SHARED | QUIRE_MAP_ANON, -1, 0);
	volatile uint32_t *ready = (uint32_t *)m + 512;

	CHECK((uint32_t)m < 0xc0000000);
	pid = sys_fork();
	if (pid == 0) {
		hold(&heads[1], m, 2, (uint32_t)sys_thread_self(0), QUIRE_ROBUST_WAITERS);
		m[1].node.next = (uint32_t)&m[0].node; /* round and round */
		*ready = 1;
		for (;;)
			sys_sleep(now() + 1000 * MS);
	}
	CHECK(pid > 0);
	while (!*ready)
		sys_yield();
	uint32_t word = m[0].word;

	CHECK(sys_futex_wait(&m[0].word, word, now() + 10 * MS) == -ETIMEDOUT);
	CHECK(quire_ecall2(SYS_KILL, pid, QSIGKILL) == 0);
	CHECK(sys_wait(pid, 0, &status, 0) == pid && status == QSIGKILL);
	CHECK(m[0].word == (QUIRE_ROBUST_WAITERS | QUIRE_ROBUST_DIED));
	CHECK(m[1].word == (QUIRE_ROBUST_WAITERS | QUIRE_ROBUST_DIED));
}

static void run_all(void)
{
	static void (*const tests[])(void) = {test_answers, test_turns, test_lock, test_counts,
		test_fork, test_robust, test_robust_kill};

	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		uint64_t before = now();

		tests[i]();
		printf("futex_test: %u ok, %u ms\n", i, (unsigned)((now() - before) / MS));
		fflush(stdout);
	}
	CHECK(sys_check() == 0);
	sys_exit(0);
}

/* A lost wake leaves its thread asleep: somebody else has to tell. */
int main(void)
{
	enum { SECONDS = 600 };
	uint64_t end = now() + SECONDS * 1000 * MS;
	int status, pid = sys_fork();

	if (pid == 0)
		run_all();
	CHECK(pid > 0);
	while (sys_wait(pid, QUIRE_WNOHANG, &status, 0) == 0) {
		if (now() > end) {
			printf("futex_test: a thread sleeps for ever: its wake was lost\n");
			fflush(stdout);
			quire_ecall2(SYS_KILL, pid, QSIGKILL);
			sys_exit(1);
		}
		sys_sleep(now() + 20 * MS);
	}
	return status != 0;
}
