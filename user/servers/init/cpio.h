/* Reading a cpio archive of the "newc" kind, the one the kernel is booted with. Nothing is copied:
 * entries point into the archive. Every length is checked, so a broken archive ends the walk. */
#ifndef INIT_CPIO_H
#define INIT_CPIO_H

#include <stdint.h>

struct cpio {
	const uint8_t *base;
	uint32_t bytes;
	uint32_t at; /* where the next header is */
};

struct cpio_entry {
	const char *name; /* without leading "./" or "/"; zero-ended */
	uint32_t name_len;
	uint32_t mode; /* POSIX type and permission bits */
	uint32_t mtime;
	const uint8_t *data;
	uint32_t size;
};

void cpio_start(struct cpio *archive, const void *base, uint32_t bytes);

/* 1 with the next entry, 0 at the archive's end, -EINVAL when it is broken from here on. */
int cpio_next(struct cpio *archive, struct cpio_entry *entry);

/* Finds a plain file by name: 0 or -ENOENT or -EINVAL. */
int cpio_find(const void *base, uint32_t bytes, const char *name, struct cpio_entry *entry);

/* A new memory object with the entry's contents, all rights; or a negated error. */
int cpio_load(const struct cpio_entry *entry);

#endif
