/* P9: work for servers that are killed meanwhile (kills.c), and a server that stays dead.
 *
 *	t-promise survive OPERATIONS SEED
 *	t-promise detached
 *
 * survive is several processes, each in a directory of its own, that make, fill, map, append to, cut,
 * rename and remove files, also with the last name gone; each knows what must be in them, byte for byte.
 * It leaves the files for the host to read.
 *
 * detached is a pager that dies with no successor: who waits for it hears EIO or gets SIGBUS in the end, not
 * before its time, and everything that is resident goes on.
 */
#include "promise.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <quire/ipc.h>

static uint32_t seed;

static uint32_t below(uint32_t n)
{
	return next_random(&seed) % n;
}

/* ------------------------------------------------------------------ work */

#define WORKERS	  4u
#define FILES	  12u
#define MAX_BYTES (24u * PAGE)

struct file {
	bool exists;
	bool unlinked; /* fd is all that is left */
	char name[48];
	int fd;
	uint32_t size;
	uint8_t *bytes;
};

static struct file files[FILES];
static unsigned worker, names_given;

static void compare(
	const struct file *f, const uint8_t *got, uint32_t at, uint32_t n, const char *how)
{
	for (uint32_t i = 0; i < n; i++)
		EXPECT(got[i] == f->bytes[at + i],
			"%s: byte %lu of %s is %02x, not %02x (size %lu)", how,
			(unsigned long)(at + i), f->name, got[i], f->bytes[at + i],
			(unsigned long)f->size);
}

static void new_name(char *out)
{
	snprintf(out, 48, "/s%u/d%lu/f%u", worker, (unsigned long)below(3), names_given++);
}

static void make(struct file *f)
{
	new_name(f->name);
	f->fd = open(f->name, O_RDWR | O_CREAT | O_EXCL, 0644);
	EXPECT(f->fd >= 0, "create %s: errno %d", f->name, errno);
	if (!f->bytes)
		f->bytes = malloc(MAX_BYTES);
	EXPECT(f->bytes, "memory");
	memset(f->bytes, 0, MAX_BYTES);
	f->exists = true;
	f->unlinked = false;
	f->size = 0;
}

static void put(struct file *f)
{
	static uint8_t data[5 * PAGE];
	uint32_t n = 1 + below(below(3) ? 700 : sizeof(data)),
		 at = below(3) ? f->size : below(MAX_BYTES - n);

	if (at + n > MAX_BYTES)
		return;
	for (uint32_t i = 0; i < n; i++)
		data[i] = (uint8_t)next_random(&seed);
	ssize_t done = pwrite(f->fd, data, n, (off_t)at);

	EXPECT(done == (ssize_t)n, "write of %lu at %lu to %s: %ld, errno %d", (unsigned long)n,
		(unsigned long)at, f->name, (long)done, errno);
	memcpy(f->bytes + at, data, n);
	if (at + n > f->size)
		f->size = at + n;
}

static void store(struct file *f)
{
	uint32_t pages = (f->size + PAGE - 1) / PAGE;

	if (!pages)
		return;
	uint8_t *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);

	EXPECT(p != MAP_FAILED, "mmap of %s: errno %d", f->name, errno);
	compare(f, p, 0, f->size, "mapping");
	for (unsigned i = 0; i < 40; i++) {
		uint32_t at = below(f->size);

		p[at] = f->bytes[at] = (uint8_t)next_random(&seed);
	}
	if (!below(6))
		EXPECT(msync(p, pages * PAGE, MS_SYNC) == 0, "msync of %s: errno %d", f->name,
			errno);
	EXPECT(munmap(p, pages * PAGE) == 0, "munmap");
}

static void look(struct file *f)
{
	static uint8_t got[MAX_BYTES];
	struct stat st;

	EXPECT(fstat(f->fd, &st) == 0 && (uint32_t)st.st_size == f->size,
		"size of %s is %lu, not %lu (errno %d)", f->name, (unsigned long)st.st_size,
		(unsigned long)f->size, errno);
	EXPECT(st.st_nlink == (f->unlinked ? 0 : 1), "%s has %u names", f->name,
		(unsigned)st.st_nlink);
	EXPECT(pread(f->fd, got, sizeof(got), 0) == (ssize_t)f->size, "read of %s: errno %d",
		f->name, errno);
	compare(f, got, 0, f->size, "read");
}

