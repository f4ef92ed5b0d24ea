/* A stream on a descriptor, or in memory: picolibc's buffered FILE with what it lacks. */
#ifndef QUIRE_LIBC_STREAM_H
#define QUIRE_LIBC_STREAM_H

#include <stdio.h>
#include <stdio-bufio.h>
#include "../internal.h"

/* What a stream in memory has in place of a descriptor; as read, write and lseek. */
struct stream_source {
	ssize_t (*read)(void *place, void *data, size_t len);
	ssize_t (*write)(void *place, const void *data, size_t len);
	off_t (*seek)(void *place, off_t offset, int whence);
	void (*flushed)(void *place); /* everything written has arrived */
	void (*close)(void *place);
};

/* picolibc's functions know the first member; `dir` of it is __SRD or __SWR while the buffer holds
 * data of that direction, and its `lock` is not used. */
struct stream {
	struct __file_bufio file;
	__libc_lock_t lock;	 /* guards everything but the links */
	volatile uint32_t owner; /* tid */
	uint32_t depth;
	uint32_t held;	 /* inside a call that writes several pieces: an unbuffered stream waits */
	bool unbuffered; /* flush after every call */
	bool undecided;	 /* line or full buffering is settled at the first use */
	bool is_static;	 /* one of the three standard ones */
	bool appends;	 /* of a stream in memory: writing begins at the end */
	const struct stream_source *source; /* NULL: the descriptor */
	void *place;
	struct stream *next, *prev; /* all open streams, under the list lock */
	char small[16];		    /* the buffer when there is no memory for one */
};

static inline struct stream *stream_of(FILE *file)
{
	return file->flags & __SBUF ? (struct stream *)file : NULL;
}

void __libc_stream_init(struct stream *stream, int fd, int flags);
void __libc_stream_link(struct stream *stream);
void __libc_stream_unlink(struct stream *stream);

void __libc_stream_lock_slow(struct stream *stream);
void __libc_stream_unlock_slow(struct stream *stream);

/* A process with one thread needs no lock. Threads start from outside of any of these. */
static inline bool stream_lock(struct stream *stream)
{
	if (!__libc_threaded)
		return false;
	__libc_stream_lock_slow(stream);
	return true;
}

static inline void stream_unlock(struct stream *stream, bool locked)
{
	if (locked)
		__libc_stream_unlock_slow(stream);
}

/* With the stream locked: writes out, or gives back what was read ahead. 0 or EOF. */
int __libc_stream_flush_locked(struct stream *stream);
int __libc_stream_put_locked(struct stream *stream, char c);
int __libc_stream_get_locked(struct stream *stream);
/* Makes the buffer ready to hold data of that direction. 0 or _FDEV_ERR. */
int __libc_stream_turn_locked(struct stream *stream, uint8_t dir);
/* read and write of the descriptor or of the source. */
ssize_t __libc_stream_take(struct stream *stream, void *data, size_t len);
ssize_t __libc_stream_give(struct stream *stream, const void *data, size_t len);
int __libc_stream_write_locked(struct stream *stream, const char *data, size_t len);

#endif
