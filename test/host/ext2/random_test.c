/* Thousands of random operations on an image made by mke2fs, through the server's own requests and
 * simulated memory objects, against a model that is nothing but arrays. After every batch: everything
 * is synced, e2fsck -fn must find nothing, and now and then the server is thrown away, the image
 * mounted anew and compared with the model byte by byte. At the end debugfs reads the files out.
 *
 *	random_test MKE2FS-ARGUMENTS SEED OPERATIONS FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include "sim.h"

#define NODES	  400
#define FILE_MAX  (600 * 1024)
#define SPARSE_AT (40u * 1024 * 1024)

enum kind { NONE, REGULAR, DIRECTORY, LINK };
struct node {
	enum kind kind;
	int parent; /* directories */
	uint32_t links;
	uint8_t *data; /* file bytes, or a link's target */
	uint32_t size;
	uint32_t far; /* a byte beyond: at SPARSE_AT + number, if size is SPARSE_AT + number + 1 */
	bool sparse;
	int handle; /* open stream, or 0 */
};
struct entry {
	int dir, node; /* node 0: free */
	char name[64];
};
static struct node nodes[NODES]; /* 1 is the root */
static struct entry entries[NODES * 2];
static const char *file;
static uint32_t refusals; /* for want of space */

static uint32_t below(uint32_t n)
{
	return sim_random() % n;
}

static int node_new(enum kind kind)
{
	for (int i = 2; i < NODES; i++)
		if (nodes[i].kind == NONE) {
			nodes[i] = (struct node){.kind = kind};
			return i;
		}
	return 0;
}

static struct entry *entry_find(int dir, const char *name)
{
	for (int i = 0; i < NODES * 2; i++)
		if (entries[i].node && entries[i].dir == dir && !strcmp(entries[i].name, name))
			return &entries[i];
	return NULL;
}

static struct entry *entry_new(int dir, int node, const char *name)
{
	for (int i = 0; i < NODES * 2; i++)
		if (!entries[i].node) {
			entries[i].dir = dir;
			entries[i].node = node;
			strcpy(entries[i].name, name);
			return &entries[i];
		}
	return NULL;
}

static struct entry *entry_random(enum kind kind)
{
	for (int tries = 0; tries < 60; tries++) {
		struct entry *e = &entries[below(NODES * 2)];

		if (e->node && (kind == NONE || nodes[e->node].kind == kind))
			return e;
	}
	return NULL;
}

static int dir_random(void)
{
	struct entry *e = below(3) ? entry_random(DIRECTORY) : NULL;

	return e ? e->node : 1;
}

static void path_of_dir(int dir, char *out)
{
	char above[1024];

	if (dir == 1) {
		strcpy(out, "");
		return;
	}
	for (int i = 0; i < NODES * 2; i++)
		if (entries[i].node == dir) {
			path_of_dir(entries[i].dir, above);
			snprintf(out, 1024, "%.900s/%s", above, entries[i].name);
			return;
		}
	CHECK(!"a directory without a name");
}

static void path_of_entry(const struct entry *e, char *out)
{
	char above[1024];

	path_of_dir(e->dir, above);
	snprintf(out, 1024, "%.900s/%s", above, e->name);
}

static void random_name(char *name)
{
	static const char tail[] = "-a-rather-long-name-to-fill-directory-blocks-more";

	snprintf(name, 64, "n%u%.*s", below(500), (int)below(48), tail);
}

static int ask(uint32_t label, uint32_t w1, uint32_t w2, const char *path)
{
	return call(0, label, w1, w2, 0, path, (uint32_t)strlen(path));
}

/* ------------------------------------------------------------------ operations */

static int model_empty(int dir)
{
	for (int i = 0; i < NODES * 2; i++)
		if (entries[i].node && entries[i].dir == dir)
			return 0;
	return 1;
}

