/* Mappings and the end of their file: the last page's tail, the pages beyond, files that shrink and
 * grow while they are mapped. */
#include "../posix.h"

static void check_beyond(void)
{
	int fd = make_file("b", PAGE + 100);
	unsigned char *p, byte = 0;
	bool zero = true;
	struct stat st;

	REQUIRE(fd >= 0);
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK("mmap.DESCRIPTION.length_beyond_end", p != MAP_FAILED);
	REQUIRE(p != MAP_FAILED);
	EQUALS("mmap.DESCRIPTION.last_byte", p[PAGE + 99], 'b');
	for (size_t i = PAGE + 100; i < 2 * PAGE; i++)
		zero &= p[i] == 0;
	CHECK("mmap.DESCRIPTION.tail_zero", zero);
	EQUALS("mmap.DESCRIPTION.tail_store_allowed", store_faults(p + PAGE + 100, 'T'), 0);
	p[2 * PAGE - 1] = 'T';
	EQUALS("mmap.DESCRIPTION.sigbus_load", load_faults(p + 2 * PAGE), SIGBUS);
	EQUALS("mmap.DESCRIPTION.sigbus_code", last_fault.si_code, BUS_ADRERR);
	CHECK("mmap.DESCRIPTION.sigbus_addr", last_fault.si_addr == p + 2 * PAGE);
	EQUALS("mmap.DESCRIPTION.sigbus_store", store_faults(p + 3 * PAGE + 17, 1), SIGBUS);
	CHECK("mmap.DESCRIPTION.sigbus_store_addr", last_fault.si_addr == p + 3 * PAGE + 17);
	munmap(p + 3 * PAGE, PAGE);
	EQUALS("mmap.DESCRIPTION.sigsegv_after_mapping", load_faults(p + 3 * PAGE), SIGSEGV);
	EQUALS("msync.RETURN_VALUE.tail", msync(p, 2 * PAGE, MS_SYNC), 0);
	fstat(fd, &st);
	EQUALS("mmap.DESCRIPTION.size_not_changed", st.st_size, PAGE + 100);
	EQUALS("mmap.DESCRIPTION.tail_not_read", pread(fd, &byte, 1, PAGE + 100), 0);
	munmap(p, 3 * PAGE);

	p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	REQUIRE(p != MAP_FAILED);
	EQUALS("mmap.DESCRIPTION.private_sigbus_load", load_faults(p + 2 * PAGE), SIGBUS);
	EQUALS("mmap.DESCRIPTION.private_sigbus_store", store_faults(p + 2 * PAGE, 1), SIGBUS);
	munmap(p, 3 * PAGE);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 8 * PAGE);
	CHECK("mmap.DECIDED.offset_beyond_end", p != MAP_FAILED);
	EQUALS("mmap.DESCRIPTION.offset_beyond_end_sigbus", load_faults(p), SIGBUS);
	munmap(p, PAGE);
	close(fd);
}

/* What was stored beyond the end does not come back as file contents. */
static void check_tail_discarded(void)
{
	int fd = make_file("t", 100);
	unsigned char *p, bytes[8];

	REQUIRE(fd >= 0);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(p != MAP_FAILED);
	memset(p + 100, 'T', PAGE - 100);
	munmap(p, PAGE);
	EQUALS("ftruncate.RETURN_VALUE.grow_over_tail", ftruncate(fd, 0), 0);
	EQUALS("ftruncate.RETURN_VALUE.grow_over_tail.2", ftruncate(fd, PAGE), 0);
	EQUALS("ftruncate.DESCRIPTION.extended_zero", pread(fd, bytes, 8, 100), 8);
	CHECK("ftruncate.DESCRIPTION.extended_zero.value",
		memcmp(bytes, "\0\0\0\0\0\0\0\0", 8) == 0);
	close(fd);
}

