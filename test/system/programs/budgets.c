/* Nobody is disturbed in vain: how many remote fences, requests to a pager, calls to a driver and interrupts
 * an operation may cost, counted by the kernel's own trace. Events carry the thread that caused them, so
 * what servers do meanwhile is not counted as ours; where it can't be told apart (a driver's interrupts),
 * the least of several tries counts.
 *
 *     fault on a resident page of a file     no fence, no request, no wait
 *     first store to a clean page            no fence, no request, no wait
 *     page-in                                one request, one call of the driver, one interrupt
 *     munmap of n pages                      a fence for every 64 begun; none if nobody else runs the space
 *     fork                                   one fence
 *     exit                                   none
 *     writeback                              a fence for each mapping space that runs elsewhere, a batch
 */
#include "promise.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define TRIES	  8
#define MOST	  200 /* of tries where others are counted too: until one was without them */
#define AWAIT_MS  60000u
#define PAGES	  256u
#define BATCH	  32u /* QUIRE_RUN_MAX */
#define BLK_READ  2   /* quire/blk.h, which programs don't have */
#define MAPPED_AT 0x48000000u

struct counts {
	unsigned fences, space_fences; /* by the thread looked at; the latter of more than a page */
	unsigned mapped_fences;	       /* in the test's mapping, by anyone */
	unsigned all_fences;
	unsigned fetches, batches; /* of the object looked at */
	unsigned driver_reads, interrupts;
	unsigned wakes; /* of the thread looked at: it had waited. A preemption is none. */
	unsigned lost;
};

static uint32_t watched_tid, watched_key;
static volatile uint32_t stop, beats[32];

static void count(struct counts *n, const struct quire_trace_event *e)
{
	n->lost += e->lost;
	switch (e->kind) {
	case QUIRE_EV_FENCE:
		n->all_fences++;
		n->fences += e->tid == watched_tid;
		n->space_fences += e->tid == watched_tid && e->b != 1;
		n->mapped_fences += e->c >= MAPPED_AT && e->c < MAPPED_AT + PAGES * PAGE;
		break;
	case QUIRE_EV_FETCH: n->fetches += e->a == watched_key; break;
	case QUIRE_EV_WRITEBACK: n->batches += e->a == watched_key; break;
	case QUIRE_EV_CALL: n->driver_reads += e->a == BLK_READ; break;
	case QUIRE_EV_IRQ: n->interrupts++; break;
	case QUIRE_EV_WAKE: n->wakes += e->a == watched_tid; break;
	}
}

static struct counts drain(void)
{
	static struct quire_trace_event events[256];
	struct counts n = {0};

	for (unsigned h = 0; h < hart_count(); h++) {
		int bytes;

		while ((bytes = sys_trace(QUIRE_TRACE_READ, h, events, sizeof(events))) > 0)
			for (unsigned i = 0; i < (unsigned)bytes / sizeof(events[0]); i++)
				count(&n, &events[i]);
		EXPECT(bytes == 0, "reading hart %u's ring", h);
	}
	return n;
}

static void begin(void)
{
	drain();
	sys_trace(QUIRE_TRACE_ENABLE,
		1u << QUIRE_EV_FENCE | 1u << QUIRE_EV_FETCH | 1u << QUIRE_EV_WRITEBACK |
			1u << QUIRE_EV_CALL | 1u << QUIRE_EV_IRQ | 1u << QUIRE_EV_WAKE,
		NULL, 0);
}

static struct counts end(void)
{
	sys_trace(QUIRE_TRACE_ENABLE, 0, NULL, 0);
	return drain();
}

/* Until this space is active on just these harts: a server may have one of them for a moment. */
static void await_harts(uint32_t mask)
{
	for (unsigned i = 0; i < AWAIT_MS && self_now().harts != mask; i++)
		usleep(1000);
	EXPECT(self_now().harts == mask, "the space runs on harts %lx, not %lx",
		(unsigned long)self_now().harts, (unsigned long)mask);
}

static void *spinner(void *arg)
{
	unsigned hart = (unsigned)(uintptr_t)arg;

	pin(hart);
	while (!stop)
		beats[hart]++;
	return NULL;
}

static volatile uint8_t *map(int fd, unsigned pages)
{
	void *p = mmap((void *)MAPPED_AT, pages * PAGE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_FIXED, fd, 0);

	EXPECT(p == (void *)MAPPED_AT, "mmap");
	return p;
}

