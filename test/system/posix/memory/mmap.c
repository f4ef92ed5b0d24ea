/* mmap: what a mapping shows, what it needs, what it refuses. */
#include "../posix.h"

static void check_arguments(void)
{
	int fd = make_file("f", 2 * PAGE);

	REQUIRE(fd >= 0);
	FAILS("mmap.ERRORS.EINVAL.length0", mmap(NULL, 0, PROT_READ, MAP_SHARED, fd, 0), EINVAL);
	FAILS("mmap.ERRORS.EINVAL.neither_shared_nor_private",
		mmap(NULL, PAGE, PROT_READ, 0, fd, 0), EINVAL);
	FAILS("mmap.ERRORS.EINVAL.anonymous_neither",
		mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	FAILS("mmap.ERRORS.EINVAL.offset_unaligned",
		mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 100), EINVAL);
	FAILS("mmap.ERRORS.EINVAL.fixed_address_unaligned",
		mmap((void *)0x20000001, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0), EINVAL);
	FAILS("mmap.ERRORS.EBADF.1", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, -1, 0), EBADF);
	FAILS("mmap.ERRORS.EBADF.2", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 900, 0), EBADF);
	FAILS("mmap.ERRORS.ENOMEM.1",
		mmap(NULL, (size_t)-2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		ENOMEM);
	FAILS("mmap.ERRORS.ENOMEM.fixed_outside",
		mmap((void *)(UINTPTR_MAX - PAGE + 1), PAGE, PROT_READ,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		ENOMEM);
	close(fd);
	FAILS("mmap.ERRORS.EBADF.closed", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), EBADF);
}

static void check_rights(void)
{
	int rw = make_file("r", PAGE), ro = open("r", O_RDONLY), wo = open("r", O_WRONLY);
	int both[2], dir = open(".", O_RDONLY);
	void *p;

	REQUIRE(rw >= 0 && ro >= 0 && wo >= 0 && dir >= 0 && pipe(both) == 0);
	FAILS("mmap.ERRORS.EACCES.write_only_shared",
		mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, wo, 0), EACCES);
	FAILS("mmap.ERRORS.EACCES.write_only_private",
		mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0), EACCES);
	FAILS("mmap.ERRORS.EACCES.write_only_none", mmap(NULL, PAGE, PROT_NONE, MAP_SHARED, wo, 0),
		EACCES);
	FAILS("mmap.ERRORS.EACCES.read_only_shared_write",
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0), EACCES);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0);
	CHECK("mmap.DESCRIPTION.read_only_private_write", p != MAP_FAILED);
	if (p != MAP_FAILED)
		EQUALS("mmap.DESCRIPTION.read_only_private_store", store_faults(p, 'x'), 0);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	CHECK("mmap.DESCRIPTION.read_only_shared_read", p != MAP_FAILED && *(char *)p == 'a');
	FAILS("mprotect.ERRORS.EACCES.read_only_shared", mprotect(p, PAGE, PROT_READ | PROT_WRITE),
		EACCES);
	EQUALS("mmap.DESCRIPTION.read_only_store_faults", store_faults(p, 'x'), SIGSEGV);
	EQUALS("mmap.DESCRIPTION.si_code_accerr", last_fault.si_code, SEGV_ACCERR);
	CHECK("mmap.DESCRIPTION.si_addr", last_fault.si_addr == p);
	FAILS("mmap.ERRORS.ENODEV.pipe", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, both[0], 0),
		ENODEV);
	FAILS("mmap.ERRORS.ENODEV.directory", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dir, 0),
		ENODEV);
	close(rw), close(ro), close(wo), close(dir), close(both[0]), close(both[1]);
}

