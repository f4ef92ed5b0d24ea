/* The trace ring as mm/ and kernel/ write to it. Lock-free: a hart writes its own ring with
 * interrupts off, so an event costs some twenty instructions and can be recorded anywhere, the fault
 * handler included (promise P7). Implemented by kernel/trace.c; the host simulation has its own. */
#ifndef MM_TRACE_H
#define MM_TRACE_H

#include <quire/info.h>
#include <base/types.h>

extern u32 trace_mask; /* bit n: record enum quire_trace_kind n */
void trace_record(enum quire_trace_kind kind, u32 a, u32 b, u32 c);
static inline void trace(enum quire_trace_kind kind, u32 a, u32 b, u32 c)
{
	if (unlikely(trace_mask & 1u << kind))
		trace_record(kind, a, b, c);
}

#endif
