/* libFuzzer: an input is a program and its arguments. The first byte says how it is read: with a header and
 * segments made from a few bytes each, so that most of them can be loaded and meet each other, or as it is. */
#include "load.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const u8 *at, *end;

static u8 next(void)
{
	return at < end ? *at++ : 0;
}

static u32 next_word(void)
{
	u32 value = 0;

	for (u32 i = 0; i < 4; i++)
		value = value << 8 | next();
	return value;
}

static u32 make_header(u8 *file, u32 segments)
{
	static const u8 ident[] = {0x7f, 'E', 'L', 'F', 1, 1, 1};
	struct elf_header *h = (struct elf_header *)file;

	memset(h, 0, sizeof(*h));
	memcpy(h->ident, ident, sizeof(ident));
	h->type = ELF_EXECUTABLE;
	h->machine = 243;
	h->version = 1;
	h->entry = 0x10000 + next() * 0x80u;
	h->segment_offset = sizeof(*h);
	h->segment_size = sizeof(struct elf_segment);
	h->segment_count = (u16)segments;
	return (u32)sizeof(*h);
}

static struct elf_segment small_segment(void)
{
	struct elf_segment s = {.type = ELF_LOAD};
	u8 how = next();

	s.va = 0x10000 + next() * 0x400u + (how & 0x80 ? next() : 0);
	s.offset = next() * 0x100u;
	if (how & 0x40)
		s.offset = (s.offset & ~0xfffu) | (s.va & 0xfff);
	s.file_size = next() * (how & 0x20 ? 0x40u : 1u);
	s.memory_size = s.file_size + (how & 0x10 ? next() * 0x81u : 0);
	s.flags = how & 7;
	if (how & 8)
		s.type = next() % 5;
	return s;
}

static struct elf_segment any_segment(void)
{
	struct elf_segment s;

	s.type = next() % 8 ? ELF_LOAD : next_word();
	s.offset = next_word();
	s.va = next_word();
	s.pa = 0;
	s.file_size = next_word();
	s.memory_size = next_word();
	s.flags = next_word();
	s.align = 0;
	return s;
}

static u32 make_program(u8 *file, u8 how)
{
	u32 count = how & 7, made = make_header(file, count);

	for (u32 i = 0; i < count; i++) {
		struct elf_segment s = how & 0x40 ? any_segment() : small_segment();

		memcpy(file + made, &s, sizeof(s));
		made += (u32)sizeof(s);
	}
	return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	static u8 file[FILE_MOST];
	static char strings[256];
	struct exec_args args = {.strings = strings, .stack_limit = QUIRE_STACK_BYTES};
	u32 made = 0, rest;
	u8 how;

	if (!ready)
		load_setup();
	ready = true;
	at = data;
	end = data + size;
	how = next();
	args.argc = next() % 8;
	args.envc = next() % 4;
	args.size = next() % 32;
	for (u32 i = 0; i < args.size; i++)
		strings[i] = (char)next();
	if (!(how & 0x80))
		made = make_program(file, how);
	rest = (u32)(end - at) < FILE_MOST - made ? (u32)(end - at) : FILE_MOST - made;
	memcpy(file + made, at, rest);
	/* Content without being spelt out. */
	if (how & 0x20 && !(how & 0x80)) {
		for (u32 i = made + rest; i < 5 * PAGE_SIZE; i++)
			file[i] = (u8)(i * 7 + i / 256);
		rest = made + rest < 5 * PAGE_SIZE ? 5 * PAGE_SIZE - made : rest;
	}
	load(file, made + rest, &args);
	if (how & 0x10)
		load_failing(file, made + rest, &args, 1 + how % 16 * 8 + args.size);
	return 0;
}
