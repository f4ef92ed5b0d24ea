/* The file protocol (quire/fs.h), request by request. */
#include "memfs.h"

#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>
#include <quire/info.h>
#include <quire/sys.h>

/* One thread serves, so the walks of a request need no room on the stack. */
static struct walk walk, second;

/* The server's answer to a walk that left it; `which` path of two, or 0. */
static void answer_elsewhere(
	struct quire_msg *msg, const struct walk *w, int status, uint32_t which)
{
	ipc_answer(msg, status);
	if (which) {
		msg->w[1] = which;
		return;
	}
	ipc_put(msg, w->path, w->rest);
	if (status == FS_CROSS)
		ipc_put_handle(msg, w->channel);
}

/* Walks the path that begins at byte `skip` of the payload. True: go on with `walk`. */
static bool walked(struct quire_msg *msg, struct node *dir, uint32_t skip, uint32_t flags)
{
	uint32_t bytes = ipc_bytes(msg);
	int status;

	if (!is_dir(dir)) {
		ipc_answer(msg, -ENOTDIR);
		return false;
	}
	if (skip > bytes) {
		ipc_answer(msg, -EINVAL);
		return false;
	}
	status = walk_path(&walk, dir, (const char *)ipc_data() + skip, bytes - skip, flags);
	if (status > 0)
		answer_elsewhere(msg, &walk, status, 0);
	else if (status < 0)
		ipc_answer(msg, status);
	return status == 0;
}

static bool writable(const struct node *n, struct quire_msg *msg)
{
	if (n->tree->read_only)
		ipc_answer(msg, -EROFS);
	return !n->tree->read_only;
}

/* Answers with a handle that is ours no longer. */
static void answer_handle(struct quire_msg *msg, int handle, uint32_t type)
{
	if (handle < 0) {
		ipc_answer(msg, handle);
		return;
	}
	ipc_answer(msg, 0);
	msg->w[1] = type;
	ipc_put_handle(msg, handle);
	sys_reply(msg);
	msg->token = 0;
	sys_close(handle);
}

/* ------------------------------------------------------------------ open */

static int check_open(const struct node *n, uint32_t flags)
{
	bool writes = (flags & QUIRE_O_ACCMODE) != QUIRE_O_RDONLY || (flags & FS_O_TRUNC);

	if ((flags & FS_O_CREAT) && (flags & FS_O_EXCL))
		return -EEXIST;
	if ((flags & FS_O_DIRECTORY) && !is_dir(n))
		return -ENOTDIR;
	if (is_link(n))
		return -ELOOP;
	if (is_dir(n) && (writes || (flags & FS_O_CREAT)))
		return -EISDIR;
	if (is_file(n) && writes && n->tree->read_only)
		return -EROFS;
	return 0;
}

static uint32_t badge_access(uint32_t flags)
{
	switch (flags & QUIRE_O_ACCMODE) {
	case QUIRE_O_RDONLY: return BADGE_READ;
	case QUIRE_O_WRONLY: return BADGE_WRITE;
	default: return BADGE_READ | BADGE_WRITE;
	}
}

static void open_node(struct quire_msg *msg, struct node *n, uint32_t flags)
{
	int status = 0;

	if (is_fifo(n)) {
		fifo_open(n, msg, flags);
		return;
	}
	if (!is_file(n)) {
		answer_handle(msg, node_channel(n, QUIRE_BADGE_FILE | badge_access(flags)),
			n->mode & S_IFMT);
		return;
	}
	if (flags & FS_O_TRUNC)
		status = file_set_size(n, 0);
	answer_handle(msg, status < 0 ? status : file_open(n, flags), S_IFREG);
}

