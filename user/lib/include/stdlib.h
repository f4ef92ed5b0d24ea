/* picolibc's <stdlib.h>, and what it hides or leaves out. */
#ifndef _QUIRE_STDLIB_H
#define _QUIRE_STDLIB_H

#include_next <stdlib.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

#ifndef WNOHANG
#define WNOHANG	  1
#define WUNTRACED 2
#endif
#ifndef WIFEXITED
#define WIFEXITED(w)   (((w)&0xff) == 0)
#define WIFSIGNALED(w) (((w)&0x7f) > 0 && ((w)&0x7f) < 0x7f)
#define WIFSTOPPED(w)  (((w)&0xff) == 0x7f)
#define WEXITSTATUS(w) (((w) >> 8) & 0xff)
#define WTERMSIG(w)    ((w)&0x7f)
#define WSTOPSIG(w)    WEXITSTATUS(w)
#endif

int posix_memalign(void **result, size_t align, size_t size);
void *memalign(size_t align, size_t size);
char *realpath(const char *__restrict path, char *__restrict resolved);
int mkstemp(char *pattern);
int mkostemp(char *pattern, int flags);
int mkstemps(char *pattern, int suffix);
char *mkdtemp(char *pattern);
char *mktemp(char *pattern);
int clearenv(void);
char *secure_getenv(const char *name);
int getloadavg(double averages[], int count);

__END_DECLS

#endif
