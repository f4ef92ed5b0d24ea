/*
 * Redirections. Those of a builtin or a compound command are undone afterwards: the descriptors
 * they replace wait above the range that a script can name. The same place holds the script being
 * read; programs get none of these.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sh.h"

#define FIRST_PRIVATE 10
#define N_PRIVATE     32
#define PIPE_SURE     512 /* what any pipe takes without a reader (_POSIX_PIPE_BUF) */

static uint32_t private_fds; /* bit i: FIRST_PRIVATE + i is ours */

/* Copies fd to a private descriptor; -1 with errno when fd is not open or no place is left. */
static int copy_high(int fd)
{
	int i;

	for (i = 0; i < N_PRIVATE; i++) {
		if (private_fds & (1u << i))
			continue;
		if (dup2(fd, FIRST_PRIVATE + i) < 0)
			return -1;
		private_fds |= 1u << i;
		return FIRST_PRIVATE + i;
	}
	errno = EMFILE;
	return -1;
}

void fd_close_high(int fd)
{
	close(fd);
	if (fd >= FIRST_PRIVATE && fd < FIRST_PRIVATE + N_PRIVATE)
		private_fds &= ~(1u << (fd - FIRST_PRIVATE));
}

/* Moves an open descriptor out of the way of the script's. */
int fd_move_high(int fd)
{
	int high = copy_high(fd);

	if (fd > STDERR_FILENO)
		close(fd);
	return high;
}

void fds_close_private(void)
{
	int i;

	for (i = 0; i < N_PRIVATE; i++)
		if (private_fds & (1u << i))
			close(FIRST_PRIVATE + i);
	private_fds = 0;
}

void saved_fds_init(struct saved_fds *s)
{
	memset(s->copy, FD_UNTOUCHED, sizeof(s->copy));
}

static bool save_fd(struct saved_fds *s, int fd)
{
	int high;

	if (!s || s->copy[fd] != FD_UNTOUCHED)
		return true;
	high = copy_high(fd);
	if (high < 0 && errno != EBADF) {
		shell_error("cannot save descriptor %d: %s", fd, strerror(errno));
		return false;
	}
	s->copy[fd] = (int8_t)(high < 0 ? FD_WAS_CLOSED : high);
	return true;
}

void redirs_restore(struct saved_fds *s)
{
	int fd;

	for (fd = 0; fd < 10; fd++) {
		if (s->copy[fd] == FD_WAS_CLOSED) {
			close(fd);
		} else if (s->copy[fd] >= 0) {
			dup2(s->copy[fd], fd);
			fd_close_high(s->copy[fd]);
		}
	}
	saved_fds_init(s);
}

/* Makes the redirections permanent. */
void redirs_keep(struct saved_fds *s)
{
	int fd;

	for (fd = 0; fd < 10; fd++)
		if (s->copy[fd] >= 0)
			fd_close_high(s->copy[fd]);
	saved_fds_init(s);
}

static bool write_heredoc(int fd, const char *s, size_t n)
{
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

/* A here-document is the read end of a pipe. A long one is fed by a child, for pipes fill up. */
static int open_heredoc(const struct word *body)
{
	char *text = expand_string(body);
	size_t n = text ? strlen(text) : 0;
	int fds[2];
	pid_t pid;

	if (!text)
		return -1;
	if (pipe(fds) != 0) {
		shell_error("cannot make a pipe: %s", strerror(errno));
		return -1;
	}
	if (n <= PIPE_SURE) {
		write_heredoc(fds[1], text, n);
	} else {
		pid = fork();
		if (pid == 0) {
			signal(SIGPIPE, SIG_DFL);
			close(fds[0]);
			_exit(!write_heredoc(fds[1], text, n));
		}
		if (pid < 0) {
			shell_error("cannot fork: %s", strerror(errno));
			close(fds[0]);
			close(fds[1]);
			return -1;
		}
	}
	close(fds[1]);
	return fds[0];
}

static int open_target(const struct redir *r, const char *name)
{
	struct stat st;
	int fd;

	switch (r->kind) {
	case REDIR_IN: fd = open(name, O_RDONLY); break;
	case REDIR_APPEND: fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0666); break;
	case REDIR_RDWR: fd = open(name, O_RDWR | O_CREAT, 0666); break;
	default:
		if (r->kind == REDIR_OUT && sh.opt_noclobber && stat(name, &st) == 0 &&
			S_ISREG(st.st_mode)) {
			shell_error("%s: cannot overwrite existing file", name);
			return -1;
		}
		fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
		break;
	}
	if (fd < 0)
		shell_error("cannot %s %s: %s", r->kind == REDIR_IN ? "open" : "create", name,
			strerror(errno));
	return fd;
}

static bool apply_dup(const struct redir *r, const char *target, struct saved_fds *save)
{
	if (strcmp(target, "-") == 0) {
		if (!save_fd(save, r->fd))
			return false;
		close(r->fd);
		return true;
	}
	if (target[0] < '0' || target[0] > '9' || target[1]) {
		shell_error("bad descriptor '%s'", target);
		return false;
	}
	if (!save_fd(save, r->fd))
		return false;
	if (dup2(target[0] - '0', r->fd) < 0) {
		shell_error("%s: %s", target, strerror(errno));
		return false;
	}
	return true;
}

static bool apply_one(const struct redir *r, struct saved_fds *save)
{
	char *target = NULL;
	int fd;

	if (r->kind == REDIR_HERE) {
		fd = open_heredoc(&r->target);
	} else {
		target = expand_string(&r->target);
		if (!target)
			return false;
		if (r->kind == REDIR_DUP)
			return apply_dup(r, target, save);
		fd = open_target(r, target);
	}
	if (fd < 0)
		return false;
	/* Opened first, so that a failure leaves the descriptor as it was. */
	if (fd == r->fd) {
		if (save)
			save->copy[fd] = FD_WAS_CLOSED;
		return true;
	}
	if (!save_fd(save, r->fd)) {
		close(fd);
		return false;
	}
	dup2(fd, r->fd);
	close(fd);
	return true;
}

/*
 * Does the redirections in order, keeping what they replace in `save` unless it is NULL. On a
 * failure prints why and returns false; those done so far are in `save`.
 */
bool redirs_apply(const struct redir *r, struct saved_fds *save)
{
	struct arena_mark mark = arena_mark(sh.temp);
	bool ok = true;

	for (; r && ok; r = r->next)
		ok = apply_one(r, save);
	arena_release(sh.temp, mark);
	return ok;
}
