/* Turns an archive entry into a memory object. Apart from cpio.c, which makes no system call. */
#include "cpio.h"

#include <string.h>
#include <quire/sys.h>

int cpio_load(const struct cpio_entry *entry)
{
	int object = sys_obj_create(entry->size);
	long address;

	if (object < 0 || entry->size == 0)
		return object;
	address = sys_mmap(
		0, entry->size, QUIRE_PROT_READ | QUIRE_PROT_WRITE, QUIRE_MAP_SHARED, object, 0);
	if (quire_is_error(address)) {
		sys_close(object);
		return (int)address;
	}
	memcpy((void *)(uintptr_t)address, entry->data, entry->size);
	sys_munmap((uint32_t)address, entry->size);
	return object;
}
