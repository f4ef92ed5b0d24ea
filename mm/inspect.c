/* What the kernel asks of spaces for its own work: pinned pages, pages of a space that does not run
 * yet, futex keys, and the records of pmap. */
#include <mm/fault.h>
#include <mm/reclaim.h>
#include <kernel/trap.h>

int aspace_pin_user(struct aspace *a, vaddr_t va, pfn_t *pfn)
{
	for (;;) {
		int signal, code, error;
		struct frame *pinned = NULL;

		spin_lock(&a->lock);
		struct region *r = region_find_locked(a, va);

		if (r && r->object && r->object->ops->device) { /* no frame to pin */
			spin_unlock(&a->lock);
			return -EFAULT;
		}
		spin_lock(&a->table_lock);
		pte_t *table = arch_table_find(&a->arch, va);
		pte_t e = table ? arch_pte_read(&table[arch_table_index(va)]) : 0;

		if (e && arch_pte_present(e) && arch_pte_writable(e)) {
			pinned = frame_of(arch_pte_pfn(e));
			frame_pin(pinned);
		}
		spin_unlock(&a->table_lock);
		spin_unlock(&a->lock);
		if (pinned) {
			*pfn = frame_number(pinned);
			return 0;
		}
		error = aspace_fault(a, va, ACCESS_WRITE, &signal, &code);
		if (error)
			return error;
	}
}

int aspace_poke(struct aspace *a, vaddr_t va, const void *from, u32 len)
{
	const char *source = from;

	while (len) {
		u32 in_page = va & PAGE_MASK, n = min_of(len, PAGE_SIZE - in_page);
		int signal, code, error = 0;
		pfn_t pfn = PFN_NONE;

		spin_lock(&a->lock);
		spin_lock(&a->table_lock);
		pte_t *table = arch_table_find(&a->arch, va);
		pte_t e = table ? arch_pte_read(&table[arch_table_index(va)]) : 0;

		if (e && frame_is_ram(arch_pte_pfn(e)) &&
			frame_of(arch_pte_pfn(e))->kind == FRAME_PRIVATE) {
			pfn = arch_pte_pfn(e);
			frame_get(frame_of(pfn));
		}
		spin_unlock(&a->table_lock);
		spin_unlock(&a->lock);
		if (!pfn) {
			error = aspace_fault(a, va, ACCESS_WRITE, &signal, &code);
			if (error)
				return error;
			continue;
		}
		__builtin_memcpy((char *)frame_address(pfn) + in_page, source, n);
		frame_put(frame_of(pfn));
		va += n;
		source += n;
		len -= n;
	}
	return 0;
}

int aspace_futex_key(struct aspace *a, vaddr_t va, struct futex_key *key)
{
	int error = 0;

	spin_lock(&a->lock);
	struct region *r = region_find_locked(a, va);

	if (!r) {
		error = -EFAULT;
	} else if (region_is_shared(r)) {
		key->owner = (uintptr_t)r->object;
		key->offset = (r->page_offset << PAGE_SHIFT) + (va - r->start);
		key->shared = true;
	} else {
		key->owner = (uintptr_t)a;
		key->offset = va;
		key->shared = false;
	}
	spin_unlock(&a->lock);
	return error;
}

static u32 private_pages(struct aspace *a, const struct region *r, u32 *resident)
{
	u32 n = 0;

	*resident = 0;
	for (vaddr_t va = r->start; va < r->end; va += PAGE_SIZE) {
		pte_t *table = arch_table_find(&a->arch, va);

		if (!table) {
			va |= ARCH_TABLE_SPAN - 1;
			va -= PAGE_MASK;
			continue;
		}
		pte_t e = arch_pte_read(&table[arch_table_index(va)]);

		if (!e)
			continue;
		(*resident)++;
		n += frame_is_ram(arch_pte_pfn(e)) &&
		     frame_of(arch_pte_pfn(e))->kind == FRAME_PRIVATE;
	}
	return n;
}

bool aspace_info_region(struct aspace *a, vaddr_t from, struct quire_info_region *out)
{
	spin_lock(&a->lock);
	struct region *r = region_at_or_after_locked(a, from);

	if (r) {
		out->start = r->start;
		out->end = r->end;
		out->prot = r->prot;
		out->flags = r->flags & 0x3fffu;
		out->object = r->object ? r->object->id : 0;
		out->key = r->object ? r->object->key : 0;
		out->page_offset = (u32)r->page_offset;
		spin_lock(&a->table_lock);
		out->private_pages = private_pages(a, r, &out->resident);
		spin_unlock(&a->table_lock);
	}
	spin_unlock(&a->lock);
	return r != NULL;
}

bool aspace_info_page(struct aspace *a, vaddr_t from, struct quire_info_page *p)
{
	bool found = false;

	from &= ~PAGE_MASK;
	spin_lock(&a->lock);
	spin_lock(&a->table_lock);
	pte_t *table = arch_table_find(&a->arch, from);
	pte_t e = table ? arch_pte_read(&table[arch_table_index(from)]) : 0;

	p->va = from;
	p->frame = p->prot = p->refs = p->mapcount = p->object = p->index = p->dirty = 0;
	if (region_find_locked(a, from)) {
		found = true;
		if (e) {
			p->frame = arch_pte_pfn(e);
			p->prot = arch_pte_present(e) ? arch_pte_prot(e) : 0;
		}
		if (e && frame_is_ram(p->frame)) {
			struct frame *f = frame_of(p->frame);

			p->refs = f->refs;
			p->mapcount = f->mapcount;
			if (f->kind == FRAME_OBJECT && f->object) {
				p->object = f->object->id;
				p->index = f->index;
				p->dirty = f->state != PAGE_CLEAN;
			}
		}
	}
	spin_unlock(&a->table_lock);
	spin_unlock(&a->lock);
	return found;
}
