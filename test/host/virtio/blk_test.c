/* Host test of the block device's requests (drivers/virtio/blk.c): the registers and the device are
 * simulated, the queue is the driver's own.
 *
 * The device takes commands in any order, fails some, and keeps its side of the specification under
 * watch: a chain is no longer than the queue, its pieces keep the limits that the device has told.
 * Every request must be answered once; one that succeeds has moved each of its bytes exactly once, to
 * the right sector; afterwards everything is free again.
 */
#include "../expect.h"
#include "blk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <quire/errno.h>

#define PHYS	   0x80001000ull
#define DISK	   4096u /* sectors */
#define MEMORY	   0x90000000ull
#define REQUESTS   24
#define ROUNDS	   3000
#define SIZE_MAX_F (1ull << 1)
#define SEG_MAX_F  (1ull << 2)
#define FLUSH_F	   (1ull << 9)

/* ------------------------------------------------------------------ the device */

static struct {
	uint64_t features;
	uint32_t queue_max, size, size_max, seg_max;
	struct virtio_queue_phys phys;
	bool failed, broken;
	uint16_t seen, used;
	uint16_t taken[VIRTQ_SIZE_MAX];
	uint32_t taken_count;
} dev;
static uint8_t *memory;
static uint32_t fail_percent;

/* What was moved: for each sector the physical address it went to or came from, and how often. */
static uint64_t moved_to[DISK];
static uint32_t moved[DISK];
static uint32_t flushes;

int virtio_mmio_attach(struct virtio_mmio *device, volatile void *base, uint32_t id)
{
	(void)base;
	(void)device;
	return id == VIRTIO_ID_BLOCK ? 0 : -ENODEV;
}

int virtio_mmio_negotiate(struct virtio_mmio *device, uint64_t wanted, uint64_t *accepted)
{
	(void)device;
	*accepted = dev.features & wanted;
	return 0;
}

uint32_t virtio_mmio_queue_max(struct virtio_mmio *device, uint32_t index)
{
	(void)device;
	return index ? 0 : dev.queue_max;
}

int virtio_mmio_queue_ready(struct virtio_mmio *device, uint32_t index, uint32_t size,
	const struct virtio_queue_phys *phys)
{
	(void)device;
	(void)index;
	EXPECT(size <= dev.queue_max && (size & (size - 1)) == 0);
	dev.size = size;
	dev.phys = *phys;
	return 0;
}

void virtio_mmio_start(struct virtio_mmio *device)
{
	(void)device;
}

void virtio_mmio_fail(struct virtio_mmio *device)
{
	(void)device;
	dev.failed = true;
}

bool virtio_mmio_broken(struct virtio_mmio *device)
{
	(void)device;
	return dev.broken;
}

uint32_t virtio_mmio_config32(struct virtio_mmio *device, uint32_t offset)
{
	(void)device;
	return offset == 8 ? dev.size_max : dev.seg_max;
}

uint64_t virtio_mmio_config64(struct virtio_mmio *device, uint32_t offset)
{
	(void)device;
	(void)offset;
	return DISK;
}

static void *at(uint64_t phys)
{
	EXPECT(phys >= PHYS && phys < PHYS + blk_memory_bytes());
	return memory + (phys - PHYS);
}

void virtio_mmio_kick(struct virtio_mmio *device, uint32_t index)
{
	const struct virtq_avail *avail = at(dev.phys.avail);

	(void)device;
	(void)index;
	while (dev.seen != avail->idx) {
		EXPECT(dev.taken_count < dev.size);
		dev.taken[dev.taken_count++] = avail->ring[dev.seen++ % dev.size];
	}
}

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

static void move_piece(const struct virtq_desc *d, uint64_t *sector, bool counts)
{
	EXPECT(d->len > 0 && d->len % BLK_SECTOR == 0);
	EXPECT(!(dev.features & SIZE_MAX_F) || d->len <= dev.size_max);
	for (uint32_t done = 0; done < d->len; done += BLK_SECTOR, ++*sector) {
		EXPECT(*sector < DISK);
		if (!counts || *sector >= DISK)
			continue;
		moved[*sector]++;
		moved_to[*sector] = d->addr + done;
	}
}

