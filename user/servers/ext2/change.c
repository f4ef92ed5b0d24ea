/* Changes of the name space, one component at a time: each either happens whole or not at all, as
 * seen by everyone who holds the lock after it. What can fail comes first.
 */
#include <string.h>
#include <assert.h>
#include "core.h"

static bool is_dots(const char *name, unsigned len)
{
	return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

/* Whether a new name may be made here: 0, -EEXIST, or why not. */
static int check_new(struct inode *dir, const char *name, unsigned len)
{
	struct dir_slot slot;
	int error;

	fs_assert_locked(dir->fs);
	if (dir->fs->read_only)
		return -EROFS;
	if (dir->raw->links == 0)
		return -ENOENT;
	error = dir_lookup(dir, name, len, &slot);
	if (error == -ENOENT)
		return 0;
	return error ? error : -EEXIST;
}

int name_lookup(struct inode *dir, const char *name, unsigned len, struct inode **out)
{
	struct dir_slot slot;
	int error = dir_lookup(dir, name, len, &slot);

	return error ? error : inode_get(dir->fs, slot.ino, out);
}

/* A new inode that gets no name after all. */
static void abandon(struct inode *ip)
{
	inode_change(ip);
	ip->raw->links = 0;
	inode_put(ip);
}

int name_create(
	struct inode *dir, const char *name, unsigned len, uint16_t mode, struct inode **out)
{
	struct inode *ip;
	int error = check_new(dir, name, len);

	if (!error)
		error = inode_alloc(dir->fs, dir, mode, &ip);
	if (error)
		return error;
	error = dir_add(dir, name, len, ip->ino, mode);
	if (error) {
		abandon(ip);
		return error;
	}
	inode_change(ip);
	ip->raw->links = 1;
	*out = ip;
	return 0;
}

int name_mkdir(struct inode *dir, const char *name, unsigned len, uint16_t mode)
{
	struct inode *ip;
	int error = check_new(dir, name, len);

	if (error)
		return error;
	if (dir->raw->links >= EXT2_LINK_MAX)
		return -EMLINK;
	error = inode_alloc(dir->fs, dir, mode, &ip);
	if (error)
		return error;
	error = dir_make(ip, dir->ino);
	if (!error)
		error = dir_add(dir, name, len, ip->ino, mode);
	if (error) {
		abandon(ip);
		return error;
	}
	inode_change(ip);
	ip->raw->links = 2;
	inode_change(dir);
	dir->raw->links++;
	inode_put(ip);
	return 0;
}

int name_symlink(
	struct inode *dir, const char *name, unsigned len, const char *target, unsigned bytes)
{
	struct fs *fs = dir->fs;
	struct inode *ip;
	uint32_t block, count;
	int error = check_new(dir, name, len);

	if (error)
		return error;
	if (bytes == 0)
		return -ENOENT;
	if (bytes >= fs->block_size)
		return -ENAMETOOLONG;
	error = inode_alloc(fs, dir, MODE_SYMLINK | 0777, &ip);
	if (error)
		return error;
	inode_change(ip);
	if (bytes < sizeof(ip->raw->block)) {
		memcpy(ip->raw->block, target, bytes);
	} else {
		error = block_alloc(fs, BLOCK_META, 0, false, 1, &block, &count);
		if (!error) {
			memcpy(meta_new(fs, block), target, bytes);
			error = map_commit(ip, 0, block);
		}
	}
	if (!error) {
		inode_set_size(ip, bytes);
		error = dir_add(dir, name, len, ip->ino, ip->raw->mode);
	}
	if (error) {
		abandon(ip);
		return error;
	}
	inode_change(ip);
	ip->raw->links = 1;
	inode_put(ip);
	return 0;
}

/* One link less. Whoever still uses it keeps it; on the disk, the orphan list does. */
static void drop_link(struct inode *ip)
{
	inode_change(ip);
	if (inode_is(ip, MODE_DIR))
		ip->raw->links = 0;
	else
		ip->raw->links--;
	inode_touch(ip, TIME_CHANGE);
	if (ip->raw->links == 0)
		bit_change(ip->fs, ip->fs->unsettled, ip->ino, true);
	if (ip->raw->links == 0 && (ip->refs > 1 || ip->channels || ip->streams))
		orphan_add(ip);
}

static void drop_parent_link(struct inode *dir)
{
	inode_change(dir);
	if (dir->raw->links > 2)
		dir->raw->links--;
}

int name_rmdir(struct inode *dir, const char *name, unsigned len)
{
	struct dir_slot slot;
	struct inode *ip;
	int error;

	fs_assert_locked(dir->fs);
	if (is_dots(name, len))
		return len == 1 ? -EINVAL : -ENOTEMPTY;
	error = dir_lookup(dir, name, len, &slot);
	if (!error)
		error = inode_get(dir->fs, slot.ino, &ip);
	if (error)
		return error;
	if (!inode_is(ip, MODE_DIR))
		error = -ENOTDIR;
	else if (ip->ino == EXT2_ROOT_INO || ip == dir)
		error = fs_corrupt(dir->fs, "a second name for directory", ip->ino);
	else if (dir->fs->read_only)
		error = -EROFS;
	else
		error = dir_check_empty(ip);
	if (!error)
		error = dir_remove(dir, name, len, &slot);
	if (!error) {
		drop_parent_link(dir);
		drop_link(ip);
	}
	inode_put(ip);
	return error;
}

int name_unlink(struct inode *dir, const char *name, unsigned len)
{
	struct dir_slot slot;
	struct inode *ip;
	int error;

	fs_assert_locked(dir->fs);
	error = dir_lookup(dir, name, len, &slot);
	if (!error)
		error = inode_get(dir->fs, slot.ino, &ip);
	if (error)
		return error;
	if (inode_is(ip, MODE_DIR))
		error = -EPERM;
	else if (dir->fs->read_only)
		error = -EROFS;
	else
		error = dir_remove(dir, name, len, &slot);
	if (!error)
		drop_link(ip);
	inode_put(ip);
	return error;
}

int name_link(struct inode *ip, struct inode *dir, const char *name, unsigned len)
{
	int error = check_new(dir, name, len);

	if (error)
		return error;
	if (inode_is(ip, MODE_DIR))
		return -EPERM;
	if (ip->raw->links == 0)
		return -ENOENT;
	if (ip->raw->links >= EXT2_LINK_MAX)
		return -EMLINK;
	error = dir_add(dir, name, len, ip->ino, ip->raw->mode);
	if (error)
		return error;
	inode_change(ip);
	ip->raw->links++;
	inode_touch(ip, TIME_CHANGE);
	return 0;
}

/* ------------------------------------------------------------------ rename */

/* 0, or -EINVAL if `dir` is `ip` or lies below it. */
static int check_not_below(struct inode *ip, struct inode *dir)
{
	struct fs *fs = ip->fs;
	struct inode *at = inode_hold(dir);
	uint32_t limit = fs->inodes;
	int error = 0;

	while (!error && at->ino != EXT2_ROOT_INO) {
		struct inode *parent;

		if (at == ip) {
			error = -EINVAL;
			break;
		}
		if (!limit--) {
			error = fs_corrupt(fs, "directories in a circle at", at->ino);
			break;
		}
		error = name_lookup(at, "..", 2, &parent);
		if (error)
			break;
		inode_put(at);
		at = parent;
		if (!inode_is(at, MODE_DIR))
			error = fs_corrupt(fs, "the directory above is none", at->ino);
	}
	inode_put(at);
	return error;
}

/* Whether `target` may be replaced by `ip`. */
static int check_replace(struct inode *ip, struct inode *target)
{
	if (!inode_is(ip, MODE_DIR))
		return inode_is(target, MODE_DIR) ? -EISDIR : 0;
	if (!inode_is(target, MODE_DIR))
		return -ENOTDIR;
	return dir_check_empty(target);
}

struct rename {
	struct inode *from, *to, *ip, *target; /* target: what the new name meant before, or NULL */
	struct dir_slot old, new, up;
	const char *name, *new_name;
	unsigned len, new_len;
	bool moves_directory; /* to another one: its ".." changes */
};

static int rename_check(struct rename *r)
{
	int error;

	if (inode_is(r->ip, MODE_DIR)) {
		r->moves_directory = r->from != r->to;
		if (r->ip->ino == EXT2_ROOT_INO)
			return -EBUSY;
		error = check_not_below(r->ip, r->to);
		if (error)
			return error;
	}
	if (r->target) {
		error = check_replace(r->ip, r->target);
		if (error)
			return error;
		if (r->target == r->to || r->target == r->from)
			return -ENOTEMPTY;
	}
	if (r->moves_directory) {
		if (!r->target && r->to->raw->links >= EXT2_LINK_MAX)
			return -EMLINK;
		error = dir_lookup(r->ip, "..", 2, &r->up);
		if (error)
			return error == -ENOENT
				       ? fs_corrupt(r->ip->fs, "no .. in directory", r->ip->ino)
				       : error;
	}
	return 0;
}

static int rename_perform(struct rename *r)
{
	uint16_t mode = r->ip->raw->mode;
	int error;

	if (r->target)
		error = dir_replace(r->to, &r->new, r->ip->ino, mode);
	else
		error = dir_add(r->to, r->new_name, r->new_len, r->ip->ino, mode);
	if (error)
		return error;
	error = dir_remove(r->from, r->name, r->len, &r->old);
	if (error)
		return error;
	if (r->moves_directory) {
		drop_parent_link(r->from);
		inode_change(r->to);
		r->to->raw->links++;
		error = dir_replace(r->ip, &r->up, r->to->ino, MODE_DIR);
	}
	if (r->target) {
		if (inode_is(r->target, MODE_DIR))
			drop_parent_link(r->to);
		drop_link(r->target);
	}
	inode_touch(r->ip, TIME_CHANGE);
	return error;
}

int name_rename(struct inode *from, const char *name, unsigned len, struct inode *to,
	const char *new_name, unsigned new_len)
{
	struct fs *fs = from->fs;
	struct rename r = {.from = from,
		.to = to,
		.name = name,
		.len = len,
		.new_name = new_name,
		.new_len = new_len};
	int error;

	fs_assert_locked(fs);
	if (is_dots(name, len) || is_dots(new_name, new_len))
		return -EBUSY;
	if (fs->read_only)
		return -EROFS;
	if (to->raw->links == 0)
		return -ENOENT;
	error = dir_lookup(from, name, len, &r.old);
	if (error)
		return error;
	error = dir_lookup(to, new_name, new_len, &r.new);
	if (error && error != -ENOENT)
		return error;
	if (!error && r.new.ino == r.old.ino)
		return 0; /* two names of one file: POSIX leaves both */
	if (!error)
		error = inode_get(fs, r.new.ino, &r.target);
	else
		error = 0;
	if (!error)
		error = inode_get(fs, r.old.ino, &r.ip);
	if (!error)
		error = rename_check(&r);
	if (!error)
		error = rename_perform(&r);
	inode_put(r.target);
	inode_put(r.ip);
	return error;
}

/* ------------------------------------------------------------------ symbolic links */

bool symlink_is_fast(const struct inode *ip)
{
	uint32_t own = ip->raw->file_acl ? ip->fs->block_size >> SECTOR_SHIFT : 0;

	return ip->raw->sectors == own;
}

int symlink_read(struct inode *ip, const char **target, uint32_t *bytes)
{
	struct fs *fs = ip->fs;
	uint32_t block, size = ip->raw->size;
	int error;

	fs_assert_locked(fs);
	*bytes = size;
	if (symlink_is_fast(ip)) {
		if (size == 0 || size > sizeof(ip->raw->block))
			return fs_corrupt(fs, "bad symbolic link", ip->ino);
		*target = (const char *)ip->raw->block;
		return 0;
	}
	if (size == 0 || size >= fs->block_size)
		return fs_corrupt(fs, "bad symbolic link", ip->ino);
	error = map_lookup(ip, 0, &block);
	if (error)
		return error;
	if (!block)
		return fs_corrupt(fs, "bad symbolic link", ip->ino);
	*target = meta_block(fs, block);
	return 0;
}
