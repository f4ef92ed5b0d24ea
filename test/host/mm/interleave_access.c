/* Loads and stores through mappings, read and write, msync, truncation: each made, and held against what the
 * model allows in the time that it took. */
#include "interleave.h"

u64 checked;
bool scarce;

static const char *what(int result)
{
	return result == 0	    ? "done"
	       : result == QSIGSEGV ? "SIGSEGV"
	       : result == QSIGBUS  ? "SIGBUS"
				    : "an error";
}

static void print_views(const struct cell *page, u32 spot, u64 begin, u64 end)
{
	for (u32 i = 0; i < page->count; i++) {
		const struct view *v = (struct view *)(uintptr_t)page->writes[i].value;

		if (!cell_possible(&page->writes[i], begin, end))
			continue;
		log_printf("  possible: %s %s prot %x page %u, from %llu on\n",
			!v->mapped  ? "unmapped"
			: v->shared ? "shared"
				    : "private",
			!v->object	  ? "-"
			: v->object->file ? "file"
					  : "anonymous object",
			v->prot, v->index, (unsigned long long)page->writes[i].begin);
		if (v->mapped)
			cell_print(view_cell(v, spot), begin, end);
		if (v->mapped && !v->shared && v->object)
			log_printf("   copy begun %llu stored %llu sure %llu\n",
				(unsigned long long)v->copy->begun,
				(unsigned long long)v->copy->stored,
				(unsigned long long)v->copy->sure[spot]);
		if (v->mapped && !v->shared && v->object)
			cell_print(&v->object->bytes[v->index][spot], 0, end);
	}
}

/* Is there a view in that time that explains the signal? */
static bool explains_signal(const struct view *v, int signal, u32 prot, u64 begin, u64 end)
{
	bool beyond;

	if (signal == QSIGSEGV)
		return !v->mapped || !(v->prot & prot);
	view_inside(v, begin, end, &beyond);
	return signal == QSIGBUS && v->mapped && beyond;
}

static bool explains_load(const struct view *v, u32 spot, u8 byte, u64 begin, u64 end)
{
	bool beyond;
	u64 low = NEVER, high;

	if (!v->mapped || !(v->prot & QUIRE_PROT_READ) || !view_inside(v, begin, end, &beyond))
		return false;
	if (v->object)
		cell_range(&v->object->size, begin, end, &low, &high);
	/* Bytes behind the end on the last page are nobody's. */
	if (!view_value_known(v) || low <= (u64)v->index * PAGE_SIZE + spot_offset[spot])
		return true;
	return view_allows(v, spot, byte, begin, end);
}

void check_load(u32 process, u32 slot, u32 page, u32 spot)
{
	struct cell *c = &processes[process].slots[slot].pages[page];
	vaddr_t va = slot_address(slot) + page * PAGE_SIZE + spot_offset[spot];
	u64 begin = history_tick();
	u8 byte = 0;
	int result = sim_load(va, &byte);
	u64 end = history_tick();
	const struct view *only = NULL;
	u32 possible = 0;
	bool explained = result < 0 && (result == -EINTR || (result == -ENOMEM && scarce));

	for (u32 i = 0; i < c->count; i++) {
		const struct view *v = (struct view *)(uintptr_t)c->writes[i].value;

		if (!cell_possible(&c->writes[i], begin, end))
			continue;
		possible++;
		only = v;
		explained |= result > 0 ? explains_signal(v, result, QUIRE_PROT_READ, begin, end)
					: !result && explains_load(v, spot, byte, begin, end);
	}
	checked++;
	if (!explained) {
		log_printf("process %u, slot %u, page %u, time %llu to %llu\n", process, slot, page,
			(unsigned long long)begin, (unsigned long long)end);
		print_views(c, spot, begin, end);
		sim_fail("the load of %x: %s (%d), %02x, and the model does not allow that", va,
			what(result), result, byte);
	}
	if (!result && possible == 1 && view_value_known(only) && (only->shared || !only->object))
		cell_seen(view_cell(only, spot), byte, begin, end);
}

