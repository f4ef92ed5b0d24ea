/*
 * See tree.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "files.h"
#include "program.h"
#include "tree.h"

struct copier {
	const struct copy_options *o;
	struct stat top; /* the directory being made at the top of the copy */
	bool have_top;
};

static bool copy_any(struct copier *c, const char *from, const char *to);

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool keep_attributes(const char *to, const struct stat *st)
{
	struct timeval times[2] = {{.tv_sec = st->st_atime}, {.tv_sec = st->st_mtime}};

	if (chmod(to, st->st_mode & 07777) == 0 && utimes(to, times) == 0)
		return true;
	warn_errno("cannot preserve attributes of '%s'", to);
	return false;
}

static int create_copy(struct copier *c, const char *to, mode_t mode)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);

	if (fd < 0 && c->o->force && unlink(to) == 0)
		fd = open(to, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);
	return fd;
}

static bool copy_regular(struct copier *c, const char *from, const char *to, const struct stat *st)
{
	int in = open(from, O_RDONLY);
	bool ok = false;
	int out;

	if (in < 0) {
		warn_errno("cannot open '%s'", from);
		return false;
	}
	out = create_copy(c, to, st->st_mode);
	if (out < 0) {
		warn_errno("cannot create '%s'", to);
		close(in);
		return false;
	}
	switch (copy_fd(in, out)) {
	case COPY_OK: ok = true; break;
	case COPY_READ_ERROR: warn_errno("error reading '%s'", from); break;
	case COPY_WRITE_ERROR: warn_errno("error writing '%s'", to); break;
	}
	close(in);
	if (close(out) != 0 && ok) {
		warn_errno("error writing '%s'", to);
		ok = false;
	}
	if (ok && c->o->preserve)
		ok = keep_attributes(to, st);
	return ok;
}

static bool copy_link(struct copier *c, const char *from, const char *to)
{
	char target[PATH_MAX];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n < 0) {
		warn_errno("cannot read link '%s'", from);
		return false;
	}
	target[n] = '\0';
	if (symlink(target, to) == 0)
		return true;
	if (errno == EEXIST && c->o->force && unlink(to) == 0 && symlink(target, to) == 0)
		return true;
	warn_errno("cannot create link '%s'", to);
	return false;
}

static bool copy_directory(
	struct copier *c, const char *from, const char *to, const struct stat *st)
{
	struct stat made;
	char **names;
	char **n;
	bool ok = true;

	if (!c->o->recursive) {
		warn("-r not specified; omitting directory '%s'", from);
		return false;
	}
	if (c->have_top && same_file(st, &c->top)) {
		warn("cannot copy a directory, '%s', into itself", from);
		return false;
	}
	if (mkdir(to, (st->st_mode & 07777) | S_IRWXU) != 0 &&
		!(errno == EEXIST && is_directory(to))) {
		warn_errno("cannot create directory '%s'", to);
		return false;
	}
	if (!c->have_top && stat(to, &made) == 0) {
		c->top = made;
		c->have_top = true;
	}
	names = directory_names(from);
	if (!names) {
		warn_errno("cannot read directory '%s'", from);
		return false;
	}
	for (n = names; *n; n++) {
		char *sub_from = path_join(from, *n);
		char *sub_to = path_join(to, *n);

		ok &= copy_any(c, sub_from, sub_to);
		free(sub_from);
		free(sub_to);
	}
	names_free(names);
	if (c->o->preserve)
		ok &= keep_attributes(to, st);
	return ok;
}

static bool copy_any(struct copier *c, const char *from, const char *to)
{
	struct stat st;
	struct stat old;

	if ((c->o->recursive ? lstat(from, &st) : stat(from, &st)) != 0) {
		warn_errno("cannot stat '%s'", from);
		return false;
	}
	if (stat(to, &old) == 0) {
		if (same_file(&st, &old) && !S_ISDIR(st.st_mode)) {
			warn("'%s' and '%s' are the same file", from, to);
			return false;
		}
		if (S_ISDIR(old.st_mode) && !S_ISDIR(st.st_mode)) {
			warn("cannot overwrite directory '%s' with non-directory", to);
			return false;
		}
	}
	if (c->o->verbose)
		printf("'%s' -> '%s'\n", from, to);
	if (S_ISDIR(st.st_mode))
		return copy_directory(c, from, to, &st);
	if (S_ISLNK(st.st_mode))
		return copy_link(c, from, to);
	if (S_ISFIFO(st.st_mode) && c->o->recursive) {
		if (mkfifo(to, st.st_mode & 0777) == 0)
			return true;
		warn_errno("cannot create fifo '%s'", to);
		return false;
	}
	return copy_regular(c, from, to, &st);
}

bool copy_tree(const char *from, const char *to, const struct copy_options *o)
{
	struct copier c = {.o = o};

	return copy_any(&c, from, to);
}

/* Asks on standard error; anything but y means no. */
static bool confirmed(const char *path)
{
	char line[16];

	fprintf(stderr, "%s: remove '%s'? ", program_name, path);
	fflush(stderr);
	return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

static bool remove_directory(const char *path, const struct remove_options *o)
{
	char **names;
	char **n;
	bool ok = true;

	if (!o->recursive) {
		warn("cannot remove '%s': Is a directory", path);
		return false;
	}
	names = directory_names(path);
	if (!names) {
		warn_errno("cannot read directory '%s'", path);
		return false;
	}
	for (n = names; *n; n++) {
		char *sub = path_join(path, *n);

		ok &= remove_tree(sub, o);
		free(sub);
	}
	names_free(names);
	if (o->ask && !confirmed(path))
		return true;
	if (!ok)
		return false;
	if (rmdir(path) == 0) {
		if (o->verbose)
			printf("removed directory '%s'\n", path);
		return true;
	}
	warn_errno("cannot remove '%s'", path);
	return false;
}

bool remove_tree(const char *path, const struct remove_options *o)
{
	struct stat st;

	if (lstat(path, &st) != 0) {
		if (o->force && (errno == ENOENT || errno == ENOTDIR))
			return true;
		warn_errno("cannot remove '%s'", path);
		return false;
	}
	if (S_ISDIR(st.st_mode))
		return remove_directory(path, o);
	if (o->ask && !confirmed(path))
		return true;
	if (unlink(path) == 0) {
		if (o->verbose)
			printf("removed '%s'\n", path);
		return true;
	}
	warn_errno("cannot remove '%s'", path);
	return false;
}
