#!/usr/bin/env python3
"""Seeded defects in mm/: a copy of one source file with something taken out or turned round.

    mutate.py --list               NAME FILE SEED of each, a line each
    mutate.py NAME SOURCES OUTPUT  writes SOURCES/FILE with the defect to OUTPUT

A mutant passes its test if the interleaving test notices it. If the text that it changes is no longer in the
source, the file is written unchanged, so nothing is noticed, and the test of the mutant fails: look at it again.
"""
import sys

MUTANTS = {
    # name: (file, [(from, to)], what goes wrong)
    "no-remark": ("objectio.c", [(
        "\t\tif (f->object == o) {\n\t\t\tobject_mark_dirty_locked(o, f);\n", "\t\tif (f->object == o) {\n")],
        "a write overtaken by a writeback does not mark the page again"),
    "grant-clean": ("fault.c", [(
        "writable && (!o->ops->tracks_dirty || f->state == PAGE_DIRTY)", "writable")],
        "a clean page is mapped writable: stores to it are lost"),
    "no-mark-at-store": ("fault.c", [
        ("store ? WANT_STORE : WANT_READ, ahead", "WANT_READ, ahead"),
        ("if (!region_is_shared(r) || (o->ops->tracks_dirty && f->state != PAGE_DIRTY))",
         "if (!region_is_shared(r) || (!store && o->ops->tracks_dirty && f->state != PAGE_DIRTY))")],
        "the dirty state is lost at the first store"),
    "evict-referenced": ("lru.c", [(
        "\tif (__atomic_load_n(&f->refs, __ATOMIC_ACQUIRE) != 1)\n\t\treturn false;\n", "")],
        "a page is evicted while a write is copying into it"),
    "evict-dirty": ("lru.c", [("f->state != PAGE_CLEAN || f->pins)\n\t\treturn", "f->pins)\n\t\treturn")],
        "a dirty page is evicted"),
    "evict-written": ("lru.c", [
        ("f->state != PAGE_CLEAN || f->pins)\n\t\treturn", "f->state == PAGE_DIRTY)\n\t\treturn"),
        ("__ATOMIC_ACQUIRE) != 1)", "__ATOMIC_ACQUIRE) != 1 + f->pins)")],
        "a page is evicted while the disk reads it: the next fetch may come before the write"),
    "no-write-protect": ("writeback.c", [("\trmap_apply_locked(o, first, w->count, RMAP_WRITE_PROTECT);\n", "")],
        "a store after the writeback began is not noticed"),
    "clean-redirtied": ("writeback.c", [(
        "if (f->object == o && f->state == PAGE_WRITEBACK) {", "if (f->object == o) {")],
        "the end of a writeback makes a page clean that was stored to meanwhile"),
    "died-write-clean": ("writeback.c", [(
        "\t\t\tif (w->frames[i]->object == o && w->frames[i]->state == PAGE_WRITEBACK)\n"
        "\t\t\t\tobject_mark_dirty_locked(o, w->frames[i]);\n", "\t\t\t;\n")],
        "pages under writeback when the pager dies end clean"),
    "announced-late": ("shootdown.c", [
        ("\t__atomic_store_n(&h->current, (uintptr_t)a | HART_SWITCHING, __ATOMIC_RELAXED); /* A1 */\n", "")],
        "a hart just switching in is not fenced"),
    "left-early": ("shootdown.c", [
        ("current == (uintptr_t)a || (current & HART_SWITCHING)", "current == (uintptr_t)a")],
        "a hart just switching out is not fenced while it still translates through the old tables"),
    "not-marked-stale": ("shootdown.c", [("\tif (ran)\n", "\tif (0)\n")],
        "a hart that ran the space before is not marked to flush"),
    "overflow-not-flushed": ("shootdown.c", [("if (fresh || stale || a->asid_shared)", "if (fresh || stale)")],
        "spaces that share an ASID see each other's translations"),
    "cow-no-fence": ("cow.c", [("\tgather_page(&g, va);\n\tgather_fence_locked(&g);\n", "")],
        "copy on write: another hart goes on with the old page"),
    "cow-takes-shared": ("cow.c", [("__ATOMIC_ACQUIRE) == 1;", "__ATOMIC_ACQUIRE) <= 2;")],
        "a page that another process holds is taken over"),
    "cow-no-second-look": ("cow.c", [(
        "\tif (!entry || arch_pte_read(entry) != e) {\n\t\tspin_unlock(&a->table_lock);\n\t\tframe_put(old);",
        "\tif (!entry) {\n\t\tspin_unlock(&a->table_lock);\n\t\tframe_put(old);")],
        "an entry that was evicted while its page was copied is replaced"),
    "fork-no-narrowing": ("fork.c", [("\tif (arch_pte_writable(e)) {", "\tif (0) {")],
        "fork leaves the parent's pages writable"),
    "fork-no-fence": ("fork.c", [(
        "\t\tarch_pte_write(entry, e);\n\t\tgather_page(g, va);", "\t\tarch_pte_write(entry, e);\n\t\t(void)g;")],
        "fork does not fence the parent: another thread stores into the child"),
    "protect-no-fence": ("map.c", [(
        "\t\tif (narrows(old, new))\n\t\t\tgather_page(g, va);\n\t}", "\t\t(void)g, (void)va;\n\t}")],
        "mprotect to read-only without a fence"),
    "freed-before-fence": ("map.c", [(
        "\t\tgather_fence_locked(&g);\n\t\tspin_unlock(&a->table_lock);\n\t\tgather_release(&g);\n\t}\n\t/* The regions",
        "\t\tgather_release(&g);\n\t\tgather_fence_locked(&g);\n\t\tspin_unlock(&a->table_lock);\n\t}\n\t/* The regions")],
        "munmap frees pages before the fence"),
    "table-not-fenced": ("table.c", [("\t\t\tg->whole = true;\n", "")],
        "a page table is freed while harts may still walk through it"),
    "truncate-keeps-copies": ("truncate.c", [("RMAP_UNMAP_COPIES);", "RMAP_UNMAP);")],
        "private copies beyond the end stay"),
    "truncate-forgets-requests": ("truncate.c", [("\t\tdetach_requests_locked(o, pages_of(size));\n", "")],
        "a fetch that was under way at the truncation brings the old bytes back"),
    "grow-no-zeros": ("truncate.c", [("\t\t\tobject_zero_tail_locked(o);\n\t\t\to->size = size;", "\t\t\to->size = size;")],
        "what was stored behind the end shows when the file grows"),
    "supply-overwrites": ("request.c", [("if (!word || *word != slot_of_request(r)) {", "if (!word) {")],
        "a supply after a truncation fills a slot that is another's"),
}

# Seeds that found the rare ones; tried first. Any change of mm/ may change the order of things and need others.
FOUND_BY = {"announced-late": 11, "evict-written": 12, "died-write-clean": 27, "truncate-forgets-requests": 11,
            "supply-overwrites": 4, "grow-no-zeros": 25, "cow-no-second-look": 61, "evict-referenced": 67,
            "freed-before-fence": 73}


def main():
    if sys.argv[1] == "--list":
        for name, (file, _, _) in MUTANTS.items():
            print(name, file, FOUND_BY.get(name, 1))
        return
    name, sources, output = sys.argv[1:]
    file, changes, _ = MUTANTS[name]
    text = original = open(f"{sources}/{file}").read()
    for old, new in changes:
        if text.count(old) != 1:
            print(f"mutant {name}: {file} has its text {text.count(old)} times, not once", file=sys.stderr)
            text = original
            break
        text = text.replace(old, new)
    open(output, "w").write(f'#line 1 "{file} ({name})"\n' + text)


main()
