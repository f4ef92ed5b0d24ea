/* A directory's names in memory: an open hash table from name to the entry's offset, and for each
 * block the longest space a new entry could take. Built on the first search, so that a directory of
 * ten thousand names is read once and not ten thousand times. It is a cache only: it may be dropped
 * at any time.
 */
#include <stdlib.h>
#include <string.h>
#include "core.h"

#define SLOT_EMPTY   UINT32_MAX
#define SLOT_REMOVED (UINT32_MAX - 1)
#define SLOTS_MIN    16

struct index_slot {
	uint32_t hash;
	uint32_t offset; /* or SLOT_EMPTY, SLOT_REMOVED */
};

struct dir_index {
	struct index_slot *slots;
	uint32_t size; /* a power of two */
	uint32_t used; /* slots not empty */
	uint32_t live;
	uint16_t *room; /* bytes, by block of the directory */
	uint32_t blocks;
};

/* FNV-1a; the names are not an adversary's to choose beyond making their own directory slow. */
static uint32_t hash_name(const char *name, unsigned len)
{
	uint32_t hash = 2166136261u;

	for (unsigned i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)name[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static void put_slot(struct dir_index *index, uint32_t hash, uint32_t offset)
{
	uint32_t at = hash & (index->size - 1);

	while (index->slots[at].offset < SLOT_REMOVED)
		at = (at + 1) & (index->size - 1);
	if (index->slots[at].offset == SLOT_EMPTY)
		index->used++;
	index->slots[at] = (struct index_slot){hash, offset};
	index->live++;
}

static int resize(struct dir_index *index, uint32_t size)
{
	struct index_slot *old = index->slots;
	uint32_t old_size = index->size;
	struct index_slot *slots = malloc(size * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	memset(slots, 0xff, size * sizeof(*slots));
	index->slots = slots;
	index->size = size;
	index->used = index->live = 0;
	for (uint32_t i = 0; i < old_size; i++)
		if (old[i].offset < SLOT_REMOVED)
			put_slot(index, old[i].hash, old[i].offset);
	free(old);
	return 0;
}

int dir_index_add(struct dir_index *index, const char *name, unsigned len, uint32_t offset)
{
	if ((index->used + 1) * 4 > index->size * 3) {
		uint32_t size = SLOTS_MIN;
		int error;

		while (size < (index->live + 1) * 2)
			size *= 2;
		error = resize(index, size);
		if (error)
			return error;
	}
	put_slot(index, hash_name(name, len), offset);
	return 0;
}

bool dir_index_next(
	struct dir_index *index, const char *name, unsigned len, uint32_t *state, uint32_t *offset)
{
	uint32_t hash = hash_name(name, len);

	while (*state < index->size) {
		struct index_slot *slot = &index->slots[(hash + (*state)++) & (index->size - 1)];

		if (slot->offset == SLOT_EMPTY)
			return false;
		if (slot->hash == hash && slot->offset != SLOT_REMOVED) {
			*offset = slot->offset;
			return true;
		}
	}
	return false;
}

void dir_index_remove(struct dir_index *index, const char *name, unsigned len, uint32_t offset)
{
	uint32_t hash = hash_name(name, len);

	for (uint32_t i = 0; i < index->size; i++) {
		struct index_slot *slot = &index->slots[(hash + i) & (index->size - 1)];

		if (slot->offset == SLOT_EMPTY)
			return;
		if (slot->offset == offset) {
			slot->offset = SLOT_REMOVED;
			index->live--;
			return;
		}
	}
}

uint32_t dir_index_room(const struct dir_index *index, uint32_t bytes)
{
	for (uint32_t i = 0; i < index->blocks; i++)
		if (index->room[i] >= bytes)
			return i;
	return UINT32_MAX;
}

int dir_index_set_room(struct dir_index *index, uint32_t block, uint32_t bytes)
{
	if (block >= index->blocks) {
		uint16_t *room = realloc(index->room, (block + 1) * sizeof(*room));

		if (!room)
			return -ENOMEM;
		memset(room + index->blocks, 0, (block + 1 - index->blocks) * sizeof(*room));
		index->room = room;
		index->blocks = block + 1;
	}
	index->room[block] = (uint16_t)bytes;
	return 0;
}

static int index_block(struct inode *dir, struct dir_index *index, uint32_t number)
{
	struct fs *fs = dir->fs;
	uint32_t room = 0;
	uint8_t *block;
	int error = dir_block(dir, number, &block);

	if (error)
		return error;
	for (uint32_t at = 0; at < fs->block_size;) {
		const struct disk_dirent *e = (const struct disk_dirent *)(block + at);
		uint32_t slack;

		if (!dirent_ok(fs, block, at))
			return fs_corrupt(fs, "bad entry in directory", dir->ino);
		slack = e->rec_len - (e->ino ? DIRENT_SPACE(e->name_len) : 0);
		if (slack > room)
			room = slack;
		if (e->ino) {
			error = dir_index_add(
				index, e->name, e->name_len, (number << fs->block_shift) + at);
			if (error)
				return error;
		}
		at += e->rec_len;
	}
	return dir_index_set_room(index, number, room);
}

int dir_index_get(struct inode *dir, struct dir_index **out)
{
	struct dir_index *index = dir->index;
	uint32_t blocks = dir->raw->size >> dir->fs->block_shift;
	int error;

	*out = index;
	if (index)
		return 0;
	index = calloc(1, sizeof(*index));
	if (!index)
		return -ENOMEM;
	dir->index = index;
	error = resize(index, SLOTS_MIN);
	for (uint32_t i = 0; i < blocks && !error; i++)
		error = index_block(dir, index, i);
	if (error) {
		dir_index_drop(dir);
		return error;
	}
	*out = index;
	return 0;
}

void dir_index_drop(struct inode *dir)
{
	struct dir_index *index = dir->index;

	if (!index)
		return;
	dir->index = NULL;
	free(index->slots);
	free(index->room);
	free(index);
}
