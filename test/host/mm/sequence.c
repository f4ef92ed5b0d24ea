/* mm/ call by call against a trivial model: operations by several processes on several harts, with a byte array
 * for each file and for each private page. What is done is chosen by below(): at random, or by a fuzzer. */
#include "sequence.h"
#include <stdlib.h>
#include <string.h>

#define PROCESSES 4u
#define REGIONS	  5u
#define PAGES	  8u /* in a region, at most */
#define FILE_MAX  (24 * PAGE_SIZE)

enum kind { NONE, SHARED, PRIVATE, ANON };
struct region_model {
	enum kind kind;
	vaddr_t va;
	u32 pages, file, offset; /* offset in pages */
	bool readonly[PAGES], gone[PAGES], copied[PAGES];
	/* of a private page once stored to; anonymous: from the start, NULL is zeros */
	u8 *bytes[PAGES];
};
static struct process {
	struct aspace *space;
	struct region_model regions[REGIONS];
} processes[PROCESSES];
static struct {
	u8 bytes[FILE_MAX];
	u32 size;
} model[SIM_FILES];
static u32 running[SIM_HARTS]; /* the process on each hart, or PROCESSES */
u32 (*below)(u32 n);

static void go_to(u32 hart)
{
	sim_hart = hart;
}

/* A hart that runs process p, switching one to it if need be; the switch is mm/'s own. */
static void run_process(u32 p)
{
	for (u32 k = 0, h = below(SIM_HARTS); k < SIM_HARTS; k++, h = (h + 1) % SIM_HARTS)
		if (running[h] == p && below(4)) {
			go_to(h);
			return;
		}
	go_to(below(SIM_HARTS));
	running[sim_hart] = p;
	aspace_switch(processes[p].space);
}

static void forget(struct region_model *r)
{
	for (u32 i = 0; i < PAGES; i++)
		free(r->bytes[i]);
	memset(r, 0, sizeof(*r));
}

static void do_map(struct process *p, struct region_model *r)
{
	struct map_request m = {.prot = 3, .max_prot = 7};

	r->kind = (enum kind)(1 + below(3));
	r->pages = 1 + below(PAGES);
	r->file = below(SIM_FILES);
	r->offset = below(4);
	m.len = r->pages * PAGE_SIZE;
	m.flags = r->kind == SHARED ? QUIRE_MAP_SHARED : QUIRE_MAP_PRIVATE;
	if (r->kind != ANON) {
		m.object = sim_files[r->file].object;
		m.page_offset = r->offset;
	}
	if (aspace_map(p->space, &m, &r->va))
		sim_fail("map of %u pages", r->pages);
}

/* A hole that an earlier unmapping left may have been filled by another mapping since. */
static bool filled_again(const struct process *p, vaddr_t va)
{
	for (u32 k = 0; k < REGIONS; k++) {
		const struct region_model *r = &p->regions[k];
		u32 page = (va - r->va) / PAGE_SIZE;

		if (r->kind && va >= r->va && page < r->pages && !r->gone[page])
			return true;
	}
	return false;
}

static void do_unmap(struct process *p, struct region_model *r)
{
	u32 first = below(r->pages), n = 1 + below(r->pages - first);

	if (below(2))
		first = 0, n = r->pages;
	vaddr_t va = r->va + first * PAGE_SIZE;
	u32 len = n * PAGE_SIZE;
	u32 before = sim_remote_fences;

	for (u32 i = first; i < first + n; i++)
		if (r->gone[i] && filled_again(p, r->va + i * PAGE_SIZE))
			return;
	int error;

	while ((error = aspace_unmap(p->space, &va, &len)) == -EAGAIN_STEP)
		;
	if (error)
		sim_fail("unmap: %d", error);
	if (sim_remote_fences - before > 2)
		sim_fail("unmap of %u pages: %u remote fences", n, sim_remote_fences - before);
	for (u32 i = first; i < first + n; i++)
		r->gone[i] = true;
	for (u32 i = 0; i < r->pages; i++)
		if (!r->gone[i])
			return;
	forget(r);
}

static void do_protect(struct process *p, struct region_model *r)
{
	u32 page = below(r->pages), prot = below(2) ? 1 : 3, len = PAGE_SIZE;
	vaddr_t va = r->va + page * PAGE_SIZE;

	if (r->gone[page])
		return;
	if (aspace_protect(p->space, &va, &len, prot))
		sim_fail("protect");
	r->readonly[page] = prot == 1;
}

/* What the model says of one byte: 0 and the value, or the signal that an access gets. */
static int expected(const struct region_model *r, u32 page, u32 offset, bool store, u8 *value)
{
	if (r->gone[page] || (store && r->readonly[page]))
		return QSIGSEGV;
	if (r->kind != SHARED && r->bytes[page]) {
		*value = r->bytes[page][offset];
		return 0;
	}
	if (r->kind == ANON) {
		*value = 0;
		return 0;
	}
	u32 at = (r->offset + page) * PAGE_SIZE + offset;

	if (r->offset + page >= (model[r->file].size + PAGE_MASK) / PAGE_SIZE)
		return QSIGBUS;
	*value = model[r->file].bytes[at];
	return 0;
}

