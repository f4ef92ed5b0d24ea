/* Nodes: their table by id, their lives, the channels to them.
 *
 * A node lives while a directory names it (nlink), a channel to it is alive (opens), or the kernel has
 * streams or mappings of its object (file.used).
 */
#include "memfs.h"

#include <stdlib.h>
#include <quire/server.h>
#include <quire/sys.h>

#define BUCKETS	 1024u
#define FIRST_ID 16u
#define NS	 1000000000u

static struct node *buckets[BUCKETS];
static uint32_t next_id;

struct time time_now(void)
{
	uint64_t now = sys_clock(QUIRE_CLOCK_REALTIME);

	return (struct time){(int64_t)(now / NS), (uint32_t)(now % NS)};
}

/* Ids start at a different place in each life of the server, so that a channel from an earlier life
 * finds nothing instead of somebody else's file. */
static uint32_t new_id(void)
{
	if (next_id == 0)
		next_id = (uint32_t)(sys_clock(QUIRE_CLOCK_MONOTONIC) >> 16);
	do {
		next_id = (next_id + 1) & BADGE_ID;
	} while (next_id < FIRST_ID || node_find(next_id));
	return next_id;
}

struct node *node_create(struct tree *tree, uint32_t mode, uint32_t id)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->id = id ? id : new_id();
	n->mode = mode;
	n->tree = tree;
	n->atime = n->mtime = n->ctime = time_now();
	if (is_dir(n))
		n->dir.mount = -1;
	if (is_file(n))
		n->file.object = -1;
	n->chain = buckets[n->id % BUCKETS];
	buckets[n->id % BUCKETS] = n;
	return n;
}

struct node *node_find(uint32_t id)
{
	struct node *n = buckets[id % BUCKETS];

	while (n && n->id != id)
		n = n->chain;
	return n;
}

void node_release(struct node *n)
{
	struct node **at = &buckets[n->id % BUCKETS];

	if (n->nlink > 0 || n->opens > 0 || (is_file(n) && n->file.used))
		return;
	while (*at != n)
		at = &(*at)->chain;
	*at = n->chain;
	if (is_file(n))
		file_destroy(n);
	else if (is_link(n))
		free(n->link.target);
	else if (is_fifo(n))
		fifo_destroy(n);
	free(n);
}

int node_channel(struct node *n, uint32_t badge_flags)
{
	int channel = sys_channel_create(SERVER_PORT, n->id | badge_flags, QUIRE_CHANNEL_WATCH);

	if (channel >= 0)
		n->opens++;
	return channel;
}

void node_channel_closed(uint32_t badge)
{
	struct node *n = node_find(badge & BADGE_ID);

	/* None: a channel of the server's previous life. */
	if (!n || n->opens == 0)
		return;
	n->opens--;
	if (is_fifo(n))
		fifo_closed(n, badge);
	node_release(n);
}

void node_modified(struct node *n)
{
	n->mtime = n->ctime = time_now();
}

void node_changed(struct node *n)
{
	n->ctime = time_now();
}
