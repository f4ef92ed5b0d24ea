/* Unmapping a shared page drops one reference of its frame; the page itself lives on in its object, and
 * the address is gone for everyone in this process. */
#include "demo.h"
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf back;
static void *volatile fault_address;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)context;
	fault_address = info->si_addr;
	siglongjmp(back, sig);
}

int demo_unmap(void)
{
	demo_title("Unmapping drops one reference; the page stays in its object.");
	int fd = demo_file(4, 'u');
	volatile char *one = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	volatile char *two = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, old;

	if (one == MAP_FAILED || two == MAP_FAILED)
		demo_fail("mapping");
	one[PAGE] = '1';
	two[PAGE] = '2';
	fsync(fd); /* a page that is just being written has a reference more */
	demo_step("Four pages of a file are mapped at two places; page 1 was touched at both.");
	struct quire_info_page before = demo_page(0, two + PAGE);

	demo_proof(before.mapcount == 2 && before.refs == 3,
		"frame %05lx: %lu references = its object's slot + %lu mappings",
		(unsigned long)before.frame, (unsigned long)before.refs,
		(unsigned long)before.mapcount);
	munmap((void *)(one + PAGE), PAGE);
	demo_step("Page 1 of the first mapping is unmapped: a hole in its middle.");
	struct quire_info_page after = demo_page(0, two + PAGE);

	demo_proof(after.frame == before.frame && after.mapcount == 1 && after.refs == 2,
		"the same frame, one reference less: %lu", (unsigned long)after.refs);
	sigaction(SIGSEGV, &action, &old);
	int sig = sigsetjmp(back, 1);

	if (sig == 0) {
		one[PAGE] = 'x';
		demo_proof(false, "a store to the hole went through");
	} else {
		demo_proof(sig == SIGSEGV && fault_address == (void *)(one + PAGE),
			"a store to the hole: signal %d at %p", sig, fault_address);
	}
	sigaction(SIGSEGV, &old, NULL);
	demo_proof(
		one[0] == 'u' && one[2 * PAGE] == 'u', "the pages on both sides are still there");
	char byte = 0;

	munmap((void *)one, 4 * PAGE);
	munmap((void *)two, 4 * PAGE);
	pread(fd, &byte, 1, PAGE);
	demo_step("Both mappings are gone; the file is read.");
	demo_proof(byte == '2', "the last store is in the file: '%c'", byte);
	close(fd);
	return 0;
}
