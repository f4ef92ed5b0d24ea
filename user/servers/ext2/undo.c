/* What outlives the server, and taking back a change that it died in.
 *
 * Metadata is changed in place, in the mapping of the disk, and stays there when the server dies. So
 * every lock hold is a transaction: before a byte is changed it is saved in a log, and when fs->lock is
 * let go the log is emptied by one store. A successor that finds records in the log puts them back,
 * last first, and has the metadata as it was when the lock was last free. A record that was saved
 * twice does no harm that way, so the memory of what has been saved may forget.
 *
 * The log lies in memory that init keeps for the server (struct kept), and so does what a successor
 * has to know beyond the metadata itself:
 *
 *	dirty, flying	blocks changed in the mapping and not yet, or just now, written
 *	frozen		blocks that the metadata on the disk may still name (balloc.c)
 *	placed		blocks taken from the bitmap for data that is on its way to them
 *	unsettled	inodes whose blocks are being cut down, or that are without a name
 *
 * These are changed by the same rule, so that all of it is one consistent whole. What the kernel is
 * told in the middle of a hold, and acts on, must be preceded by undo_commit.
 *
 * Death is the only thing that this guards against: the next server is another process on the same
 * memory, so the compiler's order of stores is all that matters.
 */
#include <stdlib.h>
#include <string.h>
#include <assert.h>
#include "core.h"

#define KEPT_MAGIC  0x4b455054u
#define IN_KEPT	    0x80000000u
#define CHUNK_SHIFT 6
#define LOG_HALF    (UNDO_RECORDS / 2)

_Static_assert(UNDO_CHUNK == 1u << CHUNK_SHIFT, "a record is a chunk");

static inline void compiler_order(void)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void save_chunk(struct fs *fs, const uint8_t *from)
{
	struct kept *kept = fs->kept;
	uintptr_t at = (uintptr_t)from >> CHUNK_SHIFT;
	struct undo_seen *seen = &fs->seen[at % UNDO_SEEN];
	struct undo_record *r;
	bool in_kept =
		from >= (const uint8_t *)kept && from < (const uint8_t *)kept + fs->kept_bytes;

	if (seen->epoch == fs->undo_epoch && seen->at == at)
		return;
	if (kept->records == UNDO_RECORDS) {
		/* No change is so large but a truncation, which makes room in good time. */
		if (!fs->undo_full)
			fs_log(fs, "the undo log is full: records", UNDO_RECORDS);
		fs->undo_full = true;
		undo_commit(fs);
	}
	*seen = (struct undo_seen){at, fs->undo_epoch};
	r = &kept->log[kept->records];
	r->chunk = (uint32_t)((uint64_t)(from -
					 (in_kept ? (const uint8_t *)kept : fs->backing->disk)) >>
			      CHUNK_SHIFT);
	if (in_kept)
		r->chunk |= IN_KEPT;
	memcpy(r->bytes, from, UNDO_CHUNK);
	compiler_order();
	*(volatile uint32_t *)&kept->records = kept->records + 1;
	compiler_order();
}

void undo_save(struct fs *fs, const void *p, size_t bytes)
{
	const uint8_t *at = (const uint8_t *)((uintptr_t)p & ~(uintptr_t)(UNDO_CHUNK - 1));

	fs_assert_locked(fs);
	if (fs->backing->changing)
		fs->backing->changing(fs->backing);
	for (; at < (const uint8_t *)p + bytes; at += UNDO_CHUNK)
		save_chunk(fs, at);
}

void undo_commit(struct fs *fs)
{
	if (fs->backing->committing)
		fs->backing->committing(fs->backing, fs);
	fs->undo_epoch++;
	compiler_order();
	*(volatile uint32_t *)&fs->kept->records = 0;
	compiler_order();
}

void undo_breathe(struct fs *fs)
{
	if (fs->kept->records > LOG_HALF)
		undo_commit(fs);
}

