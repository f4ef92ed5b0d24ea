/* A kernel and a disk to run the ext2 server on, natively: memory objects with
 * frames, streams, channels, and a disk image in memory. What the kernel would ask of the pager is
 * asked here by calling serve() at the moment it is needed, in the client's own thread; messages that a port would queue (IDLE,
 * CLOSED, timer) wait in a queue that sim_deliver empties.
 *
 * The image is what is on the disk; the server's mapping of it is another buffer, of which only the
 * blocks the server writes back reach the image. So whatever the server forgets to mark dirty, or
 * reads in the wrong place, shows.
 */
#ifndef SIM_H
#define SIM_H

#include "server.h"

struct sim {
	uint8_t *image; /* the disk */
	uint64_t bytes;
	uint8_t *mapping; /* the disk object as the server sees it */
	struct backing backing;
	struct server server;
	struct fs *fs;
	uint64_t clock;
	uint64_t writes; /* driver calls */
	uint64_t
		fail_writes; /* this many more writes succeed, then all fail; UINT64_MAX: none fails */
	bool tell_growth;    /* GROW says how many bytes are being written */
	bool threads;	     /* several clients at once: the disk is slow */
	bool quiet;
	void *kept; /* outlives the server */
	uint32_t kept_bytes;
	uint8_t *shadow; /* the mapping as it was at the last commit, if watched */
	/* called where the server could die and the kernel or the disk knew, or NULL */
	void (*point)(void);
};
extern struct sim sim;

#define CHECK(condition)                                          \
	do {                                                      \
		if (!(condition))                                 \
			sim_fail(__FILE__, __LINE__, #condition); \
	} while (0)
_Noreturn void sim_fail(const char *file, int line, const char *what);

/* Runs a shell command with a printf format; its exit status. */
int run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Takes over the image file; mounts it. 0 or what fs_mount said. */
int sim_load(const char *path);
int sim_mount(bool read_only);
/* Looks from now on whether all that is changed has been saved before (undo.c). */
void sim_watch_saves(void);
/* How often the server has said that polls may be answered otherwise. */
extern uint32_t sim_poll_changes;
void sim_attach_disk(void);
/* The server dies, and another takes over. From within the server its memory can't be freed. */
void sim_succeed(bool free_memory);
void sim_point(void);
/* Every client goes. */
void sim_close_all(void);
/* Forgets the server, its objects and the mapping, as when the power goes. */
void sim_drop(void);
void sim_save(const char *path);
/* Saves to `path` and runs e2fsck -fn on it: 0 if it finds nothing. */
int sim_fsck(const char *path);

/* One request; the answer's status. Handles that come with the answer are the client's to close. */
int call(uint32_t badge, uint32_t label, uint32_t w1, uint32_t w2, uint32_t w3, const void *data,
	uint32_t bytes);
int call_handle(
	uint32_t badge, uint32_t label, uint32_t w1, const void *data, uint32_t bytes, int handle);
extern _Thread_local struct reply last; /* the answer; last.handle is the client's own copy */

/* What the kernel does for a client that holds a stream. Results as of the system calls. */
long stream_read(int handle, void *buffer, uint32_t bytes, uint64_t offset);
long stream_write(int handle, const void *buffer, uint32_t bytes, uint64_t offset);
/* A store or load through a shared mapping: below the end of the last page. */
int map_store(int handle, uint64_t offset, uint8_t value);
int map_load(int handle, uint64_t offset, uint8_t *value);
int stream_sync(int handle);
void client_close(int handle);
uint32_t handle_badge(int handle);

/* Called at the server's next questions for dirty objects, before each is answered: what other workers do. */
extern void (*sim_before_next_dirty)(void);
/* Whether the file has a page that is not on the disk. */
bool stream_dirty(int handle);

/* The answer to a request that was put off has come: it is in `last`. */
bool sim_late(uint32_t token);
/* Delivers queued messages; `timer`: lets the flush timer expire too. */
void sim_deliver(bool timer);
/* Drops clean pages: of files with probability 1/n each, and of the mapping. */
void sim_evict(unsigned n);

uint32_t sim_random(void);
void sim_seed(uint32_t seed);

#endif
