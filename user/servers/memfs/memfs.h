/* The memory file server: several small trees (/dev, /tmp, /bin, or a whole root directory), all in
 * one process, forgotten when it ends.
 *
 * A regular file is an anonymous memory object of the kernel, and an open one is a stream of it: once
 * a file is open, reading, writing and mapping it go past this server altogether. What is kept here is
 * the tree: nodes, names, times. Directories, devices and fifos are channels to this server; the badge
 * of a channel, and the key of a file's object, names its node.
 *
 *	main.c		start, loop
 *	request.c	which request does what: the file protocol (quire/fs.h)
 *	names.c		requests that make, remove and rename names
 *	walk.c		from a path to a node
 *	node.c		nodes and their table
 *	dir.c		the entries of directories
 *	file.c		regular files, attributes
 *	fifo.c, device.c
 *
 * One thread. Functions return 0, a positive result of the protocol, or a negated error.
 */
#ifndef MEMFS_H
#define MEMFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <quire/fs.h>
#include <quire/ipc.h>
#include "../init/cpio.h"

#define NAME_BYTES_MAX 255u
#define LINKS_MAX      32767u

/* A badge is a node's id with, for an open file, these. */
#define BADGE_READ  0x40000000u
#define BADGE_WRITE 0x20000000u
#define BADGE_ID    0x0fffffffu

struct time {
	int64_t seconds;
	uint32_t ns;
};

/* What is common to a tree: it is what is mounted, and has a device number of its own. */
struct tree {
	const char *name; /* under the parent; "" for the root directory of everything */
	uint32_t device;
	bool read_only;
	int parent; /* channel of the directory above; -1: none */
	struct node *root;
};

/* Minor numbers under major 1, as programs know them; the libc maps the zero device by its number. */
enum device_kind {
	DEVICE_NULL = 3,
	DEVICE_ZERO = 5,
	DEVICE_FULL = 7,
	DEVICE_RANDOM = 8,
	DEVICE_TERMINAL = 16,
};

struct dir_entry {
	struct dir_entry *next, *previous; /* in the directory, ascending cookies */
	struct dir_entry *chain;	   /* in the table of names */
	struct node *dir;
	struct node *node;
	uint32_t cookie; /* readdir's cursor; never used again in this directory */
	uint8_t len;
	char name[];
};

struct node {
	uint32_t id; /* also the inode number */
	uint32_t mode;
	uint32_t nlink;
	uint32_t uid, gid;
	uint32_t opens; /* channels to it that are alive; of a regular file see `used` */
	struct time atime, mtime, ctime;
	struct tree *tree;
	struct node *chain; /* in the table of nodes */
	union {
		struct {
			struct node *parent; /* itself for a root; NULL when removed */
			struct dir_entry *first, *last;
			uint32_t next_cookie;
			int mount; /* root channel of another server that covers this; -1: none */
		} dir;
		struct {
			int object; /* -1: not made yet, contents are `archived` */
			struct cpio_entry archived;
			uint32_t write_seq; /* of the object, when mtime was last right */
			/* streams or mappings may be left: the kernel tells when not */
			bool used;
		} file;
		struct {
			char *target;
			uint32_t len;
		} link;
		struct fifo *fifo; /* NULL while nobody has it open */
		enum device_kind device;
	};
};

static inline bool is_dir(const struct node *n)
{
	return (n->mode & 0170000) == 0040000;
}

static inline bool is_file(const struct node *n)
{
	return (n->mode & 0170000) == 0100000;
}

static inline bool is_link(const struct node *n)
{
	return (n->mode & 0170000) == 0120000;
}

static inline bool is_fifo(const struct node *n)
{
	return (n->mode & 0170000) == 0010000;
}

static inline bool is_device(const struct node *n)
{
	return (n->mode & 0170000) == 0020000;
}

/* ---- node.c ---- */

