/*
 * A hart's life: its machine-level set-up, waiting to be started, going to S mode; and the
 * extension that starts and stops harts (Hart State Management, SBI 2.0 chapter 9).
 *
 *	STOPPED --hart_start by another--> START_PENDING --itself--> STARTED --hart_stop--> STOPPED
 *
 * The starter claims the hart by moving STOPPED to START_PENDING, so that only one can; then it
 * writes where to go, and last sets `go`. The hart acts on `go` alone.
 *
 * Against a fence from a hart that looks at harts_started: a hart that starts sets its bit, then
 * fences memory, then empties its translations. So whoever still saw the bit clear had its page
 * table stores visible before that emptying. A hart that stops may still be sent a fence by one
 * that saw the bit set, so it serves fences while it is parked.
 */
#include "hart.h"
#include "platform.h"
#include "sbi.h"

struct hart_block hart_blocks[HART_ID_LIMIT];
struct hart *hart_of_index[HART_COUNT_LIMIT];
struct hart_set harts_present, harts_started;

extern char trap_vectors[];

/* Exceptions that S mode handles itself: all but ecall from S and from M. */
#define DELEGATED_EXCEPTIONS                                                                       \
	(1u << 0 | 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 | \
		1u << 12 | 1u << 13 | 1u << 15)

#define PMP_R	  0x01
#define PMP_W	  0x02
#define PMP_X	  0x04
#define PMP_NAPOT 0x18

void hart_init(struct hart *self)
{
	csr_write(medeleg, DELEGATED_EXCEPTIONS);
	csr_write(mideleg, INT_S_SOFTWARE | INT_S_TIMER | INT_S_EXTERNAL);
	csr_write(mcounteren, 7);

	/* Entry 0 has no permissions and wins over entry 1, which opens all of memory. */
	csr_write(pmpaddr0, FIRMWARE_BASE >> 2 | (FIRMWARE_SIZE / 2 - 1) >> 2);
	csr_write(pmpaddr1, ~0u);
	csr_write(pmpcfg0, PMP_NAPOT | (PMP_NAPOT | PMP_R | PMP_W | PMP_X) << 8);
	__asm__ volatile("sfence.vma" ::: "memory");

	if (self->has_sstc)
		csr_set(CSR_MENVCFGH, MENVCFGH_STCE);
	timer_disarm(self);
	csr_write(mtvec, (uintptr_t)trap_vectors | 1);
	csr_write(mie, INT_M_SOFTWARE);
}

_Noreturn void hart_enter_supervisor(struct hart *self, uint32_t address, uint32_t opaque)
{
	csr_clear(mip, INT_S_SOFTWARE);
	__atomic_store_n(&self->ipi, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&self->state, HART_STARTED, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		__atomic_fetch_or(&harts_started.word[i], self->own.word[i], __ATOMIC_RELAXED);
	fence_memory();
	__asm__ volatile("sfence.vma\n\tfence.i" ::: "memory");

	csr_write(satp, 0);
	csr_write(sie, 0);
	csr_write(stvec, 0);
	csr_write(sscratch, 0);
	csr_write(mstatus, MSTATUS_MPP_S);
	csr_write(mepc, address);
	csr_write(mscratch, (uintptr_t)self);

	register uint32_t a0 __asm__("a0") = self->id;
	register uint32_t a1 __asm__("a1") = opaque;
	__asm__ volatile("mret" ::"r"(a0), "r"(a1) : "memory");
	__builtin_unreachable();
}

_Noreturn void hart_park(struct hart *self)
{
	for (;;) {
		mmio_write32(self->msip, 0);
		fence_io();
		fence_serve(self);
		if (__atomic_load_n(&self->go, __ATOMIC_ACQUIRE))
			break;
		wait_for_interrupt();
	}
	self->go = 0;
	hart_enter_supervisor(self, self->start_address, self->opaque);
}

bool hart_set_decode_any(struct hart_set *set, uint32_t mask, uint32_t base)
{
	uint32_t low = 0, high = 0;

	if (base == 0) {
		low = mask;
	} else if (base == ~0u) {
		low = harts_present.word[0];
		high = harts_present.word[1];
	} else if (mask == 0) {
		/* names no hart, wherever it begins */
	} else if (base < 32) {
		low = mask << base;
		high = mask >> (32 - base);
	} else if (base < HART_ID_LIMIT && (mask << (base - 32)) >> (base - 32) == mask) {
		high = mask << (base - 32);
	} else {
		return false;
	}
	if ((low & ~harts_present.word[0]) | (high & ~harts_present.word[1]))
		return false;
	set->word[0] = low & __atomic_load_n(&harts_started.word[0], __ATOMIC_RELAXED);
	set->word[1] = high & __atomic_load_n(&harts_started.word[1], __ATOMIC_RELAXED);
	return true;
}

static struct sbiret hart_start(uint32_t id, uint32_t address, uint32_t opaque)
{
	uint32_t expected = HART_STOPPED;

	if (!hart_set_has(&harts_present, id))
		return sbi_result(SBI_ERR_INVALID_PARAM, 0);
	if (address % 2 || !platform_memory_allows(address, 2))
		return sbi_result(SBI_ERR_INVALID_ADDRESS, 0);

	struct hart *hart = &hart_blocks[id].hart;
	if (!__atomic_compare_exchange_n(&hart->state, &expected, HART_START_PENDING, false,
		    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return sbi_result(SBI_ERR_ALREADY_AVAILABLE, 0);
	hart->start_address = address;
	hart->opaque = opaque;
	__atomic_store_n(&hart->go, 1, __ATOMIC_RELEASE);
	hart_kick(hart);
	return sbi_result(SBI_SUCCESS, 0);
}

static _Noreturn void hart_stop(struct hart *self)
{
	timer_disarm(self);
	for (int i = 0; i < 2; i++)
		__atomic_fetch_and(&harts_started.word[i], ~self->own.word[i], __ATOMIC_RELAXED);
	__atomic_store_n(&self->state, HART_STOPPED, __ATOMIC_RELEASE);
	hart_park(self);
}

struct sbiret sbi_hsm(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t fid)
{
	switch (fid) {
	case 0: return hart_start(a0, a1, a2);
	case 1: hart_stop(hart_self());
	case 2:
		if (!hart_set_has(&harts_present, a0))
			return sbi_result(SBI_ERR_INVALID_PARAM, 0);
		return sbi_result(SBI_SUCCESS,
			__atomic_load_n(&hart_blocks[a0].hart.state, __ATOMIC_RELAXED));
	default: return sbi_result(SBI_ERR_NOT_SUPPORTED, 0);
	}
}
