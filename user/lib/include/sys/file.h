/* Another place that programs look for flock. */
#ifndef _QUIRE_SYS_FILE_H
#define _QUIRE_SYS_FILE_H

#include <fcntl.h>

#define L_SET  SEEK_SET
#define L_INCR SEEK_CUR
#define L_XTND SEEK_END

#endif
