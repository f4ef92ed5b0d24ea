/* Programs: from an ELF image in a memory object to a process's new address space.
 *
 * The new space is built whole, with its arguments, before the old one is touched; whatever fails on
 * the way drops it and leaves the caller as it was. That also makes the call safe to make again: a
 * page of the image that must be fetched blocks the thread, and building starts over when it has
 * come. Then the other threads of the process are ended. While they are on their way out the new
 * space is given up and the thread waits; alone, it builds once more and steps over.
 *
 * Segments. Whole pages of file content are mapped privately from the object itself, so that every
 * process running a program shares its text. What lies behind the content (bss), and a last page of
 * a segment that is part content and part zeros, are anonymous, and the content part is copied. A
 * segment whose file offset and address differ within the page is copied whole.
 *
 * The top of a space, from above:
 *
 *     THREAD_AREA    message buffers, one page a thread, filled by touch, never changed by the program
 *     STACK_CHARGED  the main stack's first 512 KiB: charged, so always there
 *     STACK_MORE     down to 8 MiB: there while memory lasts (NORESERVE); SIGBUS beyond that
 *     a guard page
 *
 * so a program may use the stack that others grant it without each of a hundred processes being
 * charged 8 MiB. Arguments lie at the very top of the stack.
 */
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <kernel/elf.h>
#include <kernel/futex.h>
#include <mm/slab.h>
#include <arch/uaccess.h>

#define STACK_TOP     THREAD_AREA_START
#define STACK_CHARGED (512u * 1024)
#define STACK_MORE    (8u * 1024 * 1024 - STACK_CHARGED)
#define ARGS_MAX      (STACK_CHARGED / 2) /* strings and their pointers together */
#define IMAGE_END     0x80000000u /* segments lie below: the rest is for stacks and mmap */
#define SEGMENTS_MAX  16
#define REAP_STEPS    16 /* of the image before, in one call */

/* ------------------------------------------------------------------ mapping */

static int map_fixed(struct aspace *a, vaddr_t start, u32 len, u32 prot, u32 flags,
	struct memory_object *object, u64 page)
{
	struct map_request m = {
		.addr = start,
		.len = len,
		.prot = prot,
		.max_prot = QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_PROT_EXEC,
		.flags = QUIRE_MAP_PRIVATE | QUIRE_MAP_FIXED | QUIRE_MAP_NOREPLACE | flags |
			 (object == NULL ? QUIRE_MAP_ANON : 0),
		.object = object,
		.page_offset = page,
	};
	vaddr_t at = start;

	return aspace_map(a, &m, &at);
}

int exec_map_thread_area(struct aspace *a)
{
	u32 rw = QUIRE_PROT_READ | QUIRE_PROT_WRITE;
	struct map_request m = {
		.addr = THREAD_AREA_START,
		.len = THREAD_AREA_END - THREAD_AREA_START,
		.prot = rw,
		.max_prot = rw,
		.flags = QUIRE_MAP_PRIVATE | QUIRE_MAP_FIXED | QUIRE_MAP_ANON | QUIRE_MAP_NORESERVE,
		.kernel = true,
	};
	vaddr_t at;

	return aspace_map(a, &m, &at);
}

static int map_top(struct aspace *a)
{
	u32 rw = QUIRE_PROT_READ | QUIRE_PROT_WRITE;
	int error;

	error = exec_map_thread_area(a);
	if (!error)
		error = map_fixed(a, STACK_TOP - STACK_CHARGED, STACK_CHARGED, rw, QUIRE_MAP_STACK,
			NULL, 0);
	if (!error)
		error = map_fixed(a, STACK_TOP - STACK_CHARGED - STACK_MORE, STACK_MORE, rw,
			QUIRE_MAP_STACK | QUIRE_MAP_NORESERVE, NULL, 0);
	if (!error)
		error = map_fixed(a, STACK_TOP - STACK_CHARGED - STACK_MORE - PAGE_SIZE, PAGE_SIZE,
			QUIRE_PROT_NONE, QUIRE_MAP_NORESERVE, NULL, 0);
	return error;
}

/* ------------------------------------------------------------------ segments */

