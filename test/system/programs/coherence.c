/* P1: two processes on two harts map one file and read and write it every way there is; after each
 * operation the bytes must be those of a model, a plain array in shared anonymous memory. */
#include "promise.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define PAGES 48u

struct model {
	volatile uint32_t lock[PAGES];
	volatile uint32_t ready;
	uint8_t bytes[PAGES * PAGE];
};

static volatile uint8_t *map(int fd)
{
	void *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	EXPECT(p != MAP_FAILED, "mmap");
	return p;
}

static void one_operation(struct model *m, int fd, volatile uint8_t *map, uint32_t *seed)
{
	uint32_t r = next_random(seed);
	unsigned page = r % PAGES, offset = next_random(seed) % PAGE;
	unsigned n = 1 + next_random(seed) % 16;
	uint32_t at = page * PAGE + offset;
	uint8_t buffer[16];

	if (n > PAGE - offset)
		n = PAGE - offset;
	share_lock(&m->lock[page]);
	switch (r >> 24 & 3) {
	case 0:
		for (unsigned i = 0; i < n; i++)
			map[at + i] = m->bytes[at + i] = (uint8_t)next_random(seed);
		break;
	case 1:
		for (unsigned i = 0; i < n; i++)
			EXPECT(map[at + i] == m->bytes[at + i],
				"mapped byte %lx is %02x, model %02x", (unsigned long)(at + i),
				map[at + i], m->bytes[at + i]);
		break;
	case 2:
		EXPECT(pread(fd, buffer, n, (off_t)at) == (ssize_t)n, "pread");
		EXPECT(!memcmp(buffer, &m->bytes[at], n), "read at %lx differs from the model",
			(unsigned long)at);
		break;
	case 3:
		for (unsigned i = 0; i < n; i++)
			buffer[i] = m->bytes[at + i] = (uint8_t)next_random(seed);
		EXPECT(pwrite(fd, buffer, n, (off_t)at) == (ssize_t)n, "pwrite");
		break;
	}
	share_unlock(&m->lock[page]);
}

static void run(
	struct model *m, const char *path, unsigned hart, uint32_t seed, unsigned operations)
{
	int fd = open(path, O_RDWR);
	volatile uint8_t *p;

	EXPECT(fd >= 0, "open");
	pin(hart % hart_count());
	p = map(fd);
	for (unsigned i = 0; i < operations; i++) {
		one_operation(m, fd, p, &seed);
		if (i % 4096 == 4095) { /* now and then a new mapping, or a cleaning */
			if (i & 4096) {
				munmap((void *)p, PAGES * PAGE);
				p = map(fd);
			} else {
				EXPECT(msync((void *)p, PAGES * PAGE, MS_SYNC) == 0, "msync");
			}
		}
	}
	close(fd);
}

int test_coherence(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/coherence.dat";
	unsigned operations = argc > 2 ? (unsigned)atoi(argv[2]) : 500000;
	uint32_t seed = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 0) : (uint32_t)time(NULL) | 1;
	struct model *m =
		mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644), status;

	EXPECT(m != MAP_FAILED && fd >= 0, "set-up");
	printf("seed %lu: replay with t-promise coherence %s %u %lu\n", (unsigned long)seed, path,
		operations, (unsigned long)seed);
	fflush(stdout);
	EXPECT(ftruncate(fd, PAGES * PAGE) == 0, "ftruncate");
	volatile uint8_t *p = map(fd);
	pid_t child = fork();

	EXPECT(child >= 0, "fork");
	if (child == 0) {
		run(m, path, 1, seed * 7 + 1, operations);
		p[0] = p[0];
		m->ready = 1; /* from here on the page is mapped here too */
		while (m->ready != 2)
			sys_yield();
		_exit(0);
	}
	run(m, path, 0, seed, operations);
	while (!m->ready) {
		EXPECT(waitpid(child, &status, 1 /* WNOHANG */) == 0, "the other process goes on");
		sys_yield();
	}
	p[0] = p[0];
	struct quire_info_page mine = page_of(0, p), theirs = page_of(child, p);

	EXPECT(mine.frame && mine.frame == theirs.frame, "one frame: %lx and %lx",
		(unsigned long)mine.frame, (unsigned long)theirs.frame);
	m->ready = 2;
	EXPECT(waitpid(child, &status, 0) == child && status == 0,
		"the other process ended with %d", status);
	for (uint32_t i = 0; i < PAGES * PAGE; i++)
		EXPECT(p[i] == m->bytes[i], "at the end byte %lx differs", (unsigned long)i);
	EXPECT(fsync(fd) == 0, "fsync");
	printf("coherent: %u operations, frame %lx in both\n", 2 * operations,
		(unsigned long)mine.frame);
	return 0;
}
