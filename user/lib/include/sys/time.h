/* picolibc's <sys/time.h>, and what it hides. */
#ifndef _QUIRE_SYS_TIME_H
#define _QUIRE_SYS_TIME_H

#include_next <sys/time.h>

__BEGIN_DECLS

int getitimer(int which, struct itimerval *value);
int setitimer(
	int which, const struct itimerval *__restrict value, struct itimerval *__restrict old);
int utimes(const char *path, const struct timeval times[2]);
int lutimes(const char *path, const struct timeval times[2]);
int futimes(int fd, const struct timeval times[2]);

__END_DECLS

#endif
