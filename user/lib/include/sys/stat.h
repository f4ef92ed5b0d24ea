/* picolibc's struct stat (with Quire's wider types), and the functions it leaves out. */
#ifndef _QUIRE_SYS_STAT_H
#define _QUIRE_SYS_STAT_H

#include_next <sys/stat.h>

__BEGIN_DECLS

#ifndef UTIME_NOW
#define UTIME_NOW  0x3fffffffL
#define UTIME_OMIT 0x3ffffffeL
#endif

int lstat(const char *__restrict path, struct stat *__restrict buf);
int mknod(const char *path, mode_t mode, dev_t device);
int fstatat(int dir, const char *__restrict path, struct stat *__restrict buf, int flags);
int fchmodat(int dir, const char *path, mode_t mode, int flags);
int mkdirat(int dir, const char *path, mode_t mode);
int mkfifoat(int dir, const char *path, mode_t mode);
int mknodat(int dir, const char *path, mode_t mode, dev_t device);
int utimensat(int dir, const char *path, const struct timespec times[2], int flags);
int futimens(int fd, const struct timespec times[2]);
int fchmod(int fd, mode_t mode);

#define S_TYPEISMQ(buf)	 0
#define S_TYPEISSEM(buf) 0
#define S_TYPEISSHM(buf) 0

__END_DECLS

#endif