static void node_put(int n)
{
	if (nodes[n].links || nodes[n].handle)
		return;
	free(nodes[n].data);
	nodes[n] = (struct node){.kind = NONE};
}

static void close_node(int n)
{
	if (!nodes[n].handle)
		return;
	client_close(nodes[n].handle);
	nodes[n].handle = 0;
	node_put(n);
}

/* A stream on the file of the entry, kept open in the model half of the time. */
static int open_entry(struct entry *e)
{
	struct node *n = &nodes[e->node];
	char path[1024];

	if (n->handle)
		return n->handle;
	path_of_entry(e, path);
	CHECK(ask(FS_OPEN, QUIRE_O_RDWR, 0, path) == 0);
	CHECK(last.w1 == MODE_REGULAR && last.handle > 0);
	n->handle = last.handle;
	return n->handle;
}

/* Success, or a full disk, where the model takes the new name back; anything else is a failure. */
static bool refused(int status, int n, int dir, const char *name)
{
	if (status == -ENOSPC) {
		entry_find(dir, name)->node = 0;
		nodes[n].kind = NONE;
		refusals++;
		return true;
	}
	CHECK(status == 0);
	return false;
}

static void do_create(void)
{
	int dir = dir_random(), n;
	char name[64], path[1024];
	struct entry *there;

	random_name(name);
	path_of_dir(dir, path);
	sprintf(path + strlen(path), "/%s", name);
	there = entry_find(dir, name);
	if (there || !(n = node_new(REGULAR))) {
		int status = ask(FS_OPEN, QUIRE_O_RDWR | FS_O_CREAT | FS_O_EXCL, 0644, path);

		CHECK(!there || status == -EEXIST);
		if (!there && status == 0) {
			client_close(last.handle);
			CHECK(ask(FS_UNLINK, 0, 0, path) == 0);
		}
		return;
	}
	if (!entry_new(dir, n, name)) {
		nodes[n].kind = NONE;
		return;
	}
	if (refused(ask(FS_OPEN, QUIRE_O_RDWR | FS_O_CREAT, 0644, path), n, dir, name))
		return;
	nodes[n].links = 1;
	nodes[n].data = calloc(1, FILE_MAX);
	nodes[n].handle = last.handle;
}

static void do_write(void)
{
	struct entry *e = entry_random(REGULAR);
	uint8_t buffer[20000];
	uint32_t offset, bytes;
	struct node *n;
	long done;

	if (!e)
		return;
	n = &nodes[e->node];
	open_entry(e);
	bytes = 1 + below(below(4) ? 3000 : sizeof(buffer));
	offset = below(2) && !n->sparse ? n->size : below(below(3) ? 20000 : FILE_MAX);
	if (offset + bytes > FILE_MAX)
		return;
	for (uint32_t i = 0; i < bytes; i++)
		buffer[i] = (uint8_t)sim_random();
	done = stream_write(n->handle, buffer, bytes, offset);
	if (done == -ENOSPC) {
		refusals++;
		return;
	}
	CHECK(done > 0);
	memcpy(n->data + offset, buffer, (size_t)done);
	if (offset + (uint32_t)done > n->size)
		n->size = offset + (uint32_t)done;
}

static void do_sparse(void)
{
	struct entry *e = entry_random(REGULAR);
	struct node *n;
	uint8_t byte = 0x77;

	if (!e || nodes[e->node].sparse)
		return;
	n = &nodes[e->node];
	open_entry(e);
	n->far = below(8u * 1024 * 1024);
	if (stream_write(n->handle, &byte, 1, SPARSE_AT + n->far) != 1)
		return;
	n->sparse = true;
	n->size = SPARSE_AT + n->far + 1;
}

static void do_store(void)
{
	struct entry *e = entry_random(REGULAR);
	struct node *n;
	uint32_t at;
	uint8_t value = (uint8_t)sim_random();

	if (!e || !nodes[e->node].size)
		return;
	n = &nodes[e->node];
	open_entry(e);
	at = below(n->size < FILE_MAX ? n->size : FILE_MAX);
	if (map_store(n->handle, at, value) == 0)
		n->data[at] = value;
}

