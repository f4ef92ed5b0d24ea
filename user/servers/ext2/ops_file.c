/* Opening, and requests on what is open. A regular file is opened as a stream on its memory object:
 * from then on the kernel serves read, write and mappings, and only what concerns the whole file or its
 * name comes here.
 */
#include <string.h>
#include "server.h"

static bool wants_write(uint32_t flags)
{
	return (flags & QUIRE_O_ACCMODE) != QUIRE_O_RDONLY;
}

static int open_regular(struct inode *ip, uint32_t flags, struct reply *reply)
{
	int error, object, stream;

	if (ip->fs->read_only && (wants_write(flags) || flags & FS_O_TRUNC))
		return -EROFS;
	if (flags & FS_O_TRUNC) {
		error = file_set_size(ip, 0);
		if (error)
			return error;
	}
	object = file_object(ip);
	if (object < 0)
		return object;
	stream = stream_create(object, (int)(flags & (QUIRE_O_ACCMODE | QUIRE_O_APPEND |
							     QUIRE_O_SYNC | QUIRE_O_NONBLOCK)));
	if (stream < 0)
		return stream;
	ip->streams = true;
	reply->handle = stream;
	reply->close_handle = true;
	return 0;
}

static int open_directory(struct inode *ip, uint32_t flags, struct reply *reply)
{
	int handle;

	if (wants_write(flags) || flags & (FS_O_TRUNC | FS_O_CREAT))
		return -EISDIR;
	handle = channel_create(ip->ino | QUIRE_BADGE_FILE);
	if (handle < 0)
		return handle;
	ip->channels++;
	reply->handle = handle;
	reply->close_handle = true;
	return 0;
}

static void open_inode(struct server *server, struct inode *ip, uint32_t flags,
	const struct request *request, struct reply *reply)
{
	reply->w1 = ip->raw->mode & MODE_TYPE;
	if (flags & FS_O_DIRECTORY && !inode_is(ip, MODE_DIR)) {
		reply->status = -ENOTDIR;
		return;
	}
	switch (ip->raw->mode & MODE_TYPE) {
	case MODE_REGULAR: reply->status = open_regular(ip, flags, reply); break;
	case MODE_DIR: reply->status = open_directory(ip, flags, reply); break;
	case MODE_FIFO: fifo_open(server, ip, flags, request, reply); break;
	case MODE_SYMLINK: reply->status = -ELOOP; break;
	default: reply->status = -ENXIO; break;
	}
}

/* The file to open with O_CREAT, made if it is not there. */
static int find_or_create(struct walk *w, uint32_t flags, uint32_t mode)
{
	if (w->ip || w->mounted) {
		if (flags & FS_O_EXCL)
			return -EEXIST;
		if (w->mounted || inode_is(w->ip, MODE_DIR))
			return -EISDIR;
		return w->slash ? -ENOTDIR : 0;
	}
	if (w->slash)
		return -EISDIR;
	return name_create(
		w->dir, w->name, w->len, (uint16_t)(MODE_REGULAR | (mode & MODE_BITS)), &w->ip);
}

void op_open(struct server *server, struct inode *ip, struct request *request, struct reply *reply)
{
	uint32_t flags = request->w[1];
	unsigned how = flags & FS_O_NOFOLLOW ? 0 : WALK_FOLLOW;
	struct walk w;
	int result;

	if ((flags & QUIRE_O_ACCMODE) == QUIRE_O_ACCMODE) {
		reply->status = -EINVAL;
		return;
	}
	if (flags & FS_O_CREAT)
		how = WALK_PARENT | (flags & FS_O_EXCL ? 0 : how);
	result = walk(server, ip, (const char *)request->data, request->bytes, how, &w);
	if (!result && flags & FS_O_CREAT) {
		result = find_or_create(&w, flags, request->w[2]);
		flags &= ~(uint32_t)FS_O_CREAT;
	}
	if (result)
		reply_walk(reply, result, &w);
	else
		open_inode(server, w.ip, flags, request, reply);
	walk_end(&w);
}

/* ------------------------------------------------------------------ reading directories */

struct listing {
	struct fs *fs;
	struct reply *reply;
};

static uint8_t entry_type(struct fs *fs, const struct disk_dirent *e)
{
	static const uint8_t types[8] = {0, MODE_REGULAR >> 12, MODE_DIR >> 12, MODE_CHAR >> 12,
		MODE_BLOCK >> 12, MODE_FIFO >> 12, MODE_SOCKET >> 12, MODE_SYMLINK >> 12};

	if (fs->has_filetype)
		return types[e->file_type & 7];
	if (!inode_number_valid(fs, e->ino))
		return 0;
	return (uint8_t)(inode_raw(fs, e->ino)->mode >> 12);
}

