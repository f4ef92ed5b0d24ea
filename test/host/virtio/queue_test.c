/* Host test of the split virtqueue (drivers/virtio/queue.c) against a device simulated in memory.
 *
 * The simulated device does what a real one may: it takes chains from the available ring as they
 * appear, finishes them in any order, and is asked here to write nonsense as well. A random run
 * compares every chain it sees with what was added, at both kinds of chain and several sizes.
 */
#include "../expect.h"
#include "queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_PHYS 0x80001000ull
#define CHAIN_MAX   16

/* ------------------------------------------------------------------ the device */

struct device {
	uint8_t *memory;
	uint32_t size, bytes;
	struct virtq_layout at;
	uint16_t avail_seen;
	uint16_t used_idx;
	uint16_t taken[VIRTQ_SIZE_MAX]; /* heads taken and not finished */
	uint32_t taken_count;
};

static const struct virtq_desc *desc_at(struct device *d, uint64_t phys)
{
	EXPECT(phys >= MEMORY_PHYS && phys + sizeof(struct virtq_desc) <= MEMORY_PHYS + d->bytes);
	return (const struct virtq_desc *)(d->memory + (phys - MEMORY_PHYS));
}

/* Reads the chain at `head` as the specification says; returns its length. */
static uint32_t device_read_chain(struct device *d, uint16_t head, struct virtq_buffer *out)
{
	uint64_t table = MEMORY_PHYS + d->at.desc;
	uint32_t entries = d->size, index = head, count = 0;
	const struct virtq_desc *desc = desc_at(d, table + 16ull * index);

	if (desc->flags & VIRTQ_DESC_INDIRECT) {
		EXPECT(!(desc->flags & VIRTQ_DESC_NEXT));
		EXPECT(desc->len % 16 == 0 && desc->len > 0);
		table = desc->addr;
		entries = desc->len / 16;
		index = 0;
	}
	for (;;) {
		desc = desc_at(d, table + 16ull * index);
		EXPECT(count < CHAIN_MAX);
		out[count].phys = desc->addr;
		out[count].bytes = desc->len;
		out[count].device_writes = desc->flags & VIRTQ_DESC_WRITE;
		count++;
		if (!(desc->flags & VIRTQ_DESC_NEXT) || count == CHAIN_MAX)
			return count;
		index = desc->next;
		EXPECT(index < entries);
	}
}

static const volatile struct virtq_avail *avail_ring(struct device *d)
{
	return (const volatile struct virtq_avail *)(d->memory + d->at.avail);
}

static volatile struct virtq_used *used_ring(struct device *d)
{
	return (volatile struct virtq_used *)(d->memory + d->at.used);
}

static void device_take_all(struct device *d)
{
	while (d->avail_seen != avail_ring(d)->idx) {
		EXPECT(d->taken_count < d->size);
		d->taken[d->taken_count++] = avail_ring(d)->ring[d->avail_seen++ % d->size];
	}
}

static void device_write_used(struct device *d, uint32_t id, uint32_t len)
{
	used_ring(d)->ring[d->used_idx % d->size].id = id;
	used_ring(d)->ring[d->used_idx % d->size].len = len;
	used_ring(d)->idx = ++d->used_idx;
}

static uint16_t device_finish(struct device *d, uint32_t which, uint32_t len)
{
	uint16_t head = d->taken[which];

	d->taken[which] = d->taken[--d->taken_count];
	device_write_used(d, head, len);
	return head;
}

static void start(struct device *d, struct virtq *q, uint32_t size, uint32_t tables)
{
	memset(d, 0, sizeof(*d));
	d->size = size;
	d->at = virtq_layout(size, tables);
	d->bytes = d->at.bytes;
	/* Exactly as large as the layout says, so that the sanitizer sees one byte too many. */
	d->memory = calloc(1, d->bytes);
	virtq_init(q, size, tables, d->memory, MEMORY_PHYS);
}

static void stop(struct device *d)
{
	free(d->memory);
}

/* ------------------------------------------------------------------ tests */

static void test_layout(void)
{
	for (uint32_t size = 1; size <= VIRTQ_SIZE_MAX; size *= 2) {
		struct virtq_layout at = virtq_layout(size, 6);

		EXPECT(at.desc % 16 == 0 && at.avail % 2 == 0 && at.used % 4 == 0);
		EXPECT(at.avail >= 16 * size);
		EXPECT(at.used >= at.avail + 6 + 2 * size);
		EXPECT(at.tables >= at.used + 6 + 8 * size && at.tables % 16 == 0);
		EXPECT(at.bytes == at.tables + 16 * 6 * size);
	}
}

