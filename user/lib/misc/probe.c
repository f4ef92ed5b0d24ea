/* May this memory be touched? For the library functions that owe their caller an EFAULT.
 *
 * The kernel checks the pointers it is given, but a path or a struct stat is read and written here,
 * on its way to and from a message. Memory of the program's image and the page the caller's own
 * frame is on are known to be good; for the rest the kernel is asked, page by page, with calls that
 * do nothing else: a futex wait that has already timed out reads a word, and mincore writes a byte.
 */
#include <string.h>
#include "../internal.h"

extern char __image_start[], __bss_start[], _end[];

static bool in_range(uintptr_t start, size_t len, const char *from, const char *to)
{
	return start >= (uintptr_t)from && start <= (uintptr_t)to && len <= (uintptr_t)to - start;
}

static bool on_this_page(uintptr_t start, size_t len)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	return start >= here && len <= QUIRE_PAGE_SIZE &&
	       (here | (QUIRE_PAGE_SIZE - 1)) - here >= start - here + len;
}

static bool in_user_space(uintptr_t start, size_t len)
{
	return start >= QUIRE_USER_MIN && start <= QUIRE_USER_MAX && len <= QUIRE_USER_MAX - start;
}

static bool page_readable(uintptr_t page)
{
	const volatile uint32_t *word = (const volatile uint32_t *)(page & ~3ul);

	return sys_futex_wait(word, 0, 1) != -EFAULT;
}

/* mincore of a page of our own stack: its result is what gets written to the address in question,
 * after which the byte is put back. */
static bool page_writable(uintptr_t address)
{
	uintptr_t own = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)(QUIRE_PAGE_SIZE - 1);
	volatile uint8_t *byte = (volatile uint8_t *)address;
	uint8_t before;

	if (!page_readable(address))
		return false;
	before = *byte;
	if (sys_mincore((uint32_t)own, QUIRE_PAGE_SIZE, (uint8_t *)address) == -EFAULT)
		return false;
	*byte = before;
	return true;
}

static bool every_page(uintptr_t start, size_t len, bool (*good)(uintptr_t))
{
	uintptr_t last = start + len - 1;

	if (!good(start))
		return false;
	for (uintptr_t page = (start | (QUIRE_PAGE_SIZE - 1)) + 1; page <= last;
		page += QUIRE_PAGE_SIZE) {
		if (!good(page))
			return false;
	}
	return true;
}

bool __libc_readable(const void *start, size_t len)
{
	uintptr_t address = (uintptr_t)start;

	if (len == 0 || in_range(address, len, __image_start, _end) || on_this_page(address, len))
		return true;
	return in_user_space(address, len) && every_page(address, len, page_readable);
}

bool __libc_writable(void *start, size_t len)
{
	uintptr_t address = (uintptr_t)start;

	if (len == 0 || in_range(address, len, __bss_start, _end) || on_this_page(address, len))
		return true;
	return in_user_space(address, len) && every_page(address, len, page_writable);
}

/* Whether the string, or its first `max` bytes, can be read. */
bool __libc_string_readable(const char *string, size_t max)
{
	while (max > 0) {
		size_t here = QUIRE_PAGE_SIZE - ((uintptr_t)string & (QUIRE_PAGE_SIZE - 1));

		if (here > max)
			here = max;
		if (!__libc_readable(string, 1))
			return false;
		if (memchr(string, 0, here))
			return true;
		string += here;
		max -= here;
	}
	return true;
}
