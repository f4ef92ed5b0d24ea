/* Finding a file in the boot archive. */
#ifndef KERNEL_CPIO_H
#define KERNEL_CPIO_H

#include <base/types.h>

/* The regular file called name in a "newc" archive of `size` bytes. False: none, or the archive is
 * broken before it. Nothing outside the archive is read, whatever it says. */
bool cpio_find(const u8 *archive, u32 size, const char *name, const u8 **file, u32 *file_size);

#endif
