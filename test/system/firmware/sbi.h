/*
 * The SBI as the payload calls it, and the CSRs of S mode.
 */
#ifndef PAYLOAD_SBI_H
#define PAYLOAD_SBI_H

#include <stdint.h>

enum {
	SUCCESS = 0,
	NOT_SUPPORTED = -2,
	INVALID_PARAM = -3,
	INVALID_ADDRESS = -5,
	ALREADY_AVAILABLE = -6,
};

#define BASE   0x10
#define TIME   0x54494d45
#define IPI    0x00735049
#define RFENCE 0x52464e43
#define HSM    0x0048534d
#define SRST   0x53525354
#define DBCN   0x4442434e

/* Function numbers. */
enum { BASE_SPEC_VERSION, BASE_IMPL_ID, BASE_IMPL_VERSION, BASE_PROBE };
enum { HART_START, HART_STOP, HART_STATUS, HART_SUSPEND };
enum { STARTED, STOPPED, START_PENDING, STOP_PENDING };
enum { REMOTE_FENCE_I, REMOTE_SFENCE_VMA, REMOTE_SFENCE_VMA_ASID };
enum { CONSOLE_WRITE, CONSOLE_READ, CONSOLE_WRITE_BYTE };
enum { SHUTDOWN, COLD_REBOOT, WARM_REBOOT };

#define QUIRE_IMPL_ID 0x51554952

struct sbiret {
	int32_t error;
	uint32_t value;
};

static inline struct sbiret sbi(
	uint32_t eid, uint32_t fid, uint32_t x0, uint32_t x1, uint32_t x2, uint32_t x3, uint32_t x4)
{
	register uint32_t a0 __asm__("a0") = x0;
	register uint32_t a1 __asm__("a1") = x1;
	register uint32_t a2 __asm__("a2") = x2;
	register uint32_t a3 __asm__("a3") = x3;
	register uint32_t a4 __asm__("a4") = x4;
	register uint32_t a6 __asm__("a6") = fid;
	register uint32_t a7 __asm__("a7") = eid;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
			 : "memory");
	return (struct sbiret){(int32_t)a0, a1};
}

#define csr_read(csr)                                                        \
	({                                                                   \
		uint32_t value_;                                             \
		__asm__ volatile("csrr %0, " #csr : "=r"(value_)::"memory"); \
		value_;                                                      \
	})
#define csr_write(csr, value) __asm__ volatile("csrw " #csr ", %0" ::"rK"(value) : "memory")
#define csr_set(csr, bits)    __asm__ volatile("csrs " #csr ", %0" ::"rK"(bits) : "memory")
#define csr_clear(csr, bits)  __asm__ volatile("csrc " #csr ", %0" ::"rK"(bits) : "memory")

#define INT_SOFTWARE (1u << 1)
#define INT_TIMER    (1u << 5)
#define SSTATUS_SIE  (1u << 1)

#endif
