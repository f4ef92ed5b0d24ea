/*
 * Console, checks, harts, traps and page tables for the payload's tests.
 */
#include "payload.h"

#define PAGE_SIZE 4096u
#define PTE_V	  0x01u
#define PTE_RWX	  0x0eu
#define PTE_AD	  0xc0u
#define SATP_SV32 (1u << 31)

#define RAM_BASE      0x80000000u
#define RAM_MEGAPAGES 32u /* of 4 MiB; every test machine has that much */

struct worker workers[HART_LIMIT];
uint32_t hart_ids[HART_LIMIT];
uint32_t hart_count;
const void *device_tree;
uint32_t failures;

static uint32_t root[1024] __attribute__((aligned(PAGE_SIZE)));
static uint32_t slots[1024] __attribute__((aligned(PAGE_SIZE)));
static uint32_t pages[PAGE_TAGS][PAGE_SIZE / 4] __attribute__((aligned(PAGE_SIZE)));

void print(const char *text)
{
	uint32_t length = 0;

	while (text[length])
		length++;
	while (length) {
		struct sbiret ret = sbi(DBCN, CONSOLE_WRITE, length, (uintptr_t)text, 0, 0, 0);

		if (ret.error)
			return;
		text += ret.value;
		length -= ret.value;
	}
}

void print_number(uint32_t value)
{
	char digits[11];
	char *at = &digits[10];

	*at = '\0';
	do
		*--at = (char)('0' + value % 10);
	while (value /= 10);
	print(at);
}

void check(bool holds, const char *what, const char *file, int line)
{
	if (holds)
		return;
	__atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
	print("FAIL ");
	print(file);
	print(":");
	print_number((uint32_t)line);
	print(": ");
	print(what);
	print("\n");
}

uint64_t now(void)
{
	uint32_t high, low, again;

	do {
		high = csr_read(timeh);
		low = csr_read(time);
		again = csr_read(timeh);
	} while (high != again);
	return (uint64_t)high << 32 | low;
}

bool wait_for(const uint32_t *word, uint32_t value)
{
	uint64_t limit = now() + PATIENCE;

	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value)
		if (now() > limit) {
			CHECK(!"waited too long");
			return false;
		}
	return true;
}

/* Called by start.S with interrupts off. */
void trap(struct worker *self)
{
	uint32_t cause = csr_read(scause);

	switch (cause) {
	case 1u << 31 | 1:
		csr_clear(sip, INT_SOFTWARE);
		__atomic_fetch_add(&self->ipis, 1, __ATOMIC_RELEASE);
		break;
	case 1u << 31 | 5:
		sbi(TIME, 0, ~0u, ~0u, 0, 0, 0);
		__atomic_fetch_add(&self->timers, 1, __ATOMIC_RELEASE);
		break;
	default:
		self->fault = cause;
		if (!self->skip_faults) {
			print("FAIL unexpected trap, cause ");
			print_number(cause);
			print(" epc ");
			print_number(csr_read(sepc));
			print("\n");
			sbi(SRST, 0, SHUTDOWN, 1, 0, 0, 0);
		}
		csr_write(sepc, csr_read(sepc) + 4);
	}
}

/* Called by start.S on a started hart. */
void worker_main(struct worker *self, uint32_t id)
{
	CHECK(id == self->id);
	CHECK(csr_read(satp) == 0);
	CHECK(!(csr_read(sstatus) & SSTATUS_SIE));
	csr_write(sscratch, (uintptr_t)self);
	csr_write(stvec, (uintptr_t)trap_entry);
	self->work(self);
	csr_clear(sstatus, SSTATUS_SIE);
	csr_write(satp, 0);
	__atomic_store_n(&self->done, 1, __ATOMIC_RELEASE);
	sbi(HSM, HART_STOP, 0, 0, 0, 0, 0);
	CHECK(!"hart_stop returned");
}

void start_others(void (*work)(struct worker *self))
{
	for (uint32_t i = 1; i < hart_count; i++) {
		struct worker *worker = &workers[hart_ids[i]];

		worker->work = work;
		worker->id = hart_ids[i];
		worker->done = worker->ipis = worker->timers = 0;
		struct sbiret ret = sbi(HSM, HART_START, worker->id, (uintptr_t)secondary_start,
			(uintptr_t)worker, 0, 0);
		CHECK(ret.error == SUCCESS);
	}
}

void join_others(void)
{
	for (uint32_t i = 1; i < hart_count; i++) {
		wait_for(&workers[hart_ids[i]].done, 1);
		uint64_t limit = now() + PATIENCE;
		struct sbiret ret;

		do
			ret = sbi(HSM, HART_STATUS, hart_ids[i], 0, 0, 0, 0);
		while (ret.error == SUCCESS && ret.value != STOPPED && now() < limit);
		CHECK(ret.error == SUCCESS && ret.value == STOPPED);
	}
}

static uint32_t leaf(uintptr_t physical)
{
	return (uint32_t)(physical >> 12) << 10 | PTE_AD | PTE_RWX | PTE_V;
}

void paging_build(void)
{
	for (uint32_t i = 0; i < RAM_MEGAPAGES; i++)
		root[(RAM_BASE >> 22) + i] = leaf(RAM_BASE + (i << 22));
	root[SLOT_BASE >> 22] = (uint32_t)((uintptr_t)slots >> 12) << 10 | PTE_V;
	root[1023] = root[SLOT_BASE >> 22];
	for (uint32_t tag = 0; tag < PAGE_TAGS; tag++)
		pages[tag][0] = tag;
	for (uint32_t i = 0; i < HART_LIMIT; i++)
		slot_point(i, 0);
	slot_point(SLOT_TOP, 0);
}

void paging_enter(void)
{
	csr_write(satp, SATP_SV32 | TEST_ASID << 22 | (uint32_t)((uintptr_t)root >> 12));
	__asm__ volatile("sfence.vma" ::: "memory");
}

void paging_leave(void)
{
	csr_write(satp, 0);
	__asm__ volatile("sfence.vma" ::: "memory");
}

volatile uint32_t *slot_address(uint32_t slot)
{
	uintptr_t base = slot == SLOT_TOP ? 1023u << 22 : SLOT_BASE;

	return (volatile uint32_t *)(base + slot * PAGE_SIZE);
}

void slot_point(uint32_t slot, uint32_t tag)
{
	__atomic_store_n(&slots[slot], leaf((uintptr_t)pages[tag]), __ATOMIC_RELEASE);
}
