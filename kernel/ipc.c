/* Calls and replies.
 *
 *     client                         port                        server
 *     CALL: message into its         callers [client]            REPLY_RECV: takes the first caller,
 *     thread, QUEUED, waits  ------> or straight to a ---------> TAKEN, its token in a6
 *                                    waiting server
 *     runs on with the reply <------ taken [client] <----------- REPLY(token): REPLYING, then NONE
 *
 * Both sides wait *parked*: their program counter is behind the call already, and whoever brings the
 * message fills their result registers; so a call and its reply cost two entries to the kernel, not
 * four. If the other side waits and nothing more important is ready on this hart, the hart goes over to
 * it directly (sched_switch_to), without a run queue.
 *
 * The port's lock guards call_state and the two lists. Who takes a thread off `callers` or `taken`
 * under it, and has claimed it from signals (sched_claim_call), has the sole right and duty to end
 * that call: the server's reply, the server's death (ipc_process_died), the last receiver's going. A
 * signal or death that wakes the caller first makes the claim fail; the caller then gives the call up
 * itself (ipc_abandon_call). A
 * reply token is looked for on `taken` of the port that the server received from, so a token that is
 * stale, used twice or invented finds nobody: ESRCH.
 *
 * Handles travel in struct thread (call_handles) with a reference each. Installing them takes a handle
 * table's lock, which ranks below the port's: so the receiving side, or the replier on behalf of the
 * caller, does it with no port lock held. For the caller this is state REPLYING: it is claimed, so a
 * signal that comes then waits the few instructions until the reply is complete.
 *
 * A client holds its reference to the port it called last until it calls another or ends
 * (call_port); so ipc_abandon_call never meets a freed port. The same for serve_port.
 */
#include <kernel/port.h>
#include <kernel/process.h>
#include <kernel/stream.h>
#include <kernel/syscall.h>
#include <mm/hart.h>
#include <mm/object.h>
#include <mm/trace.h>

static u32 last_token;

/* Registers of a message, as results: a1 header, a2..a5 words. */
static inline void put_message(struct arch_regs *r, u32 header, const u32 *words)
{
	arch_regs_set(r, 0, 0);
	arch_regs_set(r, 1, header);
	for (int i = 0; i < 4; i++)
		arch_regs_set(r, 2 + i, words[i]);
}

static struct quire_msgbuf *buffer_of(const struct thread *t)
{
	return frame_address(t->msg_frame);
}

/* Copies the payload between two message pages. A receiver without one has none to receive. */
static void copy_payload(struct thread *to, const struct thread *from, u32 header)
{
	u32 bytes = QUIRE_MSG_BYTES(header);

	if (bytes)
		__builtin_memcpy(buffer_of(to)->data, buffer_of(from)->data, bytes);
}

/* --- handles in flight --- */

static void drop_flying(struct handle *flying)
{
	for (u32 i = 0; i < QUIRE_MSG_HANDLES_MAX; i++)
		handle_release(&flying[i]);
}

/* References to the handles that the current thread's buffer names. */
static int collect_handles(struct thread *t, u32 header, struct handle *flying)
{
	int error = 0;

	for (u32 i = 0; i < QUIRE_MSG_HANDLES(header) && !error; i++) {
		error = handle_lookup(
			buffer_of(t)->handles[i], HANDLE_NONE, RIGHT_TRANSFER, &flying[i]);
		flying[i].flags = 0;
	}
	if (error)
		drop_flying(flying);
	return error;
}

static u32 lowest_number_for(const struct handle *h)
{
	if (h->type == HANDLE_STREAM || h->type == HANDLE_PIPE)
		return 0;
	if (h->type == HANDLE_CHANNEL && ((struct channel *)h->object)->badge & QUIRE_BADGE_FILE)
		return 0;
	return QUIRE_HANDLE_BASE;
}

/* Into the receiver's table; a number that could not be given is ~0. */
static void install_flying(struct thread *to, struct handle *flying, u32 header)
{
	for (u32 i = 0; i < QUIRE_MSG_HANDLES(header); i++) {
		int number = handle_install_into(
			&to->process->handles, &flying[i], lowest_number_for(&flying[i]));

		if (number < 0)
			handle_release(&flying[i]);
		flying[i].type = HANDLE_NONE;
		buffer_of(to)->handles[i] = number < 0 ? ~0u : (u32)number;
	}
}

/* Checks a header and gets the page and the handles it speaks of. */
static int prepare_send(struct thread *t, u32 header, struct handle *flying)
{
	pfn_t page;
	int error;

	if (QUIRE_MSG_BYTES(header) > QUIRE_MSG_DATA ||
		QUIRE_MSG_HANDLES(header) > QUIRE_MSG_HANDLES_MAX)
		return -EINVAL;
	if (likely(!(header >> 16)))
		return 0;
	error = thread_message_page(t, &page);
	return error ? error : collect_handles(t, header, flying);
}