static void munmaps(int fd, uint32_t harts)
{
	const bool alone = harts == 1;

	static const unsigned sizes[] = {1, 2, 63, 64, 65, 128, PAGES};

	for (unsigned k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		unsigned most = 0, budget = alone ? 0 : (sizes[k] + 63) / 64;

		for (unsigned i = 0; i < TRIES || (i < MOST && !alone && !most); i++) {
			await_harts(harts);
			volatile uint8_t *p = map(fd, sizes[k]);

			for (unsigned page = 0; page < sizes[k]; page++)
				p[page * PAGE] = 1;
			begin();
			EXPECT(munmap((void *)p, sizes[k] * PAGE) == 0, "munmap");
			struct counts n = end();

			EXPECT(n.fences <= budget, "munmap of %u pages: %u fences, budget %u",
				sizes[k], n.fences, budget);
			if (n.fences > most)
				most = n.fences;
		}
		EXPECT(alone || most, "munmap of %u pages fences who runs the space", sizes[k]);
	}
}

/* Loads from resident pages, then first stores to them while they are clean. */
static void resident_faults(int fd)
{
	unsigned load_wakes = ~0u, store_wakes = ~0u;
	static uint8_t page_bytes[PAGE];

	for (unsigned page = 0; page < PAGES; page++)
		EXPECT(pread(fd, page_bytes, PAGE, page * PAGE) == PAGE, "read");
	for (unsigned i = 0; i < TRIES || (i < MOST && (load_wakes || store_wakes)); i++) {
		EXPECT(fsync(fd) == 0, "fsync");
		volatile uint8_t *p = map(fd, PAGES);

		begin();
		for (unsigned page = 0; page < PAGES; page++)
			(void)p[page * PAGE];
		struct counts n = end();

		EXPECT(!n.fences && !n.fetches, "loads of resident pages: %u fences, %u fetches",
			n.fences, n.fetches);
		if (n.wakes < load_wakes)
			load_wakes = n.wakes;
		begin();
		for (unsigned page = 0; page < PAGES; page++)
			p[page * PAGE] = (uint8_t)i;
		n = end();
		EXPECT(!n.fences && !n.fetches,
			"first stores to clean pages: %u fences, %u fetches", n.fences, n.fetches);
		if (n.wakes < store_wakes)
			store_wakes = n.wakes;
		munmap((void *)p, PAGES * PAGE);
	}
	EXPECT(!load_wakes && !store_wakes, "nobody was waited for: %u and %u times", load_wakes,
		store_wakes);
}

static void page_ins(int fd)
{
	unsigned reads = ~0u, interrupts = ~0u, wakes = 0;

	for (unsigned i = 0; i < 2 * TRIES || (i < MOST && (reads != 1 || interrupts != 1)); i++) {
		EXPECT(fsync(fd) == 0, "fsync");
		EXPECT(sys_obj_evict(fd, 0, PAGES) > 0, "pages go");
		volatile uint8_t *p = map(fd, PAGES);

		EXPECT(madvise((void *)p, PAGES * PAGE, MADV_RANDOM) == 0, "madvise");
		begin();
		(void)p[(i % 16) * 8 * PAGE];
		struct counts n = end();

		EXPECT(n.fetches == 1 || n.lost, "a page-in is one request: %u", n.fetches);
		if (!n.lost && n.driver_reads < reads)
			reads = n.driver_reads;
		if (!n.lost && n.interrupts < interrupts)
			interrupts = n.interrupts;
		wakes += n.wakes;
		munmap((void *)p, PAGES * PAGE);
	}
	EXPECT(reads == 1 && interrupts == 1, "a page-in: %u calls of the driver, %u interrupts",
		reads, interrupts);
	EXPECT(wakes > 0, "a page-in is waited for"); /* and that is seen, for resident_faults */
}

/* A child that has run on another hart too, and ends when told. */
static void forks(unsigned harts, uint32_t all)
{
	volatile uint32_t *word =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned most = 0, exit_fences = ~0u;
	int status;

	EXPECT(word != MAP_FAILED, "a shared page");
	for (unsigned i = 0; i < TRIES || (i < MOST && (exit_fences || (harts > 1 && !most)));
		i++) {
		await_harts(all);
		word[0] = 0;
		begin();
		pid_t child = fork();

		if (child == 0) {
			pin(harts - 1);
			pin(0);
			word[0] = 1;
			while (word[0] == 1)
				sys_yield();
			sys_exit(0);
		}
		struct counts n = end();

		EXPECT(child > 0, "fork");
		EXPECT(n.space_fences <= 1, "fork: %u fences", n.space_fences);
		if (n.space_fences > most)
			most = n.space_fences;
		while (!word[0])
			sys_yield();
		begin();
		word[0] = 2;
		EXPECT(waitpid(child, &status, 0) == child && status == 0,
			"the child ended with %x", (unsigned)status);
		n = end();
		if (!n.lost && n.all_fences < exit_fences)
			exit_fences = n.all_fences;
	}
	EXPECT(harts == 1 || most == 1, "fork fences who runs the space");
	EXPECT(exit_fences == 0, "exit: %u fences", exit_fences);
	munmap((void *)word, PAGE);
}

