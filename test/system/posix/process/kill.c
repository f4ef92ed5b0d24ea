/* kill, raise, killpg, process groups, sessions, limits. */
#include "../posix.h"

static volatile sig_atomic_t caught;

static void catch_it(int sig)
{
	caught = sig;
}

void case_kill(void)
{
	pid_t child, self = getpid();
	int ready[2];
	char byte;

	REQUIRE(pipe(ready) == 0);
	EQUALS("kill.DESCRIPTION.sig0", kill(self, 0), 0);
	FAILS("kill.ERRORS.ESRCH", kill(1 << 29, 0), ESRCH);
	FAILS("kill.ERRORS.ESRCH.group", kill(-(1 << 29), SIGTERM), ESRCH);
	FAILS("kill.ERRORS.EINVAL", kill(self, 1000), EINVAL);
	FAILS("kill.ERRORS.EINVAL.negative", kill(self, -1), EINVAL);
	signal(SIGUSR1, catch_it);
	EQUALS("kill.DESCRIPTION.self", kill(self, SIGUSR1), 0);
	EQUALS("kill.DESCRIPTION.self_delivered_before_return", caught, SIGUSR1);
	caught = 0;
	EQUALS("raise.RETURN_VALUE", raise(SIGUSR1), 0);
	EQUALS("raise.DESCRIPTION.handled_before_return", caught, SIGUSR1);
	CHECK("raise.ERRORS.EINVAL", raise(1000) != 0);

	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		signal(SIGUSR1, SIG_DFL);
		if (fork() == 0) {
			if (write(ready[1], "r", 1) < 0)
				_exit(1);
			for (;;)
				pause();
		}
		for (;;)
			pause();
	}
	EQUALS("kill.DESCRIPTION.child_ready", read(ready[0], &byte, 1), 1);
	EQUALS("kill.DESCRIPTION.group", kill(-child, SIGUSR1), 0);
	EQUALS("kill.DESCRIPTION.group_killed", ended(child), 256 + SIGUSR1);
	child = fork();
	if (child == 0)
		_exit(0);
	{
		siginfo_t info;

		waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
		EQUALS("kill.DESCRIPTION.zombie", kill(child, 0), 0);
		ended(child);
		FAILS("kill.ERRORS.ESRCH.reaped", kill(child, 0), ESRCH);
	}
	child = fork();
	if (child == 0)
		abort();
	EQUALS("abort.DESCRIPTION.SIGABRT", ended(child), 256 + SIGABRT);
	child = fork();
	if (child == 0) {
		sigset_t set;

		signal(SIGABRT, SIG_IGN);
		sigfillset(&set);
		sigprocmask(SIG_BLOCK, &set, NULL);
		abort();
	}
	EQUALS("abort.DESCRIPTION.blocked_and_ignored", ended(child), 256 + SIGABRT);
	close(ready[0]), close(ready[1]);
}

void case_groups(void)
{
	pid_t child, self = getpid();

	EQUALS("getpgid.DESCRIPTION.0", getpgid(0), getpgrp());
	EQUALS("getpgid.DESCRIPTION.self", getpgid(self), getpgrp());
	FAILS("getpgid.ERRORS.ESRCH", getpgid(1 << 29), ESRCH);
	child = fork();
	if (child == 0)
		for (;;)
			pause();
	EQUALS("fork.DESCRIPTION.group_inherited", getpgid(child), getpgrp());
	EQUALS("setpgid.RETURN_VALUE", setpgid(child, child), 0);
	EQUALS("setpgid.DESCRIPTION.moved", getpgid(child), child);
	FAILS("setpgid.ERRORS.EINVAL", setpgid(child, -1), EINVAL);
	FAILS("setpgid.ERRORS.ESRCH", setpgid(1 << 29, 0), ESRCH);
	FAILS("setpgid.ERRORS.EPERM.no_such_group", setpgid(child, 1 << 29), EPERM);
	EQUALS("killpg.RETURN_VALUE", killpg(child, SIGKILL), 0);
	EQUALS("killpg.DESCRIPTION", ended(child), 256 + SIGKILL);
	child = fork();
	if (child == 0) {
		EQUALS("setsid.RETURN_VALUE", setsid(), getpid());
		EQUALS("setsid.DESCRIPTION.group", getpgrp(), getpid());
		EQUALS("getsid.DESCRIPTION", getsid(0), getpid());
		FAILS("setsid.ERRORS.EPERM.leader", setsid(), EPERM);
		_exit(0);
	}
	EQUALS("setsid.DESCRIPTION", ended(child), 0);
}
