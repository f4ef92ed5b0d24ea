/* SYS_INFO and SYS_TRACE: what the kernel tells of itself, for ps, free, pmap, tlbstat, memobj, trace.
 *
 * Each call copies one record; `index` walks a list: records come in ascending order of their key and
 * index is the smallest key wanted, so the walk is `index = record.key + 1` until 0 bytes return.
 * A snapshot of one record is consistent in itself, not with the next one.
 */
#ifndef QUIRE_INFO_H
#define QUIRE_INFO_H

#include <stdint.h>

enum quire_info {
	QUIRE_INFO_MEMORY = 1, /* struct quire_info_memory */
	QUIRE_INFO_PROCESS,    /* index = pid -> struct quire_info_process */
	/* index = address, pid in the record's pid field on entry -> struct quire_info_region */
	QUIRE_INFO_REGION,
	/* index = address, pid in the record's pid field on entry -> struct quire_info_page */
	QUIRE_INFO_PAGE,
	QUIRE_INFO_OBJECT, /* index = object id -> struct quire_info_object */
	QUIRE_INFO_HART,   /* index = hart index -> struct quire_info_hart */
};

struct quire_info_memory {
	uint32_t frames_total, frames_free; /* pages */
	uint32_t frames_table;		    /* page tables */
	uint32_t frames_kernel;		    /* kernel's own: slabs, stacks */
	uint32_t frames_object;		    /* in memory objects */
	uint32_t frames_private;	    /* private anonymous and copied pages */
	uint32_t frames_dirty;
	uint32_t commit_limit, commit_used; /* pages */
	uint32_t objects, spaces, processes, threads, handles, regions, ports, channels;
};

struct quire_info_process {
	int32_t pid, ppid, pgid;
	uint32_t threads;
	uint32_t state;	   /* 'R' running or ready, 'S' waiting, 'Z' zombie, 'T' stopped */
	uint32_t resident; /* pages mapped */
	uint32_t size;	   /* pages of regions */
	uint32_t commit;   /* pages charged */
	uint64_t cpu_ns;
	uint32_t faults, fetches, cow_copies, cow_reuses;
	uint32_t asid;
	uint32_t harts; /* mask: where its address space is active now */
	char name[32];
};

struct quire_info_region {
	int32_t pid;
	uint32_t start, end;  /* bytes */
	uint32_t prot, flags; /* QUIRE_PROT_*, QUIRE_MAP_* */
	uint32_t object;      /* id, or 0 for private anonymous memory */
	uint32_t key;	      /* the pager's */
	uint32_t page_offset;
	uint32_t resident;	/* pages mapped here */
	uint32_t private_pages; /* of those, private copies or anonymous */
};

struct quire_info_page {
	int32_t pid;
	uint32_t va;
	uint32_t frame; /* physical page number; 0: not present */
	uint32_t prot;	/* as the page-table entry stands */
	uint32_t refs, mapcount;
	uint32_t object, index; /* if the frame is an object's; else 0 */
	uint32_t dirty;
};

struct quire_info_object {
	uint32_t id, kind, key, refs;
	uint64_t size;
	uint32_t resident, dirty, writeback, regions, waiting;
};

struct quire_info_hart {
	uint32_t index, hartid;
	uint32_t current_pid;
	uint32_t reserved;
	uint64_t idle_ns;
	uint64_t faults[8]; /* by enum quire_fault_kind */
	uint64_t cow_copies, cow_reuses, zero_fills;
	uint64_t fences_sent;	 /* remote fence calls */
	uint64_t fence_targets;	 /* harts named in them */
	uint64_t fences_avoided; /* shootdowns that had no other hart to disturb */
	uint64_t lazy_flushes;	 /* flushes at switch-in because the space was marked stale */
	uint64_t local_flushes;
	uint64_t switches, ipc_calls, ipc_fast, syscalls, irqs, ipis, steals;
};
enum quire_fault_kind {
	QUIRE_FAULT_SPURIOUS,
	QUIRE_FAULT_ANON,
	QUIRE_FAULT_COW,
	QUIRE_FAULT_FILE_READ,
	QUIRE_FAULT_FILE_WRITE,
	QUIRE_FAULT_FETCH,
	QUIRE_FAULT_SEGV,
	QUIRE_FAULT_BUS,
};

/* Tracing: a ring per hart of fixed-size events, written without locks. */
enum quire_trace_op {
	QUIRE_TRACE_ENABLE = 1, /* arg = mask of (1 << enum quire_trace_kind); 0 stops */
	QUIRE_TRACE_READ,	/* arg = hart index; copies and consumes events -> bytes */
};
enum quire_trace_kind {
	QUIRE_EV_FAULT = 1, /* a = address, b = kind | pid << 8, c = frame */
	QUIRE_EV_FENCE,	    /* a = target mask, b = pages (0: all), c = address */
	QUIRE_EV_CALL,	    /* a = label, b = badge, c = tid of receiver */
	QUIRE_EV_REPLY,	    /* a = label, c = tid */
	QUIRE_EV_SWITCH,    /* a = tid, b = pid */
	QUIRE_EV_SYSCALL,   /* a = number, b = first argument, c = tid */
	QUIRE_EV_FETCH,	    /* a = key, b = first page, c = pages */
	QUIRE_EV_WRITEBACK, /* a = key, b = first page, c = pages */
	QUIRE_EV_IRQ,	    /* a = source */
	/* a = tid that waited or was stopped; a message's direct switch is none */
	QUIRE_EV_WAKE,
};
struct quire_trace_event {
	uint64_t time; /* ns */
	uint16_t kind;
	uint16_t hart;
	uint32_t lost; /* events overwritten before this one */
	uint32_t a, b, c;
	uint32_t tid;
};

#endif
