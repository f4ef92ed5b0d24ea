/* The virtio block device; the contract is in blk.h. */
#include "blk.h"

#include <string.h>
#include <quire/errno.h>

#define FEATURE_SIZE_MAX (1ull << 1)
#define FEATURE_SEG_MAX	 (1ull << 2)
#define FEATURE_RO	 (1ull << 5)
#define FEATURE_FLUSH	 (1ull << 9)

#define CONFIG_CAPACITY 0
#define CONFIG_SIZE_MAX 8
#define CONFIG_SEG_MAX	12

#define TYPE_IN	    0u
#define TYPE_OUT    1u
#define TYPE_FLUSH  4u
#define TYPE_GET_ID 8u

#define STATUS_OK	   0
#define STATUS_UNSUPPORTED 2
#define STATUS_UNWRITTEN   0xff

/* Header and status of one command, in memory that the device reads and writes. */
struct blk_command {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
	uint8_t status;
	uint8_t padding[15];
};

#define HEADER_BYTES 16u
_Static_assert(offsetof(struct blk_command, status) == HEADER_BYTES, "virtio 1.2, 5.2.6");
_Static_assert(sizeof(struct blk_command) == 32, "commands pack");

/* A chain is the header, the data and the status. */
#define CHAIN_EXTRA   2u
#define TABLE_ENTRIES (BLK_COMMAND_SEGMENTS + CHAIN_EXTRA)

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t commands_bytes(uint32_t count)
{
	return count * (uint32_t)sizeof(struct blk_command);
}

uint32_t blk_memory_bytes(void)
{
	uint32_t indirect = virtq_layout(BLK_COMMANDS_MAX, TABLE_ENTRIES).bytes;
	uint32_t direct = virtq_layout(VIRTQ_SIZE_MAX, 0).bytes;

	return commands_bytes(VIRTQ_SIZE_MAX) + (indirect > direct ? indirect : direct);
}

/* Reads what the device can do into the limits of a command. */
static void read_limits(struct blk_device *device, uint64_t features)
{
	device->sectors = virtio_mmio_config64(&device->mmio, CONFIG_CAPACITY);
	device->read_only = features & FEATURE_RO;
	device->has_flush = features & FEATURE_FLUSH;
	device->piece_max = BLK_SEGMENT_BYTES;
	device->pieces_max = 1;
	if (features & FEATURE_SIZE_MAX) {
		uint32_t max = virtio_mmio_config32(&device->mmio, CONFIG_SIZE_MAX);

		max &= ~(BLK_SECTOR - 1);
		device->piece_max = smaller(device->piece_max, max ? max : BLK_SECTOR);
	}
	if (features & FEATURE_SEG_MAX) {
		uint32_t max = virtio_mmio_config32(&device->mmio, CONFIG_SEG_MAX);

		device->pieces_max = smaller(BLK_COMMAND_SEGMENTS, max ? max : 1);
	}
}

static int start_queue(struct blk_device *device, uint64_t features, void *memory, uint64_t phys)
{
	bool indirect = features & VIRTIO_F_INDIRECT_DESC;
	uint32_t size = indirect ? BLK_COMMANDS_MAX : VIRTQ_SIZE_MAX;
	uint32_t offered = virtio_mmio_queue_max(&device->mmio, 0);
	uint32_t rings = commands_bytes(VIRTQ_SIZE_MAX);
	struct virtq_layout at;
	struct virtio_queue_phys parts;

	while (size > offered)
		size /= 2;
	if (size < CHAIN_EXTRA + 1)
		return -EIO;
	/* A chain, in an indirect table too, is never longer than the queue (2.7.5.3.1). */
	device->pieces_max = smaller(device->pieces_max, size - CHAIN_EXTRA);
	at = virtq_layout(size, indirect ? TABLE_ENTRIES : 0);
	device->commands = memory;
	device->commands_phys = phys;
	device->command_count = size;
	virtq_init(&device->queue, size, indirect ? TABLE_ENTRIES : 0, (uint8_t *)memory + rings,
		phys + rings);
	parts.desc = phys + rings + at.desc;
	parts.avail = phys + rings + at.avail;
	parts.used = phys + rings + at.used;
	return virtio_mmio_queue_ready(&device->mmio, 0, size, &parts);
}

int blk_start(struct blk_device *device, volatile void *base, void *memory, uint64_t phys)
{
	uint64_t features;
	int status;

	memset(device, 0, sizeof(*device));
	device->pending_tail = &device->pending;
	status = virtio_mmio_attach(&device->mmio, base, VIRTIO_ID_BLOCK);
	if (status < 0)
		return status;
	status = virtio_mmio_negotiate(&device->mmio,
		FEATURE_SIZE_MAX | FEATURE_SEG_MAX | FEATURE_RO | FEATURE_FLUSH |
			VIRTIO_F_INDIRECT_DESC,
		&features);
	if (status == 0) {
		read_limits(device, features);
		status = start_queue(device, features, memory, phys);
	}
	if (status < 0) {
		virtio_mmio_fail(&device->mmio);
		return status;
	}
	virtio_mmio_start(&device->mmio);
	return 0;
}

int blk_check(const struct blk_device *device, const struct blk_segment *segments, uint32_t count)
{
	if (count == 0 || count > BLK_SEGMENTS_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < count; i++) {
		const struct blk_segment *s = &segments[i];

		if (s->bytes == 0 || s->bytes % BLK_SECTOR || s->bytes > BLK_SEGMENT_BYTES)
			return -EINVAL;
		if (s->phys % BLK_SECTOR || s->phys > UINT64_MAX - s->bytes)
			return -EINVAL;
		if (s->sector >= device->sectors ||
			s->bytes / BLK_SECTOR > device->sectors - s->sector)
			return -EINVAL;
	}
	return 0;
}

