/* The exec family and posix_spawn: what the new image gets, what it does not. The image is this very
 * program: `t-posix` with POSIX_CHILD in its environment is what main.c calls case_child for. */
#include "../posix.h"

#include <spawn.h>

extern char **environ;

/* Kilobytes of stack, by calls of four each. */
static int use_stack(int kilobytes)
{
	volatile char part[4096];

	part[0] = (char)kilobytes;
	return kilobytes > 4 ? use_stack(kilobytes - 4) + part[0] - (char)kilobytes : 0;
}

/* In the new image: says by its exit status what it found. */
int exec_child(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct sigaction action;
	sigset_t set;

	if (!strcmp(what, "status"))
		return atoi(argv[2]);
	if (!strcmp(what, "arguments"))
		return argc == 5 && !strcmp(argv[2], "") && !strcmp(argv[3], "a b") &&
				       !strcmp(argv[4], "z")
			       ? 0
			       : 1;
	if (!strcmp(what, "environment"))
		return getenv("T_POSIX_X") ? atoi(getenv("T_POSIX_X")) : 1;
	if (!strcmp(what, "open"))
		return fcntl(atoi(argv[2]), F_GETFD) >= 0;
	if (!strcmp(what, "ignored")) {
		sigaction(SIGUSR1, NULL, &action);
		return action.sa_handler == SIG_IGN;
	}
	if (!strcmp(what, "default")) {
		sigaction(SIGUSR2, NULL, &action);
		return action.sa_handler == SIG_DFL;
	}
	if (!strcmp(what, "mask")) {
		sigprocmask(SIG_BLOCK, NULL, &set);
		return sigismember(&set, SIGALRM);
	}
	if (!strcmp(what, "pending")) {
		sigpending(&set);
		return sigismember(&set, SIGALRM);
	}
	if (!strcmp(what, "descriptors"))
		return (int)sysconf(_SC_OPEN_MAX);
	if (!strcmp(what, "sysv"))
		return sysv_child((key_t)atol(argv[2]));
	if (!strcmp(what, "space"))
		return mmap(NULL, 80u << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			       -1, 0) == MAP_FAILED;
	if (!strcmp(what, "deep"))
		return use_stack(atoi(argv[2])) != 0;
	if (!strcmp(what, "pid"))
		return getpid() == atoi(argv[2]);
	if (!strcmp(what, "alarm"))
		return alarm(0) > 0;
	if (!strcmp(what, "many"))
		return argc == 1002;
	if (!strcmp(what, "stdin")) {
		char byte = 0;

		return read(0, &byte, 1) == 1 ? byte : 0;
	}
	return 99;
}

static void handler(int sig)
{
	(void)sig;
}

static void check_images(void)
{
	char *arguments[] = {
		(char *)"x", (char *)"arguments", (char *)"", (char *)"a b", (char *)"z", NULL};
	char *environment[] = {(char *)"POSIX_CHILD=1", (char *)"T_POSIX_X=42", NULL};
	char *show[] = {(char *)"x", (char *)"environment", NULL};
	char **many = calloc(1010, sizeof(char *));

	EQUALS("execl.DESCRIPTION", IN_CHILD(execl(program_path, "x", "status", "31", NULL)), 31);
	EQUALS("execv.DESCRIPTION.arguments", IN_CHILD(execv(program_path, arguments)), 0);
	EQUALS("execve.DESCRIPTION.environment", IN_CHILD(execve(program_path, show, environment)),
		42);
	setenv("T_POSIX_X", "43", 1);
	EQUALS("execv.DESCRIPTION.environ", IN_CHILD(execv(program_path, show)), 43);
	EQUALS("execle.DESCRIPTION.environment",
		IN_CHILD(execle(program_path, "x", "environment", NULL, environment)), 42);
	many[0] = (char *)"x", many[1] = (char *)"many";
	for (int i = 2; i < 1002; i++)
		many[i] = (char *)"argument";
	EQUALS("execv.DESCRIPTION.thousand_arguments", IN_CHILD(execv(program_path, many)), 1);
	free(many);
}

