/* Entering and leaving the kernel.
 *
 * Every entry saves the user registers into the current thread, runs one of the trap_ functions, and
 * ends in trap_exit, which returns the registers to load. trap_exit is the only place where the
 * hart's thread changes, and where signals, stops and deaths take effect: nothing is on the kernel
 * stack then but trap_exit itself. On the way back from a plain system call it is four loads and two
 * branches.
 *
 * A system call that returns -EBLOCKED or -EAGAIN_STEP is made again: the program counter goes back
 * to the call, in_call remembers that the progress words are its own. Between a call's steps the
 * thread really goes to user mode, where pending interrupts are taken before the first instruction;
 * that is the preemption point. Another thread may change or unmap the code there meanwhile: a call of
 * another number, or a signal for a fault, ends the one under way (drop_call). A dying thread does the
 * same with its program counter at address 0, where nothing is ever mapped, so that it comes straight
 * back.
 */
#include <kernel/trap.h>
#include <kernel/process.h>
#include <kernel/port.h>
#include <kernel/stream.h>
#include <kernel/syscall.h>
#include <kernel/interrupt.h>
#include <kernel/system.h>
#include <mm/hart.h>
#include <mm/trace.h>

#define REAP_STEPS 16 /* of an old image, at one exit from the kernel */

static syscall_fn *const syscalls[] = {
	[SYS_MMAP] = sys_mmap,
	[SYS_MUNMAP] = sys_munmap,
	[SYS_MPROTECT] = sys_mprotect,
	[SYS_MSYNC] = sys_msync,
	[SYS_MADVISE] = sys_madvise,
	[SYS_MINCORE] = sys_mincore,
	[SYS_MLOCK] = sys_mlock,
	[SYS_MLOCKALL] = sys_mlockall,
	[SYS_MREMAP] = sys_mremap,
	[SYS_OBJ_CREATE] = sys_obj_create,
	[SYS_OBJ_CREATE_PAGED] = sys_obj_create_paged,
	[SYS_OBJ_SET_SIZE] = sys_obj_set_size,
	[SYS_OBJ_SET_CAPACITY] = sys_obj_set_capacity,
	[SYS_OBJ_INFO] = sys_obj_info,
	[SYS_OBJ_SUPPLY] = sys_obj_supply,
	[SYS_OBJ_COMPLETE] = sys_obj_complete,
	[SYS_OBJ_QUERY_DIRTY] = sys_obj_query_dirty,
	[SYS_OBJ_WB_BEGIN] = sys_obj_wb_begin,
	[SYS_OBJ_WB_END] = sys_obj_wb_end,
	[SYS_OBJ_NEXT_DIRTY] = sys_obj_next_dirty,
	[SYS_OBJ_EVICT] = sys_obj_evict,
	[SYS_OBJ_ATTACH] = sys_obj_attach,
	[SYS_OBJ_CREATE_DMA] = sys_obj_create_dma,
	[SYS_OBJ_CREATE_PHYS] = sys_obj_create_phys,
	[SYS_OBJ_SERVE] = sys_obj_serve,
	[SYS_OBJ_ENUMERATE] = sys_obj_enumerate,
	[SYS_STREAM_CREATE] = sys_stream_create,
	[SYS_READ] = sys_read,
	[SYS_WRITE] = sys_write,
	[SYS_PREAD] = sys_pread,
	[SYS_PWRITE] = sys_pwrite,
	[SYS_READV] = sys_readv,
	[SYS_WRITEV] = sys_writev,
	[SYS_SEEK] = sys_seek,
	[SYS_FSYNC] = sys_fsync,
	[SYS_PIPE] = sys_pipe,
	[SYS_FCNTL] = sys_fcntl,
	[SYS_POLL] = sys_poll,
	[SYS_LIMIT] = sys_limit,
	[SYS_POLL_CHANGED] = sys_poll_changed,
	[SYS_FLOCK] = sys_flock,
	[SYS_CLOSE] = sys_close,
	[SYS_DUP] = sys_dup,
	[SYS_DUP2] = sys_dup2,
	[SYS_HANDLE_RESTRICT] = sys_handle_restrict,
	[SYS_HANDLE_FLAGS] = sys_handle_flags,
	[SYS_PORT_CREATE] = sys_port_create,
	[SYS_CHANNEL_CREATE] = sys_channel_create,
	[SYS_CALL] = sys_call,
	[SYS_REPLY_RECV] = sys_reply_recv,
	[SYS_REPLY] = sys_reply,
	[SYS_NOTIFY] = sys_notify,
	[SYS_TIMER_SET] = sys_timer_set,
	[SYS_IRQ_CREATE] = sys_irq_create,
	[SYS_IRQ_BIND] = sys_irq_bind,
	[SYS_IRQ_ACK] = sys_irq_ack,
	[SYS_CHANNEL_ENUMERATE] = sys_channel_enumerate,
	[SYS_FORK] = sys_fork,
	[SYS_EXEC] = sys_exec,
	[SYS_EXIT] = sys_exit,
	[SYS_WAIT] = sys_wait,
	[SYS_GETPID] = sys_getpid,
	[SYS_GETPPID] = sys_getppid,
	[SYS_SETPGID] = sys_setpgid,
	[SYS_GETPGID] = sys_getpgid,
	[SYS_SETSID] = sys_setsid,
	[SYS_GETSID] = sys_getsid,
	[SYS_THREAD_CREATE] = sys_thread_create,
	[SYS_THREAD_EXIT] = sys_thread_exit,
	[SYS_THREAD_SELF] = sys_thread_self,
	[SYS_YIELD] = sys_yield,
	[SYS_SLEEP] = sys_sleep,
	[SYS_CLOCK] = sys_clock,
	[SYS_FUTEX_WAIT] = sys_futex_wait,
	[SYS_FUTEX_WAKE] = sys_futex_wake,
	[SYS_SET_ROBUST] = sys_set_robust,
	[SYS_AFFINITY] = sys_affinity,
	[SYS_GETCPU] = sys_getcpu,
	[SYS_PRIORITY] = sys_priority,
	[SYS_VFORK] = sys_vfork,
	[SYS_KILL] = sys_kill,
	[SYS_TKILL] = sys_tkill,
	[SYS_SIGACTION] = sys_sigaction,
	[SYS_SIGPROCMASK] = sys_sigprocmask,
	[SYS_SIGPENDING] = sys_sigpending,
	[SYS_SIGSUSPEND] = sys_sigsuspend,
	[SYS_SIGALTSTACK] = sys_sigaltstack,
	[SYS_SIGRETURN] = sys_sigreturn,
	[SYS_SIGWAIT] = sys_sigwait,
	[SYS_ITIMER] = sys_itimer,
	[SYS_BOOT_INFO] = sys_boot_info,
	[SYS_POWEROFF] = sys_poweroff,
	[SYS_LOG] = sys_log,
	[SYS_INFO] = sys_info,
	[SYS_CHECK] = sys_check,
	[SYS_TRACE] = sys_trace,
	[SYS_TUNE] = sys_tune,
};

