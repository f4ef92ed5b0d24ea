/*
 * Control and status registers of the machine level, and the fences that ordinary C atomics do not
 * express. CSRs that older assemblers have no name for are given by number.
 */
#ifndef FIRMWARE_CSR_H
#define FIRMWARE_CSR_H

#include <stdint.h>

#define MSTATUS_MPP   (3u << 11)
#define MSTATUS_MPP_S (1u << 11)

/* Bits of mip, mie and mideleg. */
#define INT_S_SOFTWARE (1u << 1)
#define INT_M_SOFTWARE (1u << 3)
#define INT_S_TIMER    (1u << 5)
#define INT_M_TIMER    (1u << 7)
#define INT_S_EXTERNAL (1u << 9)

#define CSR_MENVCFGH  0x31a
#define CSR_STIMECMP  0x14d
#define CSR_STIMECMPH 0x15d

#define MENVCFGH_STCE (1u << 31)

#define CSR_NAME_(csr) #csr
#define CSR_NAME(csr)  CSR_NAME_(csr)

#define csr_read(csr)                                                                 \
	({                                                                            \
		uint32_t value_;                                                      \
		__asm__ volatile("csrr %0, " CSR_NAME(csr) : "=r"(value_)::"memory"); \
		value_;                                                               \
	})
#define csr_write(csr, value) \
	__asm__ volatile("csrw " CSR_NAME(csr) ", %0" ::"rK"((uint32_t)(value)) : "memory")
#define csr_set(csr, bits) \
	__asm__ volatile("csrs " CSR_NAME(csr) ", %0" ::"rK"((uint32_t)(bits)) : "memory")
#define csr_clear(csr, bits) \
	__asm__ volatile("csrc " CSR_NAME(csr) ", %0" ::"rK"((uint32_t)(bits)) : "memory")

/* Everything before, memory or device, is done before everything after. */
static inline void fence_io(void)
{
	__asm__ volatile("fence iorw, iorw" ::: "memory");
}

/* Stores before are visible to other harts before any load after reads memory. */
static inline void fence_memory(void)
{
	__asm__ volatile("fence rw, rw" ::: "memory");
}

static inline void wait_for_interrupt(void)
{
	__asm__ volatile("wfi" ::: "memory");
}

static inline uint32_t mmio_read32(uintptr_t address)
{
	uint32_t value = *(volatile uint32_t *)address;
	__asm__ volatile("fence i, rw" ::: "memory");
	return value;
}

/* Memory written before is visible to whoever the device then notifies. */
static inline void mmio_write32(uintptr_t address, uint32_t value)
{
	__asm__ volatile("fence rw, o" ::: "memory");
	*(volatile uint32_t *)address = value;
}

#endif
