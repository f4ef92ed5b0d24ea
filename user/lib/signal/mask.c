/* Signal sets and masks, sending signals, and waiting for them. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "../internal.h"

static bool valid(int sig)
{
	return sig > 0 && sig < NSIG;
}

int sigemptyset(sigset_t *set)
{
	*set = 0;
	return 0;
}

int sigfillset(sigset_t *set)
{
	*set = ~1ul;
	return 0;
}

int sigaddset(sigset_t *set, int sig)
{
	if (!valid(sig))
		return (int)__libc_result(-EINVAL);
	*set |= 1ul << sig;
	return 0;
}

int sigdelset(sigset_t *set, int sig)
{
	if (!valid(sig))
		return (int)__libc_result(-EINVAL);
	*set &= ~(1ul << sig);
	return 0;
}

int sigismember(const sigset_t *set, int sig)
{
	if (!valid(sig))
		return (int)__libc_result(-EINVAL);
	return (int)(*set >> sig & 1);
}

/* ------------------------------------------------------------------ the mask */

uint32_t __libc_block_signals(void)
{
	uint32_t old = 0;

	sys_sigprocmask(QUIRE_SIG_SETMASK, ~0u, &old);
	return old;
}

void __libc_restore_signals(uint32_t mask)
{
	sys_sigprocmask(QUIRE_SIG_SETMASK, mask, NULL);
}

static int change_mask(int how, const sigset_t *set, sigset_t *old)
{
	uint32_t before = 0;
	int status;

	if (set && !__libc_readable(set, sizeof(*set)))
		return -EFAULT;
	if (old && !__libc_writable(old, sizeof(*old)))
		return -EFAULT;
	if (set && (how < SIG_SETMASK || how > SIG_UNBLOCK))
		return -EINVAL;
	status = set ? sys_sigprocmask(how, (uint32_t)*set, &before)
		     : sys_sigprocmask(~0, 0, &before);
	if (status >= 0 && old)
		*old = before;
	return status;
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	return (int)__libc_result(change_mask(how, set, old));
}

int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	return -change_mask(how, set, old);
}

int sigpending(sigset_t *set)
{
	uint32_t mask = 0;
	int status = sys_sigpending(&mask);

	if (status >= 0 && !__libc_writable(set, sizeof(*set)))
		status = -EFAULT;
	if (status >= 0)
		*set = mask;
	return (int)__libc_result(status);
}

int sighold(int sig)
{
	sigset_t set = valid(sig) ? 1ul << sig : 0;

	return set ? sigprocmask(SIG_BLOCK, &set, NULL) : (int)__libc_result(-EINVAL);
}

int sigrelse(int sig)
{
	sigset_t set = valid(sig) ? 1ul << sig : 0;

	return set ? sigprocmask(SIG_UNBLOCK, &set, NULL) : (int)__libc_result(-EINVAL);
}

int sigignore(int sig)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	return sigaction(sig, &action, NULL);
}

_sig_func_ptr sigset(int sig, _sig_func_ptr handler)
{
	struct sigaction action = {.sa_handler = handler};
	struct sigaction old;
	sigset_t set = valid(sig) ? 1ul << sig : 0;
	sigset_t before;

	if (!set) {
		errno = EINVAL;
		return SIG_ERR;
	}
	if (sigaction(sig, handler == SIG_HOLD ? NULL : &action, &old) < 0 ||
		sigprocmask(handler == SIG_HOLD ? SIG_BLOCK : SIG_UNBLOCK, &set, &before) < 0)
		return SIG_ERR;
	return before & set ? SIG_HOLD : old.sa_handler;
}

/* ------------------------------------------------------------------ sending */

int kill(pid_t pid, int sig)
{
	return (int)__libc_result(sys_kill(pid, sig));
}

int killpg(pid_t pgrp, int sig)
{
	if (pgrp < 0 || pgrp == 1)
		return (int)__libc_result(-EINVAL);
	return kill(-pgrp, sig);
}

