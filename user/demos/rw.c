/* read() and write() work on the frames that are mapped: there is no second copy to keep in step. */
#include "demo.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WRITES 1000
#define FEW    50u /* messages: the system's own */
#define TRIES  20

/* How many messages went between programs and servers meanwhile: the whole system's, so the least of some. */
static unsigned long write_many(int fd)
{
	uint64_t least = ~0ull;

	for (int n = 0; n < TRIES && least >= FEW; n++) {
		uint64_t calls = demo_harts().ipc_calls;

		for (int i = 0; i < WRITES; i++)
			pwrite(fd, &i, sizeof(i), 0);
		calls = demo_harts().ipc_calls - calls;
		if (calls < least)
			least = calls;
	}
	return (unsigned long)least;
}

int demo_rw(void)
{
	char buffer[16] = {0};
	int fd = demo_file(1, '.');
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	demo_title("read and write use the very page that is mapped.");
	if (page == MAP_FAILED)
		demo_fail("mapping");
	demo_step("A page of a file is mapped; \"hello\" is stored through the mapping.");
	memcpy(page, "hello", 5);
	pread(fd, buffer, 5, 0);
	demo_proof(!memcmp(buffer, "hello", 5), "read() finds it at once: \"%s\"", buffer);
	struct quire_info_page before = demo_page(0, page);

	demo_step("\"world\" is written with write().");
	pwrite(fd, "world", 5, 0);
	demo_proof(!memcmp(page, "world", 5), "the mapping shows it at once: \"%.5s\"", page);
	struct quire_info_page after = demo_page(0, page);

	/* The file server writes what is dirty within a second, and may have done so this moment. */
	for (int i = 0; i < TRIES && !after.dirty; i++) {
		pwrite(fd, "world", 5, 0);
		after = demo_page(0, page);
	}
	demo_proof(before.frame == after.frame, "it is the same frame throughout: %05lx",
		(unsigned long)after.frame);
	demo_proof(after.dirty, "the kernel knows it is dirty");
	unsigned long calls = write_many(fd);

	demo_step("A thousand more writes.");
	demo_proof(calls < FEW, "no message went to the file server for them: %lu in all", calls);
	fsync(fd);
	demo_step("fsync.");
	demo_proof(!demo_page(0, page).dirty, "the page is clean: its bytes are on the disk");
	munmap(page, PAGE);
	close(fd);
	return 0;
}
