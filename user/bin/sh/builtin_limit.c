/*
 * The ulimit builtin: the shell's own resource limits, which its children inherit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "sh.h"

static const struct limit {
	char letter;
	int resource;
	rlim_t unit; /* bytes, or whatever the resource counts */
	const char *name;
} limits[] = {
	{'t', RLIMIT_CPU, 1, "time(seconds)"},
	{'f', RLIMIT_FSIZE, 512, "file(blocks)"},
	{'d', RLIMIT_DATA, 1024, "data(kbytes)"},
	{'s', RLIMIT_STACK, 1024, "stack(kbytes)"},
	{'c', RLIMIT_CORE, 512, "coredump(blocks)"},
	{'n', RLIMIT_NOFILE, 1, "nofiles"},
	{'v', RLIMIT_AS, 1024, "vmemory(kbytes)"},
};

#define N_LIMITS (sizeof(limits) / sizeof(*limits))

static const struct limit *find(char letter)
{
	for (size_t i = 0; i < N_LIMITS; i++)
		if (limits[i].letter == letter)
			return &limits[i];
	return NULL;
}

static void show(const struct limit *l, bool hard)
{
	struct rlimit value;

	getrlimit(l->resource, &value);
	if (hard)
		value.rlim_cur = value.rlim_max;
	if (value.rlim_cur == RLIM_INFINITY)
		out_str("unlimited\n");
	else
		out_fmt("%lu\n", (unsigned long)(value.rlim_cur / l->unit));
}

static void show_all(bool hard)
{
	for (size_t i = 0; i < N_LIMITS; i++) {
		out_fmt("%-20s ", limits[i].name);
		show(&limits[i], hard);
	}
}

static bool parse(const char *text, rlim_t unit, rlim_t *value)
{
	unsigned long long number;
	char *end;

	if (strcmp(text, "unlimited") == 0) {
		*value = RLIM_INFINITY;
		return true;
	}
	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	*value = (rlim_t)number * unit;
	return !errno && !*end && number < RLIM_INFINITY / unit;
}

/* Without -S or -H both are set; what is shown is the soft one, unless -H asks for the other. */
static int change(const struct limit *l, const char *text, bool soft, bool hard)
{
	struct rlimit limit;
	rlim_t value;

	if (!parse(text, l->unit, &value)) {
		shell_error("ulimit: %s: bad number", text);
		return 1;
	}
	getrlimit(l->resource, &limit);
	if (soft || !hard)
		limit.rlim_cur = value;
	if (hard || !soft)
		limit.rlim_max = value;
	if (setrlimit(l->resource, &limit) == 0)
		return 0;
	shell_error("ulimit: %s: %s", text, strerror(errno));
	return 1;
}

int builtin_ulimit(int argc, char **argv)
{
	const struct limit *l = find('f');
	bool soft = false, hard = false, all = false;
	int at;

	for (at = 1; at < argc && argv[at][0] == '-' && argv[at][1]; at++) {
		for (const char *c = argv[at] + 1; *c; c++) {
			if (*c == 'S') {
				soft = true;
			} else if (*c == 'H') {
				hard = true;
			} else if (*c == 'a') {
				all = true;
			} else if (!(l = find(*c))) {
				shell_error("ulimit: bad option -%c", *c);
				return STATUS_SYNTAX;
			}
		}
	}
	if (argc - at > 1 || (all && at < argc)) {
		shell_error("ulimit: too many arguments");
		return STATUS_SYNTAX;
	}
	if (at < argc)
		return change(l, argv[at], soft, hard);
	if (all)
		show_all(hard);
	else
		show(l, hard);
	return 0;
}
