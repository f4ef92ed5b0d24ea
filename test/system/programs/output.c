/* What is written to the terminal is there once, however often a handled signal comes in between. */
#include "promise.h"
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t caught;

static void on_alarm(int sig)
{
	(void)sig;
	caught++;
}

/* output LINES: numbered lines, with an alarm every 0.3 ms. The runner compares them. */
int test_output(int argc, char **argv)
{
	unsigned lines = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval timer = {{0, 300}, {0, 300}}, off = {{0, 0}, {0, 0}};
	char line[64];

	EXPECT(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &timer, NULL) == 0,
		"an alarm");
	for (unsigned i = 0; i < lines; i++) {
		int len = snprintf(line, sizeof(line), "line %u of those that must come once\n", i),
		    done = 0;

		while (done < len) {
			ssize_t n = write(1, line + done, (size_t)(len - done));

			EXPECT(n > 0, "write");
			done += (int)n;
		}
	}
	EXPECT(setitimer(ITIMER_REAL, &off, NULL) == 0 && caught > 10, "%d alarms came",
		(int)caught);
	return 0;
}
