/* Host test of the memory file server's tree (user/servers/memfs/) against the host's own file system.
 *
 * Random operations on random paths are done twice: by requests to the server, over a simulated
 * kernel, and by system calls in a temporary directory that this process has made its root. Result,
 * error number and what stat says afterwards must be the same. Where the protocol decides otherwise
 * than the host, same_error() says so. Fifos, which wait, have a test of their own.
 *
 * Without the right to change its root directory the test is skipped (status 77).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../expect.h"
#include "kernel.h"
#include "memfs.h"

#define STEPS	60000
#define ROOT	2u
#define SKIPPED 77
#define TOKEN	1u

/* The leak checker needs /proc, which a changed root directory does not have. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

struct tree trees[1] = {{.name = "", .device = 1, .parent = -1}};
const int tree_count = 1;

/* ------------------------------------------------------------------ asking the server */

struct request {
	uint32_t label, w1, w2, w3;
	const char *path, *second;
	int handle; /* of the first answer's handles; to be closed by the caller */
};

static struct answer last;

/* One exchange. */
static int ask(uint32_t badge, const struct request *r, const char *path, int attach)
{
	struct quire_msg msg;
	int status;

	ipc_begin(&msg, r->label);
	msg.w[1] = r->w1;
	msg.w[2] = r->w2;
	msg.w[3] = r->w3;
	msg.badge = badge;
	msg.token = TOKEN;
	ipc_put(&msg, path, strlen(path));
	if (r->second)
		ipc_put(&msg, r->second, strlen(r->second));
	if (attach >= 0)
		ipc_put_handle(&msg, sys_dup(attach, 0));
	answers[TOKEN].given = false;
	serve_request(&msg);
	if (msg.token)
		sys_reply(&msg);
	EXPECT(answers[TOKEN].given);
	last = answers[TOKEN];
	status = (int)last.msg.w[0];
	return status;
}

/* Asks with one path from the root, following absolute links back to it. */
static int ask_path(struct request *r)
{
	char path[FS_PATH_MAX];
	int status = ask(ROOT, r, r->path, -1);

	r->handle = -1;
	for (int hops = 1; status == FS_RESTART; hops++) {
		uint32_t bytes = QUIRE_MSG_BYTES(last.msg.header);

		if (hops == FS_HOPS)
			return -ELOOP;
		memcpy(path, last.buffer.data, bytes);
		path[bytes] = '\0';
		status = ask(ROOT, r, path, -1);
	}
	r->handle = QUIRE_MSG_HANDLES(last.msg.header) ? (int)last.buffer.handles[0] : -1;
	return status;
}

static void close_answer(const struct request *r)
{
	if (r->handle >= 0)
		client_close(r->handle);
}

/* Two paths, both from the root. An absolute link on the way: not compared (1). */
static int ask_two(uint32_t label, const char *first, const char *second)
{
	struct request r = {
		.label = label, .w1 = (uint32_t)strlen(first), .second = second, .handle = -1};
	int root = sys_channel_create(0, ROOT, QUIRE_CHANNEL_WATCH), status;

	node_find(ROOT)->opens++;
	status = ask(ROOT, &r, first, root);
	sys_close(root);
	return status == FS_RESTART ? 1 : status;
}

/* ------------------------------------------------------------------ both sides of an operation */

/* Where the protocol has its own word for an error. */
static bool same_error(uint32_t label, int ours, int hosts)
{
	if (ours == hosts)
		return true;
	if (label == FS_UNLINK && ours == -EPERM && hosts == -EISDIR)
		return true;
	/* "." and ".." at the end of a path to be removed or renamed: POSIX leaves several. */
	if (label == FS_RENAME && (ours == -EINVAL || ours == -EBUSY || ours == -EISDIR) &&
		(hosts == -EBUSY || hosts == -EINVAL))
		return true;
	return label == FS_RMDIR && (ours == -ENOTEMPTY || ours == -EINVAL || ours == -EBUSY) &&
	       (hosts == -EBUSY || hosts == -EINVAL || hosts == -ENOTEMPTY);
}

static const char *const names[] = {"a", "b", "c", "dd", "a", "b", ".", ".."};