static u8 *private_bytes(struct region_model *r, u32 page)
{
	if (!r->bytes[page]) {
		r->bytes[page] = calloc(1, PAGE_SIZE);
		if (r->kind == PRIVATE)
			memcpy(r->bytes[page],
				model[r->file].bytes + (r->offset + page) * PAGE_SIZE, PAGE_SIZE);
	}
	return r->bytes[page];
}

static void do_access(const struct process *p, struct region_model *r, bool store)
{
	u32 page = below(r->pages), offset = below(PAGE_SIZE);
	u32 at = (r->offset + page) * PAGE_SIZE + offset;
	u8 want = 0, got = 0, fresh = (u8)below(256);

	/* Bytes behind the end on the last page are nobody's. */
	if (r->kind != ANON && !r->bytes[page] && at >= model[r->file].size)
		offset = 0, at -= at % PAGE_SIZE;
	if (r->kind != ANON && r->bytes[page] && at >= model[r->file].size)
		return;
	if (r->gone[page] && filled_again(p, r->va + page * PAGE_SIZE))
		return;
	int signal = expected(r, page, offset, store, &want);
	vaddr_t va = r->va + page * PAGE_SIZE + offset;
	int real = store ? sim_store(va, fresh) : sim_load(va, &got);

	if (real != signal)
		sim_fail("%s of %x: signal %d, the model says %d", store ? "store" : "load", va,
			real, signal);
	if (signal)
		return;
	if (!store && got != want)
		sim_fail("load of %x (kind %d, page %u): %02x, the model says %02x", va, r->kind,
			page, got, want);
	if (store && r->kind == SHARED)
		model[r->file].bytes[at] = fresh;
	else if (store)
		private_bytes(r, page)[offset] = fresh;
}

static void do_truncate(void)
{
	u32 f = below(SIM_FILES), size = below(FILE_MAX);
	int error;

	error = sim_set_size(&sim_files[f], size);
	if (error)
		sim_fail("set_size: %d", error);
	if (size < model[f].size) {
		memset(model[f].bytes + size, 0, model[f].size - size);
	}
	model[f].size = size;
	for (u32 p = 0; p < PROCESSES; p++)
		for (u32 k = 0; k < REGIONS; k++) {
			struct region_model *r = &processes[p].regions[k];

			for (u32 i = 0; r->kind == PRIVATE && r->file == f && i < r->pages; i++)
				if (r->offset + i >= (size + PAGE_MASK) / PAGE_SIZE) {
					free(r->bytes[i]);
					r->bytes[i] = NULL;
				}
		}
}

/* write() and read() through a buffer that is itself anonymous memory of the process. */
static void do_transfer(struct process *p, bool write)
{
	u32 salt = below(256), f = below(SIM_FILES), at = below(FILE_MAX - 600), n = 1 + below(600),
	    done = 0;
	struct map_request m = {
		.prot = 3, .max_prot = 3, .len = PAGE_SIZE, .flags = QUIRE_MAP_PRIVATE};
	u64 offset = at;
	vaddr_t buffer;
	u32 len = PAGE_SIZE;
	int error;

	if (aspace_map(p->space, &m, &buffer))
		sim_fail("map of a buffer");
	for (u32 i = 0; write && i < n; i++)
		if (sim_store(buffer + i, (u8)(at + i * 3 + salt)))
			sim_fail("store to the buffer");
	do {
		error = write ? object_write(sim_files[f].object, &offset, false, buffer, n, &done)
			      : object_read(sim_files[f].object, at, buffer, n, &done);
		if (error == -EBLOCKED)
			sim_wait();
	} while (error == -EBLOCKED || error == -EAGAIN_STEP);
	u32 want = write ? n : at >= model[f].size ? 0 : min_of(n, model[f].size - at);

	if (error || done != want)
		sim_fail("%s of %u at %u: error %d, %u done", write ? "write" : "read", n, at,
			error, done);
	for (u32 i = 0; i < done; i++) {
		u8 byte;

		if (write)
			model[f].bytes[at + i] = (u8)(at + i * 3 + salt);
		else if (sim_load(buffer + i, &byte) || byte != model[f].bytes[at + i])
			sim_fail("read at %u differs", at + i);
	}
	if (write && at + n > model[f].size)
		model[f].size = at + n;
	if (aspace_unmap(p->space, &buffer, &len))
		sim_fail("unmap of the buffer");
}

