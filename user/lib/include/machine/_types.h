/* Types that picolibc would make too narrow: its own inode, device, user, group and link numbers have
 * 16 bits, which an ext2 file system outgrows. */
#ifndef _QUIRE_MACHINE__TYPES_H
#define _QUIRE_MACHINE__TYPES_H

#define __machine_dev_t_defined
typedef unsigned long __dev_t;
#define __machine_ino_t_defined
typedef unsigned long __ino_t;
#define __machine_uid_t_defined
typedef unsigned int __uid_t;
#define __machine_gid_t_defined
typedef unsigned int __gid_t;

/* picolibc leaves no switch for the internal name of this one, only for the public one. */
typedef unsigned int nlink_t;
#define _NLINK_T_DECLARED

#include_next <machine/_types.h>

#endif
