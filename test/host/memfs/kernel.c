/* A kernel for the memory file server's host test: handles with counts, objects that are a size. A
 * channel whose last copy is closed is reported to the server at once, as QUIRE_K_CLOSED would, and so
 * is an object whose last stream is, as QUIRE_K_IDLE would. */
#include "kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "memfs.h"

#define HANDLES 4096

struct object {
	uint64_t size;
	uint32_t id, refs, write_seq;
	uint32_t key, streams;
};

struct slot {
	int refs; /* the server's, and clients' copies of it */
	bool channel, stream;
	uint32_t badge;
	struct object *object;
};

static struct slot slots[HANDLES];
static uint32_t next_object;
static struct quire_msgbuf buffer;
struct answer answers[64];
bool caller_gone[64];

struct quire_msgbuf *ipc_buffer(void)
{
	return &buffer;
}

static int take_slot(void)
{
	for (int i = 1; i < HANDLES; i++) {
		if (!slots[i].refs) {
			memset(&slots[i], 0, sizeof(slots[i]));
			slots[i].refs = 1;
			return i;
		}
	}
	abort();
}

static struct slot *slot_of(int handle)
{
	if (handle <= 0 || handle >= HANDLES || !slots[handle].refs) {
		printf("bad handle %d\n", handle);
		abort();
	}
	return &slots[handle];
}

int sys_obj_create(uint64_t size)
{
	int handle = take_slot();

	slots[handle].object = calloc(1, sizeof(struct object));
	slots[handle].object->size = size;
	slots[handle].object->id = ++next_object;
	slots[handle].object->refs = 1;
	return handle;
}

int sys_obj_set_size(int obj, uint64_t size)
{
	slot_of(obj)->object->size = size;
	return 0;
}

int sys_obj_info(int handle, struct quire_obj_info *info)
{
	struct slot *s = slot_of(handle);

	memset(info, 0, sizeof(*info));
	info->kind = s->channel ? QUIRE_OBJ_STREAM_CHANNEL : QUIRE_OBJ_ANON;
	info->key = s->badge;
	if (s->object) {
		info->size = s->object->size;
		info->id = s->object->id;
		info->write_seq = s->object->write_seq;
		info->users = s->object->streams;
	}
	return 0;
}

int sys_obj_serve(int obj, int port, uint32_t key)
{
	int handle = take_slot();

	(void)port;
	slots[handle].object = slot_of(obj)->object;
	slots[handle].object->refs++;
	slots[handle].object->key = key;
	return handle;
}

int sys_stream_create(int obj, int flags)
{
	int handle = take_slot();

	(void)flags;
	slots[handle].stream = true;
	slot_of(obj)->object->streams++;
	slots[handle].object = slot_of(obj)->object;
	slots[handle].object->refs++;
	return handle;
}

unsigned int poll_changes;

int sys_poll_changed(int port)
{
	(void)port;
	poll_changes++;
	return 0;
}

int sys_channel_create(int port, uint32_t badge, uint32_t flags)
{
	int handle = take_slot();

	(void)port;
	if (flags != QUIRE_CHANNEL_WATCH)
		abort();
	slots[handle].channel = true;
	slots[handle].badge = badge;
	return handle;
}

int sys_dup(int handle, int min)
{
	(void)min;
	slot_of(handle)->refs++;
	return handle;
}

int sys_close(int handle)
{
	struct slot *s = slot_of(handle);

	if (--s->refs)
		return 0;
	if (s->stream && --s->object->streams == 0)
		file_idle(s->object->key);
	if (s->object && --s->object->refs == 0)
		free(s->object);
	if (s->channel)
		node_channel_closed(s->badge);
	return 0;
}

int sys_reply(const struct quire_msg *msg)
{
	struct answer *a = &answers[msg->token % 64];

	if (msg->token == 0)
		abort();
	if (caller_gone[msg->token % 64])
		return -ESRCH;
	a->given = true;
	a->msg = *msg;
	a->buffer = buffer;
	for (uint32_t i = 0; i < QUIRE_MSG_HANDLES(msg->header); i++)
		sys_dup((int)buffer.handles[i], 0);
	return 0;
}

int sys_info(int what, uint32_t index, void *buf, uint32_t size)
{
	(void)what;
	(void)index;
	memset(buf, 0, size);
	return (int)size;
}

uint64_t sys_clock(int clock)
{
	static uint64_t ticks = 1700000000000000000ull;

	(void)clock;
	return ticks += 1000;
}

int cpio_load(const struct cpio_entry *entry)
{
	return sys_obj_create(entry->size);
}

uint32_t handle_badge(int handle)
{
	return slot_of(handle)->badge;
}

bool handle_is_stream(int handle)
{
	return slot_of(handle)->stream;
}

uint64_t handle_size(int handle)
{
	return slot_of(handle)->object->size;
}

void client_close(int handle)
{
	sys_close(handle);
}

int handles_in_use(void)
{
	int count = 0;

	for (int i = 0; i < HANDLES; i++)
		count += slots[i].refs;
	return count;
}
