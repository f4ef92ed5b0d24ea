/* Waiting for children. Status words are the kernel's. */
#ifndef _SYS_WAIT_H
#define _SYS_WAIT_H

#include <sys/cdefs.h>
#include <sys/types.h>
#include <signal.h>
#include <sys/resource.h>

__BEGIN_DECLS

#define WNOHANG	   1
#define WUNTRACED  2
#define WSTOPPED   2
#define WEXITED	   4
#define WCONTINUED 8
#define WNOWAIT	   0x10

#define WIFEXITED(w)	(((w)&0xff) == 0)
#define WIFSIGNALED(w)	(((w)&0x7f) > 0 && ((w)&0x7f) < 0x7f)
#define WIFSTOPPED(w)	(((w)&0xff) == 0x7f)
#define WIFCONTINUED(w) ((w) == 0xffff)
#define WEXITSTATUS(w)	(((w) >> 8) & 0xff)
#define WTERMSIG(w)	((w)&0x7f)
#define WSTOPSIG(w)	WEXITSTATUS(w)
#define WCOREDUMP(w)	((w)&0x80)

typedef enum { P_ALL, P_PID, P_PGID } idtype_t;

pid_t wait(int *status);
pid_t waitpid(pid_t pid, int *status, int options);
int waitid(idtype_t type, id_t id, siginfo_t *info, int options);
pid_t wait3(int *status, int options, struct rusage *usage);
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage);

__END_DECLS

#endif
