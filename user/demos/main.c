/* demo: Quire's promises, each shown by a small program that tells what it does and proves it. */
#include "demo.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	int (*run)(void);
	const char *what;
} demos[] = {
	{"shared", demo_shared, "one file, two processes, one frame"},
	{"cow", demo_cow, "fork copies nothing until somebody stores"},
	{"unmap", demo_unmap, "unmapping is real, and drops exactly one reference"},
	{"shootdown", demo_shootdown, "who is interrupted when a translation goes, and who is not"},
	{"rw", demo_rw, "read and write see the mapped page, at once"},
};

static int failures, steps;

void demo_title(const char *claim)
{
	printf("\n== %s\n", claim);
}

void demo_step(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	printf("%2d. ", ++steps);
	vprintf(format, ap);
	printf("\n");
	va_end(ap);
}

void demo_proof(bool holds, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	printf("    %s ", holds ? "[ok]" : "[BROKEN]");
	vprintf(format, ap);
	printf("\n");
	va_end(ap);
	if (!holds)
		failures++;
}

void demo_fail(const char *what)
{
	fprintf(stderr, "demo: %s: %s\n", what, strerror(errno));
	exit(1);
}

struct quire_info_page demo_page(int pid, const volatile void *address)
{
	struct quire_info_page p = {.pid = pid ? pid : getpid()};

	if (sys_info(QUIRE_INFO_PAGE, (uint32_t)(uintptr_t)address, &p, sizeof(p)) <= 0)
		demo_fail("asking for a page");
	return p;
}

struct quire_info_process demo_self(void)
{
	struct quire_info_process p;

	if (sys_info(QUIRE_INFO_PROCESS, (uint32_t)getpid(), &p, sizeof(p)) <= 0)
		demo_fail("asking for the process");
	return p;
}

struct quire_info_memory demo_memory(void)
{
	struct quire_info_memory m;

	if (sys_info(QUIRE_INFO_MEMORY, 0, &m, sizeof(m)) <= 0)
		demo_fail("asking for memory");
	return m;
}

struct quire_info_hart demo_harts(void)
{
	struct quire_info_hart sum = {0}, h;

	for (uint32_t i = 0; sys_info(QUIRE_INFO_HART, i, &h, sizeof(h)) > 0; i = h.index + 1) {
		sum.fences_sent += h.fences_sent;
		sum.fence_targets += h.fence_targets;
		sum.fences_avoided += h.fences_avoided;
		sum.cow_copies += h.cow_copies;
		sum.cow_reuses += h.cow_reuses;
		sum.ipc_calls += h.ipc_calls;
	}
	return sum;
}

unsigned demo_hart_count(void)
{
	struct quire_info_hart h;
	unsigned n = 0;

	for (uint32_t i = 0; sys_info(QUIRE_INFO_HART, i, &h, sizeof(h)) > 0; i = h.index + 1)
		n++;
	return n;
}

int demo_pin(unsigned hart)
{
	if (hart >= demo_hart_count())
		return -1;
	sys_affinity(0, 1u << hart);
	sys_yield();
	return (int)hart;
}

int demo_file(unsigned pages, char fill)
{
	char name[] = "/demo.XXXXXX";
	static char page[PAGE];
	int fd = mkstemp(name);

	if (fd < 0)
		demo_fail("making a scratch file");
	unlink(name);
	memset(page, fill, sizeof(page));
	for (unsigned i = 0; i < pages; i++)
		if (write(fd, page, sizeof(page)) != (ssize_t)sizeof(page))
			demo_fail("filling the scratch file");
	return fd;
}

static int usage(FILE *out, int status)
{
	fprintf(out, "usage: demo NAME... | all\n");
	for (unsigned i = 0; i < sizeof(demos) / sizeof(demos[0]); i++)
		fprintf(out, "  %-10s %s\n", demos[i].name, demos[i].what);
	return status;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2)
		return usage(stderr, 2);
	if (!strcmp(argv[1], "--help"))
		return usage(stdout, 0);
	for (int i = 1; i < argc; i++) {
		bool known = false;

		for (unsigned k = 0; k < sizeof(demos) / sizeof(demos[0]); k++)
			if (!strcmp(argv[i], demos[k].name) || !strcmp(argv[i], "all")) {
				known = true;
				steps = 0;
				demos[k].run();
			}
		if (!known) {
			fprintf(stderr, "demo: there is no demo '%s'\n", argv[i]);
			return usage(stderr, 2);
		}
	}
	if (failures)
		printf("\n%d claims did not hold\n", failures);
	return failures != 0;
}
