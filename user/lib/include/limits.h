/* picolibc's limits, with what POSIX adds and the values that are Quire's. */
#ifndef _QUIRE_LIMITS_H
#define _QUIRE_LIMITS_H

#include_next <limits.h>
#include <sys/syslimits.h>

#undef OPEN_MAX
#define OPEN_MAX 1024
#undef CHILD_MAX
#define CHILD_MAX 128
#undef ARG_MAX
#define ARG_MAX 131072
#undef PIPE_BUF
#define PIPE_BUF 4096
#undef IOV_MAX
#define IOV_MAX 1024

#define SSIZE_MAX		      INT_MAX
#define PAGESIZE		      4096
#define PAGE_SIZE		      4096
#define SYMLOOP_MAX		      40
#define SYMLINK_MAX		      1023
#define HOST_NAME_MAX		      64
#define LOGIN_NAME_MAX		      32
#define TTY_NAME_MAX		      32
#define FILESIZEBITS		      32
#define NZERO			      20
#define ATEXIT_MAX		      32
#define STREAM_MAX		      1024
#define TZNAME_MAX		      6
#define SEM_VALUE_MAX		      INT_MAX
#define PTHREAD_KEYS_MAX	      128
#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#define PTHREAD_STACK_MIN	      16384
#define PTHREAD_THREADS_MAX	      256
#define LONG_BIT		      32
#define WORD_BIT		      32

#undef NL_LANGMAX
#define NL_LANGMAX 14
#undef NL_MSGMAX
#define NL_MSGMAX 32767
#undef NL_SETMAX
#define NL_SETMAX 255
#undef NL_TEXTMAX
#define NL_TEXTMAX 2048
#undef CHARCLASS_NAME_MAX
#define CHARCLASS_NAME_MAX 14

#define _POSIX2_BC_BASE_MAX	   99
#define _POSIX2_BC_DIM_MAX	   2048
#define _POSIX2_BC_SCALE_MAX	   99
#define _POSIX2_BC_STRING_MAX	   1000
#define _POSIX2_CHARCLASS_NAME_MAX 14
#define _POSIX2_COLL_WEIGHTS_MAX   2
#define _POSIX2_EXPR_NEST_MAX	   32
#define _POSIX2_LINE_MAX	   2048
#undef _POSIX2_RE_DUP_MAX
#define _POSIX2_RE_DUP_MAX 255

#define _POSIX_AIO_LISTIO_MAX		    2
#define _POSIX_AIO_MAX			    1
#define _POSIX_CLOCKRES_MIN		    20000000
#define _POSIX_DELAYTIMER_MAX		    32
#define _POSIX_RTSIG_MAX		    8
#define _POSIX_SIGQUEUE_MAX		    32
#define _POSIX_TIMER_MAX		    32
#define _POSIX_ARG_MAX			    4096
#define _POSIX_CHILD_MAX		    25
#define _POSIX_HOST_NAME_MAX		    255
#define _POSIX_LINK_MAX			    8
#define _POSIX_LOGIN_NAME_MAX		    9
#define _POSIX_MAX_CANON		    255
#define _POSIX_MAX_INPUT		    255
#define _POSIX_NAME_MAX			    14
#define _POSIX_NGROUPS_MAX		    8
#define _POSIX_OPEN_MAX			    20
#define _POSIX_PATH_MAX			    256
#define _POSIX_PIPE_BUF			    512
#define _POSIX_RE_DUP_MAX		    255
#define _POSIX_SEM_NSEMS_MAX		    256
#define _POSIX_SEM_VALUE_MAX		    32767
#define _POSIX_SSIZE_MAX		    32767
#define _POSIX_STREAM_MAX		    8
#define _POSIX_SYMLINK_MAX		    255
#define _POSIX_SYMLOOP_MAX		    8
#define _POSIX_THREAD_DESTRUCTOR_ITERATIONS 4
#define _POSIX_THREAD_KEYS_MAX		    128
#define _POSIX_THREAD_THREADS_MAX	    64
#define _POSIX_TTY_NAME_MAX		    9
#define _POSIX_TZNAME_MAX		    6
#define _XOPEN_IOV_MAX			    16
#define _XOPEN_NAME_MAX			    255
#define _XOPEN_PATH_MAX			    1024

#endif
