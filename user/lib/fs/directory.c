/* Reading directories, and the current one.
 *
 * A server hands out entries by the message-full, with a cursor for the next batch. A place within a
 * directory (telldir) is thus a batch and an entry in it; places that a program asked for are kept
 * in a table, and the number it gets is an index there.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <quire/fs.h>
#include "../internal.h"

struct place {
	uint32_t cursor; /* of the batch */
	uint32_t entry;	 /* entries of it that come before */
};

struct __dirstream {
	int fd;
	__libc_lock_t lock;
	uint32_t cursor;      /* of the batch in the buffer */
	uint32_t next_cursor; /* of the one after it */
	uint32_t entry;	      /* entries taken from the buffer */
	uint32_t at, bytes;   /* in the buffer */
	struct place *places; /* telldir's */
	long places_used;
	struct dirent result;
	uint32_t buffer[QUIRE_MSG_DATA / 4];
};

static DIR *make_stream(int fd)
{
	DIR *dir = calloc(1, sizeof(*dir));

	if (!dir) {
		errno = ENOMEM;
		return NULL;
	}
	dir->fd = fd;
	return dir;
}

DIR *opendir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir;

	if (fd < 0)
		return NULL;
	dir = make_stream(fd);
	if (!dir)
		close(fd);
	return dir;
}

DIR *fdopendir(int fd)
{
	struct fs_stat st;
	int status = __libc_stat_fd(fd, &st);

	if (status == 0 && !S_ISDIR(st.mode))
		status = -ENOTDIR;
	if (status < 0) {
		errno = -status;
		return NULL;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return make_stream(fd);
}

int closedir(DIR *dir)
{
	int fd = dir->fd;

	free(dir->places);
	free(dir);
	return close(fd);
}

int fdclosedir(DIR *dir);
int fdclosedir(DIR *dir)
{
	int fd = dir->fd;

	free(dir->places);
	free(dir);
	return fd;
}

int dirfd(DIR *dir)
{
	return dir->fd;
}

/* ------------------------------------------------------------------ reading */

static int fetch_locked(DIR *dir, uint32_t cursor)
{
	struct __libc_request request = {.label = FS_READDIR,
		.w1 = cursor,
		.out = dir->buffer,
		.out_size = sizeof(dir->buffer)};
	int status = __libc_ask(dir->fd, &request);

	if (status < 0)
		return status;
	dir->cursor = cursor;
	dir->next_cursor = request.answer[1];
	dir->bytes = request.out_bytes;
	dir->at = 0;
	dir->entry = 0;
	return 0;
}

static const struct fs_dirent *take_locked(DIR *dir)
{
	const struct fs_dirent *record = (const void *)((char *)dir->buffer + dir->at);

	if (dir->bytes - dir->at < sizeof(*record) || record->reclen < sizeof(*record) ||
		record->reclen > dir->bytes - dir->at ||
		record->namelen > record->reclen - sizeof(*record))
		return NULL;
	dir->at += record->reclen;
	dir->entry++;
	return record;
}

/* 1: an entry, 0: the end, or a negated error. */
static int next_locked(DIR *dir, struct dirent *entry)
{
	const struct fs_dirent *record;

	if (dir->at >= dir->bytes) {
		int status = fetch_locked(dir, dir->next_cursor);

		if (status < 0)
			return status;
		if (dir->bytes == 0)
			return 0;
	}
	record = take_locked(dir);
	if (!record)
		return -EIO;
	entry->d_ino = record->ino;
	entry->d_off = (off_t)(dir->cursor + dir->entry);
	entry->d_type = record->type;
	memcpy(entry->d_name, record->name, record->namelen);
	entry->d_name[record->namelen] = '\0';
	entry->d_reclen =
		(unsigned short)((offsetof(struct dirent, d_name) + record->namelen + 4) & ~3u);
	return 1;
}

struct dirent *readdir(DIR *dir)
{
	int status;

	__libc_lock(&dir->lock);
	status = next_locked(dir, &dir->result);
	__libc_unlock(&dir->lock);
	if (status < 0)
		errno = -status;
	return status > 0 ? &dir->result : NULL;
}

int readdir_r(DIR *restrict dir, struct dirent *restrict entry, struct dirent **restrict result)
{
	int status;

	__libc_lock(&dir->lock);
	status = next_locked(dir, entry);
	__libc_unlock(&dir->lock);
	*result = status > 0 ? entry : NULL;
	return status < 0 ? -status : 0;
}

void rewinddir(DIR *dir)
{
	__libc_lock(&dir->lock);
	dir->at = dir->bytes = 0;
	dir->next_cursor = 0;
	__libc_unlock(&dir->lock);
}

/* ------------------------------------------------------------------ places */

long telldir(DIR *dir)
{
	struct place here;
	struct place *places;
	long number = -1;

	__libc_lock(&dir->lock);
	here = dir->at < dir->bytes ? (struct place){dir->cursor, dir->entry}
				    : (struct place){dir->next_cursor, 0};
	for (long i = 0; i < dir->places_used && number < 0; i++) {
		if (dir->places[i].cursor == here.cursor && dir->places[i].entry == here.entry)
			number = i;
	}
	if (number < 0) {
		places = realloc(dir->places, (size_t)(dir->places_used + 1) * sizeof(*places));
		if (places) {
			dir->places = places;
			number = dir->places_used++;
			places[number] = here;
		}
	}
	__libc_unlock(&dir->lock);
	return number;
}

void seekdir(DIR *dir, long number)
{
	__libc_lock(&dir->lock);
	if (number >= 0 && number < dir->places_used) {
		struct place place = dir->places[number];

		dir->at = dir->bytes = 0;
		dir->next_cursor = place.cursor;
		if (place.entry > 0 && fetch_locked(dir, place.cursor) == 0) {
			while (dir->entry < place.entry && take_locked(dir))
				continue;
		}
	}
	__libc_unlock(&dir->lock);
}

/* ------------------------------------------------------------------ scandir */

int alphasort(const struct dirent **a, const struct dirent **b)
{
	return strcoll((*a)->d_name, (*b)->d_name);
}

static void free_entries(struct dirent **entries, size_t count)
{
	while (count > 0)
		free(entries[--count]);
	free(entries);
}

int scandir(const char *path, struct dirent ***result, int (*select)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **))
{
	struct dirent **entries = NULL;
	size_t used = 0, room = 0;
	struct dirent *entry;
	DIR *dir = opendir(path);

	if (!dir)
		return -1;
	errno = 0;
	while ((entry = readdir(dir))) {
		struct dirent *copy;

		if (select && !select(entry))
			continue;
		if (used == room) {
			struct dirent **more;

			room = room ? 2 * room : 16;
			more = realloc(entries, room * sizeof(*entries));
			if (!more)
				goto fail;
			entries = more;
		}
		copy = malloc(sizeof(*copy));
		if (!copy)
			goto fail;
		*copy = *entry;
		entries[used++] = copy;
		errno = 0;
	}
	if (errno)
		goto fail;
	closedir(dir);
	if (compare && used > 1)
		qsort(entries, used, sizeof(*entries),
			(int (*)(const void *, const void *))compare);
	*result = entries;
	return (int)used;
fail:
	free_entries(entries, used);
	closedir(dir);
	return -1;
}

