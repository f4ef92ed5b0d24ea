/* Odds and ends of <stdlib.h> and <unistd.h>: random bytes, and the environment as a whole. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../internal.h"

extern char **environ;

/* There is no entropy source in the machine: the clock's low bits, stirred. Good for hash seeds and
 * file names, not for keys. */
int getentropy(void *buf, size_t len)
{
	static volatile uint32_t stirred;
	uint64_t state =
		sys_clock(QUIRE_CLOCK_MONOTONIC) * 6364136223846793005ull +
		sys_clock(QUIRE_CLOCK_REALTIME) +
		((uint64_t)__atomic_add_fetch(&stirred, 0x9e3779b9u, __ATOMIC_RELAXED) << 17) +
		(uint32_t)sys_getpid();
	uint8_t *bytes = buf;

	if (len > 256)
		return (int)__libc_result(-EIO);
	if (!__libc_writable(buf, len))
		return (int)__libc_result(-EFAULT);
	for (size_t i = 0; i < len; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		bytes[i] = (uint8_t)(state >> 24);
	}
	return 0;
}

int clearenv(void)
{
	static char *empty[1];

	environ = empty;
	return 0;
}

char *secure_getenv(const char *name)
{
	return getenv(name);
}
