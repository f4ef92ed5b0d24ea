/* What server.h asks of the kernel, as system calls. */
#include <string.h>
#include <quire/ipc.h>
#include <quire/server.h>
#include <quire/sys.h>
#include "worker.h"

#define TIMER_BIT 1u
#define REST_NS	  1000000u

int object_create(uint32_t key, uint64_t size)
{
	return sys_obj_create_paged(SERVER_PORT, key, size);
}

void handle_close(int handle)
{
	sys_close(handle);
}

int object_info(int object, struct quire_obj_info *info)
{
	return sys_obj_info(object, info);
}

int object_set_size(int object, uint64_t size)
{
	return sys_obj_set_size(object, size);
}

int object_set_capacity(int object, uint64_t bytes)
{
	return sys_obj_set_capacity(object, bytes);
}

int object_supply(int object, uint32_t request, int status, const uint8_t *zero, uint32_t pages)
{
	memcpy(ipc_buffer()->data, zero, pages);
	return sys_obj_supply(object, request, status);
}

int object_complete(int object, uint32_t request, int status)
{
	return sys_obj_complete(object, request, status);
}

int object_query_dirty(int object, uint32_t from, uint32_t *first)
{
	return sys_obj_query_dirty(object, from, first);
}

int object_writeback_begin(
	int object, uint32_t first, uint32_t count, uint32_t *token, uint32_t *pfn)
{
	int n = sys_obj_wb_begin(object, first, count, token);

	if (n > 0)
		memcpy(pfn, ipc_buffer()->data, (size_t)n * sizeof(*pfn));
	return n;
}

int object_writeback_end(int object, uint32_t token, int status)
{
	return sys_obj_wb_end(object, token, status);
}

int object_evict(int object, uint32_t first, uint32_t count)
{
	return sys_obj_evict(object, first, count);
}

int object_next_dirty(uint32_t index, uint32_t *key)
{
	return sys_obj_next_dirty(SERVER_PORT, index, key);
}

void poll_changed(void)
{
	sys_poll_changed(SERVER_PORT);
}

int object_attach(uint32_t key)
{
	return sys_obj_attach(SERVER_PORT, key);
}

int object_enumerate(uint32_t index, uint32_t *key)
{
	return sys_obj_enumerate(SERVER_PORT, index, key);
}

int channel_enumerate(uint32_t index, uint32_t *badge)
{
	return sys_channel_enumerate(SERVER_PORT, index, badge);
}

void rest(void)
{
	sys_sleep(sys_clock(QUIRE_CLOCK_MONOTONIC) + REST_NS);
}

int stream_create(int object, int flags)
{
	return sys_stream_create(object, flags);
}

int channel_create(uint32_t badge)
{
	return sys_channel_create(SERVER_PORT, badge, QUIRE_CHANNEL_WATCH);
}

int channel_badge(int handle, uint32_t *badge)
{
	struct quire_obj_info info;
	int error = sys_obj_info(handle, &info);

	if (error)
		return error;
	/* The kernel tells the badge only to whoever holds the channel's port. */
	if (info.kind != QUIRE_OBJ_STREAM_CHANNEL || !info.key)
		return -EXDEV;
	*badge = info.key;
	return 0;
}

void timer_after(unsigned ms)
{
	sys_timer_set(
		SERVER_PORT, TIMER_BIT, sys_clock(QUIRE_CLOCK_MONOTONIC) + (uint64_t)ms * 1000000u);
}

void message_of_reply(const struct reply *reply, struct quire_msg *msg)
{
	memset(msg, 0, sizeof(*msg));
	msg->w[0] = (uint32_t)reply->status;
	msg->w[1] = reply->w1;
	if (reply->bytes)
		ipc_put(msg, reply->data, reply->bytes);
	if (reply->handle >= 0)
		ipc_put_handle(msg, reply->handle);
}

int reply_late(uint32_t token, const struct reply *reply)
{
	struct quire_msg msg;

	message_of_reply(reply, &msg);
	msg.token = token;
	return sys_reply(&msg);
}
