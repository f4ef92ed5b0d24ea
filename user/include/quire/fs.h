/* The file protocol: what the libc asks a file server, and a directory or file channel answers.
 *
 * Every request is a CALL (quire/abi.h) on a directory channel (QUIRE_H_ROOT, QUIRE_H_CWD, or an
 * opened directory), or through an open file's stream or channel. w0 of the answer is 0 or positive,
 * or a negated error number. Paths travel in the payload, not zero-ended; a request with two paths
 * gives the length of the first in a word.
 *
 * Crossing servers. A server walks a path as far as its own tree goes. If the walk leaves it (a
 * mount point, or ".." at its root) it answers FS_CROSS: handle 0 is the directory channel to go on
 * from, the payload is the rest of the path. An absolute symbolic link is answered FS_RESTART: the
 * payload is the whole new path, to be asked of QUIRE_H_ROOT. The libc repeats the request there, at
 * most FS_HOPS times in all, then gives ELOOP. For requests with two paths see FS_RENAME.
 *
 * Path rules are POSIX's: empty is ENOENT; a trailing slash demands a directory; a component longer
 * than 255 bytes or a path of 1024 or more is ENAMETOOLONG.
 */
#ifndef QUIRE_FS_H
#define QUIRE_FS_H

#include <stdint.h>

#define FS_HOPS	    40
#define FS_PATH_MAX 1024

/* Values of w0 in an answer besides 0 and errors. */
#define FS_CROSS   0x10001
#define FS_RESTART 0x10002

enum fs_request {
	/* On a directory channel, path in the payload. */
	FS_OPEN = 1, /* w1 = FS_O_* | QUIRE_O_*, w2 = mode bits for a created file.
		      * Answer: handle 0 = a stream (regular file), or a channel with QUIRE_BADGE_FILE
		      * (directory, device, fifo); w1 = file type bits (S_IFMT part of the mode). */
	/* w1 = 1: do not follow a final symbolic link. Answer: payload struct fs_stat */
	FS_STAT,
	FS_MKDIR, /* w1 = mode */
	FS_RMDIR,
	FS_UNLINK,   /* not for directories: EPERM */
	FS_READLINK, /* answer: payload = target */
	FS_SYMLINK,  /* payload = target then link path; w1 = bytes of the target */
	FS_MKNOD,    /* w1 = mode with type (S_IFIFO or S_IFREG) */
	FS_CHMOD,    /* w1 = mode, w2 = 1: do not follow */
	FS_CHOWN,    /* w1 = uid, w2 = gid (-1: leave), w3 = 1: do not follow */
	FS_UTIMES,   /* payload = struct fs_times then path; w2 = 1: do not follow */
	FS_TRUNCATE, /* w1, w2 = size low, high */
	FS_ACCESS,   /* w1 = R_OK|W_OK|X_OK mask */
	/* a directory: answer: handle 0 = its channel (for chdir: no QUIRE_BADGE_FILE) */
	FS_LOOKUP,

	/* Two paths in one server: payload = first path then second path, w1 = bytes of the first.
	 * Handle 0 of the request = directory channel that the second is relative to (the call itself
	 * goes to the first's). The server answers FS_CROSS or FS_RESTART with w1 = 1 or 2 telling
	 * which path; the libc resolves that one's directory by FS_LOOKUP and asks again with
	 * directory channels and plain names; if the channels are of different servers: EXDEV, after
	 * which the libc does the same once, since the server that was asked may be neither's. A
	 * first path that ends in a symbolic link means the link. */
	FS_RENAME = 32,
	FS_LINK,

	/* On an open file (stream or channel) or directory; no path. */
	FS_FSTAT = 64, /* answer: payload struct fs_stat */
	FS_FCHMOD,     /* w1 = mode */
	FS_FCHOWN,     /* w1, w2 */
	FS_FUTIMES,    /* payload struct fs_times */
	/* w1, w2 = size; EINVAL unless opened for writing (the libc checks rights) */
	FS_FTRUNCATE,
	FS_ALLOCATE, /* payload struct fs_range: posix_fallocate */
	/* payload struct fs_range {offset}; w1 = 0 data, 1 hole; answer: payload struct fs_range
	 * {offset} */
	FS_SEEK_DATA,
	/* w1 = cursor (0 first); answer: payload struct fs_dirent records, w0 = bytes, w1 = next
	 * cursor; 0 bytes: end */
	FS_READDIR,
	FS_GETPATH, /* directory: answer payload = absolute path (getcwd) */
	FS_STATFS,  /* answer: payload struct fs_statfs */
	FS_SYNC,    /* the whole file system is on the disk when answered */
	/* an opened directory: answer handle 0 = a channel for use as *at() base or fchdir */
	FS_DIRCHANNEL,

	/* Files served by messages (devices, the terminal, fifos). */
	/* w1 = most bytes wanted (<= QUIRE_MSG_DATA), w2 = QUIRE_O_NONBLOCK or 0; answer:
	 * payload, w0 = bytes */
	FS_READ = 96,
	FS_WRITE, /* payload; answer: w0 = bytes taken */
	FS_POLL, /* w1 = events; answer w0 = revents, at once; after a 0, SYS_POLL_CHANGED when it may
			 * be another */
	FS_IOCTL, /* w1 = request, payload in and out */

	/* Administration, on the root channel of a server, from init. */
	/* payload = one name in the root directory; handle 0 = root channel of the mounted
	 * server */
	FS_MOUNT = 128,
	/* handle 0 = channel of the directory above this server's root, payload = name of the
	 * mount */
	FS_SETPARENT,
	FS_SHUTDOWN, /* sync everything, mark the file system clean, refuse further changes */
};

/* Open flags beyond QUIRE_O_*: picolibc's numbers. */
#define FS_O_CREAT     0x0040
#define FS_O_TRUNC     0x0200
#define FS_O_EXCL      0x0800
#define FS_O_NOFOLLOW  0x100000
#define FS_O_DIRECTORY 0x200000

struct fs_stat {
	uint32_t dev;
	uint32_t ino;
	uint32_t mode; /* type and permission bits, POSIX numbers */
	uint32_t nlink;
	uint32_t uid, gid;
	uint32_t rdev;
	uint32_t blksize;
	uint64_t size;
	uint64_t blocks; /* of 512 bytes */
	int64_t atime, mtime, ctime;
	uint32_t atime_ns, mtime_ns, ctime_ns;
	uint32_t reserved;
};
struct fs_times {
	int64_t atime, mtime;
	uint32_t atime_ns, mtime_ns; /* FS_NOW: now, FS_OMIT: leave */
};
#define FS_NOW	0x3fffffffu
#define FS_OMIT 0x3ffffffeu

struct fs_range {
	uint64_t offset;
	uint64_t length;
};
struct fs_dirent {
	uint32_t ino;
	uint16_t reclen; /* of this record, multiple of 4 */
	uint8_t type;	 /* DT_*: S_IFMT >> 12 */
	uint8_t namelen;
	char name[]; /* not zero-ended */
};
struct fs_statfs {
	uint32_t blocksize, namemax;
	uint64_t blocks, free, files, files_free;
	uint32_t fsid;
	uint32_t flags; /* 1: read only */
};

_Static_assert(sizeof(struct fs_stat) == 88, "layout of fs_stat");

#endif
