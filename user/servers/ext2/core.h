/* The core of the file system: ext2 as data structures and algorithms, with no messages, no memory
 * objects and no driver in it, so that it runs natively under sanitizers (test/host/ext2).
 *
 * Locking. One mutex, fs->lock, guards everything: the metadata in the mapping, the inode cache, the
 * counts. *Every function of the core is called with it held*, except where its comment says
 * otherwise, and returns with it held; the ones through which all others go assert it. It is held
 * across a fault on a metadata block, but never across file data I/O or a metadata flush: those run
 * without it, and what they rely on meanwhile is
 *   - an inode with I/O in flight (inode_io_begin) has no block freed: whoever frees waits first
 *     (inode_exclude);
 *   - at most one writeback per inode is in flight (inode_write_begin);
 *   - at most one metadata flush is in flight (fs->flush_lock, taken before fs->lock, never after).
 *
 * Metadata. The whole disk is mapped; a metadata block is read and changed in place, then declared
 * with meta_dirty. Only blocks so declared are ever written back from the mapping. A page of the
 * mapping may also hold blocks of file data, which are neither read nor written there; so a block
 * that becomes metadata is initialised whole (meta_new), and one that ceases to be is forgotten
 * (meta_forget) before it can be given to a file.
 *
 * Death of the server. A lock hold is a transaction: what is changed in the mapping is saved before
 * (meta_change and its kin, or undo_save), so that a successor can take back a hold cut in half
 * (undo.c). What may lie between two holds of one operation is marked in memory that outlives the
 * server: blocks `placed` but not yet entered, inodes `unsettled` (recover.c).
 *
 * Order on the disk. A freed block is not given out for data again until the metadata that named it
 * has been rewritten (balloc.c: "frozen"); file data is written before the metadata that names it
 * (map_commit after the write). So a crash at any moment shows no file another file's bytes.
 *
 * Errors are negated numbers of quire/errno.h. -EIO from here means that the image is wrong.
 */
#ifndef EXT2_CORE_H
#define EXT2_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <sys/queue.h>
#include <quire/errno.h>
#include "ondisk.h"

#define PAGE_SHIFT	 12
#define PAGE_BYTES	 4096u
#define SECTOR_SHIFT	 9
#define FLUSH_RUN_PAGES	 32
#define INODE_CACHE_IDLE 1024
#define EXT2_INODES_MAX	 0x0fffffffu

/* A run of disk blocks that lies together in the mapping. */
struct block_run {
	uint32_t block;
	uint32_t count;
};

struct fs;

/* What lies below the core. The server implements it with the disk object and the driver. */
struct backing {
	uint8_t *disk; /* the whole disk, mapped; page-aligned */
	uint64_t bytes;
	bool read_only;
	/* Nanoseconds since 1970. */
	uint64_t (*now)(struct backing *);
	/* Writeback of `count` <= FLUSH_RUN_PAGES pages of the mapping: begin takes a stable view of
	 * them (called with fs->lock held), write puts the runs, all inside those pages, on the disk
	 * (without the lock), end lets go. */
	int (*begin)(struct backing *, uint32_t first_page, uint32_t count);
	int (*write)(struct backing *, const struct block_run *runs, uint32_t count,
		uint32_t block_size);
	void (*end)(struct backing *, int status);
	/* All writes answered so far are durable afterwards. Called without the lock. */
	int (*barrier)(struct backing *);
	/* Zeroes bytes [from, block_size) of a file data block on the disk. Without the lock, with
	 * flush_lock held. */
	int (*zero_tail)(struct backing *, uint32_t block, uint32_t from, uint32_t block_size);
	/* One line for people. */
	void (*log)(struct backing *, const char *line);
	/* Memory that outlives the server, zeroed at first: all there is ever need for, in one piece,
	 * aligned to a page. */
	void *(*keep)(struct backing *, uint32_t bytes);
	/* For a successor: pages of the mapping, in the first run from `from` on, that have been stored
	 * to and not been written back, and its first; 0 if none. */
	uint32_t (*stored_run)(struct backing *, uint32_t from, uint32_t *first);
	/* For tests, or NULL: something is about to be changed; the log is about to be emptied. */
	void (*changing)(struct backing *);
	void (*committing)(struct backing *, struct fs *);
};

/* ------------------------------------------------------------------ what outlives the server */

#define UNDO_CHUNK   64u
#define UNDO_RECORDS 2048u
#define UNDO_SEEN    512u

struct undo_record {
	uint32_t chunk; /* of the mapping, or of struct kept */
	uint8_t bytes[UNDO_CHUNK];
};