void do_store(u32 process)
{
	struct pending *p = &pending[sim_hart];
	u32 slot = sim_random(SLOTS), page = sim_random(SLOT_PAGES), spot = sim_random(SPOTS);
	struct cell *c = &processes[process].slots[slot].pages[page];
	vaddr_t va = slot_address(slot) + page * PAGE_SIZE + spot_offset[spot];

	*p = (struct pending){true, process, slot, page, spot, (u8)sim_random(256), history_tick(),
		0, {{NULL, 0}}};
	for (u32 i = 0; i < c->count; i++)
		if (cell_possible(&c->writes[i], p->begin, p->begin))
			pending_target(p, (struct view *)(uintptr_t)c->writes[i].value);
	int result = sim_store(va, p->byte);
	u64 end = history_tick();
	bool explained = result < 0 && (result == -EINTR || (result == -ENOMEM && scarce)),
	     certain = p->count == 1;

	p->on = false;
	for (u32 i = 0; i < c->count; i++) {
		const struct view *v = (struct view *)(uintptr_t)c->writes[i].value;
		bool beyond;

		if (!cell_possible(&c->writes[i], p->begin, end))
			continue;
		bool writable = v->mapped && v->prot & QUIRE_PROT_WRITE;

		explained |=
			result > 0 ? explains_signal(v, result, QUIRE_PROT_WRITE, p->begin, end)
				   : !result && writable && view_inside(v, p->begin, end, &beyond);
		if (writable && v->object && v->object->resizable) {
			u64 low, high;

			cell_range(&v->object->size, p->begin, end, &low, &high);
			certain &= low > (u64)v->index * PAGE_SIZE + spot_offset[spot];
		}
	}
	for (u32 i = 0; i < p->count; i++)
		if (result)
			cell_write_cancel(p->targets[i].cell, p->targets[i].write);
		else
			cell_write_end(p->targets[i].cell, p->targets[i].write, end, certain);
	checked++;
	if (!explained) {
		log_printf("process %u, slot %u, page %u, time %llu to %llu\n", process, slot, page,
			(unsigned long long)p->begin, (unsigned long long)end);
		print_views(c, spot, p->begin, end);
		sim_fail("the store to %x: %s (%d), and the model does not allow that", va,
			what(result), result);
	}
	for (u32 i = 0; !result && certain && i < c->count; i++) {
		struct view *v = (struct view *)(uintptr_t)c->writes[i].value;

		if (cell_possible(&c->writes[i], p->begin, end) && v->copy &&
			view_cell(v, spot) == p->targets[0].cell) {
			v->copy->stored = min_of(v->copy->stored, end);
			v->copy->sure[spot] = min_of(v->copy->sure[spot], end);
		}
	}
}

/* --- read and write --- */

/* The spots of an object, numbered through. */
#define SPOTS_ALL (OBJECT_PAGES * SPOTS)
static u64 place(u32 n)
{
	return (u64)(n / SPOTS) * PAGE_SIZE + spot_offset[n % SPOTS];
}
static struct cell *byte_at(struct object_model *o, u32 n)
{
	return &o->bytes[n / SPOTS][n % SPOTS];
}

void do_read(u32 process)
{
	struct object_model *o = &objects[sim_random(OBJECTS)];
	u32 from = (u32)place(sim_random(SPOTS_ALL)), len = 1 + sim_random(2 * PAGE_SIZE), done = 0;
	vaddr_t buffer = buffer_address(sim_hart);
	u64 begin = history_tick(), low, high;
	int error;

	(void)process;
	while ((error = object_read(o->object, from, buffer, len, &done)) == -EBLOCKED)
		if (!sim_wait()) {
			error = -EINTR;
			break;
		}
	u64 end = history_tick();

	cell_range(&o->size, begin, end, &low, &high);
	u32 least = low > from ? (u32)min_of((u64)len, low - from) : 0;
	u32 most = high > from ? (u32)min_of((u64)len, high - from) : 0;

	if (error && error != -EINTR && !(scarce && (error == -ENOMEM || error == -EFAULT)))
		sim_fail("read: error %d", error);
	if (done > most || (!error && done < least))
		sim_fail("read of %u at %u moved %u, the model says %u to %u", len, from, done,
			least, most);
	for (u32 n = 0; n < SPOTS_ALL; n++) {
		u64 at = place(n);
		u8 byte;

		if (at < from || at >= from + done)
			continue;
		int result = sim_load(buffer + (u32)(at - from), &byte);

		if (result == -EINTR || (result == -ENOMEM && scarce))
			continue;
		checked++;
		if (result || !cell_allows(byte_at(o, n), byte, begin, end)) {
			log_printf("object %u, time %llu to %llu\n", (u32)(o - objects),
				(unsigned long long)begin, (unsigned long long)end);
			cell_print(byte_at(o, n), begin, end);
			sim_fail("read gave %02x at %llx (%d), and the model does not allow that",
				byte, (unsigned long long)at, result);
		}
		cell_seen(byte_at(o, n), byte, begin, end);
	}
}

/* A write that would have moved the size has ended. It may have stopped early: then it has moved the size to where
 * it stopped, or to its beginning over a gap of zeros on the last page, unless another has moved it farther. */
static void settle_size(struct object_model *o, u32 write, u64 begin, u64 end, u64 from, u32 done)
{
	u64 low, high, reached = done ? from + done : 0;

	cell_write_cancel(&o->size, write);
	cell_range(&o->size, end, end, &low, &high);
	if (max_of(reached, from) > low)
		cell_write_end(&o->size, cell_write_begin(&o->size, max_of(reached, from), begin),
			end, false);
	cell_at_least(&o->size, reached, end);
}