static void random_path(char *to)
{
	int parts = 1 + rand() % 4;

	*to = '\0';
	if (rand() % 8 == 0)
		strcat(to, "/");
	for (int i = 0; i < parts; i++) {
		strcat(to, names[(size_t)rand() % (rand() % 3 ? 6 : 8)]);
		if (i + 1 < parts || rand() % 10 == 0)
			strcat(to, rand() % 10 ? "/" : "//");
	}
}

static int host(long result)
{
	return result < 0 ? -errno : 0;
}

static void compare_stat(const char *path)
{
	struct request r = {.label = FS_STAT, .w1 = 1, .path = path};
	struct fs_stat ours;
	struct stat theirs;
	int status = ask_path(&r), expected = host(lstat(path, &theirs));

	EXPECT(status == expected);
	if (status || expected)
		return;
	memcpy(&ours, last.buffer.data, sizeof(ours));
	if (ours.mode != theirs.st_mode)
		printf("\"%s\": mode %o, host %o\n", path, ours.mode, theirs.st_mode);
	EXPECT(ours.mode == theirs.st_mode);
	EXPECT(S_ISDIR(ours.mode) || ours.nlink == theirs.st_nlink);
	EXPECT(S_ISDIR(ours.mode) || (int64_t)ours.size == theirs.st_size);
}

static int do_open(const char *path, uint32_t label, int *expected)
{
	static const struct {
		uint32_t ours;
		int hosts;
	} bits[] = {{FS_O_CREAT, O_CREAT}, {FS_O_CREAT, O_CREAT}, {FS_O_EXCL, O_EXCL},
		{FS_O_TRUNC, O_TRUNC}, {FS_O_DIRECTORY, O_DIRECTORY}, {FS_O_NOFOLLOW, O_NOFOLLOW},
		{QUIRE_O_NONBLOCK, O_NONBLOCK}};
	struct request r = {.label = label, .w2 = 0644, .path = path};
	int flags = rand() % 3, fd, status;

	r.w1 = (uint32_t)flags;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		if (rand() % 3 == 0) {
			r.w1 |= bits[i].ours;
			flags |= bits[i].hosts;
		}
	}
	/* Undefined or the host's invention: both at once. */
	if ((flags & O_CREAT) && (flags & O_DIRECTORY)) {
		r.w1 &= ~FS_O_DIRECTORY;
		flags &= ~O_DIRECTORY;
	}
	/* A fifo would wait for its other end. */
	r.w1 |= QUIRE_O_NONBLOCK;
	flags |= O_NONBLOCK;
	fd = open(path, flags, 0644);
	*expected = host(fd);
	status = ask_path(&r);
	if (status == 0) {
		struct stat st;

		EXPECT(r.handle >= 0);
		EXPECT(fstat(fd, &st) < 0 || last.msg.w[1] == (st.st_mode & S_IFMT));
		EXPECT(handle_is_stream(r.handle) == (last.msg.w[1] == S_IFREG));
	}
	close_answer(&r);
	if (fd >= 0)
		close(fd);
	return status;
}

/* The names in a directory as one sorted line, by a walk in small steps. */
static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void join(char **list, int count, char *to)
{
	qsort(list, (size_t)count, sizeof(*list), compare_text);
	*to = '\0';
	for (int i = 0; i < count; i++) {
		strcat(to, list[i]);
		strcat(to, " ");
		free(list[i]);
	}
}

static void compare_readdir(const char *path)
{
	struct request open_dir = {.label = FS_LOOKUP, .path = path};
	char *list[64], ours[512], theirs[512];
	int status = ask_path(&open_dir), count = 0;
	DIR *dir = opendir(path);
	uint32_t cursor = 0;

	EXPECT((status == 0) == (dir != NULL));
	if (status || !dir) {
		close_answer(&open_dir);
		if (dir)
			closedir(dir);
		return;
	}
	for (;;) {
		struct request r = {.label = FS_READDIR, .w1 = cursor};
		uint32_t at = 0, bytes = (uint32_t)ask(handle_badge(open_dir.handle), &r, "", -1);

		if (bytes == 0)
			break;
		while (at < bytes) {
			const struct fs_dirent *d =
				(const struct fs_dirent *)(const void *)(last.buffer.data + at);

			list[count++] = strndup(d->name, d->namelen);
			at += d->reclen;
		}
		cursor = last.msg.w[1];
	}
	join(list, count, ours);
	count = 0;
	for (struct dirent *d; (d = readdir(dir));)
		list[count++] = strdup(d->d_name);
	join(list, count, theirs);
	EXPECT(strcmp(ours, theirs) == 0);
	closedir(dir);
	close_answer(&open_dir);
}

