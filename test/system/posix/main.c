/* t-posix: runs the conformance tests. `t-posix all`, `t-posix NAME...`, `t-posix -l` for the names
 * (those called storm_... are for repeating by name, and no part of `all`);
 * -v tells every assertion, -d DIR is where the files are made. Each case runs in a process of its
 * own, in an empty directory of its own, and is killed if it takes too long. */
#include "posix.h"

#include <dirent.h>
#ifndef HOST
#include <quire/sys.h>
#endif

#define CASE_SECONDS 240

struct counts {
	int passed, failed;
};

/* For process/exec.c, which runs this program anew, and what it does then. */
const char *program_path;
int exec_child(int argc, char **argv);

static struct counts *counts;
static bool verbose;
static pid_t running;

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
#define CASE(name) {#name, case_##name},
#include "cases.h"
#undef CASE
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void tell(const char *line, int len)
{
	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		_exit(2);
}

static void count(bool good, const char *clause, const char *what, const char *detail,
	const char *file, int line)
{
	char text[400];
	int len;

	__atomic_fetch_add(good ? &counts->passed : &counts->failed, 1, __ATOMIC_SEQ_CST);
	if (good && !verbose)
		return;
	len = snprintf(text, sizeof(text), "%s %s: %s%s (%s:%d)\n", good ? "ok  " : "FAIL", clause,
		what, detail, strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line);
	if (len >= (int)sizeof(text))
		len = sizeof(text) - 1;
	tell(text, len);
}

void check(bool good, const char *clause, const char *what, const char *file, int line)
{
	int saved = errno;

	count(good, clause, what, "", file, line);
	errno = saved;
}

void check_equal(long long got, long long want, const char *clause, const char *what,
	const char *file, int line)
{
	char detail[80];
	int saved = errno;

	snprintf(detail, sizeof(detail), ": %lld, not %lld (errno %d)", got, want, saved);
	count(got == want, clause, what, got == want ? "" : detail, file, line);
	errno = saved;
}

void check_failed(
	intptr_t result, int want, const char *clause, const char *what, const char *file, int line)
{
	bool good = result == -1 && errno == want;
	char detail[80];

	snprintf(detail, sizeof(detail), ": %ld, errno %d", (long)result, result == -1 ? errno : 0);
	count(good, clause, what, good ? "" : detail, file, line);
}

static void too_long(int sig)
{
	(void)sig;
	if (running > 0)
		kill(-running, SIGKILL);
}

static void remove_tree(const char *name)
{
	DIR *dir;
	struct dirent *entry;

	if (unlink(name) == 0)
		return;
	chmod(name, 0700);
	dir = opendir(name);
	if (!dir)
		return;
	if (chdir(name) == 0) {
		while ((entry = readdir(dir)))
			if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
				remove_tree(entry->d_name);
		if (chdir("..") < 0)
			_exit(2);
	}
	closedir(dir);
	rmdir(name);
}

/* In a child and a process group of its own: whatever a case leaves behind can be ended. */
static void run_case(size_t i)
{
	char folder[64], line[128];
	int failed = counts->failed, passed = counts->passed, status;

	snprintf(folder, sizeof(folder), "t-posix.%d.%s", (int)getpid(), cases[i].name);
	remove_tree(folder);
	if (mkdir(folder, 0755) < 0) {
		check(false, "needed", "mkdir", __FILE__, __LINE__);
		return;
	}
	running = fork();
	if (running == 0) {
		setpgid(0, 0);
		if (chdir(folder) < 0)
			_exit(2);
		cases[i].run();
		_exit(0);
	}
	alarm(CASE_SECONDS);
	while (waitpid(running, &status, 0) < 0 && errno == EINTR)
		;
	alarm(0);
	kill(-running, SIGKILL);
	if (status != 0) {
		snprintf(line, sizeof(line), "case %s ended with wait status 0x%x", cases[i].name,
			(unsigned)status);
		check(false, "needed", line, __FILE__, __LINE__);
	}
	remove_tree(folder);
	if (counts->failed != failed || verbose)
		tell(line, snprintf(line, sizeof(line), "%s: %d passed, %d failed\n", cases[i].name,
				   counts->passed - passed, counts->failed - failed));
}

static bool wanted(const char *name, char **args)
{
	for (; *args; args++)
		if ((!strcmp(*args, "all") && strncmp(name, "storm_", 6)) || !strcmp(*args, name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = too_long};
	char line[80];
	int option;
	size_t ran = 0;

	if (getenv("POSIX_CHILD"))
		return exec_child(argc, argv);
	program_path = realpath(argv[0], NULL);
	if (!program_path)
		program_path = "/bin/t-posix";
	while ((option = getopt(argc, argv, "vld:")) != -1) {
		if (option == 'v')
			verbose = true;
		else if (option == 'l')
			for (size_t i = 0; i < CASES; i++)
				puts(cases[i].name);
		else if (option != 'd' || chdir(optarg) < 0)
			return 2;
	}
	counts = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		return 2;
	sigaction(SIGALRM, &action, NULL);
	for (size_t i = 0; i < CASES; i++) {
		if (wanted(cases[i].name, argv + optind)) {
			run_case(i);
			ran++;
		}
	}
	if (ran == 0)
		return 2;
#ifndef HOST
	EQUALS("kernel.invariants", sys_check(), 0);
#endif
	tell(line, snprintf(line, sizeof(line), "%d passed, %d failed\n", counts->passed,
			   counts->failed));
	return counts->failed ? 1 : 0;
}
