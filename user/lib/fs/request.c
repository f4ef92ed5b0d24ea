/* Questions to file servers: one exchange of messages, and the walk of a path from server to server.
 *
 * The thread's message buffer is busy from the first byte of a question to the last of its answer;
 * a signal handler that runs in between saves the buffer if it is (signal/deliver.c), so handlers may
 * use files too.
 *
 * A server that dies with a question in its hands answers ECONNRESET through the kernel. Its
 * successor is started on the same port, so the question is asked again, and `after_reset` tells the
 * caller that a change may have been made already. EINTR ends nothing here: a question is short, and
 * is asked again; one that must not be asked twice is asked with signals blocked. Reading and
 * writing devices is different, and is in fs/channel.c.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <quire/fs.h>
#include "../internal.h"

#define RESETS_MAX 8

static void fill(struct quire_msg *msg, const struct __libc_request *request, const char *path,
	size_t path_len)
{
	ipc_begin(msg, request->label);
	msg->w[1] = request->w1;
	msg->w[2] = request->w2;
	msg->w[3] = request->w3;
	if (request->data_bytes)
		ipc_put(msg, request->data, request->data_bytes);
	if (path_len)
		ipc_put(msg, path, path_len);
	if (request->attach)
		ipc_put_handle(msg, request->attach);
}

/* Asks, until an answer comes. Leaves it in *msg and in the buffer. */
static int exchange(int handle, struct __libc_request *request, const char *path, size_t path_len,
	struct quire_msg *msg)
{
	unsigned int resets = 0;

	if (path_len + request->data_bytes > QUIRE_MSG_DATA)
		return -ENAMETOOLONG;
	for (;;) {
		int status;

		fill(msg, request, path, path_len);
		status = sys_call(handle, msg);
		if (status == -ECONNRESET && resets++ < RESETS_MAX) {
			request->after_reset = true;
			continue;
		}
		if (status == -ECONNRESET)
			return -EIO;
		if (status == -EINTR && request->label != FS_OPEN)
			continue;
		return status < 0 ? status : (int)msg->w[0];
	}
}

/* Takes the answer out of the buffer. A handle that found no room in our table came as ~0. */
static int collect(struct __libc_request *request, const struct quire_msg *msg)
{
	uint32_t bytes = ipc_bytes(msg);
	struct quire_msg rest;

	memcpy(request->answer, msg->w, sizeof(request->answer));
	request->out_bytes = bytes < request->out_size ? bytes : request->out_size;
	if (request->out_bytes)
		memcpy(request->out, ipc_data(), request->out_bytes);
	request->handle = ipc_handle(msg, 0);
	if (QUIRE_MSG_HANDLES(msg->header) > 1) {
		rest = *msg;
		ipc_buffer()->handles[0] = (uint32_t)-1;
		ipc_drop_handles(&rest);
	}
	return QUIRE_MSG_HANDLES(msg->header) > 0 && request->handle < 0 ? -EMFILE : (int)msg->w[0];
}

int __libc_ask(int handle, struct __libc_request *request)
{
	struct quire_msg msg;
	uint32_t was_busy = __libc_self.msgbuf_busy;
	uint32_t mask = 0;
	int status;

	request->handle = -1;
	request->out_bytes = 0;
	if (request->change)
		mask = __libc_block_signals();
	__libc_self.msgbuf_busy = 1;
	status = exchange(handle, request, NULL, 0, &msg);
	if (status >= 0)
		status = collect(request, &msg);
	__libc_self.msgbuf_busy = was_busy;
	if (request->change)
		__libc_restore_signals(mask);
	return status;
}

static int start_handle(int dir, const char *path)
{
	if (path[0] == '/')
		return QUIRE_H_ROOT;
	return dir == AT_FDCWD ? QUIRE_H_CWD : __libc_fd(dir);
}

/* What a server gave us of a path to go on with. An empty rest is the directory itself. */
static size_t take_rest(const struct quire_msg *msg, char *path)
{
	const uint8_t *data = ipc_data();
	uint32_t bytes = ipc_bytes(msg);

	if (msg->w[0] == FS_CROSS) {
		while (bytes > 0 && *data == '/') {
			data++;
			bytes--;
		}
	}
	if (bytes == 0) {
		memcpy(path, ".", 2);
		return 1;
	}
	if (bytes >= FS_PATH_MAX)
		return 0;
	memcpy(path, data, bytes);
	path[bytes] = '\0';
	return bytes;
}

