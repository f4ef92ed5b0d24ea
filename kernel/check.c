/* The kernel's half of the invariant checker: processes, threads, run queues and waits. Every other
 * hart stands still (kernel/sys_system.c), so nothing here takes a lock.
 *
 *  1 a thread on a process's list belongs to it; the list is as long as thread_count
 *  2 RUNNING: the current thread of exactly one hart, or the one its hart is about to take
 *  3 READY: on the run queue of its last hart, at its own priority
 *  4 WAITING: on the queue it says, or in a call
 *  5 a run queue's ready_mask and ready_count are those of its lists
 *  6 a zombie has no threads and no space; what is alive has at least one thread
 *  7 a child's parent has it among its children
 *  8 the harts' current address space is that of their thread; one that ends may have left it
 *  9 processes and threads counted are those found
 */
#include <kernel/system.h>
#include <kernel/process.h>
#include <mm/hart.h>

#define REPORTS_MAX 24

static u32 broken;

#define require(condition, ...)                                         \
	do {                                                            \
		if (unlikely(!(condition)) && broken++ < REPORTS_MAX) { \
			log_printf("check: not " #condition ": ");      \
			log_printf(__VA_ARGS__);                        \
		}                                                       \
	} while (0)

static bool on_list(const struct list *head, const struct list *node)
{
	for (const struct list *n = head->next; n != head; n = n->next)
		if (n == node)
			return true;
	return false;
}

static void check_thread(const struct process *p, const struct thread *t)
{
	u32 running = 0;

	require(t->process == p, "thread %u is on the list of process %d\n", t->tid, p->pid);
	require(t->refs > 0 && t->refs < 1u << 24, "thread %u has %u references\n", t->tid,
		t->refs);
	for (u32 i = 0; i < arch_hart_count; i++)
		running += (harts[i].current == t) + (harts[i].next == t && harts[i].current != t);
	switch (t->state) {
	case THREAD_RUNNING:
		require(running == 1, "thread %u runs on %u harts\n", t->tid, running);
		break;
	case THREAD_READY:
		require(!running, "thread %u is ready and runs\n", t->tid);
		require(t->last_hart < arch_hart_count &&
				on_list(&harts[t->last_hart].queue[t->priority], &t->run_link),
			"thread %u is ready on hart %u\n", t->tid, t->last_hart);
		break;
	case THREAD_WAITING:
		require(t->waiting_on || t->call_waits || t->call_state != CALL_NONE,
			"thread %u waits for nothing\n", t->tid);
		require(!t->waiting_on || on_list(&t->waiting_on->threads, &t->wait_link),
			"thread %u is not on its wait queue\n", t->tid);
		break;
	case THREAD_STOPPED:
	case THREAD_DEAD:
		require(!t->waiting_on, "thread %u waits though it can't run\n", t->tid);
		break;
	default: require(t->state <= THREAD_DEAD, "thread %u has state %u\n", t->tid, t->state);
	}
}

static u32 check_process(const struct process *p)
{
	u32 count = 0;

	list_for_each(t, &p->threads, struct thread, process_link) {
		count++;
		check_thread(p, t);
	}
	require(count == p->thread_count, "process %d has %u threads, says %u\n", p->pid, count,
		p->thread_count);
	if (p->state == PROCESS_ZOMBIE) {
		require(!p->space, "process %d is a zombie\n", p->pid);
		require(count <= 1, "zombie %d has %u threads\n", p->pid, count);
	} else {
		require(count, "process %d is alive\n", p->pid);
	}
	require(!p->parent || on_list(&p->parent->children, &p->sibling_link),
		"process %d is no child of %d\n", p->pid, p->parent->pid);
	return count;
}

static void check_hart(const struct hart *h)
{
	u32 ready = 0;

	for (u32 p = 0; p < 32; p++) {
		require(list_empty(&h->queue[p]) == !(h->ready_mask >> p & 1),
			"hart %u priority %u: mask %#x\n", h->index, p, h->ready_mask);
		list_for_each(t, &h->queue[p], struct thread, run_link) {
			ready++;
			require(t->state == THREAD_READY && t->priority == p,
				"thread %u in state %u, priority %u, queued at %u\n", t->tid,
				t->state, t->priority, p);
		}
	}
	require(ready == h->ready_count, "hart %u has %u ready, says %u\n", h->index, ready,
		h->ready_count);
	if (h->current && h->current->state == THREAD_RUNNING &&
		!(h->current->attention & ATTENTION_DIE))
		require(mm_harts[h->index].current == (uintptr_t)h->current->process->space,
			"hart %u runs thread %u of process %d in another space\n", h->index,
			h->current->tid, h->current->process->pid);
}

u32 kernel_check(void)
{
	u32 processes = 0, threads = 0;

	broken = 0;
	for (u32 i = 0; i < arch_hart_count; i++)
		check_hart(&harts[i]);
	list_for_each(p, &all_processes, struct process, all_link) {
		processes++;
		threads += check_process(p);
	}
	require(processes == process_count, "%u processes, %u counted\n", processes, process_count);
	require(threads <= threads_live(), "%u threads, %u counted\n", threads, threads_live());
	return broken;
}
