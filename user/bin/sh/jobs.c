/*
 * Jobs: the processes of one pipeline, and the terminal that the foreground one owns. An
 * interactive shell puts each job in a process group of its own and gives it the terminal, so
 * that ^C reaches the job and not the shell. Where the system has no process groups or no
 * terminal, jobs share the shell's group and everything else works the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sh.h"
#include "../shared/commands.h"

#define MAX_FINISHED 32 /* background jobs whose status a script may still ask for */

static struct job *jobs; /* newest first */
static pid_t shell_group;
static int terminal = -1;

static void take_terminal(pid_t group)
{
	if (sh.job_control)
		tcsetpgrp(terminal, group);
}

void jobs_init(void)
{
	if (!sh.interactive)
		return;
	terminal = fd_move_high(STDIN_FILENO);
	setpgid(0, 0); /* fails, harmlessly, when the shell leads its session */
	shell_group = getpid();
	sh.job_control = terminal >= 0 && tcsetpgrp(terminal, shell_group) == 0;
}

struct job *job_new(const char *text, bool foreground)
{
	struct job *j = xmalloc(sizeof(*j));

	*j = (struct job){.next = jobs, .foreground = foreground};
	j->own_group = sh.job_control;
	j->text = xstrdup(text ? text : "");
	jobs = j;
	return j;
}

void job_free(struct job *j)
{
	struct job **at;

	for (at = &jobs; *at; at = &(*at)->next) {
		if (*at == j) {
			*at = j->next;
			break;
		}
	}
	free(j->procs);
	free(j->text);
	free(j);
}

static void child_setup(struct job *j)
{
	bool background = !j->foreground;
	bool own_group = j->own_group;
	pid_t group = j->group ? j->group : getpid();

	if (own_group) {
		setpgid(0, group);
		if (!background)
			take_terminal(group);
	}
	sh.subshell = true;
	sh.interactive = false;
	sh.job_control = false;
	while (jobs)
		job_free(jobs);
	traps_reset_child(background && !own_group);
	if (background && !own_group) {
		int fd = open("/dev/null", O_RDONLY);

		if (fd > STDIN_FILENO) {
			dup2(fd, STDIN_FILENO);
			close(fd);
		}
	}
}

/* Forks a process of the job; returns as fork does. Both sides set the group, as either may be first. */
pid_t job_fork(struct job *j)
{
	struct process *p;
	pid_t pid = fork();

	if (pid == 0)
		child_setup(j);
	if (pid <= 0)
		return pid;
	if (!j->group)
		j->group = pid;
	if (j->own_group) {
		setpgid(pid, j->group);
		if (j->foreground)
			take_terminal(j->group);
	}
	j->procs = xrealloc(j->procs, (size_t)(j->n_procs + 1) * sizeof(*j->procs));
	p = &j->procs[j->n_procs++];
	*p = (struct process){.pid = pid};
	return pid;
}

static bool job_done(const struct job *j)
{
	int i;

	for (i = 0; i < j->n_procs; i++)
		if (!j->procs[i].done)
			return false;
	return true;
}

static bool job_stopped(const struct job *j)
{
	int i;

	if (job_done(j))
		return false;
	for (i = 0; i < j->n_procs; i++)
		if (!j->procs[i].done && !j->procs[i].stopped)
			return false;
	return true;
}

