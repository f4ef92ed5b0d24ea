/* The server around the core: file data through memory objects, requests, mounts.
 *
 * What it needs of the kernel and the driver is the short list of functions below, implemented over
 * system calls in kernel.c, and by a simulation in test/host/ext2 so that all but main.c and kernel.c
 * runs natively too.
 *
 * A request is served whole by the worker thread that received it. Workers wait for the driver, for
 * fs->lock and for each other's transfers, but never for another message to be received: so any
 * number of them, even one, makes progress.
 */
#ifndef EXT2_SERVER_H
#define EXT2_SERVER_H

#include <quire/abi.h>
#include <quire/blk.h>
#include <quire/fs.h>
#include "core.h"

/* ------------------------------------------------------------------ kernel and driver */

/* Memory objects of this server's port. Handles and results as of the system calls. */
int object_create(uint32_t key, uint64_t size);
void handle_close(int handle);
int object_info(int object, struct quire_obj_info *info);
int object_set_size(int object, uint64_t size);
int object_set_capacity(int object, uint64_t bytes);
int object_supply(int object, uint32_t request, int status, const uint8_t *zero, uint32_t pages);
int object_complete(int object, uint32_t request, int status);
int object_query_dirty(int object, uint32_t from, uint32_t *first);
/* pfn: the physical page numbers of the pages begun. */
int object_writeback_begin(
	int object, uint32_t first, uint32_t count, uint32_t *token, uint32_t *pfn);
int object_writeback_end(int object, uint32_t token, int status);
int object_evict(int object, uint32_t first, uint32_t count);
/* The index-th object with dirty pages: 1 and its key, or 0. */
int object_next_dirty(uint32_t index, uint32_t *key);
/* For a successor. An object of this port by its key; the index-th object, the index-th channel that
 * is not reported closed yet: 1 and its key or badge, or 0. */
int object_attach(uint32_t key);
int object_enumerate(uint32_t index, uint32_t *key);
int channel_enumerate(uint32_t index, uint32_t *badge);
/* Lets others run. */
void rest(void);
int stream_create(int object, int flags);
/* A channel of this server whose closing will be reported. */
int channel_create(uint32_t badge);
/* What a poll of one of this server's channels is answered may have changed. */
void poll_changed(void);
/* The badge of a channel if it is one of this server's, else -EXDEV. */
int channel_badge(int handle, uint32_t *badge);
int disk_transfer(bool write, const struct blk_segment *segments, uint32_t count);
/* Asks for a timer notification after that many milliseconds. */
void timer_after(unsigned ms);
/* Answers a request that was put off: 0, or -ESRCH if the caller has gone. */
struct reply;
int reply_late(uint32_t token, const struct reply *reply);

/* ------------------------------------------------------------------ requests */

struct request {
	uint32_t label;
	uint32_t w[4];
	uint32_t badge;
	uint32_t token;
	uint32_t bytes;
	int handles
		[QUIRE_MSG_HANDLES_MAX]; /* received, -1 if none; the server closes what it does not keep */
	uint8_t data[QUIRE_MSG_DATA] __attribute__((aligned(8)));
};

struct reply {
	int32_t status;
	uint32_t w1;
	uint32_t bytes;
	int handle;	   /* to send, or -1 */
	bool close_handle; /* after sending */
	bool later;	   /* no answer now: the token has been kept */
	uint8_t data[QUIRE_MSG_DATA] __attribute__((aligned(8)));
};

struct mount {
	LIST_ENTRY(mount) link;
	int handle; /* root channel of the mounted server */
	unsigned len;
	char name[EXT2_NAME_MAX];
};

struct server {
	struct fs *fs;
	LIST_HEAD(, mount) mounts; /* guarded by fs->lock, as all here */
	int parent;		   /* the directory above our root, or -1 */
	unsigned parent_len;
	char parent_name[EXT2_NAME_MAX];
	bool timer_armed;
	bool shut_down;
};

void server_init(struct server *server, struct fs *fs);
/* Serves one message, whoever sent it. Without the lock. */
/* What a channel or stream of this server stands for, held. With the lock. */
int inode_of_badge(struct fs *fs, uint32_t badge, struct inode **ip);
#define BADGE_INODE	 EXT2_INODES_MAX
#define BADGE_FIFO_READ	 0x20000000u
#define BADGE_FIFO_WRITE 0x40000000u
void serve(struct server *server, struct request *request, struct reply *reply);
/* Takes over what a dead server had in its hands (fs->recovering); before anything is served. */
void recover(struct server *server);
/* Arms the timer if something waits for the disk. With the lock. */
void flush_soon(struct server *server);

