/* Reading a flattened device tree. The tree comes from outside, so every offset in it is checked; a
 * broken one reads as a tree that ends early. */
#ifndef RISCV_FDT_H
#define RISCV_FDT_H

#include <base/types.h>

#define FDT_DEPTH_MAX 16

struct fdt {
	const u8 *base;
	u32 size;
	u32 struct_start, struct_end;
	u32 strings_start, strings_end;
	u32 reserve_start;
};

/* A position in a walk over all nodes, parents before children. */
struct fdt_node {
	const struct fdt *tree;
	const char *name;
	int depth;			     /* the root's is 0 */
	u32 properties;			     /* offset of the node's first property */
	u32 next;			     /* offset to go on from */
	u8 address_cells[FDT_DEPTH_MAX + 1]; /* that a node at this depth gives its children */
	u8 size_cells[FDT_DEPTH_MAX + 1];
};

/* False: no tree there. At most `limit` bytes from base are touched. */
bool fdt_open(struct fdt *t, const void *base, u32 limit);
u32 fdt_total_size(const struct fdt *t);
/* Entry n of the memory reservation block; false past the last. */
bool fdt_reservation(const struct fdt *t, u32 n, u64 *start, u64 *size);

void fdt_start(const struct fdt *t, struct fdt_node *n);
bool fdt_next(struct fdt_node *n); /* false: no more nodes */

/* A property's value and length, or NULL. */
const u8 *fdt_property(const struct fdt_node *n, const char *name, u32 *len);
/* The big-endian word at index, or fallback if the property is shorter or missing. */
u32 fdt_word(const struct fdt_node *n, const char *name, u32 index, u32 fallback);
/* A property of one or two cells. */
u64 fdt_number(const struct fdt_node *n, const char *name, u64 fallback);
/* A string property, or NULL if it is missing or not ended. */
const char *fdt_string(const struct fdt_node *n, const char *name);
/* One string of a list of strings equals `string`. */
bool fdt_lists(const struct fdt_node *n, const char *name, const char *string);
/* Range n of "reg", by the parent's cell counts. */
bool fdt_reg(const struct fdt_node *n, u32 index, u64 *start, u64 *size);
/* "cpu" names "cpu@0". */
bool fdt_is_named(const struct fdt_node *n, const char *name);
/* The node's "status" does not say that it is out of use. */
bool fdt_enabled(const struct fdt_node *n);

#endif
