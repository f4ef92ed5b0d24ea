/* The file exerciser: several processes do random things to several files in every way there is, each
 * step checked against a model.
 *
 * The model of a file is a byte array and a size in shared anonymous memory, with a lock that is held
 * over one operation on that file; what is checked is every byte that an operation returns. At the end
 * each file is compared whole, and its checksum printed for the host to compare with the disk.
 */
#include "promise.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define FILES	  3u
#define MAX_BYTES (40u * PAGE)
#define PROCESSES 3u

struct file_model {
	volatile uint32_t lock;
	uint32_t size;
	uint8_t bytes[MAX_BYTES];
};

struct shared {
	struct file_model files[FILES];
	volatile uint32_t done;
};

struct mapping {
	volatile uint8_t *base;
	uint32_t pages;
};

static struct shared *shared;
static uint32_t seed;
static int fds[FILES];
static struct mapping maps[FILES];
static const char *const names[FILES] = {"/ex0.dat", "/ex1.dat", "/ex2.dat"};

static uint32_t below(uint32_t n)
{
	return next_random(&seed) % n;
}

static void take(struct file_model *m)
{
	share_lock(&m->lock);
}

static void give(struct file_model *m)
{
	share_unlock(&m->lock);
}

static void check_bytes(const struct file_model *m, uint32_t at, const volatile uint8_t *got,
	uint32_t n, const char *how)
{
	for (uint32_t i = 0; i < n; i++)
		EXPECT(got[i] == m->bytes[at + i],
			"%s: byte %lx of file %u is %02x, model %02x (size %lx)", how,
			(unsigned long)(at + i), (unsigned)(m - shared->files), got[i],
			m->bytes[at + i], (unsigned long)m->size);
}

static void do_write(struct file_model *m, int fd)
{
	static uint8_t buffer[3 * PAGE];
	uint32_t at = below(MAX_BYTES - sizeof(buffer)),
		 n = 1 + below(below(4) ? 300 : sizeof(buffer));

	for (uint32_t i = 0; i < n; i++)
		buffer[i] = (uint8_t)next_random(&seed);
	EXPECT(pwrite(fd, buffer, n, (off_t)at) == (ssize_t)n, "pwrite of %lu at %lx: errno %d",
		(unsigned long)n, (unsigned long)at, errno);
	memcpy(&m->bytes[at], buffer, n);
	if (at + n > m->size)
		m->size = at + n;
}

static void do_read(struct file_model *m, int fd)
{
	static uint8_t buffer[3 * PAGE];
	uint32_t at = below(MAX_BYTES), n = 1 + below(sizeof(buffer));
	ssize_t want = at >= m->size ? 0 : (ssize_t)(n < m->size - at ? n : m->size - at);

	EXPECT(pread(fd, buffer, n, (off_t)at) == want, "pread of %lu at %lx", (unsigned long)n,
		(unsigned long)at);
	check_bytes(m, at, buffer, (uint32_t)want, "pread");
}

static void do_truncate(struct file_model *m, int fd)
{
	uint32_t size = below(MAX_BYTES);

	EXPECT(ftruncate(fd, (off_t)size) == 0, "ftruncate: errno %d", errno);
	if (size < m->size)
		memset(&m->bytes[size], 0, m->size - size);
	m->size = size;
}

static void remap(unsigned f)
{
	struct mapping *map = &maps[f];

	if (map->base)
		EXPECT(munmap((void *)map->base, map->pages * PAGE) == 0, "munmap");
	map->pages = MAX_BYTES / PAGE;
	map->base = mmap(NULL, map->pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[f], 0);
	EXPECT(map->base != MAP_FAILED, "mmap");
}

