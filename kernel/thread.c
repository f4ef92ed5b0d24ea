/* Threads: creation, lookup by number, message buffers, and the system calls on them.
 *
 * References. A thread is kept by the table of numbers (dropped in thread_unlink, by itself, when it
 * ends), by its hart from its first run to its last (the reference thread_start passes on, dropped by
 * sched_leave), by an armed deadline, and by whoever looked it up. It keeps its process. What is
 * found in the table is alive, as the table's own reference is dropped under the table's lock after
 * the entry.
 *
 * Message buffers. exec maps one region for all threads of a process, THREAD_AREA_START to _END, a
 * page each; it is not charged and filled by touch. The kernel pins a thread's page at its first
 * message with payload and unpins it at its end, so that IPC never faults on it.
 */
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/futex.h>
#include <mm/slab.h>
#include <arch/uaccess.h>

#define TID_MAX	    (1u << 22)
#define HASH_CHAINS 128

static struct slab_cache thread_cache;
static struct spinlock table_lock = SPINLOCK_INIT(RANK_SLAB); /* never held with another lock */
static struct thread *table[HASH_CHAINS];
static u32 last_tid, live;

_Static_assert(offsetof(struct thread, regs) == 0, "the port finds the registers at the thread");

void threads_init(void)
{
	slab_cache_init(&thread_cache, "thread", sizeof(struct thread));
}

u32 threads_live(void)
{
	return __atomic_load_n(&live, __ATOMIC_RELAXED);
}

void thread_get(struct thread *t)
{
	__atomic_fetch_add(&t->refs, 1, __ATOMIC_RELAXED);
}

void thread_put(struct thread *t)
{
	if (__atomic_fetch_sub(&t->refs, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	process_put(t->process);
	slab_free(&thread_cache, t);
	__atomic_fetch_sub(&live, 1, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------------ numbers */

static struct thread *find_locked(u32 tid)
{
	struct thread *t = table[tid % HASH_CHAINS];

	while (t != NULL && t->tid != tid)
		t = t->hash_next;
	return t;
}

struct thread *thread_find(u32 tid)
{
	struct thread *t;

	spin_lock(&table_lock);
	t = find_locked(tid);
	if (t != NULL)
		thread_get(t);
	spin_unlock(&table_lock);
	return t;
}

static void table_insert(struct thread *t)
{
	spin_lock(&table_lock);
	do {
		last_tid = last_tid % (TID_MAX - 1) + 1;
	} while (find_locked(last_tid) != NULL);
	t->tid = last_tid;
	t->hash_next = table[t->tid % HASH_CHAINS];
	table[t->tid % HASH_CHAINS] = t;
	thread_get(t);
	spin_unlock(&table_lock);
}

static void table_remove(struct thread *t)
{
	struct thread **at;

	spin_lock(&table_lock);
	for (at = &table[t->tid % HASH_CHAINS]; *at != t; at = &(*at)->hash_next)
		;
	*at = t->hash_next;
	spin_unlock(&table_lock);
	thread_put(t);
}

/* ------------------------------------------------------------------ life */

static int take_slot_locked(struct process *p, u32 *slot)
{
	for (u32 i = 0; i < THREADS_PER_PROCESS; i++)
		if (!(p->msg_slots[i / 32] & 1u << i % 32)) {
			p->msg_slots[i / 32] |= 1u << i % 32;
			*slot = i;
			return 0;
		}
	return -EAGAIN;
}

/* Puts the thread on its process's list; not if the process, or the creator, is being ended. */
static int join_process(struct process *p, struct thread *t)
{
	struct thread *creator = current_thread();
	int error = -EAGAIN;

	spin_lock(&p->signal_lock);
	if (p->state == PROCESS_ALIVE && !(creator != NULL && creator->attention & ATTENTION_DIE)) {
		error = take_slot_locked(p, &t->msg_slot);
		if (!error) {
			/* Before a signal can choose it. */
			if (creator != NULL && creator->process == p)
				t->sig_mask = creator->sig_mask;
			list_push_back(&p->threads, &t->process_link);
			p->thread_count++;
			if (p->stopped)
				attention_set(t, ATTENTION_STOP);
		}
	}
	spin_unlock(&p->signal_lock);
	t->msg_address = THREAD_AREA_END - (t->msg_slot + 1) * PAGE_SIZE;
	return error;
}

int thread_create(struct process *p, struct thread **out)
{
	struct thread *t = slab_alloc_zeroed(&thread_cache);
	int error;

	if (t == NULL)
		return -ENOMEM;
	t->refs = 1;
	t->process = p;
	t->state = THREAD_WAITING;
	t->priority = PRIORITY_USER;
	t->affinity = ~0u;
	t->last_hart = arch_hart_index();
	t->deadline_ns = ~0ull;
	t->sig_stack.flags = 2;
	spin_init(&t->sched_lock, RANK_THREAD);
	list_init(&t->run_link);
	list_init(&t->wait_link);
	list_init(&t->call_link);
	list_init(&t->process_link);
	list_init(&t->all_link);
	timer_init(&t->timer, TIMER_THREAD);
	error = join_process(p, t);
	if (error) {
		slab_free(&thread_cache, t);
		return error;
	}
	process_get(p);
	__atomic_fetch_add(&live, 1, __ATOMIC_RELAXED);
	table_insert(t);
	*out = t;
	return 0;
}

/* The caller's reference becomes the running thread's own. */
void thread_start(struct thread *t)
{
	sched_wake(t);
}

void thread_leave_list_locked(struct thread *t)
{
	struct process *p = t->process;

	debug_assert(spin_is_locked(&p->signal_lock));
	list_remove(&t->process_link);
	p->thread_count--;
	p->msg_slots[t->msg_slot / 32] &= ~(1u << t->msg_slot % 32);
	signal_thread_left_locked(p);
	wait_wake_all(&p->thread_waiters);
}

void thread_unlink(struct thread *t)
{
	table_remove(t);
}

void thread_exit_current(void)
{
	attention_set(current_thread(), ATTENTION_DIE);
}

int thread_message_page(struct thread *t, pfn_t *pfn)
{
	int error;

	if (likely(t->msg_frame != PFN_NONE)) {
		*pfn = t->msg_frame;
		return 0;
	}
	error = aspace_pin_user(t->process->space, t->msg_address, pfn);
	if (!error)
		t->msg_frame = *pfn;
	return error;
}

/* ------------------------------------------------------------------ system calls */

s32 sys_thread_create(struct arch_regs *r)
{
	struct thread *self = thread_of(r), *t;
	s32 tid;
	int error = thread_create(self->process, &t);

	if (error)
		return error;
	t->priority = self->priority;
	t->affinity = self->affinity;
	arch_regs_init(&t->regs, arch_regs_arg(r, 0), arch_regs_arg(r, 1), arch_regs_arg(r, 2),
		arch_regs_arg(r, 3));
	tid = (s32)t->tid;
	thread_start(t);
	return tid;
}

s32 sys_thread_exit(struct arch_regs *r)
{
	vaddr_t word = arch_regs_arg(r, 0);
	/* Before anyone is told that the thread has ended, its robust mutexes say that it has. */
	int error = futex_thread_died(thread_of(r));

	if (error)
		return error;
	if (word != 0) {
		error = arch_store_user_u32(word, 0);
		if (error == -EBLOCKED)
			return error;
		if (!error)
			futex_wake_address(word, ~0u);
	}
	thread_exit_current();
	return -ENORESULT;
}

s32 sys_thread_self(struct arch_regs *r)
{
	arch_regs_set(r, 1, thread_of(r)->msg_address);
	return (s32)thread_of(r)->tid;
}
