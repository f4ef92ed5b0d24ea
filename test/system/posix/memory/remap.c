/* mremap and memfd_create, as Linux has them. */
#include "../posix.h"

static void check_mremap(void)
{
	unsigned char *p = pages(4), *q, *r, *s;
	int fd = make_file("f", 4 * PAGE);

	REQUIRE(p != MAP_FAILED && fd >= 0);
	p[0] = 1, p[3 * PAGE] = 4;
	q = mremap(p, 4 * PAGE, 2 * PAGE, 0);
	CHECK("mremap.DECIDED.shrink", q == p && p[0] == 1);
	EQUALS("mremap.DECIDED.shrunk", load_faults(p + 2 * PAGE), SIGSEGV);
	q = mremap(p, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	CHECK("mremap.DECIDED.grow", q != MAP_FAILED && q[0] == 1 && q[7 * PAGE] == 0);
	REQUIRE(q != MAP_FAILED);
	if (q != p)
		EQUALS("mremap.DECIDED.moved_away", load_faults(p), SIGSEGV);
	r = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(r != MAP_FAILED);
	p = mremap(r, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	CHECK("mremap.DECIDED.file_grows_elsewhere", p != MAP_FAILED && p[PAGE] == 'b');
	if (p != MAP_FAILED) {
		p[PAGE] = 'Z';
		EQUALS("mremap.DECIDED.still_shared", r[PAGE], 'Z');
	}
	FAILS("mremap.DECIDED.EINVAL.unaligned", mremap(q + 1, PAGE, PAGE, 0), EINVAL);
	FAILS("mremap.DECIDED.EINVAL.length0", mremap(q, PAGE, 0, 0), EINVAL);
	FAILS("mremap.DECIDED.EFAULT", mremap((void *)(16 * PAGE / 8), PAGE, 2 * PAGE, 0), EFAULT);
	s = pages(4);
	REQUIRE(s != MAP_FAILED && munmap(s, PAGE) == 0 &&
		mprotect(s + 2 * PAGE, PAGE, PROT_READ) == 0);
	s[3 * PAGE] = 7;
	FAILS("mremap.DECIDED.EFAULT.shrink", mremap(s, 4 * PAGE, PAGE, 0), EFAULT);
	EQUALS("mremap.DECIDED.failure_changes_nothing", load_faults(s + 3 * PAGE), 0);
	EQUALS("mremap.DECIDED.failure_keeps_bytes", s[3 * PAGE], 7);
	CHECK("mremap.DECIDED.shrink_over_others", mremap(s + PAGE, 3 * PAGE, PAGE, 0) == s + PAGE);
	EQUALS("mremap.DECIDED.others_gone", load_faults(s + 3 * PAGE), SIGSEGV);
	munmap(s + PAGE, PAGE);
	close(fd);
}

static void check_memfd(void)
{
	int fd = memfd_create("name", MFD_CLOEXEC);
	unsigned char *p;
	struct stat st;
	char byte = 0;

	CHECK("memfd_create.DECIDED.success", fd >= 0);
	REQUIRE(fd >= 0);
	EQUALS("memfd_create.DECIDED.cloexec", fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQUALS("memfd_create.DECIDED.empty", fstat(fd, &st) == 0 && st.st_size == 0, 1);
	EQUALS("memfd_create.DECIDED.ftruncate", ftruncate(fd, 2 * PAGE), 0);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(p != MAP_FAILED);
	p[PAGE] = 'm';
	EQUALS("memfd_create.DECIDED.shared", pread(fd, &byte, 1, PAGE) == 1 && byte == 'm', 1);
	EQUALS("memfd_create.DECIDED.write", pwrite(fd, "w", 1, 5) == 1 && p[5] == 'w', 1);
	EQUALS("memfd_create.DECIDED.grows", pwrite(fd, "g", 1, 3 * PAGE), 1);
	EQUALS("memfd_create.DECIDED.allocate", posix_fallocate(fd, 0, 5 * PAGE), 0);
	EQUALS("memfd_create.DECIDED.size", fstat(fd, &st) == 0 && st.st_size == 5 * PAGE, 1);
	FAILS("memfd_create.DECIDED.EINVAL", memfd_create("x", 0x8000), EINVAL);
	close(fd);
	EQUALS("memfd_create.DECIDED.survives_close", p[5], 'w');
	munmap(p, 2 * PAGE);
}

void case_mremap(void)
{
	check_mremap();
}

void case_memfd(void)
{
	check_memfd();
}
