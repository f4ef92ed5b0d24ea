/* System call handlers. Each takes the current thread's registers, reads its arguments with
 * arch_regs_arg, and returns the value for a0: 0 or positive, a negated error, -EBLOCKED (the thread
 * was queued: make the call again when woken), or -EAGAIN_STEP (make it again at once, after a chance
 * to preempt). A handler that returns more than a0 sets those registers itself. Handlers that need a
 * word of progress over restarts use thread->progress, which is 0 when a call is made for the first
 * time; the dispatcher clears it when a call ends.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include <arch/cpu.h>

/* A handler's result that says: the registers are as they shall be, all of them. Kernel only. */
#define ENORESULT 514
/* Blocked like -EBLOCKED, but whoever wakes the thread sets its results; see wait_block_call. */
#define EPARKED 515

typedef s32 syscall_fn(struct arch_regs *r);

/* sys_memory.c */
syscall_fn sys_mmap, sys_munmap, sys_mprotect, sys_msync, sys_madvise, sys_mincore, sys_mlock,
	sys_mlockall, sys_mremap;
/* sys_object.c */
syscall_fn sys_obj_create, sys_obj_create_paged, sys_obj_set_size, sys_obj_set_capacity,
	sys_obj_info, sys_obj_supply, sys_obj_complete, sys_obj_query_dirty, sys_obj_wb_begin,
	sys_obj_wb_end, sys_obj_next_dirty, sys_obj_evict, sys_obj_attach, sys_obj_create_dma,
	sys_obj_create_phys, sys_obj_enumerate, sys_obj_serve;
/* stream.c, pipe.c, poll.c, filelock.c */
syscall_fn sys_stream_create, sys_read, sys_write, sys_pread, sys_pwrite, sys_readv, sys_writev,
	sys_seek, sys_fsync, sys_pipe, sys_fcntl, sys_poll, sys_poll_changed, sys_flock;
/* limit.c */
syscall_fn sys_limit;
/* handle.c */
syscall_fn sys_close, sys_dup, sys_dup2, sys_handle_restrict, sys_handle_flags;
/* port.c, ipc.c, interrupt.c */
syscall_fn sys_port_create, sys_channel_create, sys_call, sys_reply_recv, sys_reply, sys_notify,
	sys_timer_set, sys_irq_create, sys_irq_bind, sys_irq_ack, sys_channel_enumerate;
/* process.c, exec.c, thread.c, sched.c, time.c, futex.c */
syscall_fn sys_fork, sys_exec, sys_exit, sys_wait, sys_getpid, sys_getppid, sys_setpgid,
	sys_getpgid, sys_setsid, sys_getsid, sys_thread_create, sys_thread_exit, sys_thread_self,
	sys_yield, sys_sleep, sys_clock, sys_futex_wait, sys_futex_wake, sys_set_robust,
	sys_affinity, sys_getcpu, sys_priority, sys_vfork;
/* signal.c */
syscall_fn sys_kill, sys_tkill, sys_sigaction, sys_sigprocmask, sys_sigpending, sys_sigsuspend,
	sys_sigaltstack, sys_sigreturn, sys_sigwait, sys_itimer;
/* sys_system.c, trace.c */
syscall_fn sys_boot_info, sys_poweroff, sys_log, sys_info, sys_check, sys_trace, sys_tune;

#endif
