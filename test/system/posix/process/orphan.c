/* Orphaned process groups: what the terminal's signals do there, and what the end of a process does to
 * a stopped group that it orphans. Each check has a session of its own, whose leader stands for the shell. */
#include "../posix.h"

static int heard;    /* where handlers and their like write a letter */
static bool ends_so; /* a member that is continued ends */

static void tell(char letter)
{
	if (write(heard, &letter, 1) != 1)
		_exit(1);
}

static void tell_signal(int sig)
{
	tell(sig == SIGHUP ? 'H' : 'C');
	if (ends_so && sig == SIGCONT)
		_exit(0);
}

static bool hears(int fd, char letter)
{
	char got = 0;

	return read(fd, &got, 1) == 1 && got == letter;
}

/* In a child: a member of `group` (0: of a new one, its own) that says when it hangs up or goes on. */
static _Noreturn void member(pid_t group)
{
	struct sigaction action = {.sa_handler = tell_signal};

	/* one after the other, in the order in which they are delivered */
	sigfillset(&action.sa_mask);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGCONT, &action, NULL);
	setpgid(0, group);
	tell('r');
	for (;;)
		pause();
}

static void stop(pid_t child, int sig)
{
	int status;

	kill(child, sig);
	EQUALS("needed", waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status), 1);
}

/* The leader's part: its own group is orphaned, its children's are not. */
static void leader_stops(int in)
{
	pid_t child;
	int status;

	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	raise(SIGTTIN);
	raise(SIGTTOU);
	tell('o'); /* not stopped */
	child = fork();
	if (child == 0)
		member(0);
	EQUALS("needed", hears(in, 'o') && hears(in, 'r'), 1);
	kill(child, SIGTTIN);
	EQUALS("kill.DESCRIPTION.group_not_orphaned_stops", waitpid(child, &status, WUNTRACED),
		child);
	CHECK("kill.DESCRIPTION.group_not_orphaned_SIGTTIN",
		WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
	kill(child, SIGKILL);
	ended(child);
}

/* The leader ends, and with it the last tie of a stopped group of two. */
static void leader_leaves(int in)
{
	pid_t first, second;

	ends_so = true; /* nobody is left to end them */
	first = fork();
	if (first == 0)
		member(0);
	EQUALS("needed", hears(in, 'r'), 1);
	second = fork();
	if (second == 0)
		member(first);
	EQUALS("needed", hears(in, 'r'), 1);
	stop(second, SIGSTOP);
	_exit(0);
}

/* A member ends that was its group's only tie to the leader; its own child is stopped. */
static void member_leaves(int in)
{
	int status;
	pid_t child;

	child = fork();
	if (child == 0) {
		pid_t inner;

		setpgid(0, 0);
		inner = fork();
		if (inner == 0)
			member(getpgrp());
		EQUALS("needed", hears(in, 'r'), 1);
		stop(inner, SIGSTOP);
		_exit(0);
	}
	EQUALS("needed", waitpid(child, &status, 0), child);
	CHECK("_exit.DESCRIPTION.orphaned_by_member_SIGHUP", hears(in, 'H'));
	CHECK("_exit.DESCRIPTION.orphaned_by_member_SIGCONT", hears(in, 'C'));
	kill(-child, SIGKILL);
}

/* Two members with ties: one may go without a word to the other. */
static void tie_stays(int in)
{
	pid_t first = fork(), second;
	int status;

	if (first == 0)
		member(0);
	EQUALS("needed", hears(in, 'r'), 1);
	second = fork();
	if (second == 0)
		member(first);
	EQUALS("needed", hears(in, 'r'), 1);
	stop(second, SIGSTOP);
	kill(first, SIGKILL);
	ended(first);
	kill(second, SIGCONT);
	EQUALS("_exit.DESCRIPTION.still_tied_stays_stopped", waitpid(second, &status, WCONTINUED),
		second);
	CHECK("_exit.DESCRIPTION.still_tied_no_SIGHUP", hears(in, 'C'));
	kill(second, SIGKILL);
	ended(second);
}

static pid_t in_session(void (*part)(int in), int in)
{
	pid_t leader = fork();

	if (leader == 0) {
		setsid();
		part(in);
		_exit(0);
	}
	return leader;
}

void case_orphan_group(void)
{
	int both[2], status;
	pid_t leader;

	REQUIRE(pipe(both) == 0);
	heard = both[1];
	leader = in_session(leader_stops, both[0]);
	EQUALS("kill.DESCRIPTION.orphaned_group_not_stopped", waitpid(leader, &status, WUNTRACED),
		leader);
	CHECK("kill.DESCRIPTION.orphaned_group_goes_on", WIFEXITED(status));
	if (WIFSTOPPED(status)) {
		kill(leader, SIGKILL);
		ended(leader);
		return;
	}
	EQUALS("needed", ended(in_session(member_leaves, both[0])), 0);
	EQUALS("needed", ended(in_session(tie_stays, both[0])), 0);
	leader = in_session(leader_leaves, both[0]);
	EQUALS("needed", ended(leader), 0);
	/* The order of two members is nobody's business; each is hung up first. */
	{
		char got[5] = "";

		for (int n = 0; n < 4; n++)
			if (read(both[0], got + n, 1) != 1)
				break;
		CHECK("_exit.DESCRIPTION.orphaned_group_SIGHUP_SIGCONT",
			!strcmp(got, "HCHC") || !strcmp(got, "HHCC"));
	}
}