static void serve_open(struct quire_msg *msg, struct node *dir)
{
	uint32_t flags = msg->w[1], mode = msg->w[2];
	bool exclusive = (flags & FS_O_CREAT) && (flags & FS_O_EXCL);
	uint32_t how = flags & FS_O_CREAT ? WALK_CREATE : 0;
	struct node *n;
	int status;

	if (!(flags & FS_O_NOFOLLOW) && !exclusive)
		how |= WALK_FOLLOW;
	if (!walked(msg, dir, 0, how))
		return;
	n = walk.node;
	if (n) {
		status = check_open(n, flags);
	} else {
		n = make_node(&walk, S_IFREG | (mode & 07777), &status);
		flags &= ~FS_O_TRUNC;
	}
	if (status < 0)
		ipc_answer(msg, status);
	else
		open_node(msg, n, flags);
}

/* ------------------------------------------------------------------ asking about a path */

static void tell_stat(struct quire_msg *msg, struct node *n)
{
	struct fs_stat st;

	node_stat(n, &st);
	ipc_answer(msg, 0);
	ipc_put(msg, &st, sizeof(st));
}

static void serve_access(struct quire_msg *msg, const struct node *n)
{
	uint32_t wanted = msg->w[1];
	int status = 0;

	if ((wanted & X_OK) && !is_dir(n) && !(n->mode & 0111))
		status = -EACCES;
	else if ((wanted & W_OK) && n->tree->read_only && !is_device(n) && !is_fifo(n))
		status = -EROFS;
	ipc_answer(msg, status);
}

static void serve_readlink(struct quire_msg *msg, const struct node *n)
{
	ipc_answer(msg, is_link(n) ? 0 : -EINVAL);
	if (is_link(n))
		ipc_put(msg, n->link.target, n->link.len);
}

/* A channel to a directory for chdir and *at(): not a descriptor. */
static void give_directory(struct quire_msg *msg, struct node *n)
{
	answer_handle(msg, is_dir(n) ? node_channel(n, 0) : -ENOTDIR, S_IFDIR);
}

/* ------------------------------------------------------------------ changing attributes */

static void change_mode(struct quire_msg *msg, struct node *n, uint32_t mode)
{
	if (is_link(n)) {
		ipc_answer(msg, -EOPNOTSUPP);
		return;
	}
	if (!writable(n, msg))
		return;
	n->mode = (n->mode & S_IFMT) | (mode & 07777);
	node_changed(n);
	ipc_answer(msg, 0);
}

static void change_owner(struct quire_msg *msg, struct node *n, uint32_t uid, uint32_t gid)
{
	if (!writable(n, msg))
		return;
	if (uid != UINT32_MAX)
		n->uid = uid;
	if (gid != UINT32_MAX)
		n->gid = gid;
	node_changed(n);
	ipc_answer(msg, 0);
}

static void change_times(struct quire_msg *msg, struct node *n, const struct fs_times *times)
{
	if (writable(n, msg))
		ipc_answer(msg, node_set_times(n, times));
}

static void change_size(struct quire_msg *msg, struct node *n, uint32_t low, uint32_t high)
{
	uint64_t size = (uint64_t)high << 32 | low;

	if (!is_file(n))
		ipc_answer(msg, is_dir(n) ? -EISDIR : -EINVAL);
	else if ((int64_t)size < 0)
		ipc_answer(msg, -EINVAL);
	else if (writable(n, msg))
		ipc_answer(msg, file_set_size(n, size));
}

static void allocate(struct quire_msg *msg, struct node *n)
{
	struct fs_range range;

	if (!is_file(n))
		ipc_answer(msg, is_fifo(n) ? -ESPIPE : -ENODEV);
	else if (ipc_get(msg, &range, sizeof(range)) < 0)
		ipc_answer(msg, -EINVAL);
	else if (range.offset > INT64_MAX || range.length > INT64_MAX)
		ipc_answer(msg, -EFBIG);
	else if (writable(n, msg))
		ipc_answer(msg, file_allocate(n, range.offset + range.length));
}

/* ------------------------------------------------------------------ making and removing names */

static void serve_make(struct quire_msg *msg, struct node *dir, uint32_t mode)
{
	int status = 0;

	if (!S_ISDIR(mode) && !S_ISREG(mode) && !S_ISFIFO(mode)) {
		ipc_answer(msg, -EPERM);
		return;
	}
	if (!walked(msg, dir, 0, WALK_CREATE | WALK_NAME))
		return;
	make_node(&walk, mode, &status);
	ipc_answer(msg, status);
}

