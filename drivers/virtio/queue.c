/* The split virtqueue; the contract is in queue.h.
 *
 * Ordering. The driver fills descriptors, then the ring entry, then a fence, then moves avail->idx:
 * a device that sees the index sees the rest. The other way: it reads used->idx, then a fence, then
 * the entry. Between avail->idx and reading used->flags there is a full fence, since otherwise the
 * device could go to sleep while the driver still reads that it is awake.
 */
#include "queue.h"

#include <string.h>
#include <quire/errno.h>

#define USED_NO_NOTIFY 1u
#define END_OF_LIST    0xffffu

static inline void ring_fence(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static uint32_t align(uint32_t value, uint32_t to)
{
	return (value + to - 1) & ~(to - 1);
}

struct virtq_layout virtq_layout(uint32_t size, uint32_t table_entries)
{
	struct virtq_layout at;

	/* Alignments: 16, 2 and 4; each ring ends with an event index (2.7). */
	at.desc = 0;
	at.avail = (uint32_t)sizeof(struct virtq_desc) * size;
	at.used = align(at.avail + (uint32_t)sizeof(struct virtq_avail) + 2 * size + 2, 4);
	at.tables = align(at.used + (uint32_t)sizeof(struct virtq_used) +
				  (uint32_t)sizeof(struct virtq_used_elem) * size + 2,
		16);
	at.bytes = at.tables + (uint32_t)sizeof(struct virtq_desc) * table_entries * size;
	return at;
}

void virtq_init(
	struct virtq *q, uint32_t size, uint32_t table_entries, void *memory, uint64_t memory_phys)
{
	struct virtq_layout at = virtq_layout(size, table_entries);
	uint8_t *bytes = memory;

	memset(q, 0, sizeof(*q));
	q->size = (uint16_t)size;
	q->table_entries = (uint16_t)table_entries;
	q->table_phys = memory_phys + at.tables;
	q->tables = (struct virtq_desc *)(bytes + at.tables);
	q->desc = (struct virtq_desc *)(bytes + at.desc);
	q->avail = (volatile struct virtq_avail *)(bytes + at.avail);
	q->used = (volatile struct virtq_used *)(bytes + at.used);
	for (uint32_t i = 0; i < size; i++)
		q->desc[i].next = (uint16_t)(i + 1 < size ? i + 1 : END_OF_LIST);
	q->free_count = (uint16_t)size;
}

uint32_t virtq_room(const struct virtq *q)
{
	if (q->table_entries)
		return q->free_count ? q->table_entries : 0;
	return q->free_count;
}

static void fill_desc(struct virtq_desc *desc, const struct virtq_buffer *buffer, bool last)
{
	desc->addr = buffer->phys;
	desc->len = buffer->bytes;
	desc->flags = (uint16_t)((buffer->device_writes ? VIRTQ_DESC_WRITE : 0) |
				 (last ? 0 : VIRTQ_DESC_NEXT));
}

/* One ring descriptor naming the table that belongs to it. */
static void build_indirect(
	struct virtq *q, uint16_t head, const struct virtq_buffer *buffers, uint32_t count)
{
	uint32_t first = (uint32_t)head * q->table_entries;

	for (uint32_t i = 0; i < count; i++) {
		struct virtq_desc *desc = &q->tables[first + i];

		fill_desc(desc, &buffers[i], i + 1 == count);
		desc->next = (uint16_t)(i + 1 == count ? 0 : i + 1);
	}
	q->desc[head].addr = q->table_phys + (uint64_t)first * sizeof(struct virtq_desc);
	q->desc[head].len = count * (uint32_t)sizeof(struct virtq_desc);
	q->desc[head].flags = VIRTQ_DESC_INDIRECT;
}

int virtq_add(struct virtq *q, const struct virtq_buffer *buffers, uint32_t count, void *cookie)
{
	uint16_t head = q->free_head, index = head, after;

	if (count == 0 || !cookie || count > (q->table_entries ? q->table_entries : q->size))
		return -EINVAL;
	if (count > virtq_room(q))
		return -ENOSPC;
	if (q->table_entries) {
		after = q->desc[head].next;
		build_indirect(q, head, buffers, count);
		q->free_count--;
	} else {
		for (uint32_t i = 0; i < count; i++) {
			if (i > 0)
				index = q->desc[index].next;
			fill_desc(&q->desc[index], &buffers[i], i + 1 == count);
		}
		after = q->desc[index].next;
		q->free_count = (uint16_t)(q->free_count - count);
	}
	q->free_head = after;
	q->cookies[head] = cookie;
	q->avail->ring[q->avail_idx % q->size] = head;
	ring_fence();
	q->avail->idx = ++q->avail_idx;
	return 0;
}

bool virtq_wants_kick(const struct virtq *q)
{
	ring_fence();
	return !(q->used->flags & USED_NO_NOTIFY);
}

/* Gives a chain back to the free list. The flags of its descriptors are the driver's own, unchanged
 * since virtq_add: the device has no business writing them, and a chain is bounded by the ring. */
static int free_chain(struct virtq *q, uint16_t head)
{
	uint16_t last = head;
	uint32_t count = 1;

	while (!(q->desc[last].flags & VIRTQ_DESC_INDIRECT) &&
		(q->desc[last].flags & VIRTQ_DESC_NEXT)) {
		last = q->desc[last].next;
		if (last >= q->size || ++count > q->size)
			return -EIO;
	}
	q->desc[last].next = q->free_count ? q->free_head : END_OF_LIST;
	q->free_head = head;
	q->free_count = (uint16_t)(q->free_count + count);
	return 0;
}

int virtq_take(struct virtq *q, void **cookie, uint32_t *written)
{
	uint16_t idx = q->used->idx;
	uint32_t id;

	if (idx == q->used_idx)
		return 0;
	if ((uint16_t)(idx - q->used_idx) > q->size)
		return -EIO;
	ring_fence();
	id = q->used->ring[q->used_idx % q->size].id;
	*written = q->used->ring[q->used_idx % q->size].len;
	if (id >= q->size || !q->cookies[id])
		return -EIO;
	*cookie = q->cookies[id];
	q->cookies[id] = NULL;
	q->used_idx++;
	if (free_chain(q, (uint16_t)id))
		return -EIO;
	return 1;
}
