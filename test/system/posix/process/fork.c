/* fork, vfork, the family of wait, _exit. */
#include "../posix.h"

#include <sched.h>
#include <sys/resource.h>

static void check_fork(void)
{
	int fd = make_file("f", 100), both[2], status;
	volatile int local = 1;
	pid_t child, parent = getpid();
	unsigned char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigset_t pending;

	REQUIRE(fd >= 0 && pipe(both) == 0 && none != MAP_FAILED);
	child = fork();
	if (child == 0) {
		CHECK("fork.DESCRIPTION.unique_pid", getpid() != parent);
		EQUALS("fork.DESCRIPTION.parent_pid", getppid(), parent);
		EQUALS("fork.DESCRIPTION.memory_copied", local, 1);
		local = 2;
		EQUALS("fork.DESCRIPTION.offset_shared", lseek(fd, 40, SEEK_SET), 40);
		EQUALS("fork.DESCRIPTION.prot_none_kept", load_faults(none), SIGSEGV);
		EQUALS("fork.DESCRIPTION.pipe_inherited", write(both[1], "x", 1), 1);
		close(fd);
		_exit(77);
	}
	CHECK("fork.RETURN_VALUE.parent", child > 0);
	EQUALS("waitpid.RETURN_VALUE", waitpid(child, &status, 0), child);
	CHECK("waitpid.DESCRIPTION.WIFEXITED", WIFEXITED(status));
	EQUALS("waitpid.DESCRIPTION.WEXITSTATUS", WEXITSTATUS(status), 77);
	CHECK("waitpid.DESCRIPTION.not_signaled", !WIFSIGNALED(status) && !WIFSTOPPED(status));
	EQUALS("fork.DESCRIPTION.child_store_unseen", local, 1);
	EQUALS("fork.DESCRIPTION.offset_moved_by_child", lseek(fd, 0, SEEK_CUR), 40);
	CHECK("fork.DESCRIPTION.child_close_is_its_own", fcntl(fd, F_GETFD) >= 0);
	FAILS("waitpid.ERRORS.ECHILD.once", waitpid(child, &status, 0), ECHILD);
	FAILS("wait.ERRORS.ECHILD", wait(&status), ECHILD);

	/* Pending signals and alarms stay behind. */
	{
		sigset_t set, old;

		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, &old);
		raise(SIGUSR1);
		alarm(1000);
		child = fork();
		if (child == 0) {
			sigpending(&pending);
			CHECK("fork.DESCRIPTION.pending_empty", !sigismember(&pending, SIGUSR1));
			EQUALS("fork.DESCRIPTION.alarm_cleared", alarm(0), 0);
			sigprocmask(SIG_BLOCK, NULL, &set);
			CHECK("fork.DESCRIPTION.mask_inherited", sigismember(&set, SIGUSR1));
			_exit(0);
		}
		EQUALS("fork.DESCRIPTION.signals", ended(child), 0);
		CHECK("alarm.DESCRIPTION.parent_keeps", alarm(0) > 0);
		sigwait(&set, &status);
		sigprocmask(SIG_SETMASK, &old, NULL);
	}
	close(fd), close(both[0]), close(both[1]);
	munmap(none, PAGE);
}

/* A page that was copied on write is shared again by a second fork, and a third. */
static void check_refork(void)
{
	unsigned char *p = pages(3);
	int good = 0;

	REQUIRE(p != MAP_FAILED);
	memset(p, 1, 3 * PAGE);
	for (int round = 0; round < 4; round++) {
		pid_t child = fork();

		if (child == 0) {
			pid_t grandchild;

			p[0] = (unsigned char)(100 + round);
			grandchild = fork();
			if (grandchild == 0) {
				bool right = p[0] == 100 + round && p[PAGE] == 1 + round;

				p[0] = p[PAGE] = 0;
				_exit(right ? 0 : 1);
			}
			_exit(ended(grandchild) == 0 && p[0] == 100 + round && p[PAGE] == 1 + round
					? 0
					: 1);
		}
		good += ended(child) == 0 && p[0] == 1;
		p[PAGE]++;
	}
	EQUALS("fork.DESCRIPTION.copies_of_copies", good, 4);
	munmap(p, 3 * PAGE);
}

static void check_vfork(void)
{
	volatile int value = 1;
	pid_t child = vfork();
	int status;

	if (child == 0) {
		value = 2;
		_exit(5);
	}
	EQUALS("vfork.DESCRIPTION.waits", waitpid(child, &status, 0), child);
	EQUALS("vfork.DESCRIPTION.status", WEXITSTATUS(status), 5);
	EQUALS("vfork.DECIDED.memory_borrowed", value, 2);
}

