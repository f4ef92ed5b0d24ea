/* Which message goes where, and what concerns the server as a whole: mounts, syncing, shutting down,
 * the timer that bounds how long anything stays unwritten.
 */
#include <stdlib.h>
#include <string.h>
#include <assert.h>
#include "server.h"

/* From the first change to its writing; with the writing itself this stays below a second. */
#define FLUSH_DELAY_MS 400

void server_init(struct server *server, struct fs *fs)
{
	memset(server, 0, sizeof(*server));
	LIST_INIT(&server->mounts);
	server->parent = -1;
	server->fs = fs;
	fs->drop_object = file_drop_object;
}

int inode_of_badge(struct fs *fs, uint32_t badge, struct inode **ip)
{
	uint32_t ino = badge & BADGE_INODE;

	if (!ino)
		ino = EXT2_ROOT_INO;
	*ip = inode_peek(fs, ino);
	if (*ip)
		return 0;
	/* What it stood for is gone: the caller's error, not the disk's. */
	if (!inode_number_valid(fs, ino) || !inode_in_use(fs, ino) || !inode_raw(fs, ino)->links)
		return -ESTALE;
	return inode_get(fs, ino, ip) ? -EIO : 0;
}

void flush_soon(struct server *server)
{
	fs_assert_locked(server->fs);
	if (server->timer_armed || !server->fs->stored_count || server->shut_down)
		return;
	server->timer_armed = true;
	timer_after(FLUSH_DELAY_MS);
}

/* ------------------------------------------------------------------ notifications and closings */

static void on_notify(struct server *server, uint32_t bits)
{
	struct fs *fs = server->fs;
	bool dirty = bits & QUIRE_NOTIFY_DIRTY, flush = bits & ~QUIRE_NOTIFY_DIRTY;
	uint32_t key;

	if (flush) {
		fs_lock(fs);
		server->timer_armed = false;
		fs_unlock(fs);
		sync_all(fs, true);
		/* Dirtied meanwhile, or not writable at the moment: once more. */
		dirty = dirty || object_next_dirty(0, &key) > 0;
	}
	fs_lock(fs);
	if (dirty && !server->timer_armed && !server->shut_down) {
		server->timer_armed = true;
		timer_after(FLUSH_DELAY_MS);
	}
	flush_soon(server);
	fs_unlock(fs);
}

static void on_closed(struct server *server, uint32_t badge)
{
	struct fs *fs = server->fs;
	struct inode *ip;

	fs_lock(fs);
	ip = inode_peek(fs, badge & BADGE_INODE);
	if (ip && ip->channels) {
		ip->channels--;
		if (badge & (BADGE_FIFO_READ | BADGE_FIFO_WRITE))
			fifo_closed(ip, badge);
	}
	inode_put(ip);
	flush_soon(server);
	fs_unlock(fs);
}

/* ------------------------------------------------------------------ administration */

static int add_mount(struct server *server, const struct request *request, int *handle)
{
	struct mount *m;

	if (*handle < 0 || !request->bytes || request->bytes > EXT2_NAME_MAX ||
		memchr(request->data, '/', request->bytes))
		return -EINVAL;
	LIST_FOREACH(m, &server->mounts, link)
		if (m->len == request->bytes && !memcmp(m->name, request->data, m->len))
			return -EBUSY;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->handle = *handle;
	m->len = request->bytes;
	memcpy(m->name, request->data, m->len);
	LIST_INSERT_HEAD(&server->mounts, m, link);
	*handle = -1;
	return 0;
}

static int set_parent(struct server *server, const struct request *request, int *handle)
{
	if (*handle < 0 || !request->bytes || request->bytes > EXT2_NAME_MAX)
		return -EINVAL;
	if (server->parent >= 0)
		handle_close(server->parent);
	server->parent = *handle;
	server->parent_len = request->bytes;
	memcpy(server->parent_name, request->data, request->bytes);
	*handle = -1;
	return 0;
}