int raise(int sig)
{
	if (sig < 0 || sig >= NSIG)
		return (int)__libc_result(-EINVAL);
	return (int)__libc_result(sys_tkill((int)__libc_gettid(), sig));
}

/* ------------------------------------------------------------------ waiting */

static int suspend(uint32_t mask)
{
	int status;

	__libc_cancel_begin();
	status = sys_sigsuspend(mask);
	__libc_cancel_end();
	return (int)__libc_result(status);
}

int sigsuspend(const sigset_t *mask)
{
	if (!__libc_readable(mask, sizeof(*mask)))
		return (int)__libc_result(-EFAULT);
	return suspend((uint32_t)*mask);
}

int pause(void)
{
	uint32_t mask = 0;

	sys_sigprocmask(~0, 0, &mask);
	return suspend(mask);
}

int sigpause(int sig)
{
	uint32_t mask = 0;

	if (!valid(sig))
		return (int)__libc_result(-EINVAL);
	sys_sigprocmask(~0, 0, &mask);
	return suspend(mask & ~(1u << sig));
}

static int wait_signal(const sigset_t *set, siginfo_t *info, uint64_t until)
{
	struct quire_siginfo kernel_info = {0};
	int sig;

	if (!__libc_readable(set, sizeof(*set)))
		return -EFAULT;
	if (info && !__libc_writable(info, sizeof(*info)))
		return -EFAULT;
	__libc_cancel_begin();
	sig = sys_sigwait((uint32_t)*set, &kernel_info, until);
	__libc_cancel_end();
	if (sig == -ETIMEDOUT)
		return -EAGAIN;
	if (sig > 0 && info) {
		memset(info, 0, sizeof(*info));
		info->si_signo = sig;
		info->si_code = kernel_info.code;
		info->si_pid = kernel_info.pid;
		info->si_status = kernel_info.status;
		info->si_addr = (void *)(uintptr_t)kernel_info.addr;
		info->si_value.sival_int = kernel_info.value;
	}
	return sig;
}

int sigwait(const sigset_t *restrict set, int *restrict sig)
{
	int result;

	do
		result = wait_signal(set, NULL, QUIRE_FOREVER);
	while (result == -EINTR);
	if (result < 0)
		return -result;
	*sig = result;
	return 0;
}

int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info)
{
	return (int)__libc_result(wait_signal(set, info, QUIRE_FOREVER));
}

int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info,
	const struct timespec *restrict timeout)
{
	uint64_t until = QUIRE_FOREVER;

	if (timeout) {
		uint64_t now = sys_clock(QUIRE_CLOCK_MONOTONIC);
		uint64_t ns;

		if (!__libc_timespec_valid(timeout))
			return (int)__libc_result(-EINVAL);
		ns = __libc_timespec_ns(timeout);
		if (ns < QUIRE_FOREVER - 1 - now)
			until = now + ns;
	}
	return (int)__libc_result(wait_signal(set, info, until));
}

/* ------------------------------------------------------------------ jumps that keep the mask */

int __libc_sigsetjmp_mask(sigjmp_buf env, int save);
_Noreturn void __libc_jump(void *registers, int value);

int __libc_sigsetjmp_mask(sigjmp_buf env, int save)
{
	uint32_t mask = 0;

	env->__saved = save;
	if (save)
		sys_sigprocmask(~0, 0, &mask);
	env->__mask = mask;
	return 0;
}

void siglongjmp(sigjmp_buf env, int value)
{
	if (env->__saved)
		sys_sigprocmask(QUIRE_SIG_SETMASK, (uint32_t)env->__mask, NULL);
	__libc_jump(env->__registers, value);
}

/* ------------------------------------------------------------------ describing */

void psignal(int sig, const char *message)
{
	if (message && *message)
		dprintf(STDERR_FILENO, "%s: %s\n", message, strsignal(sig));
	else
		dprintf(STDERR_FILENO, "%s\n", strsignal(sig));
}

void psiginfo(const siginfo_t *info, const char *message)
{
	psignal(info->si_signo, message);
}
