/* Byte-range locks of fcntl, and flock. */
#include "../posix.h"

#include <sys/file.h>

static int lock(int fd, int command, int type, int start, int len)
{
	struct flock l = {
		.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};

	return fcntl(fd, command, &l);
}

/* What another process would meet: the type of the lock in the way, or F_UNLCK. */
static int others(const char *name, int type, int start, int len)
{
	pid_t child = fork();

	if (child == 0) {
		struct flock l = {.l_type = (short)type,
			.l_whence = SEEK_SET,
			.l_start = start,
			.l_len = len};
		int fd = open(name, O_RDWR);

		if (fcntl(fd, F_GETLK, &l) < 0)
			_exit(100);
		if (l.l_type != F_UNLCK && l.l_pid != getppid())
			_exit(101);
		_exit(l.l_type);
	}
	return ended(child);
}

static int try_lock(const char *name, int type, int start, int len)
{
	pid_t child = fork();

	if (child == 0) {
		int fd = open(name, O_RDWR);

		_exit(lock(fd, F_SETLK, type, start, len) == 0 ? 0
			: errno == EAGAIN || errno == EACCES   ? 1
							       : 2);
	}
	return ended(child);
}

static void check_ranges(void)
{
	int fd = make_file("l", 100), ro = open("l", O_RDONLY), wo = open("l", O_WRONLY);
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -10, .l_len = 5};

	REQUIRE(fd >= 0 && ro >= 0 && wo >= 0);
	EQUALS("fcntl.DESCRIPTION.F_SETLK", lock(fd, F_SETLK, F_WRLCK, 10, 10), 0);
	EQUALS("fcntl.DESCRIPTION.F_GETLK_write", others("l", F_RDLCK, 15, 1), F_WRLCK);
	EQUALS("fcntl.DESCRIPTION.F_GETLK_before", others("l", F_WRLCK, 0, 10), F_UNLCK);
	EQUALS("fcntl.DESCRIPTION.F_GETLK_after", others("l", F_WRLCK, 20, 0), F_UNLCK);
	EQUALS("fcntl.ERRORS.EAGAIN", try_lock("l", F_WRLCK, 5, 10), 1);
	EQUALS("fcntl.DESCRIPTION.free_range", try_lock("l", F_WRLCK, 30, 5), 0);
	EQUALS("fcntl.DESCRIPTION.own_replaces", lock(fd, F_SETLK, F_RDLCK, 10, 5), 0);
	EQUALS("fcntl.DESCRIPTION.split_read", others("l", F_WRLCK, 12, 1), F_RDLCK);
	EQUALS("fcntl.DESCRIPTION.split_write", others("l", F_RDLCK, 17, 1), F_WRLCK);
	EQUALS("fcntl.DESCRIPTION.readers_share", try_lock("l", F_RDLCK, 10, 5), 0);
	EQUALS("fcntl.DESCRIPTION.unlock_middle", lock(fd, F_SETLK, F_UNLCK, 16, 2), 0);
	EQUALS("fcntl.DESCRIPTION.unlocked", try_lock("l", F_WRLCK, 16, 2), 0);
	EQUALS("fcntl.DESCRIPTION.still_locked", try_lock("l", F_WRLCK, 18, 1), 1);
	EQUALS("fcntl.DESCRIPTION.to_end", lock(fd, F_SETLK, F_WRLCK, 50, 0), 0);
	EQUALS("fcntl.DESCRIPTION.to_end_covers", try_lock("l", F_WRLCK, 100000, 1), 1);
	EQUALS("fcntl.DESCRIPTION.SEEK_END", fcntl(fd, F_SETLK, &l), 0);
	FAILS("fcntl.ERRORS.EBADF.write_lock_read_only", lock(ro, F_SETLK, F_WRLCK, 0, 1), EBADF);
	FAILS("fcntl.ERRORS.EBADF.read_lock_write_only", lock(wo, F_SETLK, F_RDLCK, 0, 1), EBADF);
	FAILS("fcntl.ERRORS.EINVAL.type", lock(fd, F_SETLK, 77, 0, 1), EINVAL);
	FAILS("fcntl.ERRORS.EINVAL.start", lock(fd, F_SETLK, F_WRLCK, -5, 1), EINVAL);
	FAILS("fcntl.ERRORS.EBADF.lock", lock(700, F_SETLK, F_WRLCK, 0, 1), EBADF);
	{
		pid_t child = fork();

		if (child == 0)
			_exit(lock(fd, F_SETLK, F_WRLCK, 60, 1) == 0 ? 0 : 1);
		EQUALS("fork.DESCRIPTION.locks_not_inherited", ended(child), 1);
	}
	close(ro);
	EQUALS("fcntl.DESCRIPTION.any_close_releases", try_lock("l", F_WRLCK, 0, 0), 0);
	close(fd), close(wo);
}

