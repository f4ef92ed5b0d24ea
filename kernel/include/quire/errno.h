/* Error numbers of the kernel's interface.
 *
 * They are picolibc's own (newlib's), so that a user program's errno is the kernel's answer with the
 * sign turned. The libc layer asserts at compile time that the two agree. A kernel function returns
 * 0 or a positive result, or one of these negated.
 */
#ifndef QUIRE_ERRNO_H
#define QUIRE_ERRNO_H

#ifndef EPERM
#define EPERM		1
#define ENOENT		2
#define ESRCH		3
#define EINTR		4
#define EIO		5
#define ENXIO		6
#define E2BIG		7
#define ENOEXEC		8
#define EBADF		9
#define ECHILD		10
#define EAGAIN		11
#define ENOMEM		12
#define EACCES		13
#define EFAULT		14
#define EBUSY		16
#define EEXIST		17
#define EXDEV		18
#define ENODEV		19
#define ENOTDIR		20
#define EISDIR		21
#define EINVAL		22
#define ENFILE		23
#define EMFILE		24
#define ENOTTY		25
#define ETXTBSY		26
#define EFBIG		27
#define ENOSPC		28
#define ESPIPE		29
#define EROFS		30
#define EMLINK		31
#define EPIPE		32
#define ERANGE		34
#define EDEADLK		45
#define ENOLCK		46
#define ENOSYS		88
#define ENOTEMPTY	90
#define ENAMETOOLONG	91
#define ELOOP		92
#define EOPNOTSUPP	95
#define ECONNRESET	104
#define ETIMEDOUT	116
#define EMSGSIZE	122
#define ESTALE		133
#define ENOTSUP		134
#define EOVERFLOW	139
#define ECANCELED	140
#define ENOTRECOVERABLE 141
#define EOWNERDEAD	142
#endif

#endif
