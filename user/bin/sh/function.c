/*
 * Shell functions. A function's body stays in the arena of the command line that defined it, which
 * lives as long as the function does, or a call of it that is still running.
 */
#include <stdlib.h>
#include <string.h>

#include "sh.h"

#define MAX_CALLS 200 /* deeper is taken for a runaway recursion */

/* The arena of the tree that is being run. */
struct arena *current_tree;

static struct function *functions;

struct function *function_find(const char *name)
{
	struct function *f;

	for (f = functions; f; f = f->next)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

bool function_remove(const char *name)
{
	struct function **at;

	for (at = &functions; *at; at = &(*at)->next) {
		struct function *f = *at;

		if (strcmp(f->name, name) != 0)
			continue;
		*at = f->next;
		arena_unref(f->arena);
		free(f->name);
		free(f);
		return true;
	}
	return false;
}

void function_define(const char *name, const struct node *body, struct arena *a)
{
	struct function *f = xmalloc(sizeof(*f));

	arena_ref(a);
	f->name = xstrdup(name);
	f->body = body;
	f->arena = a;
	function_remove(name);
	f->next = functions;
	functions = f;
}

int function_call(struct function *f, char **argv, int argc)
{
	struct local_var *locals = sh.locals;
	struct arena *outer_tree = current_tree;
	struct params outer = sh.params;
	struct arena *tree = f->arena;
	int outer_loops = sh.loop_depth;
	int status;

	if (sh.function_depth >= MAX_CALLS) {
		shell_error("%s: functions nested too deeply", argv[0]);
		shell_fail(STATUS_SYNTAX);
		return STATUS_SYNTAX;
	}
	arena_ref(tree);
	current_tree = tree;
	sh.params = (struct params){.n = argc - 1, .v = argv + 1};
	sh.function_depth++;
	sh.loop_depth = 0;
	status = exec_node(f->body, 0);
	if (sh.flow == FLOW_RETURN)
		sh.flow = FLOW_NONE;
	sh.loop_depth = outer_loops;
	sh.function_depth--;
	params_free(&sh.params);
	sh.params = outer;
	locals_restore(locals);
	current_tree = outer_tree;
	arena_unref(tree);
	return status;
}