static void check_waiting(void)
{
	int fd = make_file("w", 100), ready[2], status;
	char byte;
	pid_t child;

	REQUIRE(fd >= 0 && pipe(ready) == 0);
	lock(fd, F_SETLK, F_WRLCK, 0, 10);
	child = fork();
	if (child == 0) {
		long long before = now_ms();

		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		_exit(lock(fd, F_SETLKW, F_WRLCK, 5, 10) == 0 && now_ms() - before >= 30 ? 0 : 2);
	}
	read(ready[0], &byte, 1);
	until_waiting(child);
	EQUALS("fcntl.DESCRIPTION.F_SETLKW_waits", waitpid(child, &status, WNOHANG), 0);
	lock(fd, F_SETLK, F_UNLCK, 0, 10);
	EQUALS("fcntl.DESCRIPTION.F_SETLKW_granted", ended(child), 0);
	EQUALS("fcntl.DESCRIPTION.released_by_exit", lock(fd, F_SETLK, F_WRLCK, 5, 10), 0);
	lock(fd, F_SETLK, F_UNLCK, 0, 0);

	/* Two that wait for each other. */
	lock(fd, F_SETLK, F_WRLCK, 0, 1);
	child = fork();
	if (child == 0) {
		lock(fd, F_SETLK, F_WRLCK, 1, 1);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		_exit(lock(fd, F_SETLKW, F_WRLCK, 0, 1) == 0 ? 0 : 3);
	}
	read(ready[0], &byte, 1);
	until_waiting(child);
	FAILS("fcntl.ERRORS.EDEADLK", lock(fd, F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
	lock(fd, F_SETLK, F_UNLCK, 0, 0);
	EQUALS("fcntl.ERRORS.EDEADLK.other_goes_on", ended(child), 0);
	close(fd), close(ready[0]), close(ready[1]);
}

static void check_flock(void)
{
	int fd = make_file("f", 1), other = open("f", O_RDWR), copy = dup(fd), ready[2], status;
	pid_t child;
	char byte;

	REQUIRE(fd >= 0 && other >= 0 && pipe(ready) == 0);
	EQUALS("flock.DECIDED.exclusive", flock(fd, LOCK_EX), 0);
	FAILS("flock.DECIDED.EWOULDBLOCK", flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	FAILS("flock.DECIDED.EWOULDBLOCK.shared", flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	EQUALS("flock.DECIDED.same_description", flock(copy, LOCK_EX | LOCK_NB), 0);
	EQUALS("flock.DECIDED.downgrade", flock(copy, LOCK_SH), 0);
	EQUALS("flock.DECIDED.shared", flock(other, LOCK_SH | LOCK_NB), 0);
	FAILS("flock.DECIDED.upgrade_refused", flock(fd, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	EQUALS("flock.DECIDED.unlock", flock(other, LOCK_UN), 0);
	EQUALS("flock.DECIDED.exclusive_again", flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
	FAILS("flock.DECIDED.copy_keeps", flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	close(copy);
	EQUALS("flock.DECIDED.last_close_releases", flock(other, LOCK_EX | LOCK_NB), 0);
	child = fork();
	if (child == 0) {
		int mine = open("f", O_RDWR);

		if (write(ready[1], "r", 1) != 1)
			_exit(2);
		_exit(flock(mine, LOCK_EX) == 0 ? 0 : 1);
	}
	read(ready[0], &byte, 1);
	until_waiting(child);
	EQUALS("flock.DECIDED.waits", waitpid(child, &status, WNOHANG), 0);
	flock(other, LOCK_UN);
	EQUALS("flock.DECIDED.granted", ended(child), 0);
	EQUALS("flock.DECIDED.released_by_exit", flock(other, LOCK_EX | LOCK_NB), 0);
	FAILS("flock.DECIDED.EINVAL", flock(other, 0), EINVAL);
	FAILS("flock.DECIDED.EBADF", flock(700, LOCK_EX), EBADF);
	close(other), close(ready[0]), close(ready[1]);
}

void case_fcntl_lock(void)
{
	check_ranges();
	check_waiting();
}

void case_flock(void)
{
	check_flock();
}
