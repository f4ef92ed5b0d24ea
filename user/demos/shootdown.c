/* Only harts that run the space at that moment are interrupted when a translation goes. */
#include "demo.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define ROUNDS 50
#define TRIES  100

static volatile bool stop;
static volatile uint32_t beats[32];

static void *spin(void *arg)
{
	unsigned hart = (unsigned)(uintptr_t)arg;

	demo_pin(hart);
	while (!stop)
		beats[hart]++;
	return NULL;
}

static struct quire_info_hart rounds(int fd)
{
	struct quire_info_hart before = demo_harts(), after;

	for (int i = 0; i < ROUNDS; i++) {
		volatile char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		p[0] = (char)i;
		munmap((void *)p, PAGE);
	}
	after = demo_harts();
	after.fences_sent -= before.fences_sent;
	after.fence_targets -= before.fence_targets;
	after.fences_avoided -= before.fences_avoided;
	return after;
}

static bool is_quiet(const struct quire_info_hart *h)
{
	return h->fences_sent < ROUNDS / 5;
}

/* A hart that a server's thread has for a moment does not run this space, and is left alone. */
static bool disturbs_all(const struct quire_info_hart *h)
{
	return h->fences_sent >= ROUNDS * 9 / 10 &&
	       h->fence_targets >= ROUNDS * (demo_hart_count() - 1) * 4 / 5;
}

/* The counters are the whole system's: a server may be at work meanwhile, but not every time. */
static struct quire_info_hart rounds_until(bool (*holds)(const struct quire_info_hart *h), int fd)
{
	struct quire_info_hart seen = rounds(fd);

	for (int i = 1; i < TRIES && !holds(&seen); i++)
		seen = rounds(fd);
	return seen;
}

static void report(const char *who, const struct quire_info_hart *h)
{
	printf("    %s: %d unmappings, %lu remote fences to %lu harts, %lu needed none\n", who,
		ROUNDS, (unsigned long)h->fences_sent, (unsigned long)h->fence_targets,
		(unsigned long)h->fences_avoided);
}

int demo_shootdown(void)
{
	pthread_t threads[32];
	unsigned harts = demo_hart_count();
	int fd = demo_file(1, 's');

	demo_title("Only harts that run this address space now are disturbed by its shootdowns.");
	demo_pin(0);
	demo_step("One thread maps a page, stores to it, unmaps it, %d times.", ROUNDS);
	struct quire_info_hart alone = rounds_until(is_quiet, fd);

	report("alone", &alone);
	demo_proof(is_quiet(&alone), "no hart was interrupted for it");
	if (harts == 1) {
		printf("    (with one hart there is nobody to interrupt: try --smp 4)\n");
		close(fd);
		return 0;
	}
	for (unsigned h = 1; h < harts; h++)
		if (pthread_create(&threads[h], NULL, spin, (void *)(uintptr_t)h))
			demo_fail("pthread_create");
	for (unsigned h = 1; h < harts; h++)
		while (!beats[h])
			sys_yield();
	demo_step("A thread of this process spins on each other hart; the same again.");
	struct quire_info_hart busy = rounds_until(disturbs_all, fd);

	report("spinning", &busy);
	demo_proof(disturbs_all(&busy),
		"each unmapping interrupted the %u harts, as long as they ran this space",
		harts - 1);
	stop = true;
	for (unsigned h = 1; h < harts; h++)
		pthread_join(threads[h], NULL);
	demo_step("The threads have ended; their harts ran this space, but do so no more.");
	struct quire_info_hart left = rounds_until(is_quiet, fd);

	report("left", &left);
	demo_proof(is_quiet(&left),
		"no hart was interrupted for it: each will flush if it comes back");
	stop = false;
	close(fd);
	return 0;
}
