/* picolibc's <time.h>; sys/features.h has made its clock functions visible. CLOCKS_PER_SEC is what
 * POSIX demands. */
#ifndef _QUIRE_TIME_H
#define _QUIRE_TIME_H

#include_next <time.h>

#undef CLOCKS_PER_SEC
#define CLOCKS_PER_SEC ((clock_t)1000000)

#ifndef CLOCK_REALTIME_COARSE
#define CLOCK_REALTIME_COARSE  ((clockid_t)0)
#define CLOCK_MONOTONIC_RAW    ((clockid_t)5)
#define CLOCK_MONOTONIC_COARSE ((clockid_t)6)
#define CLOCK_BOOTTIME	       ((clockid_t)7)
#endif

#define TIME_UTC 1
int timespec_get(struct timespec *ts, int base);

#endif
