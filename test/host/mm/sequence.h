/* One call of mm/ after another, each held against byte arrays. */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include "sim/sim.h"

extern u32 (*below)(u32 n); /* what chooses: a number below n */
void sequence_begin(void);  /* new files, no process */
void sequence_step(void);
/* all processes end, the disk is compared, and everything must have come back */
void sequence_end(void);

#endif
