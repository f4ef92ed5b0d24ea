/* A regular file as its memory object shows it: the kernel has the size and the pages, we have the
 * blocks. Changing the size downward takes three steps in this order: the kernel drops the pages,
 * transfers in flight end, the blocks are freed.
 */
#include <assert.h>
#include "server.h"

static uint64_t blocks_for(const struct fs *fs, uint64_t bytes)
{
	return (bytes + fs->block_size - 1) >> fs->block_shift;
}

int file_object(struct inode *ip)
{
	struct quire_obj_info info;
	int object;

	fs_assert_locked(ip->fs);
	if (ip->object >= 0)
		return ip->object;
	object = object_create(ip->ino, inode_size(ip));
	if (object < 0)
		return object;
	ip->object = object;
	object_set_capacity(object, inode_size(ip));
	if (object_info(object, &info) == 0)
		ip->write_seq = info.write_seq;
	return object;
}

bool file_drop_object(struct inode *ip, bool force)
{
	struct quire_obj_info info;

	if (!force && object_info(ip->object, &info) == 0 && info.dirty)
		return false;
	if (ip->raw->links == 0)
		object_set_size(ip->object, 0);
	handle_close(ip->object);
	ip->object = -1;
	return true;
}

uint64_t file_size(struct inode *ip)
{
	struct quire_obj_info info;

	fs_assert_locked(ip->fs);
	if (ip->object < 0 || object_info(ip->object, &info) < 0)
		return inode_size(ip);
	if (info.regions)
		ip->mapped = true;
	if (info.write_seq != ip->write_seq) {
		ip->write_seq = info.write_seq;
		if (!ip->fs->read_only)
			inode_touch(ip, TIME_MODIFY | TIME_CHANGE);
	}
	return info.size;
}

int file_zero_tail(struct inode *ip, uint64_t size)
{
	struct fs *fs = ip->fs;
	uint32_t from = (uint32_t)(size & (fs->block_size - 1)), block;
	int error;

	if (!from)
		return 0;
	error = map_lookup(ip, (uint32_t)(size >> fs->block_shift), &block);
	if (error || !block)
		return error;
	fs_unlock(fs);
	pthread_mutex_lock(&fs->flush_lock);
	error = fs->backing->zero_tail(fs->backing, block, from, fs->block_size);
	pthread_mutex_unlock(&fs->flush_lock);
	fs_lock(fs);
	meta_stored(fs, block);
	return error;
}

static int shrink(struct inode *ip, uint64_t size)
{
	struct fs *fs = ip->fs;
	int error = 0;

	if (ip->object >= 0) {
		error = object_set_size(ip->object, size);
		if (error)
			return error;
		object_set_capacity(ip->object, size);
	}
	reserve_trim(ip, (uint32_t)((size + PAGE_BYTES - 1) >> PAGE_SHIFT));
	inode_set_size(ip, size);
	error = file_zero_tail(ip, size);
	if (!error)
		error = map_truncate(ip, (uint32_t)blocks_for(fs, size));
	return error;
}

static int grow(struct inode *ip, uint64_t old, uint64_t size)
{
	uint32_t page = (uint32_t)(old >> PAGE_SHIFT);
	int error = 0;

	if (size > ip->fs->max_size)
		return -EFBIG;
	/* The old last page is no hole that the kernel would ask about, but may lack blocks. */
	if (ip->object >= 0 && old & (PAGE_BYTES - 1))
		error = reserve_pages(ip, page, 1);
	if (!error && ip->object >= 0)
		error = object_set_size(ip->object, size);
	if (!error)
		inode_set_size(ip, size);
	return error;
}

int file_set_size(struct inode *ip, uint64_t size)
{
	uint64_t old;
	int error = 0;

	fs_assert_locked(ip->fs);
	if (ip->fs->read_only)
		return -EROFS;
	inode_exclude(ip);
	old = file_size(ip);
	if (size > old)
		error = grow(ip, old, size);
	else if (size < old || reserve_next(ip, (uint32_t)(size >> PAGE_SHIFT)) != UINT32_MAX)
		error = shrink(ip, size);
	if (!error)
		inode_touch(ip, TIME_MODIFY | TIME_CHANGE);
	inode_admit(ip);
	return error;
}