static void put_back(struct fs *fs)
{
	struct kept *kept = fs->kept;

	while (kept->records) {
		const struct undo_record *r = &kept->log[kept->records - 1];
		uint64_t offset = (uint64_t)(r->chunk & ~IN_KEPT) << CHUNK_SHIFT;
		bool in_kept = r->chunk & IN_KEPT;

		assert(offset + UNDO_CHUNK <= (in_kept ? fs->kept_bytes : fs->backing->bytes));
		memcpy((in_kept ? (uint8_t *)kept : fs->backing->disk) + offset, r->bytes,
			UNDO_CHUNK);
		compiler_order();
		*(volatile uint32_t *)&kept->records = kept->records - 1;
		compiler_order();
	}
}

/* ------------------------------------------------------------------ bits */

bool bit_get(const uint32_t *bits, uint32_t n)
{
	return bits[n / 32] >> n % 32 & 1;
}

bool bit_change(struct fs *fs, uint32_t *bits, uint32_t n, bool value)
{
	if (bit_get(bits, n) == value)
		return false;
	undo_save(fs, &bits[n / 32], sizeof(uint32_t));
	bits[n / 32] ^= 1u << n % 32;
	return true;
}

uint32_t bit_next(const uint32_t *bits, uint32_t from, uint32_t end)
{
	while (from < end) {
		uint32_t word = bits[from / 32] >> from % 32;

		if (word) {
			from += (uint32_t)__builtin_ctz(word);
			return from < end ? from : end;
		}
		from = (from | 31) + 1;
	}
	return end;
}

/* ------------------------------------------------------------------ the memory */

static uint32_t bitmap_bytes(uint32_t bits)
{
	return (bits + 8 * UNDO_CHUNK - 1) / (8 * UNDO_CHUNK) * UNDO_CHUNK;
}

static bool is_ours(const struct fs *fs)
{
	const struct kept *kept = fs->kept;

	return kept->magic == KEPT_MAGIC && kept->blocks == fs->blocks &&
	       kept->inodes == fs->inodes && kept->block_size == fs->block_size &&
	       kept->records <= UNDO_RECORDS &&
	       memcmp(kept->uuid, fs->super->uuid, sizeof(kept->uuid)) == 0;
}

int undo_init(struct fs *fs)
{
	uint32_t blocks = bitmap_bytes(fs->blocks), inodes = bitmap_bytes(fs->inodes + 1);
	uint8_t *at;

	fs->kept_bytes = (uint32_t)sizeof(struct kept) + 5 * blocks + inodes;
	fs->kept = fs->backing->keep(fs->backing, fs->kept_bytes);
	if (!fs->kept)
		return -ENOMEM;
	at = (uint8_t *)(fs->kept + 1);
	fs->dirty = (uint32_t *)at;
	fs->flying = (uint32_t *)(at + blocks);
	fs->frozen = (uint32_t *)(at + 2 * blocks);
	fs->thawing = (uint32_t *)(at + 3 * blocks);
	fs->placed = (uint32_t *)(at + 4 * blocks);
	fs->unsettled = (uint32_t *)(at + 5 * blocks);
	fs->undo_epoch = 1;
	fs->recovering = is_ours(fs);
	if (fs->recovering) {
		put_back(fs);
		return 0;
	}
	memset(fs->kept, 0, fs->kept_bytes);
	fs->kept->blocks = fs->blocks;
	fs->kept->inodes = fs->inodes;
	fs->kept->block_size = fs->block_size;
	memcpy(fs->kept->uuid, fs->super->uuid, sizeof(fs->kept->uuid));
	fs->kept->was_clean = fs->super->state & EXT2_STATE_CLEAN;
	fs->kept->written = !fs->kept->was_clean;
	compiler_order();
	*(volatile uint32_t *)&fs->kept->magic = KEPT_MAGIC;
	return 0;
}
