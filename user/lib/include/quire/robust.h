/* Robust mutexes: what SYS_SET_ROBUST tells the kernel, and what it does at a thread's death.
 *
 * A thread keeps a list of the robust mutexes it holds and gives the kernel the list's head once.
 * The layout is that of Linux: the head is a node whose `next` leads through the list and back to
 * the head; the futex word of a node's mutex is at the node's address plus `futex_offset`; `pending`
 * names the node of a mutex that is being locked or unlocked right now and so may or may not be on
 * the list.
 *
 * When the thread dies (by exit, exec, or with its process) the kernel walks the list, at most
 * QUIRE_ROBUST_LIMIT nodes, and `pending` last. For every word whose QUIRE_ROBUST_TID bits are the
 * thread's id it sets, atomically,
 *
 *	word = (word & QUIRE_ROBUST_WAITERS) | QUIRE_ROBUST_DIED
 *
 * and, if QUIRE_ROBUST_WAITERS was set, wakes one waiter of the word. A word of another owner, a node
 * or word that can't be read, and a misaligned one end the walk or are passed over in silence: the
 * list is user memory and may hold anything.
 */
#ifndef QUIRE_ROBUST_H
#define QUIRE_ROBUST_H

#include <stdint.h>

#define QUIRE_ROBUST_WAITERS 0x80000000u
#define QUIRE_ROBUST_DIED    0x40000000u
#define QUIRE_ROBUST_TID     0x3fffffffu
#define QUIRE_ROBUST_LIMIT   1024

struct quire_robust_node {
	uint32_t next; /* address of the next node */
};

struct quire_robust_head {
	struct quire_robust_node list;
	int32_t futex_offset;
	uint32_t pending; /* address of a node, or 0 */
};

_Static_assert(sizeof(struct quire_robust_head) == 12, "layout of quire_robust_head");

#endif
