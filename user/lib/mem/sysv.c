/* System V shared memory, made of files in the memory file system, so that a segment is a memory object like any
 * other.
 *
 *     /dev/shm/.sysv/id-N     a segment: a page with struct record, then its memory. N is its inode number,
 *                             which is long not given again
 *     /dev/shm/.sysv/key-K    a second name of the segment with that key
 *     /dev/shm/.sysv/new-N.P  a segment that is being made, or whose maker was killed
 *
 * A segment is whole before it has a name, and link() decides between two who make one key. Who removes one holds
 * a lock on the file, which his death lets go: so a key's name is taken away only while it is that segment's.
 * Nobody else waits for anybody.
 *
 * The memory lives until its last mapping goes: attachments are the kernel's mappings, and their number, which
 * fork, exec and exit change, is asked of it. (A program that cuts a hole into an attachment makes two of it.)
 * A removed segment can't be attached any more, as POSIX has it, and not as on Linux.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../internal.h"

#define FOLDER	     "/dev/shm/.sysv"
#define PATH_MAX_LEN 64
#define PAGE	     ((size_t)QUIRE_PAGE_SIZE)
#define SIZE_MAX_LEN (0x7fffffffu - 2 * PAGE) /* of a file there can be */

/* The first page. Times and the last process are only told: who changes them at once, one of them is kept. */
struct record {
	size_t size; /* as asked for */
	key_t key;
	pid_t creator, last;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	time_t attached, detached, changed;
};

/* This process's, for shmdt; a child has a copy, a new image none. Guarded by malloc's lock, which fork takes. */
static struct attachment {
	struct attachment *next;
	void *at;
	size_t len;
	int id;
} * attachments;

static size_t whole_pages(size_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

static void id_path(char *path, int id)
{
	snprintf(path, PATH_MAX_LEN, FOLDER "/id-%d", id);
}

static void key_path(char *path, key_t key)
{
	snprintf(path, PATH_MAX_LEN, FOLDER "/key-%08lx", (unsigned long)key);
}

static int open_file(const char *path)
{
	return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
}

static int read_record(int fd, struct record *r)
{
	return pread(fd, r, sizeof(*r), 0) == (ssize_t)sizeof(*r) ? 0 : -1;
}

static int write_record(int fd, const struct record *r)
{
	return pwrite(fd, r, sizeof(*r), 0) == (ssize_t)sizeof(*r) ? 0 : -1;
}

/* -1 and EINVAL: there is no such segment (any more). */
static int open_segment(int id, struct record *r)
{
	char path[PATH_MAX_LEN];
	int fd;

	id_path(path, id);
	fd = open_file(path);
	if (fd >= 0 && read_record(fd, r) < 0) {
		close(fd);
		fd = -1;
		errno = ENOENT;
	}
	if (fd < 0 && errno == ENOENT)
		errno = EINVAL;
	return fd;
}

/* ------------------------------------------------------------------ making and finding */

/* A whole segment under a name that nobody looks for. Its id, or -1. */
static int make_unnamed(key_t key, size_t size, int flags, char *path)
{
	struct record r = {.size = size,
		.key = key,
		.creator = getpid(),
		.mode = (mode_t)flags & 0777,
		.uid = getuid(),
		.gid = getgid(),
		.changed = time(NULL)};
	static unsigned int made;
	struct stat st;
	int fd, error;

	mkdir(FOLDER, 0777);
	snprintf(path, PATH_MAX_LEN, FOLDER "/new-%u.%d",
		__atomic_add_fetch(&made, 1, __ATOMIC_RELAXED), (int)getpid());
	unlink(path); /* a killed process's that had our number */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)(PAGE + whole_pages(size))) == 0 && write_record(fd, &r) == 0 &&
		fstat(fd, &st) == 0) {
		close(fd);
		return (int)st.st_ino;
	}
	error = errno == ENOSPC ? ENOMEM : errno;
	close(fd);
	unlink(path);
	errno = error;
	return -1;
}

/* -1 and EEXIST: another has made one with that key meanwhile. */
static int make(key_t key, size_t size, int flags)
{
	char made[PATH_MAX_LEN], name[PATH_MAX_LEN], second[PATH_MAX_LEN];
	int id, error;

	if (size == 0 || size > SIZE_MAX_LEN)
		return (int)__libc_result(-EINVAL);
	id = make_unnamed(key, size, flags, made);
	if (id < 0)
		return -1;
	id_path(name, id);
	key_path(second, key);
	if (rename(made, name) == 0 && (key == IPC_PRIVATE || link(name, second) == 0))
		return id;
	error = errno;
	unlink(made);
	unlink(name);
	errno = error;
	return -1;
}

/* -1 and ENOENT: there is none. */
static int find(key_t key, size_t size, int flags)
{
	char path[PATH_MAX_LEN];
	struct record r;
	struct stat st;
	int fd, id = -1;

	key_path(path, key);
	fd = open_file(path);
	if (fd < 0)
		return -1;
	if (read_record(fd, &r) < 0 || fstat(fd, &st) < 0)
		errno = ENOENT;
	else if ((flags & IPC_CREAT) && (flags & IPC_EXCL))
		errno = EEXIST;
	else if (size > r.size)
		errno = EINVAL;
	else
		id = (int)st.st_ino;
	close(fd);
	return id;
}