static void do_truncate(void)
{
	struct entry *e = entry_random(REGULAR);
	char path[1024];
	uint32_t size = below(below(2) ? 9000 : FILE_MAX);
	struct node *n;
	int status;

	if (!e)
		return;
	n = &nodes[e->node];
	path_of_entry(e, path);
	if (n->handle)
		status = call(handle_badge(n->handle), FS_FTRUNCATE, size, 0, 0, NULL, 0);
	else
		status = ask(FS_TRUNCATE, size, 0, path);
	if (status == -ENOSPC)
		return;
	CHECK(status == 0);
	if (size < FILE_MAX)
		memset(n->data + size, 0, FILE_MAX - size);
	n->size = size;
	n->sparse = false;
}

static void do_allocate(void)
{
	struct entry *e = entry_random(REGULAR);
	struct fs_range range = {below(100000), 1 + below(60000)};
	struct node *n;
	int status;

	if (!e)
		return;
	n = &nodes[e->node];
	open_entry(e);
	status = call(handle_badge(n->handle), FS_ALLOCATE, 0, 0, 0, &range, sizeof(range));
	if (status == -ENOSPC)
		return;
	CHECK(status == 0);
	if (range.offset + range.length > n->size)
		n->size = (uint32_t)(range.offset + range.length);
}

static void do_mkdir(void)
{
	int dir = dir_random(), n;
	char name[64], path[1024];

	random_name(name);
	path_of_dir(dir, path);
	if (strlen(path) > 400)
		return;
	sprintf(path + strlen(path), "/%s", name);
	if (entry_find(dir, name)) {
		CHECK(ask(FS_MKDIR, 0755, 0, path) == -EEXIST);
		return;
	}
	n = node_new(DIRECTORY);
	if (!n || !entry_new(dir, n, name)) {
		nodes[n].kind = NONE;
		return;
	}
	if (refused(ask(FS_MKDIR, 0755, 0, path), n, dir, name))
		return;
	nodes[n].links = 1;
	nodes[n].parent = dir;
}

static void do_symlink(void)
{
	int dir = dir_random(), n;
	char name[64], path[1024], message[2048], target[512];
	uint32_t bytes = 1 + below(below(2) ? 58 : 500);

	random_name(name);
	path_of_dir(dir, path);
	sprintf(path + strlen(path), "/%s", name);
	if (entry_find(dir, name) || !(n = node_new(LINK)))
		return;
	if (!entry_new(dir, n, name)) {
		nodes[n].kind = NONE;
		return;
	}
	memset(target, 'a' + (int)below(26), bytes);
	target[bytes] = 0;
	sprintf(message, "%s%s", target, path);
	if (refused(call(0, FS_SYMLINK, bytes, 0, 0, message, (uint32_t)strlen(message)), n, dir,
		    name))
		return;
	nodes[n].links = 1;
	nodes[n].data = (uint8_t *)strdup(target);
	nodes[n].size = bytes;
}

static void do_remove(void)
{
	struct entry *e = entry_random(below(4) ? REGULAR : NONE);
	char path[1024];
	int n;

	if (!e)
		return;
	n = e->node;
	path_of_entry(e, path);
	if (nodes[n].kind == DIRECTORY) {
		int status = ask(FS_RMDIR, 0, 0, path);

		CHECK(ask(FS_UNLINK, 0, 0, path) == (status == 0 ? -ENOENT : -EPERM));
		if (!model_empty(n)) {
			CHECK(status == -ENOTEMPTY);
			return;
		}
		CHECK(status == 0);
	} else {
		CHECK(ask(FS_RMDIR, 0, 0, path) == -ENOTDIR);
		CHECK(ask(FS_UNLINK, 0, 0, path) == 0);
	}
	e->node = 0;
	nodes[n].links--;
	node_put(n);
}

