/* Smaller functions of the library that programs of others asked for. */
#include "../posix.h"

#include <fnmatch.h>
#include <search.h>
#include <wchar.h>

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

static void check_open_memstream(void)
{
	char *data = NULL;
	size_t length = 99;
	FILE *f = open_memstream(&data, &length);

	REQUIRE(f);
	EQUALS("open_memstream.DESCRIPTION.flush", fflush(f), 0);
	CHECK("open_memstream.DESCRIPTION.empty", length == 0 && data && !*data);
	EQUALS("open_memstream.DESCRIPTION.seek_beyond", fseek(f, 100, SEEK_SET), 0);
	fputs("tail", f);
	fflush(f);
	CHECK("open_memstream.DESCRIPTION.gap",
		length == 104 && !data[0] && !data[99] && !strcmp(data + 100, "tail"));
	FAILS("fseek.ERRORS.EINVAL.memory", fseek(f, -105, SEEK_CUR), EINVAL);
	EQUALS("ftell.DESCRIPTION.memory", ftell(f), 104);
	rewind(f);
	fputs("head", f);
	fflush(f);
	EQUALS("open_memstream.DESCRIPTION.position_is_smaller", length, 4);
	CHECK("open_memstream.DESCRIPTION.kept", !memcmp(data, "head\0", 5) && data[100] == 't');
	EQUALS("fclose.RETURN_VALUE.memory", fclose(f), 0);
	free(data);
}

static void check_fmemopen(void)
{
	char data[8] = "one", line[16];
	FILE *f = fmemopen(data, 3, "r");
	long at;

	REQUIRE(f);
	CHECK("fmemopen.DESCRIPTION.end",
		fgets(line, sizeof(line), f) && !strcmp(line, "one") && feof(f) && !ferror(f));
	EQUALS("fseek.RETURN_VALUE.memory", fseek(f, -2, SEEK_END), 0);
	EQUALS("fgetc.RETURN_VALUE.memory", fgetc(f), 'n');
	FAILS("fileno.ERRORS.EBADF.memory", fileno(f), EBADF);
	fclose(f);
	f = fmemopen(data, sizeof(data), "a+");
	REQUIRE(f);
	at = ftell(f);
	EQUALS("fmemopen.DESCRIPTION.append_position", at, 3);
	EQUALS("fgetc.RETURN_VALUE.memory_end", fgetc(f), EOF);
	rewind(f);
	EQUALS("fgetc.RETURN_VALUE.memory_start", fgetc(f), 'o');
	fseek(f, 0, SEEK_CUR);
	fputs("two", f);
	EQUALS("fflush.RETURN_VALUE.memory", fflush(f), 0);
	CHECK("fmemopen.DESCRIPTION.appends", !strcmp(data, "onetwo") && ftell(f) == 6);
	fputs("three", f);
	CHECK("fflush.RETURN_VALUE.memory_full", fflush(f) == EOF && ferror(f));
	fclose(f);
	f = fmemopen(NULL, 16, "w+");
	REQUIRE(f);
	fprintf(f, "%d %s", 12, "word");
	rewind(f);
	CHECK("fmemopen.DESCRIPTION.null_buffer",
		fscanf(f, "%ld %15s", &at, line) == 2 && at == 12 && !strcmp(line, "word"));
	fclose(f);
	FAILS("fmemopen.ERRORS.EINVAL", fmemopen(data, 8, "q") ? 0 : -1, EINVAL);
}

static void check_fnmatch(void)
{
	EQUALS("fnmatch.DESCRIPTION.class", fnmatch("*[[:alpha:]]/[[:digit:]x]", "a/7", 0), 0);
	EQUALS("fnmatch.DESCRIPTION.class_negated", fnmatch("[![:upper:]]", "U", 0), FNM_NOMATCH);
	EQUALS("fnmatch.DESCRIPTION.collating_symbol", fnmatch("[[.-.]-9]", "5", 0), 0);
	EQUALS("fnmatch.DESCRIPTION.equivalence", fnmatch("[[=a=]b]", "a", 0), 0);
	EQUALS("fnmatch.DESCRIPTION.bracket_first", fnmatch("[]-_]", "^", 0), 0);
	EQUALS("fnmatch.DESCRIPTION.no_bracket", fnmatch("[a", "[a", 0), 0);
	EQUALS("fnmatch.DESCRIPTION.star", fnmatch("*ab*ba*", "aababcba", 0), 0);
	EQUALS("fnmatch.DESCRIPTION.pathname", fnmatch("*b", "a/b", FNM_PATHNAME), FNM_NOMATCH);
	EQUALS("fnmatch.DESCRIPTION.pathname_bracket", fnmatch("a[.-0]b", "a/b", FNM_PATHNAME),
		FNM_NOMATCH);
	EQUALS("fnmatch.DESCRIPTION.period", fnmatch("x/*", "x/.y", FNM_PERIOD | FNM_PATHNAME),
		FNM_NOMATCH);
	EQUALS("fnmatch.DESCRIPTION.period_inside", fnmatch("x/*", "x/.y", FNM_PERIOD), 0);
	EQUALS("fnmatch.DESCRIPTION.escape", fnmatch("\\*", "*", 0), 0);
	EQUALS("fnmatch.DESCRIPTION.noescape", fnmatch("\\*", "\\x", FNM_NOESCAPE), 0);
}

static void check_wcstol(void)
{
	const wchar_t *text = L" 0xz";
	wchar_t *end;

	EQUALS("wcstol.DESCRIPTION.zero_before_x", wcstol(text, &end, 16), 0);
	EQUALS("wcstol.DESCRIPTION.end", end - text, 2);
	FAILS("wcstol.ERRORS.EINVAL", wcstol(text, &end, 37) ? 0 : -1, EINVAL);
	text = L"-0x7Fg";
	EQUALS("wcstol.RETURN_VALUE", wcstol(text, &end, 0), -127);
	EQUALS("wcstol.DESCRIPTION.end_of_digits", end - text, 5);
	errno = 0;
	CHECK("wcstoul.RETURN_VALUE.negative", wcstoul(L"-1", NULL, 10) == -1ul && errno == 0);
	CHECK("wcstoll.ERRORS.ERANGE",
		wcstoll(L"-9223372036854775809", NULL, 10) == INT64_MIN && errno == ERANGE);
	errno = 0;
	CHECK("wcstoull.ERRORS.ERANGE",
		wcstoull(L"18446744073709551616", NULL, 0) == UINT64_MAX && errno == ERANGE);
	text = L"+";
	EQUALS("wcstol.RETURN_VALUE.none", wcstol(text, &end, 10), 0);
	CHECK("wcstol.DESCRIPTION.unchanged", end == text);
}

void case_library(void)
{
	check_fnmatch();
	check_wcstol();
	check_open_memstream();
	check_fmemopen();
	check_last_line();
	check_direction();
	check_unlocked();
	check_search();
	errno = 0;
	CHECK("sysconf.RETURN_VALUE.no_limit", sysconf(_SC_SEM_NSEMS_MAX) == -1 && errno == 0);
	EQUALS("test.bracket.true", run("[", "a", "=", "a", "]"), 0);
	EQUALS("test.bracket.false", run("[", "a", "=", "b", "]"), 1);
}
