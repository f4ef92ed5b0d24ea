/* libFuzzer: a whole image as input, mounted and used. Seeds are images of mke2fs (small ones: -b 1024,
 * 64 KiB); without a mutator of its own it mostly damages them.
 */
#include <stdlib.h>
#include <string.h>
#include "walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4u << 20)
		return -1;
	sim.quiet = true;
	sim_seed(1);
	sim.bytes = size;
	sim.image = malloc(size);
	memcpy(sim.image, data, size);
	if (sim_mount(false) == 0) {
		walk_everything();
		sim_drop();
	}
	free(sim.image);
	free(sim.mapping);
	sim.image = sim.mapping = NULL;
	return 0;
}
