/* Smaller functions of the library that programs of others asked for. */
#include "../posix.h"

#include <search.h>

static void check_last_line(void)
{
	FILE *f = fopen("lines", "w+");
	char line[16];

	REQUIRE(f);
	fputs("one\ntwo", f);
	rewind(f);
	CHECK("fgets.DESCRIPTION", fgets(line, sizeof(line), f) == line && !strcmp(line, "one\n"));
	CHECK("fgets.DESCRIPTION.last_line_without_newline",
		fgets(line, sizeof(line), f) == line && !strcmp(line, "two"));
	CHECK("fgets.RETURN_VALUE.end", !fgets(line, sizeof(line), f) && feof(f));
	CHECK("fgets.DESCRIPTION.unchanged_at_end", !strcmp(line, "two"));
	rewind(f);
	CHECK("fgets.DESCRIPTION.size", fgets(line, 3, f) == line && !strcmp(line, "on"));
	CHECK("fgets.DESCRIPTION.size_one", fgets(line, 1, f) == line && !*line && !feof(f));
	fclose(f);
}

static void check_direction(void)
{
	FILE *f = fopen("direction", "w");

	REQUIRE(f);
	FAILS("fgetc.ERRORS.EBADF", fgetc(f), EBADF);
	CHECK("fgetc.RETURN_VALUE.error_indicator", ferror(f) && !feof(f));
	fclose(f);
	f = fopen("direction", "r");
	REQUIRE(f);
	FAILS("fputc.ERRORS.EBADF", fputc('x', f), EBADF);
	CHECK("fputc.RETURN_VALUE.error_indicator", ferror(f) != 0);
	fclose(f);
}

static void check_unlocked(void)
{
	int (*get)(FILE *) = getc_unlocked;
	int (*put)(int, FILE *) = putc_unlocked;
	FILE *f = fopen("unlocked", "w+");

	REQUIRE(f);
	EQUALS("putc_unlocked.RETURN_VALUE", put('u', f), 'u');
	rewind(f);
	EQUALS("getc_unlocked.RETURN_VALUE", get(f), 'u');
	fclose(f);
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void check_search(void)
{
	struct item {
		struct item *next, *previous;
	} first, second, third;
	int numbers[4] = {3, 1}, key = 7;
	size_t count = 2;

	CHECK("lfind.RETURN_VALUE.none", !lfind(&key, numbers, &count, sizeof(int), compare));
	CHECK("lsearch.RETURN_VALUE.added",
		lsearch(&key, numbers, &count, sizeof(int), compare) == &numbers[2] && count == 3);
	CHECK("lsearch.RETURN_VALUE.found",
		lsearch(&key, numbers, &count, sizeof(int), compare) == &numbers[2] && count == 3);
	insque(&first, NULL);
	insque(&third, &first);
	insque(&second, &first);
	CHECK("insque.DESCRIPTION", first.next == &second && second.next == &third &&
					    third.previous == &second && !third.next);
	remque(&second);
	CHECK("remque.DESCRIPTION", first.next == &third && third.previous == &first);
}

static int run(const char *program, const char *a, const char *b, const char *c, const char *d)
{
	pid_t child = fork();

	if (child == 0) {
		execlp(program, program, a, b, c, d, (char *)NULL);
		_exit(127);
	}
	return ended(child);
}

void case_library(void)
{
	check_last_line();
	check_direction();
	check_unlocked();
	check_search();
	errno = 0;
	CHECK("sysconf.RETURN_VALUE.no_limit", sysconf(_SC_SEM_NSEMS_MAX) == -1 && errno == 0);
	EQUALS("test.bracket.true", run("[", "a", "=", "a", "]"), 0);
	EQUALS("test.bracket.false", run("[", "a", "=", "b", "]"), 1);
}