static int shut_down(struct server *server)
{
	struct fs *fs = server->fs;
	int error;

	fs_lock(fs);
	if (!fs->read_only)
		release_nameless(fs, true); /* the programs that had them open are gone by now */
	fs_unlock(fs);
	error = sync_all(fs, true);
	fs_lock(fs);
	server->shut_down = true;
	fs->read_only = true;
	fs_unlock(fs);
	return error;
}

void op_admin(struct server *server, struct inode *ip, struct request *request, struct reply *reply)
{
	if (ip->ino != EXT2_ROOT_INO)
		reply->status = -EPERM;
	else if (request->label == FS_MOUNT)
		reply->status = add_mount(server, request, &request->handles[0]);
	else
		reply->status = set_parent(server, request, &request->handles[0]);
}

/* ------------------------------------------------------------------ dispatch */

static bool is_path_request(uint32_t label)
{
	return label >= FS_OPEN && label <= FS_LOOKUP;
}

static void dispatch(
	struct server *server, struct inode *ip, struct request *request, struct reply *reply)
{
	uint32_t label = request->label;

	if ((is_path_request(label) || label == FS_RENAME || label == FS_LINK) &&
		!inode_is(ip, MODE_DIR))
		reply->status = -ENOTDIR;
	else if (label == FS_OPEN)
		op_open(server, ip, request, reply);
	else if (is_path_request(label))
		op_path(server, ip, request, reply);
	else if (label == FS_RENAME || label == FS_LINK)
		op_rename(server, ip, request, reply);
	else if (label >= FS_FSTAT && label <= FS_DIRCHANNEL)
		op_file(server, ip, request, reply);
	else if (label >= FS_READ && label <= FS_POLL && inode_is(ip, MODE_FIFO))
		fifo_request(ip, request, reply);
	else if ((label == FS_READ || label == FS_WRITE) && inode_is(ip, MODE_DIR))
		reply->status = label == FS_READ ? -EISDIR : -EBADF;
	else if (label == FS_IOCTL)
		reply->status = -ENOTTY;
	else if (label == FS_MOUNT || label == FS_SETPARENT)
		op_admin(server, ip, request, reply);
	else
		reply->status = -ENOSYS;
}

static void serve_client(struct server *server, struct request *request, struct reply *reply)
{
	struct fs *fs = server->fs;
	struct inode *ip;

	if (request->label == FS_SYNC) {
		reply->status = sync_all(fs, true);
		return;
	}
	if (request->label == FS_SHUTDOWN) {
		reply->status = shut_down(server);
		return;
	}
	fs_lock(fs);
	reply->status = inode_of_badge(fs, request->badge, &ip);
	if (!reply->status) {
		dispatch(server, ip, request, reply);
		if (reply->status == -ENOSPC) {
			reclaim_room(fs);
			dispatch(server, ip, request, reply);
		}
		inode_put(ip);
	}
	flush_soon(server);
	fs_unlock(fs);
}

void serve(struct server *server, struct request *request, struct reply *reply)
{
	reply->status = 0;
	reply->w1 = 0;
	reply->bytes = 0;
	reply->handle = -1;
	reply->close_handle = false;
	reply->later = false;
	switch (request->label) {
	case QUIRE_K_NOTIFY: on_notify(server, request->w[0]); break;
	case QUIRE_K_CLOSED: on_closed(server, request->badge); break;
	case QUIRE_K_FETCH:
	case QUIRE_K_GROW:
	case QUIRE_K_SYNC:
	case QUIRE_K_RESERVE:
	case QUIRE_K_IDLE: pager_request(server, request); break;
	default: serve_client(server, request, reply); break;
	}
	for (unsigned i = 0; i < QUIRE_MSG_HANDLES_MAX; i++)
		if (request->handles[i] >= 0)
			handle_close(request->handles[i]);
}
