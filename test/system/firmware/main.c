/*
 * An S-mode program that asks an SBI firmware for everything that Quire's kernel relies on, and
 * checks the answers. It must pass on any conforming firmware; what only Quire's own promises is
 * checked when the implementation id is Quire's. Ends through SRST: exit status 0 when all passed.
 *
 * The kernel command line may ask for another ending: "end=fail" or "end=reboot".
 */
#include "payload.h"

#define FIRMWARE_BASE 0x80000000u
#define TICKS_PER_MS  10000u

uint32_t ecall_changes_registers(
	uint32_t eid, uint32_t fid, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3);

static bool firmware_is_quire;

static uint32_t big_endian(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool device_tree_contains(const char *text)
{
	const char *blob = device_tree;
	uint32_t size = big_endian((const uint8_t *)blob + 4);

	for (uint32_t at = 0; at < size; at++) {
		uint32_t matched = 0;

		while (text[matched] && at + matched < size && blob[at + matched] == text[matched])
			matched++;
		if (!text[matched])
			return true;
	}
	return false;
}

static bool probe(uint32_t eid)
{
	return sbi(BASE, BASE_PROBE, eid, 0, 0, 0, 0).value != 0;
}

static void test_base(void)
{
	struct sbiret version = sbi(BASE, BASE_SPEC_VERSION, 0, 0, 0, 0, 0);

	CHECK(version.error == SUCCESS);
	CHECK(version.value >> 24 >= 2);
	firmware_is_quire = sbi(BASE, BASE_IMPL_ID, 0, 0, 0, 0, 0).value == QUIRE_IMPL_ID;
	for (uint32_t fid = 0; fid <= 6; fid++)
		CHECK(sbi(BASE, fid, BASE, 0, 0, 0, 0).error == SUCCESS);
	CHECK(sbi(BASE, 7, 0, 0, 0, 0, 0).error == NOT_SUPPORTED);

	CHECK(probe(BASE) && probe(TIME) && probe(IPI) && probe(RFENCE) && probe(HSM));
	CHECK(probe(SRST) && probe(DBCN));
	CHECK(!probe(0x0badbeef));
	CHECK(sbi(0x0badbeef, 0, 0, 0, 0, 0, 0).error == NOT_SUPPORTED);
	CHECK(sbi(TIME, 1, 0, 0, 0, 0, 0).error == NOT_SUPPORTED);
	CHECK(sbi(IPI, 1, 0, 0, 0, 0, 0).error == NOT_SUPPORTED);
	CHECK(sbi(HSM, 99, 0, 0, 0, 0, 0).error == NOT_SUPPORTED);
	CHECK(sbi(SRST, 1, 0, 0, 0, 0, 0).error == NOT_SUPPORTED);
	CHECK(sbi(DBCN, 3, 0, 0, 0, 0, 0).error == NOT_SUPPORTED);
}

static void test_registers(void)
{
	CHECK(ecall_changes_registers(BASE, BASE_PROBE, TIME, 0, 7, 8) == 0);
	CHECK(ecall_changes_registers(0x0badbeef, 1, 2, 3, 4, 5) == 0);
	CHECK(ecall_changes_registers(TIME, 0, ~0u, ~0u, 1, 2) == 0);
	CHECK(ecall_changes_registers(RFENCE, REMOTE_SFENCE_VMA, 0, ~0u, 0x1000, 0x2000) == 0);
	CHECK(ecall_changes_registers(IPI, 0, 1, hart_ids[0], 3, 4) == 0);
	csr_clear(sip, INT_SOFTWARE);
	CHECK(ecall_changes_registers(HSM, HART_STATUS, hart_ids[0], 1, 2, 3) == 0);
}

static void test_console(void)
{
	static char text[] = "written through the debug console\n";
	char none;
	struct sbiret ret = sbi(DBCN, CONSOLE_WRITE, sizeof(text) - 1, (uintptr_t)text, 0, 0, 0);

	CHECK(ret.error == SUCCESS && ret.value == sizeof(text) - 1);
	CHECK(sbi(DBCN, CONSOLE_WRITE_BYTE, '\n', 0, 0, 0, 0).error == SUCCESS);
	ret = sbi(DBCN, CONSOLE_READ, 1, (uintptr_t)&none, 0, 0, 0);
	CHECK(ret.error == SUCCESS && ret.value == 0);
	CHECK(sbi(2, 0, 0, 0, 0, 0, 0).error == -1);
	sbi(1, 0, '\n', 0, 0, 0, 0);

	CHECK(sbi(DBCN, CONSOLE_WRITE, 16, FIRMWARE_BASE, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(DBCN, CONSOLE_READ, 16, FIRMWARE_BASE, 0, 0, 0).error == INVALID_PARAM);
	if (!firmware_is_quire)
		return;
	CHECK(sbi(DBCN, CONSOLE_WRITE, 16, 0x7ffffff8, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(DBCN, CONSOLE_WRITE, 0x800000, 0x7ff00000, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(DBCN, CONSOLE_WRITE, 16, 0, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(DBCN, CONSOLE_WRITE, 16, 0x10000000, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(DBCN, CONSOLE_WRITE, 16, (uintptr_t)text, 1, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(DBCN, CONSOLE_WRITE, ~0u, (uintptr_t)text, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(DBCN, CONSOLE_WRITE, 16, 0xfffffff8, 0, 0, 0).error == INVALID_PARAM);
}

static uint32_t touch(struct worker *self, uintptr_t address, bool store)
{
	self->fault = 0;
	self->skip_faults = true;
	if (store)
		__asm__ volatile(
			".option push\n\t.option norvc\n\tsw zero, 0(%0)\n\t.option pop" ::"r"(
				address)
			: "memory");
	else
		__asm__ volatile(
			".option push\n\t.option norvc\n\tlw zero, 0(%0)\n\t.option pop" ::"r"(
				address)
			: "memory");
	self->skip_faults = false;
	return self->fault;
}

static void test_protection(void)
{
	struct worker *self = &workers[hart_ids[0]];
	const uint8_t *blob = device_tree;
	const uint8_t *reservation = blob + big_endian(blob + 16);
	bool reserved = false;

	CHECK(touch(self, FIRMWARE_BASE, false) == 5);
	CHECK(touch(self, FIRMWARE_BASE, true) == 7);
	CHECK(touch(self, FIRMWARE_BASE + 0x400, false) == 5);
	CHECK(touch(self, FIRMWARE_BASE + 0x400000, false) == 0);
	if (firmware_is_quire) {
		CHECK(touch(self, FIRMWARE_BASE + 0x1fffc, true) == 7);
		CHECK(touch(self, FIRMWARE_BASE + 0x20000, true) == 0);
	}

	CHECK(big_endian(blob) == 0xd00dfeed);
	for (; big_endian(reservation + 12) || big_endian(reservation + 4); reservation += 16)
		reserved |= big_endian(reservation + 4) == FIRMWARE_BASE;
	CHECK(reserved || device_tree_contains("mmode_resv"));
}

static void test_timer(void)
{
	struct worker *self = &workers[hart_ids[0]];
	uint64_t due = now() + 5 * TICKS_PER_MS;

	self->timers = 0;
	sbi(TIME, 0, (uint32_t)due, (uint32_t)(due >> 32), 0, 0, 0);
	while (!(csr_read(sip) & INT_TIMER))
		CHECK(now() < due + PATIENCE);
	CHECK(now() >= due);
	/* Setting it anew takes the pending interrupt back. */
	sbi(TIME, 0, ~0u, ~0u, 0, 0, 0);
	CHECK(!(csr_read(sip) & INT_TIMER));

	csr_set(sie, INT_TIMER);
	csr_set(sstatus, SSTATUS_SIE);
	for (uint32_t i = 1; i <= 10; i++) {
		due = now() + TICKS_PER_MS;
		sbi(TIME, 0, (uint32_t)due, (uint32_t)(due >> 32), 0, 0, 0);
		if (!wait_for(&self->timers, i))
			break;
		CHECK(now() >= due);
	}
	/* One in the past fires at once. */
	sbi(TIME, 0, 0, 0, 0, 0, 0);
	wait_for(&self->timers, 11);
	csr_clear(sstatus, SSTATUS_SIE);
	csr_clear(sie, INT_TIMER);
}

#define TOKEN_STEPS 240u

static uint32_t token, ready;

/*
 * The token goes round by interrupts alone: each hart, when interrupted, interrupts the next. A
 * lost interrupt stands still, one too many finds the token elsewhere.
 */
static void pass_token(struct worker *self)
{
	uint32_t laps = TOKEN_STEPS / hart_count, place = 0;

	while (hart_ids[place] != self->id)
		place++;
	csr_set(sie, INT_SOFTWARE);
	csr_set(sstatus, SSTATUS_SIE);
	/* An interrupt to a hart that is still starting would be dropped. */
	__atomic_fetch_add(&ready, 1, __ATOMIC_ACQ_REL);
	wait_for(&ready, hart_count);
	if (place == 0)
		sbi(IPI, 0, 1, self->id, 0, 0, 0);
	for (uint32_t lap = 1; lap <= laps && wait_for(&self->ipis, lap); lap++) {
		CHECK(__atomic_load_n(&token, __ATOMIC_RELAXED) % hart_count == place);
		__atomic_fetch_add(&token, 1, __ATOMIC_RELEASE);
		if (place + 1 < hart_count || lap < laps)
			sbi(IPI, 0, 1, hart_ids[(place + 1) % hart_count], 0, 0, 0);
	}
	csr_clear(sstatus, SSTATUS_SIE);
}

static void test_ipi(void)
{
	struct worker *self = &workers[hart_ids[0]];

	CHECK(sbi(IPI, 0, 1u << 31, 32, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(IPI, 0, 1, 5000, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(IPI, 0, 0, 0, 0, 0, 0).error == SUCCESS);
	CHECK(!(csr_read(sip) & INT_SOFTWARE));
	CHECK(sbi(IPI, 0, 1, hart_ids[0], 0, 0, 0).error == SUCCESS);
	for (uint64_t limit = now() + PATIENCE; now() < limit;)
		if (csr_read(sip) & INT_SOFTWARE)
			break;
	CHECK(csr_read(sip) & INT_SOFTWARE);
	csr_clear(sip, INT_SOFTWARE);

	token = ready = 0;
	self->ipis = 0;
	start_others(pass_token);
	pass_token(self);
	join_others();
	CHECK(token == TOKEN_STEPS / hart_count * hart_count);
}

static uint32_t release_harts;

static void wait_released(struct worker *self)
{
	(void)self;
	wait_for(&release_harts, 1);
}

static void test_hsm(void)
{
	CHECK(sbi(HSM, HART_STATUS, hart_ids[0], 0, 0, 0, 0).value == STARTED);
	CHECK(sbi(HSM, HART_STATUS, 63, 0, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(HSM, HART_STATUS, 0x80000000, 0, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(HSM, HART_START, 63, (uintptr_t)secondary_start, 0, 0, 0).error == INVALID_PARAM);
	CHECK(sbi(HSM, HART_START, hart_ids[0], (uintptr_t)secondary_start, 0, 0, 0).error ==
		ALREADY_AVAILABLE);
	for (uint32_t i = 1; i < hart_count; i++) {
		CHECK(sbi(HSM, HART_START, hart_ids[i], FIRMWARE_BASE, 0, 0, 0).error ==
			INVALID_ADDRESS);
		CHECK(sbi(HSM, HART_STATUS, hart_ids[i], 0, 0, 0, 0).value == STOPPED);
	}
	for (int turn = 0; turn < 20; turn++) {
		release_harts = 0;
		start_others(wait_released);
		for (uint32_t i = 1; i < hart_count; i++)
			while (sbi(HSM, HART_STATUS, hart_ids[i], 0, 0, 0, 0).value ==
				START_PENDING)
				;
		for (uint32_t i = 1; i < hart_count; i++)
			CHECK(sbi(HSM, HART_START, hart_ids[i], (uintptr_t)secondary_start, 0, 0, 0)
					.error == ALREADY_AVAILABLE);
		__atomic_store_n(&release_harts, 1, __ATOMIC_RELEASE);
		join_others();
	}
}

static void test_reset_parameters(void)
{
	CHECK(sbi(SRST, 0, 0x1000, 0, 0, 0, 0).error != SUCCESS);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{"base", test_base},
	{"registers are preserved", test_registers},
	{"console", test_console},
	{"firmware memory is closed and reserved", test_protection},
	{"timer", test_timer},
	{"stopped harts are skipped", test_fences_skip_stopped},
	{"hart start, stop and start again", test_hsm},
	{"interrupts between harts", test_ipi},
	{"remote fences", test_fences},
	{"remote fences from all harts at once", test_fences_concurrent},
	{"reset parameters", test_reset_parameters},
};

static void end_as_asked(void)
{
	/* Memory survives a reset, the payload's image does not: this is outside it. */
	volatile uint32_t *rebooted = (uint32_t *)0x81000000;
	const uint32_t mark = 0x0b007ed0;

	if (device_tree_contains("end=reboot") && *rebooted != mark) {
		*rebooted = mark;
		print("rebooting\n");
		sbi(SRST, 0, COLD_REBOOT, 0, 0, 0, 0);
	} else if (device_tree_contains("end=reboot")) {
		print("rebooted\n");
	}
	sbi(SRST, 0, SHUTDOWN, failures != 0 || device_tree_contains("end=fail"), 0, 0, 0);
}

/* Called by start.S. */
void payload_main(uint32_t id, const void *fdt)
{
	device_tree = fdt;
	workers[id].id = id;
	csr_write(sscratch, (uintptr_t)&workers[id]);
	csr_write(stvec, (uintptr_t)trap_entry);
	hart_ids[hart_count++] = id;
	for (uint32_t other = 0; other < HART_LIMIT; other++)
		if (other != id && sbi(HSM, HART_STATUS, other, 0, 0, 0, 0).error == SUCCESS)
			hart_ids[hart_count++] = other;
	print("harts: ");
	print_number(hart_count);
	print("\n");

	if (device_tree_contains("only=cost")) {
		test_fence_cost();
		sbi(SRST, 0, SHUTDOWN, failures != 0, 0, 0, 0);
	}
	for (uint32_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		uint32_t before = failures;

		tests[i].run();
		print(failures == before ? "PASS " : "FAIL ");
		print(tests[i].name);
		print("\n");
	}
	end_as_asked();
	print("FAIL: shutdown returned\n");
	for (;;)
		__asm__ volatile("wfi");
}