static void check_shared(void)
{
	int fd = make_file("s", 3 * PAGE), fd2 = open("s", O_RDWR);
	unsigned char *a, *b, byte = 0;

	REQUIRE(fd >= 0 && fd2 >= 0);
	a = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd2, PAGE);
	REQUIRE(a != MAP_FAILED && b != MAP_FAILED);
	CHECK("mmap.DESCRIPTION.contents", a[0] == 'a' && a[PAGE] == 'b' && a[3 * PAGE - 1] == 'c');
	CHECK("mmap.DESCRIPTION.offset", b[0] == 'b' && b[PAGE] == 'c');
	a[PAGE + 5] = 'X';
	EQUALS("mmap.DESCRIPTION.shared_seen_by_mapping", b[5], 'X');
	EQUALS("mmap.DESCRIPTION.shared_seen_by_read", pread(fd2, &byte, 1, PAGE + 5), 1);
	EQUALS("mmap.DESCRIPTION.shared_seen_by_read.value", byte, 'X');
	EQUALS("mmap.DESCRIPTION.write_seen", pwrite(fd2, "YZ", 2, 2 * PAGE - 1), 2);
	CHECK("mmap.DESCRIPTION.write_seen.value", a[2 * PAGE - 1] == 'Y' && b[PAGE] == 'Z');
	close(fd), close(fd2);
	CHECK("mmap.DESCRIPTION.survives_close", a[0] == 'a' && b[PAGE + 1] == 'c');
	unlink("s");
	a[2] = 'U';
	CHECK("unlink.DESCRIPTION.mapping_lives", a[1] == 'a' && a[2] == 'U' && b[1] == 'b');
	EQUALS("unlink.DESCRIPTION.name_gone", access("s", F_OK), -1);
	munmap(a, 3 * PAGE);
	EQUALS("mmap.DESCRIPTION.other_mapping_lives", b[5], 'X');
	munmap(b, 2 * PAGE);
}

static void check_private(void)
{
	int fd = make_file("p", 2 * PAGE);
	unsigned char *a, *b, byte = 0;
	pid_t child;

	REQUIRE(fd >= 0);
	a = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	b = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	REQUIRE(a != MAP_FAILED && b != MAP_FAILED);
	a[0] = 'P';
	EQUALS("mmap.DESCRIPTION.private_not_in_file", pread(fd, &byte, 1, 0), 1);
	EQUALS("mmap.DESCRIPTION.private_not_in_file.value", byte, 'a');
	EQUALS("mmap.DESCRIPTION.private_not_in_other", b[0], 'a');
	EQUALS("mmap.DECIDED.private_sees_file_until_store", pwrite(fd, "Q", 1, PAGE), 1);
	EQUALS("mmap.DECIDED.private_sees_file_until_store.value", a[PAGE], 'Q');
	EQUALS("mmap.DECIDED.private_keeps_own_page", pwrite(fd, "R", 1, 0), 1);
	EQUALS("mmap.DECIDED.private_keeps_own_page.value", a[0], 'P');
	child = fork();
	if (child == 0) {
		a[1] = 'C';
		_exit(a[0] == 'P' ? 0 : 1);
	}
	EQUALS("fork.DESCRIPTION.private_copied", ended(child), 0);
	EQUALS("fork.DESCRIPTION.private_child_store_unseen", a[1], 'a');
	close(fd);
	munmap(a, 2 * PAGE), munmap(b, 2 * PAGE);
}

static void check_anonymous(void)
{
	unsigned char *p = pages(4), *s;
	bool zero = true;
	pid_t child;

	REQUIRE(p != MAP_FAILED);
	CHECK("mmap.DESCRIPTION.page_aligned", ((uintptr_t)p & (PAGE - 1)) == 0);
	for (size_t i = 0; i < 4 * PAGE; i++)
		zero &= p[i] == 0;
	CHECK("mmap.DECIDED.anonymous_zero", zero);
	s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	REQUIRE(s != MAP_FAILED);
	child = fork();
	if (child == 0) {
		s[7] = 'S';
		p[7] = 'S';
		_exit(0);
	}
	EQUALS("mmap.DECIDED.anonymous_shared.child", ended(child), 0);
	EQUALS("mmap.DECIDED.anonymous_shared_with_child", s[7], 'S');
	EQUALS("mmap.DECIDED.anonymous_private_from_child", p[7], 0);
	munmap(p, 4 * PAGE), munmap(s, PAGE);
	EQUALS("mmap.DESCRIPTION.unmapped_faults", load_faults(p), SIGSEGV);
	EQUALS("mmap.DESCRIPTION.unmapped_faults.code", last_fault.si_code, SEGV_MAPERR);
}

