/* picolibc's <unistd.h>, and the functions it hides or leaves out. */
#ifndef _QUIRE_SYS_UNISTD_H
#define _QUIRE_SYS_UNISTD_H

#include_next <sys/unistd.h>
#include <getopt.h>

__BEGIN_DECLS

#ifndef SEEK_DATA
#define SEEK_DATA 3
#define SEEK_HOLE 4
#endif

#define _SC_REAL_NPROCESSORS _SC_NPROCESSORS_ONLN
#define _CS_PATH	     0

int chroot(const char *path);
int dup3(int fd, int new_fd, int flags);
int execlpe(const char *file, const char *arg, ...);
int execvpe(const char *file, char *const argv[], char *const envp[]);
int faccessat(int dir, const char *path, int mode, int flags);
int fchdir(int fd);
int fchown(int fd, uid_t owner, gid_t group);
int fchownat(int dir, const char *path, uid_t owner, gid_t group, int flags);
int fdatasync(int fd);
int fexecve(int fd, char *const argv[], char *const envp[]);
int ftruncate(int fd, off_t length);
char *get_current_dir_name(void);
int getdtablesize(void);
int getentropy(void *buf, size_t len);
int gethostname(char *name, size_t len);
long gethostid(void);
int getlogin_r(char *name, size_t len);
int getpagesize(void);
pid_t getpgid(pid_t pid);
pid_t getsid(pid_t pid);
pid_t gettid(void);
char *getwd(char *buf);
int lchown(const char *path, uid_t owner, gid_t group);
int linkat(int dir1, const char *path1, int dir2, const char *path2, int flags);
#define F_ULOCK 0
#define F_LOCK	1
#define F_TLOCK 2
#define F_TEST	3
int lockf(int fd, int command, off_t len);
int nice(int increment);
int pipe2(int fds[2], int flags);
ssize_t pread(int fd, void *buf, size_t len, off_t offset);
ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset);
ssize_t readlinkat(int dir, const char *__restrict path, char *__restrict buf, size_t len);
void *sbrk(ptrdiff_t increment);
int brk(void *end);
int setpgrp(void);
void swab(const void *__restrict from, void *__restrict to, ssize_t len);
void sync(void);
int syncfs(int fd);
int symlinkat(const char *target, int dir, const char *path);
int truncate(const char *path, off_t length);
useconds_t ualarm(useconds_t first, useconds_t interval);
int unlinkat(int dir, const char *path, int flags);
int usleep(useconds_t microseconds);
pid_t vfork(void) __attribute__((__returns_twice__));
int daemon(int keep_directory, int keep_descriptors);
off_t lseek(int fd, off_t offset, int whence);
__loff_t lseek64(int fd, __loff_t offset, int whence);

__END_DECLS

#endif
