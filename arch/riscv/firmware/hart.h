/*
 * What the firmware keeps for each hart, and sets of harts as SBI callers name them.
 *
 * A struct hart has one owner, the hart itself. Another hart may touch only the fields marked
 * "any hart", and those only with atomic operations.
 */
#ifndef FIRMWARE_HART_H
#define FIRMWARE_HART_H

#include <stdbool.h>
#include <stdint.h>
#include "csr.h"
#include "layout.h"

/* Hart states, numbered as HSM's hart_get_status reports them. */
enum hart_state {
	HART_STARTED = 0,
	HART_STOPPED = 1,
	HART_START_PENDING = 2,
};

enum fence_kind {
	FENCE_INSTRUCTIONS,
	FENCE_ALL,	  /* every address, every ASID, global mappings too */
	FENCE_RANGE,	  /* the range in every ASID, global mappings too */
	FENCE_ASID_ALL,	  /* every address of one ASID */
	FENCE_ASID_RANGE, /* the range in one ASID */
};

/* A fence asked for by a hart. It stays as it is until every target has acknowledged it. */
struct fence {
	enum fence_kind kind;
	uint32_t start; /* page aligned */
	uint32_t end;	/* page aligned, exclusive; 0 when the range reaches the top */
	uint32_t asid;
};

/* Hart ids as bits: word 0 is ids 0 to 31, word 1 ids 32 to 63. */
struct hart_set {
	uint32_t word[2];
};
_Static_assert(HART_ID_LIMIT == 64, "a hart_set has a bit for each id");

struct hart {
	uint32_t id;
	struct hart_set own;	/* this hart alone */
	uint32_t bit;		/* this hart's bit in the fences word of others */
	uintptr_t msip;		/* its software interrupt register in the CLINT */
	uintptr_t mtimecmp;	/* its timer compare register in the CLINT */
	uint32_t intc;		/* phandle of its interrupt controller in the device tree */
	bool has_sstc;		/* S mode has its own timer compare register */
	uint32_t state;		/* any hart; enum hart_state */
	uint32_t go;		/* any hart: start_address and opaque are ready */
	uint32_t start_address; /* written by the hart that moved state to START_PENDING */
	uint32_t opaque;	/* the same */
	uint32_t ipi;		/* any hart: a supervisor software interrupt was sent */
	uint32_t fences;	/* any hart: bits of the harts whose fence this one owes */
	uint32_t acks;		/* any hart: targets that have performed `fence` */
	struct fence fence;	/* read by its targets between their bit and their ack */
};
_Static_assert(sizeof(struct hart) <= HART_STRUCT, "struct hart outgrew its place in the block");

struct hart_block {
	uint8_t stack[HART_BLOCK - HART_STRUCT];
	struct hart hart;
} __attribute__((aligned(HART_BLOCK)));
_Static_assert(sizeof(struct hart_block) == HART_BLOCK, "entry.S shifts by HART_BLOCK_SHIFT");
_Static_assert(__builtin_offsetof(struct hart_block, hart) == HART_BLOCK - HART_STRUCT,
	"entry.S finds struct hart at the block's end");

extern struct hart_block hart_blocks[HART_ID_LIMIT];
extern struct hart *hart_of_index[HART_COUNT_LIMIT];

extern struct hart_set harts_present; /* in the device tree; constant after cold boot */
extern struct hart_set harts_started; /* each hart sets and clears its own bit */

static inline struct hart *hart_self(void)
{
	return &hart_blocks[csr_read(mhartid)].hart;
}

static inline bool hart_set_has(const struct hart_set *set, uint32_t id)
{
	return id < HART_ID_LIMIT && (set->word[id / 32] >> (id % 32) & 1);
}

/*
 * Decode an SBI hart mask into the started harts it names. False when it names a hart that the
 * machine does not have. Nearly every caller has base 0, which is therefore done in registers.
 */
bool hart_set_decode_any(struct hart_set *set, uint32_t mask, uint32_t base);

static inline bool hart_set_decode(struct hart_set *set, uint32_t mask, uint32_t base)
{
	struct hart_set other;

	if (base == 0 && !(mask & ~harts_present.word[0])) {
		set->word[0] = mask & __atomic_load_n(&harts_started.word[0], __ATOMIC_RELAXED);
		set->word[1] = 0;
		return true;
	}
	if (!hart_set_decode_any(&other, mask, base))
		return false;
	*set = other;
	return true;
}

/* Make a hart take its machine software interrupt. */
static inline void hart_kick(struct hart *hart)
{
	mmio_write32(hart->msip, 1);
}

/* Set up this hart's machine-level CSRs: delegation, counters, memory protection, timer. */
void hart_init(struct hart *self);

/* Wait, stopped, until another hart starts this one, then go where it said. */
_Noreturn void hart_park(struct hart *self);

/* Go to S mode with a0 = the hart's id, a1 = opaque, satp = 0, interrupts off. */
_Noreturn void hart_enter_supervisor(struct hart *self, uint32_t address, uint32_t opaque);

/* Stop the timer and forget a pending timer interrupt. */
void timer_disarm(struct hart *self);

/*
 * Perform the fences that others ask of this hart. Every loop of the firmware that waits for
 * another hart or for a device calls it, so that two harts can never wait for each other.
 */
void fence_serve(struct hart *self);

#endif
