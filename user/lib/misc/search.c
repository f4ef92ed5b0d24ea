/* Linear search of an array, and doubly linked lists of whatever begins with two pointers. */
#include <search.h>
#include <stdint.h>
#include <string.h>

void *lfind(const void *key, const void *base, size_t *count, size_t width,
	int (*compare)(const void *, const void *))
{
	const char *element = base;

	for (size_t i = 0; i < *count; i++, element += width)
		if (compare(key, element) == 0)
			return (void *)(uintptr_t)element;
	return NULL;
}

void *lsearch(const void *key, void *base, size_t *count, size_t width,
	int (*compare)(const void *, const void *))
{
	void *found = lfind(key, base, count, width, compare);

	if (found)
		return found;
	return memcpy((char *)base + (*count)++ * width, key, width);
}

struct links {
	struct links *next, *previous;
};

void insque(void *element, void *after)
{
	struct links *links = element, *before = after;

	links->previous = before;
	links->next = before ? before->next : NULL;
	if (!before)
		return;
	before->next = links;
	if (links->next)
		links->next->previous = links;
}

void remque(void *element)
{
	struct links *links = element;

	if (links->next)
		links->next->previous = links->previous;
	if (links->previous)
		links->previous->next = links->next;
}