/* ------------------------------------------------------------------ allocation */

#define ALLOCATE_BATCH 64

/* Gives up to a batch of holes from *next on blocks that read as zero. The zeros go to the disk as
 * metadata would, then the blocks become the file's. */
static int fill_holes(struct inode *ip, uint32_t *next, uint32_t end)
{
	struct fs *fs = ip->fs;
	uint32_t file_block[ALLOCATE_BATCH], block[ALLOCATE_BATCH], n = 0, done = 0;
	int error = 0;

	while (*next < end && n < ALLOCATE_BATCH && !error) {
		uint32_t page = *next / fs->blocks_per_page, there, count;

		error = map_lookup(ip, *next, &there);
		if (!error && !there)
			error = map_prepare(ip, *next);
		if (!error && !there)
			error = block_alloc(fs, BLOCK_DATA, ip->goal,
				reserve_promised(ip, page) > 0, 1, &block[n], &count);
		if (error)
			break;
		if (!there) {
			meta_new(fs, block[n]);
			block_placed(fs, block[n], true);
			ip->goal = block[n] + 1;
			file_block[n++] = *next;
			reserve_use(ip, page, 1);
		}
		++*next;
	}
	if (n) {
		int failed;

		fs_unlock(fs);
		failed = fs_flush(fs, false);
		fs_lock(fs);
		if (failed)
			error = failed;
		for (; !failed && done < n; done++)
			if (map_commit(ip, file_block[done], block[done]) < 0)
				break;
			else
				block_placed(fs, block[done], false);
		for (uint32_t i = done; i < n; i++)
			block_free(fs, block[i]);
	} else if (error == -EAGAIN) {
		fs_unlock(fs);
		error = fs_flush(fs, false);
		fs_lock(fs);
		return error ? error : -EAGAIN;
	}
	return error == -EAGAIN ? 0 : error;
}

/* Whether the holes in [next, last) can all be filled. */
static int check_room(struct inode *ip, uint32_t next, uint32_t last)
{
	uint64_t room = (uint64_t)blocks_available(ip->fs) + ip->reserved, holes = 0;

	for (; next < last && holes <= room; next++) {
		uint32_t block;
		int error = map_lookup(ip, next, &block);

		if (error)
			return error;
		holes += !block;
	}
	return holes > room ? -ENOSPC : 0;
}

int file_allocate(struct inode *ip, uint64_t offset, uint64_t length)
{
	struct fs *fs = ip->fs;
	uint64_t end = offset + length;
	uint32_t next, last;
	int error;

	if (!length || offset > INT64_MAX || length > INT64_MAX)
		return -EINVAL;
	if (end > fs->max_size)
		return -EFBIG;
	if (fs->read_only)
		return -EROFS;
	error = write_back(ip, 0, UINT32_MAX);
	if (error)
		return error;
	next = (uint32_t)(offset >> fs->block_shift);
	last = (uint32_t)blocks_for(fs, end);
	inode_exclude(ip);
	error = check_room(ip, next, last);
	while (next < last && !error) {
		error = fill_holes(ip, &next, last);
		if (error == -EAGAIN)
			error = 0; /* blocks have thawed */
	}
	if (!error && end > file_size(ip))
		error = grow(ip, file_size(ip), end);
	if (error)
		map_truncate(ip, (uint32_t)blocks_for(fs, file_size(ip)));
	inode_touch(ip, TIME_CHANGE);
	inode_admit(ip);
	return error;
}

int file_seek(struct inode *ip, uint64_t offset, bool hole, uint64_t *found)
{
	struct fs *fs = ip->fs;
	uint64_t size;
	uint32_t at;
	int error = ip->object >= 0 ? write_back(ip, 0, UINT32_MAX) : 0;

	if (error)
		return error;
	size = file_size(ip);
	if (offset >= size)
		return -ENXIO;
	error = map_seek(ip, (uint32_t)(offset >> fs->block_shift), (uint32_t)blocks_for(fs, size),
		hole, &at);
	if (error)
		return error;
	*found = (uint64_t)at << fs->block_shift;
	if (*found < offset)
		*found = offset;
	if (*found >= size) {
		if (!hole)
			return -ENXIO;
		*found = size;
	}
	return 0;
}