static u32 page_down(u32 x)
{
	return x & ~PAGE_MASK;
}
static u32 page_up(u32 x)
{
	return (x + PAGE_MASK) & ~PAGE_MASK;
}

/* Copies file content into anonymous pages of the new space, by way of one page of the kernel's. */
static int copy_content(struct aspace *a, vaddr_t to, struct memory_object *file, u32 offset, u32 len)
{
	char *buffer = kalloc(PAGE_SIZE);
	int error = buffer != NULL ? 0 : -ENOMEM;

	while (!error && len > 0) {
		u32 part = min_of(len, PAGE_SIZE - (to & PAGE_MASK));

		error = object_read_kernel(file, offset, buffer, part);
		if (!error)
			error = aspace_poke(a, to, buffer, part);
		to += part;
		offset += part;
		len -= part;
	}
	if (buffer != NULL)
		kfree(buffer, PAGE_SIZE);
	return error;
}

static int map_segment(struct aspace *a, struct memory_object *file, const struct elf_segment *s)
{
	u32 prot = (s->flags & ELF_R ? QUIRE_PROT_READ : 0) | (s->flags & ELF_W ? QUIRE_PROT_WRITE : 0) |
		   (s->flags & ELF_X ? QUIRE_PROT_EXEC : 0);
	vaddr_t start = page_down(s->va), end = page_up(s->va + s->memory_size);
	vaddr_t content_end = s->va + s->file_size, mapped_end;
	int error = 0;

	/* Up to where pages are the file's: a last page that zeros follow in memory is not. */
	if ((s->va & PAGE_MASK) != (s->offset & PAGE_MASK) || s->file_size == 0)
		mapped_end = start;
	else if (s->memory_size == s->file_size)
		mapped_end = end;
	else
		mapped_end = max_of(page_down(content_end), start);
	if (mapped_end > start)
		error = map_fixed(a, start, mapped_end - start, prot, 0, file,
			s->offset >> PAGE_SHIFT);
	if (!error && end > mapped_end) {
		vaddr_t from = max_of(mapped_end, s->va), at = mapped_end;
		u32 len = end - mapped_end;
		bool copies = content_end > from;

		error = map_fixed(a, at, len, copies ? prot | QUIRE_PROT_WRITE : prot, 0, NULL, 0);
		if (!error && copies)
			error = copy_content(a, from, file, s->offset + (from - s->va),
				content_end - from);
		if (!error && copies && !(prot & QUIRE_PROT_WRITE))
			do
				error = aspace_protect(a, &at, &len, prot);
			while (error == -EAGAIN_STEP);
	}
	/* Two segments that want one page, or a place that is not the program's to have. */
	return error == -EEXIST || error == -EINVAL ? -ENOEXEC : error;
}

/* Checks what a header says of itself against the file's size and the space for images. */
static int check_segment(const struct elf_segment *s, u64 size)
{
	if (s->file_size > s->memory_size || s->offset > size || s->file_size > size - s->offset)
		return -ENOEXEC;
	if (s->va < QUIRE_USER_MIN || s->va >= IMAGE_END || s->memory_size > IMAGE_END - s->va)
		return -ENOEXEC;
	return 0;
}

static int map_image(struct aspace *a, struct memory_object *file, vaddr_t *entry)
{
	struct elf_segment segments[SEGMENTS_MAX];
	struct elf_header h;
	u64 size = object_size(file);
	bool entry_found = false;
	int error;

	if (size < sizeof(h))
		return -ENOEXEC;
	error = object_read_kernel(file, 0, &h, sizeof(h));
	if (error)
		return error;
	if (!elf_header_good(&h) || h.segment_count == 0 || h.segment_count > SEGMENTS_MAX ||
		h.segment_offset > size ||
		h.segment_count * sizeof(segments[0]) > size - h.segment_offset)
		return -ENOEXEC;
	error = object_read_kernel(file, h.segment_offset, segments,
		h.segment_count * (u32)sizeof(segments[0]));
	if (error)
		return error;
	for (u32 i = 0; i < h.segment_count; i++) {
		const struct elf_segment *s = &segments[i];

		if (s->type == ELF_INTERPRETER || s->type == ELF_DYNAMIC)
			return -ENOEXEC; /* programs are static */
		if (s->type != ELF_LOAD || s->memory_size == 0)
			continue;
		error = check_segment(s, size);
		if (!error)
			error = map_segment(a, file, s);
		if (error)
			return error;
		if (s->flags & ELF_X && h.entry >= s->va && h.entry - s->va < s->memory_size)
			entry_found = true;
	}
	*entry = h.entry;
	return entry_found && !(h.entry & 1) ? 0 : -ENOEXEC;
}

