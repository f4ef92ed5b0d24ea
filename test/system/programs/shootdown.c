/* P5: no stale translation survives munmap, mprotect or copy on write; and nobody is disturbed in vain:
 * the budgets of remote fences and messages, counted. */
#include "promise.h"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static volatile uint8_t *volatile target;
static volatile uint32_t faults, stores, stop_all, beats[8];
static __thread sigjmp_buf back;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	EXPECT(sig == SIGSEGV && info->si_addr == (void *)target, "the fault is at the page: %p", info->si_addr);
	siglongjmp(back, 1);
}

/* Stores in a loop until the page goes away under it, then says so and waits for the next. */
static void *storer(void *arg)
{
	pin(1);
	(void)arg;
	while (!stop_all) {
		volatile uint8_t *p = target;

		if (!p) {
			sys_yield();
			continue;
		}
		if (sigsetjmp(back, 1) == 0) {
			for (;;) {
				p[0]++;
				stores++;
			}
		}
		target = NULL;
		faults++;
	}
	return NULL;
}

int test_shootdown(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 100;
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	pthread_t thread;

	if (hart_count() < 2) {
		printf("shootdown: one hart only, nothing to shoot at\n");
		return 0;
	}
	sigaction(SIGSEGV, &action, NULL);
	pin(0);
	EXPECT(pthread_create(&thread, NULL, storer, NULL) == 0, "pthread_create");
	int fd = open("/shoot.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);

	EXPECT(fd >= 0 && ftruncate(fd, PAGE) == 0, "a file");
	for (unsigned i = 0; i < rounds; i++) {
		bool file = i & 1;
		uint32_t before = stores, seen = faults;
		volatile uint8_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, file ? fd : -1, 0);

		EXPECT(p != MAP_FAILED, "mmap");
		target = p;
		while (stores < before + 50)
			sys_yield();
		if (i & 2) {
			uint8_t value;

			EXPECT(mprotect((void *)p, PAGE, PROT_READ) == 0, "mprotect");
			value = p[0];
			for (int k = 0; k < 1000; k++)
				EXPECT(p[0] == value, "no store after mprotect has returned");
			while (faults == seen)
				sys_yield();
			munmap((void *)p, PAGE);
		} else {
			EXPECT(munmap((void *)p, PAGE) == 0, "munmap");
			/* The frame is free now: whoever gets it must keep it to himself. */
			volatile uint8_t *fresh = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			for (int k = 0; k < 1000; k++)
				EXPECT(fresh == p || fresh[k % PAGE] == 0, "a fresh page stays zero");
			if (fresh != p)
				while (faults == seen)
					sys_yield();
			munmap((void *)fresh, PAGE);
			while (faults == seen)
				sys_yield();
		}
	}
	stop_all = 1;
	pthread_join(thread, NULL);
	unlink("/shoot.dat");
	printf("shootdown: %lu faults in %u rounds, %lu stores\n", (unsigned long)faults, rounds, (unsigned long)stores);
	return 0;
}

static void *spinner(void *arg)
{
	unsigned hart = (unsigned)(uintptr_t)arg;

	pin(hart);
	while (!stop_all)
		beats[hart]++;
	return NULL;
}

static uint64_t fences_once(int fd, unsigned pages)
{
	volatile uint8_t *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	EXPECT(p != MAP_FAILED, "mmap");
	for (unsigned i = 0; i < pages; i++)
		p[i * PAGE] = 1;
	uint64_t before = harts_now().fences_sent;

	EXPECT(munmap((void *)p, pages * PAGE) == 0, "munmap");
	return harts_now().fences_sent - before;
}

/* The counters are the whole system's: a server's own fence may fall in between, but not every time. */
static uint64_t fences_of_unmap(int fd, unsigned pages)
{
	uint64_t least = ~0ull;

	for (int i = 0; i < 5; i++) {
		uint64_t n = fences_once(fd, pages);

		if (n < least)
			least = n;
	}
	return least;
}

int test_budgets(int argc, char **argv)
{
	static const unsigned sizes[] = {1, 2, 63, 64, 65, 128, 256};
	pthread_t threads[8];
	unsigned harts = hart_count();
	int fd = open("/budget.dat", O_RDWR | O_CREAT | O_TRUNC, 0644), status;

	(void)argc, (void)argv;
	EXPECT(fd >= 0 && ftruncate(fd, 256 * PAGE) == 0, "a file");
	pin(0);
	/* Alone: no fence at all, whatever is unmapped, forked or ended. */
	for (unsigned k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
		EXPECT(fences_of_unmap(fd, sizes[k]) == 0, "munmap of %u pages alone", sizes[k]);
	/* A fault on a resident page asks nobody: no message, no fence. */
	struct quire_info_hart before, after;
	bool quiet = false;

	for (int i = 0; i < 5 && !quiet; i++) {
		volatile uint8_t *p = mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		before = harts_now();
		for (unsigned k = 0; k < 256; k++)
			p[k * PAGE]++;
		after = harts_now();
		munmap((void *)p, 256 * PAGE);
		quiet = after.fences_sent == before.fences_sent &&
			after.faults[QUIRE_FAULT_FETCH] == before.faults[QUIRE_FAULT_FETCH];
	}
	EXPECT(quiet, "resident faults: no fence and no fetch");
	stop_all = 0;
	for (unsigned h = 1; h < harts && h < 8; h++)
		EXPECT(pthread_create(&threads[h], NULL, spinner, (void *)(uintptr_t)h) == 0, "pthread_create");
	for (unsigned h = 1; h < harts && h < 8; h++)
		while (!beats[h])
			sys_yield();
	for (unsigned k = 0; harts > 1 && k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		uint64_t sent = fences_of_unmap(fd, sizes[k]), budget = (sizes[k] + 63) / 64;

		EXPECT(sent >= 1 && sent <= budget + 1, "munmap of %u pages: %lu fences, budget %lu (and one for a table)",
			sizes[k], (unsigned long)sent, (unsigned long)budget);
	}
	quiet = false;
	for (int i = 0; i < 5 && !quiet; i++) {
		before = harts_now();
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		EXPECT(waitpid(child, &status, 0) == child, "wait");
		after = harts_now();
		/* Stores of this thread between the two looks may break sharing: one fence each, few pages. */
		quiet = after.fences_sent - before.fences_sent <= 1 + (after.cow_copies - before.cow_copies);
	}
	EXPECT(quiet, "fork and the child's exit: %lu fences", (unsigned long)(after.fences_sent - before.fences_sent));
	stop_all = 1;
	for (unsigned h = 1; h < harts && h < 8; h++)
		pthread_join(threads[h], NULL);
	unlink("/budget.dat");
	printf("budgets kept\n");
	return 0;
}
