/* Frames: a buddy allocator with a small cache per hart, and the reference count that decides a
 * frame's life. What the count means is told in mm/frame.h.
 *
 * Free frames are in one of three places: a buddy list (guarded by buddy.lock), a hart's cache, or
 * a hart's stock of zeroed frames. The last two belong to their hart alone: the kernel runs with
 * interrupts off, so they need no lock. All of them have refs = 0 and kind FRAME_FREE.
 *
 * Debug builds fill every freed frame with junk and look whether it is still there when the frame
 * is handed out again: a store through a stale translation shows at once.
 */
#include <mm/frame.h>
#include <mm/hart.h>
#include <mm/reclaim.h>
#include <arch/boot.h>

#define MAX_ORDER 10 /* 4 MiB */
#define JUNK	  0x5a5a5a5au

static struct {
	struct spinlock lock;
	struct list free[MAX_ORDER + 1];
	u32 free_frames;
} buddy = {.lock = SPINLOCK_INIT(RANK_FRAME)};

struct frame *frame_table;
pfn_t frame_first;
u32 frame_total;
static u32 ram_total; /* frames that were ever free */

struct mm_hart mm_harts[MAX_HARTS];

/* --- buddy lists --- */

static void buddy_free_locked(struct frame *f, u32 order)
{
	pfn_t pfn = frame_number(f);

	buddy.free_frames += 1u << order;
	while (order < MAX_ORDER) {
		pfn_t mate = pfn ^ 1u << order;

		if (mate - frame_first >= frame_total)
			break;
		struct frame *m = frame_of(mate);
		/* on_lru marks the head of a block on a buddy list: a frame in a hart's cache is
		 * FREE too, but it is not ours to merge. */
		if (m->kind != FRAME_FREE || !m->on_lru || m->index != order)
			break;
		list_remove(&m->link);
		m->on_lru = 0;
		pfn = min_of(pfn, mate);
		order++;
	}
	f = frame_of(pfn);
	f->index = order;
	f->on_lru = 1;
	list_push_front(&buddy.free[order], &f->link);
}

static struct frame *buddy_take_locked(u32 order)
{
	for (u32 have = order; have <= MAX_ORDER; have++) {
		struct frame *f = list_first(&buddy.free[have], struct frame, link);

		if (!f)
			continue;
		list_remove(&f->link);
		f->on_lru = 0;
		while (have > order) {
			struct frame *upper = f + (1u << --have);

			upper->index = have;
			upper->on_lru = 1;
			list_push_front(&buddy.free[have], &upper->link);
		}
		buddy.free_frames -= 1u << order;
		return f;
	}
	return NULL;
}

/* --- boot --- */

/* In blocks as large as alignment and the end allow: page by page costs seventy instructions each. */
static void add_range(pfn_t first, u32 pages)
{
	pfn_t end = first + pages;

	ram_total += pages;
	while (first < end) {
		u32 order = 0;

		while (order < MAX_ORDER && !(first & 1u << order) && end - first >= 2u << order)
			order++;
		for (u32 i = 0; i < 1u << order; i++)
			frame_of(first + i)->kind = FRAME_FREE;
		buddy_free_locked(frame_of(first), order);
		first += 1u << order;
	}
}

void frames_init(void)
{
	pfn_t low = ~0u, high = 0;

	for (u32 i = 0; i <= MAX_ORDER; i++)
		list_init(&buddy.free[i]);
	for (u32 i = 0; i < boot_facts.nfree; i++) {
		const struct boot_range *r = &boot_facts.free[i];

		low = min_of(low, r->first);
		high = max_of(high, r->first + r->pages);
	}
	assert(low < high);
	frame_first = low;
	frame_total = high - low;

	/* The descriptors take the start of the first range that holds them. */
	u32 need = (frame_total * (u32)sizeof(struct frame) + PAGE_MASK) >> PAGE_SHIFT;
	struct boot_range *home = NULL;

	for (u32 i = 0; i < boot_facts.nfree && !home; i++)
		if (boot_facts.free[i].pages > need)
			home = &boot_facts.free[i];
	assert(home);
	frame_table = frame_address(home->first);
	__builtin_memset(frame_table, 0, need << PAGE_SHIFT);
	home->first += need;
	home->pages -= need;
	for (u32 i = 0; i < frame_total; i++) {
		frame_table[i].kind = FRAME_RESERVED;
		list_init(&frame_table[i].link);
	}
	spin_lock(&buddy.lock);
	for (u32 i = 0; i < boot_facts.nfree; i++)
		add_range(boot_facts.free[i].first, boot_facts.free[i].pages);
	spin_unlock(&buddy.lock);
}

/* --- handing out --- */

static void junk_fill(struct frame *f)
{
#ifdef QUIRE_DEBUG
	u32 *word = frame_address(frame_number(f));

	for (u32 i = 0; i < PAGE_SIZE / 4; i++)
		word[i] = JUNK;
#else
	(void)f;
#endif
}

static void junk_expect(struct frame *f)
{
#ifdef QUIRE_DEBUG
	static bool filled_once; /* frames of boot were never filled */
	const u32 *word = frame_address(frame_number(f));

	if (word[0] == JUNK)
		filled_once = true;
	if (filled_once && word[0] == JUNK)
		for (u32 i = 0; i < PAGE_SIZE / 4; i++)
			if (word[i] != JUNK)
				panic("free frame %x was stored to at offset %x", frame_number(f),
					i * 4);
#else
	(void)f;
#endif
}

