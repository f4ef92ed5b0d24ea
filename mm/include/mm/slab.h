/* Small kernel memory: caches of equal-sized objects on whole frames, and sized allocation on top. */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include <base/list.h>
#include <base/spinlock.h>

struct slab_cache {
	const char *name;
	struct spinlock lock;
	u32 size;	     /* bytes of an object, rounded up to 8 */
	u32 live;	     /* objects handed out */
	struct list partial; /* slabs with a free object */
	struct list next_cache;
};

/* Once, at boot, before kalloc. */
void slab_setup(void);
/* Objects are at most 2032 bytes. */
void slab_cache_init(struct slab_cache *c, const char *name, size_t size);
void *must_check slab_alloc(struct slab_cache *c); /* undefined content; NULL when memory is out */
void *must_check slab_alloc_zeroed(struct slab_cache *c);
void slab_free(struct slab_cache *c, void *object);

/* Any size up to 4 MiB; the size is given again at the end. NULL when memory is out. */
void *must_check kalloc(size_t size);
void *must_check kalloc_zeroed(size_t size);
void kfree(void *p, size_t size);

/* Live objects over all caches, for leak checks; each(name, size, live) may be NULL. */
u32 slab_live_total(void (*each)(const char *name, u32 size, u32 live));

#endif
