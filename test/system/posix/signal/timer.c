/* An alarm that ends a read by a jump; many signals at once; a handler that uses files. */
#include "../posix.h"

#include <sys/time.h>

static sigjmp_buf out;
static volatile sig_atomic_t ticks, children, bad;
static volatile int log_fd;

static void jump(int sig)
{
	siglongjmp(out, sig);
}

static void tick(int sig)
{
	int saved = errno;
	char byte = 't';

	(void)sig;
	ticks++;
	if (write(log_fd, &byte, 1) != 1)
		bad++;
	errno = saved;
}

static void reap(int sig)
{
	(void)sig;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		children++;
}

/* Told only when it fails: it is asked too often. */
#define EQ(got, want)                                                                              \
	do {                                                                                       \
		long long got_ = (got);                                                            \
                                                                                                   \
		if (got_ != (want)) {                                                              \
			check_equal(got_, want, "sigaction.DESCRIPTION.calls_whole_under_signals", \
				#got, __FILE__, __LINE__);                                         \
			wrong++;                                                                   \
		}                                                                                  \
	} while (0)

void case_timers(void)
{
	int ends[2];
	volatile int wrong = 0;
	char byte;
	volatile int rounds = 0;
	sigset_t set, old;

	REQUIRE(pipe(ends) == 0);
	signal(SIGALRM, jump);
	/* An alarm, which may come before the read; and a signal that comes once it waits. */
	for (rounds = 0; rounds < 6; rounds++) {
		volatile pid_t child = -1, self = getpid();

		if (sigsetjmp(out, 1) == 0) {
			struct itimerval once = {{0, 0}, {0, 10000}};

			if (rounds & 1)
				setitimer(ITIMER_REAL, &once, NULL);
			else
				child = fork();
			if (child == 0) {
				until_waiting(self);
				kill(self, SIGALRM);
				_exit(0);
			}
			read(ends[0], &byte, 1);
			wrong++;
		}
		if (child > 0)
			ended(child);
	}
	EQUALS("siglongjmp.DESCRIPTION.out_of_read", wrong, 0);
	EQUALS("write.DESCRIPTION.pipe_after_jump",
		write(ends[1], "p", 1) + read(ends[0], &byte, 1), 2);

	close(ends[0]), close(ends[1]);

	signal(SIGCHLD, reap);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	for (int i = 0; i < 12; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
	}
	for (int i = 0; i < 1500 && children < 12; i++) {
		struct timespec t = {0, 20000000};

		if (sigtimedwait(&set, NULL, &t) == SIGCHLD)
			reap(SIGCHLD);
	}
	EQUALS("waitpid.DESCRIPTION.all_children", children, 12);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGCHLD, SIG_DFL);
}

/* Not one of `all`: it goes on until told otherwise by its count, and is meant to be repeated. */
void case_storm_signals(void)
{
	struct itimerval timer = {{0, 3000}, {0, 3000}};
	struct stat st;
	unsigned char buffer[300];
	int wrong = 0;

	/* Every system call below is interrupted again and again; none may do half its work. */
	log_fd = open("log", O_RDWR | O_CREAT | O_APPEND, 0600);
	{
		struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};

		sigaction(SIGALRM, &action, NULL);
	}
	setitimer(ITIMER_REAL, &timer, NULL);
	for (int i = 0; i < 150 || (ticks < 5 && i < 100000); i++) {
		int fd = open("busy", O_RDWR | O_CREAT | O_TRUNC, 0600);

		memset(buffer, i, sizeof(buffer));
		EQ(fd < 0 ? errno : 0, 0);
		EQ(write(fd, buffer, sizeof(buffer)), (ssize_t)sizeof(buffer));
		EQ(fstat(fd, &st), 0);
		EQ(st.st_size, (off_t)sizeof(buffer));
		EQ(pread(fd, buffer, sizeof(buffer), 0), (ssize_t)sizeof(buffer));
		EQ(buffer[299], (unsigned char)i);
		EQ(rename("busy", "busy2"), 0);
		EQ(unlink("busy2"), 0);
		close(fd);
	}
	memset(&timer, 0, sizeof(timer));
	setitimer(ITIMER_REAL, &timer, NULL);
	EQUALS("sigaction.DESCRIPTION.calls_whole_under_signals", wrong, 0);
	CHECK("setitimer.DESCRIPTION.ticked", ticks > 3 && bad == 0);
	EQUALS("sigaction.DECIDED.handler_may_write",
		fstat(log_fd, &st) == 0 && st.st_size == ticks, 1);
	close(log_fd);
}
