/*
 * Copying and removing trees of files, for cp, mv and rm. Failures are reported with warn as they
 * are met, the rest is done all the same, and the result is false.
 */
#ifndef SHARED_TREE_H
#define SHARED_TREE_H

#include <stdbool.h>

struct copy_options {
	bool recursive; /* directories with what is in them; links stay links */
	bool preserve;	/* mode and times */
	bool force;	/* replace a file that cannot be opened */
	bool verbose;
};

bool copy_tree(const char *from, const char *to, const struct copy_options *o);

struct remove_options {
	bool recursive;
	bool force; /* what does not exist is fine */
	bool ask;
	bool verbose;
};

bool remove_tree(const char *path, const struct remove_options *o);

#endif
