/* What the parts of init offer each other.
 *
 * Init has three threads, because a call to a server that has just died waits until it has been
 * started again, so the thread that starts servers must never call one:
 *
 *	main	waits for children: restarts servers, reaps orphans; calls nobody
 *	boot	waits for the file system, mounts, runs the program, then ends
 *	control	answers init's own port; does the shutdown
 *
 * `init_lock` covers the fixed handle numbers that a child inherits, and every `pid` below.
 */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <stdint.h>
#include <quire/abi.h>
#include "command.h"

/* Exit statuses of the machine when init itself has to give up. */
#define STATUS_NO_FILES	  3 /* no disk, or no file system on it */
#define STATUS_BROKEN	  4 /* a server that everything needs does not stay up */
#define STATUS_NO_PROGRAM 127

/* ---- handles.c: init's own handles, out of the way of the numbers that children inherit ---- */

/* Moves a handle up and marks it so that only init has it. Errors pass through. */
int keep(int handle);
/* The same, but a child made by fork has it too, until it executes. */
int keep_for_exec(int handle);
void lock(void);
void unlock(void);

/* ---- report.c: what init has to say ---- */

/* To the kernel's log. */
__attribute__((format(printf, 1, 2))) void report(const char *format, ...);
/* To the terminal: waits for the console server, so not from the main thread. */
__attribute__((format(printf, 1, 2))) void announce(const char *format, ...);

/* ---- devices.c ---- */

struct device {
	uint32_t phys;
	int registers; /* memory object */
	int interrupt;
	int dma; /* a disk's: memory for its driver, kept over the driver's death */
	uint64_t dma_phys;
	volatile uint32_t *mapped; /* a disk's registers; NULL: not a disk */
};

bool find_console(const struct quire_boot_info *boot, struct device *device);
/* The first virtio slot, in the device tree's order, that holds a disk. */
bool find_disk(const struct quire_boot_info *boot, struct device *device);
/* Resets a disk whose driver has died, so that it writes to memory no more. */
void stop_disk(const struct device *device);

/* ---- services.c ---- */

enum service_name { SERVICE_CONSOLE, SERVICE_DISK, SERVICE_MEMFS, SERVICE_EXT2, SERVICES };

struct service {
	const char *name; /* of its image in the archive, and argv[0] */
	int port;
	int image;
	int kept; /* memory that outlives it, for who wants some */
	int pid;  /* 0: not running */
	bool wanted;
	struct device *device;
	uint64_t started;
	int failures; /* deaths soon after the start, in a row */
};

extern struct service services[SERVICES];

/* Makes the port, and the image from the archive. */
int service_prepare(enum service_name name, const void *archive, uint32_t bytes);
int service_start(enum service_name name);
/* The service that had this process; -1: none. */
int service_of(int pid);
/* After its death: starts it again after a pause; false: it has been given up. */
bool service_restart(enum service_name name, int status);

/* ---- boot.c ---- */

extern struct command boot_command;
extern bool root_in_memory;
extern int program_pid; /* the shell, or what runs in its place */

void *boot_thread(void *unused);
/* The main program has ended, with a wait status. */
void program_ended(int status);

/* ---- control.c ---- */

int control_prepare(void);
void *control_thread(void *unused);
/* Has the control thread print `why` (may be NULL), bring the file system to rest, power off. The
 * first call counts. Any thread. */
void request_shutdown(int status, const char *why);
/* The terminal shows a script's output from now on: between two markers. */
void begin_output(void);

#endif
