/* The image of a program: from an ELF file in a memory object, and the arguments, to a whole new address
 * space. Whatever fails on the way drops the space, so building can begin anew once a page of the file that
 * must be fetched has come.
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
 *     and more       down to RLIMIT_STACK, 8 MiB: there while memory lasts (NORESERVE); SIGBUS beyond that
 *     a guard page
 *
 * so a program may use the stack that others grant it without each of a hundred processes being
 * charged 8 MiB. Arguments lie at the very top of the stack.
 */
#include <kernel/process.h>
#include <kernel/elf.h>
#include <mm/slab.h>

#define STACK_TOP     THREAD_AREA_START
#define STACK_CHARGED (512u * 1024)
#define STACK_MAX     (64u * 1024 * 1024) /* of whoever has no limit, too */
#define ARGS_MAX      (STACK_CHARGED / 2) /* strings and their pointers together */
#define IMAGE_END     0x80000000u	  /* segments lie below: the rest is for stacks and mmap */
#define SEGMENTS_MAX  16

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

/* stack_limit: RLIMIT_STACK in bytes. */
static int map_top(struct aspace *a, u32 stack_limit)
{
	u32 rw = QUIRE_PROT_READ | QUIRE_PROT_WRITE;
	u32 more = max_of(min_of(stack_limit, STACK_MAX) & ~PAGE_MASK, STACK_CHARGED + PAGE_SIZE) -
		   STACK_CHARGED;
	int error;

	a->own_pages = (THREAD_AREA_END - THREAD_AREA_START + more + PAGE_SIZE) >> PAGE_SHIFT;
	error = exec_map_thread_area(a);
	if (!error)
		error = map_fixed(
			a, STACK_TOP - STACK_CHARGED, STACK_CHARGED, rw, QUIRE_MAP_STACK, NULL, 0);
	if (!error)
		error = map_fixed(a, STACK_TOP - STACK_CHARGED - more, more, rw,
			QUIRE_MAP_STACK | QUIRE_MAP_NORESERVE, NULL, 0);
	if (!error)
		error = map_fixed(a, STACK_TOP - STACK_CHARGED - more - PAGE_SIZE, PAGE_SIZE,
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
static int copy_content(
	struct aspace *a, vaddr_t to, struct memory_object *file, u32 offset, u32 len)
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
	u32 prot = (s->flags & ELF_R ? QUIRE_PROT_READ : 0) |
		   (s->flags & ELF_W ? QUIRE_PROT_WRITE : 0) |
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
		error = map_fixed(
			a, start, mapped_end - start, prot, 0, file, s->offset >> PAGE_SHIFT);
	if (!error && end > mapped_end) {
		vaddr_t from = max_of(mapped_end, s->va), at = mapped_end;
		u32 len = end - mapped_end;
		bool copies = content_end > from;

		error = map_fixed(a, at, len, copies ? prot | QUIRE_PROT_WRITE : prot, 0, NULL, 0);
		if (!error && copies)
			error = copy_content(
				a, from, file, s->offset + (from - s->va), content_end - from);
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
	error = object_read_kernel(
		file, h.segment_offset, segments, h.segment_count * (u32)sizeof(segments[0]));
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

static int push_arguments(const struct exec_args *args, struct exec_image *image)
{
	u32 size = args->size, argc = args->argc, envc = args->envc;
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
	error = size != 0 ? aspace_poke(image->space, strings, args->strings, size) : 0;
	if (!error)
		error = add_strings(&array, argc, strings, args->strings, size, &offset);
	if (!error)
		error = add_strings(&array, envc, strings, args->strings, size, &offset);
	if (!error && array.count != 0)
		error = array_flush(&array);
	image->argc = argc;
	image->argv = pointers;
	image->envp = pointers + (argc + 1) * 4;
	image->sp = pointers - 16;
	return error;
}

int exec_build(struct memory_object *file, const struct exec_args *args, struct exec_image *image)
{
	int error = aspace_create(&image->space);

	if (error)
		return error;
	error = map_top(image->space, args->stack_limit);
	if (!error)
		error = map_image(image->space, file, &image->entry);
	if (!error)
		error = push_arguments(args, image);
	if (error)
		aspace_put(image->space);
	return error;
}
