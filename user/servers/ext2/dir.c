/* Directories: linear lists of entries in metadata blocks.
 *
 * An entry never moves while it lives, so its byte offset serves as a reading cursor and in the
 * index. A hash tree that another system left is not followed and, once we change the directory, not
 * claimed any more: its blocks read as ordinary empty entries.
 */
#include <string.h>
#include <assert.h>
#include "core.h"

uint8_t dirent_type(uint16_t mode)
{
	switch (mode & MODE_TYPE) {
	case MODE_REGULAR: return 1;
	case MODE_DIR: return 2;
	case MODE_CHAR: return 3;
	case MODE_BLOCK: return 4;
	case MODE_FIFO: return 5;
	case MODE_SOCKET: return 6;
	case MODE_SYMLINK: return 7;
	default: return 0;
	}
}

bool dirent_ok(const struct fs *fs, const uint8_t *block, uint32_t offset)
{
	const struct disk_dirent *e = (const struct disk_dirent *)(block + offset);

	if (offset % 4 || offset + sizeof(*e) > fs->block_size)
		return false;
	return e->rec_len % 4 == 0 && e->rec_len >= DIRENT_SPACE(1) &&
	       e->rec_len <= fs->block_size - offset && DIRENT_SPACE(e->name_len) <= e->rec_len;
}

int dir_block(struct inode *dir, uint32_t index, uint8_t **out)
{
	uint32_t block;
	int error = map_lookup(dir, index, &block);

	if (error)
		return error;
	if (!block)
		return fs_corrupt(dir->fs, "a hole in directory", dir->ino);
	*out = meta_block(dir->fs, block);
	return 0;
}

static int bad_entry(struct inode *dir)
{
	return fs_corrupt(dir->fs, "bad entry in directory", dir->ino);
}

struct disk_dirent *dir_entry_at(struct inode *dir, uint32_t offset)
{
	struct fs *fs = dir->fs;
	uint8_t *block;

	if (offset >= dir->raw->size || dir_block(dir, offset >> fs->block_shift, &block) < 0)
		return NULL;
	offset &= fs->block_size - 1;
	if (!dirent_ok(fs, block, offset)) {
		bad_entry(dir);
		return NULL;
	}
	return (struct disk_dirent *)(block + offset);
}

int dir_lookup(struct inode *dir, const char *name, unsigned len, struct dir_slot *slot)
{
	struct dir_index *index;
	uint32_t state = 0, offset;
	int error;

	fs_assert_locked(dir->fs);
	if (len > EXT2_NAME_MAX)
		return -ENAMETOOLONG;
	error = dir_index_get(dir, &index);
	if (error)
		return error;
	while (dir_index_next(index, name, len, &state, &offset)) {
		const struct disk_dirent *e = dir_entry_at(dir, offset);

		if (!e)
			return -EIO;
		if (e->ino && e->name_len == len && !memcmp(e->name, name, len)) {
			*slot = (struct dir_slot){offset, e->ino};
			return 0;
		}
	}
	return -ENOENT;
}

/* ------------------------------------------------------------------ changes */

static uint32_t entry_slack(const struct disk_dirent *e)
{
	return e->rec_len - (e->ino ? DIRENT_SPACE(e->name_len) : 0);
}

/* Tells the index the longest free space of a block that has been changed. */
static void update_room(struct inode *dir, struct dir_index *index, uint32_t block_index)
{
	struct fs *fs = dir->fs;
	uint8_t *block;
	uint32_t room = 0;

	if (dir_block(dir, block_index, &block) < 0)
		return;
	for (uint32_t at = 0; at < fs->block_size && dirent_ok(fs, block, at);) {
		const struct disk_dirent *e = (const struct disk_dirent *)(block + at);

		if (entry_slack(e) > room)
			room = entry_slack(e);
		at += e->rec_len;
	}
	if (dir_index_set_room(index, block_index, room) < 0)
		dir_index_drop(dir);
}

