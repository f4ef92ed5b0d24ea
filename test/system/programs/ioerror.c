/* A disk that fails: what cannot be read is EIO and SIGBUS, for the pages concerned and no others; what
 * cannot be written is EIO at fsync and msync, stays in memory, and is written when the disk lets it. The
 * runner says which sectors fail, in QEMU. */
#include "promise.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

static sigjmp_buf back;
static void *volatile fault_address;

static void on_bus_error(int signal, siginfo_t *info, void *context)
{
	(void)context;
	fault_address = info->si_addr;
	siglongjmp(back, signal);
}

static uint8_t expected(unsigned page)
{
	return (uint8_t)('A' + page);
}

/* ioerror read FILE PAGE PAGES: page PAGE of the file, whose page n is full of 'A' + n, is unreadable. */
static void unreadable(const char *path, unsigned bad, unsigned pages)
{
	static uint8_t bytes[PAGE];
	struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
	int fd = open(path, O_RDONLY);

	EXPECT(fd >= 0 && sigaction(SIGBUS, &action, NULL) == 0, "open %s", path);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < pages; i++) {
			errno = 0;
			ssize_t n = pread(fd, bytes, PAGE, i * PAGE);

			if (i == bad)
				EXPECT(n < 0 && errno == EIO, "page %u reads as %ld, errno %d", i,
					(long)n, errno);
			else
				EXPECT(n == PAGE && bytes[0] == expected(i) &&
						bytes[PAGE - 1] == expected(i),
					"page %u reads as %ld, errno %d, %02x", i, (long)n, errno,
					bytes[0]);
		}
		volatile uint8_t *p = mmap(
			NULL, pages * PAGE, PROT_READ, round ? MAP_SHARED : MAP_PRIVATE, fd, 0);

		EXPECT(p != MAP_FAILED, "mmap");
		for (unsigned i = 0; i < pages; i++) {
			int signal = sigsetjmp(back, 1);

			if (signal == 0) {
				EXPECT(p[i * PAGE + 7] == expected(i), "page %u as mapped is %02x",
					i, p[i * PAGE + 7]);
				EXPECT(i != bad, "page %u can't be there", i);
			} else {
				EXPECT(i == bad && fault_address == (void *)(p + i * PAGE + 7),
					"SIGBUS at %p, page %u", fault_address, i);
			}
		}
		munmap((void *)p, pages * PAGE);
		sys_obj_evict(fd, 0, pages);
	}
	/* A read across the page ends there or fails, but does not make up bytes. */
	static uint8_t all[16 * PAGE];
	ssize_t n = pread(fd, all, pages * PAGE, 0);

	EXPECT(n == (ssize_t)(bad * PAGE) || (n < 0 && errno == EIO), "a long read: %ld", (long)n);
	close(fd);
	printf("ioerror: page %u is EIO and SIGBUS, its neighbours are themselves\n", bad);
}

/* ioerror write FILE PAGE once|always: writes of that page fail, the first or all. */
static void unwritable(const char *path, unsigned bad, bool always)
{
	static uint8_t bytes[PAGE], got[PAGE];
	int fd = open(path, O_RDWR);
	volatile uint8_t *p =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)(bad * PAGE));
	unsigned failures = 0;

	EXPECT(fd >= 0 && p != MAP_FAILED, "open %s", path);
	memset(bytes, 'w', PAGE);
	EXPECT(pwrite(fd, bytes, PAGE, (off_t)(bad * PAGE)) == PAGE, "write");
	for (unsigned i = 0; i < 4; i++) {
		errno = 0;
		int failed = i & 1 ? msync((void *)p, PAGE, MS_SYNC) : fsync(fd);

		EXPECT(failed == 0 || errno == EIO, "errno %d", errno);
		failures += failed != 0;
		EXPECT(pread(fd, got, PAGE, (off_t)(bad * PAGE)) == PAGE &&
				!memcmp(got, bytes, PAGE) && p[1] == 'w',
			"what could not be written is still there");
		if (always) {
			EXPECT(failed, "sync %u of what can't be written", i);
			p[0] = bytes[0] = (uint8_t)('0' + i); /* and can be changed */
		}
	}
	EXPECT(always || failures <= 1, "%u failures though the disk failed once", failures);
	/* The rest of the file is not held up by it. */
	memset(bytes, 'r', PAGE);
	EXPECT(pwrite(fd, bytes, PAGE, 0) == PAGE, "write of another page");
	EXPECT(!always ? fsync(fd) == 0 : fsync(fd) < 0 && errno == EIO,
		"fsync of the file: errno %d", errno);
	munmap((void *)p, PAGE);
	close(fd);
	printf("ioerror: %u times EIO\n", failures);
}

/* ioerror sync FILE: nothing gets to the disk at all. */
static void unsyncable(const char *path)
{
	int fd = open(path, O_RDWR);

	EXPECT(fd >= 0 && pwrite(fd, "s", 1, 0) == 1, "a change");
	EXPECT(fsync(fd) < 0 && errno == EIO, "fsync tells: errno %d", errno);
	EXPECT(fsync(fd) < 0 && errno == EIO, "and again: errno %d", errno);
	close(fd);
	printf("ioerror: fsync is EIO\n");
}

int test_ioerror(int argc, char **argv)
{
	EXPECT(argc >= 3, "ioerror read|write|sync FILE ...");
	if (!strcmp(argv[1], "read"))
		unreadable(argv[2], (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
	else if (!strcmp(argv[1], "write"))
		unwritable(argv[2], (unsigned)atoi(argv[3]), !strcmp(argv[4], "always"));
	else
		unsyncable(argv[2]);
	return 0;
}
