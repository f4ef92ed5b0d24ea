/* What the small host tests share: a condition that does not hold is printed and counted. One test, one
 * program, one source file; its main ends with `failures`. */
#ifndef TEST_HOST_EXPECT_H
#define TEST_HOST_EXPECT_H

#include <stdio.h>

static int failures;

#define EXPECT(condition)                                                              \
	do {                                                                           \
		if (!(condition)) {                                                    \
			printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			failures++;                                                    \
		}                                                                      \
	} while (0)

#endif