static void dir_changed(struct inode *dir)
{
	inode_change(dir);
	dir->raw->flags &= ~EXT2_INDEX_FL;
	inode_touch(dir, TIME_MODIFY | TIME_CHANGE);
}

/* One more block at the end, all of it free. */
static int dir_grow(struct inode *dir, uint32_t *index)
{
	struct fs *fs = dir->fs;
	uint32_t block, count;
	struct disk_dirent *e;
	int error;

	if (dir->raw->size > INT32_MAX - fs->block_size)
		return -ENOSPC;
	*index = dir->raw->size >> fs->block_shift;
	error = map_prepare(dir, *index);
	if (!error)
		error = block_alloc(fs, BLOCK_META, dir->goal, false, 1, &block, &count);
	if (error)
		return error;
	e = meta_new(fs, block);
	e->rec_len = (uint16_t)fs->block_size;
	error = map_commit(dir, *index, block);
	if (error) {
		block_free(fs, block);
		return error;
	}
	dir->goal = block + 1;
	inode_set_size(dir, dir->raw->size + fs->block_size);
	return 0;
}

static void fill_entry(struct fs *fs, struct disk_dirent *e, const char *name, unsigned len,
	uint32_t ino, uint16_t mode)
{
	e->ino = ino;
	e->name_len = (uint8_t)len;
	e->file_type = fs->has_filetype ? dirent_type(mode) : 0;
	memcpy(e->name, name, len);
}

/* Puts the entry into the first sufficient space of the block; *offset is within the block. */
static int insert(struct inode *dir, uint8_t *block, const char *name, unsigned len, uint32_t ino,
	uint16_t mode, uint32_t *offset)
{
	struct fs *fs = dir->fs;

	for (uint32_t at = 0; at < fs->block_size;) {
		struct disk_dirent *e = (struct disk_dirent *)(block + at);
		uint32_t used;

		if (!dirent_ok(fs, block, at))
			return bad_entry(dir);
		if (entry_slack(e) >= DIRENT_SPACE(len)) {
			used = e->rec_len - entry_slack(e);
			meta_change(fs, e, sizeof(*e));
			meta_change(fs, block + at + used, DIRENT_SPACE(len));
			if (used) {
				struct disk_dirent *fresh =
					(struct disk_dirent *)(block + at + used);

				fresh->rec_len = (uint16_t)(e->rec_len - used);
				e->rec_len = (uint16_t)used;
				e = fresh;
			}
			fill_entry(fs, e, name, len, ino, mode);
			*offset = at + used;
			return 0;
		}
		at += e->rec_len;
	}
	return -ENOSPC;
}

int dir_add(struct inode *dir, const char *name, unsigned len, uint32_t ino, uint16_t mode)
{
	struct fs *fs = dir->fs;
	struct dir_index *index;
	uint32_t block_index, offset = 0;
	uint8_t *block;
	int error;

	fs_assert_locked(fs);
	if (fs->read_only)
		return -EROFS;
	error = dir_index_get(dir, &index);
	if (error)
		return error;
	block_index = dir_index_room(index, DIRENT_SPACE(len));
	if (block_index == UINT32_MAX) {
		error = dir_grow(dir, &block_index);
		if (error)
			return error;
	}
	error = dir_block(dir, block_index, &block);
	if (!error)
		error = insert(dir, block, name, len, ino, mode, &offset);
	if (error)
		return error;
	dir_changed(dir);
	/* Without memory for the index it is dropped, and built again when there is some. */
	if (dir_index_add(index, name, len, (block_index << fs->block_shift) + offset) < 0)
		dir_index_drop(dir);
	else
		update_room(dir, index, block_index);
	return 0;
}