static bool is_below(int dir, int ancestor)
{
	while (dir != 1 && dir != ancestor)
		dir = nodes[dir].parent;
	return dir == ancestor;
}

static int ask_two(uint32_t label, const char *first, const char *second)
{
	int root = channel_create(2), status;
	char message[2048];

	strcpy(message, first);
	strcat(message, second);
	status = call_handle(
		0, label, (uint32_t)strlen(first), message, (uint32_t)strlen(message), root);
	client_close(root);
	return status;
}

static void do_rename(void)
{
	struct entry *e = entry_random(NONE), *there;
	int dir = dir_random(), status, expected = 0, n;
	char from[1024], to[1024], name[64];

	if (!e)
		return;
	there = below(3) ? NULL : entry_random(NONE);
	random_name(name);
	if (there) {
		dir = there->dir;
		strcpy(name, there->name);
	}
	path_of_entry(e, from);
	path_of_dir(dir, to);
	if (strlen(to) > 400)
		return;
	sprintf(to + strlen(to), "/%s", name);
	there = entry_find(dir, name);
	n = e->node;
	if (there && there->node == n)
		expected = 1;
	else if (nodes[n].kind == DIRECTORY && is_below(dir, n))
		expected = -EINVAL;
	else if (there && nodes[n].kind != DIRECTORY && nodes[there->node].kind == DIRECTORY)
		expected = -EISDIR;
	else if (there && nodes[n].kind == DIRECTORY && nodes[there->node].kind != DIRECTORY)
		expected = -ENOTDIR;
	else if (there && nodes[n].kind == DIRECTORY && !model_empty(there->node))
		expected = -ENOTEMPTY;
	status = ask_two(FS_RENAME, from, to);
	if (status == -ENOSPC && !expected)
		return;
	CHECK(status == (expected == 1 ? 0 : expected));
	if (expected)
		return;
	if (there) {
		int old = there->node;

		there->node = 0;
		nodes[old].links--;
		node_put(old);
	}
	e->dir = dir;
	strcpy(e->name, name);
	if (nodes[n].kind == DIRECTORY)
		nodes[n].parent = dir;
}

static void do_link(void)
{
	struct entry *e = entry_random(NONE);
	int dir = dir_random(), status, n;
	char from[1024], to[1024], name[64];

	if (!e)
		return;
	n = e->node;
	random_name(name);
	path_of_entry(e, from);
	path_of_dir(dir, to);
	sprintf(to + strlen(to), "/%s", name);
	if (entry_find(dir, name)) {
		CHECK(ask_two(FS_LINK, from, to) == -EEXIST);
		return;
	}
	if (nodes[n].kind == DIRECTORY) {
		CHECK(ask_two(FS_LINK, from, to) == -EPERM);
		return;
	}
	if (!entry_new(dir, n, name))
		return;
	status = ask_two(FS_LINK, from, to);
	if (status == -ENOSPC) {
		entry_find(dir, name)->node = 0;
		return;
	}
	CHECK(status == 0);
	nodes[n].links++;
}

static void do_close(void)
{
	int n = 2 + (int)below(NODES - 2);

	for (int i = 0; i < NODES - 2; i++, n = n + 1 < NODES ? n + 1 : 2)
		if (nodes[n].handle) {
			close_node(n);
			return;
		}
}

/* ------------------------------------------------------------------ comparison */

static void compare_bytes(int handle, const struct node *n)
{
	static uint8_t buffer[FILE_MAX];
	uint32_t bytes = n->size < FILE_MAX ? n->size : FILE_MAX;
	uint8_t byte;

	CHECK(stream_read(handle, buffer, bytes, 0) == (long)bytes);
	for (uint32_t i = 0; i < bytes; i++)
		if (buffer[i] != n->data[i]) {
			fprintf(stderr, "byte %u is %02x, not %02x; size %u\n", i, buffer[i],
				n->data[i], n->size);
			CHECK(!"contents");
		}
	if (n->sparse) {
		CHECK(stream_read(handle, &byte, 1, n->size - 1) == 1 && byte == 0x77);
		CHECK(stream_read(handle, &byte, 1, n->size - 5000) == 1 && byte == 0);
	}
}

