/* P5: no stale translation survives munmap, mprotect or copy on write. That nobody is disturbed in vain is
 * in budgets.c. */
#include "promise.h"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static volatile uint8_t *volatile target;
static volatile uint32_t faults, stores, stop_all;
static __thread sigjmp_buf back;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	EXPECT(sig == SIGSEGV && info->si_addr == (void *)target, "the fault is at the page: %p",
		info->si_addr);
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
			volatile uint8_t *fresh = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			for (int k = 0; k < 1000; k++)
				EXPECT(fresh == p || fresh[k % PAGE] == 0,
					"a fresh page stays zero");
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
	printf("shootdown: %lu faults in %u rounds, %lu stores\n", (unsigned long)faults, rounds,
		(unsigned long)stores);
	return 0;
}
