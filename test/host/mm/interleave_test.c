/* mm/ used by several harts at once, interleaved at every lock, entry, fence, copy and access in an order that a seed
 * decides. Each access is held against all that it may see (history.h); between rounds, when nothing is under way,
 * the invariant checker runs, every byte is read, and now and then the disk is compared.
 *
 *     interleave_test SEED [ROUNDS] [DEFECT]
 *
 * A failure names the seed; the same arguments replay it exactly. DEFECT puts a defect into the machine or between
 * mm/'s own steps (sim/fence.c), which must be noticed. */
#include "interleave.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURNS 40u /* of each worker in a round */

static u32 seed, rounds, round_now, working;
static bool crashes;
bool resizing;
u64 operations[16];

static void tell(void)
{
	printf("replay with: interleave_test %u %u   (in round %u)\n", seed, rounds, round_now);
}

/* --- one operation --- */

static void operate(u32 process)
{
	u32 which = sim_random(32);

	if (resizing && which >= 18 && which < 21)
		which = 13;
	if (scarce && sim_random(4) == 0)
		sim_fail_allocation(1 + sim_random(8));
	switch (which) {
	case 0 ... 2: do_map(process); break;
	case 3 ... 4: do_unmap(process); break;
	case 5 ... 6: do_protect(process); break;
	case 7: do_advise(process); break;
	case 8: do_fork(process); break;
	case 9 ... 10: do_write(process); break;
	case 11: do_read(process); break;
	case 12: do_sync(); break;
	case 13:
		if (sim_random(2))
			object_evict(objects[sim_random(2)].object, sim_random(OBJECT_PAGES),
				1 + sim_random(8));
		else
			do_truncate(&objects[3]);
		break;
	case 14 ... 21: do_store(process); break;
	default:
		check_load(process, sim_random(SLOTS), sim_random(SLOT_PAGES), sim_random(SPOTS));
		which = 31;
	}
	operations[min_of(which, 15u)]++;
}

static void turn(void)
{
	u32 p = sim_random(PROCESSES);
	struct process *process = &processes[p];

	/* Threads tend to stay: several harts in one process is where the races are. */
	for (u32 i = 0; i < 2 && (!process->space || process->dying); i++) {
		p = sim_random(2);
		process = &processes[p];
	}
	if (process->dying)
		return;
	if (!process->space) {
		process_create(p);
		return;
	}
	if (!process->users && !sim_random(24)) {
		process_exit(p);
		return;
	}
	process->users++;
	aspace_switch(process->space);
	for (u32 i = 1 + sim_random(3); i; i--)
		operate(p);
	process->users--;
}

static void worker(void)
{
	for (u32 i = 0; i < TURNS; i++) {
		turn();
		sim_point();
	}
	aspace_switch(NULL);
	working--;
}

static void pager(void)
{
	while (working) {
		u32 which = sim_random(64);

		if (which < 6 || (sim_memory_short && which < 20))
			sim_writeback_begin(&sim_files[sim_random(2)]);
		else if (which < 10)
			object_evict(objects[sim_random(2)].object, sim_random(OBJECT_PAGES),
				1 + sim_random(OBJECT_PAGES));
		else if (which == 10 ? sim_random(2) : resizing && which < 18)
			do_truncate(&objects[0]);
		else if (which == 11 && crashes && !sim_random(8))
			sim_pager_crash();
		else if (!sim_pager_step())
			fibers_idle("has nothing to page");
		if (which == 12)
			reclaim_wake();
		sim_point();
	}
}

static void body(u32 hart)
{
	if (hart < WORKERS)
		worker();
	else
		pager();
}

/* --- when all is quiet --- */

static void read_objects(void)
{
	for (u32 i = 0; i < OBJECTS; i++) {
		struct object_model *o = &objects[i];
		u64 size = object_size(o->object), low, high, now = history_tick();

		cell_range(&o->size, now, now, &low, &high);
		if (size < low || size > high)
			sim_fail("object %u has %llu bytes, the model says %llu to %llu", i,
				(unsigned long long)size, (unsigned long long)low,
				(unsigned long long)high);
		cell_start(&o->size, size);
		for (u32 page = 0; page < OBJECT_PAGES; page++)
			for (u32 spot = 0; spot < SPOTS; spot++) {
				struct cell *c = &o->bytes[page][spot];
				u64 at = page * PAGE_SIZE + spot_offset[spot];
				u8 byte = 0;
				int error = 0;

				while (at < size && (error = object_read_kernel(
							     o->object, at, &byte, 1)) == -EBLOCKED)
					sim_wait();
				now = history_tick();
				if (error)
					sim_fail("reading object %u at %llx: %d", i,
						(unsigned long long)at, error);
				if (at < size && !cell_allows(c, byte, now, now)) {
					cell_print(c, now, now);
					sim_fail(
						"object %u has %02x at %llx, and the model does not allow that",
						i, byte, (unsigned long long)at);
				}
				if (at < size)
					cell_start(c, byte);
			}
	}
}

