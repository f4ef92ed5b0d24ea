/* A split virtqueue (virtio 1.2, section 2.7): three arrays in memory shared with the device.
 *
 *	descriptors	pieces of memory, chained by index; the driver writes them
 *	available ring	heads of chains that the device may take; the driver writes it
 *	used ring	heads of chains that the device is done with; the device writes it
 *
 * A chain takes descriptors from the free list when it is added and gives them back when it is
 * taken from the used ring. With indirect tables a chain is one descriptor that names a table of
 * its own, one table for each descriptor of the ring, so its length never competes with others.
 * One thread uses a queue. The device is not trusted to keep the rings sane: an impossible index in
 * the used ring is an error, not an access out of bounds.
 */
#ifndef VIRTIO_QUEUE_H
#define VIRTIO_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIRTQ_SIZE_MAX 256u

#define VIRTQ_DESC_NEXT	    1u
#define VIRTQ_DESC_WRITE    2u
#define VIRTQ_DESC_INDIRECT 4u

struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct virtq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];
};

struct virtq_used_elem {
	uint32_t id;
	uint32_t len;
};

struct virtq_used {
	uint16_t flags;
	uint16_t idx;
	struct virtq_used_elem ring[];
};

_Static_assert(sizeof(struct virtq_desc) == 16, "virtio 1.2, 2.7.5");
_Static_assert(offsetof(struct virtq_avail, ring) == 4, "virtio 1.2, 2.7.6");
_Static_assert(offsetof(struct virtq_used, ring) == 4, "virtio 1.2, 2.7.8");
_Static_assert(sizeof(struct virtq_used_elem) == 8, "virtio 1.2, 2.7.8");

/* Where the parts lie in one contiguous piece of memory, in bytes from its start. */
struct virtq_layout {
	uint32_t desc;
	uint32_t avail;
	uint32_t used;
	uint32_t tables; /* indirect tables, after the rings */
	uint32_t bytes;	 /* in all */
};

/* One piece of memory of a chain. Pieces that the device writes come after those it reads. */
struct virtq_buffer {
	uint64_t phys;
	uint32_t bytes;
	bool device_writes;
};

struct virtq {
	uint16_t size;
	uint16_t free_head; /* first free descriptor, chained by `next` */
	uint16_t free_count;
	uint16_t avail_idx;	/* what the device will see next in avail->idx */
	uint16_t used_idx;	/* next used entry to look at */
	uint16_t table_entries; /* of each indirect table; 0: none, chains lie in the ring */
	uint64_t table_phys;
	struct virtq_desc *tables;
	struct virtq_desc *desc;
	volatile struct virtq_avail *avail;
	volatile struct virtq_used *used;
	void *cookies[VIRTQ_SIZE_MAX]; /* of the chain with this head; NULL: not in flight */
};

/* For a queue of `size` (a power of two up to VIRTQ_SIZE_MAX) with `table_entries` in each table. */
struct virtq_layout virtq_layout(uint32_t size, uint32_t table_entries);

/* Takes over zeroed memory laid out so. */
void virtq_init(
	struct virtq *q, uint32_t size, uint32_t table_entries, void *memory, uint64_t memory_phys);

/* Most pieces that a chain may have right now; 0: full. */
uint32_t virtq_room(const struct virtq *q);

/* Adds a chain and shows it to the device; `cookie` (not NULL) comes back from virtq_take. 0, or
 * -EINVAL (no pieces, or a chain that could never fit) or -ENOSPC (not now): nothing has changed. */
int virtq_add(struct virtq *q, const struct virtq_buffer *buffers, uint32_t count, void *cookie);

/* True when the device wants to be told about new entries. Call it after the last virtq_add. */
bool virtq_wants_kick(const struct virtq *q);

/* The next finished chain: 1 with its cookie and the bytes the device says it wrote; 0: none;
 * -EIO: the device wrote nonsense, and the queue is not to be used any more. */
int virtq_take(struct virtq *q, void **cookie, uint32_t *written);

#endif
