/* The C library among threads and at the end of a process: stdio, exit, malloc. */
#include "../posix.h"

#include <pthread.h>

static char *contents(const char *name, size_t *len)
{
	static char bytes[100000];
	int fd = open(name, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes) - 1);

	close(fd);
	*len = n < 0 ? 0 : (size_t)n;
	bytes[*len] = 0;
	return bytes;
}

static void say_bye(void)
{
	puts("bye");
}

static void check_exit(void)
{
	size_t len;
	pid_t child = fork();

	if (child == 0) {
		FILE *f = fopen("file", "w");

		freopen("out", "w", stdout);
		atexit(say_bye);
		fprintf(f, "kept %d", 42);
		printf("hello");
		exit(3);
	}
	EQUALS("exit.DESCRIPTION.status", ended(child), 3);
	CHECK("exit.DESCRIPTION.flushes_files", !strcmp(contents("file", &len), "kept 42"));
	CHECK("exit.DESCRIPTION.flushes_stdout_after_atexit",
		!strcmp(contents("out", &len), "hellobye\n"));
	child = fork();
	if (child == 0) {
		FILE *f = fopen("lost", "w");

		fprintf(f, "lost");
		_exit(0);
	}
	ended(child);
	contents("lost", &len);
	EQUALS("_exit.DESCRIPTION.does_not_flush", len, 0);
}

static void check_stdio(void)
{
	FILE *f = fopen("s", "w+"), *g;
	char text[40];
	int a = 0, b = 0, ends[2];
	size_t len;

	REQUIRE(f);
	fprintf(f, "%d %x %s %5.2f %lld\n", 17, 255, "word", 3.14159, 123456789012LL);
	EQUALS("fflush.RETURN_VALUE", fflush(f), 0);
	CHECK("fprintf.DESCRIPTION",
		!strcmp(contents("s", &len), "17 ff word  3.14 123456789012\n"));
	rewind(f);
	EQUALS("fscanf.RETURN_VALUE", fscanf(f, "%d %x %39s", &a, (unsigned *)&b, text), 3);
	CHECK("fscanf.DESCRIPTION", a == 17 && b == 255 && !strcmp(text, "word"));
	EQUALS("fseek.RETURN_VALUE", fseek(f, 3, SEEK_SET), 0);
	EQUALS("fgetc.DESCRIPTION", fgetc(f), 'f');
	EQUALS("ftell.DESCRIPTION", ftell(f), 4);
	EQUALS("ungetc.DESCRIPTION", ungetc('Q', f) == 'Q' && fgetc(f) == 'Q', 1);
	fseek(f, 0, SEEK_END);
	EQUALS("feof.DESCRIPTION.not_yet", feof(f), 0);
	EQUALS("fgetc.DESCRIPTION.end", fgetc(f), EOF);
	CHECK("feof.DESCRIPTION", feof(f) != 0);
	clearerr(f);
	EQUALS("clearerr.DESCRIPTION", feof(f), 0);
	EQUALS("fclose.RETURN_VALUE", fclose(f), 0);
	errno = 0;
	CHECK("fopen.ERRORS.ENOENT", !fopen("none/x", "r") && errno == ENOENT);
	f = fopen("s", "a");
	g = fopen("s", "a");
	fputs("first\n", f), fflush(f);
	fputs("second\n", g), fflush(g);
	fputs("third\n", f);
	EQUALS("fflush.DESCRIPTION.null", fflush(NULL), 0);
	CHECK("fopen.DESCRIPTION.append",
		strstr(contents("s", &len), "first\nsecond\nthird\n") != NULL);
	fclose(f), fclose(g);
	REQUIRE(pipe(ends) == 0);
	f = fdopen(ends[1], "w"), g = fdopen(ends[0], "r");
	CHECK("fdopen.RETURN_VALUE", f && g);
	fputs("line one\nline two\n", f);
	fclose(f);
	CHECK("fgets.DESCRIPTION.pipe",
		fgets(text, sizeof(text), g) && !strcmp(text, "line one\n") &&
			fgets(text, sizeof(text), g) && !strcmp(text, "line two\n") &&
			!fgets(text, sizeof(text), g));
	EQUALS("fileno.RETURN_VALUE", fileno(g), ends[0]);
	fclose(g);
	f = popen("echo from the shell", "r");
	CHECK("popen.DESCRIPTION",
		f && fgets(text, sizeof(text), f) && !strcmp(text, "from the shell\n"));
	EQUALS("pclose.RETURN_VALUE", f ? pclose(f) : -1, 0);
	f = tmpfile();
	CHECK("tmpfile.DESCRIPTION", f && fputc('t', f) == 't' && (rewind(f), fgetc(f)) == 't');
	if (f)
		fclose(f);
	strcpy(text, "made-XXXXXX");
	a = mkstemp(text);
	CHECK("mkstemp.DESCRIPTION",
		a >= 0 && strcmp(text, "made-XXXXXX") && access(text, F_OK) == 0);
	close(a);
}