/* Reading a private page settles what its bytes are. */
static void read_page(u32 process, u32 slot, u32 page)
{
	const struct view *v = view_now(process, slot, page);

	for (u32 spot = 0; spot < SPOTS; spot++) {
		check_load(process, slot, page, spot);
		if (v->mapped && !(v->prot & QUIRE_PROT_READ) && v->copy && v->object &&
			v->copy->begun && v->copy->sure[spot] == NEVER) {
			/* Unseen, but what the file had when it was copied is forgotten now. */
			u64 now = history_tick();

			cell_copy(&v->copy->bytes[spot], &v->object->bytes[v->index][spot],
				v->copy->begun, min_of(v->copy->stored, now));
			if (v->copy->stored != NEVER)
				v->copy->sure[spot] = now;
		}
		if (!v->mapped || v->shared || !(v->prot & QUIRE_PROT_READ) || !view_value_known(v))
			continue;
		u8 byte;

		if (sim_load(slot_address(slot) + page * PAGE_SIZE + spot_offset[spot], &byte))
			sim_fail("a page that could be read can't");
		if (!v->object || v->copy->begun)
			cell_start(&v->copy->bytes[spot], byte);
		if (v->copy->stored != NEVER)
			v->copy->sure[spot] = min_of(v->copy->sure[spot], history_tick());
	}
}

static void compare_disk(void)
{
	for (u32 i = 0; i < 2; i++) {
		struct object_model *o = &objects[i];
		u64 now = history_tick();

		sim_write_back(o->file);
		for (u32 n = 0; n < OBJECT_PAGES * SPOTS; n++) {
			u64 at = (n / SPOTS) * PAGE_SIZE + spot_offset[n % SPOTS];

			if (at < object_size(o->object) &&
				!cell_allows(&o->bytes[n / SPOTS][n % SPOTS], o->file->disk[at],
					now, now))
				sim_fail(
					"all is written back, and the disk has a wrong byte of file %u at %llx",
					i, (unsigned long long)at);
		}
	}
}

static void quiet(void)
{
	bool was_scarce = scarce;

	sim_fail_allocation(0);
	scarce = false;
	sim_pager_drain();
	sim_check("between rounds");
	for (u32 p = 0; p < PROCESSES; p++) {
		if (!processes[p].space)
			continue;
		aspace_switch(processes[p].space);
		for (u32 slot = 0; slot < SLOTS; slot++)
			for (u32 page = 0; page < SLOT_PAGES; page++)
				read_page(p, slot, page);
		aspace_switch(NULL);
	}
	read_objects();
	if (round_now % 4 == 3)
		compare_disk();
	model_collect();
	scarce = was_scarce;
}

/* --- setting up and ending --- */

static void create_objects(void)
{
	for (u32 i = 0; i < OBJECTS; i++) {
		struct object_model *o = &objects[i];
		u64 size = i == 0 ? 5 * PAGE_SIZE + 100 : OBJECT_PAGES * PAGE_SIZE;

		o->resizable = i == 0 || i == 3;
		if (i < 2) {
			sim_file_create(i, size);
			o->file = &sim_files[i];
			o->object = o->file->object;
		} else if (object_create_anon(size, &o->object)) {
			sim_fail("an anonymous object");
		}
		object_user_get(o->object);
		cell_start(&o->size, size);
		for (u32 n = 0; n < OBJECT_PAGES * SPOTS; n++) {
			u64 at = (n / SPOTS) * PAGE_SIZE + spot_offset[n % SPOTS];

			cell_start(
				&o->bytes[n / SPOTS][n % SPOTS], o->file ? o->file->disk[at] : 0);
		}
	}
}

/* The seed decides what kind of machine it is. */
static void configure(void)
{
	static const u32 chances[] = {3, 8, 20, 60};

	sim_asids = seed % 3 == 2 ? 5 : 12; /* 5: three to hand out, then they are shared */
	sim_init(seed % 5 == 4 ? 640 : 4096, seed * 2654435761u | 1);
	fibers_chance = chances[seed % 4];
	scarce = seed % 5 >= 3;
	crashes = seed % 4 == 3;
	resizing = seed % 3 == 1;
	sim_tear_chance = seed % 7 == 6 ? 40 : 0;
}

int main(int argc, char **argv)
{
	u64 all = 0;
	struct mm_counts before, after;

	seed = argc > 1 ? (u32)strtoul(argv[1], NULL, 0) : 1;
	rounds = argc > 2 ? (u32)atoi(argv[2]) : 20;
	if (argc > 3 && !sim_defect_by_name(argv[3])) {
		printf("no such defect: %s\n", argv[3]);
		return 2;
	}
	sim_on_failure = tell;
	configure();
	create_objects();
	sim_pager_drain();
	mm_counts(&before);
	for (round_now = 0; round_now < rounds; round_now++) {
		working = WORKERS;
		fibers_run(SIM_HARTS, body);
		quiet();
	}
	for (u32 p = 0; p < PROCESSES; p++)
		if (processes[p].space)
			process_exit(p);
	sim_write_back(&sim_files[0]);
	sim_write_back(&sim_files[1]);
	sim_check("at the end");
	mm_counts(&after);
	if (after.spaces != before.spaces || after.regions != before.regions ||
		after.requests != before.requests || after.dirty)
		sim_fail("not all came back: spaces %u, regions %u, requests %u, dirty %u",
			after.spaces, after.regions, after.requests, after.dirty);
	for (u32 i = 0; i < 16; i++)
		all += operations[i];
	printf("seed %u: %llu operations in %u rounds, %llu checks, %u remote fences, %llu uses of a translation while it "
	       "was being shot down: no difference\n",
		seed, (unsigned long long)all, rounds, (unsigned long long)checked,
		sim_remote_fences, (unsigned long long)tlb_stale_uses);
	return 0;
}
