/*
 * The executor: walks the syntax tree, forks for pipelines, subshells and background commands, and
 * passes on sh.flow. A child made here never returns into the tree above it; it leaves through
 * shell_exit.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sh.h"

/* With -e, a command that failed where nothing looks at its status ends the shell. */
void check_exit_on_error(int status)
{
	if (status != 0 && sh.opt_exit && sh.condition_depth == 0 && sh.flow == FLOW_NONE) {
		sh.status = status;
		sh.flow = FLOW_EXIT;
	}
}

static int exec_condition(const struct node *n)
{
	int status;

	sh.condition_depth++;
	status = exec_node(n, 0);
	sh.condition_depth--;
	return status;
}

static int cannot_fork(void)
{
	shell_error("cannot fork: %s", strerror(errno));
	return STATUS_SYNTAX;
}

static void move_fd(int from, int to)
{
	if (from == to)
		return;
	dup2(from, to);
	close(from);
}

/* Starts every command of a pipeline in the job. Returns 0, or a status when it could not. */
static int start_pipeline(const struct node *pipeline, struct job *j)
{
	const struct node *n;
	int input = -1;

	for (n = pipeline->left; n; n = n->next) {
		int fds[2] = {-1, -1};
		pid_t pid;

		if (n->next && pipe(fds) != 0) {
			shell_error("cannot make a pipe: %s", strerror(errno));
			if (input >= 0)
				close(input);
			return STATUS_SYNTAX;
		}
		pid = job_fork(j);
		if (pid == 0) {
			if (input >= 0)
				move_fd(input, STDIN_FILENO);
			if (n->next) {
				close(fds[0]);
				move_fd(fds[1], STDOUT_FILENO);
			}
			shell_exit(exec_node(n, EXEC_LAST));
		}
		if (input >= 0)
			close(input);
		if (fds[1] >= 0)
			close(fds[1]);
		input = fds[0];
		if (pid < 0) {
			if (input >= 0)
				close(input);
			return cannot_fork();
		}
	}
	return 0;
}

static int exec_pipeline(const struct node *n)
{
	struct job *j = job_new(n->text, true);
	int failed = start_pipeline(n, j);
	int status = job_wait_foreground(j);

	return failed ? failed : status;
}

static int exec_background(const struct node *n)
{
	struct job *j = job_new(n->text, false);
	int failed = 0;
	pid_t pid;

	if (n->left->kind == NODE_PIPE) {
		failed = start_pipeline(n->left, j);
	} else {
		pid = job_fork(j);
		if (pid == 0)
			shell_exit(exec_node(n->left, EXEC_LAST));
		if (pid < 0)
			failed = cannot_fork();
	}
	job_background(j);
	return failed;
}

static int exec_subshell(const struct node *n, unsigned flags)
{
	struct job *j;
	pid_t pid;

	if ((flags & EXEC_LAST) && sh.subshell)
		return exec_node(n->left, flags);
	j = job_new(n->text, true);
	pid = job_fork(j);
	if (pid == 0)
		shell_exit(exec_node(n->left, EXEC_LAST));
	if (pid < 0) {
		job_free(j);
		return cannot_fork();
	}
	return job_wait_foreground(j);
}

/* Runs the command of $(...) and collects what it prints, without the newlines at the end. */
int exec_substitution(const struct node *n, struct strbuf *out)
{
	char buffer[512];
	struct job *j;
	ssize_t got;
	int fds[2];
	pid_t pid;
	int status;

	if (!n)
		return 0;
	if (pipe(fds) != 0) {
		shell_error("cannot make a pipe: %s", strerror(errno));
		shell_fail(STATUS_SYNTAX);
		return STATUS_SYNTAX;
	}
	j = job_new(NULL, true);
	j->own_group = false;
	pid = job_fork(j);
	if (pid == 0) {
		close(fds[0]);
		move_fd(fds[1], STDOUT_FILENO);
		shell_exit(exec_node(n, EXEC_LAST));
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		job_free(j);
		shell_fail(cannot_fork());
		return STATUS_SYNTAX;
	}
	while ((got = read(fds[0], buffer, sizeof(buffer))) != 0) {
		ssize_t i;

		if (got < 0 && (errno != EINTR || sh.interrupted))
			break;
		for (i = 0; i < got; i++)
			if (buffer[i])
				sb_add(out, buffer[i]);
	}
	close(fds[0]);
	while (out->len > 0 && out->s[out->len - 1] == '\n')
		out->s[--out->len] = '\0';
	status = job_wait(j);
	job_free(j);
	return status;
}

static int exec_list(const struct node *list, unsigned flags)
{
	const struct node *n;
	int status = 0;

	for (n = list->left; n && sh.flow == FLOW_NONE; n = n->next)
		status = exec_node(n, n->next ? 0 : flags);
	return status;
}

static int exec_and_or(const struct node *n, unsigned flags)
{
	int status = exec_condition(n->left);

	if (sh.flow == FLOW_NONE && (status == 0) == (n->kind == NODE_AND))
		status = exec_node(n->right, flags);
	return status;
}