/* Carries out the chain at `head`, or says that it failed. */
static void perform(uint16_t head)
{
	const struct virtq_desc *table = at(dev.phys.desc), *d = &table[head];
	bool failing = (uint32_t)rand() % 100 < fail_percent;
	uint32_t length = 0, pieces = 0;
	const struct header *header = NULL;
	uint64_t sector = 0;

	if (d->flags & VIRTQ_DESC_INDIRECT) {
		EXPECT(d->len % 16 == 0 && d->len / 16 <= dev.size);
		table = d = at(d->addr);
	}
	for (;; d = &table[d->next]) {
		EXPECT(++length <= dev.size);
		if (!header) {
			EXPECT(d->len == 16 && !(d->flags & VIRTQ_DESC_WRITE));
			header = at(d->addr);
			sector = header->sector;
		} else if (d->flags & VIRTQ_DESC_NEXT) {
			EXPECT(!!(d->flags & VIRTQ_DESC_WRITE) == (header->type == 0));
			move_piece(d, &sector, !failing);
			pieces++;
		} else {
			break;
		}
	}
	EXPECT(d->len == 1 && (d->flags & VIRTQ_DESC_WRITE));
	EXPECT(!(dev.features & SEG_MAX_F) || pieces <= dev.seg_max);
	EXPECT(pieces > 0 || header->type == 4);
	flushes += header->type == 4;
	*(uint8_t *)at(d->addr) = failing ? 1 : 0;
}

static void finish_one(void)
{
	struct virtq_used *used = at(dev.phys.used);
	uint32_t which = (uint32_t)rand() % dev.taken_count;
	uint16_t head = dev.taken[which];

	dev.taken[which] = dev.taken[--dev.taken_count];
	perform(head);
	used->ring[dev.used % dev.size] = (struct virtq_used_elem){head, 1};
	used->idx = ++dev.used;
}

/* ------------------------------------------------------------------ requests */

static struct blk_device device;
static struct test_request {
	struct blk_io io;
	bool busy;
	uint32_t done;
} requests[REQUESTS];

static void done(struct blk_io *io)
{
	struct test_request *r = (struct test_request *)io;
	uint32_t wrong = 0;

	EXPECT(r->busy && r->done == 0);
	r->done++;
	r->busy = false;
	EXPECT(io->status == 0 || (fail_percent && io->status == -EIO));
	for (uint32_t i = 0; i < io->count; i++) {
		const struct blk_segment *s = &io->segments[i];

		for (uint32_t n = 0; n < s->bytes / BLK_SECTOR; n++) {
			uint64_t sector = s->sector + n;

			if (io->status == 0 &&
				(moved[sector] != 1 ||
					moved_to[sector] != s->phys + n * BLK_SECTOR))
				wrong++;
			if (moved[sector] > 1)
				wrong++;
			moved[sector] = 0;
		}
	}
	EXPECT(wrong == 0);
}

/* Request number `which` keeps to its own share of the disk, so that nothing overlaps. */
static void submit(uint32_t which)
{
	struct test_request *r = &requests[which];
	uint32_t share = DISK / REQUESTS, sector = which * share, end = sector + share;

	r->busy = true;
	r->done = 0;
	r->io.done = done;
	r->io.op = rand() % 8 == 0 ? BLK_OP_FLUSH : rand() % 2 ? BLK_OP_READ : BLK_OP_WRITE;
	r->io.count = 0;
	while (r->io.op != BLK_OP_FLUSH && r->io.count < BLK_SEGMENTS_MAX) {
		uint32_t sectors = 1 + (uint32_t)rand() % (rand() % 4 ? 2 : 64);

		if (sector + sectors > end)
			break;
		r->io.segments[r->io.count++] = (struct blk_segment){.sector = sector,
			.phys = MEMORY + (uint64_t)rand() % 1000 * 4096,
			.bytes = sectors * BLK_SECTOR};
		sector += sectors + (rand() % 3 == 0);
	}
	if (r->io.op != BLK_OP_FLUSH && r->io.count == 0)
		r->io.op = BLK_OP_FLUSH;
	if (r->io.count)
		EXPECT(blk_check(&device, r->io.segments, r->io.count) == 0);
	blk_submit(&device, &r->io);
}

static void start(uint64_t features, uint32_t queue_max, uint32_t size_max, uint32_t seg_max)
{
	memset(&dev, 0, sizeof(dev));
	dev.features = features;
	dev.queue_max = queue_max;
	dev.size_max = size_max;
	dev.seg_max = seg_max;
	free(memory);
	memory = calloc(1, blk_memory_bytes());
	memset(moved, 0, sizeof(moved));
	EXPECT(blk_start(&device, NULL, memory, PHYS) == 0);
}

