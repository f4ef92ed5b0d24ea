/* madvise, posix_madvise, mincore, and the mlock family. */
#include "../posix.h"

static void check_madvise(void)
{
	int fd = make_file("f", 2 * PAGE);
	unsigned char *p = pages(4), *s, *q;

	REQUIRE(p != MAP_FAILED && fd >= 0);
	memset(p, 7, 4 * PAGE);
	EQUALS("madvise.DECIDED.dontneed", madvise(p + PAGE, 2 * PAGE, MADV_DONTNEED), 0);
	CHECK("madvise.DECIDED.dontneed_zero", p[PAGE] == 0 && p[3 * PAGE - 1] == 0);
	CHECK("madvise.DECIDED.dontneed_only_range", p[PAGE - 1] == 7 && p[3 * PAGE] == 7);
	EQUALS("madvise.DECIDED.normal", madvise(p, 4 * PAGE, MADV_NORMAL), 0);
	EQUALS("madvise.DECIDED.sequential", madvise(p, 4 * PAGE, MADV_SEQUENTIAL), 0);
	EQUALS("madvise.DECIDED.random", madvise(p, 4 * PAGE, MADV_RANDOM), 0);
	EQUALS("madvise.DECIDED.willneed", madvise(p, 4 * PAGE, MADV_WILLNEED), 0);
	EQUALS("madvise.DECIDED.length0", madvise(p, 0, MADV_DONTNEED), 0);
	FAILS("madvise.DECIDED.EINVAL.unaligned", madvise(p + 1, PAGE, MADV_NORMAL), EINVAL);
	FAILS("madvise.DECIDED.EINVAL.advice", madvise(p, PAGE, 9999), EINVAL);
	munmap(p + PAGE, PAGE);
	FAILS("madvise.DECIDED.ENOMEM", madvise(p, 3 * PAGE, MADV_NORMAL), ENOMEM);
	s = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	REQUIRE(s != MAP_FAILED && q != MAP_FAILED);
	s[0] = 'K';
	EQUALS("madvise.DECIDED.dontneed_shared", madvise(s, PAGE, MADV_DONTNEED), 0);
	EQUALS("madvise.DECIDED.dontneed_shared_kept", s[0], 'K');
	q[0] = 'P';
	EQUALS("madvise.DECIDED.dontneed_private_file", madvise(q, PAGE, MADV_DONTNEED), 0);
	EQUALS("madvise.DECIDED.dontneed_private_file_again", q[0], 'K');
	q[0] = 'P';
	EQUALS("posix_madvise.RETURN_VALUE.dontneed", posix_madvise(q, PAGE, POSIX_MADV_DONTNEED),
		0);
	EQUALS("posix_madvise.DESCRIPTION.no_effect_on_contents", q[0], 'P');
	EQUALS("posix_madvise.RETURN_VALUE.willneed", posix_madvise(q, PAGE, POSIX_MADV_WILLNEED),
		0);
	EQUALS("posix_madvise.ERRORS.EINVAL", posix_madvise(q, PAGE, 9999), EINVAL);
	EQUALS("posix_madvise.ERRORS.ENOMEM", posix_madvise(p + PAGE, PAGE, POSIX_MADV_NORMAL),
		ENOMEM);
	munmap(p, 4 * PAGE), munmap(s, 2 * PAGE), munmap(q, 2 * PAGE);
	close(fd);
}

static void check_mincore(void)
{
	unsigned char *p = pages(4), vec[4] = {9, 9, 9, 9};

	REQUIRE(p != MAP_FAILED);
	p[PAGE] = 1;
	p[3 * PAGE] = 1;
	EQUALS("mincore.DECIDED.success", mincore(p, 4 * PAGE, vec), 0);
	CHECK("mincore.DECIDED.resident", (vec[1] & 1) && (vec[3] & 1));
	CHECK("mincore.DECIDED.absent", !(vec[0] & 1) && !(vec[2] & 1));
	FAILS("mincore.DECIDED.EINVAL", mincore(p + 1, PAGE, vec), EINVAL);
	FAILS("mincore.DECIDED.EFAULT", mincore(p, PAGE, (unsigned char *)8), EFAULT);
	munmap(p + 2 * PAGE, PAGE);
	FAILS("mincore.DECIDED.ENOMEM", mincore(p, 4 * PAGE, vec), ENOMEM);
	munmap(p, 4 * PAGE);
}

static void check_mlock(void)
{
	unsigned char *p = pages(4), vec[4] = {0};

	REQUIRE(p != MAP_FAILED);
	EQUALS("mlock.RETURN_VALUE", mlock(p, 2 * PAGE), 0);
	EQUALS("mincore.DECIDED.after_mlock", mincore(p, 4 * PAGE, vec), 0);
	CHECK("mlock.DESCRIPTION.resident", (vec[0] & 1) && (vec[1] & 1));
	EQUALS("munlock.RETURN_VALUE", munlock(p, 2 * PAGE), 0);
	EQUALS("munlock.DESCRIPTION.again", munlock(p, 2 * PAGE), 0);
	munmap(p + PAGE, PAGE);
	FAILS("mlock.ERRORS.ENOMEM.hole", mlock(p, 3 * PAGE), ENOMEM);
	FAILS("munlock.ERRORS.ENOMEM.hole", munlock(p, 3 * PAGE), ENOMEM);
	FAILS("mlockall.ERRORS.EINVAL.0", mlockall(0), EINVAL);
	FAILS("mlockall.ERRORS.EINVAL.unknown", mlockall(0x1000), EINVAL);
	EQUALS("mlockall.RETURN_VALUE.current", mlockall(MCL_CURRENT), 0);
	EQUALS("mincore.DECIDED.after_mlockall", mincore(p + 2 * PAGE, 2 * PAGE, vec), 0);
	CHECK("mlockall.DESCRIPTION.current_resident", (vec[0] & 1) && (vec[1] & 1));
	EQUALS("munlockall.RETURN_VALUE", munlockall(), 0);
	munmap(p, 4 * PAGE);
	EQUALS("mlockall.RETURN_VALUE.future", mlockall(MCL_FUTURE), 0);
	p = pages(2);
	EQUALS("mincore.DECIDED.future", mincore(p, 2 * PAGE, vec), 0);
	CHECK("mlockall.DESCRIPTION.future_resident", (vec[0] & 1) && (vec[1] & 1));
	munlockall();
	munmap(p, 2 * PAGE);
}

/* A lock is not inherited, the contents are. */
static void check_lock_and_fork(void)
{
	unsigned char *p = pages(1);
	pid_t child;

	REQUIRE(p != MAP_FAILED && mlock(p, PAGE) == 0);
	p[0] = 1;
	child = fork();
	if (child == 0) {
		p[0]++;
		_exit(p[0]);
	}
	EQUALS("mlock.DESCRIPTION.fork", ended(child), 2);
	EQUALS("mlock.DESCRIPTION.fork_parent", p[0], 1);
	munmap(p, PAGE);
}

void case_madvise(void)
{
	check_madvise();
}

void case_mincore(void)
{
	check_mincore();
}

void case_mlock(void)
{
	check_mlock();
	check_lock_and_fork();
}
