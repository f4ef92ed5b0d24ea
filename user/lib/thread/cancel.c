/* Cancellation.
 *
 * A request is a flag and a signal. In a call that is a cancellation point the handler ends the thread
 * there and then; in a wait that must take a mutex back first (a condition variable) it changes the
 * word waited for, and the wait ends itself. Elsewhere the flag waits for the next point.
 */
#include <pthread.h>
#include <signal.h>
#include "thread.h"

static bool may_end_now(void)
{
	struct __libc_thread *self = &__libc_self;

	return self->cancel && !self->cancel_disabled &&
	       (self->at_cancel_point || self->cancel_async);
}

static void on_cancel(int sig)
{
	struct __libc_thread *self = &__libc_self;
	volatile uint32_t *word = self->wait_word;

	(void)sig;
	if (may_end_now()) {
		sigset_t set = 1ul << SIGCANCEL_NP;

		sigprocmask(SIG_UNBLOCK, &set, NULL);
		pthread_exit(PTHREAD_CANCELED);
	}
	if (word && self->cancel && !self->cancel_disabled)
		__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
}

static void install(void)
{
	struct sigaction action = {.sa_handler = on_cancel};

	sigaction(SIGCANCEL_NP, &action, NULL);
}

int pthread_cancel(pthread_t thread)
{
	static pthread_once_t installed = PTHREAD_ONCE_INIT;
	struct __libc_thread *t;
	int error = ESRCH;

	pthread_once(&installed, install);
	__libc_threads_lock();
	t = __libc_thread_check_locked(thread);
	if (t) {
		t->cancel = 1;
		error = t == &__libc_self || t->exiting ? 0 : -sys_tkill((int)t->tid, SIGCANCEL_NP);
	}
	__libc_threads_unlock();
	if (t == &__libc_self && may_end_now())
		pthread_exit(PTHREAD_CANCELED);
	return error;
}

void pthread_testcancel(void)
{
	if (__libc_self.cancel && !__libc_self.cancel_disabled)
		pthread_exit(PTHREAD_CANCELED);
}

int pthread_setcancelstate(int state, int *old)
{
	if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
		return EINVAL;
	if (old)
		*old = (int)__libc_self.cancel_disabled;
	__libc_self.cancel_disabled = (uint32_t)state;
	if (may_end_now())
		pthread_exit(PTHREAD_CANCELED);
	return 0;
}

int pthread_setcanceltype(int type, int *old)
{
	if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
		return EINVAL;
	if (old)
		*old = (int)__libc_self.cancel_async;
	__libc_self.cancel_async = (uint32_t)type;
	if (may_end_now())
		pthread_exit(PTHREAD_CANCELED);
	return 0;
}

void __pthread_cleanup_push(struct __pthread_cleanup *cleanup)
{
	cleanup->next = __libc_self.cleanup;
	__libc_self.cleanup = cleanup;
}

void __pthread_cleanup_pop(struct __pthread_cleanup *cleanup, int execute)
{
	__libc_self.cleanup = cleanup->next;
	if (execute)
		cleanup->run(cleanup->arg);
}
