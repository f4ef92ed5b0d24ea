/* The simulated kernel as the tests see it. */
#ifndef MEMFS_TEST_KERNEL_H
#define MEMFS_TEST_KERNEL_H

#include <stdbool.h>
#include <quire/sys.h>

/* The answer to the last request with this token, with a copy of its handles and payload. */
struct answer {
	bool given;
	struct quire_msg msg;
	struct quire_msgbuf buffer;
};
extern struct answer answers[64];

/* True: answering this token fails, its caller having gone. */
extern bool caller_gone[64];

uint32_t handle_badge(int handle);
bool handle_is_stream(int handle);
uint64_t handle_size(int handle);
/* Takes a client's copy of a handle in an answer, and gives it back. */
void client_close(int handle);
int handles_in_use(void);
/* How often the server has said that polls may be answered otherwise. */
extern unsigned int poll_changes;

#endif
