/*
 * Where S mode's ecalls arrive, and the extensions that need no file of their own: Base, TIME,
 * SRST, DBCN and the two legacy console calls.
 */
#include "sbi.h"
#include "hart.h"
#include "platform.h"

static struct sbiret not_supported(void)
{
	return sbi_result(SBI_ERR_NOT_SUPPORTED, 0);
}

void timer_disarm(struct hart *self)
{
	csr_clear(mie, INT_M_TIMER);
	mmio_write32(self->mtimecmp + 4, ~0u);
	if (self->has_sstc) {
		csr_write(CSR_STIMECMPH, ~0u);
		csr_write(CSR_STIMECMP, ~0u);
	} else {
		csr_clear(mip, INT_S_TIMER);
	}
}

struct sbiret sbi_set_timer(uint32_t time_low, uint32_t time_high)
{
	struct hart *self = hart_self();

	/* Either half is written while the other makes the sum too large to fire. */
	if (self->has_sstc) {
		csr_write(CSR_STIMECMPH, ~0u);
		csr_write(CSR_STIMECMP, time_low);
		csr_write(CSR_STIMECMPH, time_high);
		return sbi_result(SBI_SUCCESS, 0);
	}
	mmio_write32(self->mtimecmp + 4, ~0u);
	mmio_write32(self->mtimecmp, time_low);
	mmio_write32(self->mtimecmp + 4, time_high);
	csr_clear(mip, INT_S_TIMER);
	csr_set(mie, INT_M_TIMER);
	return sbi_result(SBI_SUCCESS, 0);
}

static bool extension_present(uint32_t eid)
{
	switch (eid) {
	case SBI_EID_BASE:
	case SBI_EID_TIME:
	case SBI_EID_IPI:
	case SBI_EID_RFENCE:
	case SBI_EID_HSM: return true;
	case SBI_EID_SRST: return platform_has_power();
	case SBI_EID_DBCN:
	case SBI_EID_LEGACY_PUTCHAR:
	case SBI_EID_LEGACY_GETCHAR: return console_present();
	default: return false;
	}
}

static struct sbiret sbi_base(uint32_t a0, uint32_t fid)
{
	switch (fid) {
	case 0: return sbi_result(SBI_SUCCESS, SBI_SPEC_VERSION);
	case 1: return sbi_result(SBI_SUCCESS, SBI_IMPL_ID);
	case 2: return sbi_result(SBI_SUCCESS, SBI_IMPL_VERSION);
	case 3: return sbi_result(SBI_SUCCESS, extension_present(a0));
	case 4: return sbi_result(SBI_SUCCESS, csr_read(mvendorid));
	case 5: return sbi_result(SBI_SUCCESS, csr_read(marchid));
	case 6: return sbi_result(SBI_SUCCESS, csr_read(mimpid));
	default: return not_supported();
	}
}

struct sbiret sbi_reset(uint32_t type, uint32_t reason)
{
	enum { SHUTDOWN, COLD_REBOOT, WARM_REBOOT };
	enum { NO_REASON, SYSTEM_FAILURE };

	if (!platform_has_power())
		return not_supported();
	if (type > WARM_REBOOT || reason > SYSTEM_FAILURE)
		return sbi_result(SBI_ERR_INVALID_PARAM, 0);
	if (type == SHUTDOWN)
		platform_power_off(reason == SYSTEM_FAILURE);
	if (type == COLD_REBOOT)
		platform_reboot();
	return not_supported();
}

struct sbiret sbi_console(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t fid)
{
	uint8_t *bytes = (uint8_t *)(uintptr_t)a1;
	uint32_t done = 0;
	int byte;

	if (!console_present() || fid > 2)
		return not_supported();
	if (fid != 2 && a0 && (a2 != 0 || !platform_memory_allows(a1, a0)))
		return sbi_result(SBI_ERR_INVALID_PARAM, 0);

	console_lock();
	switch (fid) {
	case 0:
		for (; done < a0; done++)
			console_put(bytes[done]);
		break;
	case 1:
		while (done < a0 && (byte = console_get()) >= 0)
			bytes[done++] = (uint8_t)byte;
		break;
	case 2: console_put((uint8_t)a0); break;
	}
	console_unlock();
	return sbi_result(SBI_SUCCESS, done);
}

/* The legacy calls answer in a0 alone, so a1 goes back as it came. */
static struct sbiret legacy_putchar(uint32_t byte, uint32_t a1)
{
	if (!console_present())
		return sbi_result(SBI_ERR_NOT_SUPPORTED, a1);
	console_lock();
	console_put((uint8_t)byte);
	console_unlock();
	return sbi_result(0, a1);
}

static struct sbiret legacy_getchar(uint32_t a1)
{
	return sbi_result(console_present() ? console_get() : SBI_ERR_NOT_SUPPORTED, a1);
}

/* The arguments are the caller's registers a0 to a7. Called by entry.S; the hot calls first. */
struct sbiret sbi_ecall(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t a4,
	uint32_t a5, uint32_t fid, uint32_t eid)
{
	(void)a5;
	if (eid == SBI_EID_RFENCE)
		return sbi_rfence(a0, a1, a2, a3, a4, fid);
	if (eid == SBI_EID_TIME)
		return fid == 0 ? sbi_set_timer(a0, a1) : not_supported();
	if (eid == SBI_EID_IPI)
		return fid == 0 ? sbi_send_ipi(a0, a1) : not_supported();
	switch (eid) {
	case SBI_EID_BASE: return sbi_base(a0, fid);
	case SBI_EID_HSM: return sbi_hsm(a0, a1, a2, fid);
	case SBI_EID_SRST: return fid == 0 ? sbi_reset(a0, a1) : not_supported();
	case SBI_EID_DBCN: return sbi_console(a0, a1, a2, fid);
	case SBI_EID_LEGACY_PUTCHAR: return legacy_putchar(a0, a1);
	case SBI_EID_LEGACY_GETCHAR: return legacy_getchar(a1);
	default: return not_supported();
	}
}
