/* Running shell commands: system, popen and pclose; and daemon. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../internal.h"

#define SHELL "/bin/sh"

int system(const char *command)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction old_int, old_quit;
	sigset_t chld = 1u << SIGCHLD, old_mask;
	int status = -1;
	pid_t pid;

	if (!command)
		return access(SHELL, X_OK) == 0;
	sigaction(SIGINT, &ignore, &old_int);
	sigaction(SIGQUIT, &ignore, &old_quit);
	sigprocmask(SIG_BLOCK, &chld, &old_mask);
	pid = fork();
	if (pid == 0) {
		sigaction(SIGINT, &old_int, NULL);
		sigaction(SIGQUIT, &old_quit, NULL);
		sigprocmask(SIG_SETMASK, &old_mask, NULL);
		execl(SHELL, "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR) {
			status = -1;
			break;
		}
	}
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGQUIT, &old_quit, NULL);
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
	return status;
}

/* ------------------------------------------------------------------ popen */

struct command {
	FILE *stream;
	pid_t pid;
	struct command *next;
};
static struct command *commands; /* open ones; under the lock */
static __libc_lock_t commands_lock;

/* The child keeps its end as standard input or output, and none of the other open commands'. */
static _Noreturn void run_child(const char *line, int own_end, int target)
{
	for (struct command *other = commands; other; other = other->next)
		close(fileno(other->stream));
	if (own_end != target) {
		dup2(own_end, target);
		close(own_end);
	} else {
		fcntl(own_end, F_SETFD, 0);
	}
	execl(SHELL, "sh", "-c", line, (char *)NULL);
	_exit(127);
}

FILE *popen(const char *line, const char *mode)
{
	bool reading = mode[0] == 'r';
	struct command *command;
	int ends[2];

	if ((mode[0] != 'r' && mode[0] != 'w') || (mode[1] && mode[1] != 'e')) {
		errno = EINVAL;
		return NULL;
	}
	command = malloc(sizeof(*command));
	if (!command)
		return NULL;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		free(command);
		return NULL;
	}
	command->stream = fdopen(ends[reading ? 0 : 1], reading ? "r" : "w");
	if (!command->stream)
		goto fail;
	__libc_lock(&commands_lock);
	command->pid = fork();
	if (command->pid == 0)
		run_child(line, ends[reading ? 1 : 0], reading ? STDOUT_FILENO : STDIN_FILENO);
	if (command->pid > 0) {
		command->next = commands;
		commands = command;
	}
	__libc_unlock(&commands_lock);
	if (command->pid < 0) {
		fclose(command->stream);
		close(ends[reading ? 1 : 0]);
		free(command);
		return NULL;
	}
	close(ends[reading ? 1 : 0]);
	if (mode[1] != 'e')
		fcntl(ends[reading ? 0 : 1], F_SETFD, 0);
	return command->stream;
fail:
	close(ends[0]);
	close(ends[1]);
	free(command);
	return NULL;
}

int pclose(FILE *stream)
{
	struct command *command = NULL;
	int status = -1;

	__libc_lock(&commands_lock);
	for (struct command **link = &commands; *link; link = &(*link)->next) {
		if ((*link)->stream == stream) {
			command = *link;
			*link = command->next;
			break;
		}
	}
	__libc_unlock(&commands_lock);
	if (!command)
		return (int)__libc_result(-ECHILD);
	fclose(stream);
	while (waitpid(command->pid, &status, 0) < 0) {
		if (errno != EINTR) {
			status = -1;
			break;
		}
	}
	free(command);
	return status;
}

int daemon(int keep_directory, int keep_descriptors)
{
	switch (fork()) {
	case -1: return -1;
	case 0: break;
	default: _exit(0);
	}
	if (setsid() < 0 || (!keep_directory && chdir("/") < 0))
		return -1;
	if (!keep_descriptors) {
		int fd = open("/dev/null", O_RDWR);

		if (fd < 0)
			return -1;
		for (int i = 0; i <= STDERR_FILENO; i++)
			dup2(fd, i);
		if (fd > STDERR_FILENO)
			close(fd);
	}
	return 0;
}