static void check_waits(void)
{
	struct rusage usage;
	siginfo_t info;
	pid_t child, first, second;
	int status, hold[2];
	char byte;

	REQUIRE(pipe(hold) == 0);
	child = fork();
	if (child == 0) {
		close(hold[1]);
		read(hold[0], &byte, 1);
		_exit(3);
	}
	EQUALS("waitpid.DESCRIPTION.WNOHANG", waitpid(child, &status, WNOHANG), 0);
	close(hold[0]), close(hold[1]);
	EQUALS("wait4.DECIDED", wait4(child, &status, 0, &usage), child);
	EQUALS("wait4.DECIDED.status", WEXITSTATUS(status), 3);

	child = fork();
	if (child == 0) {
		for (;;)
			pause();
	}
	EQUALS("kill.RETURN_VALUE", kill(child, SIGTERM), 0);
	EQUALS("waitpid.DESCRIPTION.signaled", waitpid(child, &status, 0), child);
	CHECK("waitpid.DESCRIPTION.WIFSIGNALED", WIFSIGNALED(status) && !WIFEXITED(status));
	EQUALS("waitpid.DESCRIPTION.WTERMSIG", WTERMSIG(status), SIGTERM);

	child = fork();
	if (child == 0)
		_exit(9);
	memset(&info, 0, sizeof(info));
	EQUALS("waitid.RETURN_VALUE.WNOWAIT", waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT),
		0);
	EQUALS("waitid.DESCRIPTION.si_pid", info.si_pid, child);
	EQUALS("waitid.DESCRIPTION.si_status", info.si_status, 9);
	EQUALS("waitid.DESCRIPTION.si_code", info.si_code, CLD_EXITED);
	EQUALS("waitid.DESCRIPTION.si_signo", info.si_signo, SIGCHLD);
	EQUALS("waitid.DESCRIPTION.still_there", waitid(P_ALL, 0, &info, WEXITED), 0);
	FAILS("waitid.ERRORS.ECHILD", waitid(P_ALL, 0, &info, WEXITED), ECHILD);
	FAILS("waitid.ERRORS.EINVAL", waitid(P_ALL, 0, &info, 0), EINVAL);
	FAILS("waitpid.ERRORS.EINVAL", waitpid(-1, &status, 0x4000), EINVAL);
	FAILS("waitpid.ERRORS.ECHILD.not_a_child", waitpid(1, &status, 0), ECHILD);

	/* By process group. */
	first = fork();
	if (first == 0) {
		setpgid(0, 0);
		_exit(1);
	}
	second = fork();
	if (second == 0)
		_exit(2);
	setpgid(first, first);
	EQUALS("waitpid.DESCRIPTION.pid0_same_group", waitpid(0, &status, 0), second);
	EQUALS("waitpid.DESCRIPTION.negative_group", waitpid(-first, &status, 0), first);
	EQUALS("waitpid.DESCRIPTION.negative_group.status", WEXITSTATUS(status), 1);

	child = fork();
	if (child == 0)
		_exit(0x1ff);
	EQUALS("exit.DESCRIPTION.low_eight_bits", ended(child), 0xff);
}

/* Stopping and going on. */
static void check_stop(void)
{
	siginfo_t info;
	int status;
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	kill(child, SIGSTOP);
	EQUALS("waitpid.DESCRIPTION.WUNTRACED", waitpid(child, &status, WUNTRACED), child);
	CHECK("waitpid.DESCRIPTION.WIFSTOPPED", WIFSTOPPED(status));
	EQUALS("waitpid.DESCRIPTION.WSTOPSIG", WSTOPSIG(status), SIGSTOP);
	EQUALS("kill.DESCRIPTION.continue", kill(child, SIGCONT), 0);
	EQUALS("waitpid.DESCRIPTION.running_again", waitpid(child, &status, WNOHANG), 0);
	EQUALS("waitpid.DESCRIPTION.WCONTINUED", waitpid(child, &status, WCONTINUED), child);
	CHECK("waitpid.DESCRIPTION.WIFCONTINUED",
		WIFCONTINUED(status) && !WIFSTOPPED(status) && !WIFSIGNALED(status));
	EQUALS("waitpid.DESCRIPTION.WCONTINUED_once", waitpid(child, &status, WCONTINUED | WNOHANG),
		0);
	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	kill(child, SIGCONT);
	EQUALS("waitid.DESCRIPTION.WCONTINUED", waitid(P_PID, (id_t)child, &info, WCONTINUED), 0);
	CHECK("waitid.DESCRIPTION.CLD_CONTINUED",
		info.si_pid == child && info.si_code == CLD_CONTINUED);
	kill(child, SIGSTOP);
	waitpid(child, &status, WUNTRACED);
	EQUALS("kill.DESCRIPTION.SIGKILL_stopped", kill(child, SIGKILL), 0);
	EQUALS("waitpid.DESCRIPTION.killed_while_stopped", ended(child), 256 + SIGKILL);
}

static void check_orphan(void)
{
	int out[2];
	pid_t child, seen = 0, self = getpid();

	REQUIRE(pipe(out) == 0);
	child = fork();
	if (child == 0) {
		child = getpid();
		if (fork() == 0) {
			for (int i = 0; i < 6000 && getppid() == child; i++)
				pause_ms(5);
			seen = getppid();
			if (write(out[1], &seen, sizeof(seen)) < 0)
				_exit(1);
		}
		_exit(0);
	}
	ended(child);
	close(out[1]);
	EQUALS("_exit.DESCRIPTION.orphan_lives", read(out[0], &seen, sizeof(seen)), sizeof(seen));
	CHECK("_exit.DESCRIPTION.orphan_has_new_parent", seen != child && seen != self && seen > 0);
	close(out[0]);
}

void case_fork(void)
{
	check_fork();
	check_refork();
}

void case_vfork(void)
{
	check_vfork();
}

void case_wait(void)
{
	check_waits();
	check_stop();
	check_orphan();
}