static void do_exit(u32 p)
{
	struct process *victim = &processes[p];

	for (u32 h = 0; h < SIM_HARTS; h++)
		if (running[h] == p) {
			go_to(h);
			aspace_switch(NULL);
			running[h] = PROCESSES;
		}
	u32 before = sim_remote_fences;

	while (aspace_destroy_step(victim->space))
		;
	aspace_put(victim->space);
	if (sim_remote_fences != before)
		sim_fail("the end of a process fenced");
	victim->space = NULL;
	for (u32 k = 0; k < REGIONS; k++)
		forget(&victim->regions[k]);
}

static void do_fork(u32 p)
{
	u32 child = below(PROCESSES), before = sim_remote_fences;

	if (processes[child].space)
		return;
	if (aspace_fork(processes[p].space, &processes[child].space))
		sim_fail("fork");
	if (sim_remote_fences - before > 1)
		sim_fail("fork: %u remote fences", sim_remote_fences - before);
	for (u32 k = 0; k < REGIONS; k++) {
		struct region_model *from = &processes[p].regions[k],
				    *to = &processes[child].regions[k];

		*to = *from;
		for (u32 i = 0; i < PAGES; i++)
			if (from->bytes[i]) {
				to->bytes[i] = malloc(PAGE_SIZE);
				memcpy(to->bytes[i], from->bytes[i], PAGE_SIZE);
			}
	}
}

/* Private pages are fresh again; all others only lose their entries. */
static void do_advise(struct process *p, struct region_model *r)
{
	u32 page = below(r->pages), advice = below(QUIRE_MADV_DONTNEED + 1), len = PAGE_SIZE;
	vaddr_t va = r->va + page * PAGE_SIZE;
	int error;

	if (r->gone[page])
		return;
	while ((error = aspace_advise(p->space, &va, &len, advice)) == -EAGAIN_STEP)
		;
	if (error)
		sim_fail("advise: %d", error);
	if (advice != QUIRE_MADV_DONTNEED || r->kind == SHARED)
		return;
	free(r->bytes[page]);
	r->bytes[page] = NULL;
}

void sequence_step(void)
{
	u32 p = below(PROCESSES);
	struct process *process = &processes[p];
	struct region_model *r = &process->regions[below(REGIONS)];

	if (!process->space) {
		if (below(4) == 0 && aspace_create(&process->space))
			sim_fail("create");
		return;
	}
	run_process(p);
	switch (below(24)) {
	case 0 ... 1: do_transfer(process, true); break;
	case 2: do_transfer(process, false); break;
	case 3: sim_write_back(&sim_files[below(SIM_FILES)]); break;
	case 4: object_evict(sim_files[below(SIM_FILES)].object, 0, ~0u); break;
	case 5:
		if (below(4) == 0)
			do_truncate();
		break;
	case 6:
		if (below(3) == 0)
			do_fork(p);
		break;
	case 7:
		if (below(12) == 0)
			do_exit(p);
		break;
	case 11:
		if (r->kind)
			do_advise(process, r);
		break;
	case 12:
		if (below(8) == 0)
			sim_writeback_begin(&sim_files[below(SIM_FILES)]);
		break;
	case 13:
		if (below(8) == 0)
			sim_pager_crash();
		break;
	case 8:
		if (r->kind)
			do_unmap(process, r);
		break;
	case 9 ... 10:
		if (r->kind)
			do_protect(process, r);
		break;
	default:
		if (!r->kind)
			do_map(process, r);
		else
			do_access(process, r, below(2));
	}
	sim_pager_drain();
}

static struct mm_counts before;

void sequence_begin(void)
{
	for (u32 f = 0; f < SIM_FILES; f++) {
		sim_file_create(f, 5 * PAGE_SIZE + 100);
		object_user_get(sim_files[f].object);
		model[f].size = 5 * PAGE_SIZE + 100;
		memcpy(model[f].bytes, sim_files[f].disk, FILE_MAX);
	}
	for (u32 h = 0; h < SIM_HARTS; h++)
		running[h] = PROCESSES;
	mm_counts(&before);
}

void sequence_end(void)
{
	struct mm_counts after;

	for (u32 p = 0; p < PROCESSES; p++)
		if (processes[p].space)
			do_exit(p);
	for (u32 f = 0; f < SIM_FILES; f++) {
		sim_write_back(&sim_files[f]);
		if (memcmp(sim_files[f].disk, model[f].bytes, model[f].size))
			sim_fail("at the end file %u on the disk is not the model's", f);
		object_evict(sim_files[f].object, 0, ~0u);
	}
	sim_pager_drain();
	sim_check("at the end");
	mm_counts(&after);
	if (after.frames_used != before.frames_used || after.regions != before.regions ||
		after.commit != before.commit || after.spaces != before.spaces ||
		after.requests != before.requests || after.dirty != 0)
		sim_fail(
			"not all came back: frames %u of %u, regions %u, commit %u, requests %u, dirty %u",
			after.frames_used, before.frames_used, after.regions, after.commit,
			after.requests, after.dirty);
	for (u32 f = 0; f < SIM_FILES; f++) {
		object_user_put(sim_files[f].object);
		object_put(sim_files[f].object);
		sim_pager_drain();
	}
}
