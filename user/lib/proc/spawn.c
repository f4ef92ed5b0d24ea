/* posix_spawn, on vfork: the child borrows the address space, so a large process pays nothing for its
 * size, and an error in the child is simply stored. Signals are blocked meanwhile, for a handler must
 * not run in the child. */
#include <fcntl.h>
#include <signal.h>
#include <sched.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../internal.h"

extern char **environ;

enum action_kind { ACTION_OPEN, ACTION_CLOSE, ACTION_DUP2, ACTION_CHDIR, ACTION_FCHDIR };

struct action {
	struct action *next;
	enum action_kind kind;
	int fd, other;
	int flags;
	mode_t mode;
	char path[];
};

struct __posix_spawn_file_actions {
	struct action *first, **last;
};

struct __posix_spawnattr {
	short flags;
	pid_t pgroup;
	sigset_t defaults, mask;
	int policy;
	struct sched_param param;
};

/* ------------------------------------------------------------------ in the child */

static int perform(const struct action *action)
{
	int fd;

	switch (action->kind) {
	case ACTION_CLOSE: close(action->fd); return 0;
	case ACTION_DUP2:
		if (action->fd == action->other)
			return fcntl(action->fd, F_SETFD, 0);
		return dup2(action->fd, action->other) < 0 ? -1 : 0;
	case ACTION_CHDIR: return chdir(action->path);
	case ACTION_FCHDIR: return fchdir(action->fd);
	default: break;
	}
	fd = open(action->path, action->flags, action->mode);
	if (fd < 0 || fd == action->fd)
		return fd < 0 ? -1 : 0;
	if (dup2(fd, action->fd) < 0)
		return -1;
	return close(fd);
}

static int prepare(const struct __posix_spawn_file_actions *actions,
	const struct __posix_spawnattr *attr, uint32_t parent_mask)
{
	short flags = attr ? attr->flags : 0;
	struct sigaction standard = {.sa_handler = SIG_DFL}, now;
	sigset_t mask = flags & POSIX_SPAWN_SETSIGMASK ? attr->mask : parent_mask;

	/* Handlers would point into the old image; exec would drop them, but before it nothing may
	 * run here that changes the parent's memory. */
	for (int sig = 1; sig < NSIG; sig++) {
		bool wanted = flags & POSIX_SPAWN_SETSIGDEF && attr->defaults >> sig & 1;

		if (wanted || (sigaction(sig, NULL, &now) == 0 && now.sa_handler != SIG_DFL &&
				      now.sa_handler != SIG_IGN))
			sigaction(sig, &standard, NULL);
	}
	if (flags & POSIX_SPAWN_SETPGROUP && setpgid(0, attr->pgroup) < 0)
		return -1;
	for (const struct action *action = actions ? actions->first : NULL; action;
		action = action->next) {
		if (perform(action) < 0)
			return -1;
	}
	return sigprocmask(SIG_SETMASK, &mask, NULL);
}

static int spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attr, char *const argv[], char *const envp[],
	int (*exec)(const char *, char *const[], char *const[]))
{
	uint32_t mask = __libc_block_signals();
	volatile int error = 0;
	pid_t child = vfork();

	if (child == 0) {
		if (prepare(actions ? *actions : NULL, attr ? *attr : NULL, mask) == 0)
			exec(path, argv, envp ? envp : environ);
		error = errno ? errno : EIO;
		_exit(127);
	}
	if (child < 0)
		error = errno;
	else if (error)
		waitpid(child, NULL, 0);
	else if (pid)
		*pid = child;
	__libc_restore_signals(mask);
	return error;
}

int posix_spawn(pid_t *restrict pid, const char *restrict path,
	const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *restrict attr,
	char *const argv[], char *const envp[])
{
	return spawn(pid, path, actions, attr, argv, envp, execve);
}

int posix_spawnp(pid_t *restrict pid, const char *restrict file,
	const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *restrict attr,
	char *const argv[], char *const envp[])
{
	return spawn(pid, file, actions, attr, argv, envp, execvpe);
}

/* ------------------------------------------------------------------ file actions */

int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions)
{
	*actions = calloc(1, sizeof(**actions));
	if (!*actions)
		return ENOMEM;
	(*actions)->last = &(*actions)->first;
	return 0;
}

int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions)
{
	while ((*actions)->first) {
		struct action *action = (*actions)->first;

		(*actions)->first = action->next;
		free(action);
	}
	free(*actions);
	return 0;
}

