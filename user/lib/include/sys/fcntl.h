/* picolibc's <fcntl.h>, but with a struct flock whose owner can be any process, and with the
 * functions and flags it leaves out. */
#ifndef _QUIRE_SYS_FCNTL_H
#define _QUIRE_SYS_FCNTL_H

#define flock __picolibc_flock
#include_next <sys/fcntl.h>
#undef flock

__BEGIN_DECLS

struct flock {
	short l_type;
	short l_whence;
	off_t l_start;
	off_t l_len;
	pid_t l_pid;
};

#ifndef O_CLOEXEC
#define O_CLOEXEC   _FNOINHERIT
#define O_NOFOLLOW  _FNOFOLLOW
#define O_DIRECTORY _FDIRECTORY
#define O_EXEC	    _FEXECSRCH
#define O_SEARCH    _FEXECSRCH
#endif
#define O_DSYNC	   O_SYNC
#define O_RSYNC	   O_SYNC
#define O_NDELAY   O_NONBLOCK
#define O_TTY_INIT 0
#ifndef F_DUPFD_CLOEXEC
#define F_DUPFD_CLOEXEC 14
#endif
#ifndef AT_FDCWD
#define AT_FDCWD	    -2
#define AT_EACCESS	    1
#define AT_SYMLINK_NOFOLLOW 2
#define AT_SYMLINK_FOLLOW   4
#define AT_REMOVEDIR	    8
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 16
#endif
#ifndef LOCK_SH
#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8
#endif
#ifndef SEEK_SET
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#endif
#define SEEK_DATA 3
#define SEEK_HOLE 4

#define POSIX_FADV_NORMAL     0
#define POSIX_FADV_RANDOM     1
#define POSIX_FADV_SEQUENTIAL 2
#define POSIX_FADV_WILLNEED   3
#define POSIX_FADV_DONTNEED   4
#define POSIX_FADV_NOREUSE    5

int openat(int dir, const char *path, int flags, ...);
int flock(int fd, int operation);
int posix_fallocate(int fd, off_t offset, off_t len);
int posix_fadvise(int fd, off_t offset, off_t len, int advice);
int fallocate(int fd, int mode, off_t offset, off_t len);

__END_DECLS

#endif