/* ------------------------------------------------------------------ entries */

/* What is not a plain result. */
static void end_call_oddly(struct thread *t, s32 result)
{
	switch (result) {
	case -EBLOCKED:
	case -EAGAIN_STEP:
		t->in_call = true;
		t->call_number = (u8)arch_regs_number(&t->regs);
		arch_regs_restart(&t->regs);
		return;
	case -EINTR:
		t->call_broken = true;
		attention_set(t, ATTENTION_SIGNAL);
		break;
	case -ENORESULT: break;
	default: arch_regs_set(&t->regs, 0, (u32)result);
	}
	if (t->in_call)
		thread_call_done(t);
}

/* The call under way will not be made again: what it has kept for that goes. */
static void drop_call(struct thread *t)
{
	if (!t->in_call)
		return;
	stream_thread_gone(t);
	thread_call_done(t);
}

void trap_syscall(struct arch_regs *r)
{
	struct thread *t = thread_of(r);
	u32 number = arch_regs_number(r);
	syscall_fn *fn = number < ARRAY_SIZE(syscalls) ? syscalls[number] : NULL;
	s32 result = -ENOSYS;

	mm_this_hart()->stats.syscalls++;
	trace(QUIRE_EV_SYSCALL, number, arch_regs_arg(r, 0), t->tid);
	if (unlikely(t->in_call && t->call_number != number))
		drop_call(t);
	if (likely(!t->in_call))
		t->progress = t->progress2 = 0;
	if (likely(fn != NULL))
		result = fn(r);
	if (likely(result >= 0 && !t->in_call))
		arch_regs_set(r, 0, (u32)result);
	else if (result != -EPARKED)
		end_call_oddly(t, result);
}

void trap_page_fault(struct arch_regs *r, vaddr_t va, enum fault_access access)
{
	struct thread *t = thread_of(r);
	int signal = QSIGBUS, code = QUIRE_BUS_ADRERR;
	int error;

	if (unlikely(t->attention & ATTENTION_DIE))
		return; /* on its way out, between two steps; or told to die just now */
	error = aspace_fault(t->process->space, va, access, &signal, &code);
	if (likely(error == 0 || error == -EBLOCKED || error == -EAGAIN_STEP))
		return;
	if (error == -ENOMEM)
		signal = QSIGBUS, code = QUIRE_BUS_ADRERR;
	drop_call(t);
	signal_fault(signal, code, va);
}

int trap_uaccess_fault(vaddr_t va, enum fault_access access)
{
	int signal, code, error;

	error = aspace_fault(current_process()->space, va, access, &signal, &code);
	if (error == 0 || error == -EBLOCKED)
		return error;
	return error == -EAGAIN_STEP ? 0 : -EFAULT;
}

void trap_exception(struct arch_regs *r, int signal, int code, vaddr_t address)
{
	if (thread_of(r)->attention & ATTENTION_DIE)
		return;
	drop_call(thread_of(r));
	signal_fault(signal, code, address);
}