/* --- calling --- */

/* Where a call through this handle goes. */
static int call_target(const struct handle *h, struct port **port, u32 *badge)
{
	if (likely(h->type == HANDLE_CHANNEL)) {
		*port = ((struct channel *)h->object)->port;
		*badge = ((struct channel *)h->object)->badge;
		return 0;
	}
	struct memory_object *o = h->type == HANDLE_STREAM ? stream_object(h->object) : NULL;

	if (!o || !o->pager)
		return h->type == HANDLE_STREAM || h->type == HANDLE_PIPE ? -ENOTSUP : -EBADF;
	*port = container_of(o->pager, struct port, pager);
	*badge = o->key;
	return 0;
}

/* Hands the caller's message to a server thread that waits no more. The port's lock is held. */
static void deliver_locked(struct port *p, struct thread *caller, struct thread *server)
{
	struct arch_regs *r = &server->regs;

	caller->call_state = CALL_TAKEN;
	caller->call_server = server->process;
	do
		caller->call_token = __atomic_add_fetch(&last_token, 1, __ATOMIC_RELAXED);
	while (unlikely(!caller->call_token));
	list_push_back(&p->taken, &caller->call_link);
	copy_payload(server, caller, caller->call_header);
	put_message(r, caller->call_header, caller->call_words);
	arch_regs_set(r, 6, caller->call_token);
	arch_regs_set(r, 7, caller->call_badge);
	trace(QUIRE_EV_CALL, QUIRE_MSG_LABEL(caller->call_header), caller->call_badge, server->tid);
}

static void remember_port(struct port **slot, struct port *p)
{
	if (likely(*slot == p))
		return;
	port_get(p);
	if (*slot)
		port_put(*slot);
	*slot = p;
}

s32 sys_call(struct arch_regs *r)
{
	struct thread *t = thread_of(r), *server;
	struct handle flying[QUIRE_MSG_HANDLES_MAX] = {{0}};
	u32 header = arch_regs_arg(r, 1), badge = 0;
	struct port *p = NULL;
	struct handle h;
	pfn_t page;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_NONE, 0, &h);

	if (unlikely(error))
		return error;
	error = call_target(&h, &p, &badge);
	if (!error && h.type == HANDLE_CHANNEL && !(h.rights & RIGHT_SEND))
		error = -EACCES;
	if (!error)
		error = thread_message_page(t, &page); /* for the reply, if not for the call */
	if (!error)
		error = prepare_send(t, header, flying);
	if (!error && wait_was_interrupted()) {
		drop_flying(flying);
		error = -EINTR;
	}
	if (unlikely(error)) {
		handle_release(&h);
		return error;
	}
	remember_port(&t->call_port, p);
	handle_release(&h);
	mm_this_hart()->stats.ipc_calls++;

	t->call_header = header;
	t->call_badge = badge;
	for (int i = 0; i < 4; i++)
		t->call_words[i] = arch_regs_arg(r, 2 + i);
	spin_lock(&p->lock);
	if (unlikely(!p->receivers)) {
		spin_unlock(&p->lock);
		drop_flying(flying);
		return -EPIPE;
	}
	t->parked = true;
	wait_block_call();
	server = wait_take_one(&p->server_waiters);
	if (!server) {
		__builtin_memcpy(t->call_handles, flying, sizeof(flying));
		t->call_state = CALL_QUEUED;
		list_push_back(&p->callers, &t->call_link);
		spin_unlock(&p->lock);
		return -EPARKED;
	}
	thread_get(server);
	deliver_locked(p, t, server);
	spin_unlock(&p->lock);
	if (unlikely(QUIRE_MSG_HANDLES(header)))
		install_flying(server, flying, header);
	thread_call_done(server);
	if (sched_switch_to(server))
		mm_this_hart()->stats.ipc_fast++;
	thread_put(server);
	return -EPARKED;
}

/* --- replying --- */

static struct thread *taken_by_token_locked(struct port *p, u32 token)
{
	list_for_each(t, &p->taken, struct thread, call_link)
		if (t->call_token == token)
			return t;
	return NULL;
}

/* Ends the call that the token names, with the message in r's a1..a5. The caller is returned with a
 * reference, its results set, still waiting: to be woken or switched to. */
