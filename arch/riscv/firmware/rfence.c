/*
 * Interrupts and fences from hart to hart (SBI 2.0 chapters 7 and 8).
 *
 * A hart has at most one fence under way, since it waits for its end, so the description of it
 * lives in the hart itself and no queue can fill up. The protocol, for an initiator I and each of
 * its targets T:
 *
 *	I                                     T
 *	write I.fence; I.acks = 0
 *	set I's bit in T.fences
 *	if no bit was set: raise T's msip     interrupt, or T waits for something:
 *	wait until I.acks = targets;            take all bits of T.fences, leaving 0
 *	  serve own I.fences meanwhile          for each bit's hart: read its fence, perform it,
 *	                                          add 1 to its acks
 *
 * Setting a bit releases what came before it (the description, and the caller's page table
 * stores) to the taker; an ack releases what the target did. If a bit was already set then
 * whoever set it raises msip, or already has, and T has not taken the word since. T clears msip
 * before it takes the word, so a bit set after the taking raises msip anew.
 *
 * I.fence must not change until the last ack, hence a target is done with it before its ack.
 */
#include "hart.h"
#include "sbi.h"

#define PAGE_SIZE 4096u
/* A range of more pages than this costs more than refilling what a full fence drops. */
#define RANGE_PAGES 64u

static inline void fence_perform(const struct fence *fence)
{
	uint32_t asid = fence->asid;

	switch (fence->kind) {
	case FENCE_ASID_RANGE:
		for (uint32_t page = fence->start; page != fence->end; page += PAGE_SIZE)
			__asm__ volatile("sfence.vma %0, %1" ::"r"(page), "r"(asid) : "memory");
		break;
	case FENCE_ASID_ALL: __asm__ volatile("sfence.vma zero, %0" ::"r"(asid) : "memory"); break;
	case FENCE_RANGE:
		for (uint32_t page = fence->start; page != fence->end; page += PAGE_SIZE)
			__asm__ volatile("sfence.vma %0, zero" ::"r"(page) : "memory");
		break;
	case FENCE_ALL: __asm__ volatile("sfence.vma" ::: "memory"); break;
	case FENCE_INSTRUCTIONS: __asm__ volatile("fence.i" ::: "memory"); break;
	}
}

/* Perform and acknowledge the fences of these harts, named by their bits. */
static inline void fence_serve_bits(uint32_t bits)
{
	for (struct hart **place = hart_of_index; bits; bits >>= 1, place++) {
		struct hart *initiator = *place;

		if (!(bits & 1))
			continue;
		fence_perform(&initiator->fence);
		__atomic_fetch_add(&initiator->acks, 1, __ATOMIC_RELEASE);
	}
}

static inline void fence_serve_inline(struct hart *self)
{
	if (__atomic_load_n(&self->fences, __ATOMIC_RELAXED))
		fence_serve_bits(__atomic_exchange_n(&self->fences, 0, __ATOMIC_ACQUIRE));
}

void fence_serve(struct hart *self)
{
	fence_serve_inline(self);
}

void software_interrupt(void)
{
	struct hart *self = hart_self();

	mmio_write32(self->msip, 0);
	fence_io();
	fence_serve_inline(self);
	if (__atomic_load_n(&self->ipi, __ATOMIC_RELAXED) &&
		__atomic_exchange_n(&self->ipi, 0, __ATOMIC_ACQ_REL))
		csr_set(mip, INT_S_SOFTWARE);
}

static inline void ipi_send(struct hart_block *target, uint32_t bits)
{
	for (; bits; bits >>= 1, target++)
		if (bits & 1 && !__atomic_exchange_n(&target->hart.ipi, 1, __ATOMIC_ACQ_REL))
			hart_kick(&target->hart);
}

struct sbiret sbi_send_ipi(uint32_t mask, uint32_t base)
{
	struct hart_set set;

	if (!hart_set_decode(&set, mask, base))
		return sbi_result(SBI_ERR_INVALID_PARAM, 0);
	ipi_send(&hart_blocks[0], set.word[0]);
	ipi_send(&hart_blocks[32], set.word[1]);
	return sbi_result(SBI_SUCCESS, 0);
}

/* Fill the addresses in; all is the kind to fall back to when the range is everything or long. */
static inline void fence_set_range(struct fence *fence, uint32_t start, uint32_t size,
	enum fence_kind range, enum fence_kind all)
{
	uint32_t first = start & ~(PAGE_SIZE - 1);
	uint32_t length = start - first + size;

	/* The sums wrap only when the range does, or for the sizes that mean everything. */
	if (size > RANGE_PAGES * PAGE_SIZE || (start | size) == 0 || start + size < start) {
		fence->kind = all;
		return;
	}
	fence->kind = range;
	fence->start = first;
	fence->end = first + ((length + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1));
}

/* Ask the harts named by bits, target being bit 0's, for self's fence. Returns how many. */
static inline uint32_t fence_send(struct hart *self, struct hart_block *target, uint32_t bits)
{
	uint32_t sent = 0;

	for (; bits; bits >>= 1, target++) {
		if (!(bits & 1))
			continue;
		sent++;
		if (!__atomic_fetch_or(&target->hart.fences, self->bit, __ATOMIC_ACQ_REL))
			hart_kick(&target->hart);
	}
	return sent;
}

struct sbiret sbi_rfence(
	uint32_t mask, uint32_t base, uint32_t start, uint32_t size, uint32_t asid, uint32_t fid)
{
	struct hart *self = hart_self();
	struct hart_set set;

	if (fid > 2)
		return sbi_result(SBI_ERR_NOT_SUPPORTED, 0);
	/* The caller's page table stores come before reading who is started; see hart.c. */
	fence_memory();
	if (!hart_set_decode(&set, mask, base))
		return sbi_result(SBI_ERR_INVALID_PARAM, 0);

	self->fence.asid = asid;
	self->acks = 0;
	if (fid == 2)
		fence_set_range(&self->fence, start, size, FENCE_ASID_RANGE, FENCE_ASID_ALL);
	else if (fid == 1)
		fence_set_range(&self->fence, start, size, FENCE_RANGE, FENCE_ALL);
	else
		self->fence.kind = FENCE_INSTRUCTIONS;

	const struct hart_set own = self->own;
	uint32_t sent = fence_send(self, &hart_blocks[0], set.word[0] & ~own.word[0]) +
			fence_send(self, &hart_blocks[32], set.word[1] & ~own.word[1]);
	if ((set.word[0] & own.word[0]) | (set.word[1] & own.word[1]))
		fence_perform(&self->fence);
	while (__atomic_load_n(&self->acks, __ATOMIC_RELAXED) != sent)
		fence_serve_inline(self);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return sbi_result(SBI_SUCCESS, 0);
}
