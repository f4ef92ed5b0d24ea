/* Regions: a treap by start address plus a list in address order.
 *
 * The treap's priorities are pseudo-random, which keeps it balanced without rotations to get wrong:
 * insertion and removal split and join subtrees. The list makes neighbours and gaps cheap.
 */
#include <mm/region.h>
#include <mm/reclaim.h>
#include <mm/slab.h>

static struct slab_cache region_cache;

void region_setup(void)
{
	slab_cache_init(&region_cache, "region", sizeof(struct region));
}

u32 region_live(void)
{
	return region_cache.live;
}

struct region *region_alloc(void)
{
	struct region *r = slab_alloc_zeroed(&region_cache);

	if (r) {
		list_init(&r->order);
		list_init(&r->object_link);
	}
	return r;
}

void region_discard(struct region *r)
{
	if (r)
		slab_free(&region_cache, r);
}

/* --- treap --- */

static u32 next_priority(void)
{
	static u32 state = 2463534242u;
	u32 x = __atomic_load_n(&state, __ATOMIC_RELAXED);

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	__atomic_store_n(&state, x, __ATOMIC_RELAXED);
	return x;
}

/* All below `va` to *low, the others to *high. */
static void treap_split(struct region *t, vaddr_t va, struct region **low, struct region **high)
{
	while (t) {
		if (t->start < va) {
			*low = t;
			low = &t->right;
			t = t->right;
		} else {
			*high = t;
			high = &t->left;
			t = t->left;
		}
	}
	*low = *high = NULL;
}

static struct region *treap_join(struct region *low, struct region *high)
{
	struct region *top = NULL, **to = &top;

	while (low && high) {
		if (low->priority > high->priority) {
			*to = low;
			to = &low->right;
			low = low->right;
		} else {
			*to = high;
			to = &high->left;
			high = high->left;
		}
	}
	*to = low ? low : high;
	return top;
}

static void treap_insert(struct aspace *a, struct region *r)
{
	struct region **at = &a->root;

	r->priority = next_priority();
	while (*at && (*at)->priority > r->priority)
		at = r->start < (*at)->start ? &(*at)->left : &(*at)->right;
	treap_split(*at, r->start, &r->left, &r->right);
	*at = r;
}

static void treap_remove(struct aspace *a, struct region *r)
{
	struct region **at = &a->root;

	while (*at != r)
		at = r->start < (*at)->start ? &(*at)->left : &(*at)->right;
	*at = treap_join(r->left, r->right);
}

struct region *region_at_or_after_locked(struct aspace *a, vaddr_t va)
{
	struct region *best = NULL;

	for (struct region *r = a->root; r;) {
		if (r->end > va) {
			best = r;
			r = r->left;
		} else {
			r = r->right;
		}
	}
	return best;
}

struct region *region_find_locked(struct aspace *a, vaddr_t va)
{
	struct region *r = a->last;

	debug_assert(spin_is_locked(&a->lock));
	if (r && va - r->start < r->end - r->start)
		return r;
	r = region_at_or_after_locked(a, va);
	if (!r || r->start > va)
		return NULL;
	return a->last = r;
}

struct region *region_next_locked(struct aspace *a, struct region *r)
{
	return r->order.next == &a->regions ? NULL
					    : list_entry(r->order.next, struct region, order);
}

struct region *region_prev_locked(struct aspace *a, struct region *r)
{
	return r->order.prev == &a->regions ? NULL
					    : list_entry(r->order.prev, struct region, order);
}

/* --- in and out --- */

static void link_order(struct aspace *a, struct region *r)
{
	struct region *after = region_at_or_after_locked(a, r->start);

	if (after)
		list_push_back(&after->order, &r->order); /* just before it */
	else
		list_push_back(&a->regions, &r->order);
}

void region_insert_locked(struct aspace *a, struct region *r)
{
	debug_assert(spin_is_locked(&a->lock));
	r->space = a;
	link_order(a, r);
	treap_insert(a, r);
	a->region_count++;
	a->size_pages += region_pages(r);
	if (r->object) {
		object_user_get(r->object);
		spin_lock(&r->object->lock);
		list_push_back(&r->object->regions, &r->object_link);
		r->object->region_count++;
		spin_unlock(&r->object->lock);
	}
}

void region_remove_locked(struct aspace *a, struct region *r)
{
	struct memory_object *o = r->object;

	treap_remove(a, r);
	list_remove(&r->order);
	a->region_count--;
	a->size_pages -= region_pages(r);
	if (a->last == r)
		a->last = NULL;
	if (o) {
		spin_lock(&o->lock);
		list_remove(&r->object_link);
		o->region_count--;
		spin_unlock(&o->lock);
	}
	slab_free(&region_cache, r);
	if (o)
		object_user_put(o);
}

static void set_bounds(struct region *r, vaddr_t start, vaddr_t end)
{
	struct memory_object *o = r->object;

	if (o)
		spin_lock(&o->lock);
	r->page_offset += (start - r->start) >> PAGE_SHIFT;
	r->start = start;
	r->end = end;
	if (o)
		spin_unlock(&o->lock);
}

void region_split_locked(struct aspace *a, struct region *r, vaddr_t va, struct region *spare)
{
	struct memory_object *o = r->object;

	debug_assert(spin_is_locked(&a->lock) && va > r->start && va < r->end);
	*spare = *r;
	list_init(&spare->order);
	list_init(&spare->object_link);
	spare->left = spare->right = NULL;
	spare->start = va;
	spare->page_offset = region_page(r, va);
	/* The two halves appear in the reverse map in one hold of the object's lock. */
	if (o) {
		object_user_get(o);
		spin_lock(&o->lock);
	}
	r->end = va;
	if (o) {
		list_push_back(&o->regions, &spare->object_link);
		o->region_count++;
		spin_unlock(&o->lock);
	}
	list_push_front(&r->order, &spare->order); /* just behind r */
	treap_insert(a, spare);
	a->region_count++;
}