static int job_status(const struct job *j)
{
	int status = j->n_procs > 0 ? j->procs[j->n_procs - 1].status : STATUS_NOTFOUND << 8;

	if (WIFSTOPPED(status))
		return STATUS_SIGNAL(WSTOPSIG(status));
	if (WIFSIGNALED(status))
		return STATUS_SIGNAL(WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void record(pid_t pid, int status)
{
	struct job *j;
	int i;

	for (j = jobs; j; j = j->next) {
		for (i = 0; i < j->n_procs; i++) {
			if (j->procs[i].pid != pid || j->procs[i].done)
				continue;
			j->procs[i].status = status;
			j->procs[i].stopped = WIFSTOPPED(status);
			j->procs[i].done = !j->procs[i].stopped;
			return;
		}
	}
}

/* Takes in one change of a child. Returns false when there is none (or none yet, with WNOHANG). */
static bool reap(int options)
{
	int status;
	pid_t pid = waitpid(-1, &status, options | (sh.job_control ? WUNTRACED : 0));

	if (pid > 0)
		record(pid, status);
	return pid > 0;
}

/* Waits until the job is done or stopped, whatever signals come. Returns its status. */
int job_wait(struct job *j)
{
	int i;

	while (!job_done(j) && !job_stopped(j)) {
		if (reap(0) || errno == EINTR)
			continue;
		/* No child is left: another wait took it, and its status is lost. */
		for (i = 0; i < j->n_procs; i++)
			j->procs[i].done = true;
	}
	return job_status(j);
}

static void report_signal(const struct job *j)
{
	int status = j->procs[j->n_procs - 1].status;
	int signal_number;

	if (!WIFSIGNALED(status))
		return;
	signal_number = WTERMSIG(status);
	if (signal_number == SIGINT && sh.interactive) {
		if (!sh.interrupted)
			err_str("\n");
		sh.flow = FLOW_ABORT;
		sh.status = STATUS_SIGNAL(SIGINT);
	}
	if (signal_number == SIGINT || signal_number == SIGPIPE)
		return;
	err_str(strsignal(signal_number));
	err_str("\n");
}

static void number_job(struct job *j)
{
	struct job *other;

	if (j->id)
		return;
	j->id = 1;
	for (other = jobs; other; other = other->next)
		if (other != j && other->id >= j->id)
			j->id = other->id + 1;
}

static const char *state_text(const struct job *j, char *scratch, size_t size)
{
	int status;

	if (job_stopped(j))
		return "Stopped";
	if (!job_done(j))
		return "Running";
	if (j->n_procs == 0)
		return "Failed";
	status = j->procs[j->n_procs - 1].status;
	if (WIFSIGNALED(status))
		return strsignal(WTERMSIG(status));
	if (WEXITSTATUS(status) == 0)
		return "Done";
	snprintf(scratch, size, "Done(%d)", WEXITSTATUS(status));
	return scratch;
}

static struct job *current_job(void)
{
	struct job *j;

	for (j = jobs; j; j = j->next)
		if (j->id && job_stopped(j))
			return j;
	for (j = jobs; j && !j->id; j = j->next)
		continue;
	return j;
}

static void print_job(const struct job *j, void (*put)(const char *))
{
	char scratch[16];
	char line[64];

	snprintf(line, sizeof(line), "[%d]%c  %-22s  ", j->id, j == current_job() ? '+' : ' ',
		state_text(j, scratch, sizeof(scratch)));
	put(line);
	put(j->text);
	if (!job_done(j) && !job_stopped(j))
		put(" &");
	put("\n");
}

/* Waits for a job that has the terminal, takes the terminal back and lets go of the job. */
int job_wait_foreground(struct job *j)
{
	int status = job_wait(j);

	if (j->own_group)
		take_terminal(shell_group);
	if (job_stopped(j)) {
		j->foreground = false;
		number_job(j);
		err_str("\n");
		print_job(j, err_str);
		return status;
	}
	if (j->n_procs > 0)
		report_signal(j);
	job_free(j);
	return status;
}

/* Forgets the oldest finished jobs that no one asked for. */
static void forget_finished(void)
{
	struct job *j;
	struct job *next;
	int finished = 0;

	for (j = jobs; j; j = next) {
		next = j->next;
		if (j->id && job_done(j) && ++finished > MAX_FINISHED)
			job_free(j);
	}
}

void job_background(struct job *j)
{
	char line[40];

	if (j->n_procs == 0) {
		job_free(j);
		return;
	}
	number_job(j);
	sh.last_background = j->procs[j->n_procs - 1].pid;
	while (reap(WNOHANG))
		continue;
	forget_finished();
	if (sh.interactive) {
		snprintf(line, sizeof(line), "[%d] %ld\n", j->id, (long)sh.last_background);
		err_str(line);
	}
}

/* Before a prompt: tells of background jobs that ended or stopped. */
void jobs_notify(void)
{
	struct job *j;
	struct job *next;

	while (reap(WNOHANG))
		continue;
	for (j = jobs; j; j = next) {
		next = j->next;
		if (!j->id)
			continue;
		if (job_done(j)) {
			print_job(j, err_str);
			job_free(j);
		} else if (job_stopped(j) && !j->notified) {
			j->notified = true;
		}
	}
}

/* %n, %%, %+, %prefix or a process id. */
static struct job *find_job(const char *spec)
{
	struct job *j;
	char *end;
	long n;
	int i;

	if (!spec)
		return current_job();
	if (*spec == '%') {
		spec++;
		if (!*spec || strcmp(spec, "%") == 0 || strcmp(spec, "+") == 0)
			return current_job();
		n = strtol(spec, &end, 10);
		for (j = jobs; j; j = j->next)
			if (j->id &&
				(*end ? strncmp(j->text, spec, strlen(spec)) == 0 : j->id == n))
				return j;
		return NULL;
	}
	n = strtol(spec, &end, 10);
	if (end == spec || *end)
		return NULL;
	for (j = jobs; j; j = j->next)
		for (i = 0; i < j->n_procs; i++)
			if (j->id && j->procs[i].pid == n)
				return j;
	return NULL;
}

static struct job *named_job(const char *command, const char *spec)
{
	struct job *j = find_job(spec);

	if (!j)
		shell_error("%s: %s: no such job", command, spec ? spec : "current");
	return j;
}

static void print_pids(const struct job *j)
{
	out_fmt("%ld\n", (long)j->group);
}

int builtin_jobs(int argc, char **argv)
{
	bool pids = argc > 1 && strcmp(argv[1], "-p") == 0;
	int id;
	int last = 0;
	struct job *j;
	struct job *next;

	while (reap(WNOHANG))
		continue;
	for (j = jobs; j; j = j->next)
		if (j->id > last)
			last = j->id;
	for (id = 1; id <= last; id++)
		for (j = jobs; j; j = j->next) {
			if (j->id != id)
				continue;
			if (pids)
				print_pids(j);
			else
				print_job(j, out_str);
		}
	for (j = jobs; j; j = next) {
		next = j->next;
		if (j->id && job_done(j) && sh.interactive)
			job_free(j);
	}
	return 0;
}

static void continue_job(struct job *j)
{
	int i;

	for (i = 0; i < j->n_procs; i++)
		j->procs[i].stopped = false;
	j->notified = false;
	if (j->own_group)
		kill(-j->group, SIGCONT);
	else
		for (i = 0; i < j->n_procs; i++)
			kill(j->procs[i].pid, SIGCONT);
}

int builtin_fg(int argc, char **argv)
{
	struct job *j = named_job("fg", argc > 1 ? argv[1] : NULL);

	if (!j)
		return 1;
	out_str(j->text);
	out_str("\n");
	out_flush();
	j->foreground = true;
	if (j->own_group)
		take_terminal(j->group);
	if (!job_done(j))
		continue_job(j);
	return job_wait_foreground(j);
}

int builtin_bg(int argc, char **argv)
{
	struct job *j = named_job("bg", argc > 1 ? argv[1] : NULL);

	if (!j)
		return 1;
	continue_job(j);
	print_job(j, out_str);
	return 0;
}

/* Waits like job_wait, but a trapped signal or ^C ends it. */
static int wait_interruptibly(struct job *j)
{
	int status;

	while (!job_done(j) && !job_stopped(j)) {
		if (traps_pending() || sh.interrupted)
			return STATUS_SIGNAL(SIGINT);
		if (!reap(0) && errno != EINTR)
			return STATUS_NOTFOUND;
	}
	status = job_status(j);
	if (job_done(j))
		job_free(j);
	return status;
}

int builtin_wait(int argc, char **argv)
{
	struct job *j;
	int status = 0;
	int i;

	for (i = 1; i < argc; i++) {
		j = find_job(argv[i]);
		status = j ? wait_interruptibly(j) : STATUS_NOTFOUND;
	}
	while (argc == 1) {
		for (j = jobs; j && (!j->id || job_stopped(j)); j = j->next)
			continue;
		if (!j)
			break;
		status = wait_interruptibly(j);
		if (traps_pending() || sh.interrupted)
			return status;
		status = 0;
	}
	return status;
}

static int kill_job(const char *spec, int number)
{
	struct job *j = named_job("kill", spec);
	int status = 0;
	int i;

	if (!j)
		return 1;
	if (j->own_group) {
		status = kill(-j->group, number);
		if (status == 0 && (number == SIGTERM || number == SIGHUP) && job_stopped(j))
			kill(-j->group, SIGCONT);
	} else {
		for (i = 0; i < j->n_procs; i++)
			if (!j->procs[i].done)
				status |= kill(j->procs[i].pid, number);
	}
	if (status != 0)
		shell_error("kill: %s: %s", spec, strerror(errno));
	return status != 0;
}

int builtin_kill(int argc, char **argv)
{
	return kill_command(argc, argv, out_write, shell_error, kill_job);
}
