/*
 * The Supervisor Binary Interface, version 2.0: numbers and the handlers of each extension.
 * A handler gets the caller's argument registers as they are and returns a0 and a1.
 */
#ifndef FIRMWARE_SBI_H
#define FIRMWARE_SBI_H

#include <stdint.h>

enum sbi_error {
	SBI_SUCCESS = 0,
	SBI_ERR_FAILED = -1,
	SBI_ERR_NOT_SUPPORTED = -2,
	SBI_ERR_INVALID_PARAM = -3,
	SBI_ERR_INVALID_ADDRESS = -5,
	SBI_ERR_ALREADY_AVAILABLE = -6,
};

#define SBI_EID_LEGACY_PUTCHAR 0x01
#define SBI_EID_LEGACY_GETCHAR 0x02
#define SBI_EID_BASE	       0x10
#define SBI_EID_TIME	       0x54494d45
#define SBI_EID_IPI	       0x00735049
#define SBI_EID_RFENCE	       0x52464e43
#define SBI_EID_HSM	       0x0048534d
#define SBI_EID_SRST	       0x53525354
#define SBI_EID_DBCN	       0x4442434e

#define SBI_SPEC_VERSION (2u << 24)
#define SBI_IMPL_ID	 0x51554952 /* "QUIR"; not in the registered range */
#define SBI_IMPL_VERSION 1

/* Two words, so the calling convention returns it in a0 and a1. */
struct sbiret {
	int32_t error;
	uint32_t value;
};

static inline struct sbiret sbi_result(int32_t error, uint32_t value)
{
	return (struct sbiret){error, value};
}

struct sbiret sbi_set_timer(uint32_t time_low, uint32_t time_high);
struct sbiret sbi_send_ipi(uint32_t mask, uint32_t base);
struct sbiret sbi_rfence(
	uint32_t mask, uint32_t base, uint32_t start, uint32_t size, uint32_t asid, uint32_t fid);
struct sbiret sbi_hsm(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t fid);
struct sbiret sbi_reset(uint32_t type, uint32_t reason);
struct sbiret sbi_console(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t fid);

#endif
