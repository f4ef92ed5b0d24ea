/* Ports and channels: where messages arrive and the rights to send them.
 *
 * A port outlives the server that receives from it as long as somebody holds a handle with the right to
 * receive: init keeps one for each service, so that a restarted server finds the calls, notifications
 * and page requests that came meanwhile. When the last such handle goes, queued calls fail with EPIPE, and
 * calls that have been taken and not answered with ECONNRESET.
 *
 * A channel is a port and a badge; each handle to it is one reference. The last copy's closing is told
 * to the server if the channel was made to be watched.
 */
#include <kernel/port.h>
#include <kernel/pipe.h>
#include <kernel/process.h>
#include <kernel/syscall.h>
#include <base/log.h>
#include <mm/object.h>
#include <mm/slab.h>

#define WARN_PART 15 /* of the time a dead server's requests wait: 20 s of 300 s */
#define AGAIN_NS  1000000u

static struct slab_cache port_cache, channel_cache;
u32 ports_live, channels_live;

void ports_init(void)
{
	slab_cache_init(&port_cache, "port", sizeof(struct port));
	slab_cache_init(&channel_cache, "channel", sizeof(struct channel));
}

void port_get(struct port *p)
{
	__atomic_fetch_add(&p->refs, 1, __ATOMIC_RELAXED);
}

void port_put(struct port *p)
{
	u32 before = __atomic_fetch_sub(&p->refs, 1, __ATOMIC_ACQ_REL);

	assert(before != 0);
	if (before > 1)
		return;
	assert(list_empty(&p->callers) && list_empty(&p->taken) && list_empty(&p->closed));
	while (!list_empty(&p->requests)) {
		struct page_request *r =
			list_entry(list_pop_front(&p->requests), struct page_request, port_link);

		request_put(r);
	}
	__atomic_fetch_sub(&ports_live, 1, __ATOMIC_RELAXED);
	slab_free(&port_cache, p);
}

void port_handle_get(void *port, u32 rights)
{
	struct port *p = port;

	port_get(p);
	if (rights & RIGHT_RECV)
		__atomic_fetch_add(&p->receivers, 1, __ATOMIC_RELAXED);
}

/* Nobody will ever receive again. */
static void last_receiver_gone(struct port *p)
{
	struct list orphans, owed, closed;

	list_init(&orphans);
	list_init(&owed);
	list_init(&closed);
	timer_arm_port(p, 0);
	timer_arm_detached(p, 0);
	spin_lock(&p->lock);
	list_append_all(&orphans, &p->callers);
	list_append_all(&owed, &p->taken);
	list_append_all(&closed, &p->closed);
	ipc_fail_calls_locked(p, &orphans, -EPIPE);
	ipc_fail_calls_locked(p, &owed, -ECONNRESET);
	spin_unlock(&p->lock);
	ipc_wake_failed(&orphans);
	ipc_wake_failed(&owed);
	while (!list_empty(&closed))
		channel_free(list_entry(list_pop_front(&closed), struct channel, closed_link));
	poll_changed();
}

void port_handle_put(void *port, u32 rights)
{
	struct port *p = port;

	if ((rights & RIGHT_RECV) && __atomic_fetch_sub(&p->receivers, 1, __ATOMIC_ACQ_REL) == 1)
		last_receiver_gone(p);
	port_put(p);
}

/* A parked receiver is sent back to make its call again: it finds what there is. */
void port_wake_server_locked(struct port *p)
{
	struct thread *t = wait_take_one(&p->server_waiters);

	if (!t)
		return;
	t->parked = false;
	t->in_call = true;
	t->call_number = SYS_REPLY_RECV;
	arch_regs_restart(&t->regs);
	sched_wake(t);
}

void port_notify(struct port *p, u32 bits)
{
	spin_lock(&p->lock);
	p->notify_bits |= bits;
	port_wake_server_locked(p);
	spin_unlock(&p->lock);
}

/* --- mm/'s view of a port --- */

static struct port *port_of(struct pager *pager)
{
	return container_of(pager, struct port, pager);
}