int dir_remove(struct inode *dir, const char *name, unsigned len, const struct dir_slot *slot)
{
	struct fs *fs = dir->fs;
	uint32_t target = slot->offset & (fs->block_size - 1);
	struct disk_dirent *e, *previous = NULL;
	struct dir_index *index;
	uint8_t *block;
	int error;

	fs_assert_locked(fs);
	error = dir_index_get(dir, &index);
	if (!error)
		error = dir_block(dir, slot->offset >> fs->block_shift, &block);
	if (error)
		return error;
	for (uint32_t at = 0; at != target; at += previous->rec_len) {
		if (at > target || !dirent_ok(fs, block, at))
			return bad_entry(dir);
		previous = (struct disk_dirent *)(block + at);
	}
	if (!dirent_ok(fs, block, target))
		return bad_entry(dir);
	e = (struct disk_dirent *)(block + target);
	meta_change(fs, e, sizeof(*e));
	if (previous)
		meta_change(fs, previous, sizeof(*previous));
	if (previous)
		previous->rec_len = (uint16_t)(previous->rec_len + e->rec_len);
	e->ino = 0;
	dir_changed(dir);
	dir_index_remove(index, name, len, slot->offset);
	update_room(dir, index, slot->offset >> fs->block_shift);
	return 0;
}

int dir_replace(struct inode *dir, const struct dir_slot *slot, uint32_t ino, uint16_t mode)
{
	struct disk_dirent *e = dir_entry_at(dir, slot->offset);

	if (!e)
		return -EIO;
	meta_change(dir->fs, e, sizeof(*e));
	e->ino = ino;
	e->file_type = dir->fs->has_filetype ? dirent_type(mode) : 0;
	dir_changed(dir);
	return 0;
}

/* ------------------------------------------------------------------ whole directories */

int dir_walk(struct inode *dir, uint32_t *cursor, dir_each *each, void *context)
{
	struct fs *fs = dir->fs;
	uint32_t from = *cursor;

	fs_assert_locked(fs);
	while (from < dir->raw->size) {
		uint32_t base = from & ~(fs->block_size - 1);
		uint8_t *block;
		int error = dir_block(dir, base >> fs->block_shift, &block);

		if (error)
			return error;
		/* The entry at the cursor may have gone: find the next that starts no earlier. */
		for (uint32_t at = 0; at < fs->block_size;) {
			const struct disk_dirent *e = (const struct disk_dirent *)(block + at);

			if (!dirent_ok(fs, block, at))
				return bad_entry(dir);
			if (base + at >= from && e->ino && !each(context, e, base + at)) {
				*cursor = base + at;
				return 0;
			}
			at += e->rec_len;
		}
		from = base + fs->block_size;
	}
	*cursor = from;
	return 0;
}

static bool is_dot(const struct disk_dirent *e)
{
	return (e->name_len == 1 && e->name[0] == '.') ||
	       (e->name_len == 2 && e->name[0] == '.' && e->name[1] == '.');
}

static bool note_name(void *context, const struct disk_dirent *e, uint32_t offset)
{
	(void)offset;
	if (is_dot(e))
		return true;
	*(bool *)context = true;
	return false;
}

int dir_check_empty(struct inode *dir)
{
	uint32_t cursor = 0;
	bool found = false;
	int error = dir_walk(dir, &cursor, note_name, &found);

	if (error)
		return error;
	return found ? -ENOTEMPTY : 0;
}

int dir_make(struct inode *dir, uint32_t parent_ino)
{
	struct fs *fs = dir->fs;
	struct disk_dirent *dot, *dotdot;
	uint32_t index;
	uint8_t *block;
	int error;

	if (!dir->goal)
		dir->goal = fs->first_data_block +
			    (dir->ino - 1) / fs->inodes_per_group * fs->blocks_per_group;
	error = dir_grow(dir, &index);
	if (!error)
		error = dir_block(dir, index, &block);
	if (error)
		return error;
	dot = (struct disk_dirent *)block;
	dot->rec_len = DIRENT_SPACE(1);
	fill_entry(fs, dot, ".", 1, dir->ino, MODE_DIR);
	dotdot = (struct disk_dirent *)(block + DIRENT_SPACE(1));
	dotdot->rec_len = (uint16_t)(fs->block_size - DIRENT_SPACE(1));
	fill_entry(fs, dotdot, "..", 2, parent_ino, MODE_DIR);
	return 0;
}