static void compare_file(struct entry *e, bool contents)
{
	struct node *n = &nodes[e->node];
	struct fs_stat st;
	char path[1024];

	path_of_entry(e, path);
	CHECK(ask(FS_STAT, 1, 0, path) == 0);
	memcpy(&st, last.data, sizeof(st));
	CHECK((st.mode & MODE_TYPE) == (n->kind == REGULAR	      ? MODE_REGULAR
					       : n->kind == DIRECTORY ? MODE_DIR
								      : MODE_SYMLINK));
	if (n->kind == DIRECTORY)
		return;
	CHECK(st.nlink == n->links && st.size == n->size);
	if (n->kind == LINK) {
		CHECK(ask(FS_READLINK, 0, 0, path) == (int)n->size);
		CHECK(!memcmp(last.data, n->data, n->size));
	} else if (contents) {
		bool was_open = n->handle;

		open_entry(e);
		compare_bytes(n->handle, n);
		if (!was_open)
			close_node(e->node);
	}
}

static uint32_t count_names(int dir)
{
	char path[1024];
	uint32_t cursor = 0, count = 0;
	int handle;

	path_of_dir(dir, path);
	strcat(path, "/");
	CHECK(ask(FS_OPEN, FS_O_DIRECTORY, 0, path) == 0);
	handle = last.handle;
	for (;;) {
		int bytes = call(handle_badge(handle), FS_READDIR, cursor, 0, 0, NULL, 0);

		CHECK(bytes >= 0);
		if (!bytes)
			break;
		for (int at = 0; at < bytes;) {
			struct fs_dirent *d = (struct fs_dirent *)(last.data + at);

			count++;
			at += d->reclen;
		}
		cursor = last.w1;
	}
	client_close(handle);
	return count;
}

static void compare_all(bool contents)
{
	for (int i = 0; i < NODES * 2; i++)
		if (entries[i].node)
			compare_file(&entries[i], contents);
	for (int n = 1; n < NODES; n++)
		if (nodes[n].kind == DIRECTORY || n == 1) {
			uint32_t want = n == 1 ? 3 : 2; /* lost+found */

			for (int i = 0; i < NODES * 2; i++)
				want += entries[i].node && entries[i].dir == n;
			CHECK(count_names(n) == want);
		}
}

static void close_all(void)
{
	for (int n = 2; n < NODES; n++)
		close_node(n);
	sim_deliver(false);
}

static void remount(void)
{
	close_all();
	CHECK(call(0, FS_SHUTDOWN, 0, 0, 0, NULL, 0) == 0);
	CHECK(sim_fsck(file) == 0);
	sim_drop();
	CHECK(sim_mount(false) == 0);
	CHECK(sim.fs->kept->was_clean);
	sim_watch_saves();
	compare_all(true);
}

static void read_by_debugfs(void)
{
	char path[1024];
	int checked = 0;

	for (int i = 0; i < NODES * 2 && checked < 20; i++) {
		struct node *n = &nodes[entries[i].node];
		uint8_t *buffer;
		FILE *f;

		if (!entries[i].node || n->kind != REGULAR || n->sparse)
			continue;
		path_of_entry(&entries[i], path);
		CHECK(run("debugfs -R 'dump %s %s.out' %s 2>/dev/null", path, file, file) == 0);
		sprintf(path, "%s.out", file);
		f = fopen(path, "rb");
		CHECK(f);
		buffer = malloc(n->size + 1);
		CHECK(fread(buffer, 1, n->size + 1, f) == n->size);
		CHECK(!memcmp(buffer, n->data, n->size));
		fclose(f);
		free(buffer);
		checked++;
	}
}

