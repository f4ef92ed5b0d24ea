/* The system calls on memory objects: creation, and the pager's side of them. */
#include <kernel/pipe.h>
#include <kernel/port.h>
#include <kernel/process.h>
#include <kernel/stream.h>
#include <kernel/syscall.h>
#include <arch/uaccess.h>
#include <mm/object.h>
#include <mm/reclaim.h>

#define OBJECT_RIGHTS (RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC | RIGHT_DUP | RIGHT_TRANSFER)

static u64 arg64(struct arch_regs *r, int low)
{
	return (u64)arch_regs_arg(r, low + 1) << 32 | arch_regs_arg(r, low);
}

/* A handle for a new object, whose one reference becomes the handle's. */
static s32 install_object(struct memory_object *o, u32 rights)
{
	struct handle h = {.object = o, .type = HANDLE_OBJECT, .rights = (u8)rights};

	handle_get(&h);
	object_put(o);
	int number = handle_install_into(&current_process()->handles, &h, QUIRE_HANDLE_BASE);

	if (number < 0)
		handle_release(&h);
	return number;
}

s32 sys_obj_create(struct arch_regs *r)
{
	struct memory_object *o;
	int error = object_create_anon(arg64(r, 0), &o);

	return error ? error : install_object(o, OBJECT_RIGHTS);
}

s32 sys_obj_create_paged(struct arch_regs *r)
{
	struct memory_object *o;
	struct handle h;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_PORT, RIGHT_RECV, &h);

	if (error)
		return error;
	struct port *p = h.object;

	error = object_create_paged(&p->pager, arch_regs_arg(r, 1), arg64(r, 2), &o);
	handle_release(&h);
	return error ? error : install_object(o, OBJECT_RIGHTS | RIGHT_PAGER);
}

static int need_resource(u32 number)
{
	struct handle h;
	int error = handle_lookup(number, HANDLE_RESOURCE, 0, &h);

	if (!error)
		handle_release(&h);
	return error;
}

s32 sys_obj_create_dma(struct arch_regs *r)
{
	struct memory_object *o;
	u64 phys;
	bool allowed = false;
	u32 number = QUIRE_HANDLE_BASE;
	struct handle h;

	/* Whoever holds the resource, at whatever number. */
	if (handle_table_each(&current_process()->handles, &number, HANDLE_RESOURCE, &h)) {
		handle_release(&h);
		allowed = true;
	}
	if (!allowed)
		return -EACCES;
	int error = arch_copy_to_user(arch_regs_arg(r, 1), &(u64){0}, sizeof(u64));

	if (!error)
		error = object_create_dma(arch_regs_arg(r, 0), &o, &phys);
	if (error)
		return error;
	s32 number_or_error = install_object(o, OBJECT_RIGHTS & ~(u32)RIGHT_EXEC);

	if (number_or_error >= 0) {
		error = arch_copy_to_user(arch_regs_arg(r, 1), &phys, sizeof(phys));
		if (error) {
			(void)!handle_close((u32)number_or_error);
			return error == -EBLOCKED ? -EFAULT : error;
		}
	}
	return number_or_error;
}

s32 sys_obj_create_phys(struct arch_regs *r)
{
	struct memory_object *o;
	int error = need_resource(arch_regs_arg(r, 0));

	if (!error)
		error = object_create_phys(arg64(r, 1), arch_regs_arg(r, 3), &o);
	return error ? error
		     : install_object(o, RIGHT_READ | RIGHT_WRITE | RIGHT_DUP | RIGHT_TRANSFER);
}

/* The object of a pager's handle, with its reference in *h. */
static int pager_object(struct arch_regs *r, struct handle *h, struct memory_object **o)
{
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_OBJECT, RIGHT_PAGER, h);

	*o = h->object;
	return error;
}

s32 sys_obj_set_size(struct arch_regs *r)
{
	struct handle h;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_NONE, 0, &h);
	struct memory_object *o = NULL;

	if (error)
		return error;
	if (h.type == HANDLE_OBJECT)
		o = h.object;
	else if (h.type == HANDLE_STREAM)
		o = stream_object(h.object);
	if (!o)
		error = -EBADF;
	else if (object_kind(o) == QUIRE_OBJ_PAGED ? !(h.rights & RIGHT_PAGER)
						   : !(h.rights & RIGHT_WRITE))
		error = -EACCES;
	else
		error = object_set_size(o, arg64(r, 1));
	handle_release(&h);
	return error;
}

s32 sys_obj_set_capacity(struct arch_regs *r)
{
	struct memory_object *o;
	struct handle h;
	int error = pager_object(r, &h, &o);

	if (error)
		return error;
	error = object_set_capacity(o, arg64(r, 1));
	handle_release(&h);
	return error;
}

s32 sys_obj_info(struct arch_regs *r)
{
	struct quire_obj_info info = {0};
	struct handle h;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_NONE, 0, &h);

	if (error)
		return error;
	switch (h.type) {
	case HANDLE_OBJECT: object_info(h.object, h.rights & RIGHT_PAGER, &info); break;
	case HANDLE_STREAM:
		object_info(stream_object(h.object), false, &info);
		info.flags = ((struct stream *)h.object)->flags;
		break;
	case HANDLE_PIPE:
		info.kind = QUIRE_OBJ_PIPE;
		info.flags = pipe_buffered(h.object);
		break;
	case HANDLE_CHANNEL:
		info.kind = QUIRE_OBJ_STREAM_CHANNEL;
		/* Whoever serves the channel's port may know what it stands for. */
		if (thread_of(r)->serve_port == ((struct channel *)h.object)->port)
			info.key = ((struct channel *)h.object)->badge;
		break;
	case HANDLE_PORT: info.kind = QUIRE_OBJ_PORT; break;
	case HANDLE_IRQ: info.kind = QUIRE_OBJ_IRQ; break;
	case HANDLE_RESOURCE: info.kind = QUIRE_OBJ_RESOURCE; break;
	}
	info.rights = h.rights;
	handle_release(&h);
	return arch_copy_to_user(arch_regs_arg(r, 1), &info, sizeof(info));
}