/* Two spaces map the file and run elsewhere while it is written back. */
static void writebacks(int fd, unsigned harts)
{
	enum { DIRTY = 3 * BATCH };
	volatile uint32_t *word =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile uint8_t *p = map(fd, DIRTY);
	unsigned seen = 0, rounds = 0, over = 0, least_batches = ~0u;
	int status;

	EXPECT(word != MAP_FAILED, "a shared page");
	pid_t child = fork();

	if (child == 0) {
		pin(harts > 2 ? harts - 2 : harts - 1);
		for (uint32_t round = 0; !word[1];) {
			if (word[0] != round) {
				round = word[0];
				for (unsigned i = 0; i < DIRTY; i++)
					p[i * PAGE + 1] = (uint8_t)round;
				word[2] = round;
			}
			if (harts == 1)
				sys_yield();
		}
		sys_exit(0);
	}
	for (uint32_t round = 1;
		round <= TRIES ||
		(round <= MOST && (least_batches > DIRTY / BATCH || (harts > 1 && !seen)));
		round++) {
		for (unsigned i = 0; i < DIRTY; i++)
			p[i * PAGE] = (uint8_t)round;
		word[0] = round;
		while (word[2] != round)
			sys_yield();
		begin();
		EXPECT(fsync(fd) == 0, "fsync");
		struct counts n = end();

		/* The timer's writeback may come in between, and break up what is dirty, or be counted in part. */
		rounds++;
		over += !n.lost && n.mapped_fences > 2 * n.batches;
		seen += n.mapped_fences;
		if (!n.lost && n.batches && n.batches < least_batches)
			least_batches = n.batches;
	}
	word[1] = 1;
	EXPECT(waitpid(child, &status, 0) == child && status == 0,
		"the other process ended with %x", (unsigned)status);
	EXPECT(2 * over < rounds,
		"in %u rounds of %u there were more fences than two a batch, for two spaces", over,
		rounds);
	EXPECT(harts == 1 || seen, "writeback fences who runs a mapping space");
	EXPECT(least_batches <= DIRTY / BATCH, "writeback of %u pages: %u batches", DIRTY,
		least_batches);
	munmap((void *)p, DIRTY * PAGE);
	munmap((void *)word, PAGE);
}

static void watch(int fd)
{
	struct quire_info_object object;
	volatile uint8_t *p = map(fd, 1);

	p[0] = 1;
	uint32_t id = page_of(0, p).object;

	EXPECT(sys_info(QUIRE_INFO_OBJECT, id, &object, sizeof(object)) > 0 && object.id == id,
		"the file's object");
	watched_key = object.key;
	munmap((void *)p, PAGE);
}

int test_budgets(int argc, char **argv)
{
	static uint8_t page[PAGE];
	pthread_t threads[32];
	unsigned harts = hart_count();
	const uint32_t all = harts < 32 ? (1u << harts) - 1 : ~0u;
	int fd = open("/budget.dat", O_RDWR | O_CREAT | O_TRUNC, 0644);

	(void)argc, (void)argv;
	EXPECT(fd >= 0, "a file");
	memset(page, 'b', sizeof(page));
	for (unsigned i = 0; i < PAGES; i++)
		EXPECT(write(fd, page, PAGE) == PAGE, "write");
	EXPECT(fsync(fd) == 0, "fsync");
	watched_tid = (uint32_t)sys_thread_self(NULL);
	pin(0);
	watch(fd);
	munmaps(fd, 1);
	page_ins(fd);
	for (unsigned h = 1; h < harts; h++)
		EXPECT(pthread_create(&threads[h], NULL, spinner, (void *)(uintptr_t)h) == 0,
			"pthread_create");
	for (unsigned h = 1; h < harts; h++)
		while (!beats[h])
			sys_yield();
	if (harts > 1)
		munmaps(fd, all);
	resident_faults(fd);
	forks(harts, all);
	writebacks(fd, harts);
	stop = 1;
	for (unsigned h = 1; h < harts; h++)
		pthread_join(threads[h], NULL);
	unlink("/budget.dat");
	printf("budgets kept\n");
	return 0;
}