/* At the start of the kept memory; the bitmaps follow. */
struct kept {
	uint32_t magic; /* last to be stored at the first mount */
	uint32_t blocks, inodes, block_size;
	uint8_t uuid[16];
	uint32_t was_clean; /* the superblock said so when first mounted */
	uint32_t written;   /* the superblock on the disk does not say "clean" */
	uint32_t counted;   /* this mount is in s_mnt_count */
	uint32_t records;   /* in log[]; 0: nothing is half changed */
	struct undo_record log[UNDO_RECORDS];
	uint8_t align[16];
};
_Static_assert(sizeof(struct kept) % UNDO_CHUNK == 0, "bitmaps begin a chunk");

/* What this hold has saved lately. */
struct undo_seen {
	uintptr_t at;
	uint32_t epoch;
};

/* Promises of disk space to pages not yet placed: for 256 pages, how many blocks each. */
#define RESERVE_CHUNK 256
struct reserve_chunk {
	uint32_t index; /* page / RESERVE_CHUNK */
	uint32_t sum;
	uint8_t blocks[RESERVE_CHUNK];
};

struct dir_index;
struct fs;

struct inode {
	LIST_ENTRY(inode) hash_link;
	TAILQ_ENTRY(inode) idle_link; /* on fs->idle if nothing uses it */
	struct fs *fs;
	uint32_t ino;
	struct disk_inode *raw; /* in the mapping */
	uint32_t refs;		/* requests that are using it at this moment */
	uint32_t channels; /* directory and fifo channels handed out, not yet reported closed */
	bool streams;	   /* streams or mappings of its memory object may exist */
	bool idle;
	bool mapped; /* it has been seen mapped: stores beyond its end are possible */
	bool orphan; /* on the orphan list */
	bool bad;    /* the image is inconsistent here: no more changes */

	/* Regular files: the memory object. Its size is the file's once it exists. */
	int object; /* a handle, or -1 */
	uint32_t write_seq;
	uint32_t io;   /* transfers of its data in flight, and whatever else pins its blocks */
	bool excluded; /* somebody is changing its blocks: no transfer may begin */
	bool writing;  /* a writeback run is in flight */
	struct reserve_chunk **reserve; /* ascending index */
	uint32_t reserve_chunks;
	uint32_t reserved; /* blocks, the sum of all chunks */
	uint32_t goal;	   /* where the next block should go: after the last one placed */

	struct dir_index *index; /* directories: names in memory, built when first needed */
	struct fifo *fifo;	 /* fifos: the server's state while it is open */
};

#define INODE_HASH 512

struct fs {
	struct backing *backing;
	pthread_mutex_t flush_lock; /* one metadata flush at a time; taken before lock */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* an inode's io, excluded or writing changed */
	bool locked;		/* for assertions */

	struct disk_super *super;
	struct disk_group *groups;
	bool read_only;
	bool has_filetype;
	uint32_t block_size, block_shift;
	uint32_t blocks_per_page;
	uint32_t blocks, first_data_block;
	uint32_t inodes, first_ino, inode_size;
	uint32_t group_count, blocks_per_group, inodes_per_group;
	uint32_t group_blocks; /* blocks of the descriptor table, its reserved growth included */
	uint32_t addr_shift;   /* log2 of block numbers in an indirect block */
	uint64_t max_size;     /* bytes of a file */

	struct kept *kept; /* outlives the server, with the bitmaps that say so */
	uint32_t kept_bytes;
	bool recovering; /* a dead server's work is being taken over */
	struct undo_seen seen[UNDO_SEEN];
	uint32_t undo_epoch;
	bool undo_full; /* has been said once */

	/* Kept. A bit a block: changed in the mapping since it was last written; being written. */
	uint32_t *dirty, *flying;
	uint32_t dirty_count;
	uint32_t *placed;    /* kept; a bit a block: taken for data, not yet in a file's map */
	uint32_t *unsettled; /* kept; a bit an inode: being cut down, or without a name */
	uint32_t
		*stored; /* a bit a page of the mapping: stored to since it was last written back */
	uint32_t *stored_words; /* a bit a word of `stored`: the word is not 0 */
	uint32_t stored_count;
	uint32_t *frozen, *thawing; /* kept; a bit a block: see balloc.c */
	uint32_t frozen_count, thawing_count;
	uint32_t reserved; /* blocks promised to inodes but not yet taken from the bitmaps */
	/* some change since the last flush is of more than times: data may depend on it */
	bool pending;
	uint64_t changes; /* counts meta_dirty, to see whether all has been quiet */
	uint32_t corruptions;

