/* getrlimit, setrlimit and getrusage: the limits bind. Each is tried in a child, which ends with it. */
#include "../posix.h"

#include <sys/resource.h>

#define MIB (1024u * 1024)

static volatile sig_atomic_t caught;

static void count(int sig)
{
	(void)sig;
	caught++;
}

static int set_soft(int resource, rlim_t soft)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return -1;
	limit.rlim_cur = soft;
	return setrlimit(resource, &limit);
}

static void check_values(void)
{
	static const int all[] = {RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE,
		RLIMIT_NOFILE, RLIMIT_AS};
	struct rlimit limit, again;
	struct rusage usage;

	for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		EQUALS("getrlimit.RETURN_VALUE", getrlimit(all[i], &limit), 0);
		CHECK("getrlimit.DESCRIPTION.soft_within_hard", limit.rlim_cur <= limit.rlim_max);
		EQUALS("setrlimit.RETURN_VALUE.same", setrlimit(all[i], &limit), 0);
	}
	getrlimit(RLIMIT_NOFILE, &limit);
	CHECK("getrlimit.DESCRIPTION", limit.rlim_cur >= 20);
	limit.rlim_cur = 64;
	EQUALS("setrlimit.RETURN_VALUE", setrlimit(RLIMIT_NOFILE, &limit), 0);
	getrlimit(RLIMIT_NOFILE, &again);
	EQUALS("setrlimit.DESCRIPTION", again.rlim_cur, 64);
	EQUALS("setrlimit.DESCRIPTION.hard", again.rlim_max, limit.rlim_max);
	limit.rlim_cur = 65, limit.rlim_max = 64;
	FAILS("setrlimit.ERRORS.EINVAL", setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
	getrlimit(RLIMIT_NOFILE, &again);
	EQUALS("setrlimit.ERRORS.EINVAL.nothing_changed", again.rlim_cur, 64);
	FAILS("getrlimit.ERRORS.EINVAL", getrlimit(999, &limit), EINVAL);
	FAILS("getrlimit.ERRORS.EFAULT", getrlimit(RLIMIT_NOFILE, (struct rlimit *)16), EFAULT);
	FAILS("setrlimit.ERRORS.EINVAL.resource", setrlimit(999, &again), EINVAL);
	EQUALS("getrusage.RETURN_VALUE", getrusage(RUSAGE_SELF, &usage), 0);
	FAILS("getrusage.ERRORS.EINVAL", getrusage(99, &usage), EINVAL);
}

/* ------------------------------------------------------------------ descriptors */

static void few_descriptors(void)
{
	int high = fcntl(0, F_DUPFD, 40), fd, last = -1, ends[2];

	REQUIRE(high == 40 && set_soft(RLIMIT_NOFILE, 20) == 0);
	EQUALS("sysconf.DESCRIPTION.OPEN_MAX", sysconf(_SC_OPEN_MAX), 20);
	while ((fd = dup(0)) >= 0)
		last = fd;
	EQUALS("setrlimit.DESCRIPTION.NOFILE.error", errno, EMFILE);
	EQUALS("setrlimit.DESCRIPTION.NOFILE.last", last, 19);
	FAILS("open.ERRORS.EMFILE", open(".", O_RDONLY), EMFILE);
	FAILS("dup2.ERRORS.EBADF.limit", dup2(0, 20), EBADF);
	FAILS("fcntl.ERRORS.EINVAL.DUPFD_limit", fcntl(0, F_DUPFD, 20), EINVAL);
	FAILS("fcntl.ERRORS.EMFILE.DUPFD", fcntl(0, F_DUPFD, 10), EMFILE);
	EQUALS("setrlimit.DESCRIPTION.NOFILE.open_stay", fcntl(high, F_GETFD), 0);
	EQUALS("dup2.DESCRIPTION.below", dup2(0, 19), 19);
	close(18);
	FAILS("pipe.ERRORS.EMFILE", pipe(ends), EMFILE);
	EQUALS("pipe.ERRORS.EMFILE.nothing_made", dup(0), 18);
	EQUALS("setrlimit.DESCRIPTION.NOFILE.raised", set_soft(RLIMIT_NOFILE, 64), 0);
	EQUALS("setrlimit.DESCRIPTION.NOFILE.more", dup(0), 20);
}

static void inherited(void)
{
	REQUIRE(set_soft(RLIMIT_NOFILE, 33) == 0);
	EQUALS("fork.DESCRIPTION.limits", IN_CHILD(_exit((int)sysconf(_SC_OPEN_MAX))), 33);
	EQUALS("exec.DESCRIPTION.limits", in_new_image("descriptors", NULL), 33);
}

/* ------------------------------------------------------------------ file size */

