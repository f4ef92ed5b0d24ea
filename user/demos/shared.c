/* Two processes map one file: the same physical page, and no kernel work between a store and its being
 * seen. */
#include "demo.h"
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS	10000
#define MOST_NS 5000000000ull /* where the two have to share a processor each answer takes long */
#define ENOUGH	0xffffffffu

int demo_shared(void)
{
	demo_title("Two processes that map one file have the same physical page.");
	int fd = demo_file(1, 'q');
	volatile uint32_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	volatile uint32_t *other = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED || other == MAP_FAILED)
		demo_fail("mapping");
	demo_step("This process maps page 0 of a file twice, at %p and %p, and forks.",
		(void *)page, (void *)other);
	page[0] = 0;
	page[1] = 0;
	other[2] = 0;
	pid_t child = fork();

	if (child < 0)
		demo_fail("fork");
	if (child == 0) {
		if (demo_pin(1) < 0)
			demo_pin(0);
		for (uint32_t i = 1, asked; (asked = page[0]) != ENOUGH;) {
			if (asked == i)
				page[1] = i++;
			else if (demo_hart_count() == 1)
				sys_yield();
		}
		while (!page[2]) /* its own translation is looked at meanwhile */
			sys_yield();
		_exit(0);
	}
	demo_pin(0);
	unsigned harts = demo_hart_count();
	uint64_t start = sys_clock(QUIRE_CLOCK_MONOTONIC), nanoseconds = 0;
	uint32_t rounds = 0;

	while (rounds < ROUNDS && nanoseconds < MOST_NS) {
		page[0] = ++rounds;
		while (page[1] != rounds)
			if (harts == 1)
				sys_yield();
		nanoseconds = sys_clock(QUIRE_CLOCK_MONOTONIC) - start;
	}
	page[0] = ENOUGH;
	struct quire_info_page here = demo_page(0, page), there = demo_page(0, other),
			       childs = demo_page(child, page);

	demo_step("The two answered each other %lu times through the page (%lu ns a round).",
		(unsigned long)rounds, (unsigned long)(nanoseconds / rounds));
	printf("    frame here %05lx, at the second address %05lx, in the child %05lx\n",
		(unsigned long)here.frame, (unsigned long)there.frame, (unsigned long)childs.frame);
	demo_proof(here.frame && here.frame == there.frame && here.frame == childs.frame,
		"all three translations name one frame");
	demo_proof(here.mapcount >= 3, "the frame counts its mappings: %lu",
		(unsigned long)here.mapcount);
	page[2] = 1;
	waitpid(child, NULL, 0);
	struct quire_info_page after = demo_page(0, page);

	demo_proof(after.mapcount == here.mapcount - (childs.frame ? 2 : 0) || after.mapcount == 2,
		"the child has ended: %lu mappings are left", (unsigned long)after.mapcount);
	munmap((void *)page, PAGE);
	munmap((void *)other, PAGE);
	close(fd);
	return 0;
}
