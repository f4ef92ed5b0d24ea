/* P9: servers are killed while other tests work.
 *
 *	t-promise under-kills SERVER[,SERVER...] SEED TEST [ARGUMENT...]
 *	t-promise promised
 *
 * under-kills runs another test of this program and meanwhile kills one of the servers at a time, at
 * random moments: in the middle of work, and often a second time while the successor is still taking
 * over. It says how often at the end, and goes on until it has been often enough. A process that waits
 * for a dead server's answer for ever ends the test after STALL_MS.
 *
 * promised is one kill at a chosen moment: when pages have been stored to that have no block on the
 * disk yet. The successor must know that they were promised room, and let nobody else have it.
 */
#include "promise.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Init gives a server up that dies too often within two seconds of its start. */
#define STEADY_MS   2100u
#define LEAST_KILLS 12u /* for each of the servers */
#define STALL_MS    120000u
#define CHURN_BYTES (100u * PAGE)
#define WATCHED	    32u

static uint32_t seed;

static uint32_t below(uint32_t n)
{
	return next_random(&seed) % n;
}

static uint64_t now_ms(void)
{
	return sys_clock(QUIRE_CLOCK_MONOTONIC) / 1000000u;
}

/* ------------------------------------------------------------------ killing */

static int pid_of(const char *name)
{
	struct quire_info_process p;

	for (uint32_t i = 0; sys_info(QUIRE_INFO_PROCESS, i, &p, sizeof(p)) > 0;
		i = (uint32_t)p.pid + 1)
		if (!strcmp(p.name, name) && p.state != 'Z' && p.ppid == 1)
			return p.pid;
	return 0;
}

static volatile uint32_t *changing; /* the churn is at one of its long changes */

/* A server mostly waits, and then its death is harmless: the interesting ones come in the middle of a
 * change. So it is killed while the churn waits for one, or when it is seen at work, if that is soon. */
static void await_work(int pid)
{
	struct quire_info_process p;

	for (unsigned i = 0; changing && i < 3000; i++)
		if (*changing)
			return;
		else
			sys_yield();
	for (unsigned i = 0; i < 1000; i++) {
		if (sys_info(QUIRE_INFO_PROCESS, (uint32_t)pid, &p, sizeof(p)) < 0 ||
			p.pid != pid || p.state != 'S')
			return;
		usleep(1 + below(200));
	}
}

bool kill_server(const char *name, uint32_t *kills)
{
	int pid = pid_of(name);

	if (!pid)
		return false;
	await_work(pid);
	if (kill(pid, SIGKILL) < 0)
		return false;
	++*kills;
	for (unsigned i = 0; i < STALL_MS / 5; i++) {
		int next = pid_of(name);

		if (next && next != pid)
			return true;
		usleep(5000);
	}
	fail(__FILE__, __LINE__, "a successor", "%s was not started again", name);
}

static void kill_servers(char *names, volatile uint32_t *kills)
{
	char *all[4];
	unsigned count = 0;

	for (char *n = strtok(names, ","); n && count < 4; n = strtok(NULL, ","))
		all[count++] = n;
	for (;;) {
		const char *name = all[below(count)];
		uint32_t n = *kills;

		if (kill_server(name, &n))
			for (unsigned again = 1 + below(3); again > 0; again--) {
				usleep(below(60000));
				kill_server(name, &n);
			}
		*kills = n;
		usleep((STEADY_MS + below(1200)) * 1000);
	}
}

/* Long changes of metadata beside the work, one after another, so that there is always something to
 * be killed in the middle of: a file of many blocks grows and is cut down, and its names move. */
