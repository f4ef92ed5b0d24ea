/* From boot to the first program: brings up the kernel's parts in the order in which they need each
 * other, makes the init process out of the boot archive, and starts the other harts.
 */
#include <kernel/trap.h>
#include <kernel/process.h>
#include <kernel/pipe.h>
#include <kernel/port.h>
#include <kernel/stream.h>
#include <kernel/cpio.h>
#include <arch/boot.h>

static void must(int error, const char *what)
{
	if (error)
		panic("boot: %s failed (%d)", what, error);
}

static const u8 *initrd_bytes(void)
{
	pfn_t first = (pfn_t)(boot_facts.initrd_phys >> PAGE_SHIFT);

	return (const u8 *)arch_frame_address(first) + boot_facts.initrd_offset;
}

/* init's program, as a memory object of its own. */
static struct memory_object *init_image(void)
{
	struct memory_object *o;
	const u8 *file;
	u32 size;

	if (boot_facts.initrd_bytes == 0)
		panic("boot: there is no initrd, so no init to run");
	if (!cpio_find(initrd_bytes(), boot_facts.initrd_bytes, "init", &file, &size))
		panic("boot: the initrd (%u bytes) holds no file \"init\"",
			boot_facts.initrd_bytes);
	must(object_create_anon(size, &o), "making init's image");
	must(object_write_kernel(o, 0, file, size), "filling init's image");
	return o;
}

/* The archive as init may map it: the very pages, or a copy when it begins inside one. */
static struct memory_object *archive_object(void)
{
	struct memory_object *o;

	if (boot_facts.initrd_offset == 0) {
		must(object_create_phys(boot_facts.initrd_phys, boot_facts.initrd_bytes, &o),
			"wrapping the initrd");
	} else {
		must(object_create_anon(boot_facts.initrd_bytes, &o), "making the initrd's object");
		must(object_write_kernel(o, 0, initrd_bytes(), boot_facts.initrd_bytes),
			"copying the initrd");
	}
	return o;
}

static void give_handles(struct process *p)
{
	struct handle resource = {.type = HANDLE_RESOURCE, .rights = RIGHT_ALL};
	struct handle archive = {
		.object = archive_object(),
		.type = HANDLE_OBJECT,
		.rights = RIGHT_READ | RIGHT_DUP | RIGHT_TRANSFER,
	};

	object_user_get(archive.object);
	must(handle_install_at(&p->handles, QUIRE_H_RESOURCE, &resource), "the resource handle");
	must(handle_install_at(&p->handles, QUIRE_H_INITRD, &archive), "the initrd handle");
}

static void start_init(void)
{
	static const char name[] = "init";
	static const struct exec_args args = {
		.strings = name, .size = sizeof(name), .argc = 1, .stack_limit = QUIRE_STACK_BYTES};
	struct memory_object *image = init_image();
	struct exec_image program;
	struct process *p = process_create();
	struct thread *t;

	if (p == NULL)
		panic("boot: no memory for init");
	signal_init(p, NULL);
	limits_init(p, NULL);
	p->privileged = true;
	__builtin_memcpy(p->name, name, sizeof(name));
	must(exec_build(image, &args, &program), "loading init");
	object_put(image);
	p->space = program.space;
	give_handles(p);
	must(process_link(p, NULL), "numbering init");
	init_process = p;
	must(thread_create(p, &t), "making init's thread");
	exec_enter(t, &program);
	thread_start(t);
	process_put(p);
}

_Noreturn void kernel_main(void)
{
	frames_init();
	mm_init();
	time_init();
	sched_init();
	processes_init();
	threads_init();
	ports_init();
	streams_init();
	pipes_init();
	start_init();
	arch_start_harts();
	arch_enter_user(trap_exit());
}

_Noreturn void kernel_hart_main(void)
{
	arch_enter_user(trap_exit());
}