	LIST_HEAD(, inode) hash[INODE_HASH];
	TAILQ_HEAD(idle_list, inode) idle; /* least recently used first */
	uint32_t idle_count;
	/* Called with the lock when an inode leaves the cache, to give up its memory object. Unless
	 * `force`, false if the object has unwritten pages. */
	bool (*drop_object)(struct inode *, bool force);
};

/* ------------------------------------------------------------------ lock (super.c) */

void fs_lock(struct fs *fs);
void fs_unlock(struct fs *fs);
/* Waits for fs->changed; the lock is let go meanwhile. */
void fs_wait(struct fs *fs);
void fs_assert_locked(const struct fs *fs);
/* Notes on the disk that the image is inconsistent, logs why, returns -EIO. */
int fs_corrupt(struct fs *fs, const char *what, uint32_t number);
void fs_log(struct fs *fs, const char *what, uint32_t number);

/* ------------------------------------------------------------------ mounting (super.c) */

/* Without the lock. 0 and *out, or: -EINVAL not ext2 or impossible, -ENOTSUP features, -EIO,
 * -ENOMEM; the reason has been logged. Frees orphans if it may write, but for a successor
 * (fs->recovering), whose orphans may be in use. */
int fs_mount(struct backing *backing, bool read_only, struct fs **out);
/* Without the lock, when no request is left. Does not flush. */
void fs_unmount(struct fs *fs);
/* Without the lock. Writes all dirty metadata; `clean`: then marks the file system clean if nothing
 * has changed meanwhile. Ends with a barrier. */
int fs_flush(struct fs *fs, bool clean);
/* The same for what data that has been written needs to be found again: times may be left for later. */
int fs_flush_for_data(struct fs *fs);
/* The orphan list: inodes without a name that are still in use. */
void orphan_add(struct inode *ip);
bool orphan_listed(struct fs *fs, uint32_t ino);
/* Frees those that nobody uses. */
void orphans_release(struct fs *fs);
int orphan_remove(struct inode *ip);
uint64_t fs_now(struct fs *fs);

/* ------------------------------------------------------------------ taking back (undo.c) */

/* Before any of these bytes of the mapping or of the kept memory is changed. */
void undo_save(struct fs *fs, const void *p, size_t bytes);
/* What this hold has changed stands: when the lock is let go, and before the kernel is told so. */
void undo_commit(struct fs *fs);
/* The same, if the log fills up: between the steps of a long change that a successor can finish. */
void undo_breathe(struct fs *fs);
/* Gets the kept memory; takes back what a predecessor left half done. */
int undo_init(struct fs *fs);

bool bit_get(const uint32_t *bits, uint32_t n);
/* A bit of kept memory. True if it was not so already. */
bool bit_change(struct fs *fs, uint32_t *bits, uint32_t n, bool value);
/* The first bit set in [from, end), or end. */
uint32_t bit_next(const uint32_t *bits, uint32_t from, uint32_t end);

/* ------------------------------------------------------------------ metadata blocks (meta.c) */

int meta_init(struct fs *fs);
void meta_free(struct fs *fs);
/* A metadata block in the mapping; the number has been checked. */
void *meta_block(struct fs *fs, uint32_t block);
/* To be written. What is changed of it is saved apart. */
void meta_dirty(struct fs *fs, uint32_t block);
/* Before these bytes of one block of the mapping are changed: saved, and the block dirty. */
void meta_change(struct fs *fs, const void *p, size_t bytes);
/* The same for bytes of which nothing is lost if they reach the disk later than a sync of data: times. */
void meta_change_times(struct fs *fs, const void *p, size_t bytes);
/* A block just allocated becomes metadata: zeroed and dirty. */
void *meta_new(struct fs *fs, uint32_t block);
void meta_forget(struct fs *fs, uint32_t block);
/* A page of the mapping has been stored to where no metadata is: it needs writeback to be clean. */
void meta_stored(struct fs *fs, uint32_t block);
/* With flush_lock and lock; the lock is let go while writing. Every dirty block of one page of the
 * mapping, or of all that are dirty at the start. */
int meta_write_page(struct fs *fs, uint32_t page);
int meta_write_all(struct fs *fs);
/* Takes over the marks that a predecessor left. */
void meta_recover(struct fs *fs);

/* ------------------------------------------------------------------ blocks (balloc.c) */

