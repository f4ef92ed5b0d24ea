/* The 16550 serial port: registers, its two FIFOs, and a ring in memory for each direction.
 *
 * Nothing is lost on the way in: when the receive ring is full the receive interrupt is masked and
 * bytes wait in the device, which holds the sender up. Bytes to send wait in the transmit ring; the
 * device asks for more by interrupt, and only while there is something to send. One thread.
 */
#ifndef CONSOLE_UART_H
#define CONSOLE_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_RX_BYTES 4096u
#define UART_TX_BYTES 32768u

struct uart {
	volatile uint8_t *registers;
	uint8_t enabled; /* interrupt enable register as last written */
	uint8_t rx[UART_RX_BYTES];
	uint32_t rx_head, rx_tail; /* free running; head - tail bytes are in the ring */
	char tx[UART_TX_BYTES];
	uint32_t tx_head, tx_tail;
};

void uart_start(struct uart *uart, volatile void *registers);

/* Moves what can be moved between device and rings, and sets the interrupts accordingly. To be
 * called at every interrupt and whenever a ring has changed. */
void uart_poll(struct uart *uart);

/* The next byte received; -1: none. uart_peek looks `ahead` bytes beyond it. */
int uart_get(struct uart *uart);
int uart_peek(const struct uart *uart, uint32_t ahead);

/* Forgets the next `count` bytes received. */
void uart_drop(struct uart *uart, uint32_t count);

/* Puts bytes into the transmit ring; returns how many found room. */
size_t uart_put(struct uart *uart, const char *bytes, size_t len);
size_t uart_room(const struct uart *uart);

/* True when every byte has left the wire. */
bool uart_drained(const struct uart *uart);

#endif
