/* Fences of translations and of instruction fetch, here and on other harts.
 *
 * The firmware performs the remote ones in machine mode, whatever the target is doing, interrupts
 * off or not: so a remote fence may be made with spin locks held. Firmware turns a range of more than
 * one page into a flush of the whole ASID anyway, so that is what is asked for then.
 */
#include "riscv.h"
#include <base/log.h>

#define RFENCE_ALL 0xffffffffu

enum { RFENCE_I = 0, RFENCE_VMA = 1, RFENCE_VMA_ASID = 2 };

struct fence_range {
	u32 function, start, size, asid;
};

void arch_fence_local(u32 asid, vaddr_t va, u32 pages)
{
	if (pages == 0 || pages > ARCH_FENCE_LOCAL_MAX) {
		__asm__ volatile("sfence.vma x0, %0" ::"r"(asid) : "memory");
		return;
	}
	for (; pages; pages--, va += PAGE_SIZE)
		__asm__ volatile("sfence.vma %0, %1" ::"r"(va), "r"(asid) : "memory");
}

void arch_fence_local_all(void)
{
	__asm__ volatile("sfence.vma" ::: "memory");
}

static void remote(u32 mask, u32 base, void *argument)
{
	const struct fence_range *f = argument;
	register u32 a0 __asm__("a0") = mask;
	register u32 a1 __asm__("a1") = base;
	register u32 a2 __asm__("a2") = f->start;
	register u32 a3 __asm__("a3") = f->size;
	register u32 a4 __asm__("a4") = f->asid;
	register u32 a6 __asm__("a6") = f->function;
	register u32 a7 __asm__("a7") = SBI_RFENCE;

	__asm__ volatile("ecall"
			 : "+r"(a0), "+r"(a1)
			 : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
			 : "memory");
	/* A fence that was not made is a stale translation: there is no way to go on. */
	if (unlikely(a0))
		panic("remote fence %u of harts %#x from %u refused: %d", f->function, mask, base,
			(int)a0);
}

void arch_fence_remote(u32 harts, u32 asid, vaddr_t va, u32 pages)
{
	struct fence_range f = {RFENCE_VMA_ASID, 0, RFENCE_ALL, asid};

	if (pages == 1)
		f.start = va, f.size = PAGE_SIZE;
	riscv_for_hart_masks(harts, remote, &f);
}

void arch_fence_remote_all(u32 harts)
{
	struct fence_range f = {RFENCE_VMA, 0, RFENCE_ALL, 0};

	riscv_for_hart_masks(harts, remote, &f);
}

void arch_icache_sync_local(void)
{
	__asm__ volatile("fence.i" ::: "memory");
}

void arch_icache_sync_remote(u32 harts)
{
	struct fence_range f = {RFENCE_I, 0, 0, 0};

	/* The code must be in memory before the other harts fetch it. */
	__asm__ volatile("fence rw, rw" ::: "memory");
	riscv_for_hart_masks(harts, remote, &f);
}