/* True if a file or directory may own the block: inside the disk and no part of the fixed metadata. */
bool block_valid(const struct fs *fs, uint32_t block);
/* Blocks that can still be promised or taken. */
uint32_t blocks_available(const struct fs *fs);
enum block_use { BLOCK_META, BLOCK_DATA };
/* One block near `goal` (0: none), or a run of up to `want` for data. `promised`: the caller holds a
 * reservation for it. 0, -ENOSPC, -EAGAIN (only frozen blocks are left: fs_flush, then again), -EIO. */
int block_alloc(struct fs *fs, enum block_use use, uint32_t goal, bool promised, uint32_t want,
	uint32_t *block, uint32_t *count);
int block_free(struct fs *fs, uint32_t block);
/* A block taken for data is on its way into a map, or has arrived. */
void block_placed(struct fs *fs, uint32_t block, bool underway);
uint32_t group_of_block(const struct fs *fs, uint32_t block);
bool group_has_super(const struct fs *fs, uint32_t group);
/* Freezing, for meta.c: at the start and the end of a flush. */
void frozen_begin(struct fs *fs);
void frozen_end(struct fs *fs, bool flushed);

/* ------------------------------------------------------------------ reservation (reserve.c) */

/* Promises room for every unmapped block of the pages; indirect blocks are made at once, so only data
 * blocks are ever promised. 0 or -ENOSPC, -ENOMEM, -EFBIG, -EIO: then what was promised before stands
 * and some of the pages may have been promised too. */
int reserve_pages(struct inode *ip, uint32_t first, uint32_t count);
/* Blocks of the page have been placed. True if that many were promised. */
uint32_t reserve_promised(const struct inode *ip, uint32_t page);
void reserve_use(struct inode *ip, uint32_t page, uint32_t blocks);
/* Blocks promised to pages below that many bytes. */
uint32_t reserve_below(const struct inode *ip, uint64_t bytes);
/* Gives up the promises of pages from `first` on. */
void reserve_trim(struct inode *ip, uint32_t first);
/* The first page at or after `from` that holds a promise, or UINT32_MAX. */
uint32_t reserve_next(const struct inode *ip, uint32_t from);

/* ------------------------------------------------------------------ block map (map.c) */

/* Where the file block is: 0 in *block is a hole. */
int map_lookup(struct inode *ip, uint32_t file_block, uint32_t *block);
/* Makes the indirect blocks on the way to file_block. */
int map_prepare(struct inode *ip, uint32_t file_block);
/* Enters a placed block, whose data is on the disk, into the map. */
int map_commit(struct inode *ip, uint32_t file_block, uint32_t block);
/* Frees every block from file_block on, and indirect blocks left empty there. */
int map_truncate(struct inode *ip, uint32_t file_block);
/* Frees indirect blocks that were made for promises and never used. */
int map_prune(struct inode *ip);
/* The next data block (or hole) at or after file_block, below limit; limit if none. */
int map_seek(struct inode *ip, uint32_t file_block, uint32_t limit, bool hole, uint32_t *found);

/* ------------------------------------------------------------------ inodes (ialloc.c, inode.c) */

/* A new inode near `parent`, zeroed but for mode, owner, times; links = 0. */
int inode_alloc(struct fs *fs, struct inode *parent, uint16_t mode, struct inode **out);
int inode_free_number(struct fs *fs, uint32_t ino, bool directory);
bool inode_number_valid(const struct fs *fs, uint32_t ino);
bool inode_in_use(struct fs *fs, uint32_t ino);
struct disk_inode *inode_raw(struct fs *fs, uint32_t ino);

/* The inode that a directory names, with one more reference; -EIO if the disk has no such inode. */
int inode_get(struct fs *fs, uint32_t ino, struct inode **out);
/* The same for one that may have no links yet, or no more, and is not in memory. */
int inode_load(struct fs *fs, uint32_t ino, struct inode **out);
struct inode *inode_hold(struct inode *ip);
/* Drops a reference. The last user of an inode without links frees it. NULL is fine. */
void inode_put(struct inode *ip);
/* The inode if it is in memory, with one more reference, else NULL. */
struct inode *inode_peek(struct fs *fs, uint32_t ino);
/* Before anything in ip->raw is changed. */
void inode_change(struct inode *ip);
uint64_t inode_size(const struct inode *ip);
void inode_set_size(struct inode *ip, uint64_t size);
void inode_cache_trim(struct fs *fs, uint32_t keep);

