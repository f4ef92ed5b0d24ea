/* The system calls on mappings: arguments to mm/'s terms, rights checked. */
#include <kernel/port.h>
#include <kernel/pipe.h>
#include <kernel/process.h>
#include <kernel/stream.h>
#include <kernel/syscall.h>
#include <arch/uaccess.h>
#include <mm/aspace.h>

/* User calls have nothing to do with what lies above: the threads' message buffers. */
static bool in_user_range(vaddr_t addr, u32 len)
{
	return addr <= ASPACE_USER_TOP && len <= ASPACE_USER_TOP - addr;
}

/* What of a file may be mapped, by the rights of the handle; -EACCES, -ENODEV. */
static int mapping_rights(const struct handle *h, u32 flags, u32 prot, struct map_request *m)
{
	if (h->type == HANDLE_STREAM)
		m->object = stream_object(h->object);
	else if (h->type == HANDLE_OBJECT)
		m->object = h->object;
	else
		return -ENODEV;
	if (!(h->rights & RIGHT_READ))
		return -EACCES; /* every mapping is readable */
	m->max_prot = QUIRE_PROT_READ | (h->rights & RIGHT_EXEC ? QUIRE_PROT_EXEC : 0);
	if ((flags & QUIRE_MAP_PRIVATE) || (h->rights & RIGHT_WRITE))
		m->max_prot |= QUIRE_PROT_WRITE;
	return prot & ~m->max_prot ? -EACCES : 0;
}

s32 sys_mmap(struct arch_regs *r)
{
	struct map_request m = {.addr = arch_regs_arg(r, 0),
		.len = arch_regs_arg(r, 1),
		.prot = arch_regs_arg(r, 2),
		.flags = arch_regs_arg(r, 3),
		.max_prot = QUIRE_PROT_READ | QUIRE_PROT_WRITE | QUIRE_PROT_EXEC};
	struct handle h = {0};
	struct memory_object *made = NULL;
	vaddr_t addr;
	int error = 0;

	if (m.len == 0 || (m.flags & ~0x7f3u))
		return -EINVAL;
	if (!in_user_range(m.flags & QUIRE_MAP_FIXED ? m.addr : 0, m.len))
		return -ENOMEM;
	if (!in_user_range(m.addr, m.len))
		m.addr = 0; /* a hint that can't be */
	if (m.flags & QUIRE_MAP_NORESERVE)
		m.flags &= ~(
			u32)QUIRE_MAP_STACK; /* the kernel's share is for the stacks that exec makes */
	if (!(m.flags & QUIRE_MAP_ANON)) {
		error = handle_lookup(arch_regs_arg(r, 4), HANDLE_NONE, 0, &h);
		if (error)
			return error;
		error = mapping_rights(&h, m.flags, m.prot, &m);
		m.page_offset = arch_regs_arg(r, 5);
	} else if (m.flags & QUIRE_MAP_SHARED) {
		error = object_create_anon(((u64)m.len + PAGE_MASK) & ~(u64)PAGE_MASK, &made);
		m.object = made;
	}
	if (!error)
		error = aspace_map(current_process()->space, &m, &addr);
	if (made)
		object_put(made); /* the region has its own reference */
	handle_release(&h);
	if (error)
		return error;
	arch_regs_set(r, 0, addr);
	return -ENORESULT; /* an address may look like a negative number */
}

/* Ranged calls keep their progress in the argument registers. */
static s32 finish_step(struct arch_regs *r, vaddr_t addr, u32 len, int error)
{
	if (error == -EBLOCKED || error == -EAGAIN_STEP) {
		arch_regs_set(r, 0, addr);
		arch_regs_set(r, 1, len);
	}
	return error;
}

s32 sys_munmap(struct arch_regs *r)
{
	vaddr_t addr = arch_regs_arg(r, 0);
	u32 len = arch_regs_arg(r, 1);

	if (!in_user_range(addr, len))
		return -EINVAL;
	return finish_step(r, addr, len, aspace_unmap(current_process()->space, &addr, &len));
}

