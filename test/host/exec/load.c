#include "load.h"
#include <sim.h>
#include <string.h>

#define IMAGE_TOP  0x80000000u
#define ARGS_BYTES (256u * 1024)
#define PLENTY	   900u /* pages: what needs more may be refused for want of memory */

static struct elf_header header;
static struct elf_segment segments[16];
static u32 segment_count; /* of those that are loaded */

void load_setup(void)
{
	sim_init(2048, 1);
}

/* ------------------------------------------------------------------ the file, read again */

static u64 end_of(const struct elf_segment *s)
{
	return (u64)s->va + s->memory_size;
}

static bool segment_fits(const struct elf_segment *s, u32 size)
{
	return s->file_size <= s->memory_size && (u64)s->offset + s->file_size <= size &&
	       s->va >= QUIRE_USER_MIN && end_of(s) <= IMAGE_TOP;
}

static bool share_a_page(const struct elf_segment *a, const struct elf_segment *b)
{
	u64 last_a = (end_of(a) - 1) / PAGE_SIZE, last_b = (end_of(b) - 1) / PAGE_SIZE;

	return a->va / PAGE_SIZE <= last_b && b->va / PAGE_SIZE <= last_a;
}

static bool header_fits(u32 size)
{
	static const u8 ident[7] = {0x7f, 'E', 'L', 'F', 1, 1, 1};

	return !memcmp(header.ident, ident, 7) && header.type == 2 && header.machine == 243 &&
	       header.version == 1 && header.segment_size == 32 && header.segment_count >= 1 &&
	       header.segment_count <= 16 &&
	       (u64)header.segment_offset + header.segment_count * 32u <= size;
}

static int expected_image(const u8 *file, u32 size)
{
	bool entry = false;

	segment_count = 0;
	if (size < sizeof(header))
		return -ENOEXEC;
	memcpy(&header, file, sizeof(header));
	if (!header_fits(size))
		return -ENOEXEC;
	for (u32 i = 0; i < header.segment_count; i++) {
		struct elf_segment s;

		memcpy(&s, file + header.segment_offset + i * 32, 32);
		if (s.type == 2 || s.type == 3)
			return -ENOEXEC;
		if (s.type != 1 || !s.memory_size)
			continue;
		if (!segment_fits(&s, size))
			return -ENOEXEC;
		for (u32 k = 0; k < segment_count; k++)
			if (share_a_page(&s, &segments[k]))
				return -ENOEXEC;
		entry |= s.flags & 1 && header.entry >= s.va && header.entry < end_of(&s);
		segments[segment_count++] = s;
	}
	return entry && header.entry % 2 == 0 ? 0 : -ENOEXEC;
}

int load_expected(const u8 *file, u32 size, const struct exec_args *args)
{
	int status = expected_image(file, size);
	u32 zeros = 0;

	if (status)
		return status;
	for (u32 i = 0; i < args->size; i++)
		zeros += !args->strings[i];
	if ((u64)args->argc + args->envc > args->size)
		return -EINVAL;
	if (args->size + (args->argc + args->envc + 2) * 4 > ARGS_BYTES)
		return -E2BIG;
	return args->argc + args->envc > zeros ? -EINVAL : 0;
}

/* ------------------------------------------------------------------ what came of it */

static u8 byte_at(vaddr_t va)
{
	u8 value = 0;

	if (sim_load(va, &value))
		sim_fail("%x can't be read", va);
	return value;
}

static u32 word_at(vaddr_t va)
{
	u32 value = 0;

	for (u32 i = 0; i < 4; i++)
		value |= (u32)byte_at(va + i) << 8 * i;
	return value;
}

static void check_byte(const struct elf_segment *s, const u8 *content, u64 va)
{
	u64 in = va - s->va;
	u8 want = in < s->file_size ? content[s->offset + in] : 0, got;

	if (va < s->va || va >= end_of(s))
		return;
	got = byte_at((vaddr_t)va);
	if (got != want)
		sim_fail("%x holds %02x, the file says %02x", (vaddr_t)va, got, want);
}

static void check_access(const struct elf_segment *s, vaddr_t va)
{
	u8 value;

	if ((sim_load(va, &value) == 0) != ((s->flags & 6) != 0))
		sim_fail("%x: reading, with flags %x", va, s->flags);
	if ((sim_fetch(va, &value) == 0) != ((s->flags & 1) != 0))
		sim_fail("%x: executing, with flags %x", va, s->flags);
	if ((sim_store(va, 0x5a) == 0) != ((s->flags & 2) != 0))
		sim_fail("%x: storing, with flags %x", va, s->flags);
}

static bool anybody_has(vaddr_t va)
{
	for (u32 i = 0; i < segment_count; i++)
		if (segments[i].va / PAGE_SIZE <= va / PAGE_SIZE &&
			va / PAGE_SIZE <= (end_of(&segments[i]) - 1) / PAGE_SIZE)
			return true;
	return false;
}

static void check_neighbour(u64 va)
{
	u8 value;

	if (va < QUIRE_USER_MIN || va >= IMAGE_TOP || anybody_has((vaddr_t)va))
		return;
	if (sim_load((vaddr_t)va, &value) != QSIGSEGV)
		sim_fail("%x is no segment's, and is there", (vaddr_t)va);
}