static void run(void)
{
	for (int round = 0; round < ROUNDS && !failures; round++) {
		uint32_t which = (uint32_t)rand() % REQUESTS;

		if (!requests[which].busy)
			submit(which);
		for (int n = rand() % 4; n > 0 && dev.taken_count; n--)
			finish_one();
		if (rand() % 2)
			EXPECT(blk_reap(&device) == 0);
	}
	EXPECT(blk_reap(&device) == 0);
	while (dev.taken_count && !failures) {
		finish_one();
		EXPECT(blk_reap(&device) == 0);
	}
	for (int i = 0; i < REQUESTS; i++)
		EXPECT(!requests[i].busy);
	for (uint32_t i = 0; i < device.command_count; i++)
		EXPECT(!device.owners[i]);
	EXPECT(!device.pending && device.queue.free_count == device.queue.size && !dev.failed);
}

static void test_all_kinds(void)
{
	static const uint32_t queue_sizes[] = {4, 16, 64, 128, 1024};

	for (int kind = 0; kind < 8; kind++) {
		uint64_t features = FLUSH_F | (kind & 1 ? VIRTIO_F_INDIRECT_DESC : 0) |
				    (kind & 2 ? SEG_MAX_F : 0) | (kind & 4 ? SIZE_MAX_F : 0);

		for (size_t i = 0; i < sizeof(queue_sizes) / sizeof(queue_sizes[0]); i++) {
			for (fail_percent = 0; fail_percent <= 20; fail_percent += 20) {
				start(features, queue_sizes[i], 4096, 126);
				run();
			}
		}
	}
	EXPECT(flushes > 0);
}

/* A device that finishes what it was never given, twice, or asks to be reset. */
static void test_nonsense(void)
{
	struct virtq_used *used;

	fail_percent = 0;
	start(VIRTIO_F_INDIRECT_DESC, 64, 0, 0);
	used = at(dev.phys.used);
	used->ring[0] = (struct virtq_used_elem){7, 1};
	used->idx = 1;
	EXPECT(blk_reap(&device) == -EIO && dev.failed);
	start(VIRTIO_F_INDIRECT_DESC, 64, 0, 0);
	used = at(dev.phys.used);
	used->idx = 0x8000;
	EXPECT(blk_reap(&device) == -EIO);
	start(VIRTIO_F_INDIRECT_DESC, 64, 0, 0);
	dev.broken = true;
	EXPECT(blk_reap(&device) == -EIO);
	memset(&dev, 0, sizeof(dev));
	dev.queue_max = 2;
	EXPECT(blk_start(&device, NULL, memory, PHYS) == -EIO && dev.failed);
}

static void test_check(void)
{
	static const struct blk_segment bad[] = {
		{.sector = DISK, .phys = MEMORY, .bytes = 512},
		{.sector = DISK - 1, .phys = MEMORY, .bytes = 1024},
		{.sector = UINT64_MAX, .phys = MEMORY, .bytes = 1024},
		{.sector = 0, .phys = MEMORY, .bytes = 0},
		{.sector = 0, .phys = MEMORY, .bytes = 100},
		{.sector = 0, .phys = MEMORY + 1, .bytes = 512},
		{.sector = 0, .phys = UINT64_MAX - 511, .bytes = 512 * 2},
		{.sector = 0, .phys = MEMORY, .bytes = BLK_SEGMENT_BYTES + 512},
	};
	struct blk_segment good = {.sector = DISK - 1, .phys = MEMORY, .bytes = 512};

	start(0, 64, 0, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT(blk_check(&device, &bad[i], 1) == -EINVAL);
	EXPECT(blk_check(&device, &good, 1) == 0 && blk_check(&device, &good, 0) == -EINVAL);
	EXPECT(blk_check(&device, &good, BLK_SEGMENTS_MAX + 1) == -EINVAL);
}

int main(int argc, char **argv)
{
	srand(argc > 1 ? (unsigned)atoi(argv[1]) : 1);
	test_check();
	test_all_kinds();
	test_nonsense();
	free(memory);
	printf(failures ? "FAILED: %d\n" : "ok\n", failures);
	return failures != 0;
}
