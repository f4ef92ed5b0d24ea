/* P8: running out of memory is an error at the call, and what was given can be touched. */
#include "promise.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

static int hog_pipe[2];

static void hog_stopped(int signal)
{
	write(hog_pipe[1], "", 1);
	for (;;)
		pause();
	(void)signal;
}

/* Memory that was not promised ends with SIGBUS for who touches it, and nobody else notices: what was promised
 * before, and not touched yet, is there. */
static void noreserve(void)
{
	const size_t given = 24u << 20, hogged = 1u << 30;
	uint8_t *p = mmap(NULL, given, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char c;

	EXPECT(p != MAP_FAILED && pipe(hog_pipe) == 0, "24 MiB and a pipe");
	pid_t hog = fork();

	if (hog == 0) {
		uint8_t *q = mmap(NULL, hogged, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		signal(SIGBUS, hog_stopped);
		munmap(p, given);
		for (size_t at = 0; at < hogged; at += PAGE)
			q[at] = 1;
		_exit(1);
	}
	EXPECT(read(hog_pipe[0], &c, 1) == 1, "the hog is stopped");
	for (size_t at = 0; at < given; at += PAGE)
		p[at] = 1;
	kill(hog, SIGKILL);
	waitpid(hog, NULL, 0);
	munmap(p, given);
	close(hog_pipe[0]);
	close(hog_pipe[1]);
}

/* What mlock keeps in memory the evictor passes over. */
static void locked(void)
{
	int fd = open("/locked.dat", O_RDWR | O_CREAT | O_TRUNC, 0600);
	static uint8_t bytes[4 * PAGE];

	EXPECT(fd >= 0 && write(fd, bytes, sizeof(bytes)) == (long)sizeof(bytes) && fsync(fd) == 0,
		"a file");
	uint8_t *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	EXPECT(p != MAP_FAILED && mlock(p, 2 * PAGE) == 0, "mlock");
	EXPECT(sys_obj_evict(fd, 0, 4) == 2, "two pages are not locked");
	EXPECT(munlock(p, 2 * PAGE) == 0 && sys_obj_evict(fd, 0, 4) == 2, "two were");
	munmap(p, 2 * PAGE);
	close(fd);
	unlink("/locked.dat");
}

/* A size beyond what can be is refused, not tried for ever. */
static void too_far(void)
{
	int object = sys_obj_create(0), fd = sys_stream_create(object, QUIRE_O_RDWR);

	for (int shift = 31; shift < 63; shift++)
		EXPECT(sys_pwrite(fd, "x", 1, 1ll << shift) == -EFBIG, "a write at 2^%d", shift);
	EXPECT(sys_pwrite(fd, "x", 1, 1ll << 30) == -ENOSPC, "a write at 2^30");
	sys_close(fd);
	sys_close(object);
}

int test_exhaust(int argc, char **argv)
{
	enum { CHUNK = 1 << 20, MOST = 1024 };
	static uint8_t *chunks[MOST];
	unsigned n = 0;
	int status;

	(void)argc, (void)argv;
	while (n < MOST) {
		uint8_t *p = mmap(
			NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			break;
		chunks[n++] = p;
	}
	EXPECT(n > 16 && n < MOST && errno == ENOMEM,
		"mmap ends with ENOMEM after %u MiB, errno %d", n, errno);
	/* All of it can be touched: that is what having it means. */
	for (unsigned i = 0; i < n; i++)
		for (unsigned at = 0; at < CHUNK; at += PAGE)
			chunks[i][at] = (uint8_t)i;
	for (unsigned i = 0; i < n; i++)
		EXPECT(chunks[i][CHUNK - PAGE] == (uint8_t)i, "chunk %u keeps its bytes", i);
	/* A fork of all this can't be promised: it fails, and nothing else does. */
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	EXPECT(child < 0 && errno == ENOMEM, "fork of a space that fills memory: %ld", (long)child);
	for (unsigned i = 0; i < n; i++)
		EXPECT(munmap(chunks[i], CHUNK) == 0, "munmap");
	child = fork();
	if (child == 0)
		_exit(0);
	EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0, "fork works again");
	noreserve();
	locked();
	too_far();
	printf("exhaust: %u MiB were given and touched\n", n);
	return 0;
}
