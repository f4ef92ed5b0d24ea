/* Requests that name something by a path: everything on directories but opening. */
#include <string.h>
#include "server.h"

void reply_walk(struct reply *reply, int result, const struct walk *w)
{
	reply->status = result;
	if (result == FS_CROSS)
		reply->handle = w->cross;
	if (result == FS_CROSS || result == FS_RESTART) {
		memcpy(reply->data, w->rest, w->rest_len);
		reply->bytes = w->rest_len;
	}
}

void fill_stat(struct inode *ip, struct fs_stat *st)
{
	const struct disk_inode *raw = ip->raw;

	memset(st, 0, sizeof(*st));
	st->size = file_size(ip);
	memcpy(&st->dev, ip->fs->super->uuid, sizeof(st->dev));
	st->dev &= 0x7fffffff;
	st->ino = ip->ino;
	st->mode = raw->mode;
	st->nlink = raw->links;
	st->uid = inode_uid(ip);
	st->gid = inode_gid(ip);
	if (inode_is(ip, MODE_CHAR) || inode_is(ip, MODE_BLOCK))
		st->rdev = raw->block[0] ? raw->block[0] : raw->block[1];
	st->blksize = ip->fs->block_size;
	/* What has been stored but not placed counts as if it had been. */
	st->blocks = raw->sectors +
		     (uint64_t)reserve_below(ip, st->size) * (ip->fs->block_size >> SECTOR_SHIFT);
	inode_time(ip, TIME_ACCESS, &st->atime, &st->atime_ns);
	inode_time(ip, TIME_MODIFY, &st->mtime, &st->mtime_ns);
	inode_time(ip, TIME_CHANGE, &st->ctime, &st->ctime_ns);
}

/* ------------------------------------------------------------------ attributes */

int change_mode(struct inode *ip, uint32_t mode)
{
	if (ip->fs->read_only)
		return -EROFS;
	inode_change(ip);
	ip->raw->mode = (uint16_t)((ip->raw->mode & MODE_TYPE) | (mode & MODE_BITS));
	inode_touch(ip, TIME_CHANGE);
	return 0;
}

int change_owner(struct inode *ip, uint32_t uid, uint32_t gid)
{
	if (ip->fs->read_only)
		return -EROFS;
	inode_set_owner(ip, uid == UINT32_MAX ? inode_uid(ip) : uid,
		gid == UINT32_MAX ? inode_gid(ip) : gid);
	inode_touch(ip, TIME_CHANGE);
	return 0;
}

static int change_time(struct inode *ip, unsigned which, int64_t seconds, uint32_t ns)
{
	if (ns == FS_OMIT)
		return 0;
	if (ns == FS_NOW)
		inode_touch(ip, which);
	else if (ns >= 1000000000u)
		return -EINVAL;
	else
		inode_set_time(ip, which, (uint64_t)seconds, ns);
	return 0;
}

int change_times(struct inode *ip, const struct fs_times *times)
{
	int error;

	if (ip->fs->read_only)
		return -EROFS;
	file_size(ip); /* stores until now have had their own times */
	error = change_time(ip, TIME_ACCESS, times->atime, times->atime_ns);
	if (!error)
		error = change_time(ip, TIME_MODIFY, times->mtime, times->mtime_ns);
	if (!error)
		inode_touch(ip, TIME_CHANGE);
	return error;
}

static int check_access(struct inode *ip, uint32_t mask)
{
	if (mask & ~7u)
		return -EINVAL;
	if (mask & 2 && ip->fs->read_only)
		return -EROFS;
	/* The one user may do anything but execute what is nobody's program. */
	if (mask & 1 && inode_is(ip, MODE_REGULAR) && !(ip->raw->mode & 0111))
		return -EACCES;
	return 0;
}

/* ------------------------------------------------------------------ what a path names */

static int truncate_at(struct inode *ip, const struct request *request)
{
	uint64_t size = (uint64_t)request->w[2] << 32 | request->w[1];

	if (inode_is(ip, MODE_DIR))
		return -EISDIR;
	if (!inode_is(ip, MODE_REGULAR) || size > INT64_MAX)
		return -EINVAL;
	return file_set_size(ip, size);
}

static int read_link(struct inode *ip, struct reply *reply)
{
	const char *target;
	uint32_t bytes;
	int error = inode_is(ip, MODE_SYMLINK) ? symlink_read(ip, &target, &bytes) : -EINVAL;

	if (error)
		return error;
	if (bytes > sizeof(reply->data))
		return -ENAMETOOLONG;
	memcpy(reply->data, target, bytes);
	reply->bytes = bytes;
	return (int)bytes;
}

static int lookup_directory(struct inode *ip, struct reply *reply)
{
	int handle;

	if (!inode_is(ip, MODE_DIR))
		return -ENOTDIR;
	handle = channel_create(ip->ino);
	if (handle < 0)
		return handle;
	ip->channels++;
	reply->handle = handle;
	reply->close_handle = true;
	return 0;
}

static int at_inode(struct inode *ip, const struct request *request, struct reply *reply)
{
	struct fs_times times;

	switch (request->label) {
	case FS_STAT:
		fill_stat(ip, (struct fs_stat *)reply->data);
		reply->bytes = sizeof(struct fs_stat);
		return 0;
	case FS_READLINK: return read_link(ip, reply);
	case FS_CHMOD: return change_mode(ip, request->w[1]);
	case FS_CHOWN: return change_owner(ip, request->w[1], request->w[2]);
	case FS_UTIMES:
		memcpy(&times, request->data, sizeof(times));
		return change_times(ip, &times);
	case FS_TRUNCATE: return truncate_at(ip, request);
	case FS_ACCESS: return check_access(ip, request->w[1]);
	default: return lookup_directory(ip, reply);
	}
}

