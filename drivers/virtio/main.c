/* The disk server: the block protocol (quire/blk.h) on SERVER_PORT, and the pager of the disk
 * object, in front of one virtio block device. One thread, one loop: messages come in, become
 * requests to the device, and are answered when its interrupt says that they are done.
 *
 * The file server and, through it, the freeing of memory wait for this process. So everything it
 * uses is resident before it serves: the tables below are static and touched, the address space is
 * locked, and nothing is allocated later. A device that is out of order ends the process; init
 * resets the device and starts another, which the kernel and the file server ask again.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <quire/ipc.h>
#include <quire/server.h>
#include <quire/sys.h>
#include "blk.h"

#define INTERRUPT_BIT 1u
#define DISK_KEY      1u

/* Calls and page requests being worked on. A caller waits for its answer, so there are no more calls
 * than clients' threads; the kernel's page requests add to them. Past this number the server takes
 * nothing new until one is done. */
#define REQUESTS 64

#define POLL_NS		    100000u
#define IDENTIFY_TIMEOUT_NS 1000000000u

#define DEVICE_BYTES 4096u

enum origin { FROM_CALL, FROM_PAGER, FROM_HERE };

struct request {
	struct blk_io io; /* first: `done` gets its address */
	enum origin origin;
	uint32_t token;	 /* FROM_CALL */
	uint32_t number; /* FROM_PAGER: the kernel's request, and its run of pages */
	uint32_t first_page;
	uint32_t pages;
	struct request *next_free;
};

static struct blk_device device;
static struct request requests[REQUESTS];
static struct request *free_requests;
static uint32_t calls_under_way;
static int disk_object;
static char serial[BLK_SERIAL_BYTES];

static _Noreturn void die(const char *why, int error)
{
	char line[128];
	size_t n = strlen(why);
	unsigned magnitude = error < 0 ? (unsigned)-error : (unsigned)error;

	memcpy(line, why, n);
	memcpy(line + n, ", error ", 8);
	n += 8;
	if (magnitude >= 100)
		line[n++] = (char)('0' + magnitude / 100 % 10);
	if (magnitude >= 10)
		line[n++] = (char)('0' + magnitude / 10 % 10);
	line[n++] = (char)('0' + magnitude % 10);
	sys_log(line, (uint32_t)n);
	sys_exit(1);
}

static void log_text(const char *text)
{
	sys_log(text, (uint32_t)strlen(text));
}

/* ------------------------------------------------------------------ requests */

static struct request *take_request(enum origin origin)
{
	struct request *r = free_requests;

	free_requests = r->next_free;
	r->origin = origin;
	calls_under_way += origin == FROM_CALL;
	return r;
}

static void give_request(struct request *r)
{
	calls_under_way -= r->origin == FROM_CALL;
	r->next_free = free_requests;
	free_requests = r;
}

/* 512-byte sectors of a page that lie beyond the end of the disk: the kernel zeroes them. */
static uint8_t zero_mask(uint32_t page)
{
	uint64_t first = (uint64_t)page * (QUIRE_PAGE_SIZE / BLK_SECTOR);

	if (first >= device.sectors)
		return 0xff;
	if (device.sectors - first >= 8)
		return 0;
	return (uint8_t)(0xffu << (device.sectors - first));
}

static void supply(const struct request *r)
{
	uint8_t *mask = ipc_buffer()->data;

	for (uint32_t i = 0; i < r->pages; i++)
		mask[i] = zero_mask(r->first_page + i);
	/* ESRCH: the kernel no longer wants these pages. */
	sys_obj_supply(disk_object, r->number, r->io.status);
}

static void answer(uint32_t token, int status)
{
	struct quire_msg msg;

	ipc_begin(&msg, 0);
	msg.w[0] = (uint32_t)status;
	msg.token = token;
	/* ESRCH: the caller has gone; what it asked for is done all the same. */
	sys_reply(&msg);
}

static void request_done(struct blk_io *io)
{
	struct request *r = (struct request *)io;

	switch (r->origin) {
	case FROM_CALL: answer(r->token, io->status ? -EIO : 0); break;
	case FROM_PAGER: supply(r); break;
	case FROM_HERE: break;
	}
	give_request(r);
}

static void reap(void)
{
	if (blk_reap(&device) < 0)
		die("virtio-blk: the device is out of order", -EIO);
}

/* Leaves at least one free request, so that the next message can be taken. */
static void make_room(void)
{
	while (!free_requests) {
		sys_sleep(sys_clock(QUIRE_CLOCK_MONOTONIC) + POLL_NS);
		reap();
	}
}

/* ------------------------------------------------------------------ the block protocol */

