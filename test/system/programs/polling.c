/* Polls that wait for a server's word (kernel/poll.c).
 *
 *	t-promise polling
 *	t-promise poll-restart
 *
 * polling waits for a line of the terminal, as a person's program would, and tells what it was.
 * poll-restart (P9) polls a fifo while its file server is killed: the successor has never heard of who
 * was asleep, and yet the next byte must wake him.
 */
#include "promise.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define ROUNDS	    4u
#define PATIENCE_MS 120000

int test_polling(int argc, char **argv)
{
	struct pollfd p = {.fd = 0, .events = POLLIN};
	char line[80];
	ssize_t n;

	(void)argc, (void)argv;
	printf("running\n");
	fflush(stdout);
	EXPECT(poll(&p, 1, -1) == 1 && p.revents == POLLIN, "revents %d, errno %d", p.revents,
		errno);
	n = read(0, line, sizeof(line));
	EXPECT(n > 0, "read: errno %d", errno);
	printf("woken by %.*s", (int)n, line);
	return 0;
}

static char state_of(int pid)
{
	struct quire_info_process p;

	if (sys_info(QUIRE_INFO_PROCESS, (uint32_t)pid, &p, sizeof(p)) <= 0 || p.pid != pid)
		return 'Z';
	return p.state;
}

/* The child sleeps in its poll; it has been given the time to get there. */
static void await_sleep(int pid)
{
	for (unsigned quiet = 0; quiet < 20; quiet = state_of(pid) == 'S' ? quiet + 1 : 0)
		usleep(5000);
}

static void poll_once(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t before = sys_clock(QUIRE_CLOCK_MONOTONIC);
	char c;

	EXPECT(poll(&p, 1, PATIENCE_MS) == 1 && p.revents == POLLIN,
		"the byte wakes: revents %d, errno %d", p.revents, errno);
	/* The last look, when the time is up, is no waking. */
	EXPECT(sys_clock(QUIRE_CLOCK_MONOTONIC) - before < PATIENCE_MS * 1000000ull,
		"the poll slept through it");
	EXPECT(read(fd, &c, 1) == 1 && c == 'x', "the byte is there");
}

int test_poll_restart(int argc, char **argv)
{
	uint32_t kills = 0;
	struct stat st;
	int fd, status;

	(void)argc, (void)argv;
	EXPECT(mkfifo("/poll", 0600) == 0 && (fd = open("/poll", O_RDWR)) >= 0, "a fifo: errno %d",
		errno);
	for (unsigned i = 0; i < ROUNDS; i++) {
		pid_t child = fork();

		if (child == 0) {
			poll_once(fd);
			_exit(0);
		}
		await_sleep(child);
		EXPECT(kill_server("ext2", &kills), "a file server to be killed");
		EXPECT(stat("/poll", &st) == 0, "the successor answers: errno %d", errno);
		await_sleep(child);
		EXPECT(write(fd, "x", 1) == 1, "write: errno %d", errno);
		EXPECT(waitpid(child, &status, 0) == child && status == 0,
			"the child ended with %d", status);
		usleep(2100000); /* init gives up a server that dies too often */
	}
	EXPECT(close(fd) == 0 && unlink("/poll") == 0, "the fifo goes: errno %d", errno);
	printf("poll-restart: woken %u times\n", ROUNDS);
	return 0;
}
