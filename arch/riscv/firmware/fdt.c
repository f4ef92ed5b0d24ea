/*
 * The flattened device tree, version 17 (Devicetree Specification 0.4, chapter 5). The blob comes
 * from the machine and is trusted to be well formed; the cursor nevertheless never leaves the
 * structure block.
 */
#include "fdt.h"
#include "string.h"
#include <stddef.h>

#define FDT_MAGIC 0xd00dfeedu

enum fdt_token {
	FDT_BEGIN_NODE = 1,
	FDT_END_NODE = 2,
	FDT_PROP = 3,
	FDT_NOP = 4,
	FDT_END = 9,
};

struct fdt_header {
	uint32_t magic, total_size, struct_offset, strings_offset, reserve_offset, version,
		last_compatible_version, boot_cpu, strings_size, struct_size;
};
_Static_assert(sizeof(struct fdt_header) == 40, "as the specification lays it out");

struct fdt_reservation {
	uint32_t start_high, start_low, size_high, size_low;
};
_Static_assert(sizeof(struct fdt_reservation) == FDT_RESERVE_ROOM, "one entry is the room asked");

static uint32_t swap32(uint32_t x)
{
	return x >> 24 | (x >> 8 & 0xff00) | (x << 8 & 0xff0000) | x << 24;
}

uint32_t fdt_cell(const void *at)
{
	return swap32(*(const uint32_t *)at);
}

static uint32_t align4(uint32_t n)
{
	return (n + 3) & ~3u;
}

uint32_t fdt_total_size(const void *fdt)
{
	return swap32(((const struct fdt_header *)fdt)->total_size);
}

bool fdt_open(struct fdt_cursor *cursor, const void *fdt)
{
	const struct fdt_header *header = fdt;

	if (!fdt || (uintptr_t)fdt % 4 || swap32(header->magic) != FDT_MAGIC)
		return false;
	memset(cursor, 0, sizeof(*cursor));
	cursor->blob = fdt;
	cursor->next = cursor->blob + swap32(header->struct_offset);
	cursor->end = cursor->next + swap32(header->struct_size);
	cursor->depth = -1;
	return true;
}

/* Step over the property at *at; false when another token is there. */
static bool skip_property(const struct fdt_cursor *cursor, const uint8_t **at)
{
	while (*at + 4 <= cursor->end && fdt_cell(*at) == FDT_NOP)
		*at += 4;
	if (*at + 12 > cursor->end || fdt_cell(*at) != FDT_PROP)
		return false;
	*at += 12 + align4(fdt_cell(*at + 4));
	return true;
}

static void enter_node(struct fdt_cursor *cursor)
{
	cursor->name = (const char *)cursor->next;
	cursor->next += align4(strlen(cursor->name) + 1);
	cursor->properties = cursor->next;
	while (skip_property(cursor, &cursor->next))
		;
	if (++cursor->depth < FDT_DEPTH_LIMIT) {
		/* The defaults are the specification's; they do not inherit. */
		uint32_t address = fdt_property_u32(cursor, "#address-cells", 2);
		uint32_t size = fdt_property_u32(cursor, "#size-cells", 1);
		cursor->cells[cursor->depth + 1].address = (uint8_t)address;
		cursor->cells[cursor->depth + 1].size = (uint8_t)size;
	}
}

bool fdt_next(struct fdt_cursor *cursor)
{
	while (cursor->next + 4 <= cursor->end) {
		uint32_t token = fdt_cell(cursor->next);

		cursor->next += 4;
		switch (token) {
		case FDT_BEGIN_NODE: enter_node(cursor); return true;
		case FDT_END_NODE: cursor->depth--; break;
		case FDT_NOP: break;
		default: return false;
		}
	}
	return false;
}

const void *fdt_property(const struct fdt_cursor *cursor, const char *name, uint32_t *length)
{
	const struct fdt_header *header = (const struct fdt_header *)cursor->blob;
	const char *strings = (const char *)cursor->blob + swap32(header->strings_offset);
	const uint8_t *at = cursor->properties;

	for (const uint8_t *past = at; skip_property(cursor, &past); at = past) {
		while (fdt_cell(at) == FDT_NOP)
			at += 4;
		if (strcmp(strings + fdt_cell(at + 8), name) == 0) {
			*length = fdt_cell(at + 4);
			return at + 12;
		}
	}
	return NULL;
}

uint32_t fdt_property_u32(const struct fdt_cursor *cursor, const char *name, uint32_t fallback)
{
	uint32_t length;
	const void *value = fdt_property(cursor, name, &length);

	return value && length >= 4 ? fdt_cell(value) : fallback;
}

bool fdt_property_has(const struct fdt_cursor *cursor, const char *name, const char *string)
{
	uint32_t length;
	const char *value = fdt_property(cursor, name, &length);

	for (uint32_t at = 0; value && at < length; at += strlen(value + at) + 1)
		if (strcmp(value + at, string) == 0)
			return true;
	return false;
}

/* A number of so many cells; false when it does not fit 32 bits. */
static bool read_cells(const uint8_t *at, uint32_t cells, uint32_t *value)
{
	*value = 0;
	for (uint32_t i = 0; i < cells; i++, at += 4) {
		if (*value != 0)
			return false;
		*value = fdt_cell(at);
	}
	return true;
}

bool fdt_reg(const struct fdt_cursor *cursor, uint32_t index, uint32_t *base, uint32_t *size)
{
	uint32_t length;
	const uint8_t *reg = fdt_property(cursor, "reg", &length);

	if (!reg || cursor->depth > FDT_DEPTH_LIMIT)
		return false;
	uint32_t address_cells = cursor->cells[cursor->depth].address;
	uint32_t size_cells = cursor->cells[cursor->depth].size;
	uint32_t stride = 4 * (address_cells + size_cells);

	if (stride == 0 || index >= length / stride)
		return false;
	reg += index * stride;
	return read_cells(reg, address_cells, base) &&
	       read_cells(reg + 4 * address_cells, size_cells, size);
}

bool fdt_reserve(void *fdt, uint32_t start, uint32_t size)
{
	struct fdt_header *header = fdt;
	uint32_t at = swap32(header->reserve_offset);
	uint32_t struct_offset = swap32(header->struct_offset);
	uint32_t strings_offset = swap32(header->strings_offset);

	if (struct_offset < at || strings_offset < at)
		return false;

	/* A new first entry: everything from the old first one onwards moves up. */
	struct fdt_reservation *entry = (struct fdt_reservation *)((uint8_t *)fdt + at);
	memmove(entry + 1, entry, fdt_total_size(fdt) - at);
	*entry = (struct fdt_reservation){
		.start_low = swap32(start),
		.size_low = swap32(size),
	};
	header->struct_offset = swap32(struct_offset + sizeof(*entry));
	header->strings_offset = swap32(strings_offset + sizeof(*entry));
	header->total_size = swap32(fdt_total_size(fdt) + sizeof(*entry));
	return true;
}
