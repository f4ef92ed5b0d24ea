/* The C side of user access: range checks around uaccess.S. */
#include "riscv.h"
#include <arch/uaccess.h>

struct riscv_outcome riscv_copy_from_user(void *to, vaddr_t from, size_t n);
struct riscv_outcome riscv_copy_to_user(vaddr_t to, const void *from, size_t n);
struct riscv_outcome riscv_load_user(vaddr_t from);
struct riscv_outcome riscv_store_user(vaddr_t to, u32 value);
struct riscv_outcome riscv_cmpxchg_user(vaddr_t address, u32 expected, u32 desired);

static inline bool in_user_space(vaddr_t va, size_t n)
{
	return n <= USER_LIMIT && va <= USER_LIMIT - n;
}

int arch_copy_from_user(void *to, vaddr_t from, size_t n)
{
	if (unlikely(!in_user_space(from, n)))
		return -EFAULT;
	return riscv_copy_from_user(to, from, n).error;
}

int arch_copy_to_user(vaddr_t to, const void *from, size_t n)
{
	if (unlikely(!in_user_space(to, n)))
		return -EFAULT;
	return riscv_copy_to_user(to, from, n).error;
}

int arch_copy_from_user_partial(void *to, vaddr_t from, size_t n, size_t *done)
{
	struct riscv_outcome left;

	*done = 0;
	if (unlikely(!in_user_space(from, n)))
		return -EFAULT;
	left = riscv_copy_from_user(to, from, n);
	*done = n - left.value;
	return left.error;
}

int arch_copy_to_user_partial(vaddr_t to, const void *from, size_t n, size_t *done)
{
	struct riscv_outcome left;

	*done = 0;
	if (unlikely(!in_user_space(to, n)))
		return -EFAULT;
	left = riscv_copy_to_user(to, from, n);
	*done = n - left.value;
	return left.error;
}

/* A machine may refuse misaligned words, so those go byte by byte. */
int arch_load_user_u32(u32 *value, vaddr_t from)
{
	struct riscv_outcome o;

	if (unlikely(from & 3 || !in_user_space(from, 4)))
		return arch_copy_from_user(value, from, 4);
	o = riscv_load_user(from);
	if (likely(!o.error))
		*value = o.value;
	return o.error;
}

int arch_store_user_u32(vaddr_t to, u32 value)
{
	if (unlikely(to & 3 || !in_user_space(to, 4)))
		return arch_copy_to_user(to, &value, 4);
	return riscv_store_user(to, value).error;
}

int arch_cmpxchg_user_u32(vaddr_t address, u32 expected, u32 desired, u32 *old)
{
	struct riscv_outcome o;

	if (unlikely(address & 3 || !in_user_space(address, 4)))
		return -EFAULT;
	o = riscv_cmpxchg_user(address, expected, desired);
	if (likely(!o.error))
		*old = o.value;
	return o.error;
}
