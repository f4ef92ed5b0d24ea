/* exec in all its spellings.
 *
 * Everything here must work in the child of vfork and in a signal handler, so memory comes from
 * mmap, not from malloc: one mapping that holds the strings in the form the kernel takes them.
 * A file that begins with #! is run by the interpreter it names, as many as four deep.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <quire/fs.h>
#include "../internal.h"

#define SCRIPT_DEPTH 4
#define SCRIPT_LINE  256
#define SHELL	     "/bin/sh"
#define DEFAULT_PATH "/bin:/usr/bin"

extern char **environ;

/* The arguments in front of argv[1..]: an interpreter, its one argument and the script's path. */
struct prefix {
	const char *words[2 * SCRIPT_DEPTH + 2];
	unsigned int count;
	char lines[SCRIPT_DEPTH][SCRIPT_LINE];
	unsigned int lines_used;
};

static size_t count_strings(char *const strings[], size_t *bytes)
{
	size_t count = 0;

	for (; strings && strings[count]; count++)
		*bytes += strlen(strings[count]) + 1;
	return count;
}

static char *copy_string(char *to, const char *from)
{
	return stpcpy(to, from) + 1;
}

/* Calls the kernel with the strings laid out one after another. Returns only an error. */
static int run(int fd, const char *path, const struct prefix *prefix, char *const argv[],
	char *const envp[])
{
	struct quire_exec exec = {0};
	const char *name = strrchr(path, '/');
	size_t bytes = 0;
	size_t argc = count_strings(argv, &bytes);
	size_t envc = count_strings(envp, &bytes);
	long memory;
	char *at;
	int status;

	for (unsigned int i = 0; i < prefix->count; i++)
		bytes += strlen(prefix->words[i]) + 1;
	if (bytes > QUIRE_ARG_MAX)
		return -E2BIG;
	memory = sys_mmap(0, bytes + 1, QUIRE_PROT_READ | QUIRE_PROT_WRITE,
		QUIRE_MAP_PRIVATE | QUIRE_MAP_ANON, -1, 0);
	if (quire_is_error(memory))
		return (int)memory;
	at = (char *)memory;
	for (unsigned int i = 0; i < prefix->count; i++)
		at = copy_string(at, prefix->words[i]);
	/* The prefix stands for argv[0]. */
	for (size_t i = prefix->count && argc ? 1 : 0; i < argc; i++)
		at = copy_string(at, argv[i]);
	for (size_t i = 0; i < envc; i++)
		at = copy_string(at, envp[i]);
	exec.args = (uint32_t)memory;
	exec.args_size = (uint32_t)(at - (char *)memory);
	exec.argc = (uint32_t)(prefix->count + argc - (prefix->count && argc ? 1 : 0));
	exec.envc = (uint32_t)envc;
	exec.name = (uint32_t)(name ? name + 1 : path);
	__libc_umask_carry();
	status = sys_exec(fd, &exec);
	sys_munmap((uint32_t)memory, bytes + 1);
	return status;
}

/* Splits "#! interpreter argument" in place. False when there is no interpreter. */
static bool split_line(char *line, char **interpreter, char **argument)
{
	char *end;

	line += 2;
	line[strcspn(line, "\n")] = '\0';
	line += strspn(line, " \t");
	end = line + strlen(line);
	while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		*--end = '\0';
	*interpreter = line;
	line += strcspn(line, " \t");
	*argument = NULL;
	if (*line) {
		*line++ = '\0';
		line += strspn(line, " \t");
		*argument = line;
	}
	return **interpreter != '\0';
}

static int check_image(int fd)
{
	struct fs_stat st;
	int status = __libc_stat_fd(fd, &st);

	if (status < 0)
		return status;
	return S_ISREG(st.mode) && (st.mode & 0111) ? 0 : -EACCES;
}

/* Puts an interpreter in front. The script's own path comes next. */
static int add_interpreter(struct prefix *prefix, const char *script, char *line)
{
	char *interpreter, *argument;
	unsigned int shift;

	if (!split_line(line, &interpreter, &argument))
		return -ENOEXEC;
	/* An interpreter that is a script itself is already the first word. */
	if (prefix->count == 0)
		prefix->words[prefix->count++] = script;
	shift = argument ? 2 : 1;
	memmove(prefix->words + shift, prefix->words, prefix->count * sizeof(prefix->words[0]));
	prefix->words[0] = interpreter;
	if (argument)
		prefix->words[1] = argument;
	prefix->count += shift;
	return 0;
}

/* Takes over the descriptor. Returns only an error. */
static int exec_descriptor(int fd, const char *path, char *const argv[], char *const envp[])
{
	struct prefix prefix = {0};
	int status;

	for (;;) {
		char *line = prefix.lines[prefix.lines_used];
		long got;

		status = check_image(fd);
		if (status < 0)
			break;
		got = sys_pread(fd, line, SCRIPT_LINE - 1, 0);
		if (got < 0) {
			status = (int)got;
			break;
		}
		if (got < 2 || line[0] != '#' || line[1] != '!') {
			status = run(fd, path, &prefix, argv, envp);
			break;
		}
		line[got] = '\0';
		if (++prefix.lines_used == SCRIPT_DEPTH) {
			status = -ELOOP;
			break;
		}
		status = add_interpreter(&prefix, path, line);
		if (status < 0)
			break;
		sys_close(fd);
		path = prefix.words[0];
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
	}
	sys_close(fd);
	return status;
}

