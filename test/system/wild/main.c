/* t-wild: coherence failures that real systems had, as tests. Each takes no argument but its name.
 *
 * Every test says at its head which defect it is for and how to put the defect back into this tree, so
 * that anyone can see it fail: a test that cannot fail shows nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <quire/info.h>
#include <quire/sys.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u
#define EXPECT(cond, ...)                                                \
	do {                                                             \
		if (!(cond)) {                                           \
			printf("FAILED line %d: %s: ", __LINE__, #cond); \
			printf(__VA_ARGS__);                             \
			printf("\n");                                    \
			fflush(stdout);                                  \
			_exit(1);                                        \
		}                                                        \
	} while (0)

static void *map(int fd, uint32_t bytes, int prot)
{
	void *p = mmap(NULL, bytes, prot, MAP_SHARED, fd, 0);

	EXPECT(p != MAP_FAILED, "mmap: errno %d", errno);
	return p;
}

static volatile uint32_t *shared_words(void)
{
	void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	EXPECT(p != MAP_FAILED, "mmap of shared words");
	return p;
}

static void join(pid_t child)
{
	int status;

	if (child == 0) /* look_after() has seen it end */
		return;
	EXPECT(waitpid(child, &status, 0) == child && status == 0,
		"the other process ended with %d", status);
}

/* While waiting for the other process to do something: it must not have failed. It may just have ended
 * well, having done it. */
static void look_after(pid_t *child)
{
	int status;

	if (*child > 0 && waitpid(*child, &status, WNOHANG) == *child) {
		EXPECT(status == 0, "the other process ended with %d", status);
		*child = 0;
	}
}

static uint32_t frame_of(const volatile void *address)
{
	struct quire_info_page p = {.pid = getpid()};

	EXPECT(sys_info(QUIRE_INFO_PAGE, (uint32_t)(uintptr_t)address, &p, sizeof(p)) > 0,
		"the page is known");
	return (uint32_t)p.frame;
}

/* MINIX 3, issue 90: a block goes from metadata to data (or back) and its copy in the other cache
 * survives, so that the mapping and the disk go out of step. Blocks are reassigned here as often as a
 * small full disk lets them: directories become files and files directories.
 * To put it back: in the ext2 server let balloc's free of a block neither freeze the block nor call
 * meta_forget(), so that a directory's dirty block is still written after it has become file data. */
