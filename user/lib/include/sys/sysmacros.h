/* Device numbers: major in bits 8..19, minor in the rest, as Linux packs the small ones. */
#ifndef _SYS_SYSMACROS_H
#define _SYS_SYSMACROS_H

#define major(device) (((unsigned int)(device) >> 8) & 0xfffu)
#define minor(device) (((unsigned int)(device)&0xffu) | (((unsigned int)(device) >> 12) & 0xfff00u))
#define makedev(major, minor)                                                          \
	((dev_t)(((unsigned int)(major)&0xfffu) << 8 | ((unsigned int)(minor)&0xffu) | \
		 ((unsigned int)(minor)&0xfff00u) << 12))

#endif