s32 sys_mprotect(struct arch_regs *r)
{
	vaddr_t addr = arch_regs_arg(r, 0);
	u32 len = arch_regs_arg(r, 1);

	if (!in_user_range(addr, len))
		return -ENOMEM;
	return finish_step(r, addr, len,
		aspace_protect(current_process()->space, &addr, &len, arch_regs_arg(r, 2)));
}

s32 sys_msync(struct arch_regs *r)
{
	vaddr_t addr = arch_regs_arg(r, 0);
	u32 len = arch_regs_arg(r, 1), flags = arch_regs_arg(r, 2);

	if ((flags & ~(u32)(QUIRE_MS_ASYNC | QUIRE_MS_SYNC | QUIRE_MS_INVALIDATE)) ||
		(flags & (QUIRE_MS_ASYNC | QUIRE_MS_SYNC)) == (QUIRE_MS_ASYNC | QUIRE_MS_SYNC))
		return -EINVAL;
	int error =
		aspace_sync(current_process()->space, &addr, &len, flags, &thread_of(r)->progress2);

	return finish_step(r, addr, len, error);
}

s32 sys_madvise(struct arch_regs *r)
{
	vaddr_t addr = arch_regs_arg(r, 0);
	u32 len = arch_regs_arg(r, 1);

	if (!in_user_range(addr, len))
		return -ENOMEM;
	return finish_step(r, addr, len,
		aspace_advise(current_process()->space, &addr, &len, arch_regs_arg(r, 2)));
}

#define MINCORE_STEP 256

s32 sys_mincore(struct arch_regs *r)
{
	vaddr_t addr = arch_regs_arg(r, 0);
	u32 len = arch_regs_arg(r, 1);
	u8 vec[MINCORE_STEP];

	if (addr & PAGE_MASK)
		return -EINVAL;
	if (!in_user_range(addr, len))
		return -ENOMEM;
	u32 pages = (len + PAGE_MASK) >> PAGE_SHIFT;

	for (u32 i = thread_of(r)->progress; i < pages; i += MINCORE_STEP) {
		u32 n = min_of(pages - i, (u32)MINCORE_STEP);
		int error =
			aspace_mincore(current_process()->space, addr + (i << PAGE_SHIFT), n, vec);

		if (!error)
			error = arch_copy_to_user(arch_regs_arg(r, 2) + i, vec, n);
		if (error)
			return error;
		thread_of(r)->progress = i;
	}
	return 0;
}

s32 sys_mlock(struct arch_regs *r)
{
	vaddr_t addr = arch_regs_arg(r, 0);
	u32 len = arch_regs_arg(r, 1);

	if (!in_user_range(addr, len))
		return -ENOMEM;
	return aspace_lock_range(current_process()->space, &addr, &len, arch_regs_arg(r, 2) != 0);
}

s32 sys_mlockall(struct arch_regs *r)
{
	return aspace_lock_all(current_process()->space, arch_regs_arg(r, 0));
}

s32 sys_mremap(struct arch_regs *r)
{
	vaddr_t addr = 0;
	u32 old = arch_regs_arg(r, 0), old_len = arch_regs_arg(r, 1), new_len = arch_regs_arg(r, 2);

	if (!in_user_range(old, old_len) || !in_user_range(0, new_len))
		return -EINVAL;
	int error = aspace_remap(
		current_process()->space, old, old_len, new_len, arch_regs_arg(r, 3), &addr);

	if (error)
		return error;
	arch_regs_set(r, 0, addr);
	return -ENORESULT;
}

s32 sys_tune(struct arch_regs *r)
{
	u32 value = arch_regs_arg(r, 1), before = fault_around_pages;

	if (arch_regs_arg(r, 0) == QUIRE_TUNE_DETACHED) {
		before = port_detached_ms;
		if (value != ~0u && (value < 15 || value > 3600000))
			return -EINVAL;
		if (value != ~0u)
			port_detached_ms = value;
		return (s32)before;
	}
	if (arch_regs_arg(r, 0) != QUIRE_TUNE_FAULT_AROUND)
		return -EINVAL;
	if (value != ~0u) {
		if (value == 0 || value > 64 || (value & (value - 1)))
			return -EINVAL;
		fault_around_pages = value;
	}
	return (s32)before;
}
