/* What poll, ppoll and pselect wait for: fifos, whose server is another process than the kernel, and
 * signals that only their mask lets in. The rest of poll and select is in pipe.c.
 */
#include "../posix.h"

#include <poll.h>
#include <sys/select.h>
#include <sys/time.h>

#define ROUNDS	   40
#define PATIENCE   50000 /* ms; only a failure waits so long */
#define SMALL_WAIT 5	 /* ms: half of what looking now and then would take */

static int there, back; /* both ends of two fifos: nobody's opening waits */

static bool open_fifos(void)
{
	return mkfifo("there", 0600) == 0 && mkfifo("back", 0600) == 0 &&
	       (there = open("there", O_RDWR)) >= 0 && (back = open("back", O_RDWR)) >= 0;
}

static short wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};
	long long before = now_ms();

	/* The last look, when the time is up, is no waking. */
	return poll(&p, 1, PATIENCE) == 1 && now_ms() - before < PATIENCE ? p.revents : 0;
}

/* Each side polls before the byte comes, so each is woken by the other's writing. */
static void check_wake(void)
{
	long long quickest = PATIENCE;
	bool right = true;
	pid_t child;
	char c;

	child = fork();
	if (child == 0) {
		for (int i = 0; i < ROUNDS; i++)
			if (wait_for(there, POLLIN) != POLLIN || read(there, &c, 1) != 1 ||
				write(back, &c, 1) != 1)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		long long before = now_ms(), took;

		right &= write(there, "x", 1) == 1 && wait_for(back, POLLIN) == POLLIN &&
			 read(back, &c, 1) == 1;
		took = now_ms() - before;
		quickest = took < quickest ? took : quickest;
	}
	CHECK("poll.DESCRIPTION.fifo.waits", right);
	CHECK("poll.DESCRIPTION.fifo.is_woken", quickest < SMALL_WAIT);
	EQUALS("poll.DESCRIPTION.fifo.other_side", ended(child), 0);
}

/* A full fifo is polled for room; its reader makes some. */
static void check_room(void)
{
	static char bytes[PAGE];
	int flags = fcntl(there, F_GETFL);
	pid_t child;

	fcntl(there, F_SETFL, flags | O_NONBLOCK);
	while (write(there, bytes, sizeof(bytes)) > 0)
		;
	EQUALS("poll.DESCRIPTION.fifo.full",
		poll(&(struct pollfd){.fd = there, .events = POLLOUT}, 1, 0), 0);
	child = fork();
	if (child == 0) {
		until_waiting(getppid());
		while (read(there, bytes, sizeof(bytes)) > 0)
			;
		_exit(0);
	}
	EQUALS("poll.DESCRIPTION.fifo.room", wait_for(there, POLLOUT), POLLOUT);
	ended(child);
	fcntl(there, F_SETFL, flags);
}

/* The last writer's end is told also to who asks for nothing. */
static void check_hangup(void)
{
	int in, out;
	pid_t child;

	REQUIRE(mkfifo("h", 0600) == 0);
	in = open("h", O_RDONLY | O_NONBLOCK);
	out = open("h", O_WRONLY);
	REQUIRE(in >= 0 && out >= 0);
	child = fork();
	if (child == 0) {
		until_waiting(getppid());
		_exit(0); /* closes the last end for writing */
	}
	close(out);
	EQUALS("poll.DESCRIPTION.fifo.POLLHUP", wait_for(in, 0), POLLHUP);
	ended(child);
	close(in);
}

/* One wait for a pipe and a fifo; either wakes it. */
static void check_both(void)
{
	int ends[2];
	struct pollfd p[2];
	char c;

	REQUIRE(pipe(ends) == 0);
	for (int i = 0; i < 2; i++) {
		pid_t child = fork();

		if (child == 0) {
			until_waiting(getppid());
			_exit(write(i == 0 ? ends[1] : back, "x", 1) == 1 ? 0 : 1);
		}
		p[0] = (struct pollfd){.fd = ends[0], .events = POLLIN};
		p[1] = (struct pollfd){.fd = back, .events = POLLIN};
		EQUALS("poll.DESCRIPTION.mixed", poll(p, 2, PATIENCE), 1);
		EQUALS("poll.DESCRIPTION.mixed.which", p[i].revents, POLLIN);
		EQUALS("poll.DESCRIPTION.mixed.other", p[1 - i].revents, 0);
		EQUALS("poll.DESCRIPTION.mixed.read", read(p[i].fd, &c, 1), 1);
		ended(child);
	}
	close(ends[0]), close(ends[1]);
}

/* ------------------------------------------------------------------ masks */

