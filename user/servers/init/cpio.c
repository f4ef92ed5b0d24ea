/* The archive reader; the contract is in cpio.h. The format: a header of ASCII hexadecimal fields,
 * the name, the data, the last two each padded to four bytes; the entry "TRAILER!!!" ends it. */
#include "cpio.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <quire/errno.h>

#define HEADER_BYTES 110u
#define FIELD_BYTES  8u
#define MAGIC	     "070701"
#define MAGIC_BYTES  6u
#define TRAILER	     "TRAILER!!!"

enum cpio_field { FIELD_MODE = 1, FIELD_MTIME = 5, FIELD_SIZE = 6, FIELD_NAME_SIZE = 11 };

void cpio_start(struct cpio *archive, const void *base, uint32_t bytes)
{
	archive->base = base;
	archive->bytes = bytes;
	archive->at = 0;
}

static bool read_field(const uint8_t *header, enum cpio_field field, uint32_t *value)
{
	const uint8_t *digit = header + MAGIC_BYTES + FIELD_BYTES * (uint32_t)field;

	*value = 0;
	for (uint32_t i = 0; i < FIELD_BYTES; i++) {
		uint32_t c = digit[i], n;

		if (c >= '0' && c <= '9')
			n = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			n = (c | 0x20) - 'a' + 10;
		else
			return false;
		*value = *value << 4 | n;
	}
	return true;
}

/* Moves `at` over `bytes` and the padding behind; false past the end. Padding may be cut off. */
static bool skip(const struct cpio *archive, uint32_t *at, uint32_t bytes)
{
	if (bytes > archive->bytes - *at)
		return false;
	*at += bytes;
	while (*at % 4 && *at < archive->bytes)
		(*at)++;
	return true;
}

int cpio_next(struct cpio *archive, struct cpio_entry *entry)
{
	const uint8_t *header = archive->base + archive->at;
	uint32_t at = archive->at, name_size;

	if (archive->bytes - at < HEADER_BYTES || memcmp(header, MAGIC, MAGIC_BYTES))
		return -EINVAL;
	if (!read_field(header, FIELD_MODE, &entry->mode) ||
		!read_field(header, FIELD_MTIME, &entry->mtime) ||
		!read_field(header, FIELD_SIZE, &entry->size) ||
		!read_field(header, FIELD_NAME_SIZE, &name_size))
		return -EINVAL;
	entry->name = (const char *)header + HEADER_BYTES;
	if (name_size == 0 || name_size > archive->bytes - at - HEADER_BYTES ||
		entry->name[name_size - 1] != '\0' || strlen(entry->name) != name_size - 1)
		return -EINVAL;
	if (!skip(archive, &at, HEADER_BYTES + name_size))
		return -EINVAL;
	entry->data = archive->base + at;
	if (!skip(archive, &at, entry->size))
		return -EINVAL;
	archive->at = at;
	if (strcmp(entry->name, TRAILER) == 0)
		return 0;
	while (entry->name[0] == '/' || (entry->name[0] == '.' && entry->name[1] == '/'))
		entry->name++;
	entry->name_len = (uint32_t)strlen(entry->name);
	return 1;
}

int cpio_find(const void *base, uint32_t bytes, const char *name, struct cpio_entry *entry)
{
	struct cpio archive;
	int status;

	cpio_start(&archive, base, bytes);
	while ((status = cpio_next(&archive, entry)) == 1) {
		if (S_ISREG(entry->mode) && strcmp(entry->name, name) == 0)
			return 0;
	}
	return status < 0 ? status : -ENOENT;
}
