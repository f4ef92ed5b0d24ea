/* P2, P3, P4: mappings cost nothing until touched, copies are counted exactly, and everything comes
 * back. */
#include "promise.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

int test_lazy(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/sparse.dat";
	const uint32_t size = 1u << 30;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	EXPECT(fd >= 0 && ftruncate(fd, (off_t)size) == 0, "a sparse file of 1 GiB");
	struct quire_info_memory before, after;
	volatile uint8_t *p = MAP_FAILED;

	/* What is counted is the whole machine's: a server at work in that moment must not be there every time. */
	for (int i = 0; i < 200; i++) {
		EXPECT(p == MAP_FAILED || (munmap((void *)p, size) == 0 && usleep(1000) == 0),
			"munmap");
		before = memory_now();
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		EXPECT(p != MAP_FAILED, "mmap of 1 GiB");
		after = memory_now();
		if (after.frames_object == before.frames_object &&
			after.frames_table == before.frames_table)
			break;
	}
	EXPECT(after.frames_object == before.frames_object, "no page of the file is in memory");
	EXPECT(after.frames_table == before.frames_table, "no page table was made");
	struct quire_info_process self = self_now();

	for (uint32_t i = 0; i < 16; i++)
		EXPECT(p[i * (size / 16)] == 0, "a hole reads as zero");
	EXPECT(self_now().resident >= self.resident + 16, "16 touches, at least 16 pages");
	EXPECT(self_now().resident <= self.resident + 16 * 33, "and not many more");
	p[size - 1] = 7;
	uint8_t byte = 0;

	EXPECT(pread(fd, &byte, 1, (off_t)(size - 1)) == 1 && byte == 7,
		"the last byte is one byte");
	EXPECT(munmap((void *)p, size) == 0, "munmap");
	EXPECT(close(fd) == 0 && unlink(path) == 0, "gone");
	printf("lazy: 1 GiB mapped, no frame taken\n");
	return 0;
}

static uint32_t child_copies(volatile uint8_t *p, const uint8_t *stores, unsigned pages)
{
	int report[2], status;
	uint32_t copies = 0;

	EXPECT(pipe(report) == 0, "pipe");
	pid_t child = fork();

	if (child == 0) {
		/* the child's own stack page is copied before we count */
		volatile uint32_t settle = 0;
		uint32_t before;

		settle++;
		before = self_now().cow_copies;
		before = self_now().cow_copies;
		for (unsigned i = 0; i < pages; i++)
			if (stores[i])
				p[i * PAGE] = 'c';
		copies = self_now().cow_copies - before;
		EXPECT(write(report[1], &copies, sizeof(copies)) == sizeof(copies), "write");
		_exit(0);
	}
	EXPECT(read(report[0], &copies, sizeof(copies)) == sizeof(copies), "read");
	EXPECT(waitpid(child, &status, 0) == child && status == 0, "the child ended with %d",
		status);
	close(report[0]);
	close(report[1]);
	return copies;
}

int test_cow(int argc, char **argv)
{
	enum { PAGES = 128 };
	pid_t child;
	int status;
	uint32_t seed = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 20261124;
	static uint8_t stores[PAGES];
	volatile uint8_t *p = mmap(
		NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(p != MAP_FAILED, "mmap");
	for (int round = 0; round < 20; round++) {
		unsigned wanted = 0;

		for (unsigned i = 0; i < PAGES; i++) {
			p[i * PAGE] = 'p';
			wanted += stores[i] = next_random(&seed) % 3 == 0;
		}
		uint32_t copies = child_copies(p, stores, PAGES);

		EXPECT(copies == wanted, "the child stored to %u pages, %lu were copied", wanted,
			(unsigned long)copies);
		for (unsigned i = 0; i < PAGES; i++)
			EXPECT(p[i * PAGE] == 'p', "the parent's page %u is its own", i);
		/* The last holder takes over, and copies nothing. */
		uint32_t before = self_now().cow_copies;

		for (unsigned i = 0; i < PAGES; i++)
			p[i * PAGE] = 'q';
		EXPECT(self_now().cow_copies == before, "the last holder copies nothing");
	}
	/* Private mappings of one file share the file's frame until a store. */
	int fd = open("/cow.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);

	EXPECT(fd >= 0 && write(fd, "file", 4) == 4, "a file");
	volatile uint8_t *a = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	volatile uint8_t *b = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	EXPECT(a[0] == 'f' && b[0] == 'f', "both read the file");
	EXPECT(page_of(0, a).frame == page_of(0, b).frame, "both are the file's own frame");
	a[0] = 'A';
	EXPECT(page_of(0, a).frame != page_of(0, b).frame && b[0] == 'f', "a store copies one");
	char c = 0;

	EXPECT(pread(fd, &c, 1, 0) == 1 && c == 'f', "and the file is as it was");
	/* PROT_WRITE alone: loads work, and what is shared with the child outlives an mprotect. */
	volatile uint8_t *w = mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0);

	EXPECT(mprotect((void *)p, PAGES * PAGE, PROT_WRITE) == 0 && p[0] == 'q' && w[0] == 'f',
		"loads");
	if ((child = fork()) == 0)
		_exit(mprotect((void *)p, PAGES * PAGE, PROT_WRITE) != 0 || p[PAGE] != 'q');
	EXPECT(waitpid(child, &status, 0) == child && status == 0,
		"the child's copies outlive mprotect");
	unlink("/cow.dat");
	printf("cow: copies are as many as stores\n");
	return 0;
}

/* One round of what programs do to memory. */
static void random_round(uint32_t *seed)
{
	uint32_t pages = 1 + next_random(seed) % 64, from = next_random(seed) % pages;
	int shared = next_random(seed) & 1;
	volatile uint8_t *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		(shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS, -1, 0);

	EXPECT(p != MAP_FAILED, "mmap");
	for (uint32_t i = 0; i < pages; i += 1 + next_random(seed) % 4)
		p[i * PAGE] = (uint8_t)i;
	EXPECT(munmap((void *)(p + from * PAGE), (1 + next_random(seed) % (pages - from)) * PAGE) ==
			0,
		"munmap");
	if (next_random(seed) % 2) {
		int status;
		pid_t child = fork();

		EXPECT(child >= 0, "fork");
		if (child == 0) {
			if (from > 0)
				p[0] = 'c';
			if (next_random(seed) % 2)
				munmap((void *)p, pages * PAGE);
			_exit(0);
		}
		if (from > 0)
			p[0] = 'p';
		EXPECT(waitpid(child, &status, 0) == child && status == 0,
			"the child ended with %d", status);
	}
	if (next_random(seed) % 2 && from > 0)
		mprotect((void *)p, PAGE, PROT_READ);
	EXPECT(munmap((void *)p, pages * PAGE) == 0, "munmap of the rest");
}

int test_counts(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;
	uint32_t seed = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 42;

	for (unsigned i = 0; i < rounds; i++)
		random_round(&seed);
	printf("counts: %u rounds\n", rounds);
	return 0;
}
