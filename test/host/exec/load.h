/* Loads a program with kernel/image.c, as it is, on the simulated machine, and compares what came of it with
 * what the file says, read a second time by other code. */
#ifndef EXEC_LOAD_H
#define EXEC_LOAD_H

#include <kernel/process.h>
#include <kernel/elf.h>

#define FILE_MOST (40u * PAGE_SIZE)

/* Once. */
void load_setup(void);
/* Builds the image and checks everything: the result against what it has to be, contents, protections,
 * arguments, and that all comes back. The result. */
int load(const u8 *file, u32 size, const struct exec_args *args);
/* The same while the n-th allocation fails, without a look at the contents. False: there were not so many. */
bool load_failing(const u8 *file, u32 size, const struct exec_args *args, u32 n);
/* What exec has to say of the file and the arguments: 0 or a negated error. */
int load_expected(const u8 *file, u32 size, const struct exec_args *args);

#endif
