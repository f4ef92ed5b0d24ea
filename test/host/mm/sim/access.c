/* Loads and stores of user programs, and the kernel's copies from and to user memory. */
#include "sim.h"
#include <arch/uaccess.h>

#define TRIES_MAX 64

int sim_code;

int sim_fault(vaddr_t va, enum fault_access access, int *signal, int *code)
{
	lock_rank_assert_none();
	int error = aspace_fault(aspace_current(), va, access, signal, code);

	lock_rank_assert_none();
	if ((error == -EBLOCKED) != (sim_thread()->on != NULL) && !fibers_on())
		sim_fail("the fault at %x says %d and the thread %s", va, error,
			sim_thread()->on ? "waits" : "does not wait");
	if (error > 0 || (error && error != -EBLOCKED && error != -EFAULT && error != -ENOMEM))
		sim_fail("the fault at %x says %d", va, error);
	return error;
}

/* Faults until the access can be made: 0 and the place, or a signal, or an error. Faults that have
 * something to wait for aside, two or three of them are enough. */
static int reach(vaddr_t va, enum fault_access access, u8 **place)
{
	for (int tries = 0; tries < TRIES_MAX;) {
		int signal = 0, error;

		sim_point();
		*place = tlb_translate(va, access);
		if (*place)
			return 0;
		error = sim_fault(va, access, &signal, &sim_code);
		if (error == -EBLOCKED) {
			if (!sim_wait())
				return -EINTR;
			continue;
		}
		if (error == -EFAULT && !signal)
			sim_fail("a fault at %x without a signal", va);
		if (error)
			return error == -EFAULT ? signal : error;
		/* With others at work the entry may be gone again each time. */
		tries += fibers_on() ? sim_random(16) == 0 : 1;
	}
	sim_fail("strict TLB: the fault at %x is never done: a translation that allows less stays",
		va);
}

int sim_load(vaddr_t va, u8 *value)
{
	u8 *p;
	int result = reach(va, ACCESS_READ, &p);

	if (!result)
		*value = *p;
	return result;
}

int sim_fetch(vaddr_t va, u8 *value)
{
	u8 *p;
	int result = reach(va, ACCESS_EXEC, &p);

	if (!result)
		*value = *p;
	return result;
}

int sim_store(vaddr_t va, u8 value)
{
	u8 *p;
	int result = reach(va, ACCESS_WRITE, &p);

	if (!result)
		*p = value;
	return result;
}

/* A user copy faults like anything else, but waits nowhere: it unwinds. */
static int copy_user(u8 *kernel, vaddr_t user, size_t n, bool to_user, size_t *done)
{
	enum fault_access access = to_user ? ACCESS_WRITE : ACCESS_READ;

	*done = 0;
	lock_rank_assert_none();
	if (n > QUIRE_USER_MAX || user > QUIRE_USER_MAX - n)
		return -EFAULT;
	for (; *done < n; ++*done) {
		vaddr_t va = user + (u32)*done;
		u32 tries = 0;
		u8 *p;

		if ((va & 255) == 0 || !*done)
			sim_point();
		while (!(p = tlb_translate(va, access))) {
			int signal, code, error = sim_fault(va, access, &signal, &code);

			if (error)
				return error == -EBLOCKED ? error : -EFAULT;
			tries += fibers_on() ? sim_random(16) == 0 : 1;
			if (tries > TRIES_MAX)
				sim_fail("strict TLB: the fault at %x in a user copy is never done",
					va);
		}
		if (to_user)
			*p = kernel[*done];
		else
			kernel[*done] = *p;
	}
	return 0;
}

int arch_copy_from_user(void *to, vaddr_t from, size_t n)
{
	size_t done;

	return copy_user(to, from, n, false, &done);
}
int arch_copy_from_user_partial(void *to, vaddr_t from, size_t n, size_t *done)
{
	return copy_user(to, from, n, false, done);
}
int arch_copy_to_user_partial(vaddr_t to, const void *from, size_t n, size_t *done)
{
	return copy_user((u8 *)(uintptr_t)from, to, n, true, done);
}
