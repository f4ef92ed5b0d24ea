/* The arch interface, 1 of 5: the processor. What a port gives the rest of the kernel; mm/ and
 * kernel/ know the machine through these headers alone. A port puts <arch/machine.h> on the include
 * path, which defines the inline parts and the types that are named here as the machine's.
 *
 * Harts are numbered 0..arch_hart_count-1 in the order they were found; the machine's own (sparse)
 * hart ids never leave the port.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <base/types.h>

/* struct arch_regs: a thread's user registers, saved at every entry to the kernel (machine's). */
struct arch_regs;

/* From machine.h, inline:
 *
 * u32 arch_hart_index(void)          this hart
 * void arch_relax(void)              in a spin loop
 * void arch_fence(void)              full barrier for ordinary loads and stores ("fence rw,rw")
 * u32 arch_ticks_low(void), u64 arch_time_ns(void)   monotonic time since boot
 * ARCH_ELF_MACHINE                   the e_machine of a program for this machine
 */
#include <arch/machine.h>

extern u32 arch_hart_count; /* harts that run */
/* The machine's own number of a hart, to show to a reader; nothing else is done with it. */
u32 arch_hart_id(u32 index);

/* Interrupts are off in the kernel from entry to exit; the one place that takes them is this.
 * Waits until an interrupt is pending, and returns with it still pending or already handled by
 * trap_interrupt (kernel/trap.h). */
void arch_wait_for_interrupt(void);

/* Makes each hart in the mask (by index) enter the kernel soon. May include this one. */
void arch_ipi_send(u32 harts);

/* Asks for a timer interrupt on this hart at the given time; ~0 cancels. Time in the past fires at once. */
void arch_timer_set(u64 when_ns);

/* Bytes to whatever the firmware or machine has for early output. Usable from any state, takes no lock. */
void arch_console_write(const char *s, size_t n);

/* Ends the machine: the emulator's exit status where the machine can say it, else 0 or not 0. */
_Noreturn void arch_poweroff(int status);

/* The kernel may read the byte at p: it is in its image or its view of RAM. For checking a pointer
 * before a report follows it. */
bool arch_kernel_readable(const void *p);

/* Prints the registers at the panic and a backtrace, then stops every other hart. Called once. */
void arch_panic_report(void);
void arch_stop_other_harts(void);
_Noreturn void arch_halt(void);

/* The invariant checker's stop: every other hart enters a spin in the kernel until released.
 * They hold no locks meanwhile (they stop at kernel entry or in idle, or in a lock's spin). */

/* --- a thread's registers --- */

/* A user thread that starts at pc with the stack pointer, one argument, and thread pointer. */
void arch_regs_init(struct arch_regs *r, vaddr_t pc, vaddr_t sp, u32 arg, u32 tp);
/* For fork. Registers must not be assigned: a port may keep more in the struct than a thread's own. */
void arch_regs_copy(struct arch_regs *to, const struct arch_regs *from);
/* From machine.h, inline: system call number and argument n (0..6); results go to the same
 * numbers (a0..a6), a7 is 7. Setting a result does not move the pc: the entry code has moved it
 * past the call, and arch_regs_restart moves it back.
 *
 * u32 arch_regs_number(const struct arch_regs *)
 * u32 arch_regs_arg(const struct arch_regs *, int n)
 * void arch_regs_set(struct arch_regs *, int n, u32 value)
 * void arch_regs_restart(struct arch_regs *)
 * vaddr_t arch_regs_pc/sp(const struct arch_regs *)
 */
/* Signal delivery: export and import of all user registers in the public order (regs[0] = pc,
 * regs[n] = register n); import refuses nothing that user mode may not have anyway. */
void arch_regs_export(const struct arch_regs *r, u32 regs[32]);
void arch_regs_import(struct arch_regs *r, const u32 regs[32]);
/* Makes the thread enter handler(a0, a1, a2) on stack sp, returning to ra. */
void arch_regs_enter_handler(
	struct arch_regs *r, vaddr_t handler, vaddr_t sp, vaddr_t ra, u32 a0, u32 a1, u32 a2);

#endif
