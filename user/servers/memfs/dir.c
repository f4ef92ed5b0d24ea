/* The entries of directories: one table of all names, hashed by directory and name, and for each
 * directory a list in the order in which its entries were made. A cursor of readdir is the cookie of
 * the next entry: cookies only grow, so adding and removing others moves nobody's cursor. */
#include "memfs.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS_FIRST  256u
#define COOKIE_DOT     0u
#define COOKIE_DOT_DOT 1u
#define COOKIE_FIRST   2u

static struct dir_entry **buckets;
static uint32_t bucket_count, entry_count;

/* FNV-1a over the directory's id and the name. */
static uint32_t hash(const struct node *dir, const char *name, size_t len)
{
	uint32_t h = 2166136261u ^ dir->id * 2654435761u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)name[i]) * 16777619u;
	return h;
}

struct dir_entry *dir_lookup(const struct node *dir, const char *name, size_t len)
{
	struct dir_entry *e;

	if (!bucket_count)
		return NULL;
	e = buckets[hash(dir, name, len) & (bucket_count - 1)];
	while (e && (e->dir != dir || e->len != len || memcmp(e->name, name, len)))
		e = e->chain;
	return e;
}

static void enter(struct dir_entry *e)
{
	struct dir_entry **bucket = &buckets[hash(e->dir, e->name, e->len) & (bucket_count - 1)];

	e->chain = *bucket;
	*bucket = e;
}

/* Doubles the table when there are as many entries as buckets. Without memory it stays as it is. */
static bool make_room(void)
{
	struct dir_entry **old = buckets, **bigger;
	uint32_t old_count = bucket_count;

	if (bucket_count && entry_count < bucket_count)
		return true;
	bigger = calloc(old_count ? old_count * 2 : BUCKETS_FIRST, sizeof(*bigger));
	if (!bigger)
		return bucket_count > 0;
	buckets = bigger;
	bucket_count = old_count ? old_count * 2 : BUCKETS_FIRST;
	for (uint32_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct dir_entry *e = old[i];

			old[i] = e->chain;
			enter(e);
		}
	}
	free(old);
	return true;
}

int dir_add(struct node *dir, const char *name, size_t len, struct node *node)
{
	struct dir_entry *e;

	if (!make_room())
		return -ENOSPC;
	e = malloc(sizeof(*e) + len);
	if (!e)
		return -ENOSPC;
	if (dir->dir.next_cookie < COOKIE_FIRST)
		dir->dir.next_cookie = COOKIE_FIRST;
	e->dir = dir;
	e->node = node;
	e->cookie = dir->dir.next_cookie++;
	e->len = (uint8_t)len;
	memcpy(e->name, name, len);
	e->next = NULL;
	e->previous = dir->dir.last;
	if (dir->dir.last)
		dir->dir.last->next = e;
	else
		dir->dir.first = e;
	dir->dir.last = e;
	enter(e);
	entry_count++;
	return 0;
}

void dir_remove(struct dir_entry *entry)
{
	struct node *dir = entry->dir;
	struct dir_entry **at = &buckets[hash(dir, entry->name, entry->len) & (bucket_count - 1)];

	while (*at != entry)
		at = &(*at)->chain;
	*at = entry->chain;
	if (entry->next)
		entry->next->previous = entry->previous;
	else
		dir->dir.last = entry->previous;
	if (entry->previous)
		entry->previous->next = entry->next;
	else
		dir->dir.first = entry->next;
	entry_count--;
	free(entry);
}

bool dir_is_empty(const struct node *dir)
{
	return !dir->dir.first;
}

/* Appends one record; false when it does not fit. */
static bool put(uint8_t *to, uint32_t *used, uint32_t size, const struct node *node,
	const char *name, size_t len)
{
	uint32_t bytes = (uint32_t)(sizeof(struct fs_dirent) + len + 3) & ~3u;
	struct fs_dirent *record = (struct fs_dirent *)(void *)(to + *used);

	if (bytes > size - *used)
		return false;
	memset(record, 0, bytes);
	record->ino = node->id;
	record->reclen = (uint16_t)bytes;
	record->type = (uint8_t)(node->mode >> 12);
	record->namelen = (uint8_t)len;
	memcpy(record->name, name, len);
	*used += bytes;
	return true;
}

uint32_t dir_read(const struct node *dir, uint32_t *cursor, uint8_t *to, uint32_t size)
{
	const struct dir_entry *e = dir->dir.first;
	uint32_t used = 0;

	if (!dir->dir.parent)
		return 0;
	if (*cursor == COOKIE_DOT && put(to, &used, size, dir, ".", 1))
		*cursor = COOKIE_DOT_DOT;
	if (*cursor == COOKIE_DOT_DOT && put(to, &used, size, dir->dir.parent, "..", 2))
		*cursor = COOKIE_FIRST;
	while (e && e->cookie < *cursor)
		e = e->next;
	for (; e; e = e->next) {
		if (!put(to, &used, size, e->node, e->name, e->len))
			return used;
		*cursor = e->cookie + 1;
	}
	return used;
}

static const struct dir_entry *entry_of(const struct node *dir)
{
	const struct dir_entry *e = dir->dir.parent->dir.first;

	while (e && e->node != dir)
		e = e->next;
	return e;
}

int dir_path(const struct node *dir, char *to, size_t size)
{
	size_t at = size, root_len;

	for (; dir->dir.parent != dir; dir = dir->dir.parent) {
		const struct dir_entry *e;

		if (!dir->dir.parent)
			return -ENOENT;
		e = entry_of(dir);
		if (!e || e->len + 1u > at)
			return e ? -ENAMETOOLONG : -ENOENT;
		at -= e->len;
		memcpy(to + at, e->name, e->len);
		to[--at] = '/';
	}
	root_len = strlen(dir->tree->name);
	if (root_len + 1 > at)
		return -ENAMETOOLONG;
	if (root_len > 0 || at == size) {
		at -= root_len;
		memcpy(to + at, dir->tree->name, root_len);
		to[--at] = '/';
	}
	memmove(to, to + at, size - at);
	return (int)(size - at);
}