s32 sys_obj_supply(struct arch_regs *r)
{
	struct thread *t = thread_of(r);
	struct memory_object *o;
	struct handle h;
	pfn_t page;
	int error = pager_object(r, &h, &o);

	if (error)
		return error;
	error = thread_message_page(t, &page);
	if (!error)
		error = object_supply(o, arch_regs_arg(r, 1), (int)arch_regs_arg(r, 2),
			((struct quire_msgbuf *)frame_address(page))->data);
	handle_release(&h);
	return error;
}

s32 sys_obj_complete(struct arch_regs *r)
{
	struct memory_object *o;
	struct handle h;
	int error = pager_object(r, &h, &o);

	if (error)
		return error;
	error = object_complete(o, arch_regs_arg(r, 1), (int)arch_regs_arg(r, 2));
	handle_release(&h);
	return error;
}

s32 sys_obj_query_dirty(struct arch_regs *r)
{
	struct memory_object *o;
	struct handle h;
	u64 first = 0;
	int error = pager_object(r, &h, &o);

	if (error)
		return error;
	u32 run = object_query_dirty(o, arch_regs_arg(r, 1), &first);

	handle_release(&h);
	arch_regs_set(r, 1, (u32)first);
	return (s32)run;
}

s32 sys_obj_wb_begin(struct arch_regs *r)
{
	struct thread *t = thread_of(r);
	pfn_t page, pfns[QUIRE_RUN_MAX];
	struct memory_object *o;
	struct handle h;
	u32 token = 0;
	int result = pager_object(r, &h, &o);

	if (result)
		return result;
	result = thread_message_page(t, &page);
	if (!result)
		result = object_writeback_begin(
			o, arch_regs_arg(r, 1), arch_regs_arg(r, 2), &token, pfns);
	handle_release(&h);
	if (result > 0)
		__builtin_memcpy(((struct quire_msgbuf *)frame_address(page))->data, pfns,
			(u32)result * sizeof(pfn_t));
	if (result >= 0)
		arch_regs_set(r, 1, token);
	return result;
}

s32 sys_obj_wb_end(struct arch_regs *r)
{
	struct memory_object *o;
	struct handle h;
	int error = pager_object(r, &h, &o);

	if (error)
		return error;
	if (arch_regs_arg(r, 1) == QUIRE_WB_ALL)
		object_writeback_end_all(o, (int)arch_regs_arg(r, 2));
	else
		error = object_writeback_end(o, arch_regs_arg(r, 1), (int)arch_regs_arg(r, 2));
	handle_release(&h);
	if (!error)
		reclaim_wake();
	return error;
}

static s32 enumerate(struct arch_regs *r, bool only_dirty)
{
	struct handle h;
	u32 key = 0;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_PORT, RIGHT_RECV, &h);

	if (error)
		return error;
	bool found = object_enumerate(
		&((struct port *)h.object)->pager, arch_regs_arg(r, 1), only_dirty, &key);

	handle_release(&h);
	arch_regs_set(r, 1, key);
	return found;
}

s32 sys_obj_next_dirty(struct arch_regs *r)
{
	return enumerate(r, true);
}
s32 sys_obj_enumerate(struct arch_regs *r)
{
	return enumerate(r, false);
}

s32 sys_obj_evict(struct arch_regs *r)
{
	struct handle h;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_NONE, 0, &h);

	if (error)
		return error;
	struct memory_object *o = h.type == HANDLE_OBJECT   ? h.object
				  : h.type == HANDLE_STREAM ? stream_object(h.object)
							    : NULL;
	s32 result = o ? (s32)object_evict(o, arch_regs_arg(r, 1), arch_regs_arg(r, 2)) : -EBADF;

	handle_release(&h);
	return result;
}

s32 sys_obj_attach(struct arch_regs *r)
{
	struct handle h;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_PORT, RIGHT_RECV, &h);

	if (error)
		return error;
	struct port *p = h.object;
	struct memory_object *o = object_find(&p->pager, arch_regs_arg(r, 1));

	/* Before the first message is received already: what it begins from now on is the pager's. */
	__atomic_store_n(&p->server, current_process(), __ATOMIC_RELAXED);
	handle_release(&h);
	if (!o)
		return -ENOENT;
	error = object_attach(o);
	if (!error)
		return install_object(o, OBJECT_RIGHTS | RIGHT_PAGER);
	object_put(o);
	return error;
}

s32 sys_obj_serve(struct arch_regs *r)
{
	struct handle h, port;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_OBJECT, RIGHT_WRITE, &h);

	if (error)
		return error;
	error = handle_lookup(arch_regs_arg(r, 1), HANDLE_PORT, RIGHT_RECV, &port);
	if (!error) {
		error = object_serve(
			h.object, &((struct port *)port.object)->pager, arch_regs_arg(r, 2));
		handle_release(&port);
	}
	if (!error) {
		object_get(h.object);
		error = install_object(h.object, OBJECT_RIGHTS | RIGHT_PAGER);
	}
	handle_release(&h);
	return error;
}
