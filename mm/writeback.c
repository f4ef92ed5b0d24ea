/* Writeback: a pager takes a run of dirty pages, writes it from the frames themselves, and says how
 * it went. Model B's steps are named in capitals.
 *
 *     WB_BEGIN  DIRTY -> WRITEBACK under a token, frames pinned; then every writable entry is made
 *               read-only through the reverse map and fenced. A store that came before the fence is
 *               in the data, since the disk reads only after WB_BEGIN has returned.
 *     STORE     meanwhile faults, finds WRITEBACK and marks the page DIRTY before it grants the entry:
 *               the page will be written again. write(2) does the same.
 *     WB_END    a page still WRITEBACK becomes CLEAN if the writing succeeded, DIRTY again if not, and
 *               the error is kept for the next sync. A page that is DIRTY stays so. Pins are dropped.
 *
 * A page belongs to at most one token: WB_BEGIN passes over pages that an earlier token still pins,
 * redirtied or not, so two writes of one page never overtake each other on their way to the disk.
 * A token from before the pager's crash finds nothing and changes nothing; its pins stay until attach.
 */
#include <mm/slot.h>
#include <mm/rmap.h>
#include <mm/slab.h>
#include <mm/trace.h>

static struct slab_cache writeback_cache;
static u32 next_token;

void writeback_setup(void)
{
	slab_cache_init(&writeback_cache, "writeback", sizeof(struct writeback));
}

u32 writebacks_live(void)
{
	return __atomic_load_n(&writeback_cache.live, __ATOMIC_RELAXED);
}

static bool in_a_token_locked(struct memory_object *o, u64 index)
{
	list_for_each(w, &o->writebacks, struct writeback, link)
		if (index >= w->first && index - w->first < w->count)
			return true;
	return false;
}

static struct frame *dirty_frame(uintptr_t *word)
{
	struct frame *f = word && slot_tag(*word) == SLOT_FRAME ? slot_frame(*word) : NULL;

	return f && f->state == PAGE_DIRTY ? f : NULL;
}

u32 object_query_dirty(struct memory_object *o, u64 first, u64 *run_first)
{
	u64 index = first;
	u32 run = 0;
	uintptr_t *word;

	spin_lock(&o->lock);
	if (o->dirty) {
		while ((word = radix_next_marked(&o->slots, &index)) && !dirty_frame(word))
			radix_unmark(index++, word);
		*run_first = index;
		for (; run < QUIRE_RUN_MAX && dirty_frame(word); run++)
			word = radix_after(&o->slots, index + run + 1, word);
	}
	spin_unlock(&o->lock);
	return run;
}

int object_writeback_begin(struct memory_object *o, u64 first, u32 count, u32 *token, pfn_t *pfns)
{
	struct writeback *w = slab_alloc(&writeback_cache);

	if (!w)
		return -ENOMEM;
	w->first = first;
	w->count = 0;
	w->by_pager = pager_is_self(o->pager);
	spin_lock(&o->lock);
	while (w->count < min_of(count, (u32)QUIRE_RUN_MAX)) {
		struct frame *f = dirty_frame(radix_find(&o->slots, first + w->count));

		if (!f || in_a_token_locked(o, first + w->count))
			break;
		frame_pin(f);
		f->state = PAGE_WRITEBACK;
		o->dirty--;
		o->writeback++;
		__atomic_fetch_sub(&dirty_total, 1, __ATOMIC_RELAXED);
		pfns[w->count] = frame_number(f);
		w->frames[w->count++] = f;
	}
	if (!w->count) {
		spin_unlock(&o->lock);
		slab_free(&writeback_cache, w);
		return 0;
	}
	do
		w->token = __atomic_add_fetch(&next_token, 1, __ATOMIC_RELAXED);
	while (!w->token);
	*token = w->token;
	object_get(o);
	list_push_back(&o->writebacks, &w->link);
	rmap_apply_locked(o, first, w->count, RMAP_WRITE_PROTECT);
	int begun = (int)w->count;

	trace(QUIRE_EV_WRITEBACK, o->key, (u32)first, w->count);
	spin_unlock(&o->lock);
	return begun;
}

/* Lets go of a token's pages; status as in WB_END. The object's lock is held; `w` is off the list. */
static void release_token_locked(struct memory_object *o, struct writeback *w, int status)
{
	for (u32 i = 0; i < w->count; i++) {
		struct frame *f = w->frames[i];

		/* Truncated meanwhile: the frame is the token's alone and means nothing to the object. */
		if (f->object == o && f->state == PAGE_WRITEBACK) {
			if (status < 0)
				object_mark_dirty_locked(o, f);
			else
				object_mark_clean_locked(o, f);
		}
		frame_unpin(f);
	}
	if (status < 0)
		o->error = status;
}

/* Takes a token, any or this one, off the list and lets go of its pages. False: there is none such. */
static bool end_one(struct memory_object *o, bool any, u32 token, int status)
{
	struct writeback *found = NULL;

	spin_lock(&o->lock);
	list_for_each(w, &o->writebacks, struct writeback, link)
		if (any || w->token == token) {
			found = w;
			break;
		}
	if (found) {
		list_remove(&found->link);
		release_token_locked(o, found, status);
	}
	spin_unlock(&o->lock);
	if (!found)
		return false;
	slab_free(&writeback_cache, found);
	object_put(o);
	return true;
}

int object_writeback_end(struct memory_object *o, u32 token, int status)
{
	return token && end_one(o, false, token, status) ? 0 : -ESRCH;
}

void object_writeback_end_all(struct memory_object *o, int status)
{
	while (end_one(o, true, 0, status))
		;
}

void writeback_release_void(struct memory_object *o)
{
	while (end_one(o, false, 0, 0))
		;
}

/* The pages are dirty at once, and nothing that names the token counts any more (model B's B13). The
 * frames stay pinned, and the pages out of any other token, until a new pager attaches: the dead one's
 * disk requests read them until then (B14). A token that another process began, which has asked the dead
 * server for the transfer, is that process's to end. */
void writeback_void(struct memory_object *o)
{
	spin_lock(&o->lock);
	list_for_each(w, &o->writebacks, struct writeback, link) {
		if (!w->by_pager)
			continue;
		w->token = 0;
		for (u32 i = 0; i < w->count; i++)
			if (w->frames[i]->object == o && w->frames[i]->state == PAGE_WRITEBACK)
				object_mark_dirty_locked(o, w->frames[i]);
	}
	spin_unlock(&o->lock);
}
