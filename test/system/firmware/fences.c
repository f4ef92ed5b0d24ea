/*
 * Remote fences. What is checked is their purpose: once one has returned, no target reads through
 * the translation that was replaced before it.
 */
#include "payload.h"

#define PAGE_SIZE 4096u
#define ALL	  (~0u)

/* How a slot's page may be named to a fence. */
struct shape {
	const char *name;
	uint32_t fid;
	bool whole; /* start and size as given, rather than relative to the slot's page */
	uint32_t start;
	uint32_t size;
};

static const struct shape shapes[] = {
	{"vma one page", REMOTE_SFENCE_VMA, false, 0, PAGE_SIZE},
	{"vma one byte inside the page", REMOTE_SFENCE_VMA, false, 100, 1},
	{"vma from the page before", REMOTE_SFENCE_VMA, false, -8u, 12},
	{"vma three pages", REMOTE_SFENCE_VMA, false, -PAGE_SIZE, 3 * PAGE_SIZE},
	{"vma 4 MiB", REMOTE_SFENCE_VMA, false, -PAGE_SIZE, 4u << 20},
	{"vma 0, 0", REMOTE_SFENCE_VMA, true, 0, 0},
	{"vma 0, all ones", REMOTE_SFENCE_VMA, true, 0, ALL},
	{"vma x, all ones", REMOTE_SFENCE_VMA, true, 0x1000, ALL},
	{"asid one page", REMOTE_SFENCE_VMA_ASID, false, 0, PAGE_SIZE},
	{"asid one byte inside the page", REMOTE_SFENCE_VMA_ASID, false, 4095, 1},
	{"asid 64 pages", REMOTE_SFENCE_VMA_ASID, false, -4 * PAGE_SIZE, 64 * PAGE_SIZE},
	{"asid 65 pages", REMOTE_SFENCE_VMA_ASID, false, -4 * PAGE_SIZE, 65 * PAGE_SIZE},
	{"asid 0, 0", REMOTE_SFENCE_VMA_ASID, true, 0, 0},
	{"asid 0, all ones", REMOTE_SFENCE_VMA_ASID, true, 0, ALL},
};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static uint32_t stop_readers;
static uint32_t observed[HART_LIMIT]; /* tag last seen, by hart */
static uint32_t rounds[HART_LIMIT];   /* reads so far, by hart */
static uint32_t watched;	      /* the slot to read */

static void read_until_told(struct worker *self)
{
	paging_enter();
	while (!__atomic_load_n(&stop_readers, __ATOMIC_ACQUIRE)) {
		uint32_t slot = __atomic_load_n(&watched, __ATOMIC_ACQUIRE);
		uint32_t tag = *slot_address(slot);

		__atomic_store_n(&observed[self->id], tag, __ATOMIC_RELAXED);
		__atomic_fetch_add(&rounds[self->id], 1, __ATOMIC_RELEASE);
	}
	paging_leave();
}

/* Wait until every reader has begun and ended a read after this call. */
static void wait_for_reads(void)
{
	uint32_t from[HART_LIMIT];
	uint64_t limit = now() + PATIENCE;

	for (uint32_t i = 1; i < hart_count; i++)
		from[i] = __atomic_load_n(&rounds[hart_ids[i]], __ATOMIC_ACQUIRE);
	for (uint32_t i = 1; i < hart_count; i++)
		while (__atomic_load_n(&rounds[hart_ids[i]], __ATOMIC_ACQUIRE) - from[i] < 2)
			if (now() > limit) {
				CHECK(!"a reader stands still");
				return;
			}
}

/* The harts in ids, as many masks as their spread needs; or everybody with base -1. */
static bool fence_harts(const struct shape *shape, uint32_t slot, bool everybody)
{
	uint32_t start = shape->start + (shape->whole ? 0 : (uintptr_t)slot_address(slot));
	bool ok = true;

	if (everybody)
		return sbi(RFENCE, shape->fid, 0, ALL, start, shape->size, TEST_ASID).error ==
		       SUCCESS;
	for (uint32_t base = 0; base < HART_LIMIT; base += 16) {
		uint32_t mask = 0;

		for (uint32_t i = 0; i < hart_count; i++)
			if (hart_ids[i] / 16 * 16 == base)
				mask |= 1u << (hart_ids[i] - base);
		ok &= sbi(RFENCE, shape->fid, mask, base, start, shape->size, TEST_ASID).error ==
		      SUCCESS;
	}
	return ok;
}