static void check_protection(void)
{
	unsigned char *p = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(p != MAP_FAILED);
	EQUALS("mmap.DESCRIPTION.prot_none_load", load_faults(p), SIGSEGV);
	EQUALS("mmap.DESCRIPTION.prot_none_code", last_fault.si_code, SEGV_ACCERR);
	EQUALS("mmap.DESCRIPTION.prot_none_store", store_faults(p, 1), SIGSEGV);
	munmap(p, PAGE);
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EQUALS("mmap.DESCRIPTION.prot_read_load", load_faults(p), 0);
	EQUALS("mmap.DESCRIPTION.prot_read_store", store_faults(p, 1), SIGSEGV);
	munmap(p, PAGE);
	p = mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EQUALS("mmap.DESCRIPTION.prot_write_store", store_faults(p, 1), 0);
	EQUALS("mmap.DECIDED.prot_write_reads", load_faults(p), 0);
	munmap(p, PAGE);
}

/* An address hint, and MAP_FIXED over parts of what is there. */
static void check_placement(void)
{
	unsigned char *p = pages(4), *q;
	int fd = make_file("x", PAGE);

	REQUIRE(p != MAP_FAILED && fd >= 0);
	memset(p, 'm', 4 * PAGE);
	q = mmap(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	CHECK("mmap.DESCRIPTION.fixed_address", q == p + PAGE);
	CHECK("mmap.DESCRIPTION.fixed_replaces",
		p[0] == 'm' && p[PAGE] == 'a' && p[2 * PAGE] == 'm' && p[PAGE - 1] == 'm');
	FAILS("mmap.DECIDED.fixed_noreplace_EEXIST",
		mmap(p + PAGE, 4 * PAGE, PROT_READ,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0),
		EEXIST);
	CHECK("mmap.DECIDED.fixed_noreplace_changes_nothing", p[PAGE] == 'a' && p[2 * PAGE] == 'm');
	munmap(p + 2 * PAGE, PAGE);
	q = mmap(p + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK("mmap.DECIDED.free_hint_honoured", q == p + 2 * PAGE);
	q = mmap(p, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK("mmap.DESCRIPTION.taken_hint_not_replaced", q != MAP_FAILED && q != p && p[0] == 'm');
	munmap(q, PAGE);
	munmap(p + PAGE, PAGE);
	q = mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK("mmap.DECIDED.fixed_noreplace_free", q == p + PAGE && q[0] == 0);
	close(fd);
	munmap(p, 4 * PAGE);
}

static void check_devices(void)
{
	int zero = open("/dev/zero", O_RDWR), null = open("/dev/null", O_RDWR);
	unsigned char *p;

	REQUIRE(zero >= 0 && null >= 0);
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
	CHECK("mmap.DECIDED.dev_zero", p != MAP_FAILED && p[PAGE] == 0);
	if (p != MAP_FAILED)
		EQUALS("mmap.DECIDED.dev_zero_store", store_faults(p, 3), 0);
	FAILS("mmap.ERRORS.ENODEV.null", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, null, 0), ENODEV);
	close(zero), close(null);
	/* Reserved address space is not charged: far more than there is memory. */
	p = mmap(NULL, 1u << 30, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK("mmap.DECIDED.noreserve", p != MAP_FAILED);
	if (p != MAP_FAILED) {
		EQUALS("mmap.DECIDED.noreserve_store", store_faults(p + (1u << 29), 1), 0);
		EQUALS("mmap.DECIDED.noreserve_unmap", munmap(p, 1u << 30), 0);
	}
}

void case_mmap(void)
{
	check_arguments();
	check_rights();
	check_shared();
	check_private();
	check_anonymous();
	check_protection();
	check_placement();
	check_devices();
}
