/*
 * What every program here begins and ends with: its name in messages, --help, and finding out at
 * the end that the output could not be written.
 */
#ifndef SHARED_PROGRAM_H
#define SHARED_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* Remembers the name, and answers --help. `usage` starts with the arguments, after the name. */
void program_begin(int argc, char **argv, const char *usage);

/* The name for messages. */
extern const char *program_name;

/* Messages go to standard error in one piece; the _errno ones end in the system's reason. */
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void warn_errno(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void die(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
void die_errno(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));

/* After a wrong command line: points to --help. */
void usage_error(int status) __attribute__((noreturn));

/* Flushes standard output and returns the status to exit with: 1 when the output was lost. */
int program_end(int status);

/* Puts the file in the place of a standard descriptor that was not used yet, or says why and exits. */
void redirect(int fd, const char *path, int flags, int failure);

/* For the commands shared with the shell (commands.h): output, and messages without the name. */
void put_output(const char *s, size_t n);
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Memory or a message and exit. */
void *must_alloc(size_t size);
void *must_realloc(void *old, size_t size);
char *must_strdup(const char *s);

/* A whole number within limits, or a message naming `what` and exit. */
long long number_arg(const char *s, long long min, long long max, const char *what);

/* A count with a suffix: b (512), k or K, M, G (powers of 1024), kB, MB, GB (of 1000). */
bool parse_size(const char *s, long long *out);

#endif
