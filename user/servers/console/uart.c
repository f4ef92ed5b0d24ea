/* The 16550; the contract is in uart.h. Register names are those of the PC16550D data sheet. */
#include "uart.h"

#include <string.h>

enum uart_register {
	REG_RBR = 0, /* receive buffer (read) */
	REG_THR = 0, /* transmit holding (write) */
	REG_IER = 1,
	REG_IIR = 2, /* read */
	REG_FCR = 2, /* write */
	REG_LCR = 3,
	REG_MCR = 4,
	REG_LSR = 5,
};

#define IER_RECEIVED	  0x01u
#define IER_TRANSMITTABLE 0x02u
#define FCR_ENABLE	  0x01u
#define LCR_8N1		  0x03u
#define MCR_READY	  0x0bu /* DTR, RTS and the interrupt's gate */
#define LSR_RECEIVED	  0x01u
#define LSR_BREAK	  0x10u
#define LSR_TRANSMITTABLE 0x20u
#define LSR_IDLE	  0x40u

#define FIFO_BYTES 16

static uint8_t read_register(const struct uart *uart, uint32_t index)
{
	return uart->registers[index];
}

static void write_register(struct uart *uart, uint32_t index, uint32_t value)
{
	uart->registers[index] = (uint8_t)value;
}

static void enable(struct uart *uart, uint32_t interrupts)
{
	if (uart->enabled == interrupts)
		return;
	uart->enabled = (uint8_t)interrupts;
	write_register(uart, REG_IER, interrupts);
}

void uart_start(struct uart *uart, volatile void *registers)
{
	memset(uart, 0, sizeof(*uart));
	uart->registers = registers;
	write_register(uart, REG_IER, 0);
	/* The firmware has set the speed. Bytes typed before now stay in the FIFO. */
	write_register(uart, REG_LCR, LCR_8N1);
	write_register(uart, REG_FCR, FCR_ENABLE);
	write_register(uart, REG_MCR, MCR_READY);
	enable(uart, IER_RECEIVED);
}

static uint32_t rx_count(const struct uart *uart)
{
	return uart->rx_head - uart->rx_tail;
}

static uint32_t tx_count(const struct uart *uart)
{
	return uart->tx_head - uart->tx_tail;
}

static void receive(struct uart *uart)
{
	while (rx_count(uart) < UART_RX_BYTES) {
		uint8_t status = read_register(uart, REG_LSR), c;

		if (!(status & LSR_RECEIVED))
			break;
		c = read_register(uart, REG_RBR);
		if (!(status & LSR_BREAK))
			uart->rx[uart->rx_head++ % UART_RX_BYTES] = c;
	}
}

/* Bounded by the ring: whoever fills it waits for an interrupt when the device is slower. */
static void transmit(struct uart *uart)
{
	while (tx_count(uart) && (read_register(uart, REG_LSR) & LSR_TRANSMITTABLE)) {
		for (int i = 0; i < FIFO_BYTES && tx_count(uart); i++)
			write_register(
				uart, REG_THR, (uint8_t)uart->tx[uart->tx_tail++ % UART_TX_BYTES]);
	}
}

void uart_poll(struct uart *uart)
{
	uint32_t wanted = 0;

	/* Reading it is what ends a transmit interrupt. */
	read_register(uart, REG_IIR);
	receive(uart);
	transmit(uart);
	if (rx_count(uart) < UART_RX_BYTES)
		wanted |= IER_RECEIVED;
	if (tx_count(uart))
		wanted |= IER_TRANSMITTABLE;
	enable(uart, wanted);
}

int uart_peek(const struct uart *uart, uint32_t ahead)
{
	if (ahead >= rx_count(uart))
		return -1;
	return uart->rx[(uart->rx_tail + ahead) % UART_RX_BYTES];
}

int uart_get(struct uart *uart)
{
	int c = uart_peek(uart, 0);

	if (c >= 0)
		uart->rx_tail++;
	return c;
}

void uart_drop(struct uart *uart, uint32_t count)
{
	uart->rx_tail += count < rx_count(uart) ? count : rx_count(uart);
}

size_t uart_room(const struct uart *uart)
{
	return UART_TX_BYTES - tx_count(uart);
}

size_t uart_put(struct uart *uart, const char *bytes, size_t len)
{
	size_t room = uart_room(uart);

	if (len > room)
		len = room;
	for (size_t i = 0; i < len; i++)
		uart->tx[uart->tx_head++ % UART_TX_BYTES] = bytes[i];
	return len;
}

bool uart_drained(const struct uart *uart)
{
	return tx_count(uart) == 0 && (read_register(uart, REG_LSR) & LSR_IDLE);
}