static int walk(int handle, const char *path, size_t len, struct __libc_request *request)
{
	char rest[FS_PATH_MAX];
	int owned = -1;

	for (int hops = 0; hops < FS_HOPS; hops++) {
		struct quire_msg msg;
		int status = exchange(handle, request, path, len, &msg);

		if (owned >= 0)
			sys_close(owned);
		owned = -1;
		if (status != FS_CROSS && status != FS_RESTART) {
			return status < 0 ? status : collect(request, &msg);
		}
		len = take_rest(&msg, rest);
		path = rest;
		if (status == FS_CROSS) {
			handle = owned = ipc_handle(&msg, 0);
			if (handle < 0)
				return -EIO;
		} else {
			handle = QUIRE_H_ROOT;
		}
		if (len == 0) {
			if (owned >= 0)
				sys_close(owned);
			return -ENAMETOOLONG;
		}
	}
	if (owned >= 0)
		sys_close(owned);
	return -ELOOP;
}

static int check_path(const char *path, size_t *len)
{
	if (!__libc_string_readable(path, FS_PATH_MAX))
		return -EFAULT;
	*len = strnlen(path, FS_PATH_MAX);
	if (*len == 0)
		return -ENOENT;
	return *len >= FS_PATH_MAX ? -ENAMETOOLONG : 0;
}

int __libc_ask_path(int dir, const char *path, struct __libc_request *request)
{
	uint32_t was_busy = __libc_self.msgbuf_busy;
	uint32_t mask = 0;
	size_t len;
	int handle;
	int status = check_path(path, &len);

	request->handle = -1;
	request->out_bytes = 0;
	if (status < 0)
		return status;
	handle = start_handle(dir, path);
	if (request->change)
		mask = __libc_block_signals();
	__libc_self.msgbuf_busy = 1;
	status = walk(handle, path, len, request);
	__libc_self.msgbuf_busy = was_busy;
	if (request->change)
		__libc_restore_signals(mask);
	/* A pipe, or memory that nobody serves, is no directory to start from. */
	return status == -ENOTSUP ? -ENOTDIR : status;
}

/* ------------------------------------------------------------------ two paths */

struct end {
	int handle;
	bool owned;
	const char *path;
	size_t len;
	char name[256 + 8];
};

/* Replaces a path by its directory's channel and its last component (with any slashes after it). */
static int resolve_directory(int dir, struct end *end)
{
	struct __libc_request lookup = {.label = FS_LOOKUP};
	char parent[FS_PATH_MAX];
	size_t stop = end->len;
	size_t start;
	int status;

	while (stop > 0 && end->path[stop - 1] == '/')
		stop--;
	start = stop;
	while (start > 0 && end->path[start - 1] != '/')
		start--;
	if (start == stop)
		return -EBUSY;
	if (end->len - start >= sizeof(end->name))
		return -ENAMETOOLONG;
	memcpy(end->name, end->path + start, end->len - start);
	if (start == 0) {
		memcpy(parent, ".", 2);
	} else {
		memcpy(parent, end->path, start);
		parent[start] = '\0';
	}
	status = __libc_ask_path(dir, parent, &lookup);
	if (status < 0)
		return status;
	if (lookup.handle < 0)
		return -EIO;
	end->path = end->name;
	end->len -= start;
	end->handle = lookup.handle;
	end->owned = true;
	return 0;
}

int __libc_ask_paths(
	int dir1, const char *path1, int dir2, const char *path2, struct __libc_request *request)
{
	struct end ends[2] = {{.path = path1}, {.path = path2}};
	const int dirs[2] = {dir1, dir2};
	uint32_t was_busy = __libc_self.msgbuf_busy;
	uint32_t mask;
	int status;

	for (int i = 0; i < 2; i++) {
		status = check_path(ends[i].path, &ends[i].len);
		if (status < 0)
			return status;
		ends[i].handle = start_handle(dirs[i], ends[i].path);
	}
	request->handle = -1;
	mask = __libc_block_signals();
	__libc_self.msgbuf_busy = 1;
	for (bool resolved = false;; resolved = true) {
		struct quire_msg msg;

		request->data = ends[0].path;
		request->data_bytes = (uint32_t)ends[0].len;
		request->w1 = (uint32_t)ends[0].len;
		request->attach = ends[1].handle;
		status = exchange(ends[0].handle, request, ends[1].path, ends[1].len, &msg);
		if (status != FS_CROSS && status != FS_RESTART && status != -EXDEV)
			break;
		/* One of them lies elsewhere, or both do: the server that was asked may be neither's
		 * (/tmp/a, and b in /tmp). Both directories are looked up, since two channels of
		 * one server are what it wants to see; a server that crosses again has a mount
		 * point under the very name. */
		if (status > 0)
			ipc_drop_handles(&msg);
		status = resolved ? -EXDEV : 0;
		for (int i = 0; i < 2 && status == 0; i++)
			status = resolve_directory(dirs[i], &ends[i]);
		if (status < 0)
			break;
	}
	for (int i = 0; i < 2; i++) {
		if (ends[i].owned)
			sys_close(ends[i].handle);
	}
	__libc_self.msgbuf_busy = was_busy;
	__libc_restore_signals(mask);
	return status;
}