void pager_get(struct pager *p)
{
	port_get(port_of(p));
}
void pager_put(struct pager *p)
{
	port_put(port_of(p));
}
void pager_notify(struct pager *p, u32 bits)
{
	port_notify(port_of(p), bits);
}

void pager_post(struct pager *pager, struct page_request *req)
{
	struct port *p = port_of(pager);

	request_get(req);
	spin_lock(&p->lock);
	list_push_back(&p->requests, &req->port_link);
	port_wake_server_locked(p);
	if (unlikely(p->detached == PORT_GIVEN_UP)) /* not now: the object's lock is held */
		timer_arm_detached(p, time_now_ns() + AGAIN_NS);
	spin_unlock(&p->lock);
}

bool pager_is_self(struct pager *pager)
{
	struct process *server = __atomic_load_n(&port_of(pager)->server, __ATOMIC_RELAXED);

	return server && server == current_process();
}

/* --- between a server's death and its successor's first message ---
 *
 * Page requests wait in the port. After a while the log tells so, and a good while later they fail with
 * EIO (SIGBUS for a fault), and so does, at once, what comes after them. A successor ends all that. */

u32 port_detached_ms = 300000;

void port_detach(struct port *p)
{
	spin_lock(&p->lock);
	p->detached = PORT_DETACHED;
	p->detached_ns = time_now_ns();
	timer_arm_detached(p, p->detached_ns + (u64)port_detached_ms * 1000000u / WARN_PART);
	spin_unlock(&p->lock);
}

void port_attach(struct port *p)
{
	spin_lock(&p->lock);
	p->detached = PORT_ATTACHED;
	timer_arm_detached(p, 0);
	spin_unlock(&p->lock);
	poll_changed();
}

static void fail_requests(struct port *p)
{
	for (;;) {
		struct page_request *r = NULL;

		spin_lock(&p->lock);
		if (p->detached == PORT_GIVEN_UP && !list_empty(&p->requests))
			r = list_entry(
				list_pop_front(&p->requests), struct page_request, port_link);
		spin_unlock(&p->lock);
		if (!r)
			return;
		request_abandon(r);
		request_put(r);
	}
}

void port_detached_timer(struct port *p, u64 now)
{
	u64 limit = (u64)port_detached_ms * 1000000u;
	u32 waiting = 0;

	spin_lock(&p->lock);
	list_for_each(r, &p->requests, struct page_request, port_link)
		waiting++;
	if (p->detached == PORT_DETACHED) {
		p->detached = PORT_WARNED;
		timer_arm_detached(p, p->detached_ns + limit);
	} else if (p->detached == PORT_WARNED && now >= p->detached_ns + limit) {
		p->detached = PORT_GIVEN_UP;
	} else if (p->detached != PORT_GIVEN_UP) {
		waiting = 0;
	}
	bool give_up = p->detached == PORT_GIVEN_UP;

	spin_unlock(&p->lock);
	if (waiting)
		log_printf("a pager has been dead for %u s: %u requests %s\n",
			(u32)((now - p->detached_ns) / 1000000u / 1000u), waiting,
			give_up ? "fail" : "wait");
	if (give_up)
		fail_requests(p);
}

/* --- channels --- */

void channel_free(struct channel *c)
{
	spin_lock(&c->port->lock);
	list_remove(&c->watched_link);
	spin_unlock(&c->port->lock);
	port_put(c->port);
	__atomic_fetch_sub(&channels_live, 1, __ATOMIC_RELAXED);
	slab_free(&channel_cache, c);
}

void channel_handle_get(void *channel, u32 rights)
{
	(void)rights;
	__atomic_fetch_add(&((struct channel *)channel)->refs, 1, __ATOMIC_RELAXED);
}

void channel_handle_put(void *channel, u32 rights)
{
	struct channel *c = channel;
	bool told = false;

	(void)rights;
	if (__atomic_fetch_sub(&c->refs, 1, __ATOMIC_ACQ_REL) > 1)
		return;
	if (c->watch) {
		spin_lock(&c->port->lock);
		if (c->port->receivers) {
			list_push_back(&c->port->closed, &c->closed_link);
			port_wake_server_locked(c->port);
			told = true;
		}
		spin_unlock(&c->port->lock);
	}
	if (!told)
		channel_free(c);
}

