/* libFuzzer: the bytes of an input choose what sequence.c does. One process of the host runs many inputs: each
 * begins with new files and no process, and must leave nothing behind. */
#include "sequence.h"
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *at, *end;

static u32 from_input(u32 n)
{
	u32 value = 0;

	for (u32 range = 1; range < n && at < end; range <<= 8)
		value = value << 8 | *at++;
	return value % n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;

	if (!ready) {
		sim_init(768, 1);
		below = from_input;
		ready = true;
	}
	sim_seed = 1; /* the pager's order of work is the same for the same input */
	at = data;
	end = data + size;
	sequence_begin();
	while (at < end)
		sequence_step();
	sequence_end();
	return 0;
}