static int do_symlink(const char *target, const char *path, int *expected)
{
	struct request r = {.label = FS_SYMLINK};
	char both[FS_PATH_MAX];
	int status;

	*expected = host(symlink(target, path));
	snprintf(both, sizeof(both), "%s%s", target, path);
	r.w1 = (uint32_t)strlen(target);
	status = ask(ROOT, &r, both, -1);
	/* An absolute link on the way to the new one: by way of its directory, not compared. */
	if (status == FS_RESTART) {
		if (*expected == 0)
			unlink(path);
		*expected = status;
	}
	return status;
}

static int do_two(uint32_t label, const char *a, const char *b, int *expected)
{
	int status = ask_two(label, a, b);

	if (status == 1) {
		*expected = 1;
		return 1;
	}
	*expected = host(label == FS_RENAME ? rename(a, b) : link(a, b));
	return status;
}

static int do_simple(struct request *r, int expected)
{
	int status = ask_path(r);

	if (status == -EROFS)
		failures++;
	close_answer(r);
	(void)expected;
	return status;
}

static void random_step(void)
{
	char a[64], b[64];
	int status = 0, expected = 0;
	struct request r = {.path = a};
	char target[FS_PATH_MAX];

	random_path(a);
	random_path(b);
	switch (rand() % 13) {
	case 0:
	case 1:
		r.label = FS_OPEN;
		status = do_open(a, FS_OPEN, &expected);
		break;
	case 2:
	case 3:
		r.label = FS_MKDIR;
		r.w1 = 0755;
		expected = host(mkdir(a, 0755));
		status = do_simple(&r, expected);
		break;
	case 4:
		r.label = FS_RMDIR;
		expected = host(rmdir(a));
		status = do_simple(&r, expected);
		break;
	case 5:
		r.label = FS_UNLINK;
		expected = host(unlink(a));
		status = do_simple(&r, expected);
		break;
	case 6:
	case 7:
		r.label = FS_RENAME;
		status = do_two(FS_RENAME, a, b, &expected);
		break;
	case 8:
		r.label = FS_LINK;
		status = do_two(FS_LINK, a, b, &expected);
		break;
	case 9:
		r.label = FS_SYMLINK;
		status = do_symlink(b, a, &expected);
		break;
	case 10:
		r.label = FS_READLINK;
		expected = (int)readlink(a, target, sizeof(target));
		expected = expected < 0 ? -errno : 0;
		status = do_simple(&r, expected);
		break;
	case 11:
		r.label = FS_TRUNCATE;
		r.w1 = (uint32_t)rand() % 10000;
		expected = host(truncate(a, r.w1));
		status = do_simple(&r, expected);
		break;
	case 12:
		r.label = FS_MKNOD;
		r.w1 = S_IFIFO | 0600;
		expected = host(mkfifo(a, 0600));
		status = do_simple(&r, expected);
		break;
	}
	if (!same_error(r.label, status, expected)) {
		printf("request %u on \"%s\" (\"%s\"): %d, host %d (%s)\n", r.label, a, b, status,
			expected, strerror(-expected));
		failures++;
	}
	compare_stat(a);
	compare_stat(b);
	compare_readdir("/");
	compare_readdir(a);
}

static void test_random(void)
{
	for (int step = 0; step < STEPS && failures < 5; step++)
		random_step();
}

/* ------------------------------------------------------------------ what the host can't tell */

