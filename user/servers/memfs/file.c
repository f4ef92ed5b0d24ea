/* Regular files, and what can be asked and said about any node: attributes.
 *
 * A file's bytes are an anonymous memory object. Its size is the kernel's to know, since writes don't
 * pass here; its modification time is noticed when somebody asks, by the object's write counter.
 * Questions about an open file come through its stream, with the node's id as the object's key. So a
 * node whose names are all gone stays until the kernel says that its object is used by nobody.
 */
#include "memfs.h"

#include <quire/server.h>
#include <quire/sys.h>

#define SECTOR	 512u
#define FILE_MAX 0x7fffffffull

/* Programs of the archive get their object when first used; it is shared by all who run them. */
int file_object(struct node *n)
{
	int object, served;

	if (n->file.object >= 0)
		return n->file.object;
	object = n->file.archived.data ? cpio_load(&n->file.archived) : sys_obj_create(0);
	if (object < 0)
		return object;
	/* The handle it was made with counts as use, the one to serve it by does not. */
	served = sys_obj_serve(object, SERVER_PORT, n->id);
	sys_close(object);
	if (served >= 0)
		n->file.object = served;
	return served;
}

int file_open(struct node *n, uint32_t flags)
{
	int object = file_object(n), stream;

	if (object < 0)
		return object;
	stream = sys_stream_create(object, (int)(flags & (QUIRE_O_ACCMODE | QUIRE_O_APPEND |
								 QUIRE_O_SYNC | QUIRE_O_NONBLOCK)));
	if (stream >= 0)
		n->file.used = true;
	return stream;
}

void file_idle(uint32_t id)
{
	struct node *n = node_find(id);
	struct quire_obj_info info;

	if (!n || !is_file(n) || n->file.object < 0 || sys_obj_info(n->file.object, &info) < 0 ||
		info.users > 0)
		return;
	n->file.used = false;
	node_release(n);
}

int file_set_size(struct node *n, uint64_t size)
{
	int object = file_object(n), status;

	if (object < 0)
		return object;
	if (size > FILE_MAX)
		return -EFBIG;
	status = sys_obj_set_size(object, size);
	if (status == 0)
		node_modified(n);
	return status == -ENOMEM ? -ENOSPC : status;
}

int file_allocate(struct node *n, uint64_t end)
{
	int object = file_object(n), status;
	struct quire_obj_info info;

	if (object < 0)
		return object;
	status = sys_obj_info(object, &info);
	return status < 0 || end <= info.size ? status : file_set_size(n, end);
}

void file_destroy(struct node *n)
{
	if (n->file.object >= 0)
		sys_close(n->file.object);
}

static void stat_file(struct node *n, struct fs_stat *st)
{
	struct quire_obj_info info;

	if (n->file.archived.data) {
		st->size = n->file.archived.size;
		st->blocks = (st->size + SECTOR - 1) / SECTOR;
		return;
	}
	if (n->file.object < 0 || sys_obj_info(n->file.object, &info) < 0)
		return;
	if (info.write_seq != n->file.write_seq) {
		n->file.write_seq = info.write_seq;
		node_modified(n);
	}
	st->size = info.size;
	st->blocks = (uint64_t)info.resident * (QUIRE_PAGE_SIZE / SECTOR);
}

void node_stat(struct node *n, struct fs_stat *st)
{
	*st = (struct fs_stat){.dev = n->tree->device, .ino = n->id};
	if (is_file(n))
		stat_file(n, st);
	else if (is_link(n))
		st->size = n->link.len;
	else if (is_device(n))
		st->rdev = 0x100u + (uint32_t)n->device;
	st->mode = n->mode;
	st->nlink = n->nlink;
	st->uid = n->uid;
	st->gid = n->gid;
	st->blksize = QUIRE_PAGE_SIZE;
	st->atime = n->atime.seconds;
	st->atime_ns = n->atime.ns;
	st->mtime = n->mtime.seconds;
	st->mtime_ns = n->mtime.ns;
	st->ctime = n->ctime.seconds;
	st->ctime_ns = n->ctime.ns;
}

static int set_time(struct time *to, int64_t seconds, uint32_t ns)
{
	if (ns == FS_OMIT)
		return 0;
	if (ns == FS_NOW)
		*to = time_now();
	else if (ns >= 1000000000u)
		return -EINVAL;
	else
		*to = (struct time){seconds, ns};
	return 0;
}

int node_set_times(struct node *n, const struct fs_times *times)
{
	struct time atime = n->atime, mtime = n->mtime;
	struct quire_obj_info info;
	int status = set_time(&atime, times->atime, times->atime_ns);

	if (status == 0)
		status = set_time(&mtime, times->mtime, times->mtime_ns);
	if (status < 0)
		return status;
	/* Writes before this moment are older than the time that is being set. */
	if (is_file(n) && n->file.object >= 0 && sys_obj_info(n->file.object, &info) == 0)
		n->file.write_seq = info.write_seq;
	n->atime = atime;
	n->mtime = mtime;
	node_changed(n);
	return 0;
}