static void serve_symlink(struct quire_msg *msg, struct node *dir)
{
	uint32_t target = msg->w[1];

	if (walked(msg, dir, target, WALK_CREATE | WALK_NAME))
		ipc_answer(msg, make_link(&walk, (const char *)ipc_data(), target));
}

static void serve_remove(struct quire_msg *msg, struct node *dir, bool directory)
{
	if (walked(msg, dir, 0, WALK_NAME))
		ipc_answer(msg, remove_name(&walk, directory));
}

/* The directory of ours that a channel in a message leads to; NULL: another server's. */
static struct node *node_of_channel(int channel)
{
	struct quire_obj_info info;

	if (channel < 0 || sys_obj_info(channel, &info) < 0 ||
		info.kind != QUIRE_OBJ_STREAM_CHANNEL || info.key == 0)
		return NULL;
	return node_find(info.key & BADGE_ID);
}

static void serve_two_paths(struct quire_msg *msg, struct node *dir, bool rename)
{
	int other = ipc_handle(msg, 0), status;
	uint32_t bytes = ipc_bytes(msg), first = msg->w[1];
	struct node *second_dir = node_of_channel(other);
	const char *paths = (const char *)ipc_data();

	if (first > bytes) {
		ipc_answer(msg, -EINVAL);
		return;
	}
	if (!is_dir(dir) || (second_dir && !is_dir(second_dir))) {
		ipc_answer(msg, -ENOTDIR);
		return;
	}
	/* To rename, both directories are found before either name is looked at. */
	status = walk_path(&walk, dir, paths, first, rename ? WALK_CREATE | WALK_NAME : 0);
	if (status) {
		if (status > 0)
			answer_elsewhere(msg, &walk, status, 1);
		else
			ipc_answer(msg, status);
		return;
	}
	status = second_dir ? walk_path(&second, second_dir, paths + first, bytes - first,
				      WALK_CREATE | WALK_NAME)
			    : FS_CROSS;
	if (status > 0)
		answer_elsewhere(msg, &second, status, 2);
	else if (status < 0)
		ipc_answer(msg, status);
	else
		ipc_answer(msg, rename ? rename_name(&walk, &second) : link_name(&walk, &second));
}

/* ------------------------------------------------------------------ directories and the whole */

static void serve_readdir(struct quire_msg *msg, const struct node *n)
{
	uint32_t cursor = msg->w[1], bytes;

	if (!is_dir(n)) {
		ipc_answer(msg, -ENOTDIR);
		return;
	}
	bytes = dir_read(n, &cursor, ipc_buffer()->data, QUIRE_MSG_DATA);
	ipc_answer(msg, (int32_t)bytes);
	msg->w[1] = cursor;
	ipc_set_bytes(msg, bytes);
}

static void serve_getpath(struct quire_msg *msg, const struct node *n)
{
	int bytes = is_dir(n) ? dir_path(n, (char *)ipc_buffer()->data, FS_PATH_MAX) : -ENOTDIR;

	ipc_answer(msg, bytes < 0 ? bytes : 0);
	if (bytes > 0)
		ipc_set_bytes(msg, (uint32_t)bytes);
}

static void serve_statfs(struct quire_msg *msg, const struct node *n)
{
	struct fs_statfs st = {
		.blocksize = QUIRE_PAGE_SIZE,
		.namemax = NAME_BYTES_MAX,
		.fsid = n->tree->device,
		.flags = n->tree->read_only ? 1 : 0,
	};
	struct quire_info_memory memory;

	if (sys_info(QUIRE_INFO_MEMORY, 0, &memory, sizeof(memory)) >= (int)sizeof(memory)) {
		st.blocks = memory.frames_total;
		st.free = memory.frames_free;
		st.files = st.files_free = memory.frames_free;
	}
	ipc_answer(msg, 0);
	ipc_put(msg, &st, sizeof(st));
}

