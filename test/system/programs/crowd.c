/* Many names and little room. crowd: four processes make, look up and remove 10,000 names in one folder.
 * full: the disk fills up; the write that finds no room says ENOSPC, and what was written stays. orphan: a
 * file without a name is open when the power goes. */
#include "promise.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { WORKERS = 4, EACH = 2500 };

static void name_of(unsigned worker, unsigned i, char *out)
{
	snprintf(out, 48, "/crowd/%u-%04u-%.*s", worker, i, (int)(i % 20),
		"a-longer-name-sometimes");
}

static void in_parallel(void (*body)(unsigned worker))
{
	int status;

	for (unsigned w = 0; w < WORKERS; w++) {
		pid_t child = fork();

		EXPECT(child >= 0, "fork");
		if (child == 0) {
			body(w);
			_exit(0);
		}
	}
	for (unsigned w = 0; w < WORKERS; w++)
		EXPECT(wait(&status) > 0 && status == 0, "a worker ended with %x",
			(unsigned)status);
}

static void make(unsigned worker)
{
	char name[48];

	for (unsigned i = 0; i < EACH; i++) {
		name_of(worker, i, name);
		int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);

		EXPECT(fd >= 0 && close(fd) == 0, "create %s: errno %d", name, errno);
	}
}

/* Every other one goes, while the neighbours are looked up. */
static void thin(unsigned worker)
{
	char name[48];
	struct stat st;

	for (unsigned i = 0; i < EACH; i++) {
		name_of(worker, i, name);
		EXPECT(i & 1 ? unlink(name) == 0 : stat(name, &st) == 0 && st.st_nlink == 1,
			"%s: errno %d", name, errno);
	}
}

static void expect_names(unsigned step)
{
	static uint8_t seen[WORKERS][EACH];
	unsigned found = 0, worker, i;
	DIR *dir = opendir("/crowd");
	struct dirent *entry;
	char name[48];

	EXPECT(dir, "opendir");
	memset(seen, 0, sizeof(seen));
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		EXPECT(sscanf(entry->d_name, "%u-%u-", &worker, &i) == 2 && worker < WORKERS &&
				i < EACH && !seen[worker][i],
			"the name %s", entry->d_name);
		name_of(worker, i, name);
		EXPECT(!strcmp(name + 7, entry->d_name), "the name %s", entry->d_name);
		seen[worker][i] = 1;
		found++;
	}
	closedir(dir);
	EXPECT(found == WORKERS * EACH / step, "%u names", found);
	for (i = 0; step == 2 && i < EACH; i += 2)
		EXPECT(seen[0][i], "name %u is left", i);
}

int test_crowd(int argc, char **argv)
{
	(void)argc, (void)argv;
	EXPECT(mkdir("/crowd", 0755) == 0, "mkdir");
	in_parallel(make);
	expect_names(1);
	in_parallel(thin);
	expect_names(2);
	printf("crowd: 10000 names came, half went\n");
	return 0;
}

int test_full(int argc, char **argv)
{
	static uint8_t block[16 * PAGE], got[16 * PAGE];
	uint32_t size = 0;
	int fd = open("/filler", O_RDWR | O_CREAT | O_TRUNC, 0644), other;
	ssize_t n;

	(void)argc, (void)argv;
	EXPECT(fd >= 0, "a file");
	for (;;) {
		memset(block, (int)(1 + size / sizeof(block) % 250), sizeof(block));
		n = write(fd, block, sizeof(block));
		if (n < 0)
			break;
		size += (uint32_t)n;
		EXPECT(size < 1u << 28, "the disk is small");
	}
	EXPECT(errno == ENOSPC && size > 1u << 20, "after %lu bytes: errno %d", (unsigned long)size,
		errno);
	EXPECT(fsync(fd) == 0, "what was accepted has room: errno %d", errno);
	other = open("/another", O_RDWR | O_CREAT, 0644);
	n = other < 0 ? -1 : pwrite(other, block, sizeof(block), 0);
	EXPECT(n < (ssize_t)sizeof(block), "no room for another either");
	sys_obj_evict(fd, 0, ~0u);
	for (uint32_t at = 0; at < size; at += (uint32_t)n) {
		n = pread(fd, got, sizeof(got), (off_t)at);
		EXPECT(n > 0, "read at %lx", (unsigned long)at);
		for (ssize_t i = 0; i < n; i++)
			EXPECT(got[i] == 1 + (at + (uint32_t)i) / sizeof(block) % 250, "byte %lx",
				(unsigned long)at + (unsigned long)i);
	}
	EXPECT(unlink("/filler") == 0 && close(fd) == 0, "room again");
	EXPECT(other < 0 || close(other) == 0, "close");
	other = open("/another", O_RDWR | O_CREAT, 0644);
	EXPECT(other >= 0 && pwrite(other, block, sizeof(block), 0) == (ssize_t)sizeof(block) &&
			fsync(other) == 0,
		"and it can be used: errno %d", errno);
	EXPECT(close(other) == 0 && unlink("/another") == 0, "gone");
	printf("full: ENOSPC after %lu bytes, nothing lost\n", (unsigned long)size);
	return 0;
}

int test_orphan(int argc, char **argv)
{
	static uint8_t block[16 * PAGE];

	(void)argc, (void)argv;
	for (unsigned i = 0; i < 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "/orphan%u", i);
		int fd = open(name, O_RDWR | O_CREAT, 0644);

		EXPECT(fd >= 0 && write(fd, block, sizeof(block)) == (ssize_t)sizeof(block) &&
				fsync(fd) == 0,
			"a file");
		EXPECT(unlink(name) == 0, "unlink");
	}
	sync();
	printf("durable 8\n"); /* the runner cuts the power here */
	fflush(stdout);
	for (;;)
		pause();
}