static void test_cursor(void)
{
	struct request r = {.label = FS_READDIR};
	struct request make = {.label = FS_OPEN, .w1 = FS_O_CREAT, .w2 = 0600};
	struct request drop = {.label = FS_UNLINK};
	char name[32];
	uint32_t cursor = 0, seen = 0, bytes;

	make.label = FS_MKDIR;
	make.path = "cursor";
	EXPECT(ask_path(&make) == 0);
	make.label = FS_OPEN;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "cursor/file%d", i);
		make.path = name;
		EXPECT(ask_path(&make) == 0);
		close_answer(&make);
	}
	make.label = FS_LOOKUP;
	make.path = "cursor";
	EXPECT(ask_path(&make) == 0);
	/* Everything already seen is removed between two reads: the rest is seen, once. */
	for (;;) {
		char gone[400][32];
		int count = 0;

		r.w1 = cursor;
		bytes = (uint32_t)ask(handle_badge(make.handle), &r, "", -1);
		if (bytes == 0)
			break;
		cursor = last.msg.w[1];
		for (uint32_t at = 0; at < bytes;) {
			const struct fs_dirent *d =
				(const struct fs_dirent *)(const void *)(last.buffer.data + at);

			at += d->reclen;
			if (d->name[0] == '.')
				continue;
			snprintf(gone[count++], 32, "cursor/%.*s", d->namelen, d->name);
			seen++;
		}
		while (count > 0) {
			drop.path = gone[--count];
			EXPECT(ask_path(&drop) == 0);
		}
	}
	EXPECT(seen == 1000);
	/* The directory lives as long as it is open, nameless. */
	drop.label = FS_RMDIR;
	drop.path = "cursor";
	EXPECT(ask_path(&drop) == 0);
	r.label = FS_GETPATH;
	EXPECT(ask(handle_badge(make.handle), &r, "", -1) == -ENOENT);
	r.label = FS_MKDIR;
	EXPECT(ask(handle_badge(make.handle), &r, "new", -1) == -ENOENT);
	close_answer(&make);
}

static void test_paths(void)
{
	struct request make = {.label = FS_MKDIR, .path = "p"}, r = {.label = FS_GETPATH};
	char text[1100];

	EXPECT(ask_path(&make) == 0);
	make.path = "p/q";
	EXPECT(ask_path(&make) == 0);
	make.label = FS_LOOKUP;
	EXPECT(ask_path(&make) == 0);
	EXPECT(ask(handle_badge(make.handle), &r, "", -1) == 0);
	EXPECT(QUIRE_MSG_BYTES(last.msg.header) == 4 && !memcmp(last.buffer.data, "/p/q", 4));
	EXPECT(ask(ROOT, &r, "", -1) == 0);
	EXPECT(QUIRE_MSG_BYTES(last.msg.header) == 1 && last.buffer.data[0] == '/');
	trees[0].name = "tmp";
	EXPECT(ask(handle_badge(make.handle), &r, "", -1) == 0);
	EXPECT(QUIRE_MSG_BYTES(last.msg.header) == 8 && !memcmp(last.buffer.data, "/tmp/p/q", 8));
	EXPECT(ask(ROOT, &r, "", -1) == 0);
	EXPECT(QUIRE_MSG_BYTES(last.msg.header) == 4 && !memcmp(last.buffer.data, "/tmp", 4));
	trees[0].name = "";
	close_answer(&make);
	/* Lengths: a name of 255, of 256, a path too long, an empty one. */
	memset(text, 'n', sizeof(text));
	text[255] = '\0';
	make = (struct request){.label = FS_MKDIR, .path = text};
	EXPECT(ask_path(&make) == 0);
	text[255] = 'n';
	text[256] = '\0';
	EXPECT(ask_path(&make) == -ENAMETOOLONG);
	text[256] = 'n';
	text[1024] = '\0';
	EXPECT(ask_path(&make) == -ENAMETOOLONG);
	make.path = "";
	EXPECT(ask_path(&make) == -ENOENT);
}

/* Mounting over what has no name of its own, twice over the same name, and a parent set twice: the
 * server stays up, and keeps no handle that it does not use. */
static void test_mounts(void)
{
	static const char *const nameless[] = {".", "..", "/", "./", "m/..", "m/."};
	struct request make = {.label = FS_MKDIR, .path = "m"}, r = {.label = FS_MOUNT};
	int other = sys_channel_create(0, 0, QUIRE_CHANNEL_WATCH), before;

	EXPECT(ask_path(&make) == 0);
	before = handles_in_use();
	for (size_t i = 0; i < sizeof(nameless) / sizeof(nameless[0]); i++)
		EXPECT(ask(ROOT, &r, nameless[i], other) == -EBUSY);
	EXPECT(ask(ROOT, &r, "m", -1) == -EINVAL);
	EXPECT(ask(ROOT, &r, "nowhere/m", other) == -ENOENT);
	EXPECT(handles_in_use() == before);
	EXPECT(ask(ROOT, &r, "m", other) == 0 && ask(ROOT, &r, "m", other) == 0);
	EXPECT(handles_in_use() == before + 1);
	make = (struct request){.label = FS_STAT, .path = "m"};
	EXPECT(ask_path(&make) == FS_CROSS && make.handle == other);
	close_answer(&make);
	make = (struct request){.label = FS_RMDIR, .path = "m"};
	EXPECT(ask_path(&make) == -EBUSY);
	sys_close(dir_lookup(trees[0].root, "m", 1)->node->dir.mount);
	dir_lookup(trees[0].root, "m", 1)->node->dir.mount = -1;
	EXPECT(ask_path(&make) == 0);
	r = (struct request){.label = FS_SETPARENT};
	EXPECT(ask(ROOT, &r, "here", other) == 0 && ask(ROOT, &r, "there", other) == -EBUSY);
	EXPECT(strcmp(trees[0].name, "here") == 0);
	sys_close(trees[0].parent);
	trees[0].parent = -1;
	trees[0].name = "";
	EXPECT(handles_in_use() == before);
	sys_close(other);
}

