/* Where the port's trap code enters the kernel, and how it leaves.
 *
 * On every entry from user mode the port saves the user registers into the current thread's
 * struct arch_regs, switches to the hart's kernel stack, and calls one of the trap_ functions. When
 * that returns, the port calls trap_exit(), which delivers signals, lets the scheduler choose, and
 * returns the registers to load: maybe another thread's. There is no other thread switch in the
 * kernel: a hart has one stack, and it is empty whenever a thread is chosen.
 */
#ifndef KERNEL_TRAP_H
#define KERNEL_TRAP_H

#include <arch/cpu.h>

enum fault_access {
	ACCESS_READ = 1,
	ACCESS_WRITE = 2,
	ACCESS_EXEC = 4,
};

/* From user mode. */
void trap_syscall(struct arch_regs *r); /* pc already moved past the call */
void trap_page_fault(struct arch_regs *r, vaddr_t va, enum fault_access access);
/* Any other exception: signal is a QSIG number, code a QUIRE_ code for siginfo. */
void trap_exception(struct arch_regs *r, int signal, int code, vaddr_t address);

/* From user mode or from idle. */
void trap_timer(void);
void trap_ipi(void);
void trap_irq(u32 source); /* the port has claimed, masked and completed it */

/* From kernel mode: a fault inside arch/uaccess.h. 0: run the instruction again; else the negative
 * error that the access function shall return. */
int must_check trap_uaccess_fault(vaddr_t va, enum fault_access access);

/* The registers of the thread to run now on this hart, its space active. Idles until there is one. */
struct arch_regs *trap_exit(void);

/* Called by the port: on the boot hart once boot_facts is filled and the kernel's mappings are
 * final; on each other hart when it has its stack and mappings. Neither returns: they end in
 * arch_enter_user(trap_exit()). */
_Noreturn void kernel_main(void);
_Noreturn void kernel_hart_main(void);
/* The port's: loads the registers and goes to user mode; the hart's stack is empty again. */
_Noreturn void arch_enter_user(struct arch_regs *r);

#endif
