/* The thread's message buffer, and a server's loop over a port. */
#include "../internal.h"

struct quire_msgbuf *ipc_buffer(void)
{
	if (!__libc_self.msgbuf)
		__libc_self.tid = (uint32_t)sys_thread_self(&__libc_self.msgbuf);
	return __libc_self.msgbuf;
}

uint32_t __libc_gettid(void)
{
	if (!__libc_self.tid)
		__libc_self.tid = (uint32_t)sys_thread_self(&__libc_self.msgbuf);
	return __libc_self.tid;
}

void ipc_drop_handles(const struct quire_msg *msg)
{
	uint32_t count = QUIRE_MSG_HANDLES(msg->header);
	uint32_t handles[QUIRE_MSG_HANDLES_MAX];

	for (uint32_t i = 0; i < count && i < QUIRE_MSG_HANDLES_MAX; i++)
		handles[i] = ipc_buffer()->handles[i];
	for (uint32_t i = 0; i < count && i < QUIRE_MSG_HANDLES_MAX; i++)
		sys_close((int)handles[i]);
}

int ipc_serve(
	int port, enum ipc_answer (*handler)(void *context, struct quire_msg *msg), void *context)
{
	struct quire_msg msg = {0};

	ipc_buffer();
	for (;;) {
		uint32_t token;
		enum ipc_answer answer;
		int status = sys_reply_recv(port, &msg);

		if (status == -EINTR || status == -ESRCH)
			continue;
		if (status < 0)
			return status;
		token = msg.token;
		answer = handler(context, &msg);
		msg.token = answer == IPC_LATER ? 0 : token;
		if (answer == IPC_STOP) {
			if (msg.token)
				sys_reply(&msg);
			return 0;
		}
	}
}
