/* The memory file server: builds its trees, then serves (memfs.h tells how it is made).
 *
 * What it is given: SERVER_PORT; SERVER_INITRD, the archive whose bin/ it shows; and, when it has the
 * root directory of everything, the names of the mounts as arguments, with their channels from
 * SERVER_MOUNT on. The directory above /dev, /tmp and /bin is QUIRE_H_ROOT.
 */
#include "memfs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <quire/server.h>
#include <quire/sys.h>

#define PRIORITY 18

enum { TREE_DEV, TREE_TMP, TREE_BIN, TREE_ROOT, TREES };

struct tree trees[TREES] = {
	[TREE_DEV] = {.name = "dev", .device = 0x101, .parent = QUIRE_H_ROOT},
	[TREE_TMP] = {.name = "tmp", .device = 0x102, .parent = QUIRE_H_ROOT},
	[TREE_BIN] = {.name = "bin", .device = 0x103, .parent = QUIRE_H_ROOT},
	[TREE_ROOT] = {.name = "", .device = 0x104, .parent = -1},
};
const int tree_count = TREES;

static const struct {
	uint32_t badge;
	uint32_t mode;
} roots[TREES] = {
	[TREE_DEV] = {MEMFS_BADGE_DEV, 0755},
	[TREE_TMP] = {MEMFS_BADGE_TMP, 01777},
	[TREE_BIN] = {MEMFS_BADGE_BIN, 0755},
	[TREE_ROOT] = {MEMFS_BADGE_ROOT, 0755},
};

static const struct {
	const char *name;
	enum device_kind kind;
} devices[] = {
	{"null", DEVICE_NULL},
	{"zero", DEVICE_ZERO},
	{"full", DEVICE_FULL},
	{"random", DEVICE_RANDOM},
	{"urandom", DEVICE_RANDOM},
	{"console", DEVICE_TERMINAL},
	{"tty", DEVICE_TERMINAL},
};

static _Noreturn void die(const char *why)
{
	sys_log(why, (uint32_t)strlen(why));
	sys_exit(1);
}

static void make_roots(void)
{
	for (int i = 0; i < TREES; i++) {
		struct node *n = node_create(&trees[i], S_IFDIR | roots[i].mode, roots[i].badge);

		if (!n)
			die("memfs: no memory");
		n->nlink = 2;
		n->dir.parent = n;
		trees[i].root = n;
	}
}

/* A directory by a single name. */
static struct node *make_dir(struct node *parent, const char *name, uint32_t mode)
{
	struct walk w = {.dir = parent, .name = name, .len = strlen(name)};
	int status;
	struct node *n = make_node(&w, S_IFDIR | mode, &status);

	if (!n)
		die("memfs: cannot make a directory");
	return n;
}

static void make_devices(void)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		if (device_create(trees[TREE_DEV].root, devices[i].name, devices[i].kind) < 0)
			die("memfs: cannot make a device node");
	}
	make_dir(trees[TREE_DEV].root, "shm", 01777);
}

/* One program, or a link from one name to another, of the archive. */
static int add_program(struct node *bin, const struct cpio_entry *entry, const char *name)
{
	struct node *n = node_create(bin->tree, entry->mode, 0);
	int status;

	if (!n)
		return -ENOMEM;
	n->mtime = n->ctime = n->atime = (struct time){entry->mtime, 0};
	if (is_file(n)) {
		n->file.archived = *entry;
	} else {
		n->link.target = malloc(entry->size);
		if (n->link.target) {
			memcpy(n->link.target, entry->data, entry->size);
			n->link.len = entry->size;
		}
	}
	status = dir_add(bin, name, strlen(name), n);
	n->nlink = status == 0;
	node_release(n);
	return status;
}

static bool is_program(const struct cpio_entry *entry)
{
	const char *name = entry->name + 4;

	return entry->name_len > 4 && memcmp(entry->name, "bin/", 4) == 0 && !strchr(name, '/') &&
	       strlen(name) <= NAME_BYTES_MAX &&
	       (S_ISREG(entry->mode) ||
		       (S_ISLNK(entry->mode) && entry->size > 0 && entry->size < FS_PATH_MAX));
}

static void read_archive(void)
{
	struct node *bin = trees[TREE_BIN].root;
	struct quire_obj_info info;
	struct cpio_entry entry;
	struct cpio archive;
	long address;

	if (sys_obj_info(SERVER_INITRD, &info) < 0 || info.size == 0)
		die("memfs: no archive");
	address = sys_mmap(
		0, (uint32_t)info.size, QUIRE_PROT_READ, QUIRE_MAP_SHARED, SERVER_INITRD, 0);
	if (quire_is_error(address))
		die("memfs: cannot map the archive");
	cpio_start(&archive, (const void *)(uintptr_t)address, (uint32_t)info.size);
	while (cpio_next(&archive, &entry) == 1) {
		if (is_program(&entry) && !dir_lookup(bin, entry.name + 4, entry.name_len - 4) &&
			add_program(bin, &entry, entry.name + 4) < 0)
			die("memfs: no memory for /bin");
	}
	bin->tree->read_only = true;
}

static void make_mounts(int argc, char **argv)
{
	for (int i = 1; i < argc && i <= SERVER_MOUNT_MAX; i++)
		make_dir(trees[TREE_ROOT].root, argv[i], 0755)->dir.mount = SERVER_MOUNT + i - 1;
}

static enum ipc_answer serve(void *context, struct quire_msg *msg)
{
	(void)context;
	switch (ipc_label(msg)) {
	case QUIRE_K_CLOSED: node_channel_closed(msg->badge); return IPC_LATER;
	case QUIRE_K_IDLE: file_idle(msg->badge); return IPC_LATER;
	default:
		if (ipc_label(msg) < QUIRE_K_NOTIFY)
			serve_request(msg);
		return msg->token ? IPC_REPLY : IPC_LATER;
	}
}

int main(int argc, char **argv)
{
	sys_priority(0, PRIORITY);
	make_roots();
	make_devices();
	read_archive();
	make_mounts(argc, argv);
	ipc_serve(SERVER_PORT, serve, NULL);
	die("memfs: cannot receive");
}