static void transfer(const struct quire_msg *msg, enum blk_op op)
{
	uint32_t bytes = ipc_bytes(msg), count = bytes / (uint32_t)sizeof(struct blk_segment);
	struct request *r;
	int status;

	if (op == BLK_OP_WRITE && device.read_only) {
		answer(msg->token, -EROFS);
		return;
	}
	if (bytes % sizeof(struct blk_segment) || count > BLK_SEGMENTS_MAX) {
		answer(msg->token, -EINVAL);
		return;
	}
	r = take_request(FROM_CALL);
	memcpy(r->io.segments, ipc_data(), bytes);
	status = blk_check(&device, r->io.segments, count);
	if (status < 0) {
		give_request(r);
		answer(msg->token, status);
		return;
	}
	r->token = msg->token;
	r->io.op = op;
	r->io.count = count;
	blk_submit(&device, &r->io);
}

static void flush(const struct quire_msg *msg)
{
	struct request *r;

	if (device.read_only || !device.has_flush) {
		/* Without the feature the device answers a write when it is durable. */
		answer(msg->token, 0);
		return;
	}
	r = take_request(FROM_CALL);
	r->token = msg->token;
	r->io.op = BLK_OP_FLUSH;
	r->io.count = 0;
	blk_submit(&device, &r->io);
}

/* Waits until nothing that a call asked for is under way: its caller may be dead, and his successor must
 * know that the device has done with his memory. Rare, so the server does nothing else meanwhile. */
static void drain(const struct quire_msg *msg)
{
	while (calls_under_way) {
		sys_sleep(sys_clock(QUIRE_CLOCK_MONOTONIC) + POLL_NS);
		reap();
	}
	answer(msg->token, 0);
}

static void tell_info(struct quire_msg *msg)
{
	struct blk_info info = {
		.sectors = device.sectors,
		.read_only = device.read_only,
		.flags = device.has_flush ? 1 : 0,
	};

	memcpy(info.serial, serial, sizeof(info.serial));
	ipc_answer(msg, 0);
	ipc_put(msg, &info, sizeof(info));
	sys_reply(msg);
}

static void tell_object(struct quire_msg *msg)
{
	ipc_answer(msg, 0);
	ipc_put_handle(msg, disk_object);
	sys_reply(msg);
}

static void serve_call(struct quire_msg *msg)
{
	ipc_drop_handles(msg);
	switch (ipc_label(msg)) {
	case BLK_INFO: tell_info(msg); break;
	case BLK_READ: transfer(msg, BLK_OP_READ); break;
	case BLK_WRITE: transfer(msg, BLK_OP_WRITE); break;
	case BLK_FLUSH: flush(msg); break;
	case BLK_DRAIN: drain(msg); break;
	case BLK_OBJECT: tell_object(msg); break;
	default: answer(msg->token, -ENOSYS); break;
	}
}

/* ------------------------------------------------------------------ the pager */

/* Reads a run of pages straight into the frames that the kernel names. Frames that follow one
 * another in memory become one segment. */
static void fetch(const struct quire_msg *msg)
{
	struct request *r = take_request(FROM_PAGER);
	const uint32_t *frames = (const uint32_t *)(const void *)ipc_data();
	uint32_t count = 0;

	r->first_page = msg->w[0];
	r->pages = msg->w[1];
	r->number = msg->w[2];
	for (uint32_t i = 0; i < r->pages && i < QUIRE_RUN_MAX; i++) {
		uint64_t sector = ((uint64_t)r->first_page + i) * (QUIRE_PAGE_SIZE / BLK_SECTOR);
		uint64_t phys = (uint64_t)frames[i] << QUIRE_PAGE_SHIFT;
		uint64_t left = sector < device.sectors ? device.sectors - sector : 0;
		uint32_t bytes = QUIRE_PAGE_SIZE;
		struct blk_segment *last = count ? &r->io.segments[count - 1] : NULL;

		if (left < QUIRE_PAGE_SIZE / BLK_SECTOR)
			bytes = (uint32_t)left * BLK_SECTOR;
		if (bytes == 0)
			break;
		if (last && last->phys + last->bytes == phys &&
			last->bytes + bytes <= BLK_SEGMENT_BYTES) {
			last->bytes += bytes;
			continue;
		}
		r->io.segments[count++] =
			(struct blk_segment){.sector = sector, .phys = phys, .bytes = bytes};
	}
	r->io.op = BLK_OP_READ;
	r->io.count = count;
	if (count == 0) {
		r->io.status = 0;
		supply(r);
		give_request(r);
		return;
	}
	blk_submit(&device, &r->io);
}

/* What the kernel itself has to say. The disk object never grows and has no holes; its dirty pages
 * are the file server's, which writes them block by block, so a plain fsync of it is refused. */
static void serve_kernel(const struct quire_msg *msg, int interrupt)
{
	switch (ipc_label(msg)) {
	case QUIRE_K_NOTIFY:
		if (msg->w[0] & INTERRUPT_BIT) {
			virtio_mmio_interrupts(&device.mmio);
			reap();
			sys_irq_ack(interrupt);
		}
		break;
	case QUIRE_K_FETCH: fetch(msg); break;
	case QUIRE_K_GROW: sys_obj_complete(disk_object, msg->w[2], -ENOSPC); break;
	case QUIRE_K_SYNC: sys_obj_complete(disk_object, msg->w[2], -ENOTSUP); break;
	case QUIRE_K_RESERVE: sys_obj_complete(disk_object, msg->w[2], 0); break;
	default: break;
	}
}