static void check_kept(void)
{
	char number[16];
	int fd = make_file("kept", 10), gone = open("kept", O_RDONLY | O_CLOEXEC);
	pid_t child;

	snprintf(number, sizeof(number), "%d", fd);
	EQUALS("exec.DESCRIPTION.descriptors_stay",
		IN_CHILD(execl(program_path, "x", "open", number, NULL)), 1);
	snprintf(number, sizeof(number), "%d", gone);
	EQUALS("exec.DESCRIPTION.cloexec_closed",
		IN_CHILD(execl(program_path, "x", "open", number, NULL)), 0);
	EQUALS("exec.DESCRIPTION.ignored_stays",
		IN_CHILD(signal(SIGUSR1, SIG_IGN); execl(program_path, "x", "ignored", NULL)), 1);
	EQUALS("exec.DESCRIPTION.caught_becomes_default",
		IN_CHILD(signal(SIGUSR2, handler); execl(program_path, "x", "default", NULL)), 1);
	child = fork();
	if (child == 0) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGALRM);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGALRM);
		execl(program_path, "x", "mask", NULL);
		_exit(200);
	}
	EQUALS("exec.DESCRIPTION.mask_stays", ended(child), 1);
	child = fork();
	if (child == 0) {
		sigset_t set;

		sigemptyset(&set);
		sigaddset(&set, SIGALRM);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(SIGALRM);
		execl(program_path, "x", "pending", NULL);
		_exit(200);
	}
	EQUALS("exec.DESCRIPTION.pending_stays", ended(child), 1);
	child = fork();
	if (child == 0) {
		snprintf(number, sizeof(number), "%d", (int)getpid());
		execl(program_path, "x", "pid", number, NULL);
		_exit(200);
	}
	EQUALS("exec.DESCRIPTION.pid_stays", ended(child), 1);
	EQUALS("exec.DESCRIPTION.alarm_stays",
		IN_CHILD(alarm(1000); execl(program_path, "x", "alarm", NULL)), 1);
	close(fd), close(gone);
}

static void check_errors(void)
{
	char *args[] = {(char *)"x", NULL};
	int fd = make_file("plain", 100);
	char *big = malloc(1 << 20), *two[3] = {(char *)"x", big, NULL};

	REQUIRE(fd >= 0 && big);
	close(fd);
	FAILS("exec.ERRORS.ENOENT", execv("nothing", args), ENOENT);
	FAILS("exec.ERRORS.ENOENT.empty", execv("", args), ENOENT);
	FAILS("exec.ERRORS.ENOTDIR", execv("plain/x", args), ENOTDIR);
	FAILS("exec.ERRORS.EACCES.not_executable", execv("plain", args), EACCES);
	FAILS("exec.ERRORS.EACCES.directory", execv("/", args), EACCES);
	chmod("plain", 0755);
	FAILS("exec.ERRORS.ENOEXEC", execv("plain", args), ENOEXEC);
	memset(big, 'A', (1 << 20) - 1);
	big[(1 << 20) - 1] = 0;
	FAILS("exec.ERRORS.E2BIG", execv(program_path, two), E2BIG);
	free(big);
	FAILS("execvp.ERRORS.ENOENT", execvp("t-posix-nowhere", args), ENOENT);
}

static void check_script(void)
{
	int fd = open("script", O_RDWR | O_CREAT, 0755), status;
	char *args[] = {(char *)"script", (char *)"37", NULL};
	static const char text[] = "#!/bin/sh\nexit $1\n";

	REQUIRE(fd >= 0 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
	close(fd);
	EQUALS("exec.DECIDED.script", IN_CHILD(execv("./script", args)), 37);
	EQUALS("execvp.DESCRIPTION.slash", IN_CHILD(execvp("./script", args)), 37);
	EQUALS("system.RETURN_VALUE", system("exit 6"), 6 << 8);
	CHECK("system.RETURN_VALUE.null", system(NULL) != 0);
	status = system("kill -TERM $$");
	CHECK("system.RETURN_VALUE.signal", (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) ||
						    WEXITSTATUS(status) == 128 + SIGTERM);
}

static void check_spawn(void)
{
	char *args[] = {(char *)"x", (char *)"status", (char *)"23", NULL};
	char *in[] = {(char *)"x", (char *)"stdin", NULL};
	posix_spawn_file_actions_t actions;
	pid_t child = 0;
	int fd = make_file("in", 10);

	close(fd);
	EQUALS("posix_spawn.RETURN_VALUE",
		posix_spawn(&child, program_path, NULL, NULL, args, environ), 0);
	EQUALS("posix_spawn.DESCRIPTION.status", ended(child), 23);
	EQUALS("posix_spawn.ERRORS.ENOENT",
		posix_spawn(&child, "nothing", NULL, NULL, args, environ), ENOENT);
	EQUALS("posix_spawn_file_actions_init.RETURN_VALUE",
		posix_spawn_file_actions_init(&actions), 0);
	EQUALS("posix_spawn_file_actions_addopen.RETURN_VALUE",
		posix_spawn_file_actions_addopen(&actions, 0, "in", O_RDONLY, 0), 0);
	EQUALS("posix_spawn.RETURN_VALUE.actions",
		posix_spawn(&child, program_path, &actions, NULL, in, environ), 0);
	EQUALS("posix_spawn.DESCRIPTION.opened", ended(child), 'a');
	posix_spawn_file_actions_destroy(&actions);
}

void case_exec(void)
{
	setenv("POSIX_CHILD", "1", 1);
	check_images();
	check_kept();
	check_errors();
	check_script();
}

void case_spawn(void)
{
	setenv("POSIX_CHILD", "1", 1);
	check_spawn();
}
