/*
 * Learning the machine from its device tree, and the devices that are the firmware's own: the
 * ns16550 as a console and SiFive's test device as the power switch.
 */
#include "platform.h"
#include "fdt.h"
#include "hart.h"
#include <stddef.h>

#define BANK_LIMIT 8

/* CLINT layout, from its base. */
#define CLINT_MSIP     0x0000
#define CLINT_MTIMECMP 0x4000

/* Registers of the ns16550, in units of its register shift. */
#define UART_DATA	    0
#define UART_LINE_STATUS    5
#define UART_DATA_READY	    0x01
#define UART_TRANSMIT_EMPTY 0x20

#define TEST_FAIL   0x3333 /* exit status in the upper half */
#define TEST_PASS   0x5555
#define TEST_REBOOT 0x7777

static struct {
	uint32_t start, last;
} banks[BANK_LIMIT];
static uint32_t bank_count;

static struct {
	uintptr_t base;
	uint32_t shift;
	bool wide; /* registers want 32-bit accesses */
} uart;

static uintptr_t test_device;
static uint32_t console_busy;

static bool available(const struct fdt_cursor *node)
{
	uint32_t length;

	return !fdt_property(node, "status", &length) || fdt_property_has(node, "status", "okay") ||
	       fdt_property_has(node, "status", "ok");
}

static void add_memory(const struct fdt_cursor *node)
{
	uint32_t start, size;

	for (uint32_t i = 0; fdt_reg(node, i, &start, &size); i++)
		if (size && bank_count < BANK_LIMIT) {
			banks[bank_count].start = start;
			banks[bank_count++].last = start + (size - 1);
		}
}

/* Whether an ISA string or list names an extension of several letters. */
static bool isa_has(const struct fdt_cursor *node, const char *extension)
{
	uint32_t length;
	const char *isa = fdt_property(node, "riscv,isa", &length);

	if (fdt_property_has(node, "riscv,isa-extensions", extension))
		return true;
	for (uint32_t at = 0; isa && at < length; at++) {
		uint32_t matched = 0;

		if (isa[at] != '_')
			continue;
		while (extension[matched] && isa[at + 1 + matched] == extension[matched])
			matched++;
		char past = isa[at + 1 + matched];
		if (!extension[matched] && (past == '_' || past == '\0'))
			return true;
	}
	return false;
}

/* Returns the hart of a cpu node that is worth having, NULL for any other. */
static struct hart *add_hart(const struct fdt_cursor *node, uint32_t *count)
{
	uint32_t id, size;

	if (!fdt_reg(node, 0, &id, &size) || id >= HART_ID_LIMIT || *count == HART_COUNT_LIMIT ||
		!available(node))
		return NULL;

	struct hart *hart = &hart_blocks[id].hart;
	hart->id = id;
	hart->bit = 1u << *count;
	hart->has_sstc = isa_has(node, "sstc");
	hart->state = HART_STOPPED;
	hart_of_index[(*count)++] = hart;
	hart->own.word[id / 32] = 1u << (id % 32);
	harts_present.word[id / 32] |= 1u << (id % 32);
	return hart;
}

/* Memory and harts; each hart's interrupt controller is the next such node after its own. */
static void discover_harts(const void *fdt)
{
	struct fdt_cursor node;
	struct hart *hart = NULL;
	uint32_t count = 0;

	if (!fdt_open(&node, fdt))
		return;
	while (fdt_next(&node))
		if (fdt_property_has(&node, "device_type", "memory"))
			add_memory(&node);
		else if (fdt_property_has(&node, "device_type", "cpu"))
			hart = add_hart(&node, &count);
		else if (hart && fdt_property_has(&node, "compatible", "riscv,cpu-intc"))
			hart->intc = fdt_property_u32(&node, "phandle", 0);
}

static struct hart *hart_of_intc(uint32_t phandle)
{
	for (uint32_t i = 0; i < HART_COUNT_LIMIT; i++)
		if (hart_of_index[i] && hart_of_index[i]->intc == phandle)
			return hart_of_index[i];
	return NULL;
}

/*
 * Which registers of a CLINT belong to which hart is told by the order of its interrupts: pairs of
 * a hart's interrupt controller and a cause, the n-th of each cause for the n-th register.
 */
static void add_clint(const struct fdt_cursor *node)
{
	uint32_t base, size, length, softwares = 0, timers = 0;
	const uint8_t *wires = fdt_property(node, "interrupts-extended", &length);

	if (!wires || !fdt_reg(node, 0, &base, &size))
		return;
	for (; length >= 8; length -= 8, wires += 8) {
		struct hart *hart = hart_of_intc(fdt_cell(wires));
		uint32_t cause = 1u << (fdt_cell(wires + 4) & 31);
		uint32_t msip = base + CLINT_MSIP + 4 * softwares;
		uint32_t mtimecmp = base + CLINT_MTIMECMP + 8 * timers;

		softwares += cause == INT_M_SOFTWARE;
		timers += cause == INT_M_TIMER;
		if (hart && cause == INT_M_SOFTWARE)
			hart->msip = msip;
		else if (hart && cause == INT_M_TIMER)
			hart->mtimecmp = mtimecmp;
	}
}

