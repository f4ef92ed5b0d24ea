/* P8: running out of memory is an error at the call, and what was given can be touched. */
#include "promise.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>

int test_exhaust(int argc, char **argv)
{
	enum { CHUNK = 1 << 20, MOST = 1024 };
	static uint8_t *chunks[MOST];
	unsigned n = 0;
	int status;

	(void)argc, (void)argv;
	while (n < MOST) {
		uint8_t *p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			break;
		chunks[n++] = p;
	}
	EXPECT(n > 16 && n < MOST && errno == ENOMEM, "mmap ends with ENOMEM after %u MiB, errno %d", n, errno);
	/* All of it can be touched: that is what having it means. */
	for (unsigned i = 0; i < n; i++)
		for (unsigned at = 0; at < CHUNK; at += PAGE)
			chunks[i][at] = (uint8_t)i;
	for (unsigned i = 0; i < n; i++)
		EXPECT(chunks[i][CHUNK - PAGE] == (uint8_t)i, "chunk %u keeps its bytes", i);
	/* A fork of all this can't be promised: it fails, and nothing else does. */
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	EXPECT(child < 0 && errno == ENOMEM, "fork of a space that fills memory: %ld", (long)child);
	for (unsigned i = 0; i < n; i++)
		EXPECT(munmap(chunks[i], CHUNK) == 0, "munmap");
	child = fork();
	if (child == 0)
		_exit(0);
	EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0, "fork works again");
	printf("exhaust: %u MiB were given and touched\n", n);
	return 0;
}