enum { TIME_ACCESS = 1, TIME_MODIFY = 2, TIME_CHANGE = 4 };
void inode_touch(struct inode *ip, unsigned which);
void inode_set_time(struct inode *ip, unsigned which, uint64_t seconds, uint32_t ns);
void inode_time(const struct inode *ip, unsigned which, int64_t *seconds, uint32_t *ns);
uint32_t inode_uid(const struct inode *ip);
uint32_t inode_gid(const struct inode *ip);
void inode_set_owner(struct inode *ip, uint32_t uid, uint32_t gid);

static inline bool inode_is(const struct inode *ip, unsigned type)
{
	return (ip->raw->mode & MODE_TYPE) == type;
}

/* I/O of file data against changes of the block map; all may wait. */
void inode_io_begin(struct inode *ip);
void inode_io_end(struct inode *ip);
/* Until inode_admit the inode is unsettled: a successor cuts it down to its size. */
void inode_exclude(struct inode *ip);
void inode_admit(struct inode *ip);
void inode_write_begin(struct inode *ip); /* includes inode_io_begin */
void inode_write_end(struct inode *ip);

/* ------------------------------------------------------------------ directories (dir.c, dirindex.c) */

/* Where an entry is, for dir_replace and dir_remove. */
struct dir_slot {
	uint32_t offset; /* of the entry, in the directory */
	uint32_t ino;
};
int dir_lookup(struct inode *dir, const char *name, unsigned len, struct dir_slot *slot);
int dir_add(struct inode *dir, const char *name, unsigned len, uint32_t ino, uint16_t mode);
int dir_remove(struct inode *dir, const char *name, unsigned len, const struct dir_slot *slot);
int dir_replace(struct inode *dir, const struct dir_slot *slot, uint32_t ino, uint16_t mode);
/* 0 if only "." and ".." are left, -ENOTEMPTY, -EIO. */
int dir_check_empty(struct inode *dir);
int dir_make(struct inode *dir, uint32_t parent_ino);
/* Calls `each` for the entries from the cursor on, until it returns false; *cursor is then where to go
 * on: at the entry refused, or at the end. */
typedef bool dir_each(void *context, const struct disk_dirent *entry, uint32_t offset);
int dir_walk(struct inode *dir, uint32_t *cursor, dir_each *each, void *context);
uint8_t dirent_type(uint16_t mode);
/* The entry at a byte offset of a directory, checked; NULL: the image is wrong there. */
struct disk_dirent *dir_entry_at(struct inode *dir, uint32_t offset);
int dir_block(struct inode *dir, uint32_t index, uint8_t **out);
bool dirent_ok(const struct fs *fs, const uint8_t *block, uint32_t offset);

/* The index: a hash of names, and the longest free space of each block. 0 or -ENOMEM, -EIO. */
int dir_index_get(struct inode *dir, struct dir_index **out);
void dir_index_drop(struct inode *dir);
/* Offsets of entries that may have the name: call with *state = 0 first; false when there are no more. */
bool dir_index_next(
	struct dir_index *index, const char *name, unsigned len, uint32_t *state, uint32_t *offset);
int dir_index_add(struct dir_index *index, const char *name, unsigned len, uint32_t offset);
void dir_index_remove(struct dir_index *index, const char *name, unsigned len, uint32_t offset);
/* First block with that much room, or UINT32_MAX. */
uint32_t dir_index_room(const struct dir_index *index, uint32_t bytes);
int dir_index_set_room(struct dir_index *index, uint32_t block, uint32_t bytes);

/* ------------------------------------------------------------------ names (change.c) */

/* One component each; `dir` is a directory. New inodes come back with a reference. */
int name_lookup(struct inode *dir, const char *name, unsigned len, struct inode **out);
int name_create(
	struct inode *dir, const char *name, unsigned len, uint16_t mode, struct inode **out);
int name_mkdir(struct inode *dir, const char *name, unsigned len, uint16_t mode);
int name_rmdir(struct inode *dir, const char *name, unsigned len);
int name_unlink(struct inode *dir, const char *name, unsigned len);
int name_symlink(
	struct inode *dir, const char *name, unsigned len, const char *target, unsigned bytes);
int name_link(struct inode *ip, struct inode *dir, const char *name, unsigned len);
int name_rename(struct inode *from, const char *name, unsigned len, struct inode *to,
	const char *new_name, unsigned new_len);
/* The target in place; at least *bytes long, not zero-ended. */
int symlink_read(struct inode *ip, const char **target, uint32_t *bytes);
/* Frees what symlinks and directories own; files go through map_truncate. */
bool symlink_is_fast(const struct inode *ip);

#endif
