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

	EXPECT(sys_info(QUIRE_INFO_PROCESS, (uint32_t)getpid(), &p, sizeof(p)) > 0,
		"the kernel tells of us");
	return p;
}

struct quire_info_page page_of(int pid, const volatile void *address)
{
	struct quire_info_page p = {.pid = pid ? pid : getpid()};

	EXPECT(sys_info(QUIRE_INFO_PAGE, (uint32_t)(uintptr_t)address, &p, sizeof(p)) > 0,
		"the page is known");
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

/* Who waits looks again for about as long as a holder needs that does run. It makes no call, so its hart is in its
 * address space all the while and changes there have to reach it. Then it sleeps: with fewer processors than harts
 * the holder may be waiting for the one that the looking takes up. 2 is held, with somebody asleep. */
#define LOCK_SPINS 20000

void share_lock(volatile uint32_t *word)
{
	for (unsigned i = 0; i < LOCK_SPINS; i++) {
		uint32_t free = 0;

		if (!*word && __atomic_compare_exchange_n(
				      word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
	}
	while (__atomic_exchange_n(word, 2, __ATOMIC_ACQUIRE) != 0)
		sys_futex_wait(word, 2, QUIRE_FOREVER);
}

void share_unlock(volatile uint32_t *word)
{
	if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) == 2)
		sys_futex_wake(word, 1);
}

/* pages that servers may have come to need: none are seen on an idle machine */
#define SERVER_SLACK 2
#define LOOKS	     3000
#define LOOK_US	     20000

struct baseline {
	struct quire_info_memory memory;
	/* what the living processes are charged: the rest is for objects and the kernel */
	uint32_t process_commit;
	uint32_t living, living_threads;
};

static struct baseline baseline_now(void)
{
	struct baseline b = {.memory = memory_now()};
	struct quire_info_process p;

	for (uint32_t pid = 1; sys_info(QUIRE_INFO_PROCESS, pid, &p, sizeof(p)) > 0;
		pid = (uint32_t)p.pid + 1) {
		b.process_commit += p.commit;
		b.living++;
		b.living_threads += p.threads;
	}
	return b;
}

/* Idle harts bury the dead a little later, and then their counts go. */
static bool all_buried(const struct baseline *b)
{
	return b->memory.processes == b->living && b->memory.threads == b->living_threads;
}

/* What strict demands, all at one moment. */
static bool is_back(const struct baseline *found, const struct baseline *saved, bool strict)
{
	const struct quire_info_memory *now = &found->memory, *then = &saved->memory;

	if (now->processes != then->processes || now->threads != then->threads ||
		now->spaces != then->spaces)
		return false;
	return !strict || (now->regions <= then->regions && now->objects <= then->objects &&
				  now->handles <= then->handles && now->ports <= then->ports &&
				  now->channels <= then->channels &&
				  now->commit_used - found->process_commit <=
					  then->commit_used - saved->process_commit &&
				  found->process_commit <= saved->process_commit + SERVER_SLACK &&
				  now->frames_private <= then->frames_private + SERVER_SLACK &&
				  now->frames_table <= then->frames_table + 1);
}

/* baseline save FILE | strict FILE | files FILE: strict for tests that touch no file; after others the
 * file servers may keep caches, so only processes, threads and spaces must be back. */
int test_baseline(int argc, char **argv)
{
	struct baseline saved = {0}, found;
	struct quire_info_memory now, then;

	EXPECT(argc == 3, "baseline WHAT FILE");
	bool save = !strcmp(argv[1], "save"), strict = !strcmp(argv[1], "strict");
	int fd = open(argv[2], O_RDWR | O_CREAT, 0600);

	EXPECT(fd >= 0, "open %s", argv[2]);
	EXPECT(save ? write(fd, &saved, sizeof(saved)) == sizeof(saved) : true, "room");
	lseek(fd, 0, SEEK_SET);
	EXPECT(read(fd, &saved, sizeof(saved)) == sizeof(saved), "read");
	/* With the file open, as large and read, and all touched, now as later. */
	for (int i = 0; i < LOOKS; i++) {
		usleep(LOOK_US);
		found = baseline_now();
		if (save ? all_buried(&found) : is_back(&found, &saved, strict))
			break;
	}
	now = found.memory;
	then = saved.memory;
	if (save) {
		EXPECT(all_buried(&found), "%lu processes and %lu threads live of %lu and %lu",
			(unsigned long)found.living, (unsigned long)found.living_threads,
			(unsigned long)now.processes, (unsigned long)now.threads);
		lseek(fd, 0, SEEK_SET);
		EXPECT(write(fd, &found, sizeof(found)) == sizeof(found), "write");
		return 0;
	}
#define SAME(field)                                                                          \
	EXPECT(now.field == then.field, #field " is %lu, was %lu", (unsigned long)now.field, \
		(unsigned long)then.field)
/* Less is no leak: a server may have been in the middle of something when the baseline was taken. */
#define NO_MORE(field, slack)                                                \
	EXPECT(now.field <= then.field + (slack), #field " is %lu, was %lu", \
		(unsigned long)now.field, (unsigned long)then.field)
	SAME(processes);
	SAME(threads);
	SAME(spaces);
	if (strict) {
		NO_MORE(regions, 0);
		NO_MORE(objects, 0);
		NO_MORE(handles, 0);
		NO_MORE(ports, 0);
		NO_MORE(channels, 0);
		/* Exactly what objects and the kernel are charged; a server's heap may have grown a little. */
		EXPECT(now.commit_used - found.process_commit <=
				then.commit_used - saved.process_commit,
			"charged to no process: %lu pages, were %lu",
			(unsigned long)(now.commit_used - found.process_commit),
			(unsigned long)(then.commit_used - saved.process_commit));
		EXPECT(found.process_commit <= saved.process_commit + SERVER_SLACK,
			"processes are charged %lu pages, were %lu",
			(unsigned long)found.process_commit, (unsigned long)saved.process_commit);
		printf("baseline: %ld pages more to servers, %ld private frames, %ld tables\n",
			(long)(found.process_commit - saved.process_commit),
			(long)(now.frames_private - then.frames_private),
			(long)(now.frames_table - then.frames_table));
		/* A leak is one a round. */
		EXPECT(now.frames_private <= then.frames_private + SERVER_SLACK,
			"private frames: %lu, were %lu", (unsigned long)now.frames_private,
			(unsigned long)then.frames_private);
		EXPECT(now.frames_table <= then.frames_table + 1, "page tables: %lu, were %lu",
			(unsigned long)now.frames_table, (unsigned long)then.frames_table);
	}
	return 0;
}