/* Contents first: what looks at protections stores. */
static void check_segment(const struct elf_segment *s, const u8 *content)
{
	u64 first = s->va / PAGE_SIZE, last = (end_of(s) - 1) / PAGE_SIZE;

	for (u64 page = first; page <= last; page++) {
		u64 start = page * PAGE_SIZE;

		if (page == first + 20 && last > first + 40)
			page = last - 20;
		if (s->flags & 6) {
			check_byte(s, content, start > s->va ? start : s->va);
			check_byte(s, content, start + PAGE_SIZE - 1);
			for (u32 i = 0; i < PAGE_SIZE; i += 61)
				check_byte(s, content, start + i);
		}
	}
	if (s->flags & 6) {
		check_byte(s, content, end_of(s) - 1);
		check_byte(s, content, (u64)s->va + s->file_size);
		check_byte(s, content, (u64)s->va + s->file_size - 1);
	}
	check_neighbour(first * PAGE_SIZE - 1);
	check_neighbour((last + 1) * PAGE_SIZE);
	for (u64 page = first; page <= last && page < first + 20; page++)
		check_access(s, (vaddr_t)(page == first ? s->va : page * PAGE_SIZE));
	check_access(s, (vaddr_t)(end_of(s) - 1));
}

static void check_string(vaddr_t at, const char **want)
{
	do
		if (byte_at(at++) != (u8) * *want)
			sim_fail("an argument is not what was given");
	while (*(*want)++);
}

static void check_arguments(const struct exec_args *args, const struct exec_image *image)
{
	const char *next = args->strings;
	u8 value;

	if (image->argc != args->argc || image->sp % 16 || image->sp > image->argv)
		sim_fail("argc %u, sp %x", image->argc, image->sp);
	for (u32 i = 0; i < args->argc; i++)
		check_string(word_at(image->argv + 4 * i), &next);
	if (word_at(image->argv + 4 * args->argc) ||
		image->envp != image->argv + 4 * (args->argc + 1))
		sim_fail("the end of argv");
	for (u32 i = 0; i < args->envc; i++)
		check_string(word_at(image->envp + 4 * i), &next);
	if (word_at(image->envp + 4 * args->envc))
		sim_fail("the end of envp");
	if (sim_store(image->sp - 100, 1) || sim_fetch(image->sp - 100, &value) != QSIGSEGV)
		sim_fail("the stack");
}

static void check_file(const u8 *content, u32 bytes)
{
	static u8 now[FILE_MOST];

	if (bytes && object_read_kernel(sim_files[0].object, 0, now, bytes))
		sim_fail("the file can't be read");
	if (memcmp(now, content, bytes))
		sim_fail("the file is another");
}

/* ------------------------------------------------------------------ loading */

static void make_file(const u8 *file, u32 size)
{
	struct sim_file *f = &sim_files[0];

	sim_file_create(0, size);
	object_user_get(f->object);
	for (u32 i = 0; i < SIM_FILE_PAGES; i++)
		f->hole[i] = i * PAGE_SIZE >= size;
	memcpy(f->disk, file, size);
}

static int build(const struct exec_args *args, struct exec_image *image)
{
	int status;

	while ((status = exec_build(sim_files[0].object, args, image)) == -EBLOCKED)
		if (!sim_wait())
			sim_fail("torn away");
	return status;
}

static void drop(struct aspace *a)
{
	aspace_switch(NULL);
	while (aspace_destroy_step(a))
		;
	aspace_put(a);
}

static void drop_file(void)
{
	object_evict(sim_files[0].object, 0, ~0u);
	sim_pager_drain();
}

static void compare_counts(const struct mm_counts *before)
{
	struct mm_counts after;

	drop_file();
	sim_check("after the image");
	mm_counts(&after);
	if (after.frames_used != before->frames_used || after.regions != before->regions ||
		after.commit != before->commit || after.spaces != before->spaces)
		sim_fail("not all came back: frames %u of %u, regions %u, commit %u",
			after.frames_used, before->frames_used, after.regions, after.commit);
}

static u32 pages_wanted(void)
{
	u64 pages = 0;

	for (u32 i = 0; i < segment_count; i++)
		pages += segments[i].memory_size / PAGE_SIZE + 2;
	return pages > 0xffffffffu ? 0xffffffffu : (u32)pages;
}

static void file_goes(void)
{
	object_user_put(sim_files[0].object);
	object_put(sim_files[0].object);
	sim_pager_drain();
}

int load(const u8 *file, u32 size, const struct exec_args *args)
{
	int expected = load_expected(file, size, args), status;
	struct exec_image image;
	struct mm_counts before;

	make_file(file, size);
	mm_counts(&before);
	status = build(args, &image);
	if (status != expected && !(status == -ENOMEM && pages_wanted() > PLENTY))
		sim_fail("exec says %d, and has to say %d", status, expected);
	if (!status) {
		aspace_switch(image.space);
		if (image.entry != header.entry)
			sim_fail("the entry is %x", image.entry);
		for (u32 i = 0; i < segment_count; i++)
			check_segment(&segments[i], file);
		check_arguments(args, &image);
		check_file(file, size);
		drop(image.space);
	}
	compare_counts(&before);
	file_goes();
	return status;
}

bool load_failing(const u8 *file, u32 size, const struct exec_args *args, u32 n)
{
	int expected = load_expected(file, size, args), status;
	struct exec_image image;
	struct mm_counts before;
	bool failed;

	make_file(file, size);
	mm_counts(&before);
	sim_fail_allocation(n);
	status = build(args, &image);
	failed = sim_allocation_failed;
	sim_fail_allocation(0);
	if (status != expected && !(status == -ENOMEM && (failed || pages_wanted() > PLENTY)))
		sim_fail("allocation %u fails, and exec says %d", n, status);
	if (!status)
		drop(image.space);
	compare_counts(&before);
	file_goes();
	return failed;
}