/* Other addresses, holes cut and filled again, rights taken and given back: the bytes stay the file's. */
static void do_reshape(struct file_model *m, unsigned f)
{
	uint32_t page = below(MAX_BYTES / PAGE - 1), pages = 1 + below(MAX_BYTES / PAGE - page);
	uint8_t *at = (uint8_t *)maps[f].base + page * PAGE, *other;

	switch (below(3)) {
	case 0: /* cut a hole and fill it again */
		EXPECT(munmap(at, pages * PAGE) == 0, "partial munmap");
		EXPECT(mmap(at, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			       fds[f], (off_t)(page * PAGE)) == at,
			"mmap over the hole");
		break;
	case 1: /* read-only for a while */
		EXPECT(mprotect(at, pages * PAGE, PROT_READ) == 0, "mprotect");
		if (page * PAGE < m->size)
			check_bytes(m, page * PAGE, at,
				m->size - page * PAGE < PAGE ? m->size - page * PAGE : PAGE,
				"read-only mapping");
		EXPECT(mprotect(at, pages * PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect back");
		break;
	case 2: /* a second mapping elsewhere, shared or private */
		other = mmap(NULL, pages * PAGE, PROT_READ, below(2) ? MAP_SHARED : MAP_PRIVATE,
			fds[f], (off_t)(page * PAGE));
		EXPECT(other != MAP_FAILED, "second mmap");
		if (page * PAGE < m->size)
			check_bytes(m, page * PAGE, other,
				m->size - page * PAGE < pages * PAGE ? m->size - page * PAGE
								     : pages * PAGE,
				"second mapping");
		EXPECT(munmap(other, pages * PAGE) == 0, "second munmap");
		break;
	}
}

/* The name goes away and comes back, by another link, while every process has the file open. */
static void do_rename(unsigned f)
{
	char other[16];

	snprintf(other, sizeof(other), "/ex%u.other", f);
	if (below(2)) {
		EXPECT(rename(names[f], other) == 0, "rename: errno %d", errno);
		EXPECT(access(names[f], F_OK) < 0 && errno == ENOENT, "the old name is gone");
	} else {
		EXPECT(link(names[f], other) == 0, "link: errno %d", errno);
		EXPECT(unlink(names[f]) == 0, "unlink: errno %d", errno);
	}
	EXPECT(rename(other, names[f]) == 0, "rename back: errno %d", errno);
}

/* A file without a name lives until its last mapping goes. */
static void do_unlinked(void)
{
	static uint8_t got[PAGE];
	char name[24];
	uint8_t fill = (uint8_t)next_random(&seed), other = (uint8_t)(fill + 1);

	snprintf(name, sizeof(name), "/ex%d.gone", (int)getpid());
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	EXPECT(fd >= 0 && unlink(name) == 0, "create and unlink: errno %d", errno);
	memset(got, fill, sizeof(got));
	EXPECT(write(fd, got, sizeof(got)) == (ssize_t)sizeof(got),
		"write without a name: errno %d", errno);
	uint8_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	EXPECT(p != MAP_FAILED, "mmap without a name");
	p[7] = other;
	EXPECT(pread(fd, got, 9, 0) == 9 && got[6] == fill && got[7] == other,
		"read without a name");
	close(fd);
	EXPECT(p[6] == fill && p[7] == other && p[PAGE - 1] == fill, "mapped without name and fd");
	munmap(p, PAGE);
}

static void do_mapped(struct file_model *m, unsigned f, bool store)
{
	if (!m->size)
		return;
	uint32_t at = below(m->size), n = 1 + below(200);

	if (n > m->size - at)
		n = m->size - at;
	if (!store) {
		check_bytes(m, at, maps[f].base + at, n, "mapped read");
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		maps[f].base[at + i] = m->bytes[at + i] = (uint8_t)next_random(&seed);
}

static void do_append(struct file_model *m, unsigned f)
{
	uint8_t buffer[500];
	uint32_t n = 1 + below(sizeof(buffer));
	int fd = open(names[f], O_WRONLY | O_APPEND);

	EXPECT(fd >= 0, "open for appending");
	if (m->size + n <= MAX_BYTES) {
		for (uint32_t i = 0; i < n; i++)
			buffer[i] = (uint8_t)next_random(&seed);
		EXPECT(write(fd, buffer, n) == (ssize_t)n, "append");
		memcpy(&m->bytes[m->size], buffer, n);
		m->size += n;
	}
	close(fd);
}

static void step(void)
{
	unsigned f = below(FILES);
	struct file_model *m = &shared->files[f];
	struct stat st;

	take(m);
	switch (below(20)) {
	case 0 ... 3: do_write(m, fds[f]); break;
	case 4 ... 7: do_read(m, fds[f]); break;
	case 8 ... 10: do_mapped(m, f, false); break;
	case 11 ... 13: do_mapped(m, f, true); break;
	case 14: do_append(m, f); break;
	case 15:
		if (!below(4))
			do_truncate(m, fds[f]);
		break;
	case 16:
		if (below(2))
			remap(f);
		else
			do_reshape(m, f);
		break;
	case 17:
		/* These end in the server or on the disk: now and then, so that the rest stays quick. */
		if (!below(32))
			EXPECT(fsync(fds[f]) == 0, "fsync: errno %d", errno);
		else if (!below(64))
			do_rename(f);
		else if (!below(64))
			do_unlinked();
		else if (!below(8))
			EXPECT(msync((void *)maps[f].base, MAX_BYTES,
				       below(2) ? MS_SYNC : MS_ASYNC) == 0,
				"msync");
		break;
	case 18:
		if (!below(4))
			madvise((void *)maps[f].base, MAX_BYTES, MADV_DONTNEED);
		else if (!below(4))
			sys_obj_evict(fds[f], 0, ~0u);
		break;
	case 19:
		EXPECT(fstat(fds[f], &st) == 0 && (uint32_t)st.st_size == m->size,
			"fstat says %ld, model %lu", (long)st.st_size, (unsigned long)m->size);
		break;
	}
	give(m);
}

static void run(unsigned operations, bool tell)
{
	for (unsigned f = 0; f < FILES; f++) {
		/* Others may be at work already, and a file that they rename has no name for a moment. */
		take(&shared->files[f]);
		fds[f] = open(names[f], O_RDWR);
		EXPECT(fds[f] >= 0, "open: errno %d", errno);
		give(&shared->files[f]);
		maps[f].base = NULL;
		remap(f);
	}
	for (unsigned i = 0; i < operations; i++) {
		step();
		if (tell && i && i % 20000 == 0) { /* a slow machine is not a stalled one */
			printf("%u of %u\n", i, operations);
			fflush(stdout);
		}
		if (below(4000) == 0) { /* a child goes on in our place, with our mappings */
			int status;
			pid_t child = fork();

			EXPECT(child >= 0, "fork");
			if (child == 0) {
				for (unsigned k = 0; k < 200; k++)
					step();
				_exit(0);
			}
			EXPECT(waitpid(child, &status, 0) == child && status == 0,
				"the child ended with %d", status);
		}
	}
}

int test_exerciser(int argc, char **argv)
{
	unsigned operations = argc > 1 ? (unsigned)atoi(argv[1]) : 20000;
	uint32_t first = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : (uint32_t)time(NULL) | 1;
	int status;

	printf("seed %lu: replay with t-promise exerciser %u %lu\n", (unsigned long)first,
		operations, (unsigned long)first);
	fflush(stdout);
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	EXPECT(shared != MAP_FAILED, "mmap");
	for (unsigned f = 0; f < FILES; f++)
		EXPECT(close(open(names[f], O_RDWR | O_CREAT | O_TRUNC, 0644)) == 0, "create");
	for (unsigned p = 0; p < PROCESSES; p++)
		if (fork() == 0) {
			seed = first * (2 * p + 3) + p;
			run(operations / PROCESSES, p == 0);
			_exit(0);
		}
	for (unsigned p = 0; p < PROCESSES; p++)
		EXPECT(waitpid(-1, &status, 0) > 0 && status == 0, "a process ended with %d",
			status);
	for (unsigned f = 0; f < FILES; f++) {
		struct file_model *m = &shared->files[f];
		static uint8_t whole[MAX_BYTES + 1];
		int fd = open(names[f], O_RDONLY);

		EXPECT(read(fd, whole, sizeof(whole)) == (ssize_t)m->size,
			"the size of file %u at the end", f);
		check_bytes(m, 0, whole, m->size, "at the end");
		close(fd);
	}
	sync();
	printf("exerciser: %u operations\n", operations);
	return 0;
}