static void cut(struct file *f)
{
	uint32_t size = below(3) ? below(f->size + 1) : below(MAX_BYTES);

	EXPECT(ftruncate(f->fd, (off_t)size) == 0, "ftruncate of %s: errno %d", f->name, errno);
	if (size < f->size)
		memset(f->bytes + size, 0, f->size - size);
	f->size = size;
}

static void move(struct file *f)
{
	char name[48];

	new_name(name);
	EXPECT(rename(f->name, name) == 0, "rename of %s: errno %d", f->name, errno);
	EXPECT(access(f->name, F_OK) < 0 && errno == ENOENT, "%s is still there", f->name);
	strcpy(f->name, name);
}

static void reopen(struct file *f)
{
	EXPECT(close(f->fd) == 0, "close");
	f->fd = open(f->name, O_RDWR);
	EXPECT(f->fd >= 0, "open of %s: errno %d", f->name, errno);
}

static void drop(struct file *f)
{
	EXPECT(close(f->fd) == 0, "close");
	f->exists = false;
}

static void directories(void)
{
	char name[48];

	snprintf(name, sizeof(name), "/s%u/e%u", worker, names_given++);
	EXPECT(mkdir(name, 0755) == 0, "mkdir of %s: errno %d", name, errno);
	EXPECT(rmdir(name) == 0, "rmdir of %s: errno %d", name, errno);
}

static void step(void)
{
	struct file *f = &files[below(FILES)];

	if (!f->exists) {
		make(f);
		return;
	}
	switch (below(20)) {
	case 0 ... 5: put(f); break;
	case 6 ... 8: store(f); break;
	case 9 ... 11: look(f); break;
	case 12: cut(f); break;
	case 13:
		if (!f->unlinked)
			move(f);
		break;
	case 14:
		if (!f->unlinked)
			reopen(f);
		break;
	case 15:
		if (!f->unlinked)
			EXPECT(unlink(f->name) == 0, "unlink of %s: errno %d", f->name, errno);
		f->unlinked = true;
		break;
	case 16:
		if (f->unlinked)
			drop(f);
		break;
	case 17: directories(); break;
	case 18:
		if (!below(4))
			EXPECT(fsync(f->fd) == 0, "fsync of %s: errno %d", f->name, errno);
		break;
	case 19: sys_obj_evict(f->fd, 0, ~0u); break;
	}
}

static void work(unsigned operations)
{
	char name[48];

	snprintf(name, sizeof(name), "/s%u", worker);
	EXPECT(mkdir(name, 0755) == 0, "mkdir");
	for (unsigned i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "/s%u/d%u", worker, i);
		EXPECT(mkdir(name, 0755) == 0, "mkdir");
	}
	for (unsigned i = 0; i < operations; i++)
		step();
	for (unsigned i = 0; i < FILES; i++)
		if (files[i].exists) {
			look(&files[i]);
			if (!files[i].unlinked) {
				reopen(&files[i]);
				look(&files[i]);
			}
			close(files[i].fd);
		}
}

int test_survive(int argc, char **argv)
{
	unsigned operations = argc > 1 ? (unsigned)atoi(argv[1]) : 4000;
	uint32_t first = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 1;
	int status;

	for (worker = 0; worker < WORKERS; worker++)
		if (fork() == 0) {
			seed = first * (2 * worker + 3) + worker + 1;
			work(operations / WORKERS);
			_exit(0);
		}
	for (unsigned i = 0; i < WORKERS; i++)
		EXPECT(waitpid(-1, &status, 0) > 0 && status == 0, "a worker ended with %d",
			status);
	sync();
	printf("survive: %u operations\n", operations);
	return 0;
}

/* ------------------------------------------------------------------ no successor */

#define LIMIT_MS    3000u
#define WATCHDOG_MS 120000u
#define QUICKEST_OF 8

static uint64_t now_ms(void)
{
	return sys_clock(QUIRE_CLOCK_MONOTONIC) / 1000000u;
}

