/* The ext2 file server.
 *
 *	ext2 [-r] [NAME ...]
 *
 * -r mounts read-only. Each NAME is a mount point in the root directory; the root channels of what is
 * mounted there are the handles from SERVER_MOUNT on, in the same order. Messages arrive at
 * SERVER_PORT, the disk is behind SERVER_BLOCK (quire/server.h). Requests that come before the file
 * system is mounted wait in the port. If the disk holds none that can be mounted, the log says why and the
 * exit status is SERVER_EXIT_REFUSED, after which init does not try again; 1 if it could not be read.
 */
#include <pthread.h>
#include <string.h>
#include <quire/ipc.h>
#include <quire/server.h>
#include <quire/sys.h>
#include "disk.h"
#include "worker.h"

#define WORKERS	     4
#define WORKER_STACK (64 * 1024)
#define EXIT_FAILED  1

static struct server server;

static struct worker {
	struct request request;
	struct reply reply;
} workers[WORKERS];

/* The payload and the handles leave the message buffer, which the work will use for its own calls. */
static void take_request(const struct quire_msg *msg, struct request *request)
{
	request->label = ipc_label(msg);
	memcpy(request->w, msg->w, sizeof(request->w));
	request->badge = msg->badge;
	request->token = msg->token;
	request->bytes = ipc_bytes(msg);
	memcpy(request->data, ipc_data(), request->bytes);
	for (unsigned i = 0; i < QUIRE_MSG_HANDLES_MAX; i++)
		request->handles[i] = ipc_handle(msg, i);
}

/* Leaves in *msg what the next receive shall answer first. */
static void finish(struct quire_msg *msg, const struct worker *w)
{
	const struct reply *reply = &w->reply;
	uint32_t token = reply->later ? 0 : w->request.token;

	if (!token) {
		memset(msg, 0, sizeof(*msg));
		return;
	}
	message_of_reply(reply, msg);
	msg->token = token;
	if (reply->handle < 0)
		return;
	/* Our own copy must go now: while it is there, the object does not count as idle. */
	sys_reply(msg);
	if (reply->close_handle)
		sys_close(reply->handle);
	memset(msg, 0, sizeof(*msg));
}

static void *work(void *argument)
{
	struct worker *w = argument;
	struct quire_msg msg;

	memset(&msg, 0, sizeof(msg));
	for (;;) {
		int status = sys_reply_recv(SERVER_PORT, &msg);

		if (status < 0) {
			/* The caller has gone, with its answer; or the port, and with it our work. */
			if (status == -EBADF || status == -EACCES || status == -EPIPE)
				sys_exit(1);
			memset(&msg, 0, sizeof(msg));
			continue;
		}
		take_request(&msg, &w->request);
		serve(&server, &w->request, &w->reply);
		finish(&msg, w);
	}
	return NULL;
}

static int start_workers(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	if (pthread_attr_init(&attributes) || pthread_attr_setstacksize(&attributes, WORKER_STACK))
		return -ENOMEM;
	for (unsigned i = 1; i < WORKERS; i++)
		if (pthread_create(&thread, &attributes, work, &workers[i]))
			return -ENOMEM;
	return 0;
}

/* As if init had sent FS_MOUNT for each. */
static void mount_arguments(int count, char **names)
{
	struct request *request = &workers[0].request;

	for (int i = 0; i < count && i < SERVER_MOUNT_MAX; i++) {
		memset(request, 0, offsetof(struct request, data));
		for (unsigned h = 1; h < QUIRE_MSG_HANDLES_MAX; h++)
			request->handles[h] = -1;
		request->label = FS_MOUNT;
		request->badge = SERVER_BADGE_ROOT;
		request->handles[0] = SERVER_MOUNT + i;
		request->bytes = (uint32_t)strnlen(names[i], EXT2_NAME_MAX);
		memcpy(request->data, names[i], request->bytes);
		serve(&server, request, &workers[0].reply);
	}
}

int main(int argc, char **argv)
{
	bool read_only = argc > 1 && strcmp(argv[1], "-r") == 0;
	struct backing *backing;
	struct fs *fs;
	int error;

	if (disk_open(&backing) < 0)
		sys_exit(EXIT_FAILED);
	error = fs_mount(backing, read_only, &fs);
	if (error) {
		log_line("ext2: the disk has no file system that can be mounted");
		sys_exit(error == -EINVAL || error == -ENOTSUP ? SERVER_EXIT_REFUSED : EXIT_FAILED);
	}
	server_init(&server, fs);
	if (fs->recovering)
		recover(&server);
	mount_arguments(argc - 1 - read_only, argv + 1 + read_only);
	if (start_workers() < 0)
		log_line("ext2: fewer threads than wanted");
	work(&workers[0]);
	return 0;
}
