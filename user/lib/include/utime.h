/* utime, with its prototype. */
#ifndef _QUIRE_UTIME_H
#define _QUIRE_UTIME_H

#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS

struct utimbuf {
	time_t actime;
	time_t modtime;
};

int utime(const char *path, const struct utimbuf *times);

__END_DECLS

#endif
