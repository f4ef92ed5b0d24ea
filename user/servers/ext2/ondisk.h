/* The second extended file system as it lies on the disk: layouts and constants, nothing else.
 *
 * Numbers are little-endian; so are all machines this runs on, which fs_mount's callers may rely on
 * and a static assertion below checks. Field meanings are those of "The Second Extended File System:
 * Internal Layout" (Poirier). Every value here comes from an image that anybody may have written:
 * whoever reads one checks it before use.
 */
#ifndef EXT2_ONDISK_H
#define EXT2_ONDISK_H

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "on-disk numbers are used in place");

#define EXT2_MAGIC	     0xef53
#define EXT2_SUPER_OFFSET    1024
#define EXT2_ROOT_INO	     2
#define EXT2_GOOD_OLD_FIRST  11
#define EXT2_GOOD_OLD_ISIZE  128
#define EXT2_LINK_MAX	     32000
#define EXT2_NAME_MAX	     255
#define EXT2_MIN_BLOCK_SHIFT 10
#define EXT2_MAX_BLOCK_SHIFT 12

/* s_state */
#define EXT2_STATE_CLEAN 1
#define EXT2_STATE_ERROR 2

/* Features this code knows how to keep right when it writes. */
#define EXT2_INCOMPAT_FILETYPE	  0x0002
#define EXT2_RO_COMPAT_SPARSE	  0x0001
#define EXT2_RO_COMPAT_LARGE_FILE 0x0002
#define EXT2_RO_COMPAT_BTREE_DIR  0x0004
#define EXT2_INCOMPAT_KNOWN	  EXT2_INCOMPAT_FILETYPE
#define EXT2_RO_COMPAT_KNOWN \
	(EXT2_RO_COMPAT_SPARSE | EXT2_RO_COMPAT_LARGE_FILE | EXT2_RO_COMPAT_BTREE_DIR)

struct disk_super {
	uint32_t inodes_count;
	uint32_t blocks_count;
	uint32_t r_blocks_count;
	uint32_t free_blocks_count;
	uint32_t free_inodes_count;
	uint32_t first_data_block;
	uint32_t log_block_size;
	uint32_t log_frag_size;
	uint32_t blocks_per_group;
	uint32_t frags_per_group;
	uint32_t inodes_per_group;
	uint32_t mtime;
	uint32_t wtime;
	uint16_t mnt_count;
	uint16_t max_mnt_count;
	uint16_t magic;
	uint16_t state;
	uint16_t errors;
	uint16_t minor_rev;
	uint32_t lastcheck;
	uint32_t checkinterval;
	uint32_t creator_os;
	uint32_t rev;
	uint16_t def_resuid;
	uint16_t def_resgid;
	/* From here on only in revision 1. */
	uint32_t first_ino;
	uint16_t inode_size;
	uint16_t block_group_nr;
	uint32_t feature_compat;
	uint32_t feature_incompat;
	uint32_t feature_ro_compat;
	uint8_t uuid[16];
	char volume_name[16];
	char last_mounted[64];
	uint32_t algo_bitmap;
	uint8_t prealloc_blocks;
	uint8_t prealloc_dir_blocks;
	uint16_t reserved_gdt_blocks;
	uint8_t journal_uuid[16];
	uint32_t journal_inum;
	uint32_t journal_dev;
	uint32_t last_orphan;
	uint32_t hash_seed[4];
	uint8_t def_hash_version;
	uint8_t jnl_backup_type;
	uint16_t desc_size;
	uint32_t default_mount_opts;
	uint32_t first_meta_bg;
	uint32_t mkfs_time;
	uint32_t jnl_blocks[17];
	uint32_t blocks_count_hi;
	uint32_t r_blocks_count_hi;
	uint32_t free_blocks_hi;
	uint16_t min_extra_isize;
	uint16_t want_extra_isize;
	uint32_t rest[168];
};
_Static_assert(sizeof(struct disk_super) == 1024, "layout of the superblock");

struct disk_group {
	uint32_t block_bitmap;
	uint32_t inode_bitmap;
	uint32_t inode_table;
	uint16_t free_blocks_count;
	uint16_t free_inodes_count;
	uint16_t used_dirs_count;
	uint16_t flags;
	uint32_t reserved[3];
};
_Static_assert(sizeof(struct disk_group) == 32, "layout of a group descriptor");

/* i_block: twelve direct blocks, then the roots of the three indirect trees. */
#define EXT2_DIRECT 12
#define EXT2_NBLOCK 15

struct disk_inode {
	uint16_t mode;
	uint16_t uid;
	uint32_t size;
	uint32_t atime;
	uint32_t ctime;
	uint32_t mtime;
	uint32_t dtime; /* of an orphan: the next inode of the orphan list */
	uint16_t gid;
	uint16_t links;
	uint32_t sectors; /* of 512 bytes, metadata blocks included */
	uint32_t flags;
	uint32_t version;
	uint32_t block[EXT2_NBLOCK];
	uint32_t generation;
	uint32_t file_acl;
	uint32_t size_high; /* regular files; directories have an unused ACL field here */
	uint32_t faddr;
	uint16_t osd_blocks_high;
	uint16_t file_acl_high;
	uint16_t uid_high;
	uint16_t gid_high;
	uint32_t osd_reserved;
	/* From here on only where the inode is larger than 128 bytes, extra_isize bytes of it. */
	uint16_t extra_isize;
	uint16_t checksum_hi;
	uint32_t ctime_extra; /* two bits of epoch, thirty of nanoseconds */
	uint32_t mtime_extra;
	uint32_t atime_extra;
	uint32_t crtime;
	uint32_t crtime_extra;
	uint32_t version_hi;
	uint32_t projid;
};
_Static_assert(sizeof(struct disk_inode) == 160, "layout of an inode");
_Static_assert(__builtin_offsetof(struct disk_inode, extra_isize) == 128, "layout of an inode");

#define EXT2_IMMUTABLE_FL 0x00000010
#define EXT2_APPEND_FL	  0x00000020
#define EXT2_INDEX_FL	  0x00001000 /* the directory has a hash tree, which we do not keep */
/* Flags a new file takes over from its directory would be none of ours: we inherit nothing. */

/* i_mode */
#define MODE_TYPE    0170000
#define MODE_FIFO    0010000
#define MODE_CHAR    0020000
#define MODE_DIR     0040000
#define MODE_BLOCK   0060000
#define MODE_REGULAR 0100000
#define MODE_SYMLINK 0120000
#define MODE_SOCKET  0140000
#define MODE_BITS    07777

struct disk_dirent {
	uint32_t ino; /* 0: the space is free */
	uint16_t rec_len;
	uint8_t name_len;
	uint8_t file_type; /* with EXT2_INCOMPAT_FILETYPE; else the high byte of name_len, 0 */
	char name[];
};
_Static_assert(sizeof(struct disk_dirent) == 8, "layout of a directory entry");
#define DIRENT_SPACE(namelen) ((8u + (namelen) + 3u) & ~3u)

/* Extended attributes in a block of their own, shared by inodes; we only count its owners. */
#define EXT2_XATTR_MAGIC 0xea020000
struct disk_xattr_header {
	uint32_t magic;
	uint32_t refcount;
	uint32_t blocks;
	uint32_t hash;
};

#endif
