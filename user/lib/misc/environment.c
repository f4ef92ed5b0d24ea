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

/* ------------------------------------------------------------------ the environment
 *
 * `environ` may be anybody's: the array that the kernel made, or one that the program put there. The
 * first change copies it to an array of ours, which remembers which strings are ours too and so are
 * freed when they are replaced. picolibc's putenv copies its argument; POSIX wants the string itself.
 */

static char **entries; /* the array that we made; in use while environ points to it */
static char **strings; /* the same entries, but NULL where the string is not ours to free */
static size_t used, room;
static __libc_lock_t environment_lock;

static bool adopt_locked(size_t wanted)
{
	size_t count = 0, bigger;
	char **array, **marks;

	while (environ && environ[count])
		count++;
	if (environ == entries && entries && wanted < room) {
		used = count;
		return true;
	}
	bigger = (wanted > count ? wanted : count) * 2 + 16;
	array = calloc(bigger, sizeof(*array));
	marks = calloc(bigger, sizeof(*marks));
	if (!array || !marks) {
		free(array);
		free(marks);
		return false;
	}
	if (count)
		memcpy(array, environ, count * sizeof(*array));
	if (environ == entries && entries) {
		memcpy(marks, strings, count * sizeof(*marks));
		free(entries);
		free(strings);
	}
	/* Else the program has put another array there, and may put ours back: it is left alone. */
	entries = environ = array;
	strings = marks;
	used = count;
	room = bigger;
	return true;
}

static size_t find_locked(const char *name, size_t len)
{
	size_t i = 0;

	while (i < used && (strncmp(entries[i], name, len) != 0 || entries[i][len] != '='))
		i++;
	return i;
}

/* Puts a string where its name is, or at the end. */
static void place_locked(char *string, size_t name_len, bool ours)
{
	size_t i = find_locked(string, name_len);

	if (i == used)
		entries[++used] = NULL;
	else if (strings[i] != string)
		free(strings[i]);
	entries[i] = string;
	strings[i] = ours ? string : NULL;
}

static void remove_locked(const char *name, size_t len)
{
	size_t i;

	while ((i = find_locked(name, len)) < used) {
		free(strings[i]);
		memmove(entries + i, entries + i + 1, (used - i) * sizeof(*entries));
		memmove(strings + i, strings + i + 1, (used - i - 1) * sizeof(*strings));
		used--;
	}
}

/* How many entries there are: adopt_locked needs room for one more. */
static size_t count_locked(void)
{
	size_t count = 0;

	while (environ && environ[count])
		count++;
	return count;
}

int setenv(const char *name, const char *value, int overwrite)
{
	size_t len, value_len;
	char *string;
	int status = 0;

	if (!name || !*name || strchr(name, '='))
		return (int)__libc_result(-EINVAL);
	len = strlen(name);
	value_len = strlen(value);
	string = malloc(len + value_len + 2);
	if (!string)
		return (int)__libc_result(-ENOMEM);
	memcpy(string, name, len);
	string[len] = '=';
	memcpy(string + len + 1, value, value_len + 1);
	__libc_lock(&environment_lock);
	if (!adopt_locked(count_locked() + 1)) {
		status = -ENOMEM;
		free(string);
	} else if (!overwrite && find_locked(name, len) < used) {
		free(string);
	} else {
		place_locked(string, len, true);
	}
	__libc_unlock(&environment_lock);
	return (int)__libc_result(status);
}

int unsetenv(const char *name)
{
	int status = 0;

	if (!name || !*name || strchr(name, '='))
		return (int)__libc_result(-EINVAL);
	__libc_lock(&environment_lock);
	if (adopt_locked(count_locked()))
		remove_locked(name, strlen(name));
	else
		status = -ENOMEM;
	__libc_unlock(&environment_lock);
	return (int)__libc_result(status);
}

/* Without '=' it removes, as on Linux. */
int putenv(char *string)
{
	const char *equals = strchr(string, '=');
	int status = 0;

	if (!equals)
		return unsetenv(string);
	__libc_lock(&environment_lock);
	if (adopt_locked(count_locked() + 1))
		place_locked(string, (size_t)(equals - string), false);
	else
		status = -ENOMEM;
	__libc_unlock(&environment_lock);
	return (int)__libc_result(status);
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