int shmget(key_t key, size_t size, int flags)
{
	int id;

	if (key == IPC_PRIVATE)
		return make(key, size, flags);
	do {
		id = find(key, size, flags);
		if (id >= 0 || errno != ENOENT || !(flags & IPC_CREAT))
			return id;
		id = make(key, size, flags);
	} while (id < 0 && errno == EEXIST);
	return id;
}

/* The same file has the same number; files on one device differ in it, and so do projects' letters. */
key_t ftok(const char *path, int id)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -1;
	return (key_t)((st.st_ino & 0xffff) | (st.st_dev & 0xff) << 16 |
		       (unsigned int)(id & 0xff) << 24);
}

/* ------------------------------------------------------------------ attaching */

static int map_flags(const void **addr, int flags)
{
	if (*addr == NULL)
		return flags & SHM_REMAP ? -EINVAL : MAP_SHARED;
	if (flags & SHM_RND)
		*addr = (const void *)((uintptr_t)*addr & ~(uintptr_t)(SHMLBA - 1));
	if ((uintptr_t)*addr & (SHMLBA - 1))
		return -EINVAL;
	return MAP_SHARED | (flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE);
}

static void *map_segment(int fd, const struct record *r, const void *addr, int flags)
{
	int prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) |
		   (flags & SHM_EXEC ? PROT_EXEC : 0);
	int how = map_flags(&addr, flags);
	void *at;

	if (how < 0) {
		errno = -how;
		return MAP_FAILED;
	}
	at = mmap((void *)(uintptr_t)addr, whole_pages(r->size), prot, how, fd, (off_t)PAGE);
	if (at == MAP_FAILED && errno == EEXIST)
		errno = EINVAL;
	return at;
}

void *shmat(int id, const void *addr, int flags)
{
	struct attachment *a = malloc(sizeof(*a));
	struct record r;
	int fd = a ? open_segment(id, &r) : -1;

	if (fd < 0) {
		free(a);
		return (void *)-1;
	}
	a->at = map_segment(fd, &r, addr, flags);
	if (a->at == MAP_FAILED) {
		close(fd);
		free(a);
		return (void *)-1;
	}
	addr = a->at;
	a->len = whole_pages(r.size);
	a->id = id;
	__libc_malloc_lock();
	a->next = attachments;
	attachments = a;
	__libc_malloc_unlock();
	r.last = getpid();
	r.attached = time(NULL);
	write_record(fd, &r);
	close(fd);
	return (void *)(uintptr_t)addr;
}

int shmdt(const void *addr)
{
	struct attachment **at = &attachments, *a;
	struct record r;
	int fd;

	__libc_malloc_lock();
	while (*at && (*at)->at != addr)
		at = &(*at)->next;
	a = *at;
	if (a)
		*at = a->next;
	__libc_malloc_unlock();
	if (!a)
		return (int)__libc_result(-EINVAL);
	munmap(a->at, a->len);
	fd = open_segment(a->id, &r);
	free(a);
	if (fd < 0)
		return 0; /* removed: nobody can ask any more */
	r.last = getpid();
	r.detached = time(NULL);
	write_record(fd, &r);
	close(fd);
	return 0;
}

/* ------------------------------------------------------------------ control */

static int tell(int fd, const struct record *r, struct shmid_ds *buf)
{
	struct quire_obj_info info;

	if (!__libc_writable(buf, sizeof(*buf)))
		return -EFAULT;
	if (sys_obj_info(fd, &info) < 0)
		return -EINVAL;
	*buf = (struct shmid_ds){
		.shm_perm = {.__key = r->key,
			.uid = r->uid,
			.gid = r->gid,
			.cuid = r->uid,
			.cgid = r->gid,
			.mode = r->mode},
		.shm_segsz = r->size,
		.shm_atime = r->attached,
		.shm_dtime = r->detached,
		.shm_ctime = r->changed,
		.shm_cpid = r->creator,
		.shm_lpid = r->last,
		.shm_nattch = info.regions,
	};
	return 0;
}

static int set(int fd, struct record *r, const struct shmid_ds *buf)
{
	if (!__libc_readable(buf, sizeof(*buf)))
		return -EFAULT;
	r->mode = (r->mode & ~(mode_t)0777) | (buf->shm_perm.mode & 0777);
	r->uid = buf->shm_perm.uid;
	r->gid = buf->shm_perm.gid;
	r->changed = time(NULL);
	return write_record(fd, r) < 0 ? -errno : 0;
}

/* With the lock on the file, by which only one at a time removes it. */
static int take_names(int fd, int id, key_t key)
{
	char path[PATH_MAX_LEN];
	struct stat ours, named;

	if (fstat(fd, &ours) < 0)
		return -errno;
	key_path(path, key);
	if (key != IPC_PRIVATE && stat(path, &named) == 0 && named.st_ino == ours.st_ino)
		unlink(path);
	id_path(path, id);
	return unlink(path) < 0 ? -EINVAL : 0;
}

int shmctl(int id, int command, struct shmid_ds *buf)
{
	struct record r;
	int fd = open_segment(id, &r), status;

	if (fd < 0)
		return -1;
	switch (command) {
	case IPC_STAT: status = tell(fd, &r, buf); break;
	case IPC_SET: status = set(fd, &r, buf); break;
	case IPC_RMID:
		while ((status = flock(fd, LOCK_EX)) < 0 && errno == EINTR)
			;
		status = status < 0 ? -errno : take_names(fd, id, r.key);
		break;
	default: status = -EINVAL; break;
	}
	close(fd);
	return (int)__libc_result(status);
}