static bool list_entry(void *context, const struct disk_dirent *e, uint32_t offset)
{
	struct listing *l = context;
	uint32_t length = (uint32_t)(sizeof(struct fs_dirent) + e->name_len + 3) & ~3u;
	struct fs_dirent *out = (struct fs_dirent *)(l->reply->data + l->reply->bytes);

	(void)offset;

	if (l->reply->bytes + length > sizeof(l->reply->data))
		return false;
	memset(out, 0, length);
	out->ino = e->ino;
	out->reclen = (uint16_t)length;
	out->type = entry_type(l->fs, e);
	out->namelen = e->name_len;
	memcpy(out->name, e->name, e->name_len);
	l->reply->bytes += length;
	return true;
}

static int read_directory(struct inode *ip, uint32_t cursor, struct reply *reply)
{
	struct listing l = {.fs = ip->fs, .reply = reply};
	int error;

	if (!inode_is(ip, MODE_DIR))
		return -ENOTDIR;
	if (!ip->raw->links)
		return -ENOENT;
	error = dir_walk(ip, &cursor, list_entry, &l);
	if (error)
		return error;
	reply->w1 = cursor;
	return (int)reply->bytes;
}

/* ------------------------------------------------------------------ open files */

static int allocate(struct inode *ip, const struct request *request)
{
	struct fs_range range;

	if (!inode_is(ip, MODE_REGULAR))
		return -ENODEV;
	if (request->bytes < sizeof(range))
		return -EINVAL;
	memcpy(&range, request->data, sizeof(range));
	return file_allocate(ip, range.offset, range.length);
}

static int seek(struct inode *ip, const struct request *request, struct reply *reply)
{
	struct fs_range range;
	int error;

	if (!inode_is(ip, MODE_REGULAR) || request->bytes < sizeof(range))
		return -EINVAL;
	memcpy(&range, request->data, sizeof(range));
	error = file_seek(ip, range.offset, request->w[1] == 1, &range.offset);
	if (error)
		return error;
	memcpy(reply->data, &range, sizeof(range));
	reply->bytes = sizeof(range);
	return 0;
}

static int set_times(struct inode *ip, const struct request *request)
{
	struct fs_times times;

	if (request->bytes < sizeof(times))
		return -EINVAL;
	memcpy(&times, request->data, sizeof(times));
	return change_times(ip, &times);
}

static int set_size(struct inode *ip, const struct request *request)
{
	uint64_t size = (uint64_t)request->w[2] << 32 | request->w[1];

	if (!inode_is(ip, MODE_REGULAR) || size > INT64_MAX)
		return -EINVAL;
	return file_set_size(ip, size);
}

static int directory_channel(struct inode *ip, struct reply *reply)
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

static void fill_statfs(struct fs *fs, struct fs_statfs *st)
{
	memset(st, 0, sizeof(*st));
	st->blocksize = fs->block_size;
	st->namemax = EXT2_NAME_MAX;
	st->blocks = fs->blocks;
	st->free = blocks_available(fs);
	st->files = fs->inodes;
	st->files_free = fs->super->free_inodes_count;
	memcpy(&st->fsid, fs->super->uuid, sizeof(st->fsid));
	st->flags = fs->read_only;
}

void op_file(struct server *server, struct inode *ip, struct request *request, struct reply *reply)
{
	int status = 0;

	switch (request->label) {
	case FS_FSTAT:
		fill_stat(ip, (struct fs_stat *)reply->data);
		reply->bytes = sizeof(struct fs_stat);
		break;
	case FS_FCHMOD: status = change_mode(ip, request->w[1]); break;
	case FS_FCHOWN: status = change_owner(ip, request->w[1], request->w[2]); break;
	case FS_FUTIMES: status = set_times(ip, request); break;
	case FS_FTRUNCATE: status = set_size(ip, request); break;
	case FS_ALLOCATE: status = allocate(ip, request); break;
	case FS_SEEK_DATA: status = seek(ip, request, reply); break;
	case FS_READDIR: status = read_directory(ip, request->w[1], reply); break;
	case FS_GETPATH:
		status = inode_is(ip, MODE_DIR)
				 ? path_of(server, ip, (char *)reply->data, &reply->bytes)
				 : -ENOTDIR;
		break;
	case FS_STATFS:
		fill_statfs(ip->fs, (struct fs_statfs *)reply->data);
		reply->bytes = sizeof(struct fs_statfs);
		break;
	case FS_DIRCHANNEL: status = directory_channel(ip, reply); break;
	default: status = -ENOSYS; break;
	}
	reply->status = status;
}
