/* sigaction, and the way from the kernel to a program's handler.
 *
 * The kernel always enters deliver() here, never the program's function: errno is the thread's and
 * must survive, a message the handler sends must not spoil one being built, and a handler with
 * SA_SIGINFO wants POSIX's structures instead of the kernel's. What to call is in a table of single
 * words, so that changing one is atomic: the function's address, with the lowest bit (which no
 * function's has) saying SA_SIGINFO.
 */
#include <signal.h>
#include <string.h>
#include "../internal.h"
#include "../proc/numbers.h"

_Static_assert(SA_SIGINFO == QUIRE_SA_SIGINFO && SA_ONSTACK == QUIRE_SA_ONSTACK &&
		       SA_RESTART == QUIRE_SA_RESTART && SA_NODEFER == QUIRE_SA_NODEFER &&
		       SA_RESETHAND == QUIRE_SA_RESETHAND && SA_NOCLDSTOP == QUIRE_SA_NOCLDSTOP &&
		       SA_NOCLDWAIT == QUIRE_SA_NOCLDWAIT,
	"sigaction flags are the kernel's");
_Static_assert(SIGCHLD == QSIGCHLD && SIGSEGV == QSIGSEGV && SIGUSR2 == QSIGUSR2 &&
		       SIG_BLOCK == QUIRE_SIG_BLOCK && SIG_UNBLOCK == QUIRE_SIG_UNBLOCK,
	"signal numbers are the kernel's");
_Static_assert(SYS_VFORK == QUIRE_VFORK_NUMBER && SYS_SIGRETURN == QUIRE_SIGRETURN_NUMBER,
	"numbers.h agrees with abi.h");
_Static_assert(sizeof(stack_t) == sizeof(struct quire_stack) &&
		       offsetof(stack_t, ss_size) == offsetof(struct quire_stack, size),
	"stack_t is the kernel's");
_Static_assert(NGREG == ARRAY_SIZE(((struct quire_sigframe *)0)->regs),
	"the registers of a ucontext_t are the frame's");

#define WITH_INFO 1u

void __libc_sigreturn(void);

static volatile uint32_t handlers[NSIG];

static void convert_info(siginfo_t *to, const struct quire_siginfo *from)
{
	memset(to, 0, sizeof(*to));
	to->si_signo = from->signo;
	to->si_code = from->code;
	to->si_pid = from->pid;
	to->si_status = from->status;
	to->si_addr = (void *)(uintptr_t)from->addr;
	to->si_value.sival_int = from->value;
}

static void call_with_info(uintptr_t handler, int sig, struct quire_sigframe *frame)
{
	siginfo_t info;
	ucontext_t context;

	convert_info(&info, &frame->info);
	memset(&context, 0, sizeof(context));
	memcpy(context.uc_mcontext.__gregs, frame->regs, sizeof(frame->regs));
	context.uc_sigmask = frame->mask;
	sys_sigaltstack(NULL, (struct quire_stack *)&context.uc_stack);
	((void (*)(int, siginfo_t *, void *))handler)(sig, &info, &context);
	memcpy(frame->regs, context.uc_mcontext.__gregs, sizeof(frame->regs));
	frame->mask = (uint32_t)context.uc_sigmask;
}

static void call(int sig, struct quire_sigframe *frame)
{
	uint32_t word = handlers[sig];

	if (word & WITH_INFO)
		call_with_info(word & ~WITH_INFO, sig, frame);
	else if (word > QUIRE_SIG_IGN)
		((void (*)(int))(uintptr_t)word)(sig);
}

/* The interrupted code is between filling its message buffer and reading the answer. Not inlined:
 * only then is a page of stack spent. */
static __attribute__((__noinline__)) void call_with_saved_buffer(
	int sig, struct quire_sigframe *frame)
{
	struct quire_msgbuf saved;
	struct quire_msgbuf *buffer = ipc_buffer();

	memcpy(&saved, buffer, sizeof(saved));
	__libc_self.msgbuf_busy = 0;
	call(sig, frame);
	__libc_self.msgbuf_busy = 1;
	memcpy(ipc_buffer(), &saved, sizeof(saved));
}

static void deliver(int sig, struct quire_siginfo *info, struct quire_sigframe *frame)
{
	int saved_errno = errno;

	(void)info;
	if (__libc_self.msgbuf_busy)
		call_with_saved_buffer(sig, frame);
	else
		call(sig, frame);
	errno = saved_errno;
}

static int set_action(int sig, const struct sigaction *action, struct sigaction *old)
{
	struct quire_sigaction kernel_action, kernel_old;
	uint32_t old_word;
	int status;

	if (sig <= 0 || sig >= NSIG)
		return -EINVAL;
	if (action && !__libc_readable(action, sizeof(*action)))
		return -EFAULT;
	if (old && !__libc_writable(old, sizeof(*old)))
		return -EFAULT;
	old_word = handlers[sig];
	if (action) {
		uint32_t function = (uint32_t)(uintptr_t)action->sa_handler;

		if (sig == SIGKILL || sig == SIGSTOP)
			return -EINVAL;
		kernel_action = (struct quire_sigaction){.handler = function,
			.mask = (uint32_t)action->sa_mask,
			.flags = (uint32_t)action->sa_flags,
			.restorer = (uint32_t)(uintptr_t)__libc_sigreturn};
		if (function > QUIRE_SIG_IGN) {
			kernel_action.handler = (uint32_t)(uintptr_t)deliver;
			handlers[sig] = function | (action->sa_flags & SA_SIGINFO ? WITH_INFO : 0);
		}
	}
	status = sys_sigaction(sig, action ? &kernel_action : NULL, &kernel_old);
	if (status < 0)
		return status;
	if (old) {
		memset(old, 0, sizeof(*old));
		old->sa_handler = (_sig_func_ptr)(uintptr_t)(kernel_old.handler > QUIRE_SIG_IGN
								     ? old_word & ~WITH_INFO
								     : kernel_old.handler);
		old->sa_mask = kernel_old.mask;
		old->sa_flags = (int)kernel_old.flags;
	}
	return 0;
}

int sigaction(int sig, const struct sigaction *restrict action, struct sigaction *restrict old)
{
	return (int)__libc_result(set_action(sig, action, old));
}

/* As in BSD and Linux: the handler stays, and interrupted calls go on. */
_sig_func_ptr signal(int sig, _sig_func_ptr handler)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
	struct sigaction old;

	if (handler == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	return sigaction(sig, &action, &old) < 0 ? SIG_ERR : old.sa_handler;
}

int siginterrupt(int sig, int flag)
{
	struct sigaction action;

	if (sigaction(sig, NULL, &action) < 0)
		return -1;
	if (flag)
		action.sa_flags &= ~SA_RESTART;
	else
		action.sa_flags |= SA_RESTART;
	return sigaction(sig, &action, NULL);
}

int sigaltstack(const stack_t *restrict stack, stack_t *restrict old)
{
	const struct quire_stack disabled = {.flags = SS_DISABLE};
	const struct quire_stack *wanted = (const struct quire_stack *)stack;

	if (stack && !__libc_readable(stack, sizeof(*stack)))
		return (int)__libc_result(-EFAULT);
	if (stack && stack->ss_flags == SS_DISABLE)
		wanted = &disabled; /* its address and size mean nothing */
	else if (stack && stack->ss_flags & ~SS_ONSTACK)
		return (int)__libc_result(-EINVAL);
	else if (stack && stack->ss_size < MINSIGSTKSZ)
		return (int)__libc_result(-ENOMEM);
	return (int)__libc_result(sys_sigaltstack(wanted, (struct quire_stack *)old));
}
