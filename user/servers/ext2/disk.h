/* The disk as the core's backing: the driver's channel and the disk object, mapped whole. */
#ifndef EXT2_DISK_H
#define EXT2_DISK_H

#include "core.h"

/* Asks the driver, maps the disk. 0 and *out, or a negated error, with a line in the log. */
int disk_open(struct backing **out);
void log_line(const char *line);

#endif
