/* Process 1: started by the kernel with the right to devices and the archive, and nothing else.
 *
 * It starts the servers from the archive in the order of their needs: console, disk driver, memory
 * file system, ext2. None is waited for here; a request simply stays in a server's port until the
 * server takes it. Then this thread does nothing but wait for children.
 */
#include "init.h"

#include <pthread.h>
#include <string.h>
#include <quire/server.h>
#include <quire/sys.h>

#define IDLE_NS 10000000u

static struct quire_boot_info boot;
static const void *archive;
static struct device console_device, disk_device;
static const char *no_files; /* why there is no file system */

static _Noreturn void give_up(const char *what, int error)
{
	report("%s: error %d", what, error < 0 ? -error : error);
	sys_poweroff(QUIRE_H_RESOURCE, STATUS_BROKEN);
	sys_exit(STATUS_BROKEN);
}

static void ignore_signals(void)
{
	static const int ignored[] = {QSIGHUP, QSIGINT, QSIGQUIT, QSIGPIPE, QSIGTERM, QSIGTSTP};
	struct quire_sigaction action = {.handler = QUIRE_SIG_IGN};

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		sys_sigaction(ignored[i], &action, NULL);
}

static void read_boot_info(void)
{
	int status = sys_boot_info(QUIRE_H_RESOURCE, &boot);
	long address;

	if (status < 0)
		give_up("no boot information", status);
	boot.cmdline[sizeof(boot.cmdline) - 1] = '\0';
	address = sys_mmap(
		0, boot.initrd_bytes, QUIRE_PROT_READ, QUIRE_MAP_SHARED, QUIRE_H_INITRD, 0);
	if (quire_is_error(address))
		give_up("cannot map the archive", (int)address);
	archive = (const void *)(uintptr_t)address;
	sys_handle_flags(QUIRE_H_RESOURCE, QUIRE_HANDLE_CLOEXEC | QUIRE_HANDLE_NOFORK, 0);
	sys_handle_flags(QUIRE_H_INITRD, QUIRE_HANDLE_CLOEXEC | QUIRE_HANDLE_NOFORK, 0);
}

/* A channel at a number that every program inherits. */
static void publish(enum service_name to, uint32_t badge, int at)
{
	int channel = keep(sys_channel_create(services[to].port, badge, 0));
	int status = channel < 0 ? channel : sys_dup2(channel, at, 0);

	if (status < 0)
		give_up("no channel", status);
	sys_close(channel);
}

static void prepare(enum service_name name)
{
	int status = service_prepare(name, archive, boot.initrd_bytes);

	if (status < 0)
		give_up(services[name].name, status);
}

static void start(enum service_name name)
{
	int status = service_start(name);

	if (status < 0)
		give_up(services[name].name, status);
}

static void start_console(void)
{
	services[SERVICE_CONSOLE].device = &console_device;
	if (!find_console(&boot, &console_device))
		give_up("no serial port", -ENODEV);
	prepare(SERVICE_CONSOLE);
	start(SERVICE_CONSOLE);
	publish(SERVICE_CONSOLE, SERVER_BADGE_ROOT, QUIRE_H_CONSOLE);
	for (int fd = 0; fd < 3; fd++)
		publish(SERVICE_CONSOLE, QUIRE_BADGE_FILE | 1u, fd);
}

/* The root directory is on the first disk, or in memory if that is asked for. Without a disk an
 * interactive machine comes up in memory too, but a script is not run: it would miss its files. */
static void start_files(void)
{
	bool disk = !boot_command.memory_root && find_disk(&boot, &disk_device);
	enum service_name root;

	root_in_memory = !disk;
	if (!disk && !boot_command.memory_root)
		no_files = "no disk: give QEMU a virtio-blk-device (and force-legacy=false)";
	prepare(SERVICE_MEMFS);
	if (disk) {
		prepare(SERVICE_DISK);
		prepare(SERVICE_EXT2);
		services[SERVICE_DISK].device = &disk_device;
	}
	/* Before any file server starts, since it inherits the root directory too. */
	root = disk ? SERVICE_EXT2 : SERVICE_MEMFS;
	publish(root, disk ? SERVER_BADGE_ROOT : MEMFS_BADGE_ROOT, QUIRE_H_ROOT);
	publish(root, disk ? SERVER_BADGE_ROOT : MEMFS_BADGE_ROOT, QUIRE_H_CWD);
	start(SERVICE_MEMFS);
	if (disk) {
		start(SERVICE_DISK);
		start(SERVICE_EXT2);
	}
}

static void start_thread(void *(*body)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, body, NULL))
		give_up("no thread", -ENOMEM);
	pthread_detach(thread);
}

static void *boot_without_disk(void *unused)
{
	announce("%s", no_files);
	announce("the root directory is in memory");
	return boot_thread(unused);
}

static void server_died(enum service_name name, int status)
{
	if (service_restart(name, status))
		return;
	if (name == SERVICE_CONSOLE)
		give_up("no terminal", -EIO);
	if (name == SERVICE_MEMFS && !root_in_memory) {
		report("/dev, /tmp and /bin are gone");
		return;
	}
	request_shutdown(STATUS_NO_FILES, name == SERVICE_DISK
						  ? "the disk driver does not stay up"
						  : "no usable file system on the disk");
}

static _Noreturn void wait_for_children(void)
{
	for (;;) {
		int status = 0, pid = sys_wait(-1, 0, &status, NULL), service;

		if (pid <= 0) {
			/* No child at all, or a signal: neither lasts. */
			sys_sleep(sys_clock(QUIRE_CLOCK_MONOTONIC) + IDLE_NS);
			continue;
		}
		/* Whoever forks holds the lock until the new pid is noted. */
		lock();
		service = service_of(pid);
		unlock();
		if (service >= 0)
			server_died((enum service_name)service, status);
		else if (pid == program_pid)
			program_ended(status);
	}
}

int main(void)
{
	bool good;

	ignore_signals();
	read_boot_info();
	good = command_parse(&boot_command, boot.cmdline);
	if (control_prepare() < 0)
		give_up("no port", -ENOMEM);
	start_console();
	start_files();
	start_thread(control_thread);
	if (!good)
		request_shutdown(STATUS_NO_PROGRAM, "the command line is not well formed");
	else if (no_files && boot_command.scripted)
		request_shutdown(STATUS_NO_FILES, no_files);
	else
		start_thread(no_files ? boot_without_disk : boot_thread);
	wait_for_children();
}
