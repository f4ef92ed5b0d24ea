/* Circular doubly linked lists threaded through the objects themselves. An unlinked node points at
 * itself, so removal is idempotent and "is it on a list" is a question a node can answer. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <base/types.h>

struct list {
	struct list *next, *prev;
};

/* clang-format off */
#define LIST_INIT(name) {&(name), &(name)}
/* clang-format on */

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_insert_between(struct list *n, struct list *before, struct list *after)
{
	n->prev = before;
	n->next = after;
	before->next = n;
	after->prev = n;
}
static inline void list_push_front(struct list *head, struct list *n)
{
	list_insert_between(n, head, head->next);
}
static inline void list_push_back(struct list *head, struct list *n)
{
	list_insert_between(n, head->prev, head);
}
static inline void list_remove(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}
/* Takes the first node off, or NULL. */
static inline struct list *list_pop_front(struct list *head)
{
	struct list *n = head->next;

	if (n == head)
		return NULL;
	list_remove(n);
	return n;
}
/* Moves all of `from` to the end of `to`; `from` is empty afterwards. */
static inline void list_append_all(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(node, type, member) container_of(node, type, member)
#define list_first(head, type, member) \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))
#define list_for_each(pos, head, type, member)                                           \
	for (type *pos = list_entry((head)->next, type, member); &pos->member != (head); \
		pos = list_entry(pos->member.next, type, member))
#define list_for_each_safe(pos, head, type, member)                         \
	for (type *pos = list_entry((head)->next, type, member),            \
		  *pos##_next = list_entry(pos->member.next, type, member); \
		&pos->member != (head);                                     \
		pos = pos##_next, pos##_next = list_entry(pos##_next->member.next, type, member))

#endif