static void small_files(void)
{
	static char bytes[1000];
	int fd = open("small", O_RDWR | O_CREAT, 0600), big = make_file("big", 3 * PAGE), ends[2];
	unsigned char *p;

	REQUIRE(fd >= 0 && big >= 0 && pipe(ends) == 0);
	signal(SIGXFSZ, count);
	REQUIRE(set_soft(RLIMIT_FSIZE, 1000) == 0);
	EQUALS("write.DESCRIPTION.FSIZE.below", write(fd, bytes, 600), 600);
	EQUALS("write.DESCRIPTION.FSIZE.part", write(fd, bytes, 600), 400);
	EQUALS("write.DESCRIPTION.FSIZE.part_no_signal", caught, 0);
	FAILS("write.ERRORS.EFBIG", write(fd, bytes, 1), EFBIG);
	EQUALS("write.ERRORS.EFBIG.signal", caught, 1);
	EQUALS("write.DESCRIPTION.FSIZE.nothing", write(fd, bytes, 0), 0);
	EQUALS("pwrite.DESCRIPTION.FSIZE.inside", pwrite(fd, "x", 1, 999), 1);
	FAILS("pwrite.ERRORS.EFBIG", pwrite(fd, "x", 1, 1000), EFBIG);
	EQUALS("pwrite.ERRORS.EFBIG.signal", caught, 2);
	FAILS("ftruncate.ERRORS.EFBIG", ftruncate(fd, 1001), EFBIG);
	EQUALS("ftruncate.ERRORS.EFBIG.signal", caught, 3);
	FAILS("truncate.ERRORS.EFBIG", truncate("small", 1001), EFBIG);
	EQUALS("truncate.ERRORS.EFBIG.signal", caught, 4);
	EQUALS("posix_fallocate.ERRORS.EFBIG", posix_fallocate(fd, 0, 1001), EFBIG);
	EQUALS("ftruncate.DESCRIPTION.FSIZE.limit", ftruncate(fd, 1000), 0);
	EQUALS("lseek.DESCRIPTION.FSIZE.size", lseek(fd, 0, SEEK_END), 1000);
	caught = 0;
	EQUALS("ftruncate.DESCRIPTION.FSIZE.shorter", ftruncate(big, 2 * PAGE), 0);
	FAILS("pwrite.ERRORS.EFBIG.inside_big_file", pwrite(big, "x", 1, PAGE), EFBIG);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, big, PAGE);
	REQUIRE(p != MAP_FAILED);
	p[5] = 'm';
	EQUALS("mmap.DESCRIPTION.FSIZE.stores", p[5], 'm');
	EQUALS("write.DESCRIPTION.FSIZE.pipe", write(ends[1], bytes, 1000), 1000);
	EQUALS("write.DESCRIPTION.FSIZE.pipe_more", write(ends[1], bytes, 1000), 1000);
	signal(SIGXFSZ, SIG_IGN);
	FAILS("write.ERRORS.EFBIG.ignored", write(fd, bytes, 1), EFBIG);
}

static void killed_by_size(void)
{
	pid_t child = fork();

	if (child == 0) {
		int fd = open("killed", O_RDWR | O_CREAT, 0600);

		set_soft(RLIMIT_FSIZE, 10);
		if (write(fd, "0123456789", 10) != 10)
			_exit(1);
		write(fd, "x", 1);
		_exit(2);
	}
	EQUALS("write.ERRORS.EFBIG.kills", ended(child), 256 + SIGXFSZ);
}

/* ------------------------------------------------------------------ memory */

