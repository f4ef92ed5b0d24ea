/* The virtio block device (virtio 1.2, section 5.2): requests of many disk pieces in, commands out.
 *
 * A request is what a client asked for: a list of segments, each a run of sectors and a run of
 * physical memory. A command is one chain in the virtqueue: segments that follow one another on the
 * disk, as many as the device takes. A request becomes one or more commands:
 *
 *	submit -> pending list -> command(s) in the queue -> all done -> request->done(request)
 *
 * Requests are issued in the order of submission while the queue has room; the device may finish
 * them in any order. One thread uses a device. Nothing is allocated after blk_start.
 */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

#include <stdbool.h>
#include <stdint.h>
#include <quire/blk.h>
#include "mmio.h"
#include "queue.h"

#define BLK_SECTOR	     512u
#define BLK_SEGMENT_BYTES    (128u * 1024)
#define BLK_SERIAL_BYTES     20
#define BLK_COMMANDS_MAX     64	 /* in flight at once with indirect tables */
#define BLK_COMMAND_SEGMENTS 62u /* pieces of memory in a command */

enum blk_op {
	BLK_OP_READ,
	BLK_OP_WRITE,
	BLK_OP_FLUSH,
	BLK_OP_IDENTIFY, /* one segment: memory for the serial number */
};

struct blk_io {
	enum blk_op op;
	struct blk_segment segments[BLK_SEGMENTS_MAX];
	uint32_t count;
	void (*done)(struct blk_io *io); /* `status` is final: 0, EIO or EOPNOTSUPP negated */

	/* The device's own from here on. */
	uint32_t next;	    /* first segment not wholly issued */
	uint32_t offset;    /* bytes of it that are */
	uint32_t in_flight; /* commands */
	int status;
	bool issued; /* nothing more to issue */
	struct blk_io *link;
};

struct blk_command; /* what the device reads and writes: header and status */

struct blk_device {
	struct virtio_mmio mmio;
	struct virtq queue;
	uint64_t sectors;
	bool read_only;
	bool has_flush;
	uint32_t piece_max;  /* bytes of one piece of memory */
	uint32_t pieces_max; /* pieces of a command */
	struct blk_command *commands;
	uint64_t commands_phys;
	uint32_t command_count;
	struct blk_io *owners[VIRTQ_SIZE_MAX]; /* of each command; NULL: the command is free */
	struct blk_io *pending, **pending_tail;
};

/* Bytes of DMA memory that blk_start needs at most. */
uint32_t blk_memory_bytes(void);

/* Finds, resets and starts the device whose registers are at `base`. `memory` is zeroed, at physical
 * address `phys`, of blk_memory_bytes(). Errors: those of virtio_mmio_attach and _negotiate. */
int blk_start(struct blk_device *device, volatile void *base, void *memory, uint64_t phys);

/* 0 when every segment is a whole number of sectors that lies on the disk and in memory. */
int blk_check(const struct blk_device *device, const struct blk_segment *segments, uint32_t count);

/* Takes a request with op, segments, count and done filled in. */
void blk_submit(struct blk_device *device, struct blk_io *io);

/* Takes what has finished, calls `done` for requests that are complete, issues what was pending.
 * EIO: the device is out of order and will finish nothing more. */
int blk_reap(struct blk_device *device);

#endif
