/* Present for programs that include it out of habit. Quire's system calls are in <quire/sys.h>. */
#ifndef _SYS_SYSCALL_H
#define _SYS_SYSCALL_H
#endif
