/* System calls about the machine as a whole: what boot found, the log, power, and the checker.
 *
 * The checker looks at everything without a lock, so every other hart must stand still at a place
 * where it holds none and no structure is half changed: at an interrupt, taken from user mode or
 * idle (kernel_stop_poll). A hart that is in the kernel gets there when it leaves; no system call is
 * long. Each stop has an odd number, announced in stop_number; a hart shows that it stands by writing
 * the number to its own word, and goes on when the number changes.
 */
#include <kernel/system.h>
#include <kernel/handle.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/check.h>
#include <arch/boot.h>
#include <arch/uaccess.h>
#include <base/string.h>

#define LOG_LINE 256

static int need_resource(u32 number)
{
	struct handle h;
	int error = handle_lookup(number, HANDLE_RESOURCE, 0, &h);

	if (!error)
		handle_release(&h);
	return error;
}

_Static_assert(BOOT_DEVICES == QUIRE_BOOT_DEVICES, "boot_facts as user mode sees it");
_Static_assert(sizeof(boot_facts.cmdline) == sizeof(((struct quire_boot_info *)0)->cmdline),
	"boot_facts as user mode sees it");

/* The facts never change, so every caller may fill the same record at once. */
static const struct quire_boot_info *boot_info(void)
{
	static struct quire_boot_info info;

	info.ndevices = boot_facts.ndevices;
	info.nharts = arch_hart_count;
	info.memory_bytes = boot_facts.memory_bytes;
	info.timebase_hz = boot_facts.timebase_hz;
	info.initrd_bytes = boot_facts.initrd_bytes;
	for (u32 i = 0; i < boot_facts.ndevices; i++) {
		const struct boot_device *d = &boot_facts.devices[i];

		info.devices[i].phys = d->phys;
		info.devices[i].size = d->size;
		info.devices[i].irq = d->irq;
		memcpy(info.devices[i].compatible, d->compatible, sizeof(d->compatible));
	}
	memcpy(info.cmdline, boot_facts.cmdline, sizeof(info.cmdline));
	return &info;
}

s32 sys_boot_info(struct arch_regs *r)
{
	int error = need_resource(arch_regs_arg(r, 0));

	if (error)
		return error;
	return arch_copy_to_user(arch_regs_arg(r, 1), boot_info(), sizeof(struct quire_boot_info));
}

s32 sys_poweroff(struct arch_regs *r)
{
	int error = need_resource(arch_regs_arg(r, 0));

	if (error)
		return error;
	if (arch_regs_arg(r, 1) > 255)
		return -EINVAL;
	arch_poweroff((int)arch_regs_arg(r, 1));
}

s32 sys_log(struct arch_regs *r)
{
	char line[LOG_LINE];
	u32 len = arch_regs_arg(r, 1);
	int error;

	if (len > sizeof(line))
		return -EINVAL;
	error = arch_copy_from_user(line, arch_regs_arg(r, 0), len);
	if (error)
		return error;
	while (len && (line[len - 1] == '\n' || line[len - 1] == 0))
		len--;
	/* The log is the reader's terminal: control characters are not for user mode to send. */
	for (u32 i = 0; i < len; i++)
		if ((u8)line[i] < ' ' && line[i] != '\t')
			line[i] = '?';
	log_printf("%.*s\n", (int)len, line);
	return 0;
}

/* ------------------------------------------------------------------ stopping */

static u32 stop_owner;		/* index + 1 of the hart that checks, or 0 */
static u32 stop_number;		/* odd: harts shall stand */
static u32 standing[MAX_HARTS]; /* the stop that each hart stands for */

void kernel_stop_poll(void)
{
	u32 *mine = &standing[arch_hart_index()];
	u32 number;

	while (unlikely((number = __atomic_load_n(&stop_number, __ATOMIC_ACQUIRE)) & 1)) {
		if (__atomic_load_n(&stop_owner, __ATOMIC_RELAXED) == arch_hart_index() + 1)
			return;
		__atomic_store_n(mine, number, __ATOMIC_RELEASE);
		while (__atomic_load_n(&stop_number, __ATOMIC_ACQUIRE) == number)
			arch_relax();
	}
}

static void stop_others(void)
{
	u32 self = arch_hart_index(), nobody, number;
	u32 others = (u32)((1ull << arch_hart_count) - 1) & ~(1u << self);

	/* Whoever waits here for his turn to check must stand for the other's. */
	for (;;) {
		nobody = 0;
		if (__atomic_compare_exchange_n(&stop_owner, &nobody, self + 1, false,
			    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			break;
		kernel_stop_poll();
		arch_relax();
	}
	number = __atomic_add_fetch(&stop_number, 1, __ATOMIC_SEQ_CST);
	if (others)
		arch_ipi_send(others);
	for (u32 i = 0; i < arch_hart_count; i++)
		while (i != self && __atomic_load_n(&standing[i], __ATOMIC_ACQUIRE) != number)
			arch_relax();
}

static void release_others(void)
{
	__atomic_add_fetch(&stop_number, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&stop_owner, 0, __ATOMIC_RELEASE);
}

s32 sys_check(struct arch_regs *r)
{
	u32 broken;

	(void)r;
	lock_rank_assert_none();
	stop_others();
	broken = mm_check() + kernel_check();
	release_others();
	return (s32)min_of(broken, (u32)INT32_MAX);
}
