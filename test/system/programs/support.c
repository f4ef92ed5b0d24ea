/* Assertions, counts, and the baseline: what must be back when a test's processes have gone. */
#include "promise.h"
#include <fcntl.h>
#include <stdarg.h>

void fail(const char *file, int line, const char *condition, const char *format, ...)
{
	va_list ap;

	printf("FAILED %s:%d: %s: ", file, line, condition);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

uint32_t next_random(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

struct quire_info_memory memory_now(void)
{
	struct quire_info_memory m;

	EXPECT(sys_info(QUIRE_INFO_MEMORY, 0, &m, sizeof(m)) > 0, "the kernel tells of memory");
	return m;
}

struct quire_info_process self_now(void)
{
	struct quire_info_process p;

	EXPECT(sys_info(QUIRE_INFO_PROCESS, (uint32_t)getpid(), &p, sizeof(p)) > 0, "the kernel tells of us");
	return p;
}

struct quire_info_page page_of(int pid, const volatile void *address)
{
	struct quire_info_page p = {.pid = pid ? pid : getpid()};

	EXPECT(sys_info(QUIRE_INFO_PAGE, (uint32_t)(uintptr_t)address, &p, sizeof(p)) > 0, "the page is known");
	return p;
}

struct quire_info_hart harts_now(void)
{
	struct quire_info_hart sum = {0}, h;

	for (uint32_t i = 0; sys_info(QUIRE_INFO_HART, i, &h, sizeof(h)) > 0; i = h.index + 1) {
		sum.fences_sent += h.fences_sent;
		sum.fence_targets += h.fence_targets;
		sum.fences_avoided += h.fences_avoided;
		sum.cow_copies += h.cow_copies;
		sum.ipc_calls += h.ipc_calls;
		for (int k = 0; k < 8; k++)
			sum.faults[k] += h.faults[k];
	}
	return sum;
}

unsigned hart_count(void)
{
	struct quire_info_hart h;
	unsigned n = 0;

	for (uint32_t i = 0; sys_info(QUIRE_INFO_HART, i, &h, sizeof(h)) > 0; i = h.index + 1)
		n++;
	return n;
}

void pin(unsigned hart)
{
	sys_affinity(0, 1u << hart);
	sys_yield();
	EXPECT((unsigned)sys_getcpu() == hart, "pinned to hart %u", hart);
}

/* What the living processes are charged: the rest of what is charged belongs to objects and the kernel. */
static uint32_t commit_of_processes(void)
{
	struct quire_info_process p;
	uint32_t sum = 0;

	for (uint32_t pid = 1; sys_info(QUIRE_INFO_PROCESS, pid, &p, sizeof(p)) > 0; pid = (uint32_t)p.pid + 1)
		sum += p.commit;
	return sum;
}

#define SERVER_SLACK 2 /* pages that servers may have come to need: none are seen on an idle machine */

struct baseline {
	struct quire_info_memory memory;
	uint32_t process_commit;
};

static struct baseline baseline_now(void)
{
	struct baseline b = {memory_now(), commit_of_processes()};

	return b;
}

/* baseline save FILE | strict FILE | files FILE: strict for tests that touch no file; after others the
 * file servers may keep caches, so only processes, threads and spaces must be back. */
int test_baseline(int argc, char **argv)
{
	struct baseline saved = {0}, found;
	struct quire_info_memory now, then;

	EXPECT(argc == 3, "baseline WHAT FILE");
	int fd = open(argv[2], O_RDWR | O_CREAT, 0600);

	EXPECT(fd >= 0, "open %s", argv[2]);
	EXPECT(!strcmp(argv[1], "save") ? write(fd, &saved, sizeof(saved)) == sizeof(saved) : true, "room");
	lseek(fd, 0, SEEK_SET);
	EXPECT(read(fd, &saved, sizeof(saved)) == sizeof(saved), "read");
	then = saved.memory;
	usleep(20000);
	found = baseline_now(); /* with the file open, as large and read, and all touched, now as later */
	if (!strcmp(argv[1], "save")) {
		lseek(fd, 0, SEEK_SET);
		EXPECT(write(fd, &found, sizeof(found)) == sizeof(found), "write");
		return 0;
	}
	/* The dead are buried by idle harts a little later. */
	for (int i = 0; i < 50; i++) {
		found = baseline_now();
		now = found.memory;
		if (now.processes == then.processes && now.threads == then.threads && now.spaces == then.spaces &&
			(strcmp(argv[1], "strict") ||
				(now.commit_used <= then.commit_used && now.handles <= then.handles)))
			break;
		usleep(20000);
	}
#define SAME(field) EXPECT(now.field == then.field, #field " is %lu, was %lu", (unsigned long)now.field, (unsigned long)then.field)
/* Less is no leak: a server may have been in the middle of something when the baseline was taken. */
#define NO_MORE(field, slack)                                                                            \
	EXPECT(now.field <= then.field + (slack), #field " is %lu, was %lu", (unsigned long)now.field, \
		(unsigned long)then.field)
	SAME(processes);
	SAME(threads);
	SAME(spaces);
	if (!strcmp(argv[1], "strict")) {
		NO_MORE(regions, 0);
		NO_MORE(objects, 0);
		NO_MORE(handles, 0);
		NO_MORE(ports, 0);
		NO_MORE(channels, 0);
		/* Exactly what objects and the kernel are charged; a server's heap may have grown a little. */
		EXPECT(now.commit_used - found.process_commit <= then.commit_used - saved.process_commit,
			"charged to no process: %lu pages, were %lu", (unsigned long)(now.commit_used - found.process_commit),
			(unsigned long)(then.commit_used - saved.process_commit));
		EXPECT(found.process_commit <= saved.process_commit + SERVER_SLACK, "processes are charged %lu pages, were %lu",
			(unsigned long)found.process_commit, (unsigned long)saved.process_commit);
		printf("baseline: %ld pages more to servers, %ld private frames, %ld tables\n",
			(long)(found.process_commit - saved.process_commit), (long)(now.frames_private - then.frames_private),
			(long)(now.frames_table - then.frames_table));
		/* A leak is one a round. */
		EXPECT(now.frames_private <= then.frames_private + SERVER_SLACK, "private frames: %lu, were %lu",
			(unsigned long)now.frames_private, (unsigned long)then.frames_private);
		EXPECT(now.frames_table <= then.frames_table + 1, "page tables: %lu, were %lu",
			(unsigned long)now.frames_table, (unsigned long)then.frames_table);
	}
	return 0;
}
