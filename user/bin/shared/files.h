/*
 * Bytes, paths and directories for the programs that work on files. Nothing here exits: failures
 * come back as false or NULL with errno set, or, where said so, have been reported with warn.
 */
#ifndef SHARED_FILES_H
#define SHARED_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Writes all n bytes unless an error stops it. */
bool write_all(int fd, const void *data, size_t n);

/* Reads n bytes unless the file ends before; returns how many, or -1. */
ssize_t read_full(int fd, void *data, size_t n);

enum copy_result { COPY_OK, COPY_READ_ERROR, COPY_WRITE_ERROR };

/* Copies what is left of `from`. On an error errno says why. */
enum copy_result copy_fd(int from, int to);

/* "dir/name" in fresh memory, without a doubled slash. */
char *path_join(const char *dir, const char *name);

/* The last component, ignoring slashes at the end; in fresh memory. */
char *path_last(const char *path);

bool is_directory(const char *path);

/* The names in a directory without . and .., sorted, NULL-terminated; NULL on an error. */
char **directory_names(const char *path);
void names_free(char **names);

/* drwxr-xr-x and its 11 bytes. */
void format_mode(mode_t mode, char out[11]);

/* 532, 1.2K, 34M: at most seven bytes. */
void format_human(unsigned long long bytes, char out[8]);

/* Reads u+rwx,go-w or 0755 as a change of `mode`. Returns false when it is neither. */
bool parse_mode(const char *s, mode_t mode, mode_t *out);

#endif
