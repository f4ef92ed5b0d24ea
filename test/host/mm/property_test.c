/* Random sequences of calls of mm/ (sequence.c). Arguments: seed, operations, and perhaps the name of a defect of the
 * machine's fences (sim/fence.c), which must be noticed. */
#include "sequence.h"
#include <stdio.h>
#include <stdlib.h>

static u32 seed, operations;

static void tell(void)
{
	printf("replay with: property_test %u %u\n", seed, operations);
}

int main(int argc, char **argv)
{
	seed = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : 1;
	operations = argc > 2 ? (u32)atoi(argv[2]) : 200000;
	if (argc > 3 && !sim_defect_by_name(argv[3])) {
		printf("no such defect: %s\n", argv[3]);
		return 2;
	}
	sim_on_failure = tell;
	sim_init(2048, seed);
	below = sim_random;
	sequence_begin();
	for (u32 i = 0; i < operations; i++) {
		sequence_step();
		if (i % 500 == 499)
			sim_check("between operations");
	}
	sequence_end();
	printf("seed %u, %u operations, %u remote fences: no difference\n", seed, operations,
		sim_remote_fences);
	return 0;
}
