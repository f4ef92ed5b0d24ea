/* Address spaces: their making and their end, and the set-up of mm/ as a whole.
 *
 * The end. A space dies when no thread will run in it again. No hart is disturbed for it: its ASID is
 * never used again until the bulk recycling of mm/shootdown.c has fenced, so translations left in some
 * hart's cache can't be used, and its frames may go at once. What must be true first is that no hart's
 * translation register names it; aspace_destroy_step waits for that.
 */
#include <mm/region.h>
#include <mm/hart.h>
#include <mm/reclaim.h>
#include <mm/shootdown.h>
#include <mm/slab.h>

static struct slab_cache space_cache;
static struct list all_spaces = LIST_INIT(all_spaces);
static struct spinlock all_lock = SPINLOCK_INIT(RANK_LRU);
static u32 space_total;
pfn_t zero_frame;

void request_setup(void);

void mm_init(void)
{
	slab_setup();
	slab_cache_init(&space_cache, "aspace", sizeof(struct aspace));
	object_setup();
	request_setup();
	writeback_setup();
	region_setup();
	reclaim_setup();
	asid_setup();
	zero_frame = frame_alloc_zeroed(FRAME_KERNEL);
	assert(zero_frame);
}

int aspace_create(struct aspace **out)
{
	/* The root is charged like any table. */
	int error = commit_charge(1);

	if (error)
		return error;
	struct aspace *a = slab_alloc_zeroed(&space_cache);
	pfn_t root = a ? frame_alloc_zeroed(FRAME_TABLE) : PFN_NONE;

	if (!root) {
		if (a)
			slab_free(&space_cache, a);
		commit_uncharge(1);
		return -ENOMEM;
	}
	spin_init(&a->lock, RANK_ASPACE);
	spin_init(&a->table_lock, RANK_TABLE);
	a->refs = 1;
	list_init(&a->regions);
	a->hint = ASPACE_USER_TOP;
	a->commit = 1;
	a->size_limit = a->commit_limit = ~0u;
	u32 asid = asid_take();

	if (!asid) {
		asid = asid_overflow();
		a->asid_shared = true;
	}
	arch_space_init(&a->arch, root, asid);
	spin_lock(&all_lock);
	list_push_back(&all_spaces, &a->all_link);
	space_total++;
	spin_unlock(&all_lock);
	*out = a;
	return 0;
}

void aspace_set_limits(struct aspace *a, u32 size_pages, u32 commit_pages)
{
	spin_lock(&a->lock);
	a->size_limit = size_pages;
	a->commit_limit = commit_pages;
	spin_unlock(&a->lock);
}

void aspace_get(struct aspace *a)
{
	__atomic_fetch_add(&a->refs, 1, __ATOMIC_RELAXED);
}

void aspace_put(struct aspace *a)
{
	u32 before = __atomic_fetch_sub(&a->refs, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before > 1)
		return;
	while (aspace_destroy_step(a))
		arch_relax();
	spin_lock(&all_lock);
	list_remove(&a->all_link);
	space_total--;
	spin_unlock(&all_lock);
	asid_return(a->arch.asid, a->ran);
	commit_uncharge(a->commit);
	frame_put(frame_of(a->arch.root));
	slab_free(&space_cache, a);
	reclaim_wake();
}

/* The tables that a gather had no room for when their regions went. */
static void free_tables_locked(struct aspace *a)
{
	spin_lock(&a->table_lock);
	for (vaddr_t va = 0; a->table_count && va < QUIRE_USER_MAX; va += ARCH_TABLE_SPAN)
		if (arch_table_find(&a->arch, va)) {
			frame_put(frame_of(arch_table_detach(&a->arch, va)));
			a->table_count--;
		}
	spin_unlock(&a->table_lock);
}

/* Drops a bounded number of entries, or the empty tables, or one region. No fence: see above. */
bool aspace_destroy_step(struct aspace *a)
{
	struct gather g;

	if (aspace_current() == a)
		aspace_switch(NULL);
	if (aspace_active_anywhere(a))
		return true;
	spin_lock(&a->lock);
	a->dying = true;
	struct region *r = list_first(&a->regions, struct region, order);

	if (!r) {
		free_tables_locked(a);
		spin_unlock(&a->lock);
		return false;
	}
	for (u32 n = 0; n < 8; n++) {
		vaddr_t va = r->start;

		gather_start(&g, a);
		spin_lock(&a->table_lock);
		table_clear_locked(a, &va, r->end, &g);
		bool done = va == r->end;
		vaddr_t from = r->start;

		if (done)
			table_trim_locked(a, &from, r->start, r->end, &g);
		spin_unlock(&a->table_lock);
		gather_release(&g);
		if (done) {
			region_remove_locked(a, r);
			break;
		}
		region_shrink_locked(a, r, r->start, va);
	}
	spin_unlock(&a->lock);
	return true;
}

/* Spaces in turn, for the checker and the counts; the other harts are stopped. */
struct aspace *aspace_walk(struct aspace *previous)
{
	struct list *n = previous ? previous->all_link.next : all_spaces.next;

	return n == &all_spaces ? NULL : list_entry(n, struct aspace, all_link);
}

u32 aspace_count(void)
{
	return space_total;
}

u32 aspace_resident(struct aspace *a)
{
	return a->resident;
}