static void reassign(void)
{
	static uint8_t want[16 * PAGE], got[16 * PAGE];
	char name[80];

	for (unsigned round = 0; round < 30; round++) {
		mkdir("/wild.d", 0755);
		for (unsigned i = 0; i < 200; i++) {
			snprintf(name, sizeof(name),
				"/wild.d/%03u-a-name-long-enough-to-fill-a-block-soon-%u", i,
				round);
			EXPECT(close(open(name, O_WRONLY | O_CREAT, 0644)) == 0, "create %s", name);
		}
		if (round & 1)
			sync();
		for (unsigned i = 0; i < 200; i++) {
			snprintf(name, sizeof(name),
				"/wild.d/%03u-a-name-long-enough-to-fill-a-block-soon-%u", i,
				round);
			EXPECT(unlink(name) == 0, "unlink %s", name);
		}
		EXPECT(rmdir("/wild.d") == 0, "rmdir: errno %d", errno);
		if (round & 2)
			sync(); /* blocks that were freed may be taken again from here on */
		int fd = open("/wild.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);

		EXPECT(fd >= 0, "open");
		memset(want, 'A' + (int)(round % 26), sizeof(want));
		EXPECT(write(fd, want, sizeof(want)) == (ssize_t)sizeof(want), "write: errno %d",
			errno);
		uint8_t *p = map(fd, sizeof(want), PROT_READ | PROT_WRITE);

		for (unsigned i = 0; i < sizeof(want); i += 500)
			p[i] = want[i] = (uint8_t)round;
		EXPECT(fsync(fd) == 0, "fsync");
		sync();
		EXPECT(!memcmp(p, want, sizeof(want)),
			"the mapping after the blocks' old owner was written");
		munmap(p, sizeof(want));
		sys_obj_evict(fd, 0, ~0u);
		EXPECT(pread(fd, got, sizeof(got), 0) == (ssize_t)sizeof(got), "pread");
		for (unsigned i = 0; i < sizeof(got); i++)
			EXPECT(got[i] == want[i],
				"round %u: byte %x from the disk is %02x, not %02x", round, i,
				got[i], want[i]);
		close(fd);
		if (round % 3 == 0)
			unlink("/wild.dat");
	}
}

/* OpenZFS 14548: a page is written by write() and faulted in at once, and the mapper sees zeros where
 * no zero ever was. One process appends bytes that are never zero; another maps beyond the end and looks
 * at every byte below the size, by mapping and by read().
 * To put it back: in mm/objectio.c let write_new_page() enter a zeroed frame in the slot and move the
 * size first, and copy the bytes in afterwards, with no lock held. */
static void zeros(void)
{
	enum { PAGES = 256 };
	static uint8_t block[3 * PAGE + 100];
	volatile uint32_t *word = shared_words();

	memset(block, 0x5a, sizeof(block));
	for (unsigned round = 0; round < 8; round++) {
		int fd = open("/wild.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);

		EXPECT(fd >= 0, "open");
		word[0] = 0;
		pid_t child = fork();

		if (child == 0) {
			while ((uint32_t)lseek(fd, 0, SEEK_CUR) + sizeof(block) < PAGES * PAGE)
				EXPECT(write(fd, block, 1 + (unsigned)rand() % sizeof(block)) > 0,
					"write");
			word[0] = 1;
			_exit(0);
		}
		int reader = open("/wild.dat", O_RDONLY);
		volatile uint8_t *p = map(reader, PAGES * PAGE, PROT_READ);
		uint32_t seen = 0;

		for (bool last = false; !last;) {
			struct stat st;
			uint8_t tail;

			last = word[0] != 0;
			EXPECT(fstat(reader, &st) == 0, "fstat");
			uint32_t size = (uint32_t)st.st_size;

			EXPECT(size >= seen, "the size goes up");
			for (uint32_t i = seen; i < size; i += 1 + (i & 63))
				EXPECT(p[i] == 0x5a, "byte %lx below the size is %02x",
					(unsigned long)i, p[i]);
			if (size > seen)
				EXPECT(p[size - 1] == 0x5a &&
						pread(reader, &tail, 1, (off_t)(size - 1)) == 1 &&
						tail == 0x5a,
					"the last byte, %lx", (unsigned long)(size - 1));
			seen = size;
			look_after(&child);
		}
		join(child);
		munmap((void *)p, PAGES * PAGE);
		close(reader);
		close(fd);
	}
}

static void refused(int signal)
{
	(void)signal;
	static const char text[] = "FAILED: a legal store was refused\n";

	write(1, text, sizeof(text) - 1);
	_exit(1);
}

/* SerenityOS 24911: a page that another process has dirtied already refuses a legal store. Each process
 * reads the page while it is clean (so that its entry is read-only), one stores, then the other.
 * To put it back: in fault_map_object() send SIGSEGV when a store finds the entry present and the page
 * dirty, as if only a clean page could be stored to for the first time. */
static void dirtied(void)
{
	volatile uint32_t *word = shared_words();
	int fd = open("/wild.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);

	EXPECT(fd >= 0 && ftruncate(fd, 8 * PAGE) == 0, "set-up");
	signal(SIGSEGV, refused);
	signal(SIGBUS, refused);
	volatile uint32_t *p = map(fd, 8 * PAGE, PROT_READ | PROT_WRITE);
	pid_t child = fork();
	unsigned me = child == 0;

	for (uint32_t round = 0; round < 200; round++) {
		volatile uint32_t *page = p + (round % 8) * (PAGE / 4);

		if (!me)
			EXPECT(fsync(fd) == 0, "fsync"); /* clean: nobody has a writable entry */
		for (unsigned turn = 0; turn < 2; turn++) {
			__atomic_fetch_add(&word[0], 1, __ATOMIC_SEQ_CST);
			while (__atomic_load_n(&word[0], __ATOMIC_SEQ_CST) <
				4 * round + 2 * turn + 2)
				sys_yield();
			if (turn == 0)
				(void)page[0]; /* both read, and have the page read-only */
		}
		for (unsigned turn = 0; turn < 2; turn++) {
			if (turn == ((round + me) & 1))
				page[me] = round;
			__atomic_fetch_add(&word[1], 1, __ATOMIC_SEQ_CST);
			while (__atomic_load_n(&word[1], __ATOMIC_SEQ_CST) <
				4 * round + 2 * turn + 2)
				sys_yield();
		}
		EXPECT(page[0] == round && page[1] == round, "round %lu: both stores are there",
			(unsigned long)round);
	}
	if (me)
		_exit(0);
	join(child);
}

/* Two objects for one file, the classic failure of an external pager: two opens at once, or by two
 * names, each get a cache of their own.
 * To put it back: in the ext2 server let file_object() make a new object although the inode has one. The
 * pager's answers then go to the newest, and who waits at an older one waits for ever: so the objects are
 * counted before a page is touched. */
static unsigned objects_of(uint32_t key, uint32_t size)
{
	struct quire_info_object o;
	unsigned count = 0;

	/* Another server may use the number too, but not for a file of this size. */
	for (uint32_t i = 0; sys_info(QUIRE_INFO_OBJECT, i, &o, sizeof(o)) > 0; i = o.id + 1)
		count += o.key == key && o.size == size;
	return count;
}

static void no_page(int signal)
{
	(void)signal;
	static const char text[] =
		"FAILED: the file that was opened lacks the page that was written: another object\n";

	write(1, text, sizeof(text) - 1);
	_exit(1);
}

static void one_object(void)
{
	enum { SIZE = PAGE - 77 };

	signal(SIGBUS, no_page);
	for (unsigned round = 0; round < 20; round++) {
		volatile uint32_t *word = shared_words();
		int made = open("/wild.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);
		char byte = (char)round;

		EXPECT(made >= 0 && pwrite(made, &byte, 1, SIZE - 1) == 1, "create");
		close(made);
		unlink("/wild.2");
		EXPECT(link("/wild.dat", "/wild.2") == 0, "link");
		pid_t child = fork();
		const unsigned me = child == 0; /* look_after() forgets a child that has ended */
		const char *name = me ? "/wild.2" : "/wild.dat";

		__atomic_fetch_add(&word[0], 1, __ATOMIC_SEQ_CST);
		while (word[0] < 2)
			sys_yield();
		int fd = open(name, O_RDWR); /* both at once */
		volatile uint32_t *p = map(fd, PAGE, PROT_READ | PROT_WRITE);

		struct stat st;

		EXPECT(fd >= 0 && fstat(fd, &st) == 0, "open");
		__atomic_fetch_add(&word[4], 1, __ATOMIC_SEQ_CST);
		while (word[4] < 2) {
			look_after(&child);
			sys_yield();
		}
		unsigned objects = objects_of((uint32_t)st.st_ino, SIZE);

		EXPECT(objects == 1, "inode %lu has %u objects, each with a cache of its own",
			(unsigned long)st.st_ino, objects);
		p[me] = 0x1000 + round;
		word[2 + me] = frame_of(p);
		__atomic_fetch_add(&word[1], 1, __ATOMIC_SEQ_CST);
		while (word[1] < 2) {
			look_after(&child);
			sys_yield();
		}
		EXPECT(word[2] == word[3], "one frame: %lx and %lx", (unsigned long)word[2],
			(unsigned long)word[3]);
		EXPECT(p[0] == 0x1000 + round && p[1] == 0x1000 + round, "both stores are seen");
		if (me)
			_exit(0);
		join(child);
		munmap((void *)p, PAGE);
		close(fd);
		munmap((void *)word, PAGE);
	}
}

/* OpenBSD: write() is not seen by who has the file mapped, nor a store by read(), since the file has a
 * buffer cache beside the page cache.
 * To put it back: in mm/objectio.c let write_step() put a copy of the page into the slot and write to
 * that, leaving the mappings with the old frame. */
static void unseen(void)
{
	volatile uint32_t *word = shared_words();
	int fd = open("/wild.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);

	EXPECT(fd >= 0 && ftruncate(fd, 4 * PAGE) == 0, "set-up");
	volatile uint32_t *p = map(fd, 4 * PAGE, PROT_READ | PROT_WRITE);
	pid_t child = fork();

	if (child == 0) {
		for (uint32_t round = 1; round <= 300; round++) {
			uint32_t at = (round % 4) * PAGE + 4 * (round % 7), value;

			while (word[0] != round)
				sys_yield();
			EXPECT(p[at / 4] == round, "round %lu: the mapper sees %lx",
				(unsigned long)round, (unsigned long)p[at / 4]);
			p[at / 4 + 1] = ~round;
			EXPECT(pread(fd, &value, 4, (off_t)at + 4) == 4 && value == ~round,
				"read sees a store");
			word[1] = round;
		}
		_exit(0);
	}
	for (uint32_t round = 1; round <= 300; round++) {
		uint32_t at = (round % 4) * PAGE + 4 * (round % 7), value;

		(void)p[at / 4]; /* mapped here before the write */
		EXPECT(pwrite(fd, &round, 4, (off_t)at) == 4, "pwrite");
		EXPECT(p[at / 4] == round, "round %lu: my own mapping sees %lx",
			(unsigned long)round, (unsigned long)p[at / 4]);
		word[0] = round;
		while (word[1] != round) {
			look_after(&child);
			sys_yield();
		}
		EXPECT(pread(fd, &value, 4, (off_t)at + 4) == 4 && value == ~round,
			"read sees another's store");
		if (round % 50 == 0) {
			EXPECT(fsync(fd) == 0, "fsync");
			sys_obj_evict(fd, 0, ~0u);
		}
	}
	join(child);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {{"reassign", reassign}, {"zeros", zeros}, {"dirtied", dirtied},
	{"one-object", one_object}, {"unseen", unseen}};

/* A defect may also show in that somebody waits for ever, perhaps in a page fault, where he can't tell. So
 * the test runs in a process group of its own, and this one looks at the clock. */
static int run_watched(void (*run)(void), const char *name)
{
	const uint64_t end = sys_clock(QUIRE_CLOCK_MONOTONIC) + 600 * 1000000000ull;
	int status;
	pid_t runner = fork();

	EXPECT(runner >= 0, "fork");
	if (runner == 0) {
		setpgid(0, 0);
		run();
		printf("%s: held\n", name);
		fflush(stdout);
		_exit(0);
	}
	while (sys_clock(QUIRE_CLOCK_MONOTONIC) < end) {
		if (waitpid(runner, &status, WNOHANG) == runner) {
			if (WIFSIGNALED(status)) /* else it has said what is wrong itself */
				printf("FAILED: %s: killed by signal %d\n", name, WTERMSIG(status));
			return status != 0;
		}
		usleep(10000);
	}
	printf("FAILED: %s: somebody waits for ever\n", name);
	fflush(stdout);
	kill(-runner, SIGKILL);
	return 1;
}

int main(int argc, char **argv)
{
	for (unsigned i = 0; argc == 2 && i < sizeof(tests) / sizeof(tests[0]); i++)
		if (!strcmp(argv[1], tests[i].name))
			return run_watched(tests[i].run, argv[1]);
	fprintf(stderr, "usage: t-wild reassign|zeros|dirtied|one-object|unseen\n");
	return 2;
}