struct time time_now(void);
/* A node without a name; NULL: no memory. Id 0: the next free one. */
struct node *node_create(struct tree *tree, uint32_t mode, uint32_t id);
struct node *node_find(uint32_t id);
/* Frees the node if nothing names it and nobody has it open. */
void node_release(struct node *n);
/* A channel to the node for a client, counted until its last copy is closed. */
int node_channel(struct node *n, uint32_t badge_flags);
void node_channel_closed(uint32_t badge);
void node_modified(struct node *n); /* mtime and ctime */
void node_changed(struct node *n);  /* ctime */

/* ---- dir.c ---- */

struct dir_entry *dir_lookup(const struct node *dir, const char *name, size_t len);
/* Enters a name; the caller sees to link counts. -ENOSPC: no memory. */
int dir_add(struct node *dir, const char *name, size_t len, struct node *node);
void dir_remove(struct dir_entry *entry);
bool dir_is_empty(const struct node *dir);
/* FS_READDIR from a cursor: bytes put into `to`, and where to go on. */
uint32_t dir_read(const struct node *dir, uint32_t *cursor, uint8_t *to, uint32_t size);
/* The absolute path: bytes, or a negated error. */
int dir_path(const struct node *dir, char *to, size_t size);

/* ---- walk.c ---- */

#define WALK_FOLLOW 1u /* a symbolic link at the end too */
#define WALK_CREATE 2u /* the last name need not be there; without WALK_NAME a file is meant */
#define WALK_NAME \
	4u /* the last name itself is meant: not what is mounted there, nor what a link
			 * with a slash behind it leads to */

struct walk {
	struct node *dir; /* where the last name is */
	struct dir_entry
		*entry;	   /* NULL: not there, or the path ends in "." or ".." or is the root */
	struct node *node; /* what it is; NULL: not there */
	const char *name;  /* the last name, in `path` */
	size_t len;
	bool slash;  /* a slash followed it: it must be a directory */
	int channel; /* FS_CROSS: where to go on, the walk's owner must not close it */
	char path
		[FS_PATH_MAX]; /* as far as links have been put in; FS_CROSS and FS_RESTART: the rest */
	size_t rest;	       /* bytes of the rest */
};

/* Walks from a directory. 0, FS_CROSS, FS_RESTART, or an error. */
int walk_path(struct walk *w, struct node *from, const char *path, size_t len, uint32_t flags);

/* ---- file.c ---- */

int file_object(struct node *n);
int file_open(struct node *n, uint32_t flags);
int file_set_size(struct node *n, uint64_t size);
/* posix_fallocate: bytes up to `end` are there. */
int file_allocate(struct node *n, uint64_t end);
/* Nobody uses the object of this node any more, unless somebody has come since. */
void file_idle(uint32_t id);
void file_destroy(struct node *n);
void node_stat(struct node *n, struct fs_stat *st);
int node_set_times(struct node *n, const struct fs_times *times);

/* ---- device.c ---- */

int device_create(struct node *dir, const char *name, enum device_kind kind);
/* FS_READ and FS_WRITE; fills in the answer. */
void device_read(struct node *n, struct quire_msg *msg);
void device_write(struct node *n, struct quire_msg *msg);

/* ---- fifo.c: open, read and write fill in the answer, or set msg->token to 0 ---- */

void fifo_open(struct node *n, struct quire_msg *msg, uint32_t flags);
void fifo_read(struct node *n, struct quire_msg *msg);
void fifo_write(struct node *n, struct quire_msg *msg);
uint32_t fifo_poll(struct node *n, uint32_t badge, uint32_t events);
void fifo_closed(struct node *n, uint32_t badge);
void fifo_destroy(struct node *n);

/* ---- names.c ---- */

/* A new node under the walk's last name; mode with type. NULL and *status: an error. */
struct node *make_node(const struct walk *w, uint32_t mode, int *status);
int make_link(const struct walk *w, const char *target, size_t len);
int remove_name(const struct walk *w, bool directory);
int rename_name(const struct walk *from, const struct walk *to);
int link_name(const struct walk *from, const struct walk *to);

/* ---- request.c ---- */

/* Serves one request; the answer is in *msg (and the buffer) unless msg->token is 0 afterwards. */
void serve_request(struct quire_msg *msg);

extern struct tree trees[];
extern const int tree_count;

#endif
