/* shm_open, shm_unlink, memory from the heap and the break, what sysconf says of pages. */
#include "../posix.h"

static void check_shm(void)
{
	int fd, again;
	unsigned char *p, *q;
	struct stat st;
	pid_t child;
	char name[32];

	snprintf(name, sizeof(name), "/t-posix.%d", (int)getpid());
	shm_unlink(name);
	FAILS("shm_open.ERRORS.ENOENT", shm_open(name, O_RDWR, 0), ENOENT);
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK("shm_open.RETURN_VALUE", fd >= 0);
	REQUIRE(fd >= 0);
	EQUALS("shm_open.DESCRIPTION.cloexec", fcntl(fd, F_GETFD), FD_CLOEXEC);
	FAILS("shm_open.ERRORS.EEXIST", shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	EQUALS("shm_open.DESCRIPTION.size0", fstat(fd, &st) == 0 && st.st_size == 0, 1);
	EQUALS("ftruncate.DESCRIPTION.shm", ftruncate(fd, 2 * PAGE), 0);
	again = shm_open(name, O_RDWR, 0);
	CHECK("shm_open.DESCRIPTION.again", again >= 0);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);
	REQUIRE(p != MAP_FAILED && q != MAP_FAILED);
	EQUALS("shm_open.DESCRIPTION.zero", p[PAGE], 0);
	p[1] = 11;
	EQUALS("shm_open.DESCRIPTION.same_object", q[1], 11);
	child = fork();
	if (child == 0) {
		int other = shm_open(name, O_RDWR, 0);
		unsigned char *r = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);

		r[2] = r[1] + 1;
		_exit(0);
	}
	EQUALS("shm_open.DESCRIPTION.other_process", ended(child), 0);
	EQUALS("shm_open.DESCRIPTION.other_process_seen", p[2], 12);
	EQUALS("shm_unlink.RETURN_VALUE", shm_unlink(name), 0);
	FAILS("shm_unlink.ERRORS.ENOENT", shm_unlink(name), ENOENT);
	FAILS("shm_unlink.DESCRIPTION.name_gone", shm_open(name, O_RDWR, 0), ENOENT);
	p[3] = 13;
	EQUALS("shm_unlink.DESCRIPTION.lives_on", q[3], 13);
	EQUALS("ftruncate.DESCRIPTION.unlinked_shm", ftruncate(again, PAGE), 0);
	EQUALS("ftruncate.DESCRIPTION.shm_sigbus", load_faults(p + PAGE), SIGBUS);
	munmap(p, 2 * PAGE), munmap(q, 2 * PAGE);
	close(fd), close(again);
}

static void check_heap(void)
{
	char *old = sbrk(0), *grown;
	void *aligned = NULL;

	grown = sbrk(3 * (intptr_t)PAGE);
	CHECK("sbrk.DECIDED.returns_old", grown == old && grown != (void *)-1);
	EQUALS("sbrk.DECIDED.usable", store_faults(grown + 3 * PAGE - 1, 1), 0);
	CHECK("sbrk.DECIDED.shrinks",
		sbrk(-3 * (intptr_t)PAGE) == old + 3 * PAGE && sbrk(0) == old);
	FAILS("sbrk.DECIDED.ENOMEM", sbrk((intptr_t)(SIZE_MAX / 2)), ENOMEM);
	EQUALS("posix_memalign.RETURN_VALUE", posix_memalign(&aligned, 8192, 100), 0);
	CHECK("posix_memalign.DESCRIPTION.aligned", aligned && ((uintptr_t)aligned & 8191) == 0);
	free(aligned);
	EQUALS("posix_memalign.ERRORS.EINVAL.not_power", posix_memalign(&aligned, 24, 100), EINVAL);
	EQUALS("posix_memalign.ERRORS.EINVAL.small", posix_memalign(&aligned, 1, 100), EINVAL);
	EQUALS("posix_memalign.ERRORS.ENOMEM", posix_memalign(&aligned, 4096, SIZE_MAX - 8192),
		ENOMEM);
	EQUALS("sysconf.DESCRIPTION.PAGESIZE", sysconf(_SC_PAGESIZE), PAGE);
	EQUALS("sysconf.DESCRIPTION.PAGE_SIZE", sysconf(_SC_PAGE_SIZE), PAGE);
	EQUALS("getpagesize.RETURN_VALUE", getpagesize(), PAGE);
	CHECK("sysconf.DESCRIPTION.OPEN_MAX", sysconf(_SC_OPEN_MAX) >= 20);
	CHECK("sysconf.DESCRIPTION.CLK_TCK", sysconf(_SC_CLK_TCK) > 0);
	CHECK("sysconf.DESCRIPTION.NPROCESSORS", sysconf(_SC_NPROCESSORS_ONLN) >= 1);
	CHECK("sysconf.DESCRIPTION.ARG_MAX", sysconf(_SC_ARG_MAX) >= 4096);
	FAILS("sysconf.ERRORS.EINVAL", sysconf(99999), EINVAL);
}

void case_shm(void)
{
	check_shm();
}

void case_heap(void)
{
	check_heap();
}
