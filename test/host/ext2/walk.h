/* Uses a mounted file system, sound or not, in every way a client can: looks everywhere, changes a
 * third of what it sees. Whatever the image says, each request must be answered. */
#ifndef WALK_H
#define WALK_H

#include "sim.h"

void walk_everything(void);

#endif