static int exec_if(const struct node *n, unsigned flags)
{
	int condition = exec_condition(n->left);

	if (sh.flow != FLOW_NONE)
		return condition;
	if (condition == 0)
		return exec_node(n->right, flags);
	return n->other ? exec_node(n->other, flags) : 0;
}

/* After the body of a loop: whether it ends here, by break, continue N, return or exit. */
static bool loop_ends(void)
{
	if (sh.flow == FLOW_BREAK || sh.flow == FLOW_CONTINUE) {
		bool ends = sh.flow == FLOW_BREAK;

		if (--sh.flow_levels > 0)
			return true;
		sh.flow = FLOW_NONE;
		return ends;
	}
	return sh.flow != FLOW_NONE;
}

static int exec_while(const struct node *n)
{
	int status = 0;

	sh.loop_depth++;
	for (;;) {
		int condition = exec_condition(n->left);

		if (sh.flow != FLOW_NONE) {
			if (loop_ends())
				break;
			continue;
		}
		if ((condition == 0) != (n->kind == NODE_WHILE))
			break;
		status = exec_node(n->right, 0);
		if (loop_ends())
			break;
	}
	sh.loop_depth--;
	return sh.flow == FLOW_NONE ? status : sh.status;
}

static int exec_for(const struct node *n)
{
	struct arena_mark mark = arena_mark(sh.temp);
	struct fields f = {0};
	int status = 0;
	int i;

	if (n->all_args) {
		for (i = 0; i < sh.params.n; i++)
			fields_add(&f, arena_strdup(sh.temp, sh.params.v[i]));
	} else if (!expand_words(n->words, &f)) {
		arena_release(sh.temp, mark);
		return sh.status;
	}
	sh.loop_depth++;
	for (i = 0; i < f.n; i++) {
		if (var_set(n->text, f.v[i]) != 0) {
			shell_fail(STATUS_SYNTAX);
			break;
		}
		status = exec_node(n->right, 0);
		if (loop_ends())
			break;
	}
	sh.loop_depth--;
	arena_release(sh.temp, mark);
	return sh.flow == FLOW_NONE ? status : sh.status;
}

static const struct case_item *find_case(const struct node *n, const char *subject)
{
	const struct case_item *item;
	const struct word *w;

	for (item = n->items; item; item = item->next) {
		for (w = item->patterns; w; w = w->next) {
			char *pattern = expand_pattern(w);

			if (!pattern)
				return NULL;
			if (pattern_match(pattern, subject, strlen(subject)))
				return item;
		}
	}
	return NULL;
}

static int exec_case(const struct node *n, unsigned flags)
{
	struct arena_mark mark = arena_mark(sh.temp);
	char *subject = expand_string(n->words);
	const struct case_item *item = subject ? find_case(n, subject) : NULL;

	arena_release(sh.temp, mark);
	if (sh.flow != FLOW_NONE)
		return sh.status;
	return item && item->body ? exec_node(item->body, flags) : 0;
}

static int exec_not(const struct node *n)
{
	int status = exec_condition(n->left);

	return sh.flow == FLOW_NONE ? !status : status;
}

static int exec_kind(const struct node *n, unsigned flags)
{
	int status;

	switch (n->kind) {
	case NODE_NOT: return exec_not(n);
	case NODE_AND:
	case NODE_OR: return exec_and_or(n, flags);
	case NODE_LIST: return exec_list(n, flags);
	case NODE_BACKGROUND: return exec_background(n);
	case NODE_GROUP: return exec_node(n->left, flags);
	case NODE_IF: return exec_if(n, flags);
	case NODE_WHILE:
	case NODE_UNTIL: return exec_while(n);
	case NODE_FOR: return exec_for(n);
	case NODE_CASE: return exec_case(n, flags);
	case NODE_FUNCTION: function_define(n->text, n->left, current_tree); return 0;
	case NODE_PIPE: status = exec_pipeline(n); break;
	case NODE_SUBSHELL: status = exec_subshell(n, flags); break;
	default: status = exec_simple(n, flags); break;
	}
	check_exit_on_error(status);
	return status;
}

/* Runs a tree and returns its status, which is also left in $?. */
int exec_node(const struct node *n, unsigned flags)
{
	struct saved_fds saved;
	int status;

	if (traps_pending())
		traps_run();
	if (sh.interrupted && sh.interactive) {
		sh.flow = FLOW_ABORT;
		sh.status = STATUS_SIGNAL(SIGINT);
	}
	if (!n || sh.flow != FLOW_NONE || (sh.opt_noexec && !sh.from_terminal))
		return sh.status;
	sh.line = n->line;
	if (n->kind == NODE_SIMPLE || !n->redirs) {
		status = exec_kind(n, flags);
	} else {
		saved_fds_init(&saved);
		status = 1;
		if (redirs_apply(n->redirs, &saved))
			status = exec_kind(n, 0);
		else
			check_exit_on_error(status);
		redirs_restore(&saved);
	}
	if (sh.flow == FLOW_NONE)
		sh.status = status;
	return sh.status;
}
