/* Reading and writing descriptors that are channels; see channel.c. */
#ifndef QUIRE_LIBC_CHANNEL_H
#define QUIRE_LIBC_CHANNEL_H

#include <stddef.h>

long __libc_channel_read(int fd, void *buf, size_t len);
long __libc_channel_write(int fd, const void *buf, size_t len);

#endif
