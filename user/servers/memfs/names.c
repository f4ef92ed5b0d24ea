/* Making, removing, renaming and linking names. Each function checks everything first and then
 * cannot fail, but for memory running out before anything has changed. */
#include "memfs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <quire/sys.h>

/* What forbids a new name where the walk has ended. */
static int check_new(const struct walk *w)
{
	if (w->node)
		return -EEXIST;
	if (!w->dir->dir.parent)
		return -ENOENT;
	return w->dir->tree->read_only ? -EROFS : 0;
}

static struct node *name_node(const struct walk *w, struct node *n, int *status)
{
	*status = n ? dir_add(w->dir, w->name, w->len, n) : -ENOSPC;
	if (*status < 0) {
		if (n)
			node_release(n);
		return NULL;
	}
	n->nlink = 1;
	node_modified(w->dir);
	return n;
}

struct node *make_node(const struct walk *w, uint32_t mode, int *status)
{
	struct node *n;

	*status = check_new(w);
	/* Only a directory may be asked for with a slash behind its name. */
	if (*status == 0 && w->slash && !S_ISDIR(mode))
		*status = -ENOENT;
	if (*status == 0 && S_ISDIR(mode) && w->dir->nlink >= LINKS_MAX)
		*status = -EMLINK;
	if (*status < 0)
		return NULL;
	n = node_create(w->dir->tree, mode, 0);
	if (n && is_file(n) && file_object(n) < 0) {
		node_release(n);
		n = NULL;
	}
	n = name_node(w, n, status);
	if (n && is_dir(n)) {
		n->nlink = 2;
		n->dir.parent = w->dir;
		w->dir->nlink++;
	}
	return n;
}

int make_link(const struct walk *w, const char *target, size_t len)
{
	int status = check_new(w);
	struct node *n;

	if (len == 0)
		return -ENOENT;
	if (len >= FS_PATH_MAX)
		return -ENAMETOOLONG;
	if (status == 0 && w->slash)
		status = -ENOENT;
	if (status < 0)
		return status;
	n = node_create(w->dir->tree, S_IFLNK | 0777, 0);
	if (n) {
		n->link.target = malloc(len);
		if (!n->link.target) {
			node_release(n);
			return -ENOSPC;
		}
		memcpy(n->link.target, target, len);
		n->link.len = (uint32_t)len;
	}
	name_node(w, n, &status);
	return status;
}

/* The last component is "." or ".." (or nothing but slashes). */
static int without_name(const struct walk *w)
{
	if (w->len == 2)
		return -ENOTEMPTY;
	return w->len == 1 ? -EINVAL : -EBUSY;
}

static bool is_mount(const struct node *n)
{
	return is_dir(n) && n->dir.mount >= 0;
}

/* Takes an entry away together with what it counted for. */
static void drop_entry(struct dir_entry *e)
{
	struct node *dir = e->dir, *n = e->node;

	dir_remove(e);
	if (is_dir(n)) {
		n->nlink = 0;
		n->dir.parent = NULL;
		dir->nlink--;
	} else {
		n->nlink--;
	}
	node_changed(n);
	node_modified(dir);
	node_release(n);
}

int remove_name(const struct walk *w, bool directory)
{
	if (!w->entry)
		return directory ? without_name(w) : -EPERM;
	if (directory && !is_dir(w->node))
		return -ENOTDIR;
	if (!directory && is_dir(w->node))
		return -EPERM;
	if (w->dir->tree->read_only)
		return -EROFS;
	if (is_mount(w->node))
		return -EBUSY;
	if (directory && !dir_is_empty(w->node))
		return -ENOTEMPTY;
	drop_entry(w->entry);
	return 0;
}

/* True when `dir` is `n` or lies under it. */
static bool is_within(const struct node *dir, const struct node *n)
{
	while (dir != n && dir->dir.parent && dir->dir.parent != dir)
		dir = dir->dir.parent;
	return dir == n;
}

/* Whether the new name's present bearer may be replaced. */
static int check_replaced(const struct node *old, const struct node *replaced)
{
	if (is_dir(old) && !is_dir(replaced))
		return -ENOTDIR;
	if (!is_dir(old) && is_dir(replaced))
		return -EISDIR;
	if (is_mount(replaced))
		return -EBUSY;
	if (is_dir(replaced) && !dir_is_empty(replaced))
		return -ENOTEMPTY;
	return 0;
}

static int check_rename(const struct walk *from, const struct walk *to)
{
	if (from->node && !from->entry)
		return from->len ? -EINVAL : -EBUSY;
	if (to->node && !to->entry)
		return to->len ? -EINVAL : -EBUSY;
	if (!from->node)
		return -ENOENT;
	if (from->dir->tree != to->dir->tree)
		return -EXDEV;
	if (from->dir->tree->read_only)
		return -EROFS;
	if (is_mount(from->node))
		return -EBUSY;
	if (!is_dir(from->node) && (from->slash || to->slash))
		return -ENOTDIR;
	if (is_dir(from->node) && is_within(to->dir, from->node))
		return -EINVAL;
	if (to->node && is_dir(to->node) && is_within(from->dir, to->node))
		return -ENOTEMPTY;
	/* Two names of one file: nothing is to be done (POSIX). */
	if (to->node == from->node)
		return 0;
	if (!to->dir->dir.parent)
		return -ENOENT;
	if (is_dir(from->node) && from->dir != to->dir && to->dir->nlink >= LINKS_MAX)
		return -EMLINK;
	return to->node ? check_replaced(from->node, to->node) : 0;
}

int rename_name(const struct walk *from, const struct walk *to)
{
	struct node *n = from->node;
	int status = check_rename(from, to);

	if (status < 0 || to->node == n)
		return status;
	status = dir_add(to->dir, to->name, to->len, n);
	if (status < 0)
		return status;
	if (to->entry)
		drop_entry(to->entry);
	dir_remove(from->entry);
	if (is_dir(n) && from->dir != to->dir) {
		from->dir->nlink--;
		to->dir->nlink++;
		n->dir.parent = to->dir;
	}
	node_modified(from->dir);
	node_modified(to->dir);
	node_changed(n);
	return 0;
}

int link_name(const struct walk *from, const struct walk *to)
{
	struct node *n = from->node;
	int status;

	if (from->slash && !is_dir(n))
		return -ENOTDIR;
	status = check_new(to);
	if (status < 0)
		return status;
	if (to->slash)
		return -ENOENT;
	if (is_dir(n))
		return -EPERM;
	if (from->dir->tree != to->dir->tree)
		return -EXDEV;
	if (n->nlink >= LINKS_MAX)
		return -EMLINK;
	status = dir_add(to->dir, to->name, to->len, n);
	if (status < 0)
		return status;
	n->nlink++;
	node_changed(n);
	node_modified(to->dir);
	return 0;
}
