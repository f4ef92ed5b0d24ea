/* exec: a process steps over into a new image (image.c).
 *
 * The new space is built whole, with its arguments, before the old one is touched; whatever fails on
 * the way drops it and leaves the caller as it was. That also makes the call safe to make again: a
 * page of the image that must be fetched blocks the thread, and building starts over when it has
 * come. Then the other threads of the process are ended. While they are on their way out the new
 * space is given up and the thread waits; alone, it builds once more and steps over.
 */
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/futex.h>
#include <mm/slab.h>
#include <arch/uaccess.h>

#define REAP_STEPS 16 /* of the image before, in one call */

void exec_enter(struct thread *t, const struct exec_image *image)
{
	arch_regs_init(&t->regs, image->entry, image->sp, image->argc, 0);
	arch_regs_set(&t->regs, 1, image->argv);
	arch_regs_set(&t->regs, 2, image->envp);
}

/* ------------------------------------------------------------------ the system call */

/* A space that a vfork child of the old image still runs in is left to that child. Nobody finds the
 * space any more, so once the reference is the only one it stays that. */
bool exec_reap_step(struct process *p)
{
	struct aspace *old = p->old_space;

	if (__atomic_load_n(&old->refs, __ATOMIC_ACQUIRE) == 1 && aspace_destroy_step(old))
		return false;
	p->old_space = NULL;
	aspace_put(old);
	return true;
}

/* The image of an exec before this one, in bounded steps. 0: it is gone. */
static int reap_older_space(struct process *p)
{
	for (u32 i = 0; p->old_space != NULL && !exec_reap_step(p); i++)
		if (i == REAP_STEPS)
			return -EAGAIN_STEP;
	return 0;
}

/* Ends the other threads. 0: the caller is alone. */
static int end_other_threads(struct process *p, struct thread *t)
{
	int error = 0;

	if (p->thread_count == 1)
		return 0;
	if (t->attention & ATTENTION_DIE)
		return -EAGAIN_STEP; /* another thread's exec came first: this one ends here */
	process_kill_threads(p, t);
	spin_lock(&p->signal_lock);
	if (p->thread_count > 1) {
		wait_block(&p->thread_waiters, NULL);
		error = -EBLOCKED;
	}
	spin_unlock(&p->signal_lock);
	return error;
}

/* Servers keep the right to the last frames over exec; what they start for others does not. */
static bool stays_privileged(void)
{
	struct handle h;
	bool found = handle_lookup(QUIRE_H_RESOURCE, HANDLE_RESOURCE, 0, &h) == 0;

	if (!found)
		found = handle_lookup(QUIRE_H_SERVER, HANDLE_PORT, RIGHT_RECV, &h) == 0;
	if (found)
		handle_release(&h);
	return found;
}

/* Nothing can fail any more. */
static void step_over(
	struct process *p, struct thread *t, const struct exec_image *image, const char *name)
{
	struct aspace *old = p->space;
	bool borrowed = p->vfork_parent != NULL;

	debug_assert(p->old_space == NULL);
	if (t->msg_frame != PFN_NONE)
		frame_unpin(frame_of(t->msg_frame));
	t->msg_frame = PFN_NONE;
	spin_lock(&process_lock);
	p->space = image->space;
	p->execed = true;
	__builtin_memcpy(p->name, name, sizeof(p->name));
	spin_unlock(&process_lock);
	limits_apply_space(p, image->space);
	aspace_switch(image->space);
	handle_table_close_exec(&p->handles);
	p->privileged = p->privileged && stays_privileged();
	signal_reset_exec(p, t);
	t->robust_list = 0;
	exec_enter(t, image);
	/* borrowed: our reference is given back, or the parent has gone and it is ours */
	p->old_space = old;
	attention_set(t, ATTENTION_REAP);
	if (borrowed)
		process_release_vfork(p);
}

/* Up to a zero or the name's size; the rest is zero. */
static int copy_name(char name[32], vaddr_t from)
{
	u32 word = 0;
	bool ended = from == 0;

	for (u32 i = 0; i < 32; i++) {
		name[i] = 0;
		if (ended || i == 31)
			continue;
		if (i == 0 || ((from + i) & 3) == 0) {
			int error = arch_load_user_u32(&word, (from + i) & ~3u);

			if (error)
				return error;
		}
		name[i] = (char)(word >> ((from + i) & 3) * 8);
		ended = name[i] == 0;
	}
	return 0;
}

static int build_from_user(
	struct memory_object *file, const struct quire_exec *e, struct exec_image *image)
{
	char *strings = kalloc(max_of(e->args_size, 1u));
	struct exec_args args = {
		.strings = strings,
		.size = e->args_size,
		.argc = e->argc,
		.envc = e->envc,
		.stack_limit = limit_of(current_process(), QUIRE_LIMIT_STACK),
	};
	int error;

	if (strings == NULL)
		return -ENOMEM;
	error = arch_copy_from_user(strings, e->args, e->args_size);
	if (!error)
		error = exec_build(file, &args, image);
	kfree(strings, max_of(e->args_size, 1u));
	return error;
}

s32 sys_exec(struct arch_regs *r)
{
	struct thread *t = thread_of(r);
	struct process *p = t->process;
	struct quire_exec e;
	struct exec_image image;
	struct memory_object *file;
	struct handle h;
	char name[32];
	int error;

	error = arch_copy_from_user(&e, arch_regs_arg(r, 1), sizeof(e));
	if (!error)
		error = copy_name(name, e.name);
	if (error)
		return error;
	if (e.args_size > QUIRE_ARG_MAX)
		return -E2BIG;
	error = handle_lookup(arch_regs_arg(r, 0), HANDLE_NONE, RIGHT_EXEC, &h);
	if (error)
		return error;
	file = handle_memory_object(&h);
	error = file != NULL ? build_from_user(file, &e, &image) : -EACCES;
	if (!error) {
		error = end_other_threads(p, t);
		if (!error)
			error = reap_older_space(p);
		if (!error)
			/* -EBLOCKED, or robust mutexes are dealt with */
			error = futex_thread_died(t);
		if (error)
			aspace_put(image.space);
	}
	handle_release(&h);
	if (error)
		return error;
	step_over(p, t, &image, name);
	return -ENORESULT;
}
