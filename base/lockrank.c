/* The lock-order checker of debug builds: each hart keeps the ranks of the locks it holds. */
#include <base/spinlock.h>

#ifdef QUIRE_DEBUG

#define HELD_MAX 16

static struct held {
	const struct spinlock *locks[HELD_MAX];
	u32 count;
} held[MAX_HARTS];

void lock_rank_acquire(struct spinlock *l, bool nested)
{
	struct held *h = &held[arch_hart_index()];

	for (u32 i = 0; i < h->count; i++) {
		if (h->locks[i] == l)
			panic("lock %p (rank %u) taken twice", l, l->rank);
		if (h->locks[i]->rank > l->rank || (h->locks[i]->rank == l->rank && !nested))
			panic("lock order: rank %u (%p) taken while rank %u (%p) is held", l->rank,
				l, h->locks[i]->rank, h->locks[i]);
	}
	if (l->rank == 0)
		panic("lock %p has no rank", l);
	if (h->count == HELD_MAX)
		panic("more than %d locks held", HELD_MAX);
	h->locks[h->count++] = l;
}

/* Locks need not be released in the reverse order of taking. */
void lock_rank_release(struct spinlock *l)
{
	struct held *h = &held[arch_hart_index()];

	for (u32 i = h->count; i-- > 0;) {
		if (h->locks[i] != l)
			continue;
		for (h->count--; i < h->count; i++)
			h->locks[i] = h->locks[i + 1];
		return;
	}
	panic("lock %p (rank %u) released by a hart that does not hold it", l, l->rank);
}

void lock_rank_assert_none(void)
{
	const struct held *h = &held[arch_hart_index()];

	if (h->count)
		panic("lock %p (rank %u) still held", h->locks[h->count - 1],
			h->locks[h->count - 1]->rank);
}

#endif