/* ------------------------------------------------------------------ deaths of the server */

static uint32_t deaths, death_odds = 2000;

/* The server dies at this point: in a child, so that here all goes on. Its successor must leave a sound
 * disk. What the operation under way did is anybody's guess, so bytes are not compared. */
static void die_in_a_child(void)
{
	static bool dying;
	int status;

	if (dying || below(death_odds))
		return;
	fflush(NULL);
	pid_t child = fork();

	if (child == 0) {
		char image[200];

		dying = true;
		sim.point = NULL;
		free(sim.shadow);
		sim.shadow = NULL;
		sim_succeed(false);
		sim_watch_saves();
		sim_close_all();
		sim_deliver(true);
		CHECK(call(0, FS_SYNC, 0, 0, 0, NULL, 0) == 0);
		CHECK(call(0, FS_SHUTDOWN, 0, 0, 0, NULL, 0) == 0);
		snprintf(image, sizeof(image), "%s.died", file);
		_exit(sim_fsck(image) != 0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	deaths++;
}

/* The server dies between two operations: nothing at all may be missing. */
static void die(void)
{
	void (*point)(void) = sim.point;

	sim.point = NULL;
	sim_succeed(true);
	sim_watch_saves();
	compare_all(true);
	deaths++;
	sim.point = point;
}

static void step(void)
{
	switch (below(24)) {
	case 0:
	case 1:
	case 2: do_create(); break;
	case 3:
	case 4:
	case 5:
	case 6:
	case 7: do_write(); break;
	case 8:
	case 9: do_store(); break;
	case 10:
	case 11: do_truncate(); break;
	case 12: do_mkdir(); break;
	case 13: do_symlink(); break;
	case 14:
	case 15: do_remove(); break;
	case 16:
	case 17: do_rename(); break;
	case 18: do_link(); break;
	case 19: do_close(); break;
	case 20: sim_deliver(below(2)); break;
	case 21: sim_evict(1 + below(4)); break;
	case 22: below(2) ? do_sparse() : do_allocate(); break;
	default: {
		struct entry *e = entry_random(REGULAR);

		if (e && nodes[e->node].handle)
			CHECK(stream_sync(nodes[e->node].handle) == 0);
	}
	}
}

int main(int argc, char **argv)
{
	int operations;

	CHECK(argc == 5);
	file = argv[4];
	sim_seed((uint32_t)atoi(argv[2]));
	operations = atoi(argv[3]);
	sim.tell_growth = below(2);
	CHECK(run("rm -f %s && mke2fs -q -F -t ext2 %s >/dev/null", file, argv[1]) == 0);
	CHECK(sim_load(file) == 0);
	sim_watch_saves();
	sim.point = die_in_a_child;
	nodes[1].kind = DIRECTORY;
	nodes[1].links = 1;
	for (int i = 1; i <= operations; i++) {
		step();
		if (i % 400 == 0) {
			/* An orphan is legal on the disk, but e2fsck mentions it. */
			close_all();
			CHECK(call(0, FS_SYNC, 0, 0, 0, NULL, 0) == 0);
			CHECK(sim_fsck(file) == 0);
			sim_evict(2);
			compare_all(i % 1600 == 0);
		}
		if (i % 3000 == 0)
			remount();
		if (!below(500))
			die();
	}
	sim.point = NULL;
	remount();
	CHECK(call(0, FS_SHUTDOWN, 0, 0, 0, NULL, 0) == 0);
	CHECK(sim_fsck(file) == 0);
	read_by_debugfs();
	printf("%d operations, %u refused for want of space, %u deaths of the server\n", operations,
		refusals, deaths);
	sim_drop();
	for (int n = 0; n < NODES; n++)
		free(nodes[n].data);
	free(sim.image);
	free(sim.mapping);
	free(sim.kept);
	free(sim.shadow);
	return 0;
}