void region_shrink_locked(struct aspace *a, struct region *r, vaddr_t start, vaddr_t end)
{
	debug_assert(start >= r->start && end <= r->end && (start == r->start || end == r->end));
	if (start == r->start && end == r->end) {
		region_remove_locked(a, r);
		return;
	}
	a->size_pages -= (end - start) >> PAGE_SHIFT;
	if (start == r->start) {
		/* The key changes, the order does not: no other region lies between. */
		set_bounds(r, end, r->end);
	} else {
		set_bounds(r, r->start, start);
	}
}

static bool continues(const struct region *low, const struct region *high)
{
	return low->end == high->start && low->object == high->object && low->prot == high->prot &&
	       low->max_prot == high->max_prot && low->flags == high->flags &&
	       low->advice == high->advice && !(low->flags & REGION_KERNEL) &&
	       (!low->object || low->page_offset + region_pages(low) == high->page_offset);
}

static void absorb(struct aspace *a, struct region *low, struct region *high)
{
	struct memory_object *o = low->object;
	vaddr_t end = high->end;

	treap_remove(a, high);
	list_remove(&high->order);
	a->region_count--;
	if (a->last == high)
		a->last = NULL;
	if (o)
		spin_lock(&o->lock);
	low->end = end;
	low->wrote |= high->wrote;
	if (o) {
		list_remove(&high->object_link);
		o->region_count--;
		spin_unlock(&o->lock);
	}
	slab_free(&region_cache, high);
	if (o)
		object_user_put(o);
}

void region_merge_locked(struct aspace *a, struct region *r)
{
	struct region *next = region_next_locked(a, r), *prev = region_prev_locked(a, r);

	if (next && continues(r, next))
		absorb(a, r, next);
	if (prev && continues(prev, r))
		absorb(a, prev, r);
}

/* --- gaps and charges --- */

static bool is_free(struct aspace *a, vaddr_t start, u32 len)
{
	struct region *r;

	if (start < QUIRE_USER_MIN || len > QUIRE_USER_MAX - start)
		return false;
	r = region_at_or_after_locked(a, start);
	return !r || r->start >= start + len;
}

/* The highest gap of len bytes that ends at or below `ceiling`. */
static vaddr_t gap_below(struct aspace *a, vaddr_t ceiling, u32 len)
{
	struct region *above = region_at_or_after_locked(a, ceiling);
	struct list *node = above ? above->order.prev : a->regions.prev;
	vaddr_t top = above && above->start < ceiling ? above->start : ceiling;

	for (;; node = node->prev) {
		vaddr_t floor = QUIRE_USER_MIN;

		if (node != &a->regions)
			floor = list_entry(node, struct region, order)->end;
		if (top > floor && top - floor >= len)
			return top - len;
		if (node == &a->regions)
			return 0;
		top = list_entry(node, struct region, order)->start;
	}
}

vaddr_t region_gap_locked(struct aspace *a, vaddr_t hint, u32 len)
{
	if (hint && is_free(a, hint, len))
		return hint;
	vaddr_t va = gap_below(a, a->hint, len);

	if (!va)
		va = gap_below(a, ASPACE_USER_TOP, len);
	return va;
}

int region_limits_locked(struct aspace *a, vaddr_t start, vaddr_t end, u32 charge)
{
	u32 pages = (end - start) >> PAGE_SHIFT;

	debug_assert(spin_is_locked(&a->lock));
	if (likely((a->size_limit & a->commit_limit) == ~0u))
		return 0;
	for (struct region *r = region_at_or_after_locked(a, start); r && r->start < end;
		r = region_next_locked(a, r))
		pages -= (min_of(r->end, end) - max_of(r->start, start)) >> PAGE_SHIFT;
	if (pages > a->size_limit || a->size_pages > a->size_limit - pages)
		return -ENOMEM;
	return charge > a->commit_limit || a->commit > a->commit_limit - charge ? -ENOMEM : 0;
}

u32 region_table_charge_locked(struct aspace *a, vaddr_t start, vaddr_t end)
{
	vaddr_t first = start / ARCH_TABLE_SPAN, last = (end - 1) / ARCH_TABLE_SPAN;
	u32 spans = last - first + 1;
	struct region *next = region_at_or_after_locked(a, start);
	struct list *node = next ? next->order.prev : a->regions.prev;
	bool shares_first =
		node != &a->regions &&
		(list_entry(node, struct region, order)->end - 1) / ARCH_TABLE_SPAN == first;

	while (next && next->start < end) /* only for removal: the range itself */
		next = region_next_locked(a, next);
	bool shares_last = next && next->start / ARCH_TABLE_SPAN == last;

	if (spans == 1)
		return shares_first || shares_last ? 0 : 1;
	return spans - shares_first - shares_last;
}

void region_carve_locked(struct aspace *a, vaddr_t start, vaddr_t end, struct region *spare[2])
{
	struct region *r = region_find_locked(a, start);

	if (r && r->start < start) {
		region_split_locked(a, r, start, spare[0]);
		spare[0] = NULL;
	}
	r = region_find_locked(a, end - 1);
	if (r && r->end > end) {
		region_split_locked(a, r, end, spare[1]);
		spare[1] = NULL;
	}
}
