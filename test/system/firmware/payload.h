/*
 * What the payload's tests share: the harts, running work on them, and checking.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include "sbi.h"

#define HART_LIMIT  64
#define STACK_BYTES 4096

/* One for each hart id. start.S reaches the stack through the opaque argument of hart_start. */
struct worker {
	uint8_t stack[STACK_BYTES];
	void (*work)(struct worker *self); /* at offset STACK_BYTES; see start.S */
	uint32_t id;
	uint32_t done;	  /* set when work has returned, just before the hart stops */
	uint32_t ipis;	  /* software interrupts taken */
	uint32_t timers;  /* timer interrupts taken */
	uint32_t fault;	  /* cause of the last exception that skip_faults let pass */
	bool skip_faults; /* step over a faulting instruction of 4 bytes */
} __attribute__((aligned(16)));

extern struct worker workers[HART_LIMIT];
extern uint32_t hart_ids[HART_LIMIT]; /* of every hart; the boot hart's first */
extern uint32_t hart_count;
extern const void *device_tree;
extern uint32_t failures;

extern char secondary_start[], trap_entry[];

void print(const char *text);
void print_number(uint32_t value);

/* Count and print a check that does not hold. */
#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
void check(bool holds, const char *what, const char *file, int line);

/* Start work on every other hart / wait until all have stopped again. */
void start_others(void (*work)(struct worker *self));
void join_others(void);

uint64_t now(void);
/* In ticks. Long, since the host may have fewer cores than the machine has harts, and other work. */
#define PATIENCE (300 * 10000000ull)
/* Spin until a word has a value; false, and a failed check, after PATIENCE. */
bool wait_for(const uint32_t *word, uint32_t value);

/* Sv32: RAM at its own address, one page a slot from SLOT_BASE on, and one at the very top. */
#define SLOT_BASE 0x40000000u
#define SLOT_TOP  1023u /* the slot whose page is the last of the address space */
#define TEST_ASID 5u
void paging_build(void);
void paging_enter(void);
void paging_leave(void);
volatile uint32_t *slot_address(uint32_t slot);
/* Let the slot show the page whose first word is tag (0 to PAGE_TAGS - 1). No fence. */
#define PAGE_TAGS 8u
void slot_point(uint32_t slot, uint32_t tag);

void test_fences(void);
void test_fences_skip_stopped(void);
void test_fences_concurrent(void);
void test_fence_cost(void);

#endif
