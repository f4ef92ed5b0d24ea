/* Instructions in memory: written, made executable, run; written anew and run again. */
#include "../posix.h"

typedef int function(void);

/* Position-independent and complete in themselves: copied, they do the same. */
__attribute__((noinline, noclone, aligned(16))) static int give_42(void)
{
	return 42;
}

__attribute__((noinline, noclone, aligned(16))) static int give_43(void)
{
	return 43;
}

static int call(void *at)
{
	__builtin___clear_cache((char *)at, (char *)at + 16);
	return ((function *)(uintptr_t)at)();
}

static int run_faults(void *at)
{
	pid_t child = fork();

	if (child == 0)
		_exit(((function *)(uintptr_t)at)());
	return ended(child);
}

void case_execute(void)
{
	unsigned char *p = pages(1);
	int fd = make_file("code", PAGE);
	void *file;
	pid_t child;

	REQUIRE(p != MAP_FAILED && fd >= 0);
	memcpy(p, (void *)(uintptr_t)give_42, 16);
	EQUALS("mprotect.DESCRIPTION.not_executable", run_faults(p), 256 + SIGSEGV);
	EQUALS("mprotect.RETURN_VALUE.exec", mprotect(p, PAGE, PROT_READ | PROT_EXEC), 0);
	EQUALS("mprotect.DESCRIPTION.executable", call(p), 42);
	EQUALS("mprotect.DESCRIPTION.executable_not_writable", store_faults(p, 0), SIGSEGV);
	mprotect(p, PAGE, PROT_READ | PROT_WRITE);
	memcpy(p, (void *)(uintptr_t)give_43, 16);
	mprotect(p, PAGE, PROT_READ | PROT_EXEC);
	EQUALS("mprotect.DESCRIPTION.new_code", call(p), 43);
	child = fork();
	if (child == 0)
		_exit(call(p));
	EQUALS("fork.DESCRIPTION.code_copied", ended(child), 43);
	munmap(p, PAGE);
	EQUALS("pwrite.DESCRIPTION.code", pwrite(fd, (void *)(uintptr_t)give_42, 16, 0), 16);
	file = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	REQUIRE(file != MAP_FAILED);
	EQUALS("mmap.DESCRIPTION.PROT_EXEC", call(file), 42);
	munmap(file, PAGE);
	close(fd);
}