/* --- system calls --- */

s32 sys_port_create(struct arch_regs *r)
{
	struct port *p = slab_alloc_zeroed(&port_cache);

	(void)r;
	if (!p)
		return -ENOMEM;
	pager_init(&p->pager);
	spin_init(&p->lock, RANK_PORT);
	p->refs = 1;
	p->receivers = 1;
	list_init(&p->callers);
	list_init(&p->requests);
	list_init(&p->taken);
	list_init(&p->closed);
	list_init(&p->watched);
	wait_queue_init(&p->server_waiters);
	timer_init(&p->timer, TIMER_PORT);
	timer_init(&p->detached_timer, TIMER_DETACHED);
	__atomic_fetch_add(&ports_live, 1, __ATOMIC_RELAXED);
	int number =
		handle_install(HANDLE_PORT, p, RIGHT_RECV | RIGHT_SEND | RIGHT_DUP | RIGHT_TRANSFER,
			QUIRE_HANDLE_NOFORK | QUIRE_HANDLE_CLOEXEC, QUIRE_HANDLE_BASE);

	if (number < 0)
		port_handle_put(p, RIGHT_RECV);
	return number;
}

s32 sys_channel_create(struct arch_regs *r)
{
	struct handle h;
	u32 flags = arch_regs_arg(r, 2);

	if (flags & ~(u32)QUIRE_CHANNEL_WATCH)
		return -EINVAL;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_PORT, RIGHT_RECV, &h);

	if (error)
		return error;
	struct channel *c = slab_alloc_zeroed(&channel_cache);

	if (!c) {
		handle_release(&h);
		return -ENOMEM;
	}
	c->refs = 1;
	c->port = h.object;
	port_get(c->port);
	c->badge = arch_regs_arg(r, 1);
	c->watch = flags & QUIRE_CHANNEL_WATCH;
	list_init(&c->closed_link);
	list_init(&c->watched_link);
	if (c->watch) {
		spin_lock(&c->port->lock);
		list_push_back(&c->port->watched, &c->watched_link);
		spin_unlock(&c->port->lock);
	}
	handle_release(&h);
	__atomic_fetch_add(&channels_live, 1, __ATOMIC_RELAXED);
	int number = handle_install(
		HANDLE_CHANNEL, c, RIGHT_SEND | RIGHT_DUP | RIGHT_TRANSFER, 0, QUIRE_HANDLE_BASE);

	if (number < 0) {
		c->watch = false; /* never anyone's: not worth telling */
		channel_handle_put(c, 0);
	}
	return number;
}

s32 sys_channel_enumerate(struct arch_regs *r)
{
	struct handle h;
	u32 index = arch_regs_arg(r, 1), badge = 0;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_PORT, RIGHT_RECV, &h);

	if (error)
		return error;
	struct port *p = h.object;

	spin_lock(&p->lock);
	list_for_each(c, &p->watched, struct channel, watched_link)
		if (index-- == 0) {
			badge = c->badge;
			error = 1;
			break;
		}
	spin_unlock(&p->lock);
	handle_release(&h);
	arch_regs_set(r, 1, badge);
	return error;
}

s32 sys_notify(struct arch_regs *r)
{
	struct handle h;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_NONE, RIGHT_SEND, &h);

	if (error)
		return error;
	if (h.type == HANDLE_CHANNEL)
		port_notify(((struct channel *)h.object)->port, arch_regs_arg(r, 1));
	else if (h.type == HANDLE_PORT)
		port_notify(h.object, arch_regs_arg(r, 1));
	else
		error = -EBADF;
	handle_release(&h);
	return error;
}

s32 sys_timer_set(struct arch_regs *r)
{
	struct handle h;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_PORT, RIGHT_RECV, &h);

	if (error)
		return error;
	struct port *p = h.object;

	spin_lock(&p->lock);
	p->timer_bits = arch_regs_arg(r, 1);
	timer_arm_port(p, (u64)arch_regs_arg(r, 3) << 32 | arch_regs_arg(r, 2));
	spin_unlock(&p->lock);
	handle_release(&h);
	return 0;
}
