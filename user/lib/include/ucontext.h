/* <ucontext.h>: only the types; the functions left POSIX in 2008. */
#ifndef _UCONTEXT_H
#define _UCONTEXT_H

#include <sys/ucontext.h>

#endif
