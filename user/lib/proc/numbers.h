/* The system-call numbers that assembly needs; abi.h is C. signal/action.c asserts that they agree. */
#ifndef QUIRE_LIBC_NUMBERS_H
#define QUIRE_LIBC_NUMBERS_H

#define QUIRE_VFORK_NUMBER     152
#define QUIRE_SIGRETURN_NUMBER 177

#endif