/* Another server's tree covers a directory of a root; the directory is made if it is not there. */
static void serve_mount(struct quire_msg *msg, struct node *root)
{
	int channel = ipc_handle(msg, 0), own, status = 0;
	struct node *n;

	if (root->tree->root != root || channel < 0) {
		ipc_answer(msg, -EINVAL);
		return;
	}
	if (!walked(msg, root, 0, WALK_CREATE | WALK_NAME))
		return;
	/* The root itself, or "." and "..", have no entry to cover. */
	if (walk.node && !walk.entry)
		status = -EBUSY;
	else if (walk.node && !is_dir(walk.node))
		status = -ENOTDIR;
	own = status == 0 ? sys_dup(channel, QUIRE_HANDLE_BASE) : -1;
	if (status == 0 && own < 0)
		status = own;
	n = walk.node;
	if (status == 0 && !n)
		n = make_node(&walk, S_IFDIR | 0755, &status);
	if (status < 0) {
		if (own >= 0)
			sys_close(own);
		ipc_answer(msg, status);
		return;
	}
	if (n->dir.mount >= 0)
		sys_close(n->dir.mount);
	n->dir.mount = own;
	ipc_answer(msg, 0);
}

/* Once in a life: what is there already has been given out by its number and its address. */
static void serve_set_parent(struct quire_msg *msg, struct node *root)
{
	int channel = ipc_handle(msg, 0), parent;
	uint32_t bytes = ipc_bytes(msg);
	char *name;

	if (root->tree->root != root || channel < 0 || bytes > NAME_BYTES_MAX) {
		ipc_answer(msg, -EINVAL);
		return;
	}
	if (root->tree->parent >= 0) {
		ipc_answer(msg, -EBUSY);
		return;
	}
	name = malloc(bytes + 1);
	parent = name ? sys_dup(channel, QUIRE_HANDLE_BASE) : -ENOMEM;
	if (parent < 0) {
		free(name);
		ipc_answer(msg, parent);
		return;
	}
	memcpy(name, ipc_data(), bytes);
	name[bytes] = '\0';
	root->tree->name = name;
	root->tree->parent = parent;
	ipc_answer(msg, 0);
}

/* ------------------------------------------------------------------ which request */

/* Requests with a path. True: it was one. */
static bool serve_path(struct quire_msg *msg, struct node *dir)
{
	struct fs_times times;
	uint32_t follow;

	switch (ipc_label(msg)) {
	case FS_OPEN: serve_open(msg, dir); return true;
	case FS_STAT:
		if (walked(msg, dir, 0, msg->w[1] ? 0 : WALK_FOLLOW))
			tell_stat(msg, walk.node);
		return true;
	case FS_MKDIR: serve_make(msg, dir, S_IFDIR | (msg->w[1] & 07777)); return true;
	case FS_MKNOD: serve_make(msg, dir, msg->w[1]); return true;
	case FS_RMDIR: serve_remove(msg, dir, true); return true;
	case FS_UNLINK: serve_remove(msg, dir, false); return true;
	case FS_READLINK:
		if (walked(msg, dir, 0, 0))
			serve_readlink(msg, walk.node);
		return true;
	case FS_SYMLINK: serve_symlink(msg, dir); return true;
	case FS_CHMOD:
		if (walked(msg, dir, 0, msg->w[2] == 1 ? 0 : WALK_FOLLOW))
			change_mode(msg, walk.node, msg->w[1]);
		return true;
	case FS_CHOWN:
		if (walked(msg, dir, 0, msg->w[3] == 1 ? 0 : WALK_FOLLOW))
			change_owner(msg, walk.node, msg->w[1], msg->w[2]);
		return true;
	case FS_UTIMES:
		follow = msg->w[2] == 1 ? 0 : WALK_FOLLOW;
		if (ipc_get(msg, &times, sizeof(times)) < 0)
			ipc_answer(msg, -EINVAL);
		else if (walked(msg, dir, sizeof(times), follow))
			change_times(msg, walk.node, &times);
		return true;
	case FS_TRUNCATE:
		if (walked(msg, dir, 0, WALK_FOLLOW))
			change_size(msg, walk.node, msg->w[1], msg->w[2]);
		return true;
	case FS_ACCESS:
		if (walked(msg, dir, 0, WALK_FOLLOW))
			serve_access(msg, walk.node);
		return true;
	case FS_LOOKUP:
		if (walked(msg, dir, 0, WALK_FOLLOW))
			give_directory(msg, walk.node);
		return true;
	case FS_RENAME:
	case FS_LINK: serve_two_paths(msg, dir, ipc_label(msg) == FS_RENAME); return true;
	case FS_MOUNT: serve_mount(msg, dir); return true;
	case FS_SETPARENT: serve_set_parent(msg, dir); return true;
	default: return false;
	}
}