static void test_refusals(uint32_t tables)
{
	struct virtq_buffer buffers[CHAIN_MAX] = {{.phys = 0x1000, .bytes = 512}};
	struct device d;
	struct virtq q;
	uint32_t longest = tables ? tables : 4, written;
	void *cookie;

	start(&d, &q, 4, tables);
	EXPECT(virtq_add(&q, buffers, 0, &d) == -EINVAL);
	EXPECT(virtq_add(&q, buffers, 1, NULL) == -EINVAL);
	EXPECT(virtq_add(&q, buffers, longest + 1, &d) == -EINVAL);
	EXPECT(avail_ring(&d)->idx == 0);
	EXPECT(virtq_room(&q) == longest);
	EXPECT(virtq_add(&q, buffers, longest, &d) == 0);
	if (tables) {
		EXPECT(virtq_room(&q) == longest);
		for (int i = 1; i < 4; i++)
			EXPECT(virtq_add(&q, buffers, longest, &d) == 0);
	}
	EXPECT(virtq_room(&q) == 0);
	EXPECT(virtq_add(&q, buffers, 1, &d) == -ENOSPC);
	EXPECT(virtq_take(&q, &cookie, &written) == 0);
	EXPECT(virtq_wants_kick(&q));
	used_ring(&d)->flags = 1;
	EXPECT(!virtq_wants_kick(&q));
	device_take_all(&d);
	EXPECT(d.taken_count == (tables ? 4 : 1));
	device_finish(&d, 0, 77);
	EXPECT(virtq_take(&q, &cookie, &written) == 1 && cookie == &d && written == 77);
	EXPECT(virtq_take(&q, &cookie, &written) == 0);
	EXPECT(virtq_room(&q) == longest);
	stop(&d);
}

/* Nonsense in the used ring is refused: an id out of range, one not in flight, an index too far. */
static void test_bad_device(void)
{
	struct virtq_buffer buffer = {.phys = 0x1000, .bytes = 512};
	struct device d;
	struct virtq q;
	uint32_t written;
	void *cookie;

	for (int kind = 0; kind < 4; kind++) {
		start(&d, &q, 8, 0);
		EXPECT(virtq_add(&q, &buffer, 1, &d) == 0);
		device_take_all(&d);
		switch (kind) {
		case 0: device_write_used(&d, 0x10000, 0); break;
		case 1: device_write_used(&d, 3, 0); break;
		case 2: used_ring(&d)->idx = 9; break;
		case 3:
			device_finish(&d, 0, 0);
			EXPECT(virtq_take(&q, &cookie, &written) == 1);
			device_write_used(&d, 0, 0);
			break;
		}
		EXPECT(virtq_take(&q, &cookie, &written) == -EIO);
		stop(&d);
	}
}

struct chain {
	struct virtq_buffer buffers[CHAIN_MAX];
	uint32_t count;
	bool in_flight;
	bool finished;
	uint32_t written;
};

static struct chain chains[VIRTQ_SIZE_MAX + 1];

static bool same_chain(const struct chain *c, const struct virtq_buffer *seen, uint32_t count)
{
	if (count != c->count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (seen[i].phys != c->buffers[i].phys || seen[i].bytes != c->buffers[i].bytes ||
			seen[i].device_writes != c->buffers[i].device_writes)
			return false;
	}
	return true;
}

/* The head of a chain in flight names the chain through the queue's own cookie. */
static void add_random(struct device *d, struct virtq *q, uint32_t longest)
{
	struct chain *c = chains;
	uint32_t room = virtq_room(q);
	int status;

	while (c->in_flight)
		c++;
	c->count = 1 + (uint32_t)rand() % longest;
	for (uint32_t i = 0; i < c->count; i++) {
		c->buffers[i].phys = (uint64_t)rand() << 20 | (uint64_t)rand();
		c->buffers[i].bytes = (uint32_t)rand();
		c->buffers[i].device_writes = i >= c->count / 2;
	}
	status = virtq_add(q, c->buffers, c->count, c);
	EXPECT(status == (c->count <= room ? 0 : -ENOSPC));
	if (status == 0) {
		c->in_flight = true;
		c->finished = false;
	}
	(void)d;
}

static void finish_random(struct device *d, struct virtq *q)
{
	struct virtq_buffer seen[CHAIN_MAX];
	uint32_t which, count;
	struct chain *c;

	device_take_all(d);
	if (d->taken_count == 0)
		return;
	which = (uint32_t)rand() % d->taken_count;
	c = q->cookies[d->taken[which]];
	count = device_read_chain(d, d->taken[which], seen);
	EXPECT(c && c->in_flight && same_chain(c, seen, count));
	c->finished = true;
	c->written = (uint32_t)rand();
	device_finish(d, which, c->written);
}

static void take_all(struct virtq *q)
{
	uint32_t written;
	void *cookie;
	int taken;

	while ((taken = virtq_take(q, &cookie, &written)) == 1) {
		struct chain *c = cookie;

		EXPECT(c->in_flight && c->finished && c->written == written);
		c->in_flight = false;
	}
	EXPECT(taken == 0);
}

/* Long enough that every 16-bit index wraps. */
static void test_random(uint32_t size, uint32_t tables)
{
	uint32_t longest = tables ? tables : (size < 5 ? size : 5);
	struct device d;
	struct virtq q;

	memset(chains, 0, sizeof(chains));
	start(&d, &q, size, tables);
	for (int step = 0; step < 250000 && !failures; step++) {
		switch (rand() % 5) {
		case 0:
		case 1: add_random(&d, &q, longest); break;
		case 2:
		case 3: finish_random(&d, &q); break;
		case 4: take_all(&q); break;
		}
	}
	do
		finish_random(&d, &q);
	while (d.taken_count);
	take_all(&q);
	EXPECT(q.free_count == size);
	for (uint32_t i = 0; i <= VIRTQ_SIZE_MAX; i++)
		EXPECT(!chains[i].in_flight);
	stop(&d);
}

int main(void)
{
	srand(1);
	test_layout();
	test_refusals(0);
	test_refusals(6);
	test_bad_device();
	test_random(1, 0);
	test_random(8, 0);
	test_random(256, 0);
	test_random(4, 7);
	test_random(32, 12);
	printf(failures ? "FAILED: %d\n" : "ok\n", failures);
	return failures != 0;
}
