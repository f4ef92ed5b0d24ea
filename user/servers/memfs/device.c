/* The device nodes that need no driver: null, zero, full, random. The terminal's node only leads to
 * the console server (walk.c). */
#include "memfs.h"

#include <string.h>
#include <quire/sys.h>

#define DEVICE_MODE   (0020000u | 0666u)
#define TERMINAL_MODE (0020000u | 0620u)

int device_create(struct node *dir, const char *name, enum device_kind kind)
{
	struct node *n =
		node_create(dir->tree, kind == DEVICE_TERMINAL ? TERMINAL_MODE : DEVICE_MODE, 0);
	int status;

	if (!n)
		return -ENOMEM;
	n->device = kind;
	status = dir_add(dir, name, strlen(name), n);
	if (status == 0)
		n->nlink = 1;
	node_release(n);
	return status;
}

/* xorshift64*, stirred with the clock at every request. Good for shuffling and temporary names; there
 * is no source of secrets on this machine. */
static void fill_random(uint8_t *to, uint32_t len)
{
	static uint64_t state = 0x9e3779b97f4a7c15ull;

	state ^= sys_clock(QUIRE_CLOCK_MONOTONIC) * 0xbf58476d1ce4e5b9ull;
	if (state == 0)
		state = 1;
	for (uint32_t i = 0; i < len; i++) {
		state ^= state >> 12;
		state ^= state << 25;
		state ^= state >> 27;
		to[i] = (uint8_t)(state * 0x2545f4914f6cdd1dull >> 56);
	}
}

void device_read(struct node *n, struct quire_msg *msg)
{
	uint32_t len = msg->w[1] < QUIRE_MSG_DATA ? msg->w[1] : QUIRE_MSG_DATA;

	if (n->device == DEVICE_NULL)
		len = 0;
	else if (n->device == DEVICE_RANDOM)
		fill_random(ipc_buffer()->data, len);
	else
		memset(ipc_buffer()->data, 0, len);
	ipc_answer(msg, (int32_t)len);
	ipc_set_bytes(msg, len);
}

void device_write(struct node *n, struct quire_msg *msg)
{
	uint32_t len = ipc_bytes(msg);

	ipc_answer(msg, n->device == DEVICE_FULL && len ? -ENOSPC : (int32_t)len);
}
