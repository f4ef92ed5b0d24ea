/*
 * See files.h.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "program.h"

bool write_all(int fd, const void *data, size_t n)
{
	const char *s = data;

	while (n > 0) {
		ssize_t done = write(fd, s, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		s += done;
		n -= (size_t)done;
	}
	return true;
}

ssize_t read_full(int fd, void *data, size_t n)
{
	char *s = data;
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(fd, s + have, n - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

char *path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);
	size_t m = strlen(name);
	char *path = must_alloc(n + m + 2);

	memcpy(path, dir, n);
	if (n > 0 && dir[n - 1] != '/')
		path[n++] = '/';
	memcpy(path + n, name, m + 1);
	return path;
}

char *path_last(const char *path)
{
	size_t end = strlen(path);
	size_t start;
	char *last;

	while (end > 1 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	if (start == end && end > 0)
		start--; /* "/" alone */
	last = must_alloc(end - start + 1);
	memcpy(last, path + start, end - start);
	last[end - start] = '\0';
	return last;
}

bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **directory_names(const char *path)
{
	DIR *dir = opendir(path);
	char **names = NULL;
	size_t count = 0;
	size_t cap = 0;
	struct dirent *e;
	int error;

	if (!dir)
		return NULL;
	for (;;) {
		errno = 0;
		e = readdir(dir);
		if (!e)
			break;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (count + 1 >= cap) {
			cap = cap ? cap * 2 : 16;
			names = must_realloc(names, cap * sizeof(*names));
		}
		names[count++] = must_strdup(e->d_name);
	}
	error = errno;
	closedir(dir);
	names = must_realloc(names, (count + 1) * sizeof(*names));
	names[count] = NULL;
	if (error) {
		names_free(names);
		errno = error;
		return NULL;
	}
	qsort(names, count, sizeof(*names), compare_names);
	return names;
}

void names_free(char **names)
{
	char **n;

	for (n = names; n && *n; n++)
		free(*n);
	free(names);
}

static char kind_letter(mode_t mode)
{
	if (S_ISDIR(mode))
		return 'd';
	if (S_ISLNK(mode))
		return 'l';
	if (S_ISCHR(mode))
		return 'c';
	if (S_ISBLK(mode))
		return 'b';
	if (S_ISFIFO(mode))
		return 'p';
	return S_ISSOCK(mode) ? 's' : '-';
}

void format_mode(mode_t mode, char out[11])
{
	static const char letters[] = "rwxrwxrwx";
	int i;

	out[0] = kind_letter(mode);
	for (i = 0; i < 9; i++)
		out[i + 1] = mode & (0400u >> i) ? letters[i] : '-';
	if (mode & S_ISUID)
		out[3] = mode & S_IXUSR ? 's' : 'S';
	if (mode & S_ISGID)
		out[6] = mode & S_IXGRP ? 's' : 'S';
	if (mode & S_ISVTX)
		out[9] = mode & S_IXOTH ? 't' : 'T';
	out[10] = '\0';
}

/* Rounds up, as a size shown is not to be smaller than the file. */
void format_human(unsigned long long bytes, char out[8])
{
	static const char units[] = "KMGTPE";
	unsigned long long unit = 1024;
	unsigned long long tenths;
	int i = 0;

	if (bytes < 1024) {
		snprintf(out, 8, "%u", (unsigned)bytes);
		return;
	}
	while (bytes / unit >= 1024 && units[i + 1]) {
		unit *= 1024;
		i++;
	}
	tenths = bytes / unit * 10 + (bytes % unit * 10 + unit - 1) / unit;
	if (tenths < 100)
		snprintf(out, 8, "%u.%u%c", (unsigned)(tenths / 10), (unsigned)(tenths % 10),
			units[i]);
	else if (tenths > 10230 && units[i + 1])
		snprintf(out, 8, "1.0%c", units[i + 1]);
	else
		snprintf(out, 8, "%u%c", (unsigned)((tenths + 9) / 10), units[i]);
}

static mode_t who_mask(const char **s)
{
	mode_t who = 0;

	for (;; (*s)++) {
		switch (**s) {
		case 'u': who |= 04700; break;
		case 'g': who |= 02070; break;
		case 'o': who |= 01007; break;
		case 'a': who |= 07777; break;
		default: return who;
		}
	}
}

static mode_t copied_bits(mode_t mode, char from)
{
	mode_t bits = (from == 'u' ? mode >> 6 : from == 'g' ? mode >> 3 : mode) & 7;

	return (mode_t)(bits << 6 | bits << 3 | bits);
}

static mode_t permission_bits(const char **s, mode_t mode)
{
	mode_t bits = 0;

	for (;; (*s)++) {
		switch (**s) {
		case 'r': bits |= 0444; break;
		case 'w': bits |= 0222; break;
		case 'x': bits |= 0111; break;
		case 'X':
			if (S_ISDIR(mode) || (mode & 0111))
				bits |= 0111;
			break;
		case 's': bits |= S_ISUID | S_ISGID; break;
		case 't': bits |= S_ISVTX; break;
		case 'u':
		case 'g':
		case 'o': bits |= copied_bits(mode, **s); break;
		default: return bits;
		}
	}
}

bool parse_mode(const char *s, mode_t mode, mode_t *out)
{
	unsigned long octal;
	char *end;

	octal = strtoul(s, &end, 8);
	if (end != s) {
		*out = (mode_t)octal;
		return !*end && octal <= 07777;
	}
	do {
		mode_t who = who_mask(&s);
		mode_t mask = 0;

		if (!who) {
			mask = umask(0);
			umask(mask);
			who = 07777;
		}
		if (!*s || !strchr("+-=", *s))
			return false;
		while (*s && strchr("+-=", *s)) {
			char op = *s++;
			mode_t bits = permission_bits(&s, mode) & who & (mode_t)~mask;

			if (op == '=')
				mode = (mode_t)((mode & ~who) | bits);
			else if (op == '+')
				mode |= bits;
			else
				mode = (mode_t)(mode & ~bits);
		}
	} while (*s == ',' && *++s);
	*out = mode & 07777;
	return !*s;
}