static void check_shrink(void)
{
	int fd = make_file("s", 4 * PAGE);
	unsigned char *p, *q;
	pid_t child;
	bool zero = true;

	REQUIRE(fd >= 0);
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	q = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	REQUIRE(p != MAP_FAILED && q != MAP_FAILED);
	memset(p, 's', 4 * PAGE);
	q[3 * PAGE] = 'q';
	EQUALS("ftruncate.RETURN_VALUE.shrink", ftruncate(fd, PAGE + 10), 0);
	EQUALS("ftruncate.DESCRIPTION.shrunk_sigbus", load_faults(p + 2 * PAGE), SIGBUS);
	EQUALS("ftruncate.DESCRIPTION.shrunk_sigbus_store", store_faults(p + 3 * PAGE, 1), SIGBUS);
	EQUALS("ftruncate.DECIDED.private_sigbus", load_faults(q + 3 * PAGE), SIGBUS);
	EQUALS("ftruncate.DESCRIPTION.kept", p[PAGE + 9], 's');
	for (size_t i = PAGE + 10; i < 2 * PAGE; i++)
		zero &= p[i] == 0;
	CHECK("ftruncate.DECIDED.tail_zeroed", zero);
	EQUALS("ftruncate.RETURN_VALUE.grow", ftruncate(fd, 4 * PAGE), 0);
	EQUALS("ftruncate.DESCRIPTION.grown_usable", load_faults(p + 3 * PAGE), 0);
	CHECK("ftruncate.DESCRIPTION.grown_zero",
		p[3 * PAGE] == 0 && p[PAGE + 10] == 0 && p[2 * PAGE] == 0);
	EQUALS("ftruncate.DESCRIPTION.grown_store", store_faults(p + 3 * PAGE + 1, 'g'), 0);
	EQUALS("ftruncate.DECIDED.private_sees_grown", q[3 * PAGE + 1], 'g');

	child = fork();
	if (child == 0)
		_exit(truncate("s", 0) == 0 ? 0 : 1);
	EQUALS("truncate.RETURN_VALUE.other_process", ended(child), 0);
	EQUALS("truncate.DESCRIPTION.other_process_sigbus", load_faults(p), SIGBUS);
	EQUALS("truncate.DESCRIPTION.other_process_sigbus_private", load_faults(q), SIGBUS);
	child = fork();
	if (child == 0)
		_exit(pwrite(fd, "last", 4, 2 * PAGE - 4) == 4 ? 0 : 1);
	EQUALS("write.DESCRIPTION.grows_mapped_file", ended(child), 0);
	CHECK("write.DESCRIPTION.grown_seen_at_once",
		load_faults(p + PAGE) == 0 && memcmp(p + 2 * PAGE - 4, "last", 4) == 0);
	EQUALS("write.DESCRIPTION.hole_zero", p[0], 0);
	EQUALS("write.DESCRIPTION.still_beyond", load_faults(p + 2 * PAGE), SIGBUS);
	munmap(p, 4 * PAGE), munmap(q, 4 * PAGE);
	close(fd);
}

/* A handler grows the file; the store that failed is then made. */
static volatile int grown_fd;

static void grow(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;
	if (ftruncate(grown_fd, PAGE) < 0)
		_exit(3);
}

static void check_grow_in_handler(void)
{
	struct sigaction action = {.sa_sigaction = grow, .sa_flags = SA_SIGINFO}, old;
	unsigned char *volatile p, byte = 0;

	grown_fd = make_file("g", 0);
	REQUIRE(grown_fd >= 0);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, grown_fd, 0);
	REQUIRE(p != MAP_FAILED);
	sigaction(SIGBUS, &action, &old);
	*(volatile unsigned char *)p = 'G';
	sigaction(SIGBUS, &old, NULL);
	EQUALS("sigaction.DECIDED.grown_then_stored", pread(grown_fd, &byte, 1, 0), 1);
	EQUALS("sigaction.DECIDED.grown_then_stored.value", byte, 'G');
	munmap(p, PAGE);
	close(grown_fd);
}

void case_end_of_file(void)
{
	check_beyond();
	check_tail_discarded();
	check_shrink();
	check_grow_in_handler();
}
