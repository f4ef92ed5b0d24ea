/*
 * Options of a command line, as getopt has them, which is not used because picolibc's takes a
 * lone "-" for an option. Options are found after operands too, as GNU programs do, unless `spec`
 * begins with a plus.
 */
#ifndef SHARED_OPTIONS_H
#define SHARED_OPTIONS_H

extern const char *option_arg; /* the argument of the last option */
extern int option_index;       /* after the last option: the first operand */

/* Returns the next option's letter, '?' after a message, or -1. Operands are moved to the end. */
int next_option(int argc, char **argv, const char *spec);

#endif
