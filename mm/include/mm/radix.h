/* A radix tree from page index to slot word. The owner's lock guards it; nodes come from a slab. */
#ifndef MM_RADIX_H
#define MM_RADIX_H

#include <base/types.h>

#define RADIX_BITS  6
#define RADIX_WIDTH (1u << RADIX_BITS)

struct radix_node;
struct radix {
	struct radix_node *root;
	u32 levels; /* 0: empty */
};

void radix_setup(void); /* once, at boot */
static inline void radix_init(struct radix *r) { r->root = NULL, r->levels = 0; }
/* The slot word for index, or NULL if no node holds it. */
uintptr_t *radix_find(const struct radix *r, u64 index);
/* The same, making the nodes; NULL when memory is out. A word that is nonzero must be set right
 * after, through radix_set, which keeps the nodes' counts. */
uintptr_t *must_check radix_make(struct radix *r, u64 index);
void radix_set(struct radix *r, u64 index, uintptr_t *word, uintptr_t value);
/* First nonzero word at or after *index: its address, *index set; or NULL. */
uintptr_t *radix_next(const struct radix *r, u64 *index);
/* Frees nodes that hold nothing. */
void radix_trim(struct radix *r);
u32 radix_nodes_live(void);

#endif