/* Reading and writing by messages: devices and fifos. True: it was that. */
static bool serve_transfer(struct quire_msg *msg, struct node *n)
{
	uint32_t label = ipc_label(msg);
	bool read = label == FS_READ;

	if (label == FS_POLL) {
		uint32_t both = QUIRE_POLLIN | QUIRE_POLLOUT;

		ipc_answer(msg, (int32_t)(is_fifo(n) ? fifo_poll(n, msg->badge, msg->w[1])
						     : msg->w[1] & both));
		return true;
	}
	if (label != FS_READ && label != FS_WRITE)
		return false;
	if (is_dir(n))
		ipc_answer(msg, read ? -EISDIR : -EBADF);
	else if (is_fifo(n) && read)
		fifo_read(n, msg);
	else if (is_fifo(n))
		fifo_write(n, msg);
	else if (!is_device(n) || !(msg->badge & (read ? BADGE_READ : BADGE_WRITE)))
		ipc_answer(msg, -EBADF);
	else if (read)
		device_read(n, msg);
	else
		device_write(n, msg);
	return true;
}

/* Requests on what is open. */
static void serve_open_node(struct quire_msg *msg, struct node *n)
{
	struct fs_times times;

	switch (ipc_label(msg)) {
	case FS_FSTAT: tell_stat(msg, n); break;
	case FS_FCHMOD: change_mode(msg, n, msg->w[1]); break;
	case FS_FCHOWN: change_owner(msg, n, msg->w[1], msg->w[2]); break;
	case FS_FUTIMES:
		if (ipc_get(msg, &times, sizeof(times)) < 0)
			ipc_answer(msg, -EINVAL);
		else
			change_times(msg, n, &times);
		break;
	case FS_FTRUNCATE:
		if (is_file(n))
			change_size(msg, n, msg->w[1], msg->w[2]);
		else
			ipc_answer(msg, -EINVAL);
		break;
	case FS_ALLOCATE: allocate(msg, n); break;
	case FS_SEEK_DATA: ipc_answer(msg, is_dir(n) ? -EINVAL : -ESPIPE); break;
	case FS_READDIR: serve_readdir(msg, n); break;
	case FS_GETPATH: serve_getpath(msg, n); break;
	case FS_STATFS: serve_statfs(msg, n); break;
	case FS_DIRCHANNEL: give_directory(msg, n); break;
	case FS_IOCTL: ipc_answer(msg, -ENOTTY); break;
	case FS_SYNC:
	case FS_SHUTDOWN: ipc_answer(msg, 0); break;
	default: ipc_answer(msg, -ENOSYS); break;
	}
}

void serve_request(struct quire_msg *msg)
{
	struct node *n = node_find(msg->badge & BADGE_ID);
	int handles[QUIRE_MSG_HANDLES_MAX], count = 0;

	/* What came with the request is closed when it is served; by then the buffer is the answer's. */
	for (uint32_t i = 0; i < QUIRE_MSG_HANDLES(msg->header); i++)
		handles[count++] = ipc_handle(msg, i);
	if (!n)
		ipc_answer(msg, -ENOENT);
	else if (!serve_path(msg, n) && !serve_transfer(msg, n))
		serve_open_node(msg, n);
	for (int i = 0; i < count; i++)
		sys_close(handles[i]);
}