static volatile sig_atomic_t caught;
static sigset_t seen_in_handler;

static void on_signal(int sig)
{
	(void)sig;
	caught++;
	sigprocmask(SIG_BLOCK, NULL, &seen_in_handler);
}

static bool blocked(int sig)
{
	sigset_t now;

	sigprocmask(SIG_BLOCK, NULL, &now);
	return sigismember(&now, sig) == 1;
}

/* With USR1 and ALRM blocked, and USR1 pending. */
static void check_pending(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct timespec none = {0, 0}, long_time = {PATIENCE / 1000, 0};
	sigset_t empty, all;
	fd_set set;

	sigemptyset(&empty);
	sigfillset(&all);
	raise(SIGUSR1);
	EQUALS("ppoll.DESCRIPTION.still_blocked", ppoll(&p, 1, &none, NULL), 0);
	EQUALS("ppoll.DESCRIPTION.mask_blocks", ppoll(&p, 1, &none, &all), 0);
	EQUALS("ppoll.DESCRIPTION.not_caught", caught, 0);
	FAILS("ppoll.DESCRIPTION.pending_ends_wait", ppoll(&p, 1, &long_time, &empty), EINTR);
	EQUALS("ppoll.DESCRIPTION.caught", caught, 1);
	EQUALS("ppoll.DESCRIPTION.mask_in_handler", sigismember(&seen_in_handler, SIGALRM), 0);
	CHECK("ppoll.DESCRIPTION.mask_back", blocked(SIGUSR1) && blocked(SIGALRM));

	raise(SIGUSR1);
	FAILS("ppoll.DECIDED.no_time", ppoll(&p, 1, &none, &empty), EINTR);
	EQUALS("ppoll.DECIDED.no_time.caught", caught, 2);

	raise(SIGUSR1);
	FD_ZERO(&set);
	FD_SET(fd, &set);
	FAILS("pselect.DESCRIPTION.pending_ends_wait",
		pselect(fd + 1, &set, NULL, NULL, &long_time, &empty), EINTR);
	EQUALS("pselect.DESCRIPTION.caught", caught, 3);
	CHECK("pselect.DESCRIPTION.mask_back", blocked(SIGUSR1) && blocked(SIGALRM));

	EQUALS("ppoll.DESCRIPTION.time_passes",
		ppoll(&p, 1, &(struct timespec){0, 20000000}, &empty), 0);
	CHECK("ppoll.DESCRIPTION.mask_back_after_time", blocked(SIGUSR1) && blocked(SIGALRM));
	caught = 0;
}

/* A signal at any moment around the call's beginning: none is lost. */
static void check_moment(int fd)
{
	struct timespec long_time = {PATIENCE / 1000, 0};
	int ends = 0;
	sigset_t empty;

	sigemptyset(&empty);
	for (int i = 0; i < 300 && ends == i; i++) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		struct itimerval timer = {{0, 0}, {0, 1 + i * 7 % 400}};

		setitimer(ITIMER_REAL, &timer, NULL);
		ends += ppoll(&p, 1, &long_time, &empty) == -1 && errno == EINTR && caught == i + 1;
	}
	EQUALS("ppoll.DESCRIPTION.no_signal_lost", ends, 300);
	caught = 0;
}

static void check_ready(int fd, int other_end)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	sigset_t empty;
	char c;

	sigemptyset(&empty);
	REQUIRE(write(other_end, "x", 1) == 1);
	raise(SIGUSR1);
	EQUALS("ppoll.DECIDED.ready_before_signal", ppoll(&p, 1, NULL, &empty), 1);
	EQUALS("ppoll.DECIDED.ready_before_signal.caught", caught, 0);
	EQUALS("ppoll.DECIDED.ready_before_signal.read", read(fd, &c, 1), 1);
	FAILS("ppoll.DECIDED.signal_stays", ppoll(&p, 1, NULL, &empty), EINTR);
	caught = 0;
}

static void check_masks(int fd, int other_end)
{
	check_pending(fd);
	check_moment(fd);
	check_ready(fd, other_end);
}

void case_poll_fifo(void)
{
	REQUIRE(open_fifos());
	check_wake();
	check_room();
	check_hangup();
	check_both();
	close(there), close(back);
}

void case_poll_mask(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t both;
	int ends[2];

	REQUIRE(open_fifos() && pipe(ends) == 0);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGALRM);
	sigprocmask(SIG_BLOCK, &both, NULL);
	check_masks(ends[0], ends[1]);
	check_masks(back, back);
	close(ends[0]), close(ends[1]), close(there), close(back);
}
