/* mprotect: narrowing, widening, splitting; what it refuses. */
#include "../posix.h"

static unsigned char *volatile repaired;
static volatile int repairs;

static void repair(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	repairs++;
	mprotect((void *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1)), PAGE,
		PROT_READ | PROT_WRITE);
}

static void check_repair(void)
{
	struct sigaction action = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO}, old;
	unsigned char *p = pages(4);

	REQUIRE(p != MAP_FAILED);
	p[2 * PAGE] = 9;
	mprotect(p, 4 * PAGE, PROT_NONE);
	sigaction(SIGSEGV, &action, &old);
	repaired = p + 2 * PAGE;
	EQUALS("sigaction.DECIDED.repaired_load", *(volatile unsigned char *)repaired, 9);
	EQUALS("sigaction.DECIDED.repaired_once", repairs, 1);
	mprotect(p, 4 * PAGE, PROT_READ);
	*(volatile unsigned char *)repaired = 10;
	EQUALS("sigaction.DECIDED.repaired_store", *(volatile unsigned char *)repaired, 10);
	EQUALS("sigaction.DECIDED.repaired_twice", repairs, 2);
	sigaction(SIGSEGV, &old, NULL);
	munmap(p, 4 * PAGE);
}

void case_mprotect(void)
{
	unsigned char *p = pages(6);
	int fd = make_file("f", 2 * PAGE);
	pid_t child;

	REQUIRE(p != MAP_FAILED && fd >= 0);
	memset(p, 5, 6 * PAGE);
	FAILS("mprotect.ERRORS.EINVAL.unaligned", mprotect(p + 1, PAGE, PROT_READ), EINVAL);
	EQUALS("mprotect.RETURN_VALUE.read", mprotect(p + PAGE, PAGE, PROT_READ), 0);
	EQUALS("mprotect.DESCRIPTION.read_load", load_faults(p + PAGE), 0);
	EQUALS("mprotect.DESCRIPTION.read_store", store_faults(p + PAGE, 1), SIGSEGV);
	EQUALS("mprotect.DESCRIPTION.accerr", last_fault.si_code, SEGV_ACCERR);
	CHECK("mprotect.DESCRIPTION.si_addr", last_fault.si_addr == p + PAGE);
	EQUALS("mprotect.DESCRIPTION.before_untouched", store_faults(p + PAGE - 1, 1), 0);
	EQUALS("mprotect.DESCRIPTION.after_untouched", store_faults(p + 2 * PAGE, 1), 0);
	EQUALS("mprotect.RETURN_VALUE.none", mprotect(p + PAGE, PAGE, PROT_NONE), 0);
	EQUALS("mprotect.DESCRIPTION.none_load", load_faults(p + PAGE), SIGSEGV);
	EQUALS("mprotect.RETURN_VALUE.back", mprotect(p, 6 * PAGE, PROT_READ | PROT_WRITE), 0);
	EQUALS("mprotect.DESCRIPTION.contents_kept", p[PAGE], 5);
	EQUALS("mprotect.DESCRIPTION.writable_again", store_faults(p + PAGE, 1), 0);
	EQUALS("mprotect.DESCRIPTION.part_of_page", mprotect(p + 5 * PAGE, 1, PROT_READ), 0);
	EQUALS("mprotect.DESCRIPTION.whole_page", store_faults(p + 6 * PAGE - 1, 1), SIGSEGV);
	EQUALS("mprotect.DECIDED.length0", mprotect(p, 0, PROT_NONE), 0);
	EQUALS("mprotect.DECIDED.length0_changes_nothing", load_faults(p), 0);
	munmap(p + 3 * PAGE, PAGE);
	FAILS("mprotect.ERRORS.ENOMEM.hole", mprotect(p + 2 * PAGE, 3 * PAGE, PROT_READ), ENOMEM);
#ifndef HOST
	/* POSIX lets the pages before the hole change, and Linux changes them. */
	EQUALS("mprotect.DECIDED.hole_changes_nothing", store_faults(p + 2 * PAGE, 1), 0);
#endif
	FAILS("mprotect.ERRORS.ENOMEM.unmapped", mprotect(p + 3 * PAGE, PAGE, PROT_READ), ENOMEM);
	munmap(p, 6 * PAGE);

	/* A child's protection is its own; a copy-on-write page stays one. */
	p = pages(1);
	p[0] = 1;
	child = fork();
	if (child == 0) {
		mprotect(p, PAGE, PROT_READ);
		mprotect(p, PAGE, PROT_READ | PROT_WRITE);
		p[0] = 2;
		_exit(0);
	}
	EQUALS("mprotect.DESCRIPTION.child", ended(child), 0);
	EQUALS("mprotect.DESCRIPTION.cow_kept", p[0], 1);
	munmap(p, PAGE);

	p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(p != MAP_FAILED);
	EQUALS("mprotect.RETURN_VALUE.shared_widen", mprotect(p, PAGE, PROT_READ | PROT_WRITE), 0);
	EQUALS("mprotect.DESCRIPTION.shared_store", store_faults(p, 'W'), 0);
	EQUALS("mprotect.DESCRIPTION.shared_other_page", store_faults(p + PAGE, 'W'), SIGSEGV);
	{
		char byte = 0;

		EQUALS("mprotect.DESCRIPTION.shared_store_in_file", pread(fd, &byte, 1, 0), 1);
		EQUALS("mprotect.DESCRIPTION.shared_store_in_file.value", byte, 'W');
	}
	munmap(p, 2 * PAGE);
	close(fd);
	check_repair();
}