void do_write(u32 process)
{
	struct object_model *o = &objects[sim_random(OBJECTS)];
	u32 from = (u32)place(sim_random(SPOTS_ALL)), len = 1 + sim_random(2 * PAGE_SIZE), done = 0;
	vaddr_t buffer = buffer_address(sim_hart);
	u8 bytes[SPOTS_ALL];
	u32 writes[SPOTS_ALL], size_write = 0;
	u64 offset = from, low, high;
	int error;

	(void)process;
	if (o->sizing)
		return;
	len = min_of(len, OBJECT_PAGES * PAGE_SIZE - from);
	for (u32 n = 0; n < SPOTS_ALL; n++) {
		u64 at = place(n);

		bytes[n] = at < from ? 0 : (u8)(1 + sim_random(255));
		if (at >= from && at < from + len && sim_store(buffer + (u32)(at - from), bytes[n]))
			return;
	}
	if (o->sizing) /* meanwhile */
		return;
	o->writers++;
	u64 begin = history_tick();

	cell_range(&o->size, begin, begin, &low, &high);
	if (!o->resizable && from + len > low) {
		len = low > from ? (u32)(low - from) : 0;
		if (!len) {
			o->writers--;
			return;
		}
	}
	bool extends = from + len > low;
	bool others = low != high; /* who are extending as well: the gap may be theirs by now */

	for (u32 n = 0; n < SPOTS_ALL; n++)
		if (place(n) < from + len && place(n) >= min_of((u64)from, low))
			writes[n] = cell_write_begin(byte_at(o, n), bytes[n], begin);
	if (extends)
		size_write = cell_write_begin(&o->size, from + len, begin);
	do {
		error = object_write(o->object, &offset, false, buffer, len, &done);
		if (error == -EBLOCKED && !sim_wait()) {
			object_write_abandon(o->object, current_waiter());
			error = -EINTR;
		}
	} while (error == -EBLOCKED || error == -EAGAIN_STEP);
	u64 end = history_tick();

	if (error && error != -EINTR &&
		!(scarce && (error == -ENOMEM || error == -EFAULT || error == -ENOSPC)))
		sim_fail("write: error %d", error);
	if (!error && done != len)
		sim_fail("write of %u at %u moved %u", len, from, done);
	for (u32 n = 0; n < SPOTS_ALL; n++)
		if (place(n) < from + len && place(n) >= min_of((u64)from, low))
			cell_write_end(byte_at(o, n), writes[n], end,
				place(n) < from ? !error && !others
						: !error || place(n) < from + done);
	if (extends)
		settle_size(o, size_write, begin, end, from, error ? done : len);
	o->writers--;
}

/* --- durable --- */

void do_sync(void)
{
	struct object_model *o = &objects[sim_random(2)];
	u32 state = 0;
	int error;
	u64 begin = history_tick(), low, high;

	while ((error = object_sync(o->object, 0, 0, 0, &state)) == -EBLOCKED)
		if (!sim_wait())
			return;
	u64 end = history_tick();

	if (error == -ENOMEM && scarce)
		return;
	if (error)
		sim_fail("sync: error %d", error);
	cell_range(&o->size, begin, end, &low, &high);
	for (u32 n = 0; n < SPOTS_ALL; n++) {
		if (place(n) >= low)
			continue;
		checked++;
		if (!cell_allows(byte_at(o, n), o->file->disk[place(n)], begin, end)) {
			log_printf("object %u, time %llu to %llu\n", (u32)(o - objects),
				(unsigned long long)begin, (unsigned long long)end);
			cell_print(byte_at(o, n), begin, end);
			sim_fail(
				"after the sync the disk has %02x at %llx, and the model does not allow that",
				o->file->disk[place(n)], (unsigned long long)place(n));
		}
	}
}

void do_truncate(struct object_model *o)
{
	u64 size = sim_random(2) ? sim_random(OBJECT_PAGES + 1) * PAGE_SIZE
				 : sim_random(OBJECT_PAGES * PAGE_SIZE);
	u64 low, high, begin;
	u32 writes[SPOTS_ALL], size_write;
	int error;

	if (o->sizing || o->writers)
		return;
	o->sizing = true;
	begin = history_tick();
	cell_range(&o->size, begin, begin, &low, &high);
	for (u32 n = 0; n < SPOTS_ALL; n++)
		if (place(n) >= min_of(low, size))
			writes[n] = cell_write_begin(byte_at(o, n), 0, begin);
	size_write = cell_write_begin(&o->size, size, begin);
	if (o->file)
		error = sim_set_size(o->file, size);
	else
		while ((error = object_set_size(o->object, size)) == -EAGAIN_STEP)
			sim_point();
	u64 end = history_tick();

	if (error && !(scarce && error == -ENOMEM))
		sim_fail("set_size: error %d", error);
	for (u32 n = 0; n < SPOTS_ALL; n++)
		if (place(n) >= min_of(low, size)) {
			if (error)
				cell_write_cancel(byte_at(o, n), writes[n]);
			else
				cell_write_end(byte_at(o, n), writes[n], end, true);
		}
	if (error)
		cell_write_cancel(&o->size, size_write);
	else
		cell_write_end(&o->size, size_write, end, true);
	o->sizing = false;
}
