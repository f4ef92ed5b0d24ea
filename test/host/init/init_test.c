/* Host test of what init reads from outside: the boot archive (user/servers/init/cpio.c) and the
 * command line (command.c). Archives are also cut and broken at every byte: whatever is in them, the
 * reader stays inside and ends.
 */
#include "../expect.h"
#include "command.h"
#include "cpio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ the archive */

static char built[4096];
static uint32_t built_bytes;

static void pad(void)
{
	while (built_bytes % 4)
		built[built_bytes++] = '\0';
}

static void add(const char *name, uint32_t mode, const char *data, uint32_t size)
{
	uint32_t fields[13] = {
		1, mode, 0, 0, 1, 77, size, 0, 0, 0, 0, (uint32_t)strlen(name) + 1, 0};

	built_bytes += (uint32_t)sprintf(built + built_bytes, "070701");
	for (int i = 0; i < 13; i++)
		built_bytes += (uint32_t)sprintf(built + built_bytes, "%08X", fields[i]);
	strcpy(built + built_bytes, name);
	built_bytes += (uint32_t)strlen(name) + 1;
	pad();
	memcpy(built + built_bytes, data, size);
	built_bytes += size;
	pad();
}

static void build(void)
{
	built_bytes = 0;
	add("init", 0100755, "first", 5);
	add("./bin", 040755, "", 0);
	add("/bin/sh", 0100755, "shell\0data", 10);
	add("bin/empty", 0100644, "", 0);
	add("TRAILER!!!", 0, "", 0);
}

static int count_entries(const void *base, uint32_t bytes, int *end)
{
	struct cpio archive;
	struct cpio_entry entry;
	volatile uint8_t sum = 0;
	int count = 0;

	cpio_start(&archive, base, bytes);
	while ((*end = cpio_next(&archive, &entry)) == 1) {
		EXPECT(strlen(entry.name) == entry.name_len);
		for (uint32_t i = 0; i < entry.size; i++)
			sum = (uint8_t)(sum + entry.data[i]);
		count++;
	}
	return count;
}

static void test_archive(void)
{
	struct cpio_entry entry;
	int end;

	build();
	EXPECT(count_entries(built, built_bytes, &end) == 4 && end == 0);
	EXPECT(cpio_find(built, built_bytes, "init", &entry) == 0);
	EXPECT(entry.size == 5 && !memcmp(entry.data, "first", 5));
	EXPECT(entry.mode == 0100755 && entry.mtime == 77);
	EXPECT(cpio_find(built, built_bytes, "bin/sh", &entry) == 0);
	EXPECT(entry.size == 10 && !memcmp(entry.data, "shell\0data", 10));
	EXPECT(cpio_find(built, built_bytes, "bin/empty", &entry) == 0 && entry.size == 0);
	EXPECT(cpio_find(built, built_bytes, "bin", &entry) == -ENOENT);
	EXPECT(cpio_find(built, built_bytes, "ini", &entry) == -ENOENT);
}

/* Each copy is exactly as large as the archive claims to be, for the sanitizer to guard. */
static void test_broken_archives(void)
{
	int end;

	build();
	for (uint32_t cut = 0; cut < built_bytes; cut++) {
		char *copy = malloc(cut ? cut : 1);

		memcpy(copy, built, cut);
		count_entries(copy, cut, &end);
		EXPECT(end == -EINVAL || (end == 0 && cut > built_bytes - 8));
		free(copy);
	}
	srand(1);
	for (int round = 0; round < 20000; round++) {
		char *copy = malloc(built_bytes);

		memcpy(copy, built, built_bytes);
		for (int i = rand() % 4; i >= 0; i--)
			copy[(uint32_t)rand() % built_bytes] = "0Ff9 \0x7"[rand() % 8];
		count_entries(copy, built_bytes, &end);
		free(copy);
	}
}

/* ------------------------------------------------------------------ the command line */

static struct command c;

static void test_commands(void)
{
	char long_line[3 * COMMAND_TEXT];

	EXPECT(command_parse(&c, ""));
	EXPECT(!c.scripted && !c.once && !c.memory_root);
	EXPECT(!strcmp(c.argv[0], "/bin/sh") && !c.argv[1]);
	EXPECT(command_parse(&c, "  quiet once  root=memory console=x "));
	EXPECT(c.once && c.memory_root && !c.scripted);
	EXPECT(command_parse(&c, "exec=echo%20a%3B%20echo%09%22b%22%0a"));
	EXPECT(c.scripted && !strcmp(c.argv[1], "-c") && !c.argv[3]);
	EXPECT(!strcmp(c.argv[2], "echo a; echo\t\"b\"\n"));
	EXPECT(command_parse(&c, "run=/bin/test%20-n%20%20x"));
	EXPECT(c.scripted && !strcmp(c.argv[0], "/bin/test") && !strcmp(c.argv[1], "-n"));
	EXPECT(!strcmp(c.argv[2], "x") && !c.argv[3]);
	EXPECT(command_parse(&c, "init=/my/shell"));
	EXPECT(!c.scripted && !strcmp(c.argv[0], "/my/shell") && !c.argv[1]);
	/* A command may be empty, a program's path may not. */
	EXPECT(command_parse(&c, "exec=") && !strcmp(c.argv[2], ""));
	EXPECT(!command_parse(&c, "run="));
	EXPECT(!command_parse(&c, "run=%20%20"));
	/* Bad encodings, at the end too. */
	EXPECT(!command_parse(&c, "exec=%"));
	EXPECT(!command_parse(&c, "exec=a%2"));
	EXPECT(!command_parse(&c, "exec=%2x"));
	EXPECT(!command_parse(&c, "exec=%00"));
	EXPECT(command_parse(&c, "exec=%25") && !strcmp(c.argv[2], "%"));
	/* Lengths and numbers of arguments at their limits. */
	memset(long_line, 'x', sizeof(long_line));
	memcpy(long_line, "exec=", 5);
	long_line[5 + COMMAND_TEXT - 1] = '\0';
	EXPECT(command_parse(&c, long_line) && strlen(c.argv[2]) == COMMAND_TEXT - 1);
	long_line[5 + COMMAND_TEXT - 1] = 'x';
	long_line[5 + COMMAND_TEXT] = '\0';
	EXPECT(!command_parse(&c, long_line));
	strcpy(long_line, "run=p");
	for (int i = 1; i < COMMAND_ARGS; i++)
		strcat(long_line, "%20a");
	EXPECT(command_parse(&c, long_line) && !c.argv[COMMAND_ARGS]);
	strcat(long_line, "%20a");
	EXPECT(!command_parse(&c, long_line));
}

int main(void)
{
	test_archive();
	test_broken_archives();
	test_commands();
	printf(failures ? "FAILED: %d\n" : "ok\n", failures);
	return failures != 0;
}