static int exec_path(const char *path, char *const argv[], char *const envp[])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == EISDIR ? -EACCES : -errno;
	return exec_descriptor(fd, path, argv, envp);
}

int execve(const char *path, char *const argv[], char *const envp[])
{
	return (int)__libc_result(exec_path(path, argv, envp));
}

int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

/* The image may already be close-on-exec; what the new one is called nobody knows. */
int fexecve(int fd, char *const argv[], char *const envp[])
{
	int copy = dup(fd);

	if (copy < 0)
		return -1;
	fcntl(copy, F_SETFD, FD_CLOEXEC);
	return (int)__libc_result(
		exec_descriptor(copy, argv && argv[0] ? argv[0] : "", argv, envp));
}

/* ------------------------------------------------------------------ search by PATH */

/* What execvp does with a file that the kernel can't run: gives it to the shell. */
static int exec_by_shell(const char *path, char *const argv[], char *const envp[])
{
	size_t argc = 0;
	long memory;
	char **words;
	int status;

	while (argv && argv[argc])
		argc++;
	memory = sys_mmap(0, (argc + 3) * sizeof(char *), QUIRE_PROT_READ | QUIRE_PROT_WRITE,
		QUIRE_MAP_PRIVATE | QUIRE_MAP_ANON, -1, 0);
	if (quire_is_error(memory))
		return (int)memory;
	words = (char **)memory;
	words[0] = (char *)(uintptr_t)SHELL;
	words[1] = (char *)(uintptr_t)path;
	for (size_t i = 1; i < argc; i++)
		words[i + 1] = argv[i];
	words[argc > 1 ? argc + 1 : 2] = NULL;
	status = exec_path(SHELL, words, envp);
	sys_munmap((uint32_t)memory, (argc + 3) * sizeof(char *));
	return status;
}

static int exec_or_shell(const char *path, char *const argv[], char *const envp[])
{
	int status = exec_path(path, argv, envp);

	return status == -ENOEXEC ? exec_by_shell(path, argv, envp) : status;
}

static const char *search_path(void)
{
	for (char **entry = environ; entry && *entry; entry++) {
		if (strncmp(*entry, "PATH=", 5) == 0)
			return *entry + 5;
	}
	return DEFAULT_PATH;
}

static int exec_search(const char *file, char *const argv[], char *const envp[])
{
	char path[PATH_MAX];
	int result = -ENOENT;

	if (!*file)
		return -ENOENT;
	if (strchr(file, '/'))
		return exec_or_shell(file, argv, envp);
	for (const char *dir = search_path();;) {
		size_t len = strcspn(dir, ":");
		int status;

		if (len + strlen(file) + 2 <= sizeof(path)) {
			memcpy(path, dir, len);
			if (len)
				path[len++] = '/';
			strcpy(path + len, file);
			status = exec_or_shell(path, argv, envp);
			if (status == -EACCES)
				result = status;
			else if (status != -ENOENT && status != -ENOTDIR)
				return status;
		}
		dir += strcspn(dir, ":");
		if (*dir++ != ':')
			return result;
	}
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
	return (int)__libc_result(exec_search(file, argv, envp));
}

int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

/* ------------------------------------------------------------------ arguments one by one */

static size_t count_args(va_list args)
{
	size_t count = 1;

	while (va_arg(args, char *))
		count++;
	return count;
}

/* By reference: what follows the list (execle's environment) is the caller's to take. */
static void take_args(char **argv, const char *first, va_list *args)
{
	*argv = (char *)(uintptr_t)first;
	while (*argv)
		*++argv = va_arg(*args, char *);
}

#define LIST_ARGUMENTS(argv, first)        \
	va_list args;                      \
	size_t count = 1;                  \
	va_start(args, first);             \
	if (first)                         \
		count += count_args(args); \
	va_end(args);                      \
	char *argv[count];                 \
	va_start(args, first);             \
	take_args(argv, first, &args)

int execl(const char *path, const char *arg, ...)
{
	LIST_ARGUMENTS(argv, arg);
	va_end(args);
	return execve(path, argv, environ);
}

int execle(const char *path, const char *arg, ...)
{
	char **envp;

	LIST_ARGUMENTS(argv, arg);
	envp = va_arg(args, char **);
	va_end(args);
	return execve(path, argv, envp);
}

int execlp(const char *file, const char *arg, ...)
{
	LIST_ARGUMENTS(argv, arg);
	va_end(args);
	return execvpe(file, argv, environ);
}

int execlpe(const char *file, const char *arg, ...)
{
	char **envp;

	LIST_ARGUMENTS(argv, arg);
	envp = va_arg(args, char **);
	va_end(args);
	return execvpe(file, argv, envp);
}