static FILE *log_file;

static void *log_lines(void *arg)
{
	for (int i = 0; i < 100; i++)
		fprintf(log_file, "thread %d line %d of a hundred\n", (int)(intptr_t)arg, i);
	return NULL;
}

static void check_threads(void)
{
	pthread_t threads[4];
	int lines = 0, wrong = 0, who, line;
	char text[80];

	log_file = fopen("log", "w+");
	REQUIRE(log_file);
	for (intptr_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, log_lines, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	rewind(log_file);
	while (fgets(text, sizeof(text), log_file)) {
		wrong += sscanf(text, "thread %d line %d of a hundred", &who, &line) != 2;
		lines++;
	}
	EQUALS("stdio.DESCRIPTION.lines_whole", wrong, 0);
	EQUALS("stdio.DESCRIPTION.no_line_lost", lines, 400);
	fclose(log_file);
}

static void *churn(void *arg)
{
	unsigned char *kept[40] = {0};
	unsigned seed = (unsigned)(intptr_t)arg * 977 + 1;
	int bad = 0;

	for (int i = 0; i < 3000; i++) {
		unsigned slot, size;

		seed = seed * 1103515245 + 12345;
		slot = seed >> 8 & 31;
		size = (seed >> 16) % (i % 50 == 0 ? 60000 : 700) + 1;
		if (kept[slot])
			bad += kept[slot][0] != (unsigned char)(slot + (uintptr_t)arg);
		if (seed & 0x40 && kept[slot]) {
			unsigned char *p = realloc(kept[slot], size);

			bad += !p || p[0] != (unsigned char)(slot + (uintptr_t)arg);
			kept[slot] = p;
		} else {
			free(kept[slot]);
			kept[slot] = malloc(size);
			bad += !kept[slot] || ((uintptr_t)kept[slot] & 7);
		}
		if (kept[slot]) {
			kept[slot][size - 1] = 1;
			kept[slot][0] = (unsigned char)(slot + (uintptr_t)arg);
		}
	}
	for (int i = 0; i < 40; i++)
		free(kept[i]);
	return (void *)(intptr_t)bad;
}

static void check_malloc(void)
{
	pthread_t threads[4];
	void *result;
	int bad = 0;
	unsigned char *p;

	for (intptr_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, churn, (void *)(i + 1));
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		bad += (int)(intptr_t)result;
	}
	EQUALS("malloc.DESCRIPTION.threads", bad, 0);
	p = calloc(1000, 7);
	for (int i = 0; i < 7000; i++)
		bad += p[i];
	EQUALS("calloc.DESCRIPTION.zero", bad, 0);
	free(p);
	CHECK("calloc.ERRORS.ENOMEM.overflow", !calloc(SIZE_MAX / 2, 3) && errno == ENOMEM);
	errno = 0;
	CHECK("malloc.ERRORS.ENOMEM", !malloc(SIZE_MAX - 10000) && errno == ENOMEM);
	p = malloc(0);
	free(p);
	free(NULL);
	p = realloc(NULL, 10);
	CHECK("realloc.DESCRIPTION.null", p != NULL);
	free(p);
}

void case_exit(void)
{
	check_exit();
}

void case_stdio(void)
{
	check_stdio();
	check_threads();
}

void case_malloc(void)
{
	check_malloc();
}
