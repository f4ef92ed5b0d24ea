/* fork shares every private page until a store, which copies exactly one page, or none when the storing
 * process is the last holder. */
#include "demo.h"
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES  64u
#define STORES 10u

int demo_cow(void)
{
	demo_title("fork copies no page; a store copies one, or none for the last holder.");
	volatile char *memory = mmap(
		NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		demo_fail("mapping");
	for (unsigned i = 0; i < PAGES; i++)
		memory[i * PAGE] = 'p';
	int hold[2], ready[2];
	char byte = 0;

	if (pipe(hold) || pipe(ready))
		demo_fail("pipe");
	pid_t child = fork();

	if (child == 0) {
		uint32_t copies = demo_self().cow_copies;

		for (unsigned i = 0; i < STORES; i++)
			memory[i * PAGE] = 'c';
		copies = demo_self().cow_copies - copies;
		write(ready[1], &copies, sizeof(copies));
		read(hold[0], &byte, 1);
		_exit(0);
	}
	uint32_t copies = 0;

	read(ready[0], &copies, sizeof(copies));
	demo_step("This process filled %u pages and forked; the child stored to %u of them.", PAGES,
		STORES);
	struct quire_info_page mine = demo_page(0, memory), theirs = demo_page(child, memory);
	struct quire_info_page mine_last = demo_page(0, memory + (PAGES - 1) * PAGE);
	struct quire_info_page theirs_last = demo_page(child, memory + (PAGES - 1) * PAGE);

	demo_proof(copies >= STORES && copies <= STORES + 4, "the child copied %lu pages",
		(unsigned long)copies);
	demo_proof(mine.frame != theirs.frame,
		"a page it stored to is its own now: %05lx here, %05lx there",
		(unsigned long)mine.frame, (unsigned long)theirs.frame);
	demo_proof(mine_last.frame == theirs_last.frame && mine_last.refs == 2,
		"one it did not is shared: %05lx, %lu references", (unsigned long)mine_last.frame,
		(unsigned long)mine_last.refs);
	write(hold[1], &byte, 1);
	waitpid(child, NULL, 0);
	struct quire_info_process now = demo_self();

	for (unsigned i = 0; i < PAGES; i++)
		memory[i * PAGE] = 'p';
	struct quire_info_process after = demo_self();

	demo_step("The child has ended; this process stores to all %u pages again.", PAGES);
	demo_proof(after.cow_copies == now.cow_copies, "no page is copied: it is the last holder");
	demo_proof(after.cow_reuses - now.cow_reuses >= PAGES - 1,
		"%lu pages were taken over where they are",
		(unsigned long)(after.cow_reuses - now.cow_reuses));
	munmap((void *)memory, PAGES * PAGE);
	for (int i = 0; i < 2; i++) {
		close(hold[i]);
		close(ready[i]);
	}
	return 0;
}