/* ------------------------------------------------------------------ the current directory */

static int enter(int channel)
{
	int status;

	if (channel < 0)
		return -EIO;
	if (channel < QUIRE_FD_MAX) {
		sys_close(channel);
		return -EIO;
	}
	status = sys_dup2(channel, QUIRE_H_CWD, 0);
	sys_close(channel);
	return status < 0 ? status : 0;
}

int chdir(const char *path)
{
	struct __libc_request request = {.label = FS_LOOKUP};
	int status = __libc_ask_path(AT_FDCWD, path, &request);

	if (status >= 0)
		status = enter(request.handle);
	return (int)__libc_result(status);
}

int fchdir(int fd)
{
	struct __libc_request request = {.label = FS_DIRCHANNEL};
	struct fs_stat st;
	int status = __libc_stat_fd(fd, &st);

	if (status == 0 && !S_ISDIR(st.mode))
		status = -ENOTDIR;
	if (status == 0)
		status = __libc_ask(fd, &request);
	if (status >= 0)
		status = enter(request.handle);
	return (int)__libc_result(status);
}

int chroot(const char *path)
{
	struct __libc_request request = {.label = FS_LOOKUP};
	int status = __libc_ask_path(AT_FDCWD, path, &request);

	if (status >= 0 && request.handle < 0)
		status = -EIO;
	if (status >= 0) {
		status = sys_dup2(request.handle, QUIRE_H_ROOT, 0);
		sys_close(request.handle);
	}
	return __libc_result(status) < 0 ? -1 : 0;
}

char *getcwd(char *buf, size_t size)
{
	char path[FS_PATH_MAX];
	struct __libc_request request = {
		.label = FS_GETPATH, .out = path, .out_size = sizeof(path) - 1};
	int status;

	if (buf && size == 0) {
		errno = EINVAL;
		return NULL;
	}
	status = __libc_ask(QUIRE_H_CWD, &request);
	if (status < 0) {
		errno = -status;
		return NULL;
	}
	path[request.out_bytes] = '\0';
	if (!buf && size == 0)
		return strdup(path);
	if (size <= request.out_bytes) {
		errno = ERANGE;
		return NULL;
	}
	if (!buf)
		buf = malloc(size);
	if (buf && !__libc_writable(buf, request.out_bytes + 1)) {
		errno = EFAULT;
		return NULL;
	}
	return buf ? memcpy(buf, path, request.out_bytes + 1) : NULL;
}

char *getwd(char *buf)
{
	return getcwd(buf, FS_PATH_MAX);
}

char *get_current_dir_name(void)
{
	return getcwd(NULL, 0);
}
