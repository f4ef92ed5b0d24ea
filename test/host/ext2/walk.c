/* See walk.h. */
#include <stdio.h>
#include <string.h>
#include "walk.h"

#define DEPTH_MAX 6
#define CALLS_MAX 3000

static uint32_t calls;

static int ask(uint32_t label, uint32_t w1, uint32_t w2, const char *path)
{
	calls++;
	return call(0, label, w1, w2, 0, path, (uint32_t)strlen(path));
}

static void read_some(const char *path)
{
	static uint8_t buffer[20000];
	int handle;

	if (ask(FS_OPEN, sim.fs->read_only ? QUIRE_O_RDONLY : QUIRE_O_RDWR, 0, path) < 0)
		return;
	handle = last.handle;
	if (handle < 0)
		return;
	if (last.w1 == MODE_REGULAR) {
		struct fs_range range = {0, 0};

		stream_read(handle, buffer, sizeof(buffer), 0);
		stream_read(handle, buffer, 5000, 300000);
		call(handle_badge(handle), FS_SEEK_DATA, 1, 0, 0, &range, sizeof(range));
		if (calls % 3 == 0) {
			stream_write(handle, buffer, 3000, 2000);
			stream_sync(handle);
		}
		if (calls % 7 == 0)
			call(handle_badge(handle), FS_FTRUNCATE, 5000, 0, 0, NULL, 0);
	}
	client_close(handle);
}

static void change_some(const char *path)
{
	int root = channel_create(2);
	char both[700];

	switch (calls % 5) {
	case 0: ask(FS_UNLINK, 0, 0, path); break;
	case 1: ask(FS_RMDIR, 0, 0, path); break;
	case 2:
		snprintf(both, sizeof(both), "%s%s", path, "/renamed");
		call_handle(
			0, FS_RENAME, (uint32_t)strlen(path), both, (uint32_t)strlen(both), root);
		break;
	case 3: ask(FS_TRUNCATE, 100, 0, path); break;
	default: snprintf(both, sizeof(both), "%s/new", path); ask(FS_MKDIR, 0755, 0, both);
	}
	client_close(root);
}

static void walk_directory(const char *path, unsigned depth)
{
	uint32_t cursor = 0;
	int handle;

	if (ask(FS_OPEN, FS_O_DIRECTORY, 0, path) < 0)
		return;
	handle = last.handle;
	call(handle_badge(handle), FS_GETPATH, 0, 0, 0, NULL, 0);
	while (calls < CALLS_MAX) {
		int bytes = call(handle_badge(handle), FS_READDIR, cursor, 0, 0, NULL, 0);
		static struct reply listing[DEPTH_MAX];

		if (bytes <= 0 || last.w1 <= cursor)
			break;
		listing[depth] = last;
		cursor = last.w1;
		for (int at = 0; at < bytes && calls < CALLS_MAX;) {
			struct fs_dirent *d = (struct fs_dirent *)(listing[depth].data + at);
			char name[600];
			uint32_t type;

			at += d->reclen;
			if (d->name[0] == '.' || memchr(d->name, '/', d->namelen))
				continue;
			snprintf(name, sizeof(name), "%.*s/%.*s", 300, path, d->namelen, d->name);
			if (ask(FS_STAT, 1, 0, name) < 0)
				continue;
			type = ((struct fs_stat *)last.data)->mode & MODE_TYPE;
			ask(FS_STAT, 0, 0, name);
			if (type == MODE_SYMLINK)
				ask(FS_READLINK, 0, 0, name);
			if (type == MODE_REGULAR)
				read_some(name);
			if (type == MODE_DIR && depth + 1 < DEPTH_MAX)
				walk_directory(name, depth + 1);
			change_some(name);
		}
	}
	client_close(handle);
}

void walk_everything(void)
{
	calls = sim_random() % 100;
	call(0, FS_STATFS, 0, 0, 0, NULL, 0);
	walk_directory("/", 0);
	ask(FS_MKDIR, 0755, 0, "/made-new");
	if (ask(FS_OPEN, QUIRE_O_RDWR | FS_O_CREAT, 0644, "/made-new/file") == 0) {
		int handle = last.handle;
		static uint8_t bytes[30000];

		if (last.w1 == MODE_REGULAR)
			stream_write(handle, bytes, sizeof(bytes), 0);
		client_close(handle);
	}
	sim_deliver(true);
	call(0, FS_SYNC, 0, 0, 0, NULL, 0);
	sim_deliver(true);
	call(0, FS_SHUTDOWN, 0, 0, 0, NULL, 0);
}
