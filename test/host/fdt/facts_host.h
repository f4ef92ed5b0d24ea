/* facts.c on the host, for a test and a fuzzer: it is included whole, so that its statics can start from zero each
 * time; the rest of the kernel is stood in for; and a small writer makes a tree like QEMU's, with sparse hart
 * ids and an odd reservation. To be included once. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The image as the linker would lay it out: stacks at 384 KiB, one slot each for 32 harts. */
char image_start[0x60000 + 32 * 16384];
__asm__(".globl stacks\n.set stacks, image_start + 0x60000\n"
	".globl image_end\n.set image_end, image_start + 0xe0000\n");

/* With its statics, which each case starts from zero. */
#include "facts.c"

static jmp_buf panicked;
static char panic_text[256];

void log_printf(const char *format, ...)
{
	(void)format;
}

_Noreturn void panic_at(const char *file, int line, const char *format, ...)
{
	(void)file, (void)line;
	snprintf(panic_text, sizeof(panic_text), "%s", format);
	longjmp(panicked, 1);
}

/* --- writing a tree --- */

static u8 structure[16384], strings[2048];
static u32 structure_size, strings_size;

static void put32(u8 *at, u32 value)
{
	at[0] = (u8)(value >> 24), at[1] = (u8)(value >> 16), at[2] = (u8)(value >> 8),
	at[3] = (u8)value;
}

static void word(u32 value)
{
	put32(structure + structure_size, value);
	structure_size += 4;
}

static void bytes(const void *data, u32 size)
{
	memcpy(structure + structure_size, data, size);
	memset(structure + structure_size + size, 0, 4);
	structure_size += (size + 3) & ~3u;
}

static void begin(const char *name)
{
	word(1);
	bytes(name, (u32)strlen(name) + 1);
}

static void end(void)
{
	word(2);
}

static void property(const char *name, const void *data, u32 size)
{
	word(3);
	word(size);
	word(strings_size);
	strings_size += (u32)sprintf((char *)strings + strings_size, "%s", name) + 1;
	bytes(data, size);
}

static void property_string(const char *name, const char *value)
{
	property(name, value, (u32)strlen(value) + 1);
}

static void property_words(const char *name, u32 count, const u32 *values)
{
	u8 data[256];

	for (u32 i = 0; i < count; i++)
		put32(data + 4 * i, values[i]);
	property(name, data, 4 * count);
}
#define WORDS(name, ...) \
	property_words(name, sizeof((u32[]){__VA_ARGS__}) / 4, (u32[]){__VA_ARGS__})

static void cpu(u32 id, u32 phandle, const char *status)
{
	char name[16];

	sprintf(name, "cpu@%x", id);
	begin(name);
	property_string("device_type", "cpu");
	WORDS("reg", id);
	if (status)
		property_string("status", status);
	property_string("riscv,isa", "rv32imac_zicsr_sstc");
	begin("interrupt-controller");
	WORDS("#interrupt-cells", 1);
	WORDS("phandle", phandle);
	end();
	end();
}

static void device(const char *name, const char *compatible, u32 size, u32 base, u32 len, u32 irq)
{
	begin(name);
	property("compatible", compatible, size);
	WORDS("reg", 0, base, 0, len);
	if (irq)
		WORDS("interrupts", irq);
	end();
}

/* The whole blob on the heap, with nothing behind it. */
static u8 *make_tree(u32 *size)
{
	static const u32 reservations[] = {0, 0x81000000, 0, 0x3000, 0, 0, 0, 0};
	u32 reserve = 40, structs = reserve + sizeof(reservations), names;
	u8 *blob;

	structure_size = strings_size = 0;
	begin("");
	WORDS("#address-cells", 2);
	WORDS("#size-cells", 2);
	begin("chosen");
	property_string("bootargs", "exec=true quiet");
	WORDS("linux,initrd-start", 0x84000123);
	WORDS("linux,initrd-end", 0, 0x84010000);
	end();
	begin("memory@80000000");
	property_string("device_type", "memory");
	WORDS("reg", 0, 0x80000000, 0, 0x8000000);
	end();
	begin("reserved-memory");
	WORDS("#address-cells", 2);
	WORDS("#size-cells", 2);
	begin("mmode@80000000");
	WORDS("reg", 0, 0x80000000, 0, 0x40000);
	end();
	end();
	begin("cpus");
	WORDS("#address-cells", 1);
	WORDS("#size-cells", 0);
	WORDS("timebase-frequency", 10000000);
	cpu(1, 11, NULL);
	cpu(2, 12, "disabled");
	cpu(7, 17, "okay");
	cpu(40, 40, NULL);
	end();
	begin("soc");
	WORDS("#address-cells", 2);
	WORDS("#size-cells", 2);
	begin("plic@c000000");
	property("compatible", "sifive,plic-1.0.0\0riscv,plic0", 30);
	WORDS("reg", 0, 0x0c000000, 0, 0x600000);
	WORDS("riscv,ndev", 95);
	WORDS("interrupts-extended", 17, 11, 17, 9, 11, ~0u, 11, 9, 99, 9, 40, 11, 40, 9);
	end();
	device("virtio@2", "virtio,mmio", 12, 0x10002000, 0x1000, 2);
	device("virtio@1", "virtio,mmio", 12, 0x10001000, 0x1000, 1);
	device("serial", "ns16550a", 9, 0x10000000, 0x100, 10);
	device("test", "sifive,test1\0sifive,test0\0syscon", 33, 0x100000, 0x1000, 0);
	device("rtc", "google,goldfish-rtc", 20, 0x101000, 0x1000, 11);
	end();
	end();
	word(9);

	names = structs + structure_size;
	*size = names + strings_size;
	blob = malloc(*size);
	memset(blob, 0, 40);
	put32(blob, 0xd00dfeed);
	put32(blob + 4, *size);
	put32(blob + 8, structs);
	put32(blob + 12, names);
	put32(blob + 16, reserve);
	put32(blob + 20, 17);
	put32(blob + 24, 16);
	put32(blob + 32, strings_size);
	put32(blob + 36, structure_size);
	for (u32 i = 0; i < 8; i++)
		put32(blob + reserve + 4 * i, reservations[i]);
	memcpy(blob + structs, structure, structure_size);
	memcpy(blob + names, strings, strings_size);
	return blob;
}

static u32 read_tree(const u8 *blob, u32 boot_hart)
{
	memset(&boot_facts, 0, sizeof(boot_facts));
	memset(&riscv_machine, 0, sizeof(riscv_machine));
	memset(cpu_phandle, 0, sizeof(cpu_phandle));
	memset(&initrd, 0, sizeof(initrd));
	arch_hart_count = nram = nreserved = 0;
	riscv_machine.ram_base = 0x80000000;
	return riscv_read_facts(blob, 0x87e00000, boot_hart);
}