static int fifo_ask(
	uint32_t label, uint32_t badge, uint32_t token, uint32_t w1, uint32_t w2, const char *data)
{
	struct quire_msg msg;

	ipc_begin(&msg, label);
	msg.w[1] = w1;
	msg.w[2] = w2;
	msg.badge = badge;
	msg.token = token;
	ipc_put(&msg, data, strlen(data));
	answers[token].given = false;
	serve_request(&msg);
	if (msg.token)
		sys_reply(&msg);
	return answers[token].given ? (int)answers[token].msg.w[0] : 1000000;
}
#define WAITS 1000000

static void test_fifo(void)
{
	struct request make = {.label = FS_MKNOD, .w1 = S_IFIFO | 0600, .path = "fifo"};
	uint32_t reader, writer;
	int reader_handle, writer_handle, wrote = 0;
	unsigned int told;
	char piece[4001];

	EXPECT(ask_path(&make) == 0);
	EXPECT(fifo_ask(FS_OPEN, ROOT, 10, QUIRE_O_WRONLY | QUIRE_O_NONBLOCK, 0, "fifo") == -ENXIO);
	/* One end waits for the other; a waiting opener that has gone opens nothing. */
	EXPECT(fifo_ask(FS_OPEN, ROOT, 11, QUIRE_O_RDONLY, 0, "fifo") == WAITS);
	caller_gone[11] = true;
	EXPECT(fifo_ask(FS_OPEN, ROOT, 12, QUIRE_O_WRONLY, 0, "fifo") == WAITS);
	caller_gone[11] = false;
	EXPECT(fifo_ask(FS_OPEN, ROOT, 13, QUIRE_O_RDONLY, 0, "fifo") == 0);
	EXPECT(answers[12].given && answers[12].msg.w[0] == 0);
	reader_handle = (int)answers[13].buffer.handles[0];
	writer_handle = (int)answers[12].buffer.handles[0];
	reader = handle_badge(reader_handle);
	writer = handle_badge(writer_handle);
	/* Data, in order; wrong direction; waiting; a reader that has gone loses nothing. */
	EXPECT(fifo_ask(FS_WRITE, reader, 14, 0, 0, "x") == -EBADF);
	EXPECT(fifo_ask(FS_READ, reader, 14, 10, QUIRE_O_NONBLOCK, "") == -EAGAIN);
	EXPECT(fifo_ask(FS_READ, reader, 14, 10, 0, "") == WAITS);
	caller_gone[14] = true;
	EXPECT(fifo_ask(FS_READ, reader, 15, 3, 0, "") == WAITS);
	/* Who polls in vain is told of the next change, once. */
	EXPECT(fifo_ask(FS_POLL, reader, 17, QUIRE_POLLIN, 0, "") == 0);
	told = poll_changes;
	EXPECT(fifo_ask(FS_WRITE, writer, 16, 0, 0, "hello") == 5);
	EXPECT(poll_changes == told + 1);
	caller_gone[14] = false;
	EXPECT(answers[15].given && answers[15].msg.w[0] == 3);
	EXPECT(!memcmp(answers[15].buffer.data, "hel", 3));
	EXPECT(fifo_ask(FS_POLL, reader, 17, QUIRE_POLLIN, 0, "") == QUIRE_POLLIN);
	EXPECT(fifo_ask(FS_READ, reader, 17, 10, 0, "") == 2);
	EXPECT(poll_changes == told + 1);
	/* A writer that has gone when it is answered asks again: nothing is written twice. */
	caller_gone[16] = true;
	EXPECT(fifo_ask(FS_WRITE, writer, 16, 0, 0, "again") == WAITS);
	caller_gone[16] = false;
	EXPECT(fifo_ask(FS_READ, reader, 17, 10, QUIRE_O_NONBLOCK, "") == -EAGAIN);
	/* Full: pieces go in whole or wait. */
	memset(piece, 'p', 4000);
	piece[4000] = '\0';
	while (fifo_ask(FS_WRITE, writer, 18, 0, QUIRE_O_NONBLOCK, piece) == 4000)
		wrote += 4000;
	EXPECT((int)answers[18].msg.w[0] == -EAGAIN && wrote == 16000);
	EXPECT(fifo_ask(FS_WRITE, writer, 18, 0, 0, piece) == WAITS);
	EXPECT(fifo_ask(FS_READ, reader, 19, 3000, 0, "") == 3000);
	EXPECT(!answers[18].given);
	EXPECT(fifo_ask(FS_READ, reader, 19, 3000, 0, "") == 3000);
	EXPECT(answers[18].given && answers[18].msg.w[0] == 4000);
	/* Room, and the last writer's end, are changes too. */
	EXPECT(fifo_ask(FS_POLL, writer, 20, QUIRE_POLLOUT, 0, "") == 0);
	EXPECT(fifo_ask(FS_READ, reader, 19, 4000, 0, "") == 4000 && poll_changes == told + 2);
	EXPECT(fifo_ask(FS_POLL, reader, 20, 0, 0, "") == 0);
	/* End of file for the reader once the last writer closes, and a broken pipe the other way. */
	client_close(writer_handle);
	EXPECT(poll_changes == told + 3);
	while ((wrote = fifo_ask(FS_READ, reader, 20, 4000, 0, "")) > 0 && wrote != WAITS)
		;
	EXPECT(wrote == 0);
	EXPECT(fifo_ask(FS_POLL, reader, 20, QUIRE_POLLIN, 0, "") == QUIRE_POLLHUP);
	EXPECT(fifo_ask(FS_OPEN, ROOT, 21, QUIRE_O_WRONLY, 0, "fifo") == 0);
	writer_handle = (int)answers[21].buffer.handles[0];
	writer = handle_badge(writer_handle);
	client_close(reader_handle);
	EXPECT(fifo_ask(FS_WRITE, writer, 22, 0, 0, "x") == -EPIPE);
	/* Unlinked while open: lives until it is closed. */
	make = (struct request){.label = FS_UNLINK, .path = "fifo"};
	EXPECT(ask_path(&make) == 0);
	EXPECT(fifo_ask(FS_WRITE, writer, 22, 0, 0, "x") == -EPIPE);
	client_close(writer_handle);
	EXPECT(fifo_ask(FS_WRITE, writer, 22, 0, 0, "x") == -ENOENT);
}