static void churn(const volatile uint32_t *stop)
{
	static uint8_t data[CHURN_BYTES];
	unsigned at = 0;
	struct stat st;

	while (!*stop) {
		int fd = open("/churn", O_RDWR | O_CREAT, 0644);

		EXPECT(fd >= 0, "churn: open: errno %d", errno);
		memset(data, 1 + (int)(at++ % 255), sizeof(data));
		EXPECT(pwrite(fd, data, sizeof(data), 0) == (ssize_t)sizeof(data) && fsync(fd) == 0,
			"churn: write: errno %d", errno);
		EXPECT(link("/churn", "/churn.2") == 0 && rename("/churn", "/churn.3") == 0,
			"churn: names: errno %d", errno);
		EXPECT(fstat(fd, &st) == 0 && st.st_nlink == 2 && st.st_size == (off_t)sizeof(data),
			"churn: %u names, %lu bytes", (unsigned)st.st_nlink,
			(unsigned long)st.st_size);
		*changing = 1;
		EXPECT(ftruncate(fd, below(PAGE)) == 0, "churn: ftruncate: errno %d", errno);
		*changing = 0;
		EXPECT(rename("/churn.3", "/churn") == 0 && unlink("/churn.2") == 0,
			"churn: names back: errno %d", errno);
		close(fd);
		if (below(2))
			EXPECT(unlink("/churn") == 0, "churn: unlink: errno %d", errno);
	}
	unlink("/churn");
}

/* ------------------------------------------------------------------ waiting for ever */

static struct watched {
	int pid;
	uint64_t cpu_ns, since_ms;
} watched[WATCHED];

static bool is_ours(int pid)
{
	for (unsigned i = 0; i < WATCHED; i++)
		if (pid && watched[i].pid == pid)
			return true;
	return pid == getpid();
}

static bool has_child(int pid)
{
	struct quire_info_process p;

	for (uint32_t i = 0; sys_info(QUIRE_INFO_PROCESS, i, &p, sizeof(p)) > 0;
		i = (uint32_t)p.pid + 1)
		if (p.ppid == pid)
			return true;
	return false;
}

static void tell_waiting(void)
{
	struct quire_info_object o;

	for (uint32_t i = 0; sys_info(QUIRE_INFO_OBJECT, i, &o, sizeof(o)) > 0; i = o.id + 1)
		if (o.waiting)
			printf("object %lu (key %lu): %lu requests without an answer\n",
				(unsigned long)o.id, (unsigned long)o.key,
				(unsigned long)o.waiting);
}

/* No process of the test rests for so long of its own will, unless it waits for a child. */
static void look_for_stall(void)
{
	struct quire_info_process p;

	for (uint32_t i = 0; sys_info(QUIRE_INFO_PROCESS, i, &p, sizeof(p)) > 0;
		i = (uint32_t)p.pid + 1) {
		struct watched *w = watched, *free = NULL;

		if (!is_ours(p.ppid) || p.state == 'Z')
			continue;
		for (; w < watched + WATCHED && w->pid != p.pid; w++)
			if (!free && (!w->pid || (kill(w->pid, 0) < 0 && errno == ESRCH)))
				free = w;
		if (w == watched + WATCHED)
			w = free;
		if (!w)
			continue;
		if (w->pid != p.pid || w->cpu_ns != p.cpu_ns || p.state == 'R' || has_child(p.pid))
			*w = (struct watched){p.pid, p.cpu_ns, now_ms()};
		else if (now_ms() - w->since_ms > STALL_MS) {
			tell_waiting();
			fail(__FILE__, __LINE__, "an answer", "process %d has waited for %u s",
				(int)p.pid, STALL_MS / 1000);
		}
	}
}

/* ------------------------------------------------------------------ tests */

