/* Stands in for user/lib/include/quire/sys.h: the few system calls that the memory file server makes,
 * over a kernel of two tables (kernel.c). Error numbers are the host's, so that answers compare with
 * the host's own. */
#ifndef QUIRE_SYS_H
#define QUIRE_SYS_H

#include <errno.h>
#include <stdint.h>
#include <quire/abi.h>

struct quire_msg {
	uint32_t header;
	uint32_t w[4];
	uint32_t token;
	uint32_t badge;
};

int sys_obj_create(uint64_t size);
int sys_obj_set_size(int obj, uint64_t size);
int sys_obj_info(int handle, struct quire_obj_info *info);
int sys_obj_serve(int obj, int port, uint32_t key);
int sys_stream_create(int obj, int flags);
int sys_channel_create(int port, uint32_t badge, uint32_t flags);
int sys_poll_changed(int port);
int sys_dup(int handle, int min);
int sys_close(int handle);
int sys_reply(const struct quire_msg *msg);
int sys_info(int what, uint32_t index, void *buf, uint32_t size);
uint64_t sys_clock(int clock);

static inline int sys_call(int channel, struct quire_msg *msg)
{
	(void)channel;
	(void)msg;
	return -ENOSYS;
}

#endif
