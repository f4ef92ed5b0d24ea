/* sigaltstack, and jumping out of handlers. */
#include "../posix.h"

static volatile int on_alternate, flags_inside, change_error;
static char *alternate;
static sigjmp_buf back;

static void look(int sig)
{
	char here;
	stack_t now, other = {.ss_sp = alternate, .ss_size = SIGSTKSZ};

	(void)sig;
	on_alternate = &here >= alternate && &here < alternate + SIGSTKSZ;
	sigaltstack(NULL, &now);
	flags_inside = now.ss_flags;
	change_error = sigaltstack(&other, NULL) == 0 ? 0 : errno;
}

static void jump(int sig)
{
	siglongjmp(back, sig);
}

static int overflow(int n)
{
	volatile char room[4096];

	room[0] = (char)n;
	return n == 0 ? 0 : overflow(n + 1) + room[0];
}

void case_sigaltstack(void)
{
	stack_t stack, old;
	struct sigaction action = {.sa_handler = look, .sa_flags = SA_ONSTACK};
	pid_t child;

	alternate = malloc(SIGSTKSZ);
	REQUIRE(alternate);
	EQUALS("sigaltstack.RETURN_VALUE.ask", sigaltstack(NULL, &old), 0);
	EQUALS("sigaltstack.DESCRIPTION.disabled_at_first", old.ss_flags, SS_DISABLE);
	stack.ss_sp = alternate, stack.ss_size = 100, stack.ss_flags = 0;
	FAILS("sigaltstack.ERRORS.ENOMEM", sigaltstack(&stack, NULL), ENOMEM);
#ifndef HOST /* where the constant may be more than what the kernel insists on */
	stack.ss_size = (size_t)MINSIGSTKSZ - 1;
	FAILS("sigaltstack.ERRORS.ENOMEM.just_too_small", sigaltstack(&stack, NULL), ENOMEM);
#endif
	stack.ss_size = SIGSTKSZ, stack.ss_flags = 0x40;
	FAILS("sigaltstack.ERRORS.EINVAL", sigaltstack(&stack, NULL), EINVAL);
	stack.ss_flags = 0;
	EQUALS("sigaltstack.RETURN_VALUE", sigaltstack(&stack, NULL), 0);
	sigaltstack(NULL, &old);
	CHECK("sigaltstack.DESCRIPTION.set",
		old.ss_sp == alternate && old.ss_size == (size_t)SIGSTKSZ && old.ss_flags == 0);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	EQUALS("sigaction.DESCRIPTION.SA_ONSTACK", on_alternate, 1);
	EQUALS("sigaltstack.DESCRIPTION.SS_ONSTACK", flags_inside, SS_ONSTACK);
	EQUALS("sigaltstack.ERRORS.EPERM", change_error, EPERM);
	action.sa_flags = 0;
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	EQUALS("sigaction.DESCRIPTION.without_SA_ONSTACK", on_alternate, 0);
	stack.ss_flags = 0;
	sigaltstack(&stack, NULL);

	/* A stack that overflows: the handler runs on the other one, and can leave by a jump. */
	action.sa_handler = jump;
	action.sa_flags = SA_ONSTACK;
	child = fork();
	if (child == 0) {
		int sig;

		sigaction(SIGSEGV, &action, NULL);
		sigaction(SIGBUS, &action, NULL);
		sig = sigsetjmp(back, 1);
		if (sig == 0)
			overflow(1);
		CHECK("sigaltstack.DESCRIPTION.stack_overflow", sig == SIGSEGV || sig == SIGBUS);
		sig = sigsetjmp(back, 1);
		if (sig == 0)
			overflow(1);
		CHECK("siglongjmp.DESCRIPTION.off_alternate_again",
			sig == SIGSEGV || sig == SIGBUS);
		_exit(0);
	}
	EQUALS("sigaltstack.DESCRIPTION.overflow_survived", ended(child), 0);
	stack.ss_flags = SS_DISABLE;
	EQUALS("sigaltstack.RETURN_VALUE.disable", sigaltstack(&stack, NULL), 0);
	sigaltstack(NULL, &old);
	EQUALS("sigaltstack.DESCRIPTION.disabled", old.ss_flags, SS_DISABLE);
	free(alternate);
}

void case_siglongjmp(void)
{
	sigset_t now;
	int rounds = 0;
	volatile int sum = 0;

	signal(SIGUSR1, jump);
	for (volatile int i = 0; i < 20; i++) {
		int sig = sigsetjmp(back, 1);

		if (sig == 0) {
			raise(SIGUSR1);
			sum += 1000;
		} else {
			sum += sig == SIGUSR1;
		}
		rounds++;
	}
	EQUALS("siglongjmp.DESCRIPTION.out_of_handler", sum, 20);
	sigprocmask(SIG_BLOCK, NULL, &now);
	CHECK("siglongjmp.DESCRIPTION.mask_restored", !sigismember(&now, SIGUSR1));
	if (sigsetjmp(back, 0) == 0)
		raise(SIGUSR1);
	sigprocmask(SIG_BLOCK, NULL, &now);
	CHECK("sigsetjmp.DESCRIPTION.mask_not_saved", sigismember(&now, SIGUSR1) == 1);
	sigemptyset(&now);
	sigprocmask(SIG_SETMASK, &now, NULL);
	if (sigsetjmp(back, 1) == 0)
		siglongjmp(back, 0);
	else
		rounds = -1;
	EQUALS("siglongjmp.DESCRIPTION.0_becomes_1", rounds, -1);
	signal(SIGUSR1, SIG_DFL);
}
