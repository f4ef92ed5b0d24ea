/* select. picolibc's header, with room for as many descriptors as the kernel has. */
#ifndef _QUIRE_SYS_SELECT_H
#define _QUIRE_SYS_SELECT_H

#ifndef FD_SETSIZE
#define FD_SETSIZE 1024
#endif
#include_next <sys/select.h>

#endif
