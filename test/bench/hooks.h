/* What mmbench needs beyond POSIX, on Quire. A negative answer skips the test. */
#ifndef HOOKS_H
#define HOOKS_H

#include <quire/info.h>
#include <quire/sys.h>

static uint64_t mb_start_time;

static int mb_pin(int hart)
{
	sys_affinity(0, 1u << hart);
	sys_yield();
	return sys_getcpu() == hart ? 0 : -1;
}
static int mb_fault_around(int bytes)
{
	return (int)quire_ecall2(SYS_TUNE, QUIRE_TUNE_FAULT_AROUND, bytes / 4096) < 0 ? -1 : 0;
}
static int mb_evict(int fd)
{
	sync(); /* also what else is unwritten: its writing would fall into the timed part */
	return sys_obj_evict(fd, 0, ~0u) < 0 ? -1 : 0;
}
static int mb_setup(void)
{
	return 0;
}
static void mb_meminfo(void) {}
static void mb_finish(void) {}

#endif
