/* Resource limits; what each binds is told at the top of kernel/limit.c. */
#ifndef KERNEL_LIMIT_H
#define KERNEL_LIMIT_H

#include <quire/abi.h>
#include <arch/cpu.h>

struct process;
struct aspace;

/* The soft limit in force, QUIRE_LIMIT_NONE for none. Takes no lock. */
u32 limit_of(const struct process *p, enum quire_limits which);
/* A new process's, before anybody knows it: the parent's, or (NULL) the system's defaults. */
void limits_init(struct process *p, struct process *parent);
/* It is about to run. */
void limits_started(struct process *p);
/* A space that exec has made for the process, or that fork has copied, comes under its limits. */
void limits_apply_space(const struct process *p, struct aspace *a);
/* The process's cpu_timer has fired; and: it is dying. */
void limit_cpu_timer(struct process *p);
void limit_cpu_cancel(struct process *p);

#endif
