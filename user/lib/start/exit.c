/* The end of a process: exit, atexit and their kin.
 *
 * picolibc's exit leaves what stdio has buffered unwritten, so the whole family is here. Functions
 * are called in the reverse order of registration; one may register others, which run next. Slots
 * beyond the built-in ones come from malloc, so registering rarely fails.
 */
#include <stdlib.h>
#include <unistd.h>
#include <signal.h>
#include "../internal.h"

extern void (*__fini_array_start[])(void), (*__fini_array_end[])(void);

enum handler_kind { PLAIN, WITH_ARG, WITH_STATUS };

struct handler {
	enum handler_kind kind;
	union {
		void (*plain)(void);
		void (*with_arg)(void *);
		void (*with_status)(int, void *);
	} run;
	void *arg;
};

#define BLOCK_HANDLERS 32
struct handler_block {
	struct handler_block *older;
	unsigned int used;
	struct handler handlers[BLOCK_HANDLERS];
};

static struct handler_block first_block;
static struct handler_block *newest = &first_block;
static __libc_lock_t handlers_lock; /* guards newest and the blocks */

static struct handler quick_handlers[BLOCK_HANDLERS];
static unsigned int quick_used;

static int add_handler(struct handler handler)
{
	__libc_lock(&handlers_lock);
	if (newest->used == BLOCK_HANDLERS) {
		struct handler_block *block = malloc(sizeof(*block));

		if (!block) {
			__libc_unlock(&handlers_lock);
			return -1;
		}
		block->older = newest;
		block->used = 0;
		newest = block;
	}
	newest->handlers[newest->used++] = handler;
	__libc_unlock(&handlers_lock);
	return 0;
}

static bool take_handler(struct handler *handler)
{
	bool found = false;

	__libc_lock(&handlers_lock);
	while (newest->used == 0 && newest->older)
		newest = newest->older;
	if (newest->used > 0) {
		*handler = newest->handlers[--newest->used];
		found = true;
	}
	__libc_unlock(&handlers_lock);
	return found;
}

int atexit(void (*function)(void))
{
	return add_handler((struct handler){.kind = PLAIN, .run.plain = function});
}

int on_exit(void (*function)(int, void *), void *arg)
{
	return add_handler(
		(struct handler){.kind = WITH_STATUS, .run.with_status = function, .arg = arg});
}

int __cxa_atexit(void (*function)(void *), void *arg, void *object);
int __cxa_atexit(void (*function)(void *), void *arg, void *object)
{
	(void)object;
	return add_handler(
		(struct handler){.kind = WITH_ARG, .run.with_arg = function, .arg = arg});
}

void exit(int status)
{
	struct handler handler;

	while (take_handler(&handler)) {
		switch (handler.kind) {
		case PLAIN: handler.run.plain(); break;
		case WITH_ARG: handler.run.with_arg(handler.arg); break;
		case WITH_STATUS: handler.run.with_status(status, handler.arg); break;
		}
	}
	for (void (**f)(void) = __fini_array_end; f > __fini_array_start;)
		(*--f)();
	__libc_stdio_flush();
	_exit(status);
}

int at_quick_exit(void (*function)(void))
{
	int result = -1;

	__libc_lock(&handlers_lock);
	if (quick_used < ARRAY_SIZE(quick_handlers)) {
		quick_handlers[quick_used++].run.plain = function;
		result = 0;
	}
	__libc_unlock(&handlers_lock);
	return result;
}

void quick_exit(int status)
{
	while (quick_used > 0)
		quick_handlers[--quick_used].run.plain();
	_exit(status);
}

void _exit(int status)
{
	sys_exit(status & 0xff);
}

void _Exit(int status)
{
	_exit(status);
}

/* Neither a handler that returns nor a blocked or ignored SIGABRT may keep the process alive. */
void abort(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t set = 1u << SIGABRT;

	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGABRT);
	sigaction(SIGABRT, &action, NULL);
	raise(SIGABRT);
	_exit(127);
}