/* ------------------------------------------------------------------ new and old names */

static int make_node(struct walk *w, uint32_t mode)
{
	struct inode *ip;
	int error;

	if ((mode & MODE_TYPE) == 0)
		mode |= MODE_REGULAR;
	if ((mode & MODE_TYPE) != MODE_FIFO && (mode & MODE_TYPE) != MODE_REGULAR)
		return -EPERM;
	if (w->slash)
		return -ENOENT;
	error = name_create(
		w->dir, w->name, w->len, (uint16_t)(mode & (MODE_TYPE | MODE_BITS)), &ip);
	if (!error)
		inode_put(ip);
	return error;
}

static int remove_name(struct walk *w, bool directory)
{
	struct inode *ip = w->ip;

	if (w->mounted)
		return -EBUSY;
	if (!ip)
		return -ENOENT;
	if (directory && ip->ino == EXT2_ROOT_INO)
		return -EBUSY;
	if (!directory && w->slash)
		return inode_is(ip, MODE_DIR) ? -EPERM : -ENOTDIR;
	/* The walk's own hold must not make the inode look as if it were in use. */
	inode_put(ip);
	w->ip = NULL;
	return directory ? name_rmdir(w->dir, w->name, w->len)
			 : name_unlink(w->dir, w->name, w->len);
}

static int at_name(struct walk *w, const struct request *request)
{
	switch (request->label) {
	case FS_RMDIR: return remove_name(w, true);
	case FS_UNLINK: return remove_name(w, false);
	default: break;
	}
	if (w->ip || w->mounted)
		return -EEXIST;
	switch (request->label) {
	case FS_MKDIR:
		return name_mkdir(w->dir, w->name, w->len,
			(uint16_t)(MODE_DIR | (request->w[1] & MODE_BITS)));
	case FS_SYMLINK:
		if (w->slash)
			return -ENOENT;
		return name_symlink(
			w->dir, w->name, w->len, (const char *)request->data, request->w[1]);
	default: return make_node(w, request->w[1]);
	}
}

/* Where the path begins in the payload, or an error. */
static int path_offset(const struct request *request)
{
	uint32_t offset = 0;

	if (request->label == FS_SYMLINK)
		offset = request->w[1];
	if (request->label == FS_UTIMES)
		offset = sizeof(struct fs_times);
	return offset <= request->bytes ? (int)offset : -EINVAL;
}

static unsigned walk_flags(const struct request *request)
{
	switch (request->label) {
	case FS_MKDIR:
	case FS_RMDIR:
	case FS_UNLINK:
	case FS_SYMLINK:
	case FS_MKNOD: return WALK_PARENT;
	case FS_READLINK: return 0;
	case FS_STAT: return request->w[1] == 1 ? 0 : WALK_FOLLOW;
	case FS_CHMOD:
	case FS_UTIMES: return request->w[2] == 1 ? 0 : WALK_FOLLOW;
	case FS_CHOWN: return request->w[3] == 1 ? 0 : WALK_FOLLOW;
	default: return WALK_FOLLOW;
	}
}

void op_path(struct server *server, struct inode *ip, struct request *request, struct reply *reply)
{
	unsigned flags = walk_flags(request);
	int offset = path_offset(request), result;
	struct walk w;

	if (offset < 0) {
		reply->status = offset;
		return;
	}
	result = walk(server, ip, (const char *)request->data + offset,
		request->bytes - (uint32_t)offset, flags, &w);
	if (result)
		reply_walk(reply, result, &w);
	else if (flags & WALK_PARENT)
		reply->status = at_name(&w, request);
	else
		reply->status = at_inode(w.ip, request, reply);
	walk_end(&w);
}

/* ------------------------------------------------------------------ two paths */

static int rename_or_link(struct walk *from, struct walk *to, bool link)
{
	if (!from->ip)
		return -ENOENT;
	if (from->mounted || to->mounted)
		return link ? -EEXIST : -EBUSY;
	if (from->slash && !inode_is(from->ip, MODE_DIR))
		return -ENOTDIR;
	if (link) {
		if (to->ip)
			return -EEXIST;
		if (to->slash)
			return -ENOENT;
		return name_link(from->ip, to->dir, to->name, to->len);
	}
	if (to->slash && !inode_is(from->ip, MODE_DIR))
		return -ENOTDIR;
	/* As in remove_name: no holds on what is about to lose a name. */
	inode_put(to->ip);
	to->ip = NULL;
	return name_rename(from->dir, from->name, from->len, to->dir, to->name, to->len);
}

void op_rename(
	struct server *server, struct inode *ip, struct request *request, struct reply *reply)
{
	const char *paths = (const char *)request->data;
	uint32_t first = request->w[1], badge;
	struct inode *other;
	struct walk from, to;
	int result;

	result = request->handles[0] < 0 ? -EINVAL : channel_badge(request->handles[0], &badge);
	if (!result && first > request->bytes)
		result = -EINVAL;
	if (!result)
		result = inode_of_badge(server->fs, badge, &other);
	if (result) {
		reply->status = result;
		return;
	}
	result = walk(server, ip, paths, first, WALK_PARENT, &from);
	if (result) {
		reply_walk(reply, result, &from);
		reply->w1 = 1;
	} else {
		result = walk(
			server, other, paths + first, request->bytes - first, WALK_PARENT, &to);
		if (result) {
			reply_walk(reply, result, &to);
			reply->w1 = 2;
		} else {
			reply->status = rename_or_link(&from, &to, request->label == FS_LINK);
		}
		walk_end(&to);
	}
	walk_end(&from);
	inode_put(other);
}