static void try_shape(const struct shape *shape, uint32_t slot, uint32_t *tag)
{
	for (int everybody = 0; everybody < 2; everybody++) {
		wait_for_reads();
		(void)*slot_address(slot);

		*tag = (*tag + 1) % PAGE_TAGS;
		slot_point(slot, *tag);
		if (!fence_harts(shape, slot, everybody)) {
			CHECK(!"a remote fence was refused");
			print(shape->name);
			print("\n");
		}
		CHECK(*slot_address(slot) == *tag);
		wait_for_reads();
		for (uint32_t i = 1; i < hart_count; i++)
			if (__atomic_load_n(&observed[hart_ids[i]], __ATOMIC_RELAXED) != *tag) {
				CHECK(!"a hart reads through a stale translation");
				print(shape->name);
				print("\n");
			}
	}
}

void test_fences(void)
{
	uint32_t tag = 0;

	paging_build();
	stop_readers = 0;
	watched = 8;
	start_others(read_until_told);
	paging_enter();
	for (uint32_t i = 0; i < SHAPES; i++)
		try_shape(&shapes[i], 8, &tag);
	__atomic_store_n(&watched, SLOT_TOP, __ATOMIC_RELEASE);
	tag = 0;
	for (uint32_t i = 0; i < SHAPES; i++)
		if (shapes[i].start < PAGE_SIZE && (shapes[i].whole || shapes[i].size <= PAGE_SIZE))
			try_shape(&shapes[i], SLOT_TOP, &tag);

	/* One hart alone, itself alone, nobody, and fence.i. */
	for (uint32_t i = 0; i < hart_count; i++) {
		CHECK(sbi(RFENCE, REMOTE_FENCE_I, 1, hart_ids[i], 0, 0, 0).error == SUCCESS);
		CHECK(sbi(RFENCE, REMOTE_SFENCE_VMA, 1, hart_ids[i], 0, 0, 0).error == SUCCESS);
	}
	CHECK(sbi(RFENCE, REMOTE_FENCE_I, 0, ALL, 0, 0, 0).error == SUCCESS);
	CHECK(sbi(RFENCE, REMOTE_SFENCE_VMA, 0, 0, 0, 0, 0).error == SUCCESS);

	CHECK(sbi(RFENCE, REMOTE_SFENCE_VMA, 1u << 31, 32, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(RFENCE, REMOTE_SFENCE_VMA_ASID, 1, 1000, 0, 0, 1).error == INVALID_PARAM);
	CHECK(sbi(RFENCE, REMOTE_FENCE_I, 3, 63, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(RFENCE, 99, 1, 0, 0, 0, 0).error == NOT_SUPPORTED);

	__atomic_store_n(&stop_readers, 1, __ATOMIC_RELEASE);
	paging_leave();
	join_others();
}

/* Every other hart is stopped now: a fence that names them must neither fail nor wait for them. */
void test_fences_skip_stopped(void)
{
	for (uint32_t i = 0; i < hart_count; i++)
		for (uint32_t fid = REMOTE_FENCE_I; fid <= REMOTE_SFENCE_VMA_ASID; fid++)
			CHECK(sbi(RFENCE, fid, 1, hart_ids[i], 0x1000, 4096, 1).error == SUCCESS);
	CHECK(sbi(RFENCE, REMOTE_SFENCE_VMA, 0, ALL, 0, 0, 0).error == SUCCESS);
	CHECK(sbi(IPI, 0, 0, ALL, 0, 0, 0).error == SUCCESS);
	csr_clear(sip, INT_SOFTWARE);
}

/*
 * All harts at once, each with a slot of its own that it moves from page to page. A version is
 * announced in `installing` before the entry changes and in `published` after the fence: whoever
 * reads the slot must find a version between the two.
 */
#define TURNS_OF_ALL 480u /* divided among the harts: a host with fewer cores has to run them all */

static uint32_t installing[HART_LIMIT], published[HART_LIMIT];
static uint32_t gate, finished;

static void check_slot(uint32_t slot)
{
	uint32_t before = __atomic_load_n(&published[slot], __ATOMIC_SEQ_CST);
	uint32_t tag = *slot_address(slot);
	uint32_t after = __atomic_load_n(&installing[slot], __ATOMIC_SEQ_CST);

	/* When the owner went all the way round meanwhile, any tag is right. */
	if (after - before < PAGE_TAGS - 1)
		CHECK((tag - before) % PAGE_TAGS <= after - before);
}

static void fence_and_check(struct worker *self)
{
	uint32_t turns = TURNS_OF_ALL / hart_count;

	paging_enter();
	csr_set(sie, INT_SOFTWARE);
	csr_set(sstatus, SSTATUS_SIE);
	__atomic_fetch_add(&gate, 1, __ATOMIC_ACQ_REL);
	wait_for(&gate, hart_count);
	for (uint32_t turn = 1; turn <= turns; turn++) {
		__atomic_store_n(&installing[self->id], turn, __ATOMIC_SEQ_CST);
		slot_point(self->id, turn % PAGE_TAGS);
		if (!fence_harts(&shapes[(turn + self->id) % SHAPES], self->id, turn % 3 == 0))
			CHECK(!"a remote fence was refused");
		__atomic_store_n(&published[self->id], turn, __ATOMIC_SEQ_CST);
		for (uint32_t i = 0; i < hart_count; i++)
			check_slot(hart_ids[i]);
		if (turn % 8 == 0)
			sbi(IPI, 0, 0, ALL, 0, 0, 0);
	}
	__atomic_fetch_add(&finished, 1, __ATOMIC_ACQ_REL);
	/* Until the last is done the others still have to be checked, and fenced. */
	while (__atomic_load_n(&finished, __ATOMIC_ACQUIRE) != hart_count)
		for (uint32_t i = 0; i < hart_count; i++)
			check_slot(hart_ids[i]);
	csr_clear(sstatus, SSTATUS_SIE);
	paging_leave();
}

void test_fences_concurrent(void)
{
	struct worker *self = &workers[hart_ids[0]];

	gate = finished = 0;
	for (uint32_t i = 0; i < HART_LIMIT; i++)
		installing[i] = published[i] = 0;
	paging_build();
	self->ipis = 0;
	start_others(fence_and_check);
	fence_and_check(self);
	join_others();
	for (uint32_t i = 0; i < hart_count; i++)
		CHECK(workers[hart_ids[i]].ipis > 0);
}

/*
 * For measuring with an instruction counter that knows the marker instructions (slti zero, zero, N
 * with 1 = begin, 2 = end, 3 = report): so many fences to one hart that spins with interrupts off.
 */
#define COST_FENCES 1000u

static uint32_t cost_end;

static void spin_until_end(struct worker *self)
{
	__atomic_fetch_add(&gate, 1, __ATOMIC_ACQ_REL);
	(void)self;
	while (!__atomic_load_n(&cost_end, __ATOMIC_ACQUIRE))
		;
}

void test_fence_cost(void)
{
	uint32_t others = hart_count - 1;

	gate = cost_end = 0;
	start_others(spin_until_end);
	wait_for(&gate, others);
	uint32_t mask = 0;
	for (uint32_t i = 1; i < hart_count; i++)
		mask |= 1u << hart_ids[i];
	__asm__ volatile("slti zero, zero, 4\n\tslti zero, zero, 1");
	for (uint32_t i = 0; i < COST_FENCES; i++)
		sbi(RFENCE, REMOTE_SFENCE_VMA_ASID, mask, 0, SLOT_BASE, PAGE_SIZE, TEST_ASID);
	__asm__ volatile("slti zero, zero, 2\n\tslti zero, zero, 3");
	__asm__ volatile("slti zero, zero, 1");
	for (uint32_t i = 0; i < COST_FENCES; i++)
		sbi(IPI, 0, mask, 0, 0, 0, 0);
	__asm__ volatile("slti zero, zero, 2\n\tslti zero, zero, 3");
	__asm__ volatile("slti zero, zero, 1");
	for (uint32_t i = 0; i < COST_FENCES; i++)
		sbi(TIME, 0, ~0u, ~0u, 0, 0, 0);
	__asm__ volatile("slti zero, zero, 2\n\tslti zero, zero, 3");
	__atomic_store_n(&cost_end, 1, __ATOMIC_RELEASE);
	join_others();
}
