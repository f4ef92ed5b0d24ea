/* SYS_INFO: what the kernel tells of itself, one record a call. The records are public
 * (quire/info.h); each is filled under the lock that guards its source, and copied out after. */
#include <kernel/handle.h>
#include <kernel/port.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <mm/check.h>
#include <mm/hart.h>
#include <mm/object.h>
#include <mm/reclaim.h>
#include <arch/uaccess.h>
#include <base/string.h>

union record {
	struct quire_info_memory memory;
	struct quire_info_process process;
	struct quire_info_region region;
	struct quire_info_page page;
	struct quire_info_object object;
	struct quire_info_hart hart;
};

static void fill_memory(struct quire_info_memory *m)
{
	struct frame_counts frames;
	struct mm_counts counts;

	frames_count(&frames);
	mm_counts(&counts);
	*m = (struct quire_info_memory){
		.frames_total = frames.total,
		.frames_free = frames.free,
		.frames_table = frames.table,
		.frames_kernel = frames.kernel,
		.frames_object = frames.object,
		.frames_private = frames.private_,
		.frames_dirty = counts.dirty,
		.commit_limit = commit_limit(),
		.commit_used = commit_used(),
		.objects = counts.objects,
		.spaces = counts.spaces,
		.processes = process_count,
		.threads = threads_live(),
		.handles = handle_live_total(),
		.regions = counts.regions,
		.ports = ports_live,
		.channels = channels_live,
	};
}

/* 'R' if any of its threads is running or ready. */
static u32 process_letter(struct process *p)
{
	u32 letter = 'S';

	if (p->state == PROCESS_ZOMBIE)
		return 'Z';
	spin_lock(&p->signal_lock);
	if (p->stopped)
		letter = 'T';
	list_for_each(t, &p->threads, struct thread, process_link)
		if (t->state == THREAD_READY || t->state == THREAD_RUNNING)
			letter = 'R';
	spin_unlock(&p->signal_lock);
	return letter;
}

static bool fill_process(struct quire_info_process *info, s32 pid)
{
	struct process *p = process_next(pid);
	struct aspace *space;

	if (!p)
		return false;
	*info = (struct quire_info_process){.pid = p->pid};
	spin_lock(&process_lock);
	info->ppid = p->parent ? p->parent->pid : 0;
	info->pgid = p->pgid;
	info->threads = p->thread_count;
	info->state = process_letter(p);
	memcpy(info->name, p->name, sizeof(info->name));
	spin_unlock(&process_lock);
	info->cpu_ns = sched_process_ns(p);
	space = process_space_get(p);
	if (space) {
		info->resident = aspace_resident(space);
		info->size = space->size_pages;
		info->commit = space->commit;
		info->faults = space->faults;
		info->fetches = space->fetches;
		info->cow_copies = space->cow_copies;
		info->cow_reuses = space->cow_reuses;
		info->asid = space->arch.asid;
		info->harts = aspace_active_harts(space);
		aspace_put(space);
	}
	process_put(p);
	return true;
}

/* A hart's thread may be gone by the time it is looked at, so it is only compared, not followed. */
static u32 pid_of_running(const struct thread *running)
{
	u32 pid = 0;

	if (!running)
		return 0;
	spin_lock(&process_lock);
	list_for_each(p, &all_processes, struct process, all_link) {
		spin_lock(&p->signal_lock);
		list_for_each(t, &p->threads, struct thread, process_link)
			if (t == running)
				pid = (u32)p->pid;
		spin_unlock(&p->signal_lock);
		if (pid)
			break;
	}
	spin_unlock(&process_lock);
	return pid;
}

static bool fill_hart(struct quire_info_hart *info, u32 index)
{
	if (index >= arch_hart_count)
		return false;
	*info = mm_harts[index].stats;
	info->index = index;
	info->hartid = arch_hart_id(index);
	info->current_pid =
		pid_of_running(__atomic_load_n(&harts[index].current, __ATOMIC_RELAXED));
	return true;
}

static bool fill_object(struct quire_info_object *info, u32 id)
{
	struct memory_object *o = object_from_id(id);

	if (!o)
		return false;
	*info = (struct quire_info_object){.id = o->id, .kind = object_kind(o)};
	spin_lock(&o->lock);
	info->key = o->key;
	info->refs = o->refs - 1; /* less the one held here */
	info->size = o->size;
	info->resident = o->resident;
	info->dirty = o->dirty;
	info->writeback = o->writeback;
	info->regions = o->region_count;
	list_for_each(req, &o->requests, struct page_request, object_link)
		info->waiting++;
	spin_unlock(&o->lock);
	object_put(o);
	return true;
}

/* The space that a record's pid names: 0 is the caller's own. -ESRCH. */
static int space_of_pid(vaddr_t record, s32 *pid, struct aspace **space)
{
	struct process *p;
	u32 word;
	int error = arch_load_user_u32(&word, record);

	if (error)
		return error;
	*pid = word ? (s32)word : current_process()->pid;
	p = process_find(*pid);
	if (!p)
		return -ESRCH;
	*space = process_space_get(p);
	process_put(p);
	return *space ? 0 : -ESRCH;
}

/* The record in *u, its size in *size; 0 there: the walk is at its end. */
static int fill(u32 kind, u32 index, vaddr_t buf, union record *u, u32 *size)
{
	struct aspace *space;
	bool found = true;
	s32 pid;
	int error;

	switch (kind) {
	case QUIRE_INFO_MEMORY:
		fill_memory(&u->memory);
		*size = sizeof(u->memory);
		break;
	case QUIRE_INFO_PROCESS:
		found = index <= INT32_MAX && fill_process(&u->process, (s32)index);
		*size = sizeof(u->process);
		break;
	case QUIRE_INFO_REGION:
	case QUIRE_INFO_PAGE:
		error = space_of_pid(buf, &pid, &space);
		if (error)
			return error;
		memset(u, 0, sizeof(*u));
		if (kind == QUIRE_INFO_REGION) {
			found = aspace_info_region(space, index, &u->region);
			u->region.pid = pid;
			*size = sizeof(u->region);
		} else {
			found = aspace_info_page(space, index, &u->page);
			u->page.pid = pid;
			*size = sizeof(u->page);
		}
		aspace_put(space);
		break;
	case QUIRE_INFO_OBJECT:
		found = fill_object(&u->object, index);
		*size = sizeof(u->object);
		break;
	case QUIRE_INFO_HART:
		found = fill_hart(&u->hart, index);
		*size = sizeof(u->hart);
		break;
	default: return -EINVAL;
	}
	if (!found)
		*size = 0;
	return 0;
}

s32 sys_info(struct arch_regs *r)
{
	vaddr_t buf = arch_regs_arg(r, 2);
	union record u;
	u32 size;
	int error = fill(arch_regs_arg(r, 0), arch_regs_arg(r, 1), buf, &u, &size);

	if (error)
		return error;
	if (size > arch_regs_arg(r, 3))
		return -EINVAL;
	error = arch_copy_to_user(buf, &u, size);
	return error ? error : (s32)size;
}