static void *map(size_t bytes, int prot, int flags)
{
	return mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static void little_space(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	char *p;

	REQUIRE(set_soft(RLIMIT_AS, 64 * MIB) == 0);
	p = map(40 * MIB, PROT_NONE, MAP_NORESERVE);
	CHECK("mmap.DESCRIPTION.AS.below", p != MAP_FAILED);
	FAILS("mmap.ERRORS.ENOMEM.AS", map(40 * MIB, PROT_NONE, MAP_NORESERVE), ENOMEM);
	EQUALS("mmap.DESCRIPTION.AS.replaced",
		map(40 * MIB, PROT_NONE, MAP_NORESERVE | MAP_FIXED) == MAP_FAILED, 1);
	EQUALS("mmap.DESCRIPTION.AS.fixed",
		mmap(p, 40 * MIB, PROT_READ,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == p,
		1);
	FAILS("mremap.ERRORS.ENOMEM.AS", mremap(p, 40 * MIB, 80 * MIB, MREMAP_MAYMOVE), ENOMEM);
	EQUALS("munmap.DESCRIPTION.AS", munmap(p, 40 * MIB), 0);
	p = map(20 * MIB, rw, 0);
	CHECK("mmap.DESCRIPTION.AS.after_munmap", p != MAP_FAILED);
	EQUALS("malloc.ERRORS.ENOMEM.AS", malloc(60 * MIB) == NULL && errno == ENOMEM, 1);
	EQUALS("setrlimit.DESCRIPTION.AS.raised", set_soft(RLIMIT_AS, RLIM_INFINITY), 0);
	CHECK("mmap.DESCRIPTION.AS.infinite",
		map(80 * MIB, PROT_NONE, MAP_NORESERVE) != MAP_FAILED);
}

static void little_data(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	char *p, *q, *shared;

	REQUIRE(set_soft(RLIMIT_DATA, 24 * MIB) == 0);
	p = map(16 * MIB, rw, 0);
	CHECK("mmap.DECIDED.DATA.below", p != MAP_FAILED);
	FAILS("mmap.DECIDED.DATA", map(16 * MIB, rw, 0), ENOMEM);
	q = map(16 * MIB, PROT_READ, 0);
	CHECK("mmap.DECIDED.DATA.not_writable", q != MAP_FAILED);
	FAILS("mprotect.DECIDED.DATA", mprotect(q, 16 * MIB, rw), ENOMEM);
	shared = mmap(NULL, 16 * MIB, rw, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK("mmap.DECIDED.DATA.shared", shared != MAP_FAILED);
	EQUALS("malloc.ERRORS.ENOMEM.DATA", malloc(16 * MIB) == NULL && errno == ENOMEM, 1);
	EQUALS("sbrk.ERRORS.ENOMEM.DATA", sbrk(16 * MIB) == (void *)-1 && errno == ENOMEM, 1);
	EQUALS("munmap.DESCRIPTION.DATA", munmap(p, 16 * MIB), 0);
	CHECK("mmap.DECIDED.DATA.after_munmap", map(16 * MIB, rw, 0) != MAP_FAILED);
}

/* Fork's copy is bound too, and so is what exec makes. */
static void inherited_space(void)
{
	REQUIRE(set_soft(RLIMIT_AS, 64 * MIB) == 0);
	EQUALS("fork.DESCRIPTION.limit_AS",
		IN_CHILD(_exit(map(80 * MIB, PROT_NONE, MAP_NORESERVE) == MAP_FAILED)), 1);
	EQUALS("exec.DESCRIPTION.limit_AS", in_new_image("space", NULL), 1);
}

/* The stack of an image is as large as the limit at its exec. */
static void deep_stack(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_STACK, &limit);
	limit.rlim_cur = 16 * MIB;
	REQUIRE(setrlimit(RLIMIT_STACK, &limit) == 0);
	EQUALS("exec.DESCRIPTION.limit_STACK", in_new_image("deep", "12000"), 0);
}

/* ------------------------------------------------------------------ processor time */

static void busy(void)
{
	struct rlimit limit = {1, 2};

	signal(SIGXCPU, count);
	if (setrlimit(RLIMIT_CPU, &limit) < 0)
		_exit(1);
	while (!caught)
		;
	if (clock() < CLOCKS_PER_SEC * 9 / 10)
		_exit(2);
	for (;;)
		;
}

static void busy_by_default(void)
{
	REQUIRE(set_soft(RLIMIT_CPU, 1) == 0);
	for (;;)
		;
}

/* Its child has a limit and a time of its own. */
static void busy_child(void)
{
	pid_t child;

	REQUIRE(set_soft(RLIMIT_CPU, 1) == 0);
	child = fork();
	if (child == 0)
		for (;;)
			;
	EQUALS("fork.DESCRIPTION.limit_CPU", ended(child), 256 + SIGXCPU);
}

static int in_child(void (*run)(void))
{
	return IN_CHILD(run(); _exit(0));
}

void case_limits(void)
{
	check_values();
	EQUALS("setrlimit.DESCRIPTION.NOFILE", in_child(few_descriptors), 0);
	EQUALS("setrlimit.DESCRIPTION.inherited", in_child(inherited), 0);
	EQUALS("setrlimit.DESCRIPTION.FSIZE", in_child(small_files), 0);
	killed_by_size();
	EQUALS("setrlimit.DESCRIPTION.AS", in_child(little_space), 0);
	EQUALS("setrlimit.DESCRIPTION.AS.inherited", in_child(inherited_space), 0);
	EQUALS("setrlimit.DESCRIPTION.DATA", in_child(little_data), 0);
	EQUALS("setrlimit.DESCRIPTION.STACK", in_child(deep_stack), 0);
}

void case_limit_cpu(void)
{
	EQUALS("setrlimit.DESCRIPTION.CPU.hard", in_child(busy), 256 + SIGKILL);
	EQUALS("setrlimit.DESCRIPTION.CPU.inherited", in_child(busy_child), 0);
	EQUALS("setrlimit.DESCRIPTION.CPU.default", in_child(busy_by_default), 256 + SIGXCPU);
}
