/* A radix tree of 64-way nodes from page index to slot word. Height follows the largest index; a
 * node counts its nonzero words, and one that falls to zero is freed by radix_trim. A marked slot is
 * marked in every node above it as well, so that a search for marks passes over what has none; a node
 * above may keep a mark after the last one below it has gone, until a search passes. The owner's lock
 * guards the whole tree.
 */
#include <mm/radix.h>
#include <mm/slab.h>

struct radix_node {
	uintptr_t word[RADIX_WIDTH]; /* children, or slot words at the lowest level */
	u64 marks;		     /* a bit a word */
	u32 used;
};

static struct slab_cache nodes;

void radix_setup(void)
{
	slab_cache_init(&nodes, "radix", sizeof(struct radix_node));
}

u32 radix_nodes_live(void)
{
	return nodes.live;
}

static inline bool covers(const struct radix *r, u64 index)
{
	return r->levels &&
	       (r->levels * RADIX_BITS >= 64 || index >> (r->levels * RADIX_BITS) == 0);
}

static inline u32 digit(u64 index, u32 level)
{
	return (u32)(index >> (level * RADIX_BITS)) % RADIX_WIDTH;
}

/* The lowest-level node for index, or NULL. */
static struct radix_node *leaf_for(const struct radix *r, u64 index)
{
	if (!covers(r, index))
		return NULL;
	struct radix_node *n = r->root;

	for (u32 level = r->levels - 1; n && level > 0; level--)
		n = (struct radix_node *)n->word[digit(index, level)];
	return n;
}

uintptr_t *radix_find(const struct radix *r, u64 index)
{
	struct radix_node *n = leaf_for(r, index);

	return n ? &n->word[digit(index, 0)] : NULL;
}

uintptr_t *radix_make(struct radix *r, u64 index)
{
	while (!covers(r, index)) {
		struct radix_node *top = slab_alloc_zeroed(&nodes);

		if (!top)
			return NULL;
		if (r->root) {
			top->word[0] = (uintptr_t)r->root;
			top->used = 1;
			top->marks = r->root->marks != 0;
		}
		r->root = top;
		r->levels++;
	}
	struct radix_node *n = r->root;

	for (u32 level = r->levels - 1; level > 0; level--) {
		uintptr_t *w = &n->word[digit(index, level)];

		if (!*w) {
			struct radix_node *child = slab_alloc_zeroed(&nodes);

			if (!child)
				return NULL;
			*w = (uintptr_t)child;
			n->used++;
		}
		n = (struct radix_node *)*w;
	}
	return &n->word[digit(index, 0)];
}

void radix_set(struct radix *r, u64 index, uintptr_t *word, uintptr_t value)
{
	struct radix_node *n = container_of(word - digit(index, 0), struct radix_node, word[0]);

	(void)r;
	n->used += (value != 0) - (*word != 0);
	*word = value;
}

static uintptr_t *next_in(struct radix_node *n, u32 level, u64 *index)
{
	for (u32 d = digit(*index, level); d < RADIX_WIDTH; d++) {
		if (!n->word[d]) {
			/* On to the start of the next subtree. */
			*index = ((*index >> (level * RADIX_BITS)) + 1) << (level * RADIX_BITS);
			continue;
		}
		if (level == 0)
			return &n->word[d];
		/* A subtree that has nothing more leaves *index at the start of the next. */
		uintptr_t *w = next_in((struct radix_node *)n->word[d], level - 1, index);

		if (w)
			return w;
	}
	return NULL;
}

uintptr_t *radix_next(const struct radix *r, u64 *index)
{
	if (!covers(r, *index))
		return NULL;
	return next_in(r->root, r->levels - 1, index);
}

void radix_mark(struct radix *r, u64 index)
{
	struct radix_node *n = r->root;

	for (u32 level = r->levels - 1; level > 0; level--) {
		u32 d = digit(index, level);

		n->marks |= 1ull << d;
		n = (struct radix_node *)n->word[d];
	}
	n->marks |= 1ull << digit(index, 0);
}

void radix_unmark(u64 index, uintptr_t *word)
{
	struct radix_node *n = container_of(word - digit(index, 0), struct radix_node, word[0]);

	n->marks &= ~(1ull << digit(index, 0));
}

bool radix_marked(const struct radix *r, u64 index)
{
	const struct radix_node *n = covers(r, index) ? r->root : NULL;

	for (u32 level = r->levels - 1; n && n->marks >> digit(index, level) & 1; level--) {
		if (level == 0)
			return true;
		n = (const struct radix_node *)n->word[digit(index, level)];
	}
	return false;
}

static uintptr_t *next_marked_in(struct radix_node *n, u32 level, u64 *index)
{
	for (;;) {
		u32 from = digit(*index, level);
		u64 left = n->marks >> from;

		if (!left)
			return NULL;
		u32 d = from + (u32)__builtin_ctzll(left);

		if (d != from)
			*index = (*index >> ((level + 1) * RADIX_BITS) << RADIX_BITS | d)
				 << (level * RADIX_BITS);
		if (level == 0)
			return &n->word[d];
		struct radix_node *child = (struct radix_node *)n->word[d];
		uintptr_t *w = child ? next_marked_in(child, level - 1, index) : NULL;

		if (w)
			return w;
		if (!child || !child->marks)
			n->marks &= ~(1ull << d);
		if (d == RADIX_WIDTH - 1)
			return NULL;
		*index = ((*index >> (level * RADIX_BITS)) + 1) << (level * RADIX_BITS);
	}
}

uintptr_t *radix_next_marked(struct radix *r, u64 *index)
{
	if (!covers(r, *index))
		return NULL;
	return next_marked_in(r->root, r->levels - 1, index);
}

static bool trim_node(struct radix_node *n, u32 level)
{
	if (level > 0)
		for (u32 d = 0; d < RADIX_WIDTH; d++)
			if (n->word[d] && trim_node((struct radix_node *)n->word[d], level - 1)) {
				n->word[d] = 0;
				n->marks &= ~(1ull << d);
				n->used--;
			}
	if (n->used)
		return false;
	slab_free(&nodes, n);
	return true;
}

void radix_trim(struct radix *r)
{
	if (r->root && trim_node(r->root, r->levels - 1))
		radix_init(r);
}