/* Names of files that are still there; with them gone, no handle may be left. */
static void remove_all(struct node *dir)
{
	while (dir->dir.first) {
		struct dir_entry *e = dir->dir.first;
		struct node *n = e->node;

		if (is_dir(n))
			remove_all(n);
		dir_remove(e);
		n->nlink = is_dir(n) ? 0 : n->nlink - 1;
		node_release(n);
	}
}

static void become_root_of(char *folder)
{
	if (!mkdtemp(folder))
		exit(SKIPPED);
	if (chroot(folder) == 0 && chdir("/") == 0 && chmod("/", 0755) == 0)
		return;
	rmdir(folder);
	printf("skipped: no right to change the root directory\n");
	exit(SKIPPED);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/memfs-test-XXXXXX";
	struct node *root;

	srand(argc > 1 ? (unsigned)atoi(argv[1]) : 1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(0);
	root = node_create(&trees[0], S_IFDIR | 0755, ROOT);
	root->nlink = 2;
	root->dir.parent = root;
	root->opens = 1;
	trees[0].root = root;
	test_paths();
	test_cursor();
	test_mounts();
	test_fifo();
	remove_all(root);
	become_root_of(folder);
	test_random();
	remove_all(root);
	EXPECT(handles_in_use() == 0);
	printf(failures ? "FAILED: %d\n" : "ok\n", failures);
	return failures != 0;
}
