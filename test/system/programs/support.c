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

/* baseline save FILE | strict FILE | files FILE: strict for tests that touch no file; after others the
 * file servers may keep caches, so only processes, threads and spaces must be back. */
int test_baseline(int argc, char **argv)
{
	struct quire_info_memory now, then = {0};

	EXPECT(argc == 3, "baseline WHAT FILE");
	int fd = open(argv[2], O_RDWR | O_CREAT, 0600);

	EXPECT(fd >= 0, "open %s", argv[2]);
	EXPECT(!strcmp(argv[1], "save") ? write(fd, &then, sizeof(then)) == sizeof(then) : true, "room");
	lseek(fd, 0, SEEK_SET);
	now = memory_now(); /* with the file open and as large, now as later */
	if (!strcmp(argv[1], "save")) {
		EXPECT(write(fd, &now, sizeof(now)) == sizeof(now), "write");
		return 0;
	}
	EXPECT(read(fd, &then, sizeof(then)) == sizeof(then), "read");
	/* The dead are buried by idle harts a little later. */
	for (int i = 0; i < 50; i++) {
		now = memory_now();
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
		NO_MORE(commit_used, 8);
		/* A server may have come to need a page or two more; a leak is one a round. */
		EXPECT(now.frames_private <= then.frames_private + 8, "private frames: %lu, were %lu",
			(unsigned long)now.frames_private, (unsigned long)then.frames_private);
		EXPECT(now.frames_table <= then.frames_table + 2, "page tables: %lu, were %lu",
			(unsigned long)now.frames_table, (unsigned long)then.frames_table);
	}
	return 0;
}