static int reply(struct thread *t, struct port *p, u32 token, struct thread **out)
{
	struct arch_regs *r = &t->regs;
	u32 header = arch_regs_arg(r, 1), words[4];
	struct handle flying[QUIRE_MSG_HANDLES_MAX] = {{0}};
	int error = prepare_send(t, header, flying);

	*out = NULL;
	if (error)
		return error;
	for (int i = 0; i < 4; i++)
		words[i] = arch_regs_arg(r, 2 + i);
	spin_lock(&p->lock);
	struct thread *caller = taken_by_token_locked(p, token);

	/* A caller that can't be claimed has been woken by a signal: it is as good as gone. */
	if (unlikely(!caller || caller->call_server != t->process || !sched_claim_call(caller))) {
		spin_unlock(&p->lock);
		drop_flying(flying);
		return -ESRCH;
	}
	list_remove(&caller->call_link);
	thread_get(caller);
	copy_payload(caller, t, header);
	if (unlikely(QUIRE_MSG_HANDLES(header))) {
		caller->call_state = CALL_REPLYING;
		spin_unlock(&p->lock);
		install_flying(caller, flying, header);
		spin_lock(&p->lock);
	}
	put_message(&caller->regs, header, words);
	thread_call_done(caller);
	caller->call_state = CALL_NONE;
	spin_unlock(&p->lock);
	drop_flying(flying);
	trace(QUIRE_EV_REPLY, QUIRE_MSG_LABEL(header), token, caller->tid);
	*out = caller;
	return 0;
}

s32 sys_reply(struct arch_regs *r)
{
	struct thread *t = thread_of(r), *caller;

	if (!t->serve_port)
		return -ESRCH;
	int error = reply(t, t->serve_port, arch_regs_arg(r, 6), &caller);

	if (caller) {
		sched_wake(caller);
		thread_put(caller);
	}
	return error;
}

/* --- receiving --- */

/* A request of mm/'s becomes a message. The page numbers go into the buffer. */
static bool take_request(struct thread *t, struct page_request *req)
{
	bool live = request_delivered(req);

	if (live) {
		u32 words[4] = {(u32)req->first, req->count, req->id, req->flags};
		u32 bytes = 0;

		if (req->label == QUIRE_K_FETCH) {
			bytes = req->count * (u32)sizeof(pfn_t);
			__builtin_memcpy(buffer_of(t)->data, req->frames, bytes);
		} else if (req->label == QUIRE_K_GROW) {
			words[1] = (u32)(req->first >> 32);
			words[3] = req->count;
		}
		put_message(&t->regs, QUIRE_MSG(req->label, bytes, 0), words);
		arch_regs_set(&t->regs, 6, 0);
		arch_regs_set(&t->regs, 7, req->object->key);
	}
	request_put(req);
	return live;
}

/* Takes one thing from the port. The lock is held, and let go. 0: taken; -EAGAIN: nothing there, the
 * lock is still held. */
static int take_locked(struct thread *t, struct port *p)
{
	static const u32 no_words[4];

	if (p->notify_bits) {
		u32 words[4] = {p->notify_bits};

		p->notify_bits = 0;
		spin_unlock(&p->lock);
		put_message(&t->regs, QUIRE_MSG(QUIRE_K_NOTIFY, 0, 0), words);
		arch_regs_set(&t->regs, 6, 0);
		arch_regs_set(&t->regs, 7, 0);
		return 0;
	}
	while (!list_empty(&p->requests)) {
		struct page_request *req =
			list_entry(list_pop_front(&p->requests), struct page_request, port_link);

		/* The object's lock ranks below the port's. */
		spin_unlock(&p->lock);
		if (take_request(t, req))
			return 0;
		spin_lock(&p->lock);
	}
	if (!list_empty(&p->callers)) {
		struct thread *caller =
			list_entry(list_pop_front(&p->callers), struct thread, call_link);
		struct handle flying[QUIRE_MSG_HANDLES_MAX];
		u32 header = caller->call_header;

		__builtin_memcpy(flying, caller->call_handles, sizeof(flying));
		__builtin_memset(caller->call_handles, 0, sizeof(flying));
		deliver_locked(p, caller, t);
		spin_unlock(&p->lock);
		install_flying(t, flying, header);
		return 0;
	}
	if (!list_empty(&p->closed)) {
		struct channel *c =
			list_entry(list_pop_front(&p->closed), struct channel, closed_link);

		spin_unlock(&p->lock);
		put_message(&t->regs, QUIRE_MSG(QUIRE_K_CLOSED, 0, 0), no_words);
		arch_regs_set(&t->regs, 6, 0);
		arch_regs_set(&t->regs, 7, c->badge);
		channel_free(c);
		return 0;
	}
	return -EAGAIN;
}

