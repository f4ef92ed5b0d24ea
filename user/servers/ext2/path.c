/* Paths: walked component by component, as far as this server's tree goes.
 *
 * A walk leaves the tree at a mount point in the root directory or by ".." at the root, and then says
 * so with what is left of the path. Symbolic links are put in front of what is left; an absolute one
 * starts over at the caller's root, which only the caller knows.
 */
#include <string.h>
#include <stdio.h>
#include "server.h"

static const struct mount *find_mount(const struct server *server, const char *name, unsigned len)
{
	const struct mount *m;

	LIST_FOREACH(m, &server->mounts, link)
		if (m->len == len && !memcmp(m->name, name, len))
			return m;
	return NULL;
}

struct progress {
	struct server *server;
	struct inode *at;
	unsigned hops;
	const char *rest; /* what is left, in one of the two buffers */
	unsigned left;
	char buffer[2][FS_PATH_MAX];
	unsigned which;
};

static void advance(struct progress *p, unsigned bytes)
{
	p->rest += bytes;
	p->left -= bytes;
}

static unsigned skip_slashes(struct progress *p)
{
	unsigned n = 0;

	while (n < p->left && p->rest[n] == '/')
		n++;
	advance(p, n);
	return n;
}

static int leave(struct progress *p, struct walk *w, int handle)
{
	skip_slashes(p);
	w->cross = handle;
	if (!p->left) {
		p->rest = ".";
		p->left = 1;
	}
	memcpy(w->rest, p->rest, p->left);
	w->rest_len = p->left;
	return FS_CROSS;
}

/* Puts a link's target before what is left. 0, FS_RESTART, or an error. */
static int follow_link(struct progress *p, struct inode *link, struct walk *w)
{
	const char *target;
	uint32_t bytes;
	char *out;
	int error = symlink_read(link, &target, &bytes);

	if (error)
		return error;
	if (++p->hops > FS_HOPS)
		return -ELOOP;
	if (bytes + p->left >= FS_PATH_MAX)
		return -ENAMETOOLONG;
	p->which = !p->which;
	out = p->buffer[p->which];
	memcpy(out, target, bytes);
	memcpy(out + bytes, p->rest, p->left);
	p->rest = out;
	p->left += bytes;
	if (out[0] != '/')
		return 0;
	memcpy(w->rest, out, p->left);
	w->rest_len = p->left;
	return FS_RESTART;
}

/* The component `name` of the directory p->at. */
static int lookup(struct progress *p, const char *name, unsigned len, struct inode **ip)
{
	if (len == 1 && name[0] == '.') {
		*ip = inode_hold(p->at);
		return 0;
	}
	if (p->at->ino == EXT2_ROOT_INO && len == 2 && name[0] == '.' && name[1] == '.') {
		*ip = inode_hold(p->at);
		return 0;
	}
	return name_lookup(p->at, name, len, ip);
}

/* The last component of a WALK_PARENT: what it names, if anything, is found but not entered. */
static int end_at_parent(struct progress *p, const char *name, unsigned len, bool slash,
	unsigned flags, struct walk *w)
{
	int error;

	w->mounted = p->at->ino == EXT2_ROOT_INO && find_mount(p->server, name, len);
	error = lookup(p, name, len, &w->ip);
	if (error && error != -ENOENT)
		return error;
	if (!error && inode_is(w->ip, MODE_SYMLINK) && flags & WALK_FOLLOW) {
		error = follow_link(p, w->ip, w);
		inode_put(w->ip);
		w->ip = NULL;
		return error ? error : -EAGAIN;
	}
	w->len = len; /* the name is in w->name already */
	w->slash = slash;
	w->dir = inode_hold(p->at);
	return 0;
}

/* One component. 0: go on; 1: the walk has ended well; else how it ended. */
static int step(struct progress *p, unsigned flags, struct walk *w)
{
	const char *name = p->rest;
	unsigned len = 0, slashes;
	struct inode *next;
	bool last;
	int result;

	while (len < p->left && name[len] != '/')
		len++;
	if (len > EXT2_NAME_MAX)
		return -ENAMETOOLONG;
	if (!inode_is(p->at, MODE_DIR))
		return -ENOTDIR;
	advance(p, len);
	if (len == 2 && name[0] == '.' && name[1] == '.' && p->at->ino == EXT2_ROOT_INO &&
		p->server->parent >= 0)
		return leave(p, w, p->server->parent);
	name = memcpy(w->name, name, len); /* following a link reuses the buffers */
	slashes = 0;
	while (slashes < p->left && p->rest[slashes] == '/')
		slashes++;
	last = slashes == p->left;
	if (last && flags & WALK_PARENT) {
		result = end_at_parent(p, name, len, slashes > 0, flags, w);
		return result == -EAGAIN ? 0 : result ? result : 1;
	}
	if (p->at->ino == EXT2_ROOT_INO) {
		const struct mount *m = find_mount(p->server, name, len);

		if (m)
			return leave(p, w, m->handle);
	}
	result = lookup(p, name, len, &next);
	if (result)
		return result;
	if (inode_is(next, MODE_SYMLINK) && (!last || slashes || flags & WALK_FOLLOW)) {
		result = follow_link(p, next, w);
		inode_put(next);
		return result;
	}
	inode_put(p->at);
	p->at = next;
	if (slashes && !inode_is(next, MODE_DIR))
		return -ENOTDIR;
	return 0;
}

