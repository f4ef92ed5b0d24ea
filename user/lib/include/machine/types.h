/* The thread types, which POSIX wants in <sys/types.h>; that header includes this one at its end. */
#ifndef _QUIRE_MACHINE_TYPES_H
#define _QUIRE_MACHINE_TYPES_H

#include <sys/_pthreadtypes.h>

#endif
