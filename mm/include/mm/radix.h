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
static inline void radix_init(struct radix *r)
{
	r->root = NULL, r->levels = 0;
}
/* The slot word for index, or NULL if no node holds it. */
uintptr_t *radix_find(const struct radix *r, u64 index);
/* The word after `word`, which is index - 1's: the same as radix_find, and cheaper. */
static inline uintptr_t *radix_after(const struct radix *r, u64 index, uintptr_t *word)
{
	return index % RADIX_WIDTH ? word + 1 : radix_find(r, index);
}
/* Like radix_find, making the nodes; NULL when memory is out. A word that is nonzero must be set right
 * after, through radix_set, which keeps the nodes' counts. */
uintptr_t *must_check radix_make(struct radix *r, u64 index);
void radix_set(struct radix *r, u64 index, uintptr_t *word, uintptr_t value);
/* First nonzero word at or after *index: its address, *index set; or NULL. */
uintptr_t *radix_next(const struct radix *r, u64 *index);
/* Marks on slots: index must be covered (it has a word). A mark stays when the word is set to 0, and
 * goes with its node at the latest, so it says that something may be there. */
void radix_mark(struct radix *r, u64 index);
void radix_unmark(u64 index, uintptr_t *word);
bool radix_marked(const struct radix *r, u64 index);
/* First marked slot at or after *index, like radix_next; its word may be 0. */
uintptr_t *radix_next_marked(struct radix *r, u64 *index);
/* Frees nodes that hold nothing. */
void radix_trim(struct radix *r);
u32 radix_nodes_live(void);

#endif
