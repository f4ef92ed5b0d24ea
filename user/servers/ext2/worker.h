/* Between the system-call layer (kernel.c) and the worker threads (main.c). */
#ifndef EXT2_WORKER_H
#define EXT2_WORKER_H

#include <quire/sys.h>
#include "server.h"

/* Fills the thread's message buffer and *msg, but for the token. */
void message_of_reply(const struct reply *reply, struct quire_msg *msg);

#endif
