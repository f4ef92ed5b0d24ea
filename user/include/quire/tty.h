/* The terminal protocol: FS_READ, FS_WRITE, FS_FSTAT and FS_POLL of quire/fs.h, and FS_IOCTL with
 * these requests. The terminal is QUIRE_H_CONSOLE and every descriptor opened from it. */
#ifndef QUIRE_TTY_H
#define QUIRE_TTY_H

#include <stdint.h>

enum tty_ioctl {
	TTY_GETATTR = 0x5401, /* answer: payload struct tty_attr */
	TTY_SETATTR,	      /* payload struct tty_attr; takes effect after output has drained */
	TTY_GETPGRP = 0x540f, /* answer: payload int32_t */
	/* payload int32_t: foreground process group, which ^C and ^\ signal */
	TTY_SETPGRP = 0x5410,
	TTY_GETSIZE = 0x5413, /* answer: payload struct tty_size */
	TTY_DRAIN = 0x5480,   /* answered when all output has left the wire */
	TTY_FLUSH,	      /* drop unread input */
};
struct tty_size {
	uint16_t rows, columns, x, y;
};
/* Flag bits and control-character indexes are those of the libc's <termios.h>. */
struct tty_attr {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t cc[32];
};

#endif