int walk(struct server *server, struct inode *start, const char *path, uint32_t bytes,
	unsigned flags, struct walk *w)
{
	struct progress p = {.server = server};
	int result = 0;

	fs_assert_locked(start->fs);
	memset(w, 0, offsetof(struct walk, name));
	w->cross = -1;
	w->rest_len = 0;
	if (bytes == 0)
		return -ENOENT;
	if (bytes >= FS_PATH_MAX)
		return -ENAMETOOLONG;
	if (memchr(path, 0, bytes))
		return -EINVAL;
	memcpy(p.buffer[0], path, bytes);
	p.rest = p.buffer[0];
	p.left = bytes;
	p.at = inode_hold(start);
	while (result == 0) {
		skip_slashes(&p);
		if (!p.left)
			break;
		result = step(&p, flags, w);
	}
	if (result == 0 && flags & WALK_PARENT) {
		/* Nothing but slashes: the directory itself, by a name it always has. */
		w->name[0] = '.';
		w->len = 1;
		w->dir = inode_hold(p.at);
		w->ip = inode_hold(p.at);
	} else if (result == 0) {
		w->ip = inode_hold(p.at);
	}
	inode_put(p.at);
	return result == 1 ? 0 : result;
}

void walk_end(struct walk *w)
{
	inode_put(w->ip);
	inode_put(w->dir);
	w->ip = w->dir = NULL;
}

/* ------------------------------------------------------------------ from a directory to its path */

struct search {
	uint32_t ino;
	char *out;
	unsigned room;
	unsigned len;
};

static bool match_number(void *context, const struct disk_dirent *e, uint32_t offset)
{
	struct search *s = context;

	(void)offset;
	if (e->ino != s->ino || (e->name_len == 1 && e->name[0] == '.') ||
		(e->name_len == 2 && e->name[0] == '.' && e->name[1] == '.'))
		return true;
	s->len = e->name_len;
	if (s->len < s->room)
		memcpy(s->out - s->len, e->name, s->len);
	return false;
}

/* Puts "/name" of `at` before *start; *parent is the directory above, held. */
static int prepend(struct inode *at, char *buffer, char **start, struct inode **parent)
{
	struct search s = {.ino = at->ino, .out = *start, .room = (unsigned)(*start - buffer)};
	uint32_t cursor = 0;
	int error = name_lookup(at, "..", 2, parent);

	if (error)
		return error;
	error = inode_is(*parent, MODE_DIR) ? dir_walk(*parent, &cursor, match_number, &s) : -EIO;
	if (!error && !s.len)
		error = -ENOENT;
	if (!error && s.len + 1 >= s.room)
		error = -ENAMETOOLONG;
	if (error) {
		inode_put(*parent);
		return error;
	}
	*start -= s.len + 1;
	**start = '/';
	return 0;
}

int path_of(struct server *server, struct inode *dir, char *out, uint32_t *bytes)
{
	char buffer[FS_PATH_MAX], *end = buffer + sizeof(buffer), *start = end;
	struct inode *at = inode_hold(dir);
	int error = at->raw->links ? 0 : -ENOENT;

	while (!error && at->ino != EXT2_ROOT_INO) {
		struct inode *parent;

		error = prepend(at, buffer, &start, &parent);
		if (!error) {
			inode_put(at);
			at = parent;
		}
	}
	inode_put(at);
	if (!error && server->parent >= 0) {
		if ((unsigned)(start - buffer) <= server->parent_len + 1)
			return -ENAMETOOLONG;
		start -= server->parent_len;
		memcpy(start, server->parent_name, server->parent_len);
		*--start = '/';
	}
	if (!error && start == end)
		*--start = '/';
	*bytes = (uint32_t)(end - start);
	memcpy(out, start, *bytes);
	return error;
}