static struct action *add(
	posix_spawn_file_actions_t *actions, enum action_kind kind, int fd, const char *path)
{
	size_t len = path ? strlen(path) + 1 : 0;
	struct action *action = calloc(1, sizeof(*action) + len);

	if (!action)
		return NULL;
	action->kind = kind;
	action->fd = fd;
	if (path)
		memcpy(action->path, path, len);
	*(*actions)->last = action;
	(*actions)->last = &action->next;
	return action;
}

int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *restrict actions, int fd,
	const char *restrict path, int flags, mode_t mode)
{
	struct action *action;

	if (__libc_fd(fd) < 0)
		return EBADF;
	action = add(actions, ACTION_OPEN, fd, path);
	if (!action)
		return ENOMEM;
	action->flags = flags;
	action->mode = mode;
	return 0;
}

int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int fd)
{
	if (__libc_fd(fd) < 0)
		return EBADF;
	return add(actions, ACTION_CLOSE, fd, NULL) ? 0 : ENOMEM;
}

int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int fd, int other)
{
	struct action *action;

	if (__libc_fd(fd) < 0 || __libc_fd(other) < 0)
		return EBADF;
	action = add(actions, ACTION_DUP2, fd, NULL);
	if (!action)
		return ENOMEM;
	action->other = other;
	return 0;
}

int posix_spawn_file_actions_addchdir_np(
	posix_spawn_file_actions_t *restrict actions, const char *restrict path);
int posix_spawn_file_actions_addchdir_np(
	posix_spawn_file_actions_t *restrict actions, const char *restrict path)
{
	return add(actions, ACTION_CHDIR, -1, path) ? 0 : ENOMEM;
}

int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t *actions, int fd);
int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t *actions, int fd)
{
	return add(actions, ACTION_FCHDIR, fd, NULL) ? 0 : ENOMEM;
}

/* ------------------------------------------------------------------ attributes */

int posix_spawnattr_init(posix_spawnattr_t *attr)
{
	*attr = calloc(1, sizeof(**attr));
	return *attr ? 0 : ENOMEM;
}

int posix_spawnattr_destroy(posix_spawnattr_t *attr)
{
	free(*attr);
	return 0;
}

int posix_spawnattr_getflags(const posix_spawnattr_t *restrict attr, short *restrict flags)
{
	*flags = (*attr)->flags;
	return 0;
}

int posix_spawnattr_setflags(posix_spawnattr_t *attr, short flags)
{
	(*attr)->flags = flags;
	return 0;
}

int posix_spawnattr_getpgroup(const posix_spawnattr_t *restrict attr, pid_t *restrict pgroup)
{
	*pgroup = (*attr)->pgroup;
	return 0;
}

int posix_spawnattr_setpgroup(posix_spawnattr_t *attr, pid_t pgroup)
{
	(*attr)->pgroup = pgroup;
	return 0;
}

int posix_spawnattr_getsigdefault(const posix_spawnattr_t *restrict attr, sigset_t *restrict set)
{
	*set = (*attr)->defaults;
	return 0;
}

int posix_spawnattr_setsigdefault(posix_spawnattr_t *restrict attr, const sigset_t *restrict set)
{
	(*attr)->defaults = *set;
	return 0;
}

int posix_spawnattr_getsigmask(const posix_spawnattr_t *restrict attr, sigset_t *restrict set)
{
	*set = (*attr)->mask;
	return 0;
}

int posix_spawnattr_setsigmask(posix_spawnattr_t *restrict attr, const sigset_t *restrict set)
{
	(*attr)->mask = *set;
	return 0;
}

int posix_spawnattr_getschedpolicy(const posix_spawnattr_t *restrict attr, int *restrict policy)
{
	*policy = (*attr)->policy;
	return 0;
}

int posix_spawnattr_setschedpolicy(posix_spawnattr_t *attr, int policy)
{
	(*attr)->policy = policy;
	return 0;
}

int posix_spawnattr_getschedparam(
	const posix_spawnattr_t *restrict attr, struct sched_param *restrict param)
{
	*param = (*attr)->param;
	return 0;
}

int posix_spawnattr_setschedparam(
	posix_spawnattr_t *restrict attr, const struct sched_param *restrict param)
{
	(*attr)->param = *param;
	return 0;
}