/* Supplies the first page it is asked for, takes the next request and dies. */
static void serve_one(int port, int object)
{
	struct quire_msg msg;

	memset(&msg, 0, sizeof(msg));
	for (unsigned fetches = 0; sys_reply_recv(port, &msg) >= 0;) {
		if (ipc_label(&msg) != QUIRE_K_FETCH)
			continue;
		if (fetches++ == 1)
			_exit(0);
		memset(ipc_buffer()->data, 0xff, msg.w[1]);
		sys_obj_supply(object, msg.w[2], 0);
	}
	_exit(1);
}

static void detached(void)
{
	int port = sys_port_create(), object = sys_obj_create_paged(port, 7, 64 * PAGE), status;
	uint32_t before = (uint32_t)sys_tune(QUIRE_TUNE_DETACHED, LIMIT_MS);
	uint64_t before_death, quickest = ~0ull;
	uint8_t byte;

	sys_handle_flags(port, 0, QUIRE_HANDLE_NOFORK);
	EXPECT(port >= 0 && object >= 0 && before == 300000, "port, object, limit");
	int fd = sys_stream_create(object, QUIRE_O_RDWR);
	volatile uint8_t *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	EXPECT(fd >= 0 && p != MAP_FAILED, "mmap of the object");
	madvise((void *)p, 64 * PAGE, MADV_RANDOM);
	pid_t server = fork();

	if (server == 0)
		serve_one(port, object);
	EXPECT(p[0] == 0, "the page that is supplied");
	before_death = now_ms();
	pid_t faulter = fork();

	if (faulter == 0)
		_exit(p[40 * PAGE]); /* this kills the server */
	EXPECT(waitpid(server, &status, 0) == server && status == 0, "the server ended with %d",
		status);
	p[0] = 5;
	EXPECT(p[0] == 5 && pread(fd, &byte, 1, 0) == 1 && byte == 5, "what is resident goes on");
	EXPECT(pread(fd, &byte, 1, 20 * PAGE) < 0 && errno == EIO, "read: errno %d", errno);
	EXPECT(now_ms() - before_death >= LIMIT_MS, "EIO after %lu ms already",
		(unsigned long)(now_ms() - before_death));
	EXPECT(waitpid(faulter, &status, 0) == faulter && WIFSIGNALED(status) &&
			WTERMSIG(status) == SIGBUS,
		"the fault ended with %x", status);
	/* Of several, since all of the machine may stand still for a while. */
	for (unsigned i = 0; i < QUICKEST_OF && quickest >= LIMIT_MS / 2; i++) {
		uint64_t asked = now_ms();

		EXPECT(pread(fd, &byte, 1, 30 * PAGE) < 0 && errno == EIO, "read: errno %d", errno);
		if (now_ms() - asked < quickest)
			quickest = now_ms() - asked;
	}
	EXPECT(quickest < LIMIT_MS / 2, "it waited again, %lu ms and more",
		(unsigned long)quickest);
	sys_tune(QUIRE_TUNE_DETACHED, before);

	/* A successor, and all is well. Until it receives, requests still fail at once. */
	server = fork();
	if (server == 0)
		serve_one(port, sys_obj_attach(port, 7));
	while (pread(fd, &byte, 1, 50 * PAGE) < 0) {
		EXPECT(errno == EIO, "read: errno %d", errno);
		usleep(5000);
	}
	EXPECT(p[50 * PAGE] == 0 && p[0] == 5, "a successor serves");
	kill(server, SIGKILL);
	EXPECT(waitpid(server, &status, 0) == server, "wait");
}

/* Who is never told waits in a fault or a read and can't look at the clock, so another process does. */
int test_detached(int argc, char **argv)
{
	const uint64_t start = now_ms();
	pid_t waiting = fork();
	int status = 0, ended;

	(void)argc, (void)argv;
	if (waiting == 0) {
		setpgid(0, 0);
		detached();
		_exit(0);
	}
	while ((ended = waitpid(waiting, &status, WNOHANG)) == 0 && now_ms() - start < WATCHDOG_MS)
		usleep(20000);
	if (!ended)
		kill(-waiting, SIGKILL);
	EXPECT(ended, "requests to the dead pager still wait after %u s, not %u",
		WATCHDOG_MS / 1000, LIMIT_MS / 1000);
	EXPECT(status == 0, "it ended with %d", status);
	printf("detached: heard in time\n");
	return 0;
}