s32 sys_reply_recv(struct arch_regs *r)
{
	struct thread *t = thread_of(r), *caller = NULL;
	u32 token = arch_regs_arg(r, 6);
	struct handle h;
	pfn_t page;
	int error = handle_lookup(arch_regs_arg(r, 0), HANDLE_PORT, RIGHT_RECV, &h);

	if (unlikely(error))
		return error;
	struct port *p = h.object;

	error = thread_message_page(t, &page);
	if (!error && token) {
		error = reply(t, p, token, &caller);
		if (error == -ESRCH)
			error = 0; /* the caller has gone: not the server's concern here */
		if (!error)
			arch_regs_set(r, 6, 0); /* done, should the receiving half be made again */
	}
	if (unlikely(error)) {
		handle_release(&h);
		return error;
	}
	remember_port(&t->serve_port, p);
	__atomic_store_n(&p->server, t->process, __ATOMIC_RELAXED);
	handle_release(&h); /* serve_port keeps it */
	if (unlikely(p->detached))
		port_attach(p);

	spin_lock(&p->lock);
	error = take_locked(t, p);
	if (error == 0) {
		if (caller) {
			sched_wake(caller);
			thread_put(caller);
		}
		return -ENORESULT;
	}
	if (unlikely(wait_was_interrupted())) {
		spin_unlock(&p->lock);
		error = -EINTR;
	} else {
		wait_block(&p->server_waiters, NULL);
		t->parked = true;
		spin_unlock(&p->lock);
		error = -EPARKED;
	}
	if (caller) {
		if (error == -EPARKED && sched_switch_to(caller))
			mm_this_hart()->stats.ipc_fast++;
		else if (error != -EPARKED)
			sched_wake(caller);
		thread_put(caller);
	}
	return error;
}

/* --- ends before the reply --- */

void ipc_abandon_call(struct thread *t)
{
	struct port *p = t->call_port;

	if (!p)
		return;
	spin_lock(&p->lock);
	/* the thread runs, so nobody has claimed it */
	debug_assert(t->call_state != CALL_REPLYING);
	if (t->call_state != CALL_NONE)
		list_remove(&t->call_link);
	t->call_state = CALL_NONE;
	spin_unlock(&p->lock);
	drop_flying(t->call_handles);
}

void ipc_fail_calls_locked(struct port *p, struct list *calls, int error)
{
	debug_assert(spin_is_locked(&p->lock));
	list_for_each_safe(t, calls, struct thread, call_link) {
		if (!sched_claim_call(t)) { /* a signal's already: it gives the call up itself */
			list_remove(&t->call_link);
			continue;
		}
		t->call_state = CALL_REPLYING; /* until ipc_wake_failed */
		arch_regs_set(&t->regs, 0, (u32)error);
	}
}

void ipc_wake_failed(struct list *calls)
{
	while (!list_empty(calls)) {
		struct thread *t = list_entry(list_pop_front(calls), struct thread, call_link);
		struct port *p = t->call_port;

		thread_get(t);
		drop_flying(t->call_handles);
		spin_lock(&p->lock);
		thread_call_done(t);
		t->call_state = CALL_NONE;
		spin_unlock(&p->lock);
		sched_wake(t);
		thread_put(t);
	}
}

/* The calls on the port that the process has taken and can't answer any more. */
static void fail_taken(struct port *p, const struct process *dead)
{
	struct list orphans;

	list_init(&orphans);
	spin_lock(&p->lock);
	list_for_each_safe(t, &p->taken, struct thread, call_link)
		if (t->call_server == dead) {
			list_remove(&t->call_link);
			list_push_back(&orphans, &t->call_link);
		}
	ipc_fail_calls_locked(p, &orphans, -ECONNRESET);
	spin_unlock(&p->lock);
	ipc_wake_failed(&orphans);
}

void ipc_thread_gone(struct thread *t)
{
	if (t->call_port)
		port_put(t->call_port);
	if (t->serve_port) {
		/* The process may have no handle to the port any more for ipc_process_died to find. */
		if (t->process->state == PROCESS_DYING)
			fail_taken(t->serve_port, t->process);
		port_put(t->serve_port);
	}
	t->call_port = t->serve_port = NULL;
}

void ipc_process_died(struct process *dead)
{
	struct handle h;
	u32 number = 0;

	while (handle_table_each(&dead->handles, &number, HANDLE_PORT, &h)) {
		struct port *p = h.object;
		bool served;

		spin_lock(&p->lock);
		served = p->server == dead;
		if (served)
			p->server = NULL;
		spin_unlock(&p->lock);
		fail_taken(p, dead);
		if (served) {
			pager_died(&p->pager);
			port_detach(p);
		}
		handle_release(&h);
	}
}