/* ------------------------------------------------------------------ issuing */

/* Collects pieces of `io` from its position on, while they follow one another on the disk and the
 * command has room; moves the position. Returns how many, and the first sector. */
static uint32_t collect(struct blk_device *device, struct blk_io *io, struct virtq_buffer *buffers,
	uint32_t room, uint64_t *sector)
{
	uint64_t expected = 0;
	uint32_t count = 0;

	while (io->next < io->count && count < room) {
		const struct blk_segment *s = &io->segments[io->next];
		uint64_t at = s->sector + io->offset / BLK_SECTOR;
		uint32_t bytes = smaller(s->bytes - io->offset, device->piece_max);

		if (count == 0)
			*sector = at;
		else if (at != expected)
			break;
		buffers[count].phys = s->phys + io->offset;
		buffers[count].bytes = bytes;
		buffers[count].device_writes = io->op != BLK_OP_WRITE;
		count++;
		expected = at + bytes / BLK_SECTOR;
		io->offset += bytes;
		if (io->offset == s->bytes) {
			io->next++;
			io->offset = 0;
		}
	}
	return count;
}

static uint32_t command_type(enum blk_op op)
{
	switch (op) {
	case BLK_OP_READ: return TYPE_IN;
	case BLK_OP_WRITE: return TYPE_OUT;
	case BLK_OP_FLUSH: return TYPE_FLUSH;
	case BLK_OP_IDENTIFY: return TYPE_GET_ID;
	}
	return TYPE_IN;
}

static int free_command(const struct blk_device *device)
{
	for (uint32_t i = 0; i < device->command_count; i++) {
		if (!device->owners[i])
			return (int)i;
	}
	return -1;
}

/* Puts the next command of `io` into the queue; false when there is no room. */
static bool issue(struct blk_device *device, struct blk_io *io)
{
	struct virtq_buffer buffers[TABLE_ENTRIES];
	uint32_t room = virtq_room(&device->queue), pieces = 0;
	int index = free_command(device);
	struct blk_command *command;
	uint64_t sector = 0, phys;

	if (index < 0 || room < CHAIN_EXTRA + (io->op == BLK_OP_FLUSH ? 0 : 1))
		return false;
	command = &device->commands[index];
	phys = device->commands_phys + (uint64_t)index * sizeof(*command);
	pieces = collect(
		device, io, buffers + 1, smaller(device->pieces_max, room - CHAIN_EXTRA), &sector);
	command->type = command_type(io->op);
	command->sector = io->op == BLK_OP_IDENTIFY ? 0 : sector;
	command->status = STATUS_UNWRITTEN;
	buffers[0] = (struct virtq_buffer){phys, HEADER_BYTES, false};
	buffers[1 + pieces] = (struct virtq_buffer){phys + HEADER_BYTES, 1, true};
	/* Cannot fail: the room was checked. */
	virtq_add(&device->queue, buffers, CHAIN_EXTRA + pieces, &device->owners[index]);
	device->owners[index] = io;
	io->in_flight++;
	io->issued = io->next == io->count;
	return true;
}

static void issue_pending(struct blk_device *device)
{
	bool added = false;

	while (device->pending) {
		struct blk_io *io = device->pending;

		while (!io->issued && issue(device, io))
			added = true;
		if (!io->issued)
			break;
		device->pending = io->link;
		if (!device->pending)
			device->pending_tail = &device->pending;
	}
	if (added && virtq_wants_kick(&device->queue))
		virtio_mmio_kick(&device->mmio, 0);
}

void blk_submit(struct blk_device *device, struct blk_io *io)
{
	io->next = 0;
	io->offset = 0;
	io->in_flight = 0;
	io->status = 0;
	io->issued = false;
	io->link = NULL;
	*device->pending_tail = io;
	device->pending_tail = &io->link;
	issue_pending(device);
}

/* ------------------------------------------------------------------ finishing */

/* Drops a failed request from the pending list: what is not issued yet never will be. */
static void abandon(struct blk_device *device, struct blk_io *io)
{
	struct blk_io **at = &device->pending;

	while (*at && *at != io)
		at = &(*at)->link;
	if (*at) {
		*at = io->link;
		if (device->pending_tail == &io->link)
			device->pending_tail = at;
	}
	io->issued = true;
}

static void finish_command(struct blk_device *device, struct blk_io **owner)
{
	struct blk_io *io = *owner;
	uint8_t status = device->commands[owner - device->owners].status;

	*owner = NULL;
	io->in_flight--;
	if (status != STATUS_OK && io->status == 0) {
		io->status = status == STATUS_UNSUPPORTED ? -EOPNOTSUPP : -EIO;
		abandon(device, io);
	}
	if (io->issued && io->in_flight == 0)
		io->done(io);
}

int blk_reap(struct blk_device *device)
{
	void *cookie;
	uint32_t written;
	int taken;

	while ((taken = virtq_take(&device->queue, &cookie, &written)) > 0)
		finish_command(device, cookie);
	if (taken < 0 || virtio_mmio_broken(&device->mmio)) {
		virtio_mmio_fail(&device->mmio);
		return -EIO;
	}
	issue_pending(device);
	return 0;
}
