/* Images with damaged metadata: every request is answered, nothing out of range is touched (the
 * sanitizers see to that), and what cannot be mounted is refused.
 *
 *	corrupt_test MKE2FS-ARGUMENTS SEED IMAGES FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "walk.h"

static uint8_t *sound;
static uint32_t *metadata; /* blocks worth damaging */
static uint32_t metadata_count;

static void note(uint32_t block)
{
	metadata = realloc(metadata, (metadata_count + 1) * sizeof(*metadata));
	metadata[metadata_count++] = block;
}

/* Fixed metadata, and the blocks of directories and indirect blocks: whatever is not file data. */
static void find_metadata(void)
{
	struct fs *fs = sim.fs;

	fs_lock(fs);
	note(EXT2_SUPER_OFFSET >> fs->block_shift);
	for (uint32_t i = 0; i < 6; i++)
		note(fs->first_data_block + 1);
	for (uint32_t g = 0; g < fs->group_count; g++) {
		note(fs->groups[g].block_bitmap);
		note(fs->groups[g].inode_bitmap);
		for (uint32_t b = 0; b < 8; b++)
			note(fs->groups[g].inode_table + b);
	}
	for (uint32_t ino = 1; ino <= fs->inodes; ino++) {
		struct disk_inode *raw = inode_raw(fs, ino);
		uint16_t type = raw->mode & MODE_TYPE;

		if (!inode_in_use(fs, ino) || !raw->links ||
			(type != MODE_DIR && type != MODE_REGULAR))
			continue;
		for (unsigned i = type == MODE_DIR ? 0 : EXT2_DIRECT; i < EXT2_NBLOCK; i++)
			if (raw->block[i] && block_valid(fs, raw->block[i]))
				for (unsigned twice = 0; twice < 4; twice++)
					note(raw->block[i]);
	}
	fs_unlock(fs);
}

static void damage(uint32_t block_size)
{
	uint32_t count = 1 + sim_random() % 12;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = (uint64_t)metadata[sim_random() % metadata_count] * block_size +
			      sim_random() % block_size;

		switch (sim_random() % 4) {
		case 0: sim.image[at] = (uint8_t)sim_random(); break;
		case 1: sim.image[at] ^= (uint8_t)(1u << sim_random() % 8); break;
		case 2: sim.image[at] = 0xff; break;
		default:
			for (unsigned n = 0; n < 4; n++)
				sim.image[(at & ~3ull) + n] = (uint8_t)sim_random();
		}
	}
	if (sim_random() % 8 == 0)
		sim.image[EXT2_SUPER_OFFSET + sim_random() % 264] = (uint8_t)sim_random();
}

static void make_image(const char *arguments, const char *file)
{
	CHECK(run("rm -rf %s %s.d && mkdir -p %s.d/a/b/c && cd %s.d && "
		  "for i in 1 2 3 4 5 6 7 8 9; do mkdir a/d$i; head -c ${i}3000 /dev/zero | tr "
		  "'\\0' x "
		  "> a/d$i/f$i; ln a/d$i/f$i a/b/hard$i; ln -s ../b/hard$i a/b/c/soft$i; done && "
		  "for i in $(seq 300); do : > a/b/c/empty-file-number-$i; done && "
		  "ln -s $(printf %%0100d 0) a/long && truncate -s 3000000 a/sparse && "
		  "head -c 700000 /dev/zero | tr '\\0' y > big && mkfifo pipe",
		      file, file, file, file) == 0);
	CHECK(run("mke2fs -q -F -t ext2 -d %s.d %s %s 6m >/dev/null && rm -rf %s.d", file,
		      arguments, file, file) == 0);
}

int main(int argc, char **argv)
{
	uint32_t block_size, mounted = 0, images;

	CHECK(argc == 5);
	sim_seed((uint32_t)atoi(argv[2]));
	images = (uint32_t)atoi(argv[3]);
	make_image(argv[1], argv[4]);
	CHECK(sim_load(argv[4]) == 0);
	block_size = sim.fs->block_size;
	find_metadata();
	sim_drop();
	sound = malloc(sim.bytes);
	memcpy(sound, sim.image, sim.bytes);
	sim.quiet = true;
	for (uint32_t i = 0; i < images; i++) {
		memcpy(sim.image, sound, sim.bytes);
		damage(block_size);
		if (sim_mount(false) == 0) {
			mounted++;
			walk_everything();
			sim_drop();
		}
	}
	printf("%u of %u damaged images mounted\n", mounted, images);
	CHECK(mounted > images / 2 && mounted < images);
	free(sound);
	free(metadata);
	free(sim.image);
	free(sim.mapping);
	return 0;
}
