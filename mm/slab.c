/* Small kernel memory. A slab is one frame: a header, then equal objects; free objects are linked
 * through their first word. A slab with no live object goes back to the frame allocator, but for one
 * per cache, so that a cache used by turns does not thrash. Larger sizes are runs of frames.
 */
#include <mm/slab.h>
#include <mm/frame.h>

struct slab {
	struct list link; /* cache->partial while it has a free object */
	struct slab_cache *cache;
	void *free;
	u32 live;
};

static const u16 class_sizes[] = {16, 32, 48, 64, 96, 128, 192, 256, 336, 504, 1008, 2032};
static struct slab_cache classes[ARRAY_SIZE(class_sizes)];
static struct list caches = LIST_INIT(caches);
static struct spinlock caches_lock = SPINLOCK_INIT(RANK_SLAB);
static u32 large_live;

void slab_cache_init(struct slab_cache *c, const char *name, size_t size)
{
	size = (max_of(size, sizeof(void *)) + 7) & ~(size_t)7;
	assert(size <= 2032);
	c->name = name;
	spin_init(&c->lock, RANK_SLAB);
	c->size = (u32)size;
	c->live = 0;
	list_init(&c->partial);
	spin_lock(&caches_lock);
	list_push_back(&caches, &c->next_cache);
	spin_unlock(&caches_lock);
}

static struct slab *slab_grow_locked(struct slab_cache *c)
{
	pfn_t pfn = frame_alloc(FRAME_KERNEL);

	if (!pfn)
		return NULL;
	struct slab *s = frame_address(pfn);
	char *end = (char *)s + PAGE_SIZE;

	s->cache = c;
	s->live = 0;
	s->free = NULL;
	for (char *o = (char *)s + ((sizeof(*s) + 7) & ~7u); o + c->size <= end; o += c->size) {
		*(void **)o = s->free;
		s->free = o;
	}
	list_push_front(&c->partial, &s->link);
	return s;
}

void *slab_alloc(struct slab_cache *c)
{
	spin_lock(&c->lock);
	struct slab *s = list_first(&c->partial, struct slab, link);

	if (!s)
		s = slab_grow_locked(c);
	if (!s) {
		spin_unlock(&c->lock);
		return NULL;
	}
	void *object = s->free;

	s->free = *(void **)object;
	s->live++;
	c->live++;
	if (!s->free)
		list_remove(&s->link);
	spin_unlock(&c->lock);
	return object;
}

void *slab_alloc_zeroed(struct slab_cache *c)
{
	void *object = slab_alloc(c);

	if (object)
		__builtin_memset(object, 0, c->size);
	return object;
}

void slab_free(struct slab_cache *c, void *object)
{
	struct slab *s = (struct slab *)((uintptr_t)object & ~(uintptr_t)PAGE_MASK);
	struct slab *empty = NULL;

	assert(s->cache == c && s->live > 0);
#ifdef QUIRE_DEBUG
	__builtin_memset(object, 0x6b, c->size);
#endif
	spin_lock(&c->lock);
	if (!s->free)
		list_push_back(&c->partial, &s->link);
	*(void **)object = s->free;
	s->free = object;
	s->live--;
	c->live--;
	if (s->live == 0 && c->partial.next != c->partial.prev) {
		list_remove(&s->link);
		empty = s;
	}
	spin_unlock(&c->lock);
	if (empty)
		frame_put(frame_of(arch_address_frame(empty)));
}

/* --- by size --- */

static struct slab_cache *class_for(size_t size)
{
	for (u32 i = 0; i < ARRAY_SIZE(class_sizes); i++)
		if (size <= class_sizes[i])
			return &classes[i];
	return NULL;
}

static u32 order_for(size_t size)
{
	u32 order = 0;

	while ((size_t)PAGE_SIZE << order < size)
		order++;
	return order;
}

void slab_setup(void)
{
	static const char *const names[] = {
		"16", "32", "48", "64", "96", "128", "192", "256", "336", "504", "1008", "2032"};

	for (u32 i = 0; i < ARRAY_SIZE(class_sizes); i++)
		slab_cache_init(&classes[i], names[i], class_sizes[i]);
}

void *kalloc(size_t size)
{
	struct slab_cache *c = class_for(size);

	if (c)
		return slab_alloc(c);
	pfn_t pfn = frame_alloc_run(FRAME_KERNEL, order_for(size));

	if (!pfn)
		return NULL;
	__atomic_fetch_add(&large_live, 1, __ATOMIC_RELAXED);
	return frame_address(pfn);
}

void *kalloc_zeroed(size_t size)
{
	void *p = kalloc(size);

	if (p)
		__builtin_memset(p, 0, size);
	return p;
}

void kfree(void *p, size_t size)
{
	struct slab_cache *c;

	if (!p)
		return;
	c = class_for(size);
	if (c) {
		slab_free(c, p);
		return;
	}
	struct frame *f = frame_of(arch_address_frame(p));

	for (u32 i = 0; i < 1u << order_for(size); i++)
		frame_put(&f[i]);
	__atomic_fetch_sub(&large_live, 1, __ATOMIC_RELAXED);
}

u32 slab_live_total(void (*each)(const char *name, u32 size, u32 live))
{
	u32 total = large_live;

	list_for_each(c, &caches, struct slab_cache, next_cache) {
		if (each)
			each(c->name, c->size, c->live);
		total += c->live;
	}
	return total;
}