static void add_uart(const struct fdt_cursor *node)
{
	uint32_t base, size;

	if (uart.base || !fdt_reg(node, 0, &base, &size))
		return;
	uart.base = base;
	uart.shift = fdt_property_u32(node, "reg-shift", 0);
	uart.wide = fdt_property_u32(node, "reg-io-width", 1) == 4;
}

static void discover_devices(const void *fdt)
{
	struct fdt_cursor node;
	uint32_t base, size;

	if (!fdt_open(&node, fdt))
		return;
	while (fdt_next(&node))
		if (fdt_property_has(&node, "compatible", "sifive,clint0") ||
			fdt_property_has(&node, "compatible", "riscv,clint0"))
			add_clint(&node);
		else if (fdt_property_has(&node, "compatible", "ns16550a") ||
			 fdt_property_has(&node, "compatible", "ns16550"))
			add_uart(&node);
		else if (fdt_property_has(&node, "compatible", "sifive,test0") &&
			 fdt_reg(&node, 0, &base, &size))
			test_device = base;
}

bool platform_discover(const void *fdt)
{
	discover_harts(fdt);
	discover_devices(fdt);

	for (uint32_t i = 0; i < HART_COUNT_LIMIT && hart_of_index[i]; i++)
		if (!hart_of_index[i]->msip || !hart_of_index[i]->mtimecmp)
			return false;
	return hart_of_index[0] && bank_count;
}

bool platform_memory_allows(uint32_t start, uint32_t size)
{
	uint32_t last = start + (size - 1);

	if (size == 0 || last < start)
		return false;
	if (last >= FIRMWARE_BASE && start <= FIRMWARE_BASE + (FIRMWARE_SIZE - 1))
		return false;
	for (uint32_t i = 0; i < bank_count; i++)
		if (start >= banks[i].start && last <= banks[i].last)
			return true;
	return false;
}

bool platform_has_power(void)
{
	return test_device != 0;
}

void platform_power_off(bool failed)
{
	if (!test_device)
		return;
	mmio_write32(test_device, failed ? 1u << 16 | TEST_FAIL : TEST_PASS);
	for (;;)
		wait_for_interrupt();
}

void platform_reboot(void)
{
	if (!test_device)
		return;
	mmio_write32(test_device, TEST_REBOOT);
	for (;;)
		wait_for_interrupt();
}

static uint32_t uart_read(uint32_t reg)
{
	uintptr_t at = uart.base + (reg << uart.shift);

	return uart.wide ? *(volatile uint32_t *)at : *(volatile uint8_t *)at;
}

bool console_present(void)
{
	return uart.base != 0;
}

void console_put(uint8_t byte)
{
	uintptr_t at = uart.base + (UART_DATA << uart.shift);

	while (!(uart_read(UART_LINE_STATUS) & UART_TRANSMIT_EMPTY))
		fence_serve(hart_self());
	if (uart.wide)
		*(volatile uint32_t *)at = byte;
	else
		*(volatile uint8_t *)at = byte;
}

int console_get(void)
{
	if (!(uart_read(UART_LINE_STATUS) & UART_DATA_READY))
		return -1;
	return (int)(uart_read(UART_DATA) & 0xff);
}

void console_lock(void)
{
	while (__atomic_exchange_n(&console_busy, 1, __ATOMIC_ACQUIRE))
		fence_serve(hart_self());
}

void console_unlock(void)
{
	__atomic_store_n(&console_busy, 0, __ATOMIC_RELEASE);
}

void console_puts(const char *text)
{
	while (*text)
		console_put((uint8_t)*text++);
}

void console_puthex(uint32_t value)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		console_put((uint8_t) "0123456789abcdef"[value >> shift & 15]);
}

/* Takes no lock: the hart that holds it may be the one that failed. */
void firmware_fail(const char *what)
{
	if (console_present()) {
		console_puts("\r\nfirmware: ");
		console_puts(what);
		console_puts(": hart ");
		console_puthex(csr_read(mhartid));
		console_puts(" mcause ");
		console_puthex(csr_read(mcause));
		console_puts(" mepc ");
		console_puthex(csr_read(mepc));
		console_puts(" mtval ");
		console_puthex(csr_read(mtval));
		console_puts("\r\n");
	}
	platform_power_off(true);
	for (;;)
		wait_for_interrupt();
}
