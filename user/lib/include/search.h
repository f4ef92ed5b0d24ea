/* picolibc's <search.h>, and the linear searches and lists that it lacks. */
#ifndef _QUIRE_SEARCH_H
#define _QUIRE_SEARCH_H

#include_next <search.h>

__BEGIN_DECLS

void insque(void *element, void *after);
void remque(void *element);
void *lfind(const void *key, const void *base, size_t *count, size_t width,
	int (*compare)(const void *, const void *));
void *lsearch(const void *key, void *base, size_t *count, size_t width,
	int (*compare)(const void *, const void *));

__END_DECLS

#endif
