/* Starting servers, and starting them again when they die.
 *
 * A server's port is init's, made once. The child gets its handles by inheritance: init puts them at
 * their fixed numbers (quire/server.h), forks, and takes them away again, under init_lock. A call
 * that was waiting in the port when the server died is received by the next one.
 */
#include "init.h"

#include <stdio.h>
#include <string.h>
#include <quire/server.h>
#include <quire/sys.h>
#include "cpio.h"

#define FAILURES_MAX 6
#define STEADY_NS    2000000000ull /* a server that lived so long was all right */
#define PAUSE_NS     20000000ull   /* doubled at each failure in a row */

struct service services[SERVICES] = {
	[SERVICE_CONSOLE] = {.name = "console"},
	[SERVICE_DISK] = {.name = "virtio-blk"},
	[SERVICE_MEMFS] = {.name = "memfs"},
	[SERVICE_EXT2] = {.name = "ext2"},
};

/* What memfs serves, in the order of the arguments and of the handles from SERVER_MOUNT on. */
static const char *const mount_names[] = {"dev", "tmp", "bin"};
static const uint32_t mount_badges[] = {MEMFS_BADGE_DEV, MEMFS_BADGE_TMP, MEMFS_BADGE_BIN};
#define MOUNTS (int)(sizeof(mount_names) / sizeof(mount_names[0]))

static int archive_handle = QUIRE_H_INITRD;

int service_prepare(enum service_name name, const void *archive, uint32_t bytes)
{
	struct service *s = &services[name];
	struct cpio_entry entry;
	int status, object;

	status = cpio_find(archive, bytes, s->name, &entry);
	if (status < 0)
		return status;
	object = cpio_load(&entry);
	if (object < 0)
		return object;
	s->image = keep_for_exec(sys_stream_create(object, QUIRE_O_RDONLY));
	sys_close(object);
	s->port = keep(sys_port_create());
	if (name == SERVICE_EXT2) {
		s->kept = keep(sys_obj_create(0));
		if (s->kept < 0)
			return s->kept;
	}
	return s->image < 0 ? s->image : s->port < 0 ? s->port : 0;
}

/* A channel to another service, at a number that the child inherits. */
static int give_channel(enum service_name to, uint32_t badge, int at)
{
	int channel = sys_channel_create(services[to].port, badge, 0), status;

	if (channel < 0)
		return channel;
	status = sys_dup2(channel, at, 0);
	if (channel != at)
		sys_close(channel);
	return status;
}

static int give(int handle, int at)
{
	return sys_dup2(handle, at, 0);
}

static int give_mounts(void)
{
	int status = 0;

	for (int i = 0; i < MOUNTS && status >= 0; i++)
		status = give_channel(SERVICE_MEMFS, mount_badges[i], SERVER_MOUNT + i);
	return status;
}

static int give_handles(enum service_name name)
{
	struct service *s = &services[name];
	int status = give(s->port, SERVER_PORT);

	if (status >= 0 && s->device) {
		status = give(s->device->registers, SERVER_DEVICE);
		if (status >= 0)
			status = give(s->device->interrupt, SERVER_IRQ);
	}
	if (status < 0)
		return status;
	switch (name) {
	case SERVICE_DISK: return give(s->device->dma, SERVER_DMA);
	case SERVICE_MEMFS:
		status = give(archive_handle, SERVER_INITRD);
		return status >= 0 && root_in_memory ? give_mounts() : status;
	case SERVICE_EXT2:
		status = give_channel(SERVICE_DISK, SERVER_BADGE_ROOT, SERVER_BLOCK);
		if (status >= 0)
			status = give(s->kept, SERVER_KEPT);
		return status >= 0 ? give_mounts() : status;
	default: return status;
	}
}

static void take_handles(void)
{
	for (int h = SERVER_PORT; h < SERVER_MOUNT + SERVER_MOUNT_MAX; h++)
		sys_close(h);
}

/* The arguments of a server: its name, then for who has the root directory the mounts' names, for the
 * console how the terminal starts, and for the disk driver where its memory is. */
static uint32_t make_args(enum service_name name, char *args, uint32_t *argc)
{
	const char *words[1 + MOUNTS] = {services[name].name};
	char number[24];
	uint32_t at = 0;

	*argc = 1;
	if (name == SERVICE_EXT2 || (name == SERVICE_MEMFS && root_in_memory)) {
		for (int i = 0; i < MOUNTS; i++)
			words[(*argc)++] = mount_names[i];
	} else if (name == SERVICE_CONSOLE && boot_command.scripted) {
		words[(*argc)++] = "raw";
	} else if (name == SERVICE_DISK) {
		snprintf(number, sizeof(number), "%llx",
			(unsigned long long)services[name].device->dma_phys);
		words[(*argc)++] = number;
	}
	for (uint32_t i = 0; i < *argc; i++) {
		size_t len = strlen(words[i]) + 1;

		memcpy(args + at, words[i], len);
		at += (uint32_t)len;
	}
	return at;
}

static _Noreturn void become(enum service_name name)
{
	char args[64];
	struct quire_exec exec = {
		.args = (uint32_t)(uintptr_t)args,
		.name = (uint32_t)(uintptr_t)services[name].name,
	};

	/* A server has no business with the terminal's descriptors: the console's own would be to
	 * itself. */
	for (int fd = 0; fd < 3; fd++)
		sys_close(fd);
	exec.args_size = make_args(name, args, &exec.argc);
	sys_exec(services[name].image, &exec);
	sys_exit(STATUS_NO_PROGRAM);
}

int service_start(enum service_name name)
{
	struct service *s = &services[name];
	int status;

	lock();
	status = give_handles(name);
	if (status >= 0) {
		status = sys_fork();
		if (status == 0)
			become(name);
	}
	take_handles();
	if (status > 0) {
		s->pid = status;
		s->started = sys_clock(QUIRE_CLOCK_MONOTONIC);
		s->wanted = true;
	}
	unlock();
	if (status < 0)
		report("cannot start %s: error %d", s->name, -status);
	return status < 0 ? status : 0;
}

int service_of(int pid)
{
	for (int i = 0; i < SERVICES; i++) {
		if (services[i].pid == pid)
			return i;
	}
	return -1;
}

bool service_restart(enum service_name name, int status)
{
	struct service *s = &services[name];
	uint64_t now = sys_clock(QUIRE_CLOCK_MONOTONIC);

	s->pid = 0;
	s->failures = now - s->started < STEADY_NS ? s->failures + 1 : 1;
	if (s->device && s->device->mapped)
		stop_disk(s->device);
	if ((status & 0x7f) == 0)
		report("%s ended with status %d", s->name, status >> 8 & 0xff);
	else
		report("%s was killed by signal %d", s->name, status & 0x7f);
	if (status == SERVER_EXIT_REFUSED << 8) {
		s->wanted = false; /* the disk would not be better a second time */
		return false;
	}
	if (s->failures > 1)
		sys_sleep(now + (PAUSE_NS << s->failures));
	while (s->failures <= FAILURES_MAX) {
		if (service_start(name) == 0) {
			report("%s is started again", s->name);
			return true;
		}
		s->failures++;
		sys_sleep(sys_clock(QUIRE_CLOCK_MONOTONIC) + (PAUSE_NS << s->failures));
	}
	report("%s does not stay up: given up", s->name);
	s->wanted = false;
	return false;
}
