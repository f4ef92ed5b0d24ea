/* The checker's stop of the other harts, and tracing, while every hart is busy with faults, system
 * calls and more checks. */
#include <quire/sys.h>
#include <quire/info.h>
#include <stdio.h>
#include <string.h>

#define CHECK(condition)                                                              \
	do {                                                                          \
		if (!(condition)) {                                                   \
			printf("stop_test: line %d: not %s\n", __LINE__, #condition); \
			fflush(stdout);                                               \
			sys_exit(1);                                                  \
		}                                                                     \
	} while (0)

#define TORN_READS 20000
#define TORN_NS	   8000000000ull   /* enough, if anything was overwritten */
#define TORN_MOST  300000000000ull /* and if not */
#define TORN_BATCH 4
#define PAUSE_NS   1000000u

static char stacks[8][8192] __attribute__((aligned(16)));
static uint32_t ended[8], stop, flood;

/* A new thread has a stack and an argument; the global pointer is its own affair. */
__asm__(".text\n.globl thread_entry\nthread_entry:\n"
	".option push\n.option norelax\nlla gp, __global_pointer$\n.option pop\n"
	"tail thread_begin\n");
void thread_entry(void);

void thread_begin(uint32_t n)
{
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		if (__atomic_load_n(&flood, __ATOMIC_RELAXED)) {
			sys_getpid(); /* nothing makes more events in less time */
			continue;
		}
		volatile char *p =
			(char *)sys_mmap(0, 16 * 4096, QUIRE_PROT_READ | QUIRE_PROT_WRITE,
				QUIRE_MAP_PRIVATE | QUIRE_MAP_ANON, -1, 0);

		for (int i = 0; i < 16; i++)
			p[i * 4096] = 1;
		if (n == 0 && sys_check() != 0)
			sys_exit(3);
		if (n == 1) {
			int status, pid = sys_fork();

			if (pid == 0)
				sys_exit(0);
			sys_wait(pid, 0, &status, 0);
		}
		quire_ecall2(SYS_MUNMAP, (long)p, 16 * 4096);
	}
	sys_thread_exit(&ended[n]);
}

/* Rings that are full all the time, because they are read slowly: whatever is read is just about to be
 * overwritten by its hart. An event that was half overwritten is out of order, or what it can't be. */
static unsigned read_torn(int harts)
{
	static struct quire_trace_event events[TORN_BATCH];
	uint64_t last[32] = {0};
	const uint64_t start = sys_clock(QUIRE_CLOCK_MONOTONIC);
	unsigned lost = 0;

	__atomic_store_n(&flood, 1, __ATOMIC_RELAXED);
	for (unsigned full = 0, before = 1; full < TORN_READS;) {
		uint64_t for_ns = sys_clock(QUIRE_CLOCK_MONOTONIC) - start;

		if (for_ns > TORN_MOST || (for_ns > TORN_NS && lost))
			break;
		if (full == before)
			sys_sleep(sys_clock(QUIRE_CLOCK_MONOTONIC) +
				  PAUSE_NS); /* until they are full again */
		before = full;
		for (int h = 0; h < harts; h++) {
			int bytes =
				sys_trace(QUIRE_TRACE_READ, (uint32_t)h, events, sizeof(events));

			CHECK(bytes >= 0 && bytes % (int)sizeof(events[0]) == 0);
			for (int k = 0; k < bytes / (int)sizeof(events[0]); k++) {
				if (events[k].hart != h || events[k].kind < QUIRE_EV_FAULT ||
					events[k].kind > QUIRE_EV_IRQ || events[k].time < last[h]) {
					printf("stop_test: a torn event in hart %d's ring: hart %u, kind %u, %lld ns after "
					       "the one before\n",
						h, events[k].hart, events[k].kind,
						(long long)(events[k].time - last[h]));
					fflush(stdout);
					sys_exit(1);
				}
				last[h] = events[k].time;
				lost += events[k].lost;
				full += events[k].lost > 0;
			}
		}
	}
	/* Else nothing was overwritten, and this has shown nothing. */
	CHECK(lost > 0);
	return lost;
}

int main(void)
{
	static struct quire_trace_event events[512];
	static const int harts_max = 32;
	unsigned total = 0, lost = 0;
	struct quire_info_hart hart;
	int harts = 0;

	while (sys_info(QUIRE_INFO_HART, (uint32_t)harts, &hart, sizeof(hart)) == sizeof(hart))
		harts++;
	CHECK(harts >= 1 && harts <= harts_max);
	CHECK(sys_info(QUIRE_INFO_HART, 0, &hart, 4) == -EINVAL);
	CHECK(sys_info(QUIRE_INFO_HART, 0, (void *)0x40, sizeof(hart)) == -EFAULT);
	CHECK(sys_info(99, 0, &hart, sizeof(hart)) == -EINVAL);
	CHECK(sys_trace(QUIRE_TRACE_ENABLE, 0x3fe, 0, 0) == 0);
	for (uint32_t n = 0; n < 4; n++) {
		ended[n] = 1;
		CHECK(sys_thread_create((uint32_t)thread_entry, (uint32_t)stacks[n + 1], n, 0) > 0);
	}
	for (int i = 0; i < 60; i++) {
		CHECK(sys_check() == 0);
		for (int h = 0; h < harts; h++) {
			int bytes =
				sys_trace(QUIRE_TRACE_READ, (uint32_t)h, events, sizeof(events));
			int n = bytes / (int)sizeof(events[0]);

			CHECK(bytes >= 0 && bytes % sizeof(events[0]) == 0);
			for (int k = 0; k < n; k++) {
				CHECK(events[k].hart == h);
				CHECK(events[k].kind >= QUIRE_EV_FAULT &&
					events[k].kind <= QUIRE_EV_IRQ);
				CHECK(k == 0 || events[k].time >= events[k - 1].time);
				lost += events[k].lost;
			}
			total += (unsigned)n;
		}
	}
	lost += read_torn(harts);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (int n = 0; n < 4; n++)
		while (__atomic_load_n(&ended[n], __ATOMIC_ACQUIRE))
			sys_futex_wait(&ended[n], 1, QUIRE_FOREVER);
	CHECK(sys_trace(QUIRE_TRACE_ENABLE, 0, 0, 0) == 0);
	CHECK(sys_check() == 0);
	CHECK(total > 0);
	printf("stop_test: ok, %u events, %u lost\n", total, lost);
	return 0;
}
