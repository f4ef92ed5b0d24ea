/* sbrk. The kernel has no break: it is a run of anonymous mappings from the end of the image up, made
 * a batch at a time and kept when the break goes down within one. */
#include <unistd.h>
#include "../internal.h"

#define BATCH (64u << 10)

extern char _end[];

static __libc_lock_t break_lock;
static uintptr_t current_break; /* 0: not asked for yet */
static uintptr_t mapped_end;	/* whole batches above the image's last page */

static int move_break_locked(uintptr_t target)
{
	uintptr_t need;

	if (target <= mapped_end)
		return 0;
	need = (target - mapped_end + BATCH - 1) / BATCH * BATCH;
	if (need > QUIRE_USER_MAX - mapped_end)
		return -ENOMEM;
	if (quire_is_error(sys_mmap(mapped_end, need, QUIRE_PROT_READ | QUIRE_PROT_WRITE,
		    QUIRE_MAP_PRIVATE | QUIRE_MAP_ANON | QUIRE_MAP_FIXED | QUIRE_MAP_NOREPLACE, -1,
		    0)))
		return -ENOMEM;
	mapped_end += need;
	return 0;
}

static void start_locked(void)
{
	if (current_break)
		return;
	current_break = ((uintptr_t)_end + QUIRE_PAGE_SIZE - 1) & ~(uintptr_t)(QUIRE_PAGE_SIZE - 1);
	mapped_end = current_break;
}

void *sbrk(ptrdiff_t increment)
{
	uintptr_t before;
	int status = 0;

	__libc_lock(&break_lock);
	start_locked();
	before = current_break;
	if (increment > 0)
		status = (uintptr_t)increment > QUIRE_USER_MAX - before
				 ? -ENOMEM
				 : move_break_locked(before + (uintptr_t)increment);
	else if (before + (uintptr_t)increment < (uintptr_t)_end)
		status = -ENOMEM;
	if (status == 0)
		current_break = before + (uintptr_t)increment;
	__libc_unlock(&break_lock);
	if (status == 0)
		return (void *)before;
	errno = ENOMEM;
	return (void *)-1;
}

int brk(void *end)
{
	uintptr_t now = (uintptr_t)sbrk(0);

	return sbrk((ptrdiff_t)((uintptr_t)end - now)) == (void *)-1 ? -1 : 0;
}
