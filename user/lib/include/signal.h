/* <signal.h>: see sys/signal.h, which holds all that is Quire's own. */
#ifndef _SIGNAL_H_
#define _SIGNAL_H_

#include <sys/signal.h>

__BEGIN_DECLS

typedef int sig_atomic_t;
typedef _sig_func_ptr sig_t;
typedef _sig_func_ptr sighandler_t;
typedef _sig_func_ptr __sighandler_t;

#define SIG_DFL	 ((_sig_func_ptr)0)
#define SIG_IGN	 ((_sig_func_ptr)1)
#define SIG_HOLD ((_sig_func_ptr)2)
#define SIG_ERR	 ((_sig_func_ptr)-1)

_sig_func_ptr signal(int sig, _sig_func_ptr handler);
int raise(int sig);
void psignal(int sig, const char *message);
void psiginfo(const siginfo_t *info, const char *message);

__END_DECLS

#endif
