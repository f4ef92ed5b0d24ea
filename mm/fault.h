/* What fault.c and cow.c share. Private to mm/. All with the space's lock held. */
#ifndef MM_FAULT_H
#define MM_FAULT_H

#include <mm/region.h>
#include <mm/shootdown.h>
#include <quire/info.h>

void fault_count(struct aspace *a, enum quire_fault_kind kind, vaddr_t va);
bool entry_permits(pte_t e, enum fault_access access);
int must_check fault_map_object(struct aspace *a, struct region *r, vaddr_t va,
	enum fault_access access, int *signal, int *code);
int must_check fault_private(struct aspace *a, struct region *r, vaddr_t va,
	enum fault_access access, int *signal, int *code);
int must_check object_error(int error, int *signal, int *code);

#endif