int test_under_kills(int argc, char **argv)
{
	volatile uint32_t *kills =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile uint32_t *stop = kills + 1;
	uint32_t least = LEAST_KILLS;
	pid_t killer, churner, work;
	int status = 0;

	EXPECT(argc > 3 && kills != MAP_FAILED, "under-kills SERVERS SEED TEST");
	changing = kills + 2;
	seed = (uint32_t)strtoul(argv[2], NULL, 0) | 1;
	for (const char *c = argv[1]; *c; c++)
		least += *c == ',' ? LEAST_KILLS : 0;
	killer = fork();
	if (killer == 0) {
		kill_servers(argv[1], kills);
		_exit(0);
	}
	churner = fork();
	if (churner == 0) {
		churn(stop);
		_exit(0);
	}
	work = fork();
	if (work == 0)
		exit(run_test(argc - 3, argv + 3));
	/* Where the work is quick, the churn goes on until there have been enough. */
	for (bool working = true; working || (*kills < least && !*stop);) {
		int ended = waitpid(-1, &status, WNOHANG);

		EXPECT(ended != killer, "the killer ended with %d", status);
		EXPECT(ended <= 0 || status == 0, "the %s ended with %d after %lu kills",
			ended == work ? "work" : "churn", status, (unsigned long)*kills);
		if (ended == work)
			working = false;
		look_for_stall();
		usleep(100000);
	}
	kill(killer, SIGKILL);
	*stop = 1;
	for (int ended; (ended = waitpid(-1, &status, WNOHANG)) >= 0;) {
		EXPECT(ended <= 0 || ended == killer || status == 0, "the churn ended with %d",
			status);
		look_for_stall();
		usleep(10000);
	}
	printf("killed %s %lu times\n", argv[1], (unsigned long)*kills);
	return 0;
}

/* Takes all the room that it is given. */
static void steal(unsigned n, const volatile uint32_t *stop)
{
	static uint8_t block[PAGE];
	char name[16];

	snprintf(name, sizeof(name), "/thief%u", n);
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	while (!*stop)
		if (fd >= 0 ? write(fd, block, sizeof(block)) < 0
			    : (fd = open(name, O_RDWR | O_CREAT, 0644)) < 0)
			EXPECT(errno == ENOSPC, "thief: errno %d", errno);
	EXPECT(fd < 0 || (fsync(fd) == 0 && unlink(name) == 0),
		"room that a thief was given is there: errno %d", errno);
}

static void promised_round(void)
{
	enum { PAGES = 256, THIEVES = 3 };
	static uint8_t block[PAGE];
	volatile uint32_t *stop =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint32_t kills = 0;
	int fd = open("/promised", O_RDWR | O_CREAT | O_TRUNC, 0644), status;
	int filler = open("/filler", O_RDWR | O_CREAT | O_TRUNC, 0644);

	EXPECT(fd >= 0 && filler >= 0 && ftruncate(fd, PAGES * PAGE) == 0, "set-up: errno %d",
		errno);
	uint8_t *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	EXPECT(p != MAP_FAILED && stop != MAP_FAILED, "mmap");
	for (unsigned i = 0; i < PAGES; i++)
		p[i * PAGE] = (uint8_t)(i + 1);
	while (write(filler, block, sizeof(block)) > 0)
		;
	EXPECT(errno == ENOSPC, "the disk is filled: errno %d", errno);
	for (unsigned i = 0; i < THIEVES; i++)
		if (fork() == 0) {
			steal(i, stop);
			_exit(0);
		}
	EXPECT(kill_server("ext2", &kills), "a file server to be killed");
	usleep(300000);
	EXPECT(fsync(fd) == 0, "pages stored to before the kill have lost their room: errno %d",
		errno);
	EXPECT(fsync(filler) == 0, "pages written before the kill have lost their room: errno %d",
		errno);
	*stop = 1;
	for (unsigned i = 0; i < THIEVES; i++)
		EXPECT(wait(&status) > 0 && status == 0, "a thief ended with %d", status);
	sys_obj_evict(fd, 0, ~0u);
	for (unsigned i = 0; i < PAGES; i++)
		EXPECT(p[i * PAGE] == (uint8_t)(i + 1), "page %u holds %02x", i, p[i * PAGE]);
	munmap(p, PAGES * PAGE);
	munmap((void *)stop, PAGE);
	EXPECT(close(fd) == 0 && close(filler) == 0 && unlink("/promised") == 0 &&
			unlink("/filler") == 0,
		"the files go: errno %d", errno);
}

int test_promised(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (unsigned i = 0; i < 4; i++)
		promised_round();
	printf("promised: room kept\n");
	return 0;
}
