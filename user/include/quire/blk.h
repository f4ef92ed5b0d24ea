/* The block protocol: what the file server asks the disk driver.
 *
 * All requests are CALLs on the driver's channel; w0 of the answer is 0 or a negated error number.
 * The driver answers when the disk has. A client with several threads has several requests in
 * flight. Addresses are physical, page-aligned frames come from FETCH or WB_BEGIN: the driver is
 * trusted with them, there is no IOMMU.
 */
#ifndef QUIRE_BLK_H
#define QUIRE_BLK_H

#include <stdint.h>

enum blk_request {
	BLK_INFO = 1, /* answer: payload struct blk_info */
	BLK_READ,     /* payload struct blk_segment[]: each a piece of disk to a piece of memory */
	BLK_WRITE,    /* the same, memory to disk; EROFS on a read-only disk */
	BLK_FLUSH,    /* all writes answered so far are durable when this is */
	/* all reads and writes taken before are over, whoever asked, when this is answered */
	BLK_DRAIN,
	/* answer: handle 0 = the disk object (memory object whose page n is bytes n*4096.. of
	 * the disk, rights read, write, pager) */
	BLK_OBJECT,
};
struct blk_info {
	uint64_t sectors; /* of 512 bytes */
	uint32_t read_only;
	uint32_t flags; /* 1: has FLUSH */
	char serial[20];
	uint32_t reserved;
};
struct blk_segment {
	uint64_t sector;
	uint64_t phys;
	uint32_t bytes; /* multiple of 512; at most one page-sized run of 128 KiB */
	uint32_t reserved;
};
#define BLK_SEGMENTS_MAX 128

#endif
