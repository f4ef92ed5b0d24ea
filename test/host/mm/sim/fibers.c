/* Harts as coroutines: one thread of the host, one stack for each hart, and a random choice of who goes on at
 * each sim_point(). What a hart does between two points is atomic to the others; points are at locks, changed entries,
 * fences, copies and accesses. The order follows from sim_seed alone. */
#include "sim.h"
#include <sanitizer/common_interface_defs.h>
#include <stdlib.h>
#include <ucontext.h>

#define STACK_BYTES (256u * 1024)
#define IDLE_MAX    300000u

static struct fiber {
	ucontext_t context;
	char *stack;
	void *fake_stack; /* the sanitizer's */
	void (*body)(u32);
	const char *idle; /* why it does nothing, or NULL */
	bool live;
} fibers[SIM_HARTS];
static struct {
	ucontext_t context;
	void *fake_stack;
	const void *bottom;
	size_t size;
} scheduler;
static bool on;
static u32 idle_turns;
u32 fibers_chance = 8;

bool fibers_on(void)
{
	return on;
}

static void start(void)
{
	u32 hart = sim_hart;

	__sanitizer_finish_switch_fiber(NULL, &scheduler.bottom, &scheduler.size);
	fibers[hart].body(hart);
	fibers[hart].live = false;
	__sanitizer_start_switch_fiber(NULL, scheduler.bottom, scheduler.size);
	setcontext(&scheduler.context);
}

static void leave(void)
{
	struct fiber *f = &fibers[sim_hart];

	__sanitizer_start_switch_fiber(&f->fake_stack, scheduler.bottom, scheduler.size);
	swapcontext(&f->context, &scheduler.context);
	__sanitizer_finish_switch_fiber(f->fake_stack, &scheduler.bottom, &scheduler.size);
}

static u32 spins; /* since anything was done; without fibers */

void sim_point(void)
{
	spins = 0;
	if (on && !sim_random(fibers_chance))
		leave();
}

void sim_spins(void)
{
	/* Alone: mm/ pauses between the steps of long work, but never twice without doing anything. */
	if (!on) {
		if (++spins > 2)
			sim_fail("a lock is spun for: it was left held");
		return;
	}
	if (++idle_turns > IDLE_MAX)
		sim_fail("deadlock: every hart spins or waits");
	leave();
}

void fibers_idle(const char *why)
{
	fibers[sim_hart].idle = why;
	if (++idle_turns > IDLE_MAX) {
		for (u32 h = 0; h < SIM_HARTS; h++)
			if (fibers[h].live)
				log_printf("hart %u %s\n", h,
					fibers[h].idle ? fibers[h].idle : "spins");
		sim_fail("nothing goes on any more");
	}
	leave();
	fibers[sim_hart].idle = NULL;
}

/* Something has been done: nobody waits in vain. */
static bool busy(void)
{
	for (u32 h = 0; h < SIM_HARTS; h++)
		if (fibers[h].live && !fibers[h].idle)
			return true;
	return false;
}

static void prepare(struct fiber *f, void (*body)(u32))
{
	if (!f->stack)
		f->stack = malloc(STACK_BYTES);
	getcontext(&f->context);
	f->context.uc_stack.ss_sp = f->stack;
	f->context.uc_stack.ss_size = STACK_BYTES;
	f->context.uc_link = NULL;
	f->body = body;
	f->live = true;
	f->idle = NULL;
	makecontext(&f->context, start, 0);
}

static void resume(struct fiber *f)
{
	__sanitizer_start_switch_fiber(&scheduler.fake_stack, f->stack, STACK_BYTES);
	swapcontext(&scheduler.context, &f->context);
	__sanitizer_finish_switch_fiber(scheduler.fake_stack, NULL, NULL);
}

static bool any_live(u32 n)
{
	for (u32 h = 0; h < n; h++)
		if (fibers[h].live)
			return true;
	return false;
}

void fibers_run(u32 n, void (*body)(u32))
{
	for (u32 h = 0; h < n; h++)
		prepare(&fibers[h], body);
	on = true;
	idle_turns = 0;
	while (any_live(n)) {
		sim_hart = sim_random(n);
		if (!fibers[sim_hart].live)
			continue;
		resume(&fibers[sim_hart]);
		if (busy())
			idle_turns = idle_turns > 4 ? idle_turns - 4 : 0;
	}
	on = false;
	sim_hart = 0;
}