/* ------------------------------------------------------------------ arguments */

struct pointer_array {
	struct aspace *space;
	vaddr_t at; /* of the next one that is not in words yet */
	u32 count;
	u32 words[64];
};

static int array_flush(struct pointer_array *a)
{
	int error = aspace_poke(a->space, a->at, a->words, a->count * 4);

	a->at += a->count * 4;
	a->count = 0;
	return error;
}

static int array_add(struct pointer_array *a, u32 word)
{
	a->words[a->count++] = word;
	return a->count == ARRAY_SIZE(a->words) ? array_flush(a) : 0;
}

/* count pointers to strings from *offset on, and a zero. */
static int add_strings(struct pointer_array *a, u32 count, vaddr_t strings, const char *args,
	u32 size, u32 *offset)
{
	int error = 0;

	for (u32 i = 0; i < count && !error; i++) {
		u32 start = *offset;

		while (*offset < size && args[*offset] != 0)
			++*offset;
		if (*offset == size)
			return -EINVAL;
		++*offset;
		error = array_add(a, strings + start);
	}
	return error ? error : array_add(a, 0);
}

static int push_arguments(const char *args, u32 size, u32 argc, u32 envc, struct exec_image *image)
{
	struct pointer_array array = {.space = image->space};
	vaddr_t strings, pointers;
	u32 offset = 0;
	int error;

	if (argc > size || envc > size || argc + envc > size)
		return -EINVAL;
	if (size + (argc + envc + 2) * 4 > ARGS_MAX)
		return -E2BIG;
	strings = (STACK_TOP - size) & ~15u;
	pointers = (strings - (argc + envc + 2) * 4) & ~15u;
	array.at = pointers;
	error = size != 0 ? aspace_poke(image->space, strings, args, size) : 0;
	if (!error)
		error = add_strings(&array, argc, strings, args, size, &offset);
	if (!error)
		error = add_strings(&array, envc, strings, args, size, &offset);
	if (!error && array.count != 0)
		error = array_flush(&array);
	image->argc = argc;
	image->argv = pointers;
	image->envp = pointers + (argc + 1) * 4;
	image->sp = pointers - 16;
	return error;
}

int exec_build(struct memory_object *file, const char *args, u32 args_size, u32 argc, u32 envc,
	struct exec_image *image)
{
	int error = aspace_create(&image->space);

	if (error)
		return error;
	error = map_top(image->space);
	if (!error)
		error = map_image(image->space, file, &image->entry);
	if (!error)
		error = push_arguments(args, args_size, argc, envc, image);
	if (error)
		aspace_put(image->space);
	return error;
}

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
static void step_over(struct process *p, struct thread *t, const struct exec_image *image,
	const char *name)
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
	aspace_switch(image->space);
	handle_table_close_exec(&p->handles);
	p->privileged = p->privileged && stays_privileged();
	signal_reset_exec(p, t);
	t->robust_list = 0;
	exec_enter(t, image);
	p->old_space = old; /* borrowed: our reference is given back, or the parent has gone and it is ours */
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

static int build_from_user(struct memory_object *file, const struct quire_exec *e,
	struct exec_image *image)
{
	char *args = kalloc(max_of(e->args_size, 1u));
	int error;

	if (args == NULL)
		return -ENOMEM;
	error = arch_copy_from_user(args, e->args, e->args_size);
	if (!error)
		error = exec_build(file, args, e->args_size, e->argc, e->envc, image);
	kfree(args, max_of(e->args_size, 1u));
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
			error = futex_thread_died(t); /* -EBLOCKED, or robust mutexes are dealt with */
		if (error)
			aspace_put(image.space);
	}
	handle_release(&h);
	if (error)
		return error;
	step_over(p, t, &image, name);
	return -ENORESULT;
}