void trap_timer(void)
{
	timers_run();
	sched_tick();
	timer_program(this_hart());
}

void trap_ipi(void)
{
	/* Whoever sent it has set what trap_exit looks at; or it is the checker, who wants silence. */
	mm_this_hart()->stats.ipis++;
	kernel_stop_poll();
}

void trap_irq(u32 source)
{
	mm_this_hart()->stats.irqs++;
	trace(QUIRE_EV_IRQ, source, 0, 0);
	interrupt_arrived(source);
}

/* ------------------------------------------------------------------ leaving */

static void put_request(struct thread *t)
{
	struct page_request *request = t->waiting_request;

	attention_clear(t, ATTENTION_REQUEST);
	t->waiting_request = NULL;
	if (request != NULL)
		request_put(request);
}

static void reap_old_space(struct thread *t)
{
	for (u32 i = 0; i < REAP_STEPS; i++)
		if (exec_reap_step(t->process)) {
			attention_clear(t, ATTENTION_REAP);
			return;
		}
}

static void stop(struct thread *t)
{
	struct process *p = t->process;

	spin_lock(&p->signal_lock);
	/* Who tells a thread to die sets the bit under this lock and wakes it afterwards, once. */
	if (p->stopped && t->state == THREAD_RUNNING && !(t->attention & ATTENTION_DIE))
		t->state = THREAD_STOPPED;
	else if (!p->stopped)
		attention_clear(t, ATTENTION_STOP);
	spin_unlock(&p->signal_lock);
}

/* A wait that a signal broke: the call is given up, or made again to say so itself. */
static void settle_broken_wait(struct thread *t)
{
	if (t->call_state != CALL_NONE)
		ipc_abandon_call(t);
	if (t->parked) {
		thread_call_done(t);
		t->call_broken = true;
		/* Who broke the wait may come late: his signal delivered already, or blocked since, and the
		 * bit cleared. The call must be made again all the same. */
		attention_set(t, ATTENTION_SIGNAL);
	}
}

/* Does what thread->attention asks for. True: the thread may go to user mode as it is, whatever bits
 * are left. */
static bool attend(struct thread *t)
{
	u32 bits = __atomic_load_n(&t->attention, __ATOMIC_ACQUIRE);

	if (bits & ATTENTION_REQUEST)
		put_request(t);
	if (bits & ATTENTION_DIE) {
		if (t->state == THREAD_WAITING)
			wait_break(t);
		if (t->state != THREAD_RUNNING)
			return false;
		if (t->waiting_request != NULL)
			put_request(t);
		if (!thread_finish(t)) {
			arch_regs_init(&t->regs, 0, 0, 0, 0);
			return true;
		}
		return false;
	}
	if (bits & ATTENTION_REAP)
		reap_old_space(t);
	if (bits & ATTENTION_STOP)
		stop(t);
	if (bits & ATTENTION_SIGNAL && t->state == THREAD_WAITING &&
		(signal_is_pending(t) || (t->sig_pending | t->process->sig_pending) & t->sig_wait))
		wait_interrupt(t);
	if (t->state != THREAD_RUNNING)
		return false;
	if (t->interrupted && (t->parked || t->call_state != CALL_NONE)) {
		/* Who broke it may have come after our look at the bits. They are looked at again before
		 * anything else: without a signal to deliver, the thread would go on behind a call that
		 * was never answered. */
		settle_broken_wait(t);
		return false;
	}
	/* A call that is under way is made again first: it ends, or is told by wait_was_interrupted
	 * that it should. A handler's own calls must not find this one's progress. */
	if (bits & ATTENTION_SIGNAL && !t->in_call) {
		signal_deliver(t);
		return false;
	}
	return true;
}

static __attribute__((noinline)) struct arch_regs *exit_slowly(struct hart *h)
{
	for (;;) {
		struct thread *t = h->current;
		bool go = false;

		lock_rank_assert_none();
		if (t == NULL) {
			sched_idle(h);
			continue;
		}
		if (t->attention != 0)
			go = attend(t);
		if (t->state != THREAD_RUNNING || h->next != NULL) {
			sched_leave(h);
			continue;
		}
		if (h->need_resched) {
			sched_preempt(h);
			if (h->current != t)
				continue;
		}
		if (go || t->attention == 0)
			return &t->regs;
	}
}

struct arch_regs *trap_exit(void)
{
	struct hart *h = this_hart();
	struct thread *t = h->current;

	/* The state first: who breaks a wait sets the attention bit before he changes the state. */
	if (likely(t != NULL && __atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == THREAD_RUNNING &&
		    !(t->attention | h->need_resched)))
		return &t->regs;
	if (h->next != NULL && t->attention == 0) {
		struct arch_regs *r = sched_leave_for_next(h);

		lock_rank_assert_none();
		if (likely(r != NULL))
			return r;
	}
	return exit_slowly(h);
}