/* ------------------------------------------------------------------ pager (pager.c, writeback.c) */

/* What the kernel asks; without the lock. */
void pager_request(struct server *server, const struct request *request);
/* Adds a block to a list of segments, to the last one if it continues it on the disk and in memory. */
void add_block(struct blk_segment *segment, uint32_t *count, const struct fs *fs, uint32_t block,
	uint64_t phys);
/* Writes back the dirty pages of [first, end); with the lock, let go meanwhile. */
int write_back(struct inode *ip, uint32_t first, uint32_t end);
/* Everything: data, then metadata; without the lock. */
int sync_all(struct fs *fs, bool clean);
/* Frees the inodes without a name that nobody uses any more, although the kernel has not told yet; used_too:
 * and those that somebody uses. With the lock. */
void release_nameless(struct fs *fs, bool used_too);
/* Before a want of room is reported: frees what release_nameless does, and gives back promises beyond the
 * ends of files. A file that was closed a moment ago has gone by then, as its user expects. With the lock. */
void reclaim_room(struct fs *fs);

/* ------------------------------------------------------------------ files (file.c) */

/* The memory object, made if there is none yet. With the lock, as all here. */
int file_object(struct inode *ip);
/* The size as of this moment, from the kernel if there is an object; notes changes in the times. */
uint64_t file_size(struct inode *ip);
/* The bytes of the last block beyond the end must be zero on the disk, or a later growth would show
 * them. Makes them so; the caller keeps other transfers of the block away. */
int file_zero_tail(struct inode *ip, uint64_t size);
/* Truncates or grows; waits for transfers. */
int file_set_size(struct inode *ip, uint64_t size);
/* Places blocks for every hole in the range, and grows the file to hold it. */
int file_allocate(struct inode *ip, uint64_t offset, uint64_t length);
int file_seek(struct inode *ip, uint64_t offset, bool hole, uint64_t *found);
bool file_drop_object(struct inode *ip, bool force);

/* ------------------------------------------------------------------ paths (path.c) */

enum { WALK_FOLLOW = 1, WALK_PARENT = 2 };

struct walk {
	struct inode *dir; /* WALK_PARENT: the directory of the last component, held */
	struct inode *ip;  /* what the path names, held; WALK_PARENT: NULL if there is none */
	bool slash;	   /* the path ended in one */
	bool mounted;	   /* WALK_PARENT: the name is a mount point */
	unsigned len;
	char name[EXT2_NAME_MAX];
	/* FS_CROSS: where to go on, and with what; FS_RESTART: with what. */
	int cross;
	unsigned rest_len;
	char rest[FS_PATH_MAX];
};
/* 0, FS_CROSS, FS_RESTART or a negated error; walk_end in any case. */
int walk(struct server *server, struct inode *start, const char *path, uint32_t bytes,
	unsigned flags, struct walk *w);
void walk_end(struct walk *w);
/* The path of a directory from this server's root, or from the top if it knows what is above. */
int path_of(struct server *server, struct inode *dir, char *out, uint32_t *bytes);

/* ------------------------------------------------------------------ operations (ops_*.c) */

/* With the lock; `ip` is what the request's channel stands for. */
void op_path(struct server *server, struct inode *ip, struct request *request, struct reply *reply);
void op_rename(
	struct server *server, struct inode *ip, struct request *request, struct reply *reply);
void op_open(struct server *server, struct inode *ip, struct request *request, struct reply *reply);
void op_file(struct server *server, struct inode *ip, struct request *request, struct reply *reply);
void op_admin(
	struct server *server, struct inode *ip, struct request *request, struct reply *reply);
void reply_walk(struct reply *reply, int result, const struct walk *w);
void fill_stat(struct inode *ip, struct fs_stat *st);
int change_mode(struct inode *ip, uint32_t mode);
int change_owner(struct inode *ip, uint32_t uid, uint32_t gid);
int change_times(struct inode *ip, const struct fs_times *times);

/* ------------------------------------------------------------------ fifos (fifo.c) */

void fifo_open(struct server *server, struct inode *ip, uint32_t flags,
	const struct request *request, struct reply *reply);
void fifo_request(struct inode *ip, const struct request *request, struct reply *reply);
void fifo_closed(struct inode *ip, uint32_t badge);
/* An end of a fifo that was open when the server died: open again, with nothing in the queue. */
void fifo_reopen(struct inode *ip, uint32_t badge);

#endif
