/* P6: says "durable N" when N rounds are on the disk; the runner cuts the power then and looks. */
#include "promise.h"
#include <fcntl.h>
#include <sys/mman.h>

int test_durable(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "fsync";
	int flags = O_RDWR | O_CREAT | O_TRUNC | (strcmp(how, "sync") ? 0 : O_SYNC);
	int fd = open("/durable.dat", flags, 0644);
	static uint8_t page[PAGE];

	EXPECT(fd >= 0, "open");
	for (unsigned i = 0; i < 8; i++) {
		memset(page, 'a' + (int)i, sizeof(page));
		if (!strcmp(how, "msync")) {
			EXPECT(ftruncate(fd, (off_t)((i + 1) * PAGE)) == 0, "ftruncate");
			uint8_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				(off_t)(i * PAGE));

			EXPECT(p != MAP_FAILED, "mmap");
			memcpy(p, page, PAGE);
			EXPECT(msync(p, PAGE, MS_SYNC) == 0, "msync");
			munmap(p, PAGE);
		} else {
			EXPECT(write(fd, page, sizeof(page)) == (ssize_t)sizeof(page), "write");
			if (!strcmp(how, "fsync"))
				EXPECT(fsync(fd) == 0, "fsync");
			else if (!strcmp(how, "fdatasync"))
				EXPECT(fdatasync(fd) == 0, "fdatasync");
		}
	}
	if (!strcmp(how, "second"))
		sleep(2); /* every change reaches the disk within one second by itself */
	printf("durable 8\n");
	fflush(stdout);
	for (;;)
		pause();
}
