/* Streams in memory: fmemopen and open_memstream. They are buffered, locked and read as any other
 * stream; what takes the place of the descriptor is here. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "stream.h"

struct memory {
	char *data;
	size_t room;   /* bytes that data may hold */
	size_t length; /* bytes that have been written, or were there from the start */
	size_t position;
	bool grows; /* open_memstream: data is moved to where there is more room */
	bool owns_data;
	bool appends;
	char **told_data; /* open_memstream's results */
	size_t *told_length;
};

static ssize_t memory_read(void *place, void *data, size_t len)
{
	struct memory *m = place;

	if (m->position >= m->length)
		return 0;
	if (len > m->length - m->position)
		len = m->length - m->position;
	memcpy(data, m->data + m->position, len);
	m->position += len;
	return (ssize_t)len;
}

/* One byte more than asked for: the content always ends with a null byte. */
static bool grow(struct memory *m, size_t needed)
{
	size_t room = m->room;
	char *data;

	if (needed >= INT_MAX)
		return false;
	while (room <= needed)
		room *= 2;
	if (room == m->room)
		return true;
	data = realloc(m->data, room);
	if (!data)
		return false;
	memset(data + m->room, 0, room - m->room);
	m->data = data;
	m->room = room;
	return true;
}

static ssize_t memory_write(void *place, const void *data, size_t len)
{
	struct memory *m = place;

	if (m->appends)
		m->position = m->length;
	if (m->grows && (len >= INT_MAX || !grow(m, m->position + len))) {
		errno = ENOMEM;
		return -1;
	}
	if (len > m->room - m->position)
		len = m->room - m->position;
	if (len == 0) {
		errno = ENOSPC;
		return -1;
	}
	memcpy(m->data + m->position, data, len);
	m->position += len;
	if (m->position > m->length) {
		m->length = m->position;
		if (m->length < m->room)
			m->data[m->length] = '\0';
	}
	return (ssize_t)len;
}

static off_t memory_seek(void *place, off_t offset, int whence)
{
	struct memory *m = place;
	long long at = offset;

	if (whence == SEEK_CUR)
		at += (long long)m->position;
	else if (whence == SEEK_END)
		at += (long long)m->length;
	else if (whence != SEEK_SET)
		at = -1;
	if (at < 0 || (!m->grows && at > (long long)m->room)) {
		errno = EINVAL;
		return -1;
	}
	if (at >= INT_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	m->position = (size_t)at;
	return (off_t)at;
}

static void memory_flushed(void *place)
{
	struct memory *m = place;

	if (!m->grows)
		return;
	*m->told_data = m->data;
	*m->told_length = m->position < m->length ? m->position : m->length;
}

static void memory_close(void *place)
{
	struct memory *m = place;

	if (m->owns_data)
		free(m->data);
	free(m);
}

static const struct stream_source source = {
	.read = memory_read,
	.write = memory_write,
	.seek = memory_seek,
	.flushed = memory_flushed,
	.close = memory_close,
};

static FILE *make_stream(struct memory *m, int flags)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	__libc_stream_init(stream, -1, flags);
	stream->source = &source;
	stream->place = m;
	stream->appends = m->appends;
	__libc_stream_link(stream);
	return (FILE *)stream;
}

FILE *fmemopen(void *restrict data, size_t size, const char *restrict mode)
{
	bool update = strchr(mode, '+') != NULL;
	struct memory *m;
	FILE *file;
	int flags;

	if (*mode != 'r' && *mode != 'w' && *mode != 'a') {
		errno = EINVAL;
		return NULL;
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->owns_data = !data;
	m->data = data ? data : calloc(1, size ? size : 1);
	if (!m->data) {
		free(m);
		return NULL;
	}
	m->room = size;
	m->appends = *mode == 'a';
	if (*mode == 'w' && size > 0)
		m->data[0] = '\0';
	m->length = *mode == 'r' ? size : strnlen(m->data, size);
	m->position = m->appends ? m->length : 0;
	flags = update ? __SRD | __SWR : *mode == 'r' ? __SRD : __SWR;
	file = make_stream(m, flags);
	if (!file)
		memory_close(m);
	return file;
}

FILE *open_memstream(char **data, size_t *length)
{
	struct memory *m = calloc(1, sizeof(*m));
	FILE *file = NULL;

	if (!m)
		return NULL;
	m->room = 64;
	m->data = calloc(1, m->room);
	m->grows = true;
	m->told_data = data;
	m->told_length = length;
	if (m->data)
		file = make_stream(m, __SWR);
	if (file) {
		memory_flushed(m);
	} else {
		free(m->data);
		free(m);
	}
	return file;
}
