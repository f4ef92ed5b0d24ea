/* Fences as the arch interface has them, and what can be wrong with them. A test passes a defect's name; the
 * translation caches must notice it, where an emulator that flushes everything at any fence would not. */
#include "sim.h"
#include <string.h>

enum sim_defect sim_defect;
u32 sim_remote_fences, sim_remote_targets, sim_local_fences;

static const char *const names[DEFECT_COUNT] = {"none", "wrong-va", "wrong-asid", "no-remote",
	"no-local", "one-target", "wrong-target", "short-range", "early-fence", "late-fence",
	"leaves-only", "no-switch-flush", "free-early", "unlock-early", "forget-stale",
	"no-unmap-fence"};

bool sim_defect_by_name(const char *name)
{
	for (u32 i = 0; i < DEFECT_COUNT; i++)
		if (!strcmp(name, names[i])) {
			sim_defect = (enum sim_defect)i;
			return true;
		}
	return false;
}

/* --- a fence that comes before the change it is for --- */

#define DELAYED_MAX 512u
static struct {
	const pte_t *entry;
	pte_t old;
} delayed[DELAYED_MAX];
static u32 delayed_count;

void fence_entry_changed(const pte_t *entry, pte_t old)
{
	if (sim_defect != DEFECT_EARLY_FENCE) {
		tlb_entry_changed(entry, old);
	} else if (delayed_count < DELAYED_MAX) {
		delayed[delayed_count].entry = entry;
		delayed[delayed_count++].old = old;
	}
}

/* The caches fill once more after the fence, from entries that only now change. */
static void fence_done(void)
{
	for (u32 i = 0; i < delayed_count; i++)
		tlb_entry_changed(delayed[i].entry, delayed[i].old);
	delayed_count = 0;
}

/* --- a fence that arrives after it was acknowledged --- */

static struct {
	u32 harts, asid, pages;
	vaddr_t va;
	bool pending;
} late;

static void flush_with_defects(u32 hart, u32 asid, vaddr_t va, u32 pages)
{
	if (sim_defect == DEFECT_WRONG_VA && pages)
		va += PAGE_SIZE;
	if (sim_defect == DEFECT_WRONG_ASID)
		asid++;
	if (sim_defect == DEFECT_SHORT_RANGE && pages && --pages == 0)
		return;
	if (sim_defect == DEFECT_LEAVES_ONLY && !pages)
		tlb_flush_leaves(hart, asid);
	else
		tlb_flush(hart, asid, va, pages);
}

void fence_tick(void)
{
	if (!late.pending || sim_random(4))
		return;
	late.pending = false;
	for (u32 h = 0; h < SIM_HARTS; h++)
		if (late.harts & 1u << h)
			tlb_flush(h, late.asid, late.va, late.pages);
}

/* --- the interface --- */

void arch_fence_local(u32 asid, vaddr_t va, u32 pages)
{
	const struct arch_space *active = tlb_active(sim_hart);

	sim_local_fences++;
	sim_point();
	if (sim_defect == DEFECT_NO_LOCAL || (sim_defect == DEFECT_NO_SWITCH_FLUSH && !pages &&
						     (!active || active->asid != asid)))
		return;
	flush_with_defects(sim_hart, asid, va, pages);
	fence_done();
}

void arch_fence_local_all(void)
{
	tlb_flush_all(sim_hart);
}

void arch_fence_remote(u32 mask, u32 asid, vaddr_t va, u32 pages)
{
	if (!mask || mask & 1u << sim_hart || mask >> SIM_HARTS)
		sim_fail("a remote fence of the harts %x", mask);
	sim_remote_fences++;
	sim_remote_targets += (u32)__builtin_popcount(mask);
	if (sim_defect == DEFECT_WRONG_TARGET)
		mask = mask << 1 & ((1u << SIM_HARTS) - 1);
	if (sim_defect == DEFECT_LATE_FENCE) {
		late.harts = mask;
		late.asid = asid;
		late.va = va;
		late.pages = pages;
		late.pending = true;
		return;
	}
	/* Each target at a moment of its own. */
	for (u32 h = 0; h < SIM_HARTS; h++) {
		if (!(mask & 1u << h) || sim_defect == DEFECT_NO_REMOTE)
			continue;
		sim_point();
		flush_with_defects(h, asid, va, pages);
		if (sim_defect == DEFECT_ONE_TARGET)
			break;
	}
	sim_point();
	fence_done();
}

void arch_fence_remote_all(u32 mask)
{
	assert(mask && !(mask & 1u << sim_hart));
	for (u32 h = 0; h < SIM_HARTS; h++)
		if (mask & 1u << h)
			tlb_flush_all(h);
}
