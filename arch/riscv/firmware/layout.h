/*
 * Numbers that the assembly, the C code and the linker script share: where the firmware lies and
 * how a hart's private memory is laid out.
 *
 * Each hart owns one block of HART_BLOCK bytes, indexed by its hart id. Its machine-mode stack
 * grows down from the struct hart that fills the block's last HART_STRUCT bytes, so one pointer,
 * kept in mscratch while the hart runs in S or U mode, is both the stack and the hart's state.
 *
 *	block            block + HART_BLOCK - HART_STRUCT       block + HART_BLOCK
 *	|  <- stack grows down   | struct hart                   |
 */
#ifndef FIRMWARE_LAYOUT_H
#define FIRMWARE_LAYOUT_H

/* Closed to S and U mode by one NAPOT PMP entry, hence a power of two aligned to its size. */
#define FIRMWARE_BASE 0x80000000
#define FIRMWARE_SIZE 0x20000

#define HART_ID_LIMIT	 64 /* hart ids may be sparse below this */
#define HART_COUNT_LIMIT 32 /* one bit of a word for each */
#define HART_BLOCK_SHIFT 10
#define HART_BLOCK	 (1 << HART_BLOCK_SHIFT)
#define HART_STRUCT	 96

/* The record a previous stage leaves in a2: unsigned longs, in this order. */
#define FW_DYNAMIC_MAGIC     0x4942534f
#define FW_DYNAMIC_VERSION   4
#define FW_DYNAMIC_BOOT_HART 20

#endif
