/* Init's handle numbers. New handles come at the lowest free number from QUIRE_HANDLE_BASE on, which
 * is where the numbers that every program inherits are; init moves its own above all of them. */
#include "init.h"

#include <quire/server.h>
#include <quire/sys.h>

#define OWN_HANDLES (QUIRE_HANDLE_BASE + 64)

static uint32_t lock_word; /* 0 free, 1 held */

static int move(int handle, uint32_t flags)
{
	int moved;

	if (handle < 0)
		return handle;
	moved = sys_dup(handle, OWN_HANDLES);
	sys_close(handle);
	if (moved >= 0)
		sys_handle_flags(moved, flags, 0);
	return moved;
}

int keep(int handle)
{
	return move(handle, QUIRE_HANDLE_CLOEXEC | QUIRE_HANDLE_NOFORK);
}

int keep_for_exec(int handle)
{
	return move(handle, QUIRE_HANDLE_CLOEXEC);
}

/* Held for microseconds and by three threads, so nothing cleverer than waking everybody. */
void lock(void)
{
	while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE))
		sys_futex_wait(&lock_word, 1, QUIRE_FOREVER);
}

void unlock(void)
{
	__atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
	sys_futex_wake(&lock_word, 3);
}
