/* From a path to a node, by POSIX's rules of pathname resolution. There is one user, who may search
 * every directory.
 *
 * The path is copied, and symbolic links met on the way are put into the copy in place of what has
 * been walked. What can't be walked here is handed back to the caller: a mount point or ".." at a root
 * leads to another server, an absolute link to the very beginning.
 */
#include "memfs.h"

#include <string.h>

#define LINKS_FOLLOWED_MAX 40

struct state {
	struct walk *w;
	struct node *dir;
	size_t at, len; /* in w->path */
	uint32_t flags;
	int links;
};

/* Puts what is left of the path to its front, for the caller to go on with elsewhere. */
static int hand_back(struct state *s, size_t from, int channel, int how)
{
	s->w->rest = s->len - from;
	memmove(s->w->path, s->w->path + from, s->w->rest);
	s->w->channel = channel;
	return how;
}

/* Replaces everything walked, up to `rest`, by a link's target. */
static int put_target(struct state *s, const struct node *link, size_t rest)
{
	size_t left = s->len - rest, target = link->link.len;

	if (++s->links > LINKS_FOLLOWED_MAX)
		return -ELOOP;
	if (target + left >= FS_PATH_MAX)
		return -ENAMETOOLONG;
	memmove(s->w->path + target, s->w->path + rest, left);
	memcpy(s->w->path, link->link.target, target);
	s->len = target + left;
	s->at = 0;
	if (link->link.target[0] == '/')
		return hand_back(s, 0, -1, FS_RESTART);
	return 0;
}

static size_t component(const struct state *s)
{
	size_t end = s->at;

	while (end < s->len && s->w->path[end] != '/')
		end++;
	return end - s->at;
}

static size_t skip_slashes(const struct state *s, size_t at)
{
	while (at < s->len && s->w->path[at] == '/')
		at++;
	return at;
}

static bool is_dots(const char *name, size_t len, size_t dots)
{
	return len == dots && memcmp(name, "..", len) == 0;
}

/* Ends at a directory reached without a name in its parent: the start, "." or "..". */
static int end_without_name(struct state *s, struct node *node)
{
	s->w->dir = node;
	s->w->node = node;
	s->w->entry = NULL;
	return 0;
}

/* The last name. Returns 1 to go on, a link having been put in. */
static int last_name(struct state *s, struct dir_entry *e, size_t after)
{
	struct walk *w = s->w;
	int status;

	w->dir = s->dir;
	w->entry = e;
	w->node = e ? e->node : NULL;
	if (w->slash && (s->flags & (WALK_CREATE | WALK_NAME)) == WALK_CREATE)
		return -EISDIR;
	if (!e)
		return s->flags & WALK_CREATE ? 0 : -ENOENT;
	if (is_link(e->node) &&
		((s->flags & WALK_FOLLOW) || (w->slash && !(s->flags & WALK_NAME)))) {
		status = put_target(s, e->node, after);
		return status ? status : 1;
	}
	if (is_dir(e->node) && e->node->dir.mount >= 0 && !(s->flags & WALK_NAME))
		return hand_back(s, s->len, e->node->dir.mount, FS_CROSS);
	if (is_device(e->node) && e->node->device == DEVICE_TERMINAL && !w->slash &&
		!(s->flags & WALK_NAME))
		return hand_back(s, s->len, QUIRE_H_CONSOLE, FS_CROSS);
	if (w->slash && !is_dir(e->node) && !(s->flags & WALK_CREATE))
		return -ENOTDIR;
	return 0;
}

/* A name with more behind it. Returns 1 to go on. */
static int middle_name(struct state *s, struct dir_entry *e, size_t after)
{
	int status;

	if (!e)
		return -ENOENT;
	if (is_link(e->node)) {
		status = put_target(s, e->node, after);
		return status ? status : 1;
	}
	if (!is_dir(e->node))
		return -ENOTDIR;
	if (e->node->dir.mount >= 0)
		return hand_back(s, skip_slashes(s, after), e->node->dir.mount, FS_CROSS);
	s->dir = e->node;
	s->at = skip_slashes(s, after);
	return 1;
}

/* "." and "..". Returns 1 to go on. */
static int dots(struct state *s, size_t len, size_t after, bool last)
{
	if (len == 2) {
		if (!s->dir->dir.parent)
			return -ENOENT;
		if (s->dir->dir.parent == s->dir && s->dir->tree->parent >= 0)
			return hand_back(s, skip_slashes(s, after), s->dir->tree->parent, FS_CROSS);
		s->dir = s->dir->dir.parent;
	}
	if (last)
		return end_without_name(s, s->dir);
	s->at = skip_slashes(s, after);
	return 1;
}

static int step(struct state *s)
{
	struct walk *w = s->w;
	const char *name = w->path + s->at;
	size_t len = component(s), after = s->at + len;
	bool last = skip_slashes(s, after) == s->len;
	struct dir_entry *e;

	w->name = name;
	w->len = len;
	w->slash = after < s->len;
	if (len == 0)
		return end_without_name(s, s->dir);
	if (is_dots(name, len, 1) || is_dots(name, len, 2))
		return dots(s, len, after, last);
	if (len > NAME_BYTES_MAX)
		return -ENAMETOOLONG;
	e = dir_lookup(s->dir, name, len);
	return last ? last_name(s, e, after) : middle_name(s, e, after);
}

int walk_path(struct walk *w, struct node *from, const char *path, size_t len, uint32_t flags)
{
	struct state s = {.w = w, .dir = from, .flags = flags};
	int status;

	if (len == 0)
		return -ENOENT;
	if (len >= FS_PATH_MAX)
		return -ENAMETOOLONG;
	if (memchr(path, '\0', len))
		return -EINVAL;
	memcpy(w->path, path, len);
	s.len = len;
	s.at = skip_slashes(&s, 0);
	do {
		status = step(&s);
	} while (status == 1);
	return status;
}
