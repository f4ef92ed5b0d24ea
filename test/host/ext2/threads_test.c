/* Several clients at once on a slow disk, with a thread that lets the flush timer expire, delivers late
 * messages and evicts pages. Each client has files of its own in directories that all share, and
 * knows what must be in them. Runs under the thread sanitizer too.
 *
 *	threads_test MKE2FS-ARGUMENTS OPERATIONS FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sim.h"

#define CLIENTS	 4
#define FILES	 6
#define FILE_MAX (120 * 1024)

struct client {
	uint32_t number;
	int operations;
	struct known {
		bool exists;
		uint32_t directory;
		uint32_t size;
		int handle;
		uint8_t data[FILE_MAX];
	} files[FILES];
};
static struct client clients[CLIENTS];
static bool stop;

static int ask(uint32_t label, uint32_t w1, uint32_t w2, const char *path)
{
	return call(0, label, w1, w2, 0, path, (uint32_t)strlen(path));
}

static void name_of(const struct client *c, uint32_t i, char *path)
{
	sprintf(path, "/dir%u/client%u-file%u", c->files[i].directory, c->number, i);
}

static void create(struct client *c, uint32_t i)
{
	struct known *f = &c->files[i];
	char path[64];

	f->directory = sim_random() % 3;
	name_of(c, i, path);
	CHECK(ask(FS_OPEN, QUIRE_O_RDWR | FS_O_CREAT | FS_O_EXCL, 0644, path) == 0);
	f->handle = last.handle;
	f->exists = true;
	f->size = 0;
	memset(f->data, 0, sizeof(f->data));
}

static void verify(struct client *c, uint32_t i)
{
	struct known *f = &c->files[i];
	static _Thread_local uint8_t buffer[FILE_MAX];

	CHECK(stream_read(f->handle, buffer, FILE_MAX, 0) == (long)f->size);
	CHECK(!memcmp(buffer, f->data, f->size));
}

static void reopen(struct client *c, uint32_t i)
{
	struct known *f = &c->files[i];
	char path[64];

	client_close(f->handle);
	name_of(c, i, path);
	CHECK(ask(FS_OPEN, QUIRE_O_RDWR, 0, path) == 0);
	f->handle = last.handle;
}

static void write_some(struct known *f)
{
	static _Thread_local uint8_t buffer[20000];
	uint32_t bytes = 1 + sim_random() % sizeof(buffer), at = sim_random() % (FILE_MAX - bytes);

	if (sim_random() % 2 && f->size + bytes <= FILE_MAX)
		at = f->size;
	for (uint32_t i = 0; i < bytes; i++)
		buffer[i] = (uint8_t)sim_random();
	CHECK(stream_write(f->handle, buffer, bytes, at) == (long)bytes);
	memcpy(f->data + at, buffer, bytes);
	if (at + bytes > f->size)
		f->size = at + bytes;
}

static void truncate_some(struct known *f)
{
	uint32_t size = sim_random() % FILE_MAX;

	CHECK(call(handle_badge(f->handle), FS_FTRUNCATE, size, 0, 0, NULL, 0) == 0);
	memset(f->data + size, 0, FILE_MAX - size);
	f->size = size;
}

static void move(struct client *c, uint32_t i)
{
	int root = channel_create(2);
	char from[64], both[128];

	name_of(c, i, from);
	c->files[i].directory = sim_random() % 3;
	strcpy(both, from);
	name_of(c, i, both + strlen(from));
	CHECK(call_handle(0, FS_RENAME, (uint32_t)strlen(from), both, (uint32_t)strlen(both),
		      root) == 0);
	client_close(root);
}

static void *client_main(void *argument)
{
	struct client *c = argument;

	sim_seed(c->number + 77);
	for (int n = 0; n < c->operations; n++) {
		uint32_t i = sim_random() % FILES;
		struct known *f = &c->files[i];
		char path[64];

		if (!f->exists) {
			create(c, i);
			continue;
		}
		switch (sim_random() % 12) {
		case 0:
			name_of(c, i, path);
			CHECK(ask(FS_UNLINK, 0, 0, path) == 0);
			verify(c, i); /* still there for those who have it open */
			client_close(f->handle);
			f->exists = false;
			break;
		case 1:
		case 2: truncate_some(f); break;
		case 3: move(c, i); break;
		case 4: CHECK(stream_sync(f->handle) == 0); break;
		case 5: reopen(c, i); break;
		case 6:
		case 7: verify(c, i); break;
		case 8:
			if (f->size) {
				uint32_t at = sim_random() % f->size;

				CHECK(map_store(f->handle, at, 0x5c) == 0);
				f->data[at] = 0x5c;
			}
			break;
		default: write_some(f); break;
		}
	}
	return NULL;
}

static void *housekeeping(void *argument)
{
	(void)argument;
	sim_seed(5);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		usleep(1000);
		sim_deliver(sim_random() % 4 == 0);
		if (sim_random() % 4 == 0)
			sim_evict(3);
		if (sim_random() % 16 == 0)
			CHECK(call(0, FS_SYNC, 0, 0, 0, NULL, 0) == 0);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[CLIENTS + 1];
	const char *file = argv[3];

	CHECK(argc == 4);
	CHECK(run("rm -f %s && mke2fs -q -F -t ext2 %s >/dev/null", file, argv[1]) == 0);
	CHECK(sim_load(file) == 0);
	CHECK(ask(FS_MKDIR, 0755, 0, "/dir0") == 0 && ask(FS_MKDIR, 0755, 0, "/dir1") == 0 &&
		ask(FS_MKDIR, 0755, 0, "/dir2") == 0);
	sim.threads = true;
	for (uint32_t i = 0; i < CLIENTS; i++) {
		clients[i].number = i;
		clients[i].operations = atoi(argv[2]);
		pthread_create(&threads[i], NULL, client_main, &clients[i]);
	}
	pthread_create(&threads[CLIENTS], NULL, housekeeping, NULL);
	for (uint32_t i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(threads[CLIENTS], NULL);
	for (uint32_t i = 0; i < CLIENTS; i++)
		for (uint32_t n = 0; n < FILES; n++)
			if (clients[i].files[n].exists) {
				verify(&clients[i], n);
				client_close(clients[i].files[n].handle);
			}
	sim_deliver(true);
	CHECK(call(0, FS_SYNC, 0, 0, 0, NULL, 0) == 0);
	CHECK(sim_fsck(file) == 0);
	printf("%lu writes by the driver\n", (unsigned long)sim.writes);
	sim_drop();
	CHECK(sim_mount(false) == 0);
	for (uint32_t i = 0; i < CLIENTS; i++)
		for (uint32_t n = 0; n < FILES; n++)
			if (clients[i].files[n].exists) {
				char path[64];

				name_of(&clients[i], n, path);
				CHECK(ask(FS_OPEN, QUIRE_O_RDONLY, 0, path) == 0);
				clients[i].files[n].handle = last.handle;
				verify(&clients[i], n);
				client_close(last.handle);
			}
	sim_drop();
	free(sim.image);
	free(sim.mapping);
	return 0;
}
