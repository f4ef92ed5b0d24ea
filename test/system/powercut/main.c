/* t-powercut SEED [step]: changes names and files without end and says on the console what it intends and what
 * has been promised, for a runner that cuts the power at some moment and then looks at the disk.
 *
 * A line "pc will SLOT WHAT" comes before each change, "pc safe SLOT NAME SIZE GENERATION" after the
 * fsync of the file (and of the folder, which holds its name) has returned. What was safe and had no
 * change announced since must be on the disk, byte for byte. With `step` each change waits for a line of
 * input, so that the runner knows which of the disk's writes can be the change's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define SLOTS	  24u
#define BYTES_MAX 60000u

struct slot {
	unsigned size, generation, name;
	bool named; /* its name is on the disk */
};

static struct slot slots[SLOTS];
static uint32_t seed;
static bool stepwise;

static uint32_t below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

static void must(int good, const char *what)
{
	if (good)
		return;
	printf("pc failed: %s: errno %d\n", what, errno);
	fflush(stdout);
	_exit(1);
}

static void name_of(unsigned s, char *out)
{
	snprintf(out, 40, "/pc/d%u/f%u.%u", (s + slots[s].name) % 4, s, slots[s].name);
}

/* The folder holds the name, and its own name is in /pc. */
static void sync_folders(unsigned s)
{
	char folder[16];
	int fd;

	snprintf(folder, sizeof(folder), "/pc/d%u", (s + slots[s].name) % 4);
	fd = open(folder, O_RDONLY | O_DIRECTORY);
	must(fd >= 0 && fsync(fd) == 0, "fsync of a folder");
	close(fd);
}

static void safe(unsigned s, int fd)
{
	char name[40];

	name_of(s, name);
	must((below(2) ? fsync(fd) : fdatasync(fd)) == 0, "fsync");
	/* Only when it must be: an fsync of a folder may bring more to the disk than was asked for. */
	if (!slots[s].named)
		sync_folders(s);
	slots[s].named = true;
	printf("pc safe %u %s %u %u\n", s, name, slots[s].size, slots[s].generation);
	fflush(stdout);
}

static void append(unsigned s, int fd, unsigned n)
{
	static uint8_t bytes[BYTES_MAX];

	for (unsigned i = 0; i < n; i++) {
		unsigned at = slots[s].size + i;

		bytes[i] = (uint8_t)(s * 31 + slots[s].generation * 17 + at * 7 + (at >> 8));
	}
	must(write(fd, bytes, n) == (ssize_t)n, "write");
	slots[s].size += n;
}

static void await_runner(void)
{
	char c;

	do
		must(read(0, &c, 1) == 1, "input");
	while (c != '\n');
}

static void step(void)
{
	char name[40], other[40];
	unsigned s = below(SLOTS), what = below(6);
	int fd;

	name_of(s, name);
	if (!slots[s].size)
		what = 0;
	printf("pc will %u %s\n", s, what <= 3 ? "append" : what == 4 ? "rename" : "unlink");
	fflush(stdout);
	/* said before it is done: the console has room for lines that have not left it */
	tcdrain(1);
	if (stepwise)
		await_runner();
	if (what == 4) {
		slots[s].name++;
		name_of(s, other);
		must(rename(name, other) == 0, "rename");
		slots[s].named = false;
		fd = open(other, O_WRONLY);
		must(fd >= 0, "open");
		safe(s, fd);
	} else if (what == 5) {
		must(unlink(name) == 0, "unlink");
		slots[s].size = 0;
		slots[s].named = false;
		slots[s].generation++;
		return;
	} else {
		fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0644);
		must(fd >= 0, "open");
		if (slots[s].size > BYTES_MAX) { /* unlink keeps the total small */
			close(fd);
			return;
		}
		/* Some start with more than the direct blocks hold, whatever the block size. */
		append(s, fd,
			!slots[s].size && !below(3) ? BYTES_MAX - below(8000)
						    : 1 + below(below(2) ? 20000 : 300));
		if (below(3))
			safe(s, fd);
	}
	close(fd);
	if (!below(8)) { /* folders come and go beside the files */
		snprintf(other, sizeof(other), "/pc/sub%lu", (unsigned long)below(6));
		if (mkdir(other, 0755) < 0)
			rmdir(other);
	}
}

int main(int argc, char **argv)
{
	char folder[16];

	stepwise = argc > 2 && !strcmp(argv[2], "step");
	seed = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) | 1 : 1;
	must(mkdir("/pc", 0755) == 0, "mkdir");
	for (unsigned i = 0; i < 4; i++) {
		snprintf(folder, sizeof(folder), "/pc/d%u", i);
		must(mkdir(folder, 0755) == 0, "mkdir");
	}
	sync();
	printf("pc start\n");
	fflush(stdout);
	for (;;)
		step();
}