static void frame_born(struct frame *f, enum frame_kind kind)
{
	debug_assert(f->refs == 0 && f->mapcount == 0 && f->pins == 0);
	f->refs = 1;
	f->kind = (u8)kind;
	f->state = PAGE_CLEAN;
	f->hole = 0;
	f->object = NULL; /* and a table's first and end */
	f->index = 0;
}

/* Half a cache at a time, so that a hart that allocates and frees in turn rarely takes the lock. */
static void cache_refill(struct mm_hart *h)
{
	spin_lock(&buddy.lock);
	while (h->cached < FRAME_CACHE / 2) {
		struct frame *f = buddy_take_locked(0);

		if (!f)
			break;
		h->cache[h->cached++] = frame_number(f);
	}
	spin_unlock(&buddy.lock);
}

static void cache_drain(struct mm_hart *h)
{
	spin_lock(&buddy.lock);
	while (h->cached > FRAME_CACHE / 2)
		buddy_free_locked(frame_of(h->cache[--h->cached]), 0);
	spin_unlock(&buddy.lock);
}

pfn_t frame_alloc(enum frame_kind kind)
{
	struct mm_hart *h = mm_this_hart();

	if (unlikely(!h->cached)) {
		cache_refill(h);
		if (!h->cached) {
			if (!h->zeroed_count)
				return PFN_NONE;
			h->cache[h->cached++] = h->zeroed[--h->zeroed_count];
		}
	}
	pfn_t pfn = h->cache[--h->cached];
	struct frame *f = frame_of(pfn);

	junk_expect(f);
	frame_born(f, kind);
	return pfn;
}

pfn_t frame_alloc_zeroed(enum frame_kind kind)
{
	struct mm_hart *h = mm_this_hart();

	if (h->zeroed_count) {
		pfn_t pfn = h->zeroed[--h->zeroed_count];

		frame_born(frame_of(pfn), kind);
		return pfn;
	}
	pfn_t pfn = frame_alloc(kind);

	if (pfn)
		arch_page_zero(frame_address(pfn));
	return pfn;
}

pfn_t frame_alloc_run(enum frame_kind kind, u32 order)
{
	if (order > MAX_ORDER)
		return PFN_NONE;
	spin_lock(&buddy.lock);
	struct frame *f = buddy_take_locked(order);
	spin_unlock(&buddy.lock);
	if (!f)
		return PFN_NONE;
	for (u32 i = 0; i < 1u << order; i++) {
		f[i].kind = FRAME_FREE;
		frame_born(&f[i], kind);
	}
	return frame_number(f);
}

static void frame_free(struct frame *f)
{
	struct mm_hart *h = mm_this_hart();

	assert(f->mapcount == 0 && f->pins == 0 && f->kind != FRAME_FREE &&
		f->kind != FRAME_RESERVED);
	if (unlikely(f->kind == FRAME_PRIVATE && f->hole))
		commit_uncharge(1);
	f->kind = FRAME_FREE;
	f->object = NULL;
	f->on_lru = 0;
	junk_fill(f);
	if (unlikely(h->cached == FRAME_CACHE))
		cache_drain(h);
	h->cache[h->cached++] = frame_number(f);
}

void frame_put(struct frame *f)
{
	u32 before = __atomic_fetch_sub(&f->refs, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before == 1)
		frame_free(f);
}

void frame_pin(struct frame *f)
{
	frame_get(f);
	__atomic_fetch_add(&f->pins, 1, __ATOMIC_ACQ_REL);
}

void frame_unpin(struct frame *f)
{
	u32 before = __atomic_fetch_sub(&f->pins, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	frame_put(f);
}

bool frames_zero_ahead(void)
{
	struct mm_hart *h = mm_this_hart();

	if (h->zeroed_count == FRAME_CACHE || buddy.free_frames < 8 * FRAME_CACHE)
		return false;
	if (!h->cached)
		cache_refill(h);
	if (!h->cached)
		return false;
	pfn_t pfn = h->cache[--h->cached];

	junk_expect(frame_of(pfn));
	arch_page_zero(frame_address(pfn));
	h->zeroed[h->zeroed_count++] = pfn;
	return true;
}

/* --- counting --- */

u32 frames_free_estimate(void)
{
	return __atomic_load_n(&buddy.free_frames, __ATOMIC_RELAXED);
}

void frames_count(struct frame_counts *c)
{
	*c = (struct frame_counts){.total = ram_total};
	for (u32 i = 0; i < frame_total; i++)
		switch (frame_table[i].kind) {
		case FRAME_FREE: c->free++; break;
		case FRAME_TABLE: c->table++; break;
		case FRAME_KERNEL: c->kernel++; break;
		case FRAME_OBJECT: c->object++; break;
		case FRAME_PRIVATE: c->private_++; break;
		default: break;
		}
}

/* For the checker: every descriptor in turn, NULL at the end. */
struct frame *frame_walk(u32 i)
{
	return i < frame_total ? &frame_table[i] : NULL;
}
