/*
 * Reading a flattened device tree in order, and reserving memory in one. A cursor visits the nodes
 * depth first; properties are asked for by name on the node where it stands.
 */
#ifndef FIRMWARE_FDT_H
#define FIRMWARE_FDT_H

#include <stdbool.h>
#include <stdint.h>

#define FDT_DEPTH_LIMIT 8

struct fdt_cursor {
	const uint8_t *blob;
	const uint8_t *next; /* first token past the current node's properties */
	const uint8_t *end;
	const uint8_t *properties; /* of the current node */
	const char *name;	   /* of the current node; "" at the root */
	int depth;		   /* the root's is 0 */
	/* cells[d]: how nodes at depth d write addresses and sizes, as their parent says */
	struct {
		uint8_t address, size;
	} cells[FDT_DEPTH_LIMIT + 1];
};

/* False when there is no device tree at fdt. */
bool fdt_open(struct fdt_cursor *cursor, const void *fdt);

/* Go to the next node; false after the last. */
bool fdt_next(struct fdt_cursor *cursor);

/* The value of a property of the current node, and its length in bytes; NULL when absent. */
const void *fdt_property(const struct fdt_cursor *cursor, const char *name, uint32_t *length);

/* A property that is one cell; fallback when absent. */
uint32_t fdt_property_u32(const struct fdt_cursor *cursor, const char *name, uint32_t fallback);

/* Whether a property that is a list of strings has this one. */
bool fdt_property_has(const struct fdt_cursor *cursor, const char *name, const char *string);

/* The index-th pair of "reg"; false when absent. Addresses above 4 GiB are reported as such pairs
 * only when they fit the firmware's 32 bits; others are false too. */
bool fdt_reg(const struct fdt_cursor *cursor, uint32_t index, uint32_t *base, uint32_t *size);

/* A big-endian cell at any alignment of 4. */
uint32_t fdt_cell(const void *at);

uint32_t fdt_total_size(const void *fdt);

/*
 * Add an entry to the memory reservation block, in place. The blob may grow by FDT_RESERVE_ROOM
 * bytes: the caller has made sure that they are free. False when the blob's blocks are laid out in
 * an order that leaves no way to grow.
 */
#define FDT_RESERVE_ROOM 16
bool fdt_reserve(void *fdt, uint32_t start, uint32_t size);

#endif