/* ------------------------------------------------------------------ start */

static void *map(int object, uint32_t bytes)
{
	long address =
		sys_mmap(0, bytes, QUIRE_PROT_READ | QUIRE_PROT_WRITE, QUIRE_MAP_SHARED, object, 0);

	if (quire_is_error(address))
		die("virtio-blk: cannot map", (int)address);
	return (void *)(uintptr_t)address;
}

/* Asks for the serial number and waits; a device that does not tell has none. `memory` is behind the
 * queue's, for 20 bytes. */
static void identify(void *memory, uint64_t phys)
{
	uint64_t deadline = sys_clock(QUIRE_CLOCK_MONOTONIC) + IDENTIFY_TIMEOUT_NS;
	struct request *r = take_request(FROM_HERE);
	struct request *rest = free_requests;

	r->io.op = BLK_OP_IDENTIFY;
	r->io.count = 1;
	r->io.segments[0] = (struct blk_segment){.phys = phys, .bytes = BLK_SERIAL_BYTES};
	blk_submit(&device, &r->io);
	while (free_requests == rest) {
		if (sys_clock(QUIRE_CLOCK_MONOTONIC) > deadline)
			die("virtio-blk: the device does not answer", -ETIMEDOUT);
		sys_yield();
		reap();
	}
	if (r->io.status == 0)
		memcpy(serial, memory, sizeof(serial));
}

/* The memory is init's and outlives us; a predecessor may have left anything in it. Init has reset the
 * device, so nobody else writes there. */
static void start_device(uint64_t phys)
{
	uint32_t queue_bytes = (blk_memory_bytes() + BLK_SECTOR - 1) & ~(BLK_SECTOR - 1);
	uint32_t pages = (queue_bytes + BLK_SECTOR + QUIRE_PAGE_SIZE - 1) / QUIRE_PAGE_SIZE;
	volatile void *registers = map(SERVER_DEVICE, DEVICE_BYTES);
	uint8_t *memory;
	int status;

	if (pages > SERVER_DMA_PAGES || !phys)
		die("virtio-blk: no memory for the queue", -ENOMEM);
	memory = map(SERVER_DMA, SERVER_DMA_PAGES * QUIRE_PAGE_SIZE);
	memset(memory, 0, SERVER_DMA_PAGES * QUIRE_PAGE_SIZE);
	status = blk_start(&device, registers, memory, phys);
	if (status == -ENOTSUP)
		die("virtio-blk: a legacy device; start QEMU with -global "
		    "virtio-mmio.force-legacy=false",
			status);
	if (status < 0)
		die("virtio-blk: cannot start the device", status);
	identify(memory + queue_bytes, phys + queue_bytes);
}

/* A restarted server finds the object that its port serves already. */
static void start_object(void)
{
	disk_object = sys_obj_attach(SERVER_PORT, DISK_KEY);
	if (disk_object < 0)
		disk_object =
			sys_obj_create_paged(SERVER_PORT, DISK_KEY, device.sectors * BLK_SECTOR);
	if (disk_object < 0)
		die("virtio-blk: no disk object", disk_object);
}

int main(int argc, char **argv)
{
	struct quire_msg msg;
	int status;

	sys_mlockall(QUIRE_MCL_CURRENT | QUIRE_MCL_FUTURE);
	/* Junk, so that every page is there and nobody relies on zeroes. */
	memset(requests, 0xa5, sizeof(requests));
	free_requests = NULL;
	for (int i = 0; i < REQUESTS; i++) {
		requests[i].io.done = request_done;
		requests[i].origin = FROM_HERE;
		give_request(&requests[i]);
	}
	start_device(argc > 1 ? strtoull(argv[1], NULL, 16) : 0);
	start_object();
	status = sys_irq_bind(SERVER_IRQ, SERVER_PORT, INTERRUPT_BIT);
	if (status < 0)
		die("virtio-blk: no interrupt", status);
	/* A predecessor may have died between an interrupt and its acknowledgement. */
	virtio_mmio_interrupts(&device.mmio);
	sys_irq_ack(SERVER_IRQ);
	log_text(device.read_only ? "virtio-blk: ready, read-only" : "virtio-blk: ready");

	ipc_begin(&msg, 0);
	for (;;) {
		make_room();
		status = sys_reply_recv(SERVER_PORT, &msg);
		if (status == -EINTR)
			continue;
		if (status < 0)
			die("virtio-blk: cannot receive", status);
		if (ipc_label(&msg) >= QUIRE_K_NOTIFY)
			serve_kernel(&msg, SERVER_IRQ);
		else
			serve_call(&msg);
		msg.token = 0;
	}
}
